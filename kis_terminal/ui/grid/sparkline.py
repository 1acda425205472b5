"""A small price line in a cell."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

_POINTS = 40


def paint_sparkline(painter: QPainter, cell: QRect, values: Sequence[float], colour: QColor) -> None:
    """Draw `values`, oldest first, over the whole cell; nothing for fewer than two."""
    if len(values) < 2:
        return
    step = max(1, len(values) // _POINTS)
    points = list(values)[(len(values) - 1) % step :: step]
    low, high = min(points), max(points)
    area = cell.adjusted(0, 4, 0, -5)
    span = high - low
    scale = area.height() / span if span else 0.0
    middle = area.top() + area.height() / 2
    width = area.width() / (len(points) - 1)
    line = QPolygonF(
        [
            QPointF(area.left() + width * i, area.bottom() - (value - low) * scale if span else middle)
            for i, value in enumerate(points)
        ]
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(colour, 1.0))
    painter.drawPolyline(line)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
