"""The account's own doings on the chart: fills as triangles at their bar, working orders as lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from kis_terminal.domain.orders import Side
from kis_terminal.ui.charts.drawn import FillMark, OrderMark
from kis_terminal.ui.charts.frame import Frame, Scale
from kis_terminal.ui.charts.price_axis import LabelCache
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class FillLayer:
    """Draw ▲ under the bar of a purchase and ▼ over the bar of a sale, with the shares of the bar."""

    def __init__(self, theme: Theme, labels: LabelCache) -> None:
        self._theme = theme
        self._labels = labels
        self._marks: Sequence[FillMark] = ()
        self._by_bar: dict[tuple[int, Side], int] = {}
        self._placed_for: tuple[int, int] = (-1, -1)

    def set_marks(self, marks: Sequence[FillMark]) -> None:
        """Replace the fills; those of the shown symbol only."""
        self._marks = marks
        self._placed_for = (-1, -1)

    def _place(self, times: NDArray[np.int64], structure: int) -> None:
        """Find each fill's bar: the last one that had begun."""
        if self._placed_for == (len(times), structure):
            return
        self._placed_for = (len(times), structure)
        self._by_bar = {}
        for mark in self._marks:
            bar = int(np.searchsorted(times, mark.seconds, side="right")) - 1
            if bar >= 0:
                place = (bar, mark.side)
                self._by_bar[place] = self._by_bar.get(place, 0) + mark.quantity

    def draw(
        self,
        painter: QPainter,
        frame: Frame,
        times: NDArray[np.int64],
        values: NDArray[np.float64],
        structure: int,
        scale: Scale,
    ) -> None:
        """Draw the fills of visible bars."""
        if not self._marks:
            return
        self._place(times, structure)
        size, gap = self._theme.chart.mark, self._theme.chart.mark_gap
        text_height = self._theme.metrics.label + 2
        for (bar, side), quantity in self._by_bar.items():
            if not frame.begin <= bar < frame.end:
                continue
            x, is_buy = frame.x_of(bar), side is Side.BUY
            colour = self._theme.colours.up if is_buy else self._theme.colours.down
            edge = scale.y(float(values[bar, 2 if is_buy else 1]))
            way = 1 if is_buy else -1
            tip = edge + way * gap
            base = tip + way * size * 1.4
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.drawPolygon(
                QPolygonF([QPointF(x, tip), QPointF(x - size, base), QPointF(x + size, base)])
            )
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(colour))
            letter = "B" if is_buy else "S"
            self._labels.draw(painter, f"{letter} {quantity:,}", x, base + way * (text_height / 2 + 1), 0.5)


class OrderLayer:
    """Draw each working order as a line with a chip at its left; the chip's ✕ cancels."""

    def __init__(self, theme: Theme, labels: LabelCache) -> None:
        self._theme = theme
        self._labels = labels
        self._marks: Sequence[OrderMark] = ()
        self._line_pen = QPen(theme.colours.accent)
        self._fill = theme.tinted(theme.colours.accent, 0.22)
        self._crosses: list[tuple[QRectF, str]] = []

    def set_marks(self, marks: Sequence[OrderMark]) -> None:
        """Replace the orders; those of the shown symbol only."""
        self._marks = marks
        self._crosses = []

    @property
    def prices(self) -> list[float]:
        """Return the prices of the orders."""
        return [mark.price for mark in self._marks]

    def draw(self, painter: QPainter, scale: Scale, room: QRectF) -> None:
        """Draw the orders whose price is in `room`; chips at one height stand side by side."""
        self._crosses = []
        if not self._marks:
            return
        height, inset = self._theme.chart.chip, self._theme.metrics.gutter
        seen = [(mark, float(round(scale.y(mark.price)))) for mark in self._marks]
        seen = [(mark, y) for mark, y in seen if room.top() <= y <= room.bottom()]
        painter.setPen(self._line_pen)
        painter.drawLines([QLineF(room.left(), y, room.right(), y) for _, y in seen])
        taken: list[QRectF] = []
        for mark, y in seen:
            text = mark.text if not mark.is_cancelling else f"{mark.text} · {tr('취소 중')}"
            text_width = self._labels.width(text)
            chip = QRectF(room.left() + inset, y - height // 2, text_width + height + 2 * inset, height)
            while any(chip.intersects(other) for other in taken):
                chip.moveLeft(max(o.right() for o in taken if chip.intersects(o)) + inset)
            taken.append(chip)
            painter.fillRect(chip, self._fill)
            self._labels.draw(painter, text, chip.left() + inset, chip.center().y())
            cross = QRectF(chip.right() - height, chip.top(), height, height)
            self._labels.draw(painter, "✕", cross.center().x(), cross.center().y(), 0.5)
            self._crosses.append((cross, mark.key))

    def key_at(self, point: QPointF) -> str:
        """Return the order whose ✕ is under a point of the pane, "" for none."""
        return next((key for cross, key in self._crosses if cross.contains(point)), "")
