"""Equity curves over their drawdowns, painted: one or several runs and a benchmark on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme

_DAY = 86_400
_DRAWDOWN_SHARE = 0.28
_LABEL_GAP = 34
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: values at wall seconds; shown as the return since its first value."""

    label: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    colour: QColor
    is_main: bool = True
    """A main curve has its drawdown shown; the others are thin."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A curve ready to be drawn: returns and drawdowns as fractions."""

    curve: Curve
    returns: NDArray[np.float64]
    drawdown: NDArray[np.float64]


def _line(curve: Curve) -> _Line | None:
    """Return a curve from its first known value on, None where it has none."""
    known = np.isfinite(curve.values)
    if not bool(known.any()):
        return None
    curve = replace(curve, times=curve.times[known], values=curve.values[known])
    values = np.asarray(curve.values, dtype=np.float64)
    first = values[0] or 1.0
    peak = np.maximum.accumulate(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawdown = np.where(peak > 0, values / peak - 1.0, 0.0)
    return _Line(curve, values / first - 1.0, drawdown)


def day_text(seconds: int) -> str:
    """Return the day of wall seconds, with the time where it is not midnight."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d %H:%M}" if seconds % _DAY else f"{moment:%Y-%m-%d}"


def _round_values(low: float, high: float, most: int) -> list[float]:
    least = max(high - low, 1e-9) / max(1, most)
    power = 10.0 ** floor(log10(least))
    step = next(power * digit for digit in (1.0, 2.0, 5.0, 10.0) if power * digit >= least * 0.999999)
    return [i * step for i in range(ceil(low / step), floor(high / step) + 1)]


class CurveChart(QWidget):
    """Draw returns above and drawdowns below; the legend follows the pointer."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._ink = Ink(theme.font(theme.metrics.label))
        self._bold = Ink(theme.bold(theme.metrics.label))
        self._lines: list[_Line] = []
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setMinimumSize(160, 90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Show these curves; the first ones lie on top."""
        self._lines = [line for line in map(_line, curves) if line is not None]
        self.update()

    @property
    def curves(self) -> list[Curve]:
        """Return what is shown."""
        return [line.curve for line in self._lines]

    # -- geometry ---

    def _rooms(self) -> tuple[QRect, QRect]:
        """Return the rectangles of returns and of drawdowns."""
        chart = self._theme.chart
        width = max(1, self.width() - chart.price_axis)
        top = chart.legend
        height = max(2, self.height() - top - chart.time_axis)
        below = int(height * _DRAWDOWN_SHARE) if any(line.curve.is_main for line in self._lines) else 0
        return QRect(0, top, width, height - below), QRect(0, top + height - below, width, below)

    def _span(self) -> tuple[int, int]:
        first = min(int(line.curve.times[0]) for line in self._lines)
        last = max(int(line.curve.times[-1]) for line in self._lines)
        return first, max(last, first + 1)

    # -- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint everything; some thousands of points at most, a few per pixel."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colours.bg1)
        if not self._lines:
            return
        upper, lower = self._rooms()
        first, last = self._span()
        self._draw_times(painter, upper, lower, first, last)
        low = min(float(np.nanmin(line.returns)) for line in self._lines)
        high = max(float(np.nanmax(line.returns)) for line in self._lines)
        room = max(high - low, 0.001) * self._theme.chart.price_margin
        self._draw_pane(painter, upper, (low - room, high + room), first, last, is_drawdown=False)
        main = [line for line in self._lines if line.curve.is_main]
        if main and lower.height() > 0:
            deepest = min(min(float(np.nanmin(line.drawdown)) for line in main), -0.001)
            self._draw_pane(painter, lower, (deepest * 1.08, 0.0), first, last, is_drawdown=True)
            painter.fillRect(0, lower.top(), self.width(), 1, self._theme.colours.line)
        self._draw_pointer_and_legend(painter, upper, lower, first, last)

    def _draw_pane(
        self,
        painter: QPainter,
        room: QRect,
        limits: tuple[float, float],
        first: int,
        last: int,
        *,
        is_drawdown: bool,
    ) -> None:
        low, high = limits
        scale = (room.height() - 1) / (high - low)
        colours = self._theme.colours
        painter.setFont(self._ink.font)
        values = _round_values(low, high, room.height() // _LABEL_GAP)
        decimals = 0 if len(values) < 2 or abs(values[1] - values[0]) >= 0.0099 else 1
        for value in values:
            y = round(room.bottom() - (value - low) * scale)
            strength = colours.faint if value == 0 and not is_drawdown else colours.line
            painter.fillRect(0, y, room.width(), 1, strength)
            if is_drawdown and value == 0:
                continue  # the pane above has its label there
            label = QRect(room.width() + 4, y - 9, self._theme.chart.price_axis - 8, 18)
            if label.top() >= room.top() - 9 and label.bottom() <= room.bottom() + 9:
                self._ink.draw(painter, label, _RIGHT, f"{value * 100:+,.{decimals}f}%", colours.muted)
        painter.save()
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in reversed(self._lines):
            if is_drawdown and not line.curve.is_main:
                continue
            heights = line.drawdown if is_drawdown else line.returns
            points = self._points(line, heights, room, low, scale, first, last)
            if is_drawdown:
                area = QPolygonF(points)
                area.append(QPointF(points.last().x(), room.top()))
                area.append(QPointF(points.first().x(), room.top()))
                fill = QColor(line.curve.colour)
                fill.setAlphaF(0.25)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(fill)
                painter.drawPolygon(area)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(line.curve.colour, self._theme.chart.line_width))
            painter.drawPolyline(points)
        painter.restore()

    def _points(
        self,
        line: _Line,
        heights: NDArray[np.float64],
        room: QRect,
        low: float,
        scale: float,
        first: int,
        last: int,
    ) -> QPolygonF:
        """Return pixels; of many points on one pixel column the lowest and the highest are enough."""
        x = (line.curve.times - first) * ((room.width() - 1) / (last - first))
        y = room.bottom() - (heights - low) * scale
        if len(x) > 4 * room.width():
            column = x.astype(np.int64)
            starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
            least, most = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
            x = np.repeat(x[starts], 2)
            y = np.stack((least, most), axis=1).ravel()
        return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])

    def _draw_times(self, painter: QPainter, upper: QRect, lower: QRect, first: int, last: int) -> None:
        colours = self._theme.colours
        painter.setFont(self._ink.font)
        bottom = lower.bottom() if lower.height() > 0 else upper.bottom()
        axis = QRect(0, bottom + 1, self.width(), self._theme.chart.time_axis)
        most = max(1, upper.width() // self._theme.chart.time_label_gap)
        for seconds, text in _time_marks(first, last, most):
            x = int((seconds - first) * (upper.width() - 1) / (last - first))
            painter.fillRect(x, upper.top(), 1, bottom - upper.top(), colours.line)
            label = QRect(x - 40, axis.top(), 80, axis.height())
            if label.left() >= 0 and label.right() < self.width():
                self._ink.draw(painter, label, _CENTRE, text, colours.muted)

    def _draw_pointer_and_legend(
        self, painter: QPainter, upper: QRect, lower: QRect, first: int, last: int
    ) -> None:
        theme = self._theme
        pointer = self._pointer
        at = last
        if pointer is not None and 0 <= pointer.x() < upper.width():
            at = first + round(pointer.x() * (last - first) / max(1, upper.width() - 1))
            bottom = lower.bottom() if lower.height() > 0 else upper.bottom()
            painter.fillRect(int(pointer.x()), upper.top(), 1, bottom - upper.top(), theme.colours.faint)
        x = theme.metrics.inset
        painter.setFont(self._bold.font)
        room = QRectF(0, 0, self.width(), theme.chart.legend)
        x = self._write(painter, x, room, day_text(_snapped(self._lines[0], at)), theme.colours.muted)
        for line in self._lines:
            place = int(np.searchsorted(line.curve.times, at, side="right")) - 1
            if place < 0:
                continue
            text = f"{line.curve.label} {line.returns[place] * 100:+,.2f}%"
            if line.curve.is_main:
                text += f"  ▼{abs(line.drawdown[place]) * 100:.2f}%"
            x = self._write(painter, x, room, text, line.curve.colour)

    def _write(self, painter: QPainter, x: int, room: QRectF, text: str, colour: QColor) -> int:
        width = self._bold.metrics.horizontalAdvance(text) + 2
        cell = QRect(x, 0, min(width, self.width() - x - 4), int(room.height()))
        if cell.width() < 24:
            return x
        self._bold.draw(painter, cell, _LEFT, text, colour)
        return x + width + self._theme.metrics.inset + self._theme.metrics.gutter

    # -- pointer ---

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the curves under the pointer."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Read the curves' ends again."""
        self._pointer = None
        self.update()


def _snapped(line: _Line, seconds: int) -> int:
    place = max(0, int(np.searchsorted(line.curve.times, seconds, side="right")) - 1)
    return int(line.curve.times[place])


def _time_marks(first: int, last: int, most: int) -> list[tuple[int, str]]:
    """Return where years, months or days begin, few enough for the axis."""
    days = (last - first) / _DAY
    if days <= 3:
        step = max(3600, ceil((last - first) / most / 3600) * 3600)
        starts = range(first - first % step + step, last, step)
        return [(s, f"{datetime.fromtimestamp(s, UTC):%H:%M}") for s in starts]
    for months in (1, 2, 3, 6, 12, 24, 60, 120):
        if days / 30.4 / months > most:
            continue
        marks = []
        moment = datetime.fromtimestamp(first, UTC)
        month = moment.year * 12 + moment.month - 1
        month += -month % months
        while True:
            start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
            seconds = int(start.timestamp())
            if seconds > last:
                break
            if seconds >= first:
                marks.append((seconds, f"{start:%Y}" if month % 12 == 0 else f"{start:%Y.%m}"))
            month += months
        if marks or months > 1:
            return marks
        break
    step = max(1, ceil(days / most)) * _DAY
    return [
        (s, f"{datetime.fromtimestamp(s, UTC):%m.%d}") for s in range(first - first % _DAY + step, last, step)
    ]
