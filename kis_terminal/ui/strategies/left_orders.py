"""A strategy is to stop while orders of it are open: cancel them, leave them, or let it go on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from kis_terminal.domain.strategy.plan import LeftOrders
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class LeftOrdersStrip(QFrame):
    """Stand at the foot of the panel until it is decided; the strategy sends nothing meanwhile.

    Signals: `decided(str, str, bool)` key of the strategy, `cancel`, `keep` or "" to go on, and whether it is
    to be deleted.
    """

    decided = Signal(str, str, bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._key = ""
        self._is_removal = False
        colours, metrics = theme.colours, theme.metrics
        self.setObjectName("leftOrders")
        ground, edge = colours.bg2.name(), colours.warn.name()
        self.setStyleSheet(f"#leftOrders {{ background: {ground}; border-top: 1px solid {edge}; }}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, metrics.gutter, metrics.inset, metrics.gutter)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        layout.addWidget(self.words, 1)
        self.cancel_button = self._button(tr("주문을 취소하고 멈춤"), LeftOrders.CANCEL.value)
        self.keep_button = self._button(tr("주문을 두고 멈춤"), LeftOrders.KEEP.value)
        self.go_on_button = self._button(tr("계속 실행"), "")
        for button in (self.cancel_button, self.keep_button, self.go_on_button):
            layout.addWidget(button)
        self.hide()

    def _button(self, text: str, answer: str) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setAutoDefault(True)
        button.clicked.connect(lambda: self._decide(answer))
        return button

    def ask(self, key: str, count: int, *, is_removal: bool) -> None:
        """Ask about `count` open orders of a strategy."""
        self._key, self._is_removal = key, is_removal
        self.words.setText(
            tr(
                "이 전략의 주문 {count}건이 열려 있습니다. 두면 아무도 지켜보지 않지만 주문내역에 남습니다.",
                count=count,
            )
        )
        self.show()
        self.cancel_button.setFocus()

    def leave(self) -> None:
        """Drop the question; the strategy goes on."""
        if self.isVisible():
            self._decide("")

    def _decide(self, answer: str) -> None:
        key, self._key = self._key, ""
        self.hide()
        if key:
            self.decided.emit(key, answer, self._is_removal)
