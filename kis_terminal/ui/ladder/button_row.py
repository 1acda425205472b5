"""Buttons side by side; in two rows where one is too narrow for their words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from kis_terminal.ui.theme import Theme

_AROUND = 10
"""Edge and air around a word."""


class ButtonRow(QWidget):
    """Hold buttons of one width."""

    def __init__(self, theme: Theme, buttons: Sequence[QPushButton]) -> None:
        super().__init__()
        self._buttons = list(buttons)
        metrics = theme.metrics
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(metrics.inset, 2, metrics.inset, metrics.gutter + 2)
        self._grid.setSpacing(metrics.gutter)
        self._columns = 0
        self._place(len(self._buttons))

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, button in enumerate(self._buttons):
            self._grid.addWidget(button, place // columns, place % columns)
        for column in range(len(self._buttons)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self.updateGeometry()

    def _fits_in_one_row(self, width: int) -> bool:
        widest = max(button.fontMetrics().horizontalAdvance(button.text()) for button in self._buttons)
        margins, gaps = self._grid.contentsMargins(), self._grid.horizontalSpacing()
        room = width - margins.left() - margins.right() - (len(self._buttons) - 1) * gaps
        return room >= len(self._buttons) * (widest + _AROUND)

    def minimumSizeHint(self) -> QSize:
        """Be content with hardly any width."""
        return QSize(1, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose one row or two."""
        super().resizeEvent(event)
        count = len(self._buttons)
        self._place(count if self._fits_in_one_row(self.width()) else -(-count // 2))
