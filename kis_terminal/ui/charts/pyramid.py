"""Bars joined by powers of two, so that a frame costs the same at a thousand and at a million bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bars import CLOSE, HIGH, LOW, OPEN, VOLUME

Column = NDArray[np.float64]

LEAST_FACTOR = 16
"""Joins of fewer bars are made from the bars themselves when they are drawn: at most some ten thousand."""
_TOP = 256
_FIELDS = (OPEN, HIGH, LOW, CLOSE, VOLUME)


@dataclass(frozen=True, slots=True)
class Slice:
    """Buckets `begin` to `end` of `factor` bars each; columns `(end - begin,)`."""

    factor: int
    begin: int
    end: int
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column


def _join(columns: tuple[Column, ...], factor: int) -> tuple[Column, ...]:
    """Join each `factor` neighbours, the rest at the end too; a bucket's volume is the sum."""
    opens, highs, lows, closes, volumes = columns
    count = len(opens)
    first = np.arange(0, count, factor)
    last = np.minimum(first + factor, count) - 1
    return (
        opens[first],
        np.maximum.reduceat(highs, first),
        np.minimum.reduceat(lows, first),
        closes[last],
        np.add.reduceat(volumes, first),
    )


def _halve(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Join pairs; much faster than `_join` on long columns."""
    opens, highs, lows, closes, volumes = columns
    even = len(opens) // 2 * 2
    joined = (
        opens[::2],
        np.maximum(highs[:even:2], highs[1:even:2]),
        np.minimum(lows[:even:2], lows[1:even:2]),
        closes[1::2],
        volumes[:even:2] + volumes[1:even:2],
    )
    if even == len(opens):
        return joined
    rest = (highs[-1:], lows[-1:], closes[-1:], volumes[-1:])
    ends = (np.concatenate((column, tail)) for column, tail in zip(joined[1:], rest, strict=True))
    return (joined[0], *ends)


class _Level:
    """Growing columns of one factor."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.size = len(columns[0])
        self._store = np.empty((len(_FIELDS), self.size + self.size // 4 + 64))
        self.write(0, columns)

    def write(self, begin: int, columns: tuple[Column, ...]) -> None:
        """Replace everything from `begin` on."""
        self.size = begin + len(columns[0])
        if self.size > self._store.shape[1]:
            grown = np.empty((len(_FIELDS), self.size + self.size // 2))
            grown[:, :begin] = self._store[:, :begin]
            self._store = grown
        for row, column in zip(self._store, columns, strict=True):
            row[begin : self.size] = column

    def columns(self, begin: int, end: int) -> tuple[Column, ...]:
        return tuple(row[begin:end] for row in self._store)


class Pyramid:
    """Hold the joins of 16, 32, 64 … bars; `values` itself stays with its owner and is passed in."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []

    def rebuild(self, values: NDArray[np.float64]) -> None:
        """Join everything anew; `values` is `(n, 5)`."""
        self._levels.clear()
        if len(values) < _TOP:
            return
        columns: tuple[Column, ...] = tuple(values[:, field] for field in _FIELDS)
        factor = 1
        while len(columns[0]) > _TOP or factor < LEAST_FACTOR:
            columns = _halve(columns)
            factor *= 2
            if factor >= LEAST_FACTOR:
                self._levels.append(_Level(columns))

    def refresh(self, values: NDArray[np.float64], begin: int) -> None:
        """Join anew from bar `begin` to the end."""
        if not self._levels:
            self.rebuild(values)
            return
        bucket = begin // LEAST_FACTOR
        tail = values[bucket * LEAST_FACTOR :]
        self._levels[0].write(bucket, _join(tuple(tail[:, field] for field in _FIELDS), LEAST_FACTOR))
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            bucket //= 2
            level.write(bucket, _join(below.columns(bucket * 2, below.size), 2))

    def slice(self, values: NDArray[np.float64], first: int, last: int, factor: int) -> Slice:
        """Return the buckets of `factor` bars (a power of two) that hold bars `first` to `last`."""
        count = len(values)
        begin, end = first // factor, -(-last // factor)
        if factor == 1 or factor < LEAST_FACTOR or not self._levels:
            rows = values[begin * factor : min(count, end * factor)]
            columns: tuple[Column, ...] = tuple(rows[:, field] for field in _FIELDS)
            if factor > 1 and len(rows):
                columns = _join(columns, factor)
            return Slice(factor, begin, begin + len(columns[0]), *columns)
        place = min((factor // LEAST_FACTOR).bit_length() - 1, len(self._levels) - 1)
        level = self._levels[place]
        share = factor // (LEAST_FACTOR << place)
        columns = level.columns(begin * share, min(level.size, end * share))
        if share > 1 and len(columns[0]):
            columns = _join(columns, share)
        return Slice(factor, begin, begin + len(columns[0]), *columns)


def factor_for(step: float) -> int:
    """Return how many bars (a power of two) share one bucket so that it is at least a pixel wide."""
    factor = 1
    while step * factor < 1.0:
        factor *= 2
    return factor
