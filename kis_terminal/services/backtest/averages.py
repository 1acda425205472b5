"""Simple averages of very many series at once, to the last bit those of TA-Lib; a test says so.

TA-Lib takes one series a call, and most of a call is not spent on averaging.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.services.backtest.compiled import array_at, compiled, pointer


def _average_all(
    addresses: NDArray[np.int64],
    sizes: NDArray[np.int64],
    begins: NDArray[np.int64],
    period: int,
    out: NDArray[np.float64],
) -> None:
    """Write the averages of `period` values of each series at `begins` in `out`, NaN before the first."""
    for place in range(len(sizes)):
        size = sizes[place]
        values = array_at(pointer(addresses[place]), size)
        result = out[begins[place] : begins[place] + size]
        known = min(period - 1, size)
        total = 0.0
        for bar in range(known):
            result[bar] = np.nan
            total += values[bar]
        for bar in range(known, size):
            total += values[bar]
            result[bar] = total / period
            total -= values[bar - period + 1]


average_all = compiled(_average_all)
