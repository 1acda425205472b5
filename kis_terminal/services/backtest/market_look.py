"""What `market` must know of each series before anything else, in one pass over all bars of many.

Importing this brings numba: for workers and commands, never for the window's process.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.services.backtest.compiled import array_at, compiled, pointer
from kis_terminal.services.backtest.market import MAY_BE_LOCKED, MAY_BE_UNTRADED

_VALUE_BYTES = 8
_TOO_LOW, _ONE_PRICE = MAY_BE_UNTRADED, MAY_BE_LOCKED


def look_at(series: Sequence[BarColumns]) -> Sequence[int]:
    """Return the bits `MAY_BE_UNTRADED` and `MAY_BE_LOCKED` of each series; rows must be contiguous."""
    count = len(series)
    found = np.empty(count, dtype=np.int64)
    look_at_all(
        np.array([one.columns.__array_interface__["data"][0] for one in series], dtype=np.int64),
        np.array([one.columns.strides[0] // _VALUE_BYTES for one in series], dtype=np.int64),
        np.array([len(one) for one in series], dtype=np.int64),
        found,
    )
    flags: list[int] = found.tolist()
    return flags


def _look_at_all(
    addresses: NDArray[np.int64], strides: NDArray[np.int64], sizes: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
    """Write the bits of each series to `out`."""
    for place in range(len(sizes)):
        size, row = sizes[place], strides[place] * 8
        begin = addresses[place]
        opened, high = array_at(pointer(begin), size), array_at(pointer(begin + row), size)
        low, close = array_at(pointer(begin + 2 * row), size), array_at(pointer(begin + 3 * row), size)
        volume = array_at(pointer(begin + 4 * row), size)
        bad, flat = 0, 0
        for bar in range(size):
            one, two, three, four = opened[bar], high[bar], low[bar], close[bar]
            # Written so that a NaN is bad, too.
            good = (one > 0.0) & (two > 0.0) & (three > 0.0) & (four > 0.0) & (volume[bar] > 0.0)
            bad += not good
            flat += (two == three) & (one == four) & (two == four)
        out[place] = (_TOO_LOW if bad else 0) | (_ONE_PRICE if flat else 0)


look_at_all = compiled(_look_at_all, is_entry=True)
