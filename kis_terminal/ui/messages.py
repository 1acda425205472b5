"""Where notices and expected errors are shown: small slips over the foot of the window, and a history."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMainWindow, QToolButton, QWidget

from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_MOST_SLIPS = 4
_KEPT = 200
_SECONDS = {"info": 4.0, "warn": 9.0, "danger": 20.0}


@dataclass(frozen=True, slots=True)
class Message:
    """One notice."""

    level: str
    sentence: str


class _Slip(QFrame):
    """One notice on the screen."""

    def __init__(self, parent: QWidget, theme: Theme, message: Message) -> None:
        super().__init__(parent)
        self.message = message
        self._count = 1
        colours, metrics = theme.colours, theme.metrics
        edge = {"info": colours.accent, "warn": colours.warn}.get(message.level, colours.danger)
        self.setObjectName("slip")
        self.setStyleSheet(
            f"#slip {{ background: {colours.bg2.name()}; border: 1px solid {colours.line.name()};"
            f" border-left: 3px solid {edge.name()}; }}"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, metrics.gutter, metrics.gutter, metrics.gutter)
        self._label = QLabel(message.sentence)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        layout.addWidget(self._label, 1)
        close = QToolButton()
        close.setText("✕")
        close.setAccessibleName(tr("알림 닫기"))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.hide)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setFixedWidth(metrics.slip)
        self.setAccessibleName(message.sentence)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(int(_SECONDS.get(message.level, _SECONDS["danger"]) * 1000))
        self._timer.timeout.connect(self.hide)
        self._timer.start()

    def repeat(self) -> None:
        """Say it once more without a second slip."""
        self._count += 1
        self._label.setText(f"{self.message.sentence}  (×{self._count})")
        self._timer.start()
        self.show()


class Messages(QObject):
    """Show notices over the window without taking the focus or moving anything."""

    def __init__(self, window: QMainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._slips: list[_Slip] = []
        self.history: deque[Message] = deque(maxlen=_KEPT)
        """Every notice of this run, newest last."""
        window.installEventFilter(self)

    @property
    def shown(self) -> list[str]:
        """Return the sentences on the screen, oldest first."""
        return [slip.message.sentence for slip in self._slips if not slip.isHidden()]

    def show(self, level: str, sentence: str) -> None:
        """Show a notice; the same one again is only counted."""
        message = Message(level, sentence)
        self.history.append(message)
        for slip in self._slips:
            if slip.message == message and not slip.isHidden():
                slip.repeat()
                self._arrange()
                return
        for slip in [slip for slip in self._slips if slip.isHidden()]:
            self._drop(slip)
        while len(self._slips) >= _MOST_SLIPS:
            self._drop(self._slips[0])
        slip = _Slip(self._window, self._theme, message)
        self._slips.append(slip)
        slip.show()
        self._arrange()

    def stay_above(self) -> None:
        """Come before a panel that has come to the front."""
        for slip in self._slips:
            slip.raise_()

    def _drop(self, slip: _Slip) -> None:
        self._slips.remove(slip)
        slip.hide()
        slip.deleteLater()

    def _arrange(self) -> None:
        metrics = self._theme.metrics
        bottom = self._window.height() - metrics.status - metrics.inset
        left = (self._window.width() - metrics.slip) // 2
        for slip in reversed(self._slips):
            if slip.isHidden():
                continue
            slip.adjustSize()
            bottom -= slip.height()
            slip.move(left, bottom)
            slip.raise_()
            bottom -= metrics.gutter

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the foot when the window is resized."""
        if event.type() is QEvent.Type.Resize:
            self._arrange()
        return False
