"""Simple averages of very many series at once, to the last bit those of TA-Lib; a test says so.

TA-Lib takes one series a call, and most of a call is not spent on averaging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import array_at, compiled, pointer

_ABREAST = 4


def _average_one(
    values: NDArray[np.float64],
    result: NDArray[np.float64],
    begin: int,
    total: float,
    period: int,
) -> None:
    """Write averages from bar `begin` on, `total` being the sum of the `period - 1` bars before it."""
    for bar in range(begin, len(values)):
        total += values[bar]
        result[bar] = total / period
        total -= values[bar - period + 1]


def _average_all(
    addresses: NDArray[np.int64],
    sizes: NDArray[np.int64],
    begins: NDArray[np.int64],
    period: int,
    out: NDArray[np.float64],
) -> None:
    """Write the averages of `period` values of each series at `begins` in `out`, NaN before the first.

    Each sum waits for the one before it, so four series are summed abreast: the processor has work meanwhile.
    """
    count = len(sizes)
    totals = np.zeros(count)
    for place in range(count):
        values = array_at(pointer(addresses[place]), sizes[place])
        result = out[begins[place] : begins[place + 1]]
        for bar in range(min(period - 1, sizes[place])):
            result[bar] = np.nan
            totals[place] += values[bar]
    grouped = count - count % _ABREAST
    for place in range(0, grouped, _ABREAST):
        shortest = sizes[place : place + _ABREAST].min()
        v0 = array_at(pointer(addresses[place]), shortest)
        v1 = array_at(pointer(addresses[place + 1]), shortest)
        v2 = array_at(pointer(addresses[place + 2]), shortest)
        v3 = array_at(pointer(addresses[place + 3]), shortest)
        r0, r1 = out[begins[place] : begins[place + 1]], out[begins[place + 1] : begins[place + 2]]
        r2, r3 = out[begins[place + 2] : begins[place + 3]], out[begins[place + 3] : begins[place + 4]]
        t0, t1, t2, t3 = totals[place], totals[place + 1], totals[place + 2], totals[place + 3]
        for bar in range(period - 1, shortest):
            t0 += v0[bar]
            t1 += v1[bar]
            t2 += v2[bar]
            t3 += v3[bar]
            r0[bar] = t0 / period
            r1[bar] = t1 / period
            r2[bar] = t2 / period
            r3[bar] = t3 / period
            oldest = bar - period + 1
            t0 -= v0[oldest]
            t1 -= v1[oldest]
            t2 -= v2[oldest]
            t3 -= v3[oldest]
        totals[place], totals[place + 1], totals[place + 2], totals[place + 3] = t0, t1, t2, t3
    for place in range(count):
        done = (
            sizes[place - place % _ABREAST : place - place % _ABREAST + _ABREAST].min()
            if place < grouped
            else 0
        )
        values = array_at(pointer(addresses[place]), sizes[place])
        result = out[begins[place] : begins[place + 1]]
        _average_one(values, result, max(done, period - 1), totals[place], period)


average_all = compiled(_average_all, compiled(_average_one), is_entry=True)
