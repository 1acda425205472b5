"""The line in which a table is searched (Ctrl+F)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class FilterLine(QLineEdit):
    """A field over the foot of a grid. Signals: `text_changed(str)`, `closed()` by Esc."""

    text_changed = Signal(str)
    closed = Signal()

    def __init__(self, theme: Theme, grid: QWidget) -> None:
        super().__init__(grid)
        self._grid = grid
        self.setPlaceholderText(tr("표에서 찾기  (Esc 닫기)"))
        self.setAccessibleName(tr("표에서 찾기"))
        self.setFont(theme.font())
        self.textChanged.connect(self.text_changed)
        self.hide()

    def open(self) -> None:
        """Come up with the cursor inside."""
        self.show()
        self.raise_()
        self.setFocus()
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close by Esc, hand moving keys to the grid."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.clear()
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._grid.setFocus()
        else:
            super().keyPressEvent(event)
