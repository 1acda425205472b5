"""매수, 매도, 정정, 취소: what the form does, and the row of buttons that chooses it."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from kis_terminal.domain.orders import Side
from kis_terminal.ui.ordering.dress import tab_style
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class Tab(StrEnum):
    """What the form does now."""

    BUY = "buy"
    SELL = "sell"
    AMEND = "amend"
    CANCEL = "cancel"

    @property
    def side(self) -> Side:
        """Return the side of a new order."""
        return Side.SELL if self is Tab.SELL else Side.BUY

    @property
    def is_new_order(self) -> bool:
        """Tell whether the form makes an order, rather than changing one."""
        return self in (Tab.BUY, Tab.SELL)

    @property
    def word(self) -> str:
        """Return the tab's name."""
        return tr(_WORDS[self], context="act")

    def tint(self, theme: Theme) -> QColor | None:
        """Return the colour of the side, None for amend and cancel."""
        return {Tab.BUY: theme.colours.up, Tab.SELL: theme.colours.down}.get(self)


_WORDS = {Tab.BUY: "매수", Tab.SELL: "매도", Tab.AMEND: "정정", Tab.CANCEL: "취소"}


class TabRow(QWidget):
    """Four buttons, one of them down. Signals: `chosen(str)`, a value of Tab."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.metrics.gutter)
        self.buttons = {tab: self._button(tab) for tab in Tab}
        for button in self.buttons.values():
            layout.addWidget(button, 1)

    def _button(self, tab: Tab) -> QPushButton:
        button = QPushButton(tab.word)
        button.setCheckable(True)
        button.setAccessibleName(tr("{tab} 탭", tab=tab.word))
        button.setFont(self._theme.bold())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMinimumWidth(1)
        button.clicked.connect(lambda checked=False, chosen=tab: self.chosen.emit(chosen.value))
        return button

    def show_tab(self, shown: Tab) -> None:
        """Press the button of a tab."""
        for tab, button in self.buttons.items():
            button.setChecked(tab is shown)
            button.setStyleSheet(tab_style(self._theme, tab.tint(self._theme), is_chosen=tab is shown))
