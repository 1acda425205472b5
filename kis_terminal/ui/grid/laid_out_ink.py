"""Texts laid out once: tables and ladder draw the same prices, sizes and percentages again and again."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText

from kis_terminal.ui.grid.painting import Ink

_KEPT = 3_000
_RIGHT = int(Qt.AlignmentFlag.AlignRight)
_CENTRE = int(Qt.AlignmentFlag.AlignHCenter)
_TOP = int(Qt.AlignmentFlag.AlignTop)
_BOTTOM = int(Qt.AlignmentFlag.AlignBottom)
_ALIGNED = _RIGHT | _CENTRE


class LaidOutInk(Ink):
    """An Ink that keeps the layout of texts that recur; pixel for pixel what `Ink` draws.

    A kept text costs a third of `drawText`, a layout twice as much: so a text is laid out when it is drawn
    for the second time, for many figures (a volume) never come again.
    """

    def __init__(self, font: QFont) -> None:
        super().__init__(font)
        self._exact = QFontMetricsF(font)
        self._height = self.metrics.height()
        self._laid_out: dict[str, tuple[QStaticText, float] | None] = {}

    def _layout(self, text: str) -> tuple[QStaticText, float]:
        static = QStaticText(text)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.prepare(font=self.font)
        kept = self._laid_out[text] = (static, self._exact.horizontalAdvance(text))
        return kept

    def width(self, text: str) -> int:
        """Return the width of a text in pixels."""
        return round((self._laid_out.get(text) or self._layout(text))[1])

    def draw(self, painter: QPainter, cell: QRect, align: int, text: str, colour: QColor) -> bool:
        """Draw one line in `cell`; return whether it was whole. The caller sets the painter's font."""
        if not text:
            return True
        laid_out = self._laid_out
        kept = laid_out.get(text)
        if kept is None:
            if text not in laid_out:
                if len(laid_out) >= _KEPT:
                    laid_out.clear()
                laid_out[text] = None
                return super().draw(painter, cell, align, text, colour)
            kept = self._layout(text)
        static, width = kept
        left, top, room, height = float(cell.x()), float(cell.y()), cell.width(), cell.height()
        if width > room:
            return super().draw(painter, cell, align, text, colour)
        if align & _ALIGNED:
            left += room - width if align & _RIGHT else (room - width) / 2
        rise = height - self._height
        if not align & _TOP:
            top += rise if align & _BOTTOM else (rise + 1) // 2
        painter.setPen(self.pen(colour))
        painter.drawStaticText(QPointF(left, top), static)
        return True
