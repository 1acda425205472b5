"""A question at the foot of a panel: nothing else stops while it stands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from kis_terminal.domain.environment import Environment
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class ConfirmStrip(QFrame):
    """Ask one yes or no. With real money the cursor stands on 돌아가기, else Enter confirms; Esc leaves.

    Signals: `answered()` the question is gone, whatever was chosen.
    """

    answered = Signal()

    def __init__(self, theme: Theme, environment: Environment) -> None:
        super().__init__()
        self._is_real = environment is Environment.REAL
        self._run: Callable[[], None] | None = None
        colours, metrics = theme.colours, theme.metrics
        self.setObjectName("confirm")
        self.setStyleSheet(
            f"#confirm {{ background: {colours.bg2.name()}; border-top: 1px solid {colours.warn.name()}; }}"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, metrics.gutter, metrics.inset, metrics.gutter)
        self.question = QLabel()
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setWordWrap(True)
        layout.addWidget(self.question, 1)
        self.yes = QPushButton()
        self.no = QPushButton(tr("돌아가기"))
        for button in (self.yes, self.no):
            button.setAutoDefault(True)
            layout.addWidget(button)
        self.yes.clicked.connect(self._confirmed)
        self.no.clicked.connect(self.leave)
        self.hide()

    def ask(self, question: str, word: str, run: Callable[[], None]) -> None:
        """Show a question; `run` is called if it is confirmed. A question that stood before is dropped."""
        self._run = run
        self.question.setText(question)
        self.yes.setText(word)
        self.yes.setAccessibleName(f"{question} {word}")
        self.show()
        (self.no if self._is_real else self.yes).setFocus()

    def _confirmed(self) -> None:
        run, self._run = self._run, None
        self.hide()
        if run is not None:
            run()
        self.answered.emit()

    def leave(self) -> None:
        """Drop the question."""
        self._run = None
        self.hide()
        self.answered.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave by Esc; Enter presses the button that has the focus."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self.no if self.no.hasFocus() else self.yes).click()
        else:
            super().keyPressEvent(event)
