"""The crosshair: two dashed lines through all panes, snapped to a bar."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from kis_terminal.ui.theme import Theme


class Crosshair:
    """Where the pointer is, in pixels of the chart; None while it is elsewhere."""

    def __init__(self, theme: Theme) -> None:
        self.point: QPointF | None = None
        self.x = 0.0
        """The middle of the bar under the pointer."""
        self._pen = QPen(theme.colours.muted)
        self._pen.setStyle(Qt.PenStyle.CustomDashLine)
        self._pen.setDashPattern(list(theme.chart.dash))

    def draw(self, painter: QPainter, room: QRectF) -> None:
        """Draw the lines in the rectangle of all panes."""
        if self.point is None:
            return
        painter.setPen(self._pen)
        if room.left() <= self.x <= room.right():
            painter.drawLine(QLineF(self.x, room.top(), self.x, room.bottom()))
        y = self.point.y()
        if room.top() <= y <= room.bottom():
            painter.drawLine(QLineF(room.left(), y, room.right(), y))

    def strips(self, whole: QRectF, thickness: float) -> list[QRectF]:
        """Return what the lines and their tags cover, to be painted anew when they move."""
        if self.point is None:
            return []
        half = thickness / 2
        return [
            QRectF(self.x - 2, whole.top(), 4, whole.height()),
            QRectF(whole.left(), self.point.y() - half, whole.width(), thickness),
        ]
