"""Text cut to its cell without measuring what surely fits, and pens and fonts made once."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

_KEPT = 4_000
_ELLIPSIS = "…"


class Ink:
    """One font with its measures and pens; draw single lines that never leave their cell."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetrics(font)
        self._digit = max(self.metrics.horizontalAdvance(text) for text in "0123456789,.+-%:")
        self._widest = max(self.metrics.horizontalAdvance(text) for text in "한뷁W▲%")
        self._cut: dict[tuple[str, int], str] = {}
        self._pens: dict[int, QPen] = {}

    def pen(self, colour: QColor) -> QPen:
        """Return the pen of a colour."""
        rgba = colour.rgba()
        pen = self._pens.get(rgba)
        if pen is None:
            pen = self._pens[rgba] = QPen(colour)
        return pen

    def fitted(self, text: str, width: int) -> str:
        """Return `text`, shortened by an ellipsis where it is wider than `width`."""
        length = len(text)
        if length * self._digit <= width and text.isascii() and not text[:1].isalpha():
            return text
        if length * self._widest <= width:
            return text
        key = (text, width)
        cut = self._cut.get(key)
        if cut is None:
            if len(self._cut) >= _KEPT:
                self._cut.clear()
            cut = self._cut[key] = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
        return cut

    def draw(self, painter: QPainter, cell: QRect, align: int, text: str, colour: QColor) -> bool:
        """Draw one line in `cell`; return whether it was whole.

        The painter's font is set by the caller (`painter.setFont(ink.font)`). Of a figure (right-aligned) a
        part would be another figure, so nothing of it is drawn where it does not fit.
        """
        fitted = self.fitted(text, cell.width())
        is_whole = fitted == text
        if not is_whole and align & int(Qt.AlignmentFlag.AlignRight):
            fitted = _ELLIPSIS
        painter.setPen(self.pen(colour))
        painter.drawText(cell, align, fitted)
        return is_whole
