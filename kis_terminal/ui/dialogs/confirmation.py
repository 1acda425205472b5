"""A question inside a panel: never a window of its own, never modal, never a nested loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a headline, pairs of label and value, and the words of the button that does it."""

    title: str
    details: Sequence[tuple[str, str]]
    confirm: str
    colour: QColor
    """Of the confirming button."""
    is_guarded: bool
    """True where yes is dangerous (real money, liquidation): then the way back is the default button."""
    edge: QColor | None = None
    """Border of the sheet, the environment's colour."""


class ConfirmationSheet(QWidget):
    """Cover a panel with one question; Enter takes the default button, Esc leaves.

    Without a guard Enter confirms. With one, Enter leaves, and confirming takes the pointer or Tab first.
    A question that is replaced or dismissed counts as no (a panel that is hidden dismisses it); the answer is
    called at most once, and only for yes.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._panel = parent
        self._theme = theme
        self._on_yes: Callable[[], None] | None = None
        self._back_to: QWidget | None = None
        metrics, colours = theme.metrics, theme.colours
        self._box = QFrame(self)
        self._box.setObjectName("sheet")
        self._title = QLabel(self._box)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setFont(theme.bold(metrics.entry))
        self._title.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(metrics.inset)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self.confirm_button = QPushButton(self._box)
        self.leave_button = QPushButton(tr("돌아가기 (Esc)"), self._box)
        self.leave_button.setAccessibleName(tr("돌아가기"))
        self.confirm_button.clicked.connect(self._confirm)
        self.leave_button.clicked.connect(self.dismiss)
        buttons = QHBoxLayout()
        buttons.setSpacing(metrics.gutter)
        buttons.addWidget(self.leave_button, 1)
        buttons.addWidget(self.confirm_button, 2)
        inner = QVBoxLayout(self._box)
        inner.setContentsMargins(12, 10, 12, 10)
        inner.setSpacing(8)
        inner.addWidget(self._title)
        inner.addLayout(self._grid)
        inner.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(metrics.inset, metrics.inset, metrics.inset, metrics.inset)
        outer.addStretch(1)
        outer.addWidget(self._box)
        outer.addStretch(1)
        self._veil = QColor(colours.bg0)
        self._veil.setAlphaF(0.72)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("확인"))
        self.hide()

    @property
    def is_open(self) -> bool:
        """Tell whether a question waits."""
        return self._on_yes is not None

    @property
    def text(self) -> str:
        """Return everything the sheet says, a line each."""
        return self.accessibleDescription()

    def ask(self, question: Question, on_yes: Callable[[], None]) -> None:
        """Show a question; `on_yes` is called when it is confirmed. An earlier question counts as no."""
        if not self.is_open:
            self._back_to = self.window().focusWidget()
        self._on_yes = on_yes
        self._fill(question)
        self.cover()
        self.show()
        self.raise_()
        first = self.leave_button if question.is_guarded else self.confirm_button
        first.setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self, question: Question) -> None:
        colours, metrics = self._theme.colours, self._theme.metrics
        edge = (question.edge or colours.line).name()
        self._box.setStyleSheet(
            f"#sheet {{ background: {colours.bg2.name()}; border: 1px solid {edge};"
            f" border-radius: {metrics.radius}px; }}"
        )
        self._title.setText(question.title)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, (label, value) in enumerate(question.details):
            name, figure = QLabel(label, self._box), QLabel(value, self._box)
            for part in (name, figure):
                part.setTextFormat(Qt.TextFormat.PlainText)
            name.setStyleSheet(f"color: {colours.muted.name()};")
            figure.setFont(self._theme.medium())
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            figure.setWordWrap(True)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(figure, row, 1)
        self.confirm_button.setText(question.confirm)
        self.confirm_button.setAccessibleName(question.confirm)
        self.confirm_button.setStyleSheet(
            f"QPushButton {{ background: {question.colour.name()}; color: {colours.on_colour.name()};"
            f" border: 1px solid {question.colour.name()}; }}"
            f" QPushButton:focus {{ border: 2px solid {colours.text.name()}; }}"
        )
        lines = [question.title, *(f"{label} {value}" for label, value in question.details)]
        self.setAccessibleDescription("\n".join(lines))

    def _confirm(self) -> None:
        on_yes = self._close()
        if on_yes is not None:
            on_yes()

    def dismiss(self) -> None:
        """Take the question away; counts as no."""
        self._close()

    def _close(self) -> Callable[[], None] | None:
        on_yes, self._on_yes = self._on_yes, None
        back_to, self._back_to = self._back_to, None
        self.hide()
        if on_yes is not None and back_to is not None and back_to.isVisible():
            back_to.setFocus(Qt.FocusReason.PopupFocusReason)
        return on_yes

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves; Enter takes the button with the focus, a held key never does."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                (self._confirm if self.confirm_button.hasFocus() else self.dismiss)()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            other = self.leave_button if self.confirm_button.hasFocus() else self.confirm_button
            other.setFocus(Qt.FocusReason.TabFocusReason)
        # Every other key ends here too: nothing under the sheet may hear it.

    def focusNextPrevChild(self, next: bool) -> bool:
        """Keep Tab between the two buttons."""
        other = self.leave_button if self.confirm_button.hasFocus() else self.confirm_button
        other.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def cover(self) -> None:
        """Lie over the whole panel; to be called from its `resizeEvent`."""
        self.setGeometry(self._panel.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Veil what lies under the sheet."""
        QPainter(self).fillRect(self.rect(), self._veil)
