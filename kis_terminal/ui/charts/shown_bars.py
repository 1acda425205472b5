"""The bars as the chart draws them: as they are, as a closing line, or averaged (Heikin-Ashi)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bars import FIELDS, BarSeries
from kis_terminal.domain.indicators import HEIKIN_ASHI_MEMORY, heikin_ashi
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.pyramid import Pyramid, Slice


class ShownBars:
    """Follow a series and keep the pyramid of what is drawn.

    `structure` counts changes after which nothing drawn before is of use.
    """

    def __init__(self) -> None:
        self.series: BarSeries | None = None
        self.kind = ChartKind.CANDLES
        self.structure = 0
        self._pyramid = Pyramid()
        self._count = 0
        self._seen_revision = -1
        self._seen_structure = -1
        self._averaged = np.empty((0, FIELDS))

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[np.float64]:
        """Return `(n, 5)` of what is drawn."""
        if self.series is None:
            return self._averaged[:0]
        if self.kind is ChartKind.HEIKIN_ASHI:
            return self._averaged[: self._count]
        return self.series.values[: self._count]

    def show(self, series: BarSeries | None, kind: ChartKind) -> None:
        """Draw another series or in another way."""
        self.series, self.kind = series, kind
        self._seen_structure = -1
        self._seen_revision = -1
        self._count = 0
        self.sync()

    def sync(self) -> int | None:
        """Carry changes of the series in; return the first changed bar, None when nothing changed."""
        series = self.series
        if series is None or series.revision == self._seen_revision:
            return None
        self._seen_revision = series.revision
        if series.structure != self._seen_structure or len(series) < self._count:
            self._seen_structure = series.structure
            self.structure += 1
            self._count = len(series)
            if self.kind is ChartKind.HEIKIN_ASHI:
                self._averaged = np.empty((self._count + self._count // 4 + 64, FIELDS))
                self._averaged[: self._count] = heikin_ashi(series.values)
            self._pyramid.rebuild(self.values)
            return 0
        begin = max(0, self._count - 1)
        self._count = len(series)
        if self.kind is ChartKind.HEIKIN_ASHI:
            self._average_from(series, begin)
        self._pyramid.refresh(self.values, begin)
        return begin

    def _average_from(self, series: BarSeries, begin: int) -> None:
        if self._count > len(self._averaged):
            grown = np.empty((self._count + self._count // 4, FIELDS))
            grown[:begin] = self._averaged[:begin]
            self._averaged = grown
        before = max(0, begin - HEIKIN_ASHI_MEMORY)
        tail = heikin_ashi(series.values[before:])
        self._averaged[begin : self._count] = tail[begin - before :]

    def slice(self, first: int, last: int, factor: int) -> Slice:
        """Return the buckets of bars `first` to `last` for drawing."""
        return self._pyramid.slice(self.values, first, last, factor)
