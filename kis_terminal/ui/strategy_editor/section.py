"""A part of the editor's form: rows of one kind under a heading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from kis_terminal.ui.backtesting.form_rows import plain_label
from kis_terminal.ui.strategy_editor.rows import EditorRow
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class Section(QWidget):
    """Rows of one kind under a heading with a button that adds one."""

    def __init__(self, theme: Theme, title: str, word: str, act: Callable[[QToolButton], object]) -> None:
        super().__init__()
        self.rows: list[Any] = []
        heading = plain_label(theme, title, is_muted=False)
        heading.setFont(theme.bold(theme.metrics.body))
        self.button = QToolButton()
        self.button.setText(word)
        self.button.setAccessibleName(tr("{title} 더하기", title=title))
        self.button.clicked.connect(lambda: act(self.button))
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.button)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addLayout(head)
        self.heads = QWidget()
        self.heads.hide()
        self._layout.addWidget(self.heads)

    def set_heads(self, theme: Theme, heads: Sequence[tuple[str, int]]) -> None:
        """Write words over the columns of the rows."""
        line = QHBoxLayout(self.heads)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for word, width in heads:
            label = plain_label(theme, word)
            label.setFixedWidth(width)
            line.addWidget(label)
        line.addStretch(1)

    def add(self, row: EditorRow) -> None:
        """Put a row under the others."""
        self.rows.append(row)
        self._layout.addWidget(row)
        self.heads.show()

    def remove(self, row: EditorRow) -> None:
        """Take a row away."""
        self.rows.remove(row)
        self.heads.setVisible(bool(self.rows))
        self._layout.removeWidget(row)
        row.hide()
        row.deleteLater()

    def clear(self) -> None:
        """Take all rows away."""
        for row in list(self.rows):
            self.remove(row)
