"""The indicators a chart offers, and their values over the visible stretch only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain import indicators
from kis_terminal.domain.bars import CLOSE
from kis_terminal.ui.charts.study_list import EXPONENTIAL, MOVING_AVERAGES, Study

Column = NDArray[np.float64]
Compute = Callable[[NDArray[np.float64]], tuple[Column, ...]]


_BOLLINGER = 20
_RSI = 14


def _moving_averages(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return tuple(indicators.sma(bars[:, CLOSE], period) for period in MOVING_AVERAGES)


def _exponential(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return tuple(indicators.ema(bars[:, CLOSE], period) for period in EXPONENTIAL)


def _bollinger(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return indicators.bollinger(bars[:, CLOSE], _BOLLINGER)


def _rsi(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return (indicators.rsi(bars[:, CLOSE], _RSI),)


def _macd(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return indicators.macd(bars[:, CLOSE])


RULES: dict[str, tuple[Compute, int]] = {
    "ma": (_moving_averages, max(MOVING_AVERAGES)),
    "ema": (_exponential, indicators.ema_memory(EXPONENTIAL[1])),
    "bollinger": (_bollinger, _BOLLINGER),
    "rsi": (_rsi, indicators.wilder_memory(_RSI)),
    "macd": (_macd, indicators.ema_memory(26) + indicators.ema_memory(9)),
}
"""How a study's lines come from `(n, 5)` bars, and how many earlier bars decide a value."""

_LEAST_PADDING = 512


class StudyValues:
    """Values of one study for the stretch that was last asked for, with some room on both sides.

    A pan within the room and a change of the last bar cost next to nothing whatever the number of bars.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self._begin = 0
        self._end = 0
        self._store = np.empty((len(study.labels), 0))

    def forget(self, begin: int) -> None:
        """Take values from bar `begin` on as outdated."""
        self._end = max(self._begin, min(self._end, begin))

    def lines(self, bars: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
        """Return `(lines, last - first)` for bars `first` to `last`; NaN where history is too short."""
        if not self._begin <= first or last > self._end:
            self._compute(bars, first, last)
        return self._store[:, first - self._begin : last - self._begin]

    def _compute(self, bars: NDArray[np.float64], first: int, last: int) -> None:
        held = self._end - self._begin
        if self._begin <= first < self._end and last - self._end < _LEAST_PADDING:
            begin, end = self._end, last
        else:
            padding = max(_LEAST_PADDING, last - first)
            self._begin = begin = max(0, first - padding)
            end = min(len(bars), last + padding)
            held = 0
        compute, memory = RULES[self.study.key]
        before = max(0, begin - memory)
        tail = compute(bars[before:end])
        size = held + end - begin
        if size > self._store.shape[1]:
            grown = np.empty((len(tail), size + size // 4 + 64))
            grown[:, :held] = self._store[:, :held]
            self._store = grown
        for row, column in zip(self._store, tail, strict=True):
            row[held:size] = column[begin - before :]
        self._end = end


class GivenValues(StudyValues):
    """Lines that are known for every bar, as a backtest has them; `(lines, n)`."""

    def __init__(self, study: Study, lines: NDArray[np.float64]) -> None:
        super().__init__(study)
        self._given = lines

    def forget(self, begin: int) -> None:
        """Keep them: they do not follow the bars."""

    def lines(self, bars: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
        """Return `(lines, last - first)` for bars `first` to `last`."""
        return self._given[:, first:last]
