"""Simple averages of very many series at once, to the last bit those of TA-Lib; a test says so.

TA-Lib takes one series a call, and most of a call is not spent on averaging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import array_at, compiled, pointer

ABREAST = 4
"""Each sum waits for the one before it; with as many series abreast the processor has work meanwhile."""


def _sum_on(
    values: NDArray[np.float64],
    result: NDArray[np.float64],
    begin: int,
    total: float,
    period: int,
) -> None:
    """Write sums from bar `begin` on, `total` being the sum of the `period - 1` bars before it."""
    for bar in range(begin, len(values)):
        total += values[bar]
        result[bar] = total
        total -= values[bar - period + 1]


def _average_some(
    addresses: NDArray[np.int64], sizes: NDArray[np.int64], period: int, results: NDArray[np.int64]
) -> None:
    """Write the averages of `period` values of at most `ABREAST` series to `results`, NaN before the first.

    Both are addresses. What was one series' sum is the quotient afterwards: quotients alone become vectors.
    """
    count = len(sizes)
    totals = np.zeros(ABREAST)
    for place in range(count):
        values = array_at(pointer(addresses[place]), sizes[place])
        result = array_at(pointer(results[place]), sizes[place])
        for bar in range(min(period - 1, sizes[place])):
            result[bar] = np.nan
            totals[place] += values[bar]
    done = period - 1
    if count == ABREAST:
        shortest = sizes.min()
        v0, r0 = array_at(pointer(addresses[0]), shortest), array_at(pointer(results[0]), shortest)
        v1, r1 = array_at(pointer(addresses[1]), shortest), array_at(pointer(results[1]), shortest)
        v2, r2 = array_at(pointer(addresses[2]), shortest), array_at(pointer(results[2]), shortest)
        v3, r3 = array_at(pointer(addresses[3]), shortest), array_at(pointer(results[3]), shortest)
        t0, t1, t2, t3 = totals[0], totals[1], totals[2], totals[3]
        for bar in range(period - 1, shortest):
            t0 += v0[bar]
            t1 += v1[bar]
            t2 += v2[bar]
            t3 += v3[bar]
            r0[bar] = t0
            r1[bar] = t1
            r2[bar] = t2
            r3[bar] = t3
            oldest = bar - period + 1
            t0 -= v0[oldest]
            t1 -= v1[oldest]
            t2 -= v2[oldest]
            t3 -= v3[oldest]
        totals[0], totals[1], totals[2], totals[3] = t0, t1, t2, t3
        done = max(done, shortest)
    for place in range(count):
        values = array_at(pointer(addresses[place]), sizes[place])
        result = array_at(pointer(results[place]), sizes[place])
        sum_on(values, result, done, totals[place], period)
        averages = result[period - 1 :]
        for bar in range(len(averages)):
            averages[bar] /= period


def _average_all(
    addresses: NDArray[np.int64], sizes: NDArray[np.int64], period: int, results: NDArray[np.int64]
) -> None:
    """Write the averages of `period` values of each series to `results`; both are addresses."""
    for place in range(0, len(sizes), ABREAST):
        end = min(place + ABREAST, len(sizes))
        average_some(addresses[place:end], sizes[place:end], period, results[place:end])


sum_on = compiled(_sum_on)
average_some = compiled(_average_some, sum_on)
average_all = compiled(_average_all, average_some, is_entry=True)
