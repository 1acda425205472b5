"""One line that tells how far something is: a filled ground and words over it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kis_terminal.ui.theme import Theme


class ProgressStrip(QWidget):
    """Shows a part from 0 to 1 and words; None shows words alone."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._part: float | None = None
        self._text = ""
        self._is_bad = False
        self.setFixedHeight(theme.metrics.row)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    @property
    def text(self) -> str:
        """Return the words."""
        return self._text

    def tell(self, text: str, part: float | None = None, *, is_bad: bool = False) -> None:
        """Show words; an empty text hides the strip."""
        self._text, self._part, self._is_bad = text, part, is_bad
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground, its filled part and the words."""
        theme, painter = self._theme, QPainter(self)
        colours, metrics = theme.colours, theme.metrics
        painter.fillRect(self.rect(), colours.bg2)
        if self._part is not None:
            width = round(self.width() * max(0.0, min(1.0, self._part)))
            painter.fillRect(QRect(0, 0, width, self.height()), theme.tinted(colours.accent, 0.28))
            painter.fillRect(QRect(0, self.height() - 2, width, 2), colours.accent)
        painter.setFont(theme.font(metrics.label))
        painter.setPen(colours.warn if self._is_bad else colours.text)
        room = self.rect().adjusted(metrics.inset, 0, -metrics.inset, 0)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        fitted = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, flags, fitted)
        painter.end()
