"""Where the labels of the time axis go, by bar position, and the axis itself.

Times are wall seconds of Asia/Seoul (see `domain.bars`). Which distance of labels is used depends on the zoom
and the interval alone, so labels do not jump while one pans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen

from kis_terminal.domain.market import Interval
from kis_terminal.ui.charts.frame import Frame
from kis_terminal.ui.charts.price_axis import LabelCache
from kis_terminal.ui.theme import Theme

_DAY = 86_400
_MINUTE_STEPS = (1, 5, 10, 30, 60, 120)
_MONTH_STEPS = (1, 3, 6, 12, 24, 60, 120, 240)
_DAY_STEPS = (1, 2, 5)
_SESSION_MINUTES = 390
_DAYS_A_MONTH = 21
_TIMES_KEPT = 4000


@dataclass(frozen=True, slots=True)
class Grain:
    """A distance of labels: so many minutes, days or months."""

    unit: str
    step: int
    bars: float
    """How many bars it usually spans."""


@lru_cache(maxsize=16)
def grains(interval: Interval) -> tuple[Grain, ...]:
    """Return the distances that make sense for an interval, finest first."""
    minutes = interval.minutes
    found = []
    if minutes is not None:
        a_day = _SESSION_MINUTES / minutes
        found += [Grain("minute", step, step / minutes) for step in _MINUTE_STEPS if step % minutes == 0]
    else:
        per_bar = {Interval.DAY: 1, Interval.WEEK: 5, Interval.MONTH: _DAYS_A_MONTH, Interval.YEAR: 250}
        a_day = 1 / per_bar[interval]
    if a_day >= 1:
        found += [Grain("day", step, step * a_day) for step in _DAY_STEPS]
    found += [Grain("month", step, step * a_day * _DAYS_A_MONTH) for step in _MONTH_STEPS]
    return tuple(grain for grain in found if grain.bars >= 0.9)


def choose_grain(interval: Interval, step: float, gap: float) -> Grain:
    """Return the finest distance whose labels are about `gap` pixels apart at `step` pixels a bar."""
    choices = grains(interval)
    return next((grain for grain in choices if grain.bars * step >= gap), choices[-1])


def _boundaries(grain: Grain, begin: int, end: int) -> NDArray[np.int64]:
    """Return the calendar points from just before `begin` to `end`."""
    if grain.unit == "minute":
        span = grain.step * 60
        return np.arange(begin // span * span, end + 1, span, dtype=np.int64)
    if grain.unit == "day":
        span = grain.step * _DAY
        return np.arange(begin // span * span, end + 1, span, dtype=np.int64)
    months = np.array([begin, end]).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    chosen = np.arange(months[0] // grain.step * grain.step, months[1] + 1, grain.step)
    return chosen.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def tick_bars(times: NDArray[np.int64], begin: int, end: int, grain: Grain) -> list[int]:
    """Return the bars of `begin` to `end` that are the first at or after a calendar point.

    The cost depends on the number of labels, not on that of bars.
    """
    if end <= begin:
        return []
    points = _boundaries(grain, int(times[begin]), int(times[end - 1]))
    if len(points) > _TIMES_KEPT:
        # Days without trading within a few visible bars (a symbol long halted); their hours are not shown.
        points = points[np.linspace(0, len(points) - 1, _TIMES_KEPT).astype(int)]
    bars = np.unique(np.searchsorted(times[begin:end], points)) + begin
    return [bar for bar in bars.tolist() if bar < end and _is_first(times, bar, points)]


def _is_first(times: NDArray[np.int64], bar: int, points: NDArray[np.int64]) -> bool:
    """Tell whether a calendar point lies between the bar before and this one."""
    if bar == 0:
        return True
    place = int(np.searchsorted(points, times[bar], side="right")) - 1
    return place >= 0 and points[place] > times[bar - 1]


@lru_cache(maxsize=_TIMES_KEPT)
def _moment(seconds: int) -> tuple[int, int, int, int]:
    day = np.datetime64(seconds // _DAY, "D").item()
    return day.year, day.month, day.day, seconds % _DAY


def label_of(times: NDArray[np.int64], bar: int) -> tuple[str, int]:
    """Return the text of a label and its rank: 3 new year, 2 new month, 1 new day, 0 a time of day."""
    year, month, day, second = _moment(int(times[bar]))
    if not bar and second:
        return f"{month:02d}/{day:02d}", 1
    before = _moment(int(times[bar - 1])) if bar else (0, 0, 0, 0)
    if year != before[0]:
        return f"{year}", 3
    if month != before[1]:
        return f"{year % 100:02d}/{month:02d}", 2
    if day != before[2]:
        return f"{month:02d}/{day:02d}", 1
    return f"{second // 3600:02d}:{second // 60 % 60:02d}", 0


def crosshair_text(seconds: int, interval: Interval) -> str:
    """Return date and time of a bar in full."""
    year, month, day, second = _moment(seconds)
    if interval.minutes is None:
        return f"{year}-{month:02d}-{day:02d}"
    return f"{month:02d}/{day:02d} {second // 3600:02d}:{second // 60 % 60:02d}"


class TimeAxis:
    """Draw labels below the panes; `places` are also where the upright grid lines go."""

    def __init__(self, theme: Theme, labels: LabelCache, bold: LabelCache) -> None:
        self._theme = theme
        self._labels, self._bold = labels, bold
        self._pen, self._strong_pen = QPen(theme.colours.muted), QPen(theme.colours.text)

    def places(
        self, frame: Frame, times: NDArray[np.int64], interval: Interval
    ) -> list[tuple[float, str, int]]:
        """Return pixel, text and rank of each label; of two that would overlap the higher rank stays."""
        gap = self._theme.chart.time_label_gap
        grain = choose_grain(interval, frame.step, gap)
        found = []
        for bar in tick_bars(times, frame.begin, frame.end, grain):
            text, rank = label_of(times, bar)
            found.append((frame.x_of(bar), text, rank))
        kept: list[tuple[float, str, int]] = []
        for place in found:
            while kept and place[0] - kept[-1][0] < gap * 0.6 and place[2] > kept[-1][2]:
                kept.pop()
            if not kept or place[0] - kept[-1][0] >= gap * 0.6:
                kept.append(place)
        return kept

    def draw(self, painter: QPainter, places: list[tuple[float, str, int]], room: QRectF) -> None:
        """Draw the labels in `room`; a label at the left edge is pushed inside, one at the right left out."""
        for x, text, rank in places:
            half = self._labels.width(text) / 2
            if x + half > room.right():
                continue
            painter.setPen(self._strong_pen if rank else self._pen)
            self._labels.draw(painter, text, max(x, room.left() + half), room.center().y(), 0.5)

    def draw_tag(self, painter: QPainter, room: QRectF, x: float, text: str) -> None:
        """Draw the crosshair's time."""
        width = self._bold.width(text) + 2 * self._theme.metrics.gutter
        left = min(max(room.left(), x - width / 2), room.right() - width)
        height = self._theme.chart.tag
        tag = QRectF(round(left), round(room.center().y() - height / 2), round(width), height)
        painter.fillRect(tag, self._theme.colours.line)
        painter.setPen(self._strong_pen)
        self._bold.draw(painter, text, tag.center().x(), tag.center().y(), 0.5)
