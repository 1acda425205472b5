"""Putting bars of one series together and making longer ones of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.bars import FIELDS, resample


def no_bars(key: SeriesKey) -> BarColumns:
    """Return an empty series."""
    return BarColumns(key, np.empty(0, dtype=np.int64), np.empty((FIELDS, 0), dtype=np.float64))


def merged(key: SeriesKey, parts: Sequence[BarColumns]) -> BarColumns:
    """Return all bars in order; of two at one time the later part's."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return no_bars(key)
    if len(filled) == 1:
        return filled[0]
    times = np.concatenate([part.times for part in filled])
    columns = np.concatenate([part.columns for part in filled], axis=1)
    order = np.argsort(times, kind="stable")
    times = times[order]
    is_last = np.concatenate((times[1:] != times[:-1], [True]))
    chosen = order[is_last]
    return BarColumns(key, times[is_last], np.ascontiguousarray(columns[:, chosen]))


def longer(key: SeriesKey, bars: BarColumns) -> BarColumns:
    """Return bars of `key`'s interval made of shorter ones."""
    times, values = resample(bars.times, bars.columns.T, key.interval)
    return BarColumns(key, times, np.ascontiguousarray(values.T))
