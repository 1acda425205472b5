"""The indicators a chart offers, and their values over the visible stretch only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain import indicators
from kis_terminal.domain.bars import CLOSE

Column = NDArray[np.float64]
Compute = Callable[[NDArray[np.float64]], tuple[Column, ...]]


@dataclass(frozen=True, slots=True)
class Study:
    """One indicator: its lines from `(n, 5)` bars, and where they are drawn.

    `memory` is how many earlier bars decide a value; bars before that make no difference that shows.
    """

    key: str
    title: str
    """Korean; passed through `tr` where it is shown."""
    legend: str
    labels: tuple[str, ...]
    colours: tuple[int, ...]
    """Place of each line's colour in `Theme.study`."""
    compute: Compute
    memory: int
    has_pane: bool = False
    guides: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None
    """Fixed scale of a pane."""
    histogram: int | None = None
    """Which line is drawn as columns from zero."""


_PERIODS = (5, 20, 60, 120)
_EXPONENTIAL = (12, 26)
_BOLLINGER = 20
_RSI = 14


def _moving_averages(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return tuple(indicators.sma(bars[:, CLOSE], period) for period in _PERIODS)


def _exponential(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return tuple(indicators.ema(bars[:, CLOSE], period) for period in _EXPONENTIAL)


def _bollinger(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return indicators.bollinger(bars[:, CLOSE], _BOLLINGER)


def _rsi(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return (indicators.rsi(bars[:, CLOSE], _RSI),)


def _macd(bars: NDArray[np.float64]) -> tuple[Column, ...]:
    return indicators.macd(bars[:, CLOSE])


STUDIES: tuple[Study, ...] = (
    Study("ma", "이동평균", "MA", tuple(map(str, _PERIODS)), (0, 1, 2, 3), _moving_averages, max(_PERIODS)),
    Study(
        "ema",
        "지수이동평균",
        "EMA",
        tuple(map(str, _EXPONENTIAL)),
        (4, 5),
        _exponential,
        indicators.ema_memory(_EXPONENTIAL[1]),
    ),
    Study("bollinger", "볼린저밴드", "BB", ("하단", "20", "상단"), (4, 5, 4), _bollinger, _BOLLINGER),
    Study(
        "rsi",
        "RSI",
        "RSI",
        ("14",),
        (1,),
        _rsi,
        indicators.wilder_memory(_RSI),
        has_pane=True,
        guides=(30.0, 50.0, 70.0),
        bounds=(0.0, 100.0),
    ),
    Study(
        "macd",
        "MACD",
        "MACD",
        ("12·26", "9", "차"),
        (0, 4, 1),
        _macd,
        indicators.ema_memory(26) + indicators.ema_memory(9),
        has_pane=True,
        guides=(0.0,),
        histogram=2,
    ),
)
STUDY_BY_KEY = {study.key: study for study in STUDIES}

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
        before = max(0, begin - self.study.memory)
        tail = self.study.compute(bars[before:end])
        size = held + end - begin
        if size > self._store.shape[1]:
            grown = np.empty((len(tail), size + size // 4 + 64))
            grown[:, :held] = self._store[:, :held]
            self._store = grown
        for row, column in zip(self._store, tail, strict=True):
            row[held:size] = column[begin - before :]
        self._end = end
