"""What stands in the chart's place while there is no chart: words, and a button where trying again helps."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class Notice(QWidget):
    """One sentence in the middle; `retry` is called by its button."""

    def __init__(self, theme: Theme, retry: Callable[[], None]) -> None:
        super().__init__()
        self.label = QLabel(self)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setStyleSheet(f"color: {theme.colours.muted.name()};")
        self.retry_button = QPushButton(tr("다시 시도"), self)
        self.retry_button.clicked.connect(lambda: retry())
        self.retry_button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.metrics.title] * 4)
        layout.setSpacing(theme.metrics.inset)
        layout.addStretch(1)
        layout.addWidget(self.label)
        layout.addWidget(self.retry_button, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)

    def say(self, text: str, *, can_retry: bool = False) -> None:
        """Show a sentence."""
        self.label.setText(text)
        self.retry_button.setVisible(can_retry)
