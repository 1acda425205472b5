"""A field that asks for one name, in place."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from kis_terminal.ui.theme import Theme

LONGEST_NAME = 20


class NameLine(QLineEdit):
    """Hidden until `ask`; Enter hands the name over, Esc leaves."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._run: Callable[[str], None] | None = None
        self.setFont(theme.font())
        self.setMaxLength(LONGEST_NAME)
        self.hide()

    def ask(self, hint: str, run: Callable[[str], None]) -> None:
        """Show the field; `run` gets the name, never an empty one."""
        self._run = run
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.clear()
        self.show()
        self.raise_()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand over or leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            name = self.text().strip()
            if name and self._run is not None:
                self.hide()
                self._run(name)
        else:
            super().keyPressEvent(event)
