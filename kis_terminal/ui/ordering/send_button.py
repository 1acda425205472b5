"""The button that sends: what it says of the order, cut to its width, and how it is dressed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton, QWidget

from kis_terminal.domain.environment import Environment
from kis_terminal.ui.order_words import kind_word, side_word
from kis_terminal.ui.ordering.change_form import ChangeForm, describe
from kis_terminal.ui.ordering.dress import send_style
from kis_terminal.ui.ordering.new_order_form import NewOrderForm
from kis_terminal.ui.ordering.tabs import Tab
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_ENTER = "   (Enter)"
_MARGIN = 16
_NARROWEST = 40


class SendButton(QPushButton):
    """Say the whole order on the button; real money shows at its edge."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__("", parent)
        self._theme = theme = workspace.theme
        is_real = workspace.environment is Environment.REAL
        self._edge = theme.environment(workspace.environment) if is_real else None
        self.setFont(theme.bold(theme.metrics.entry))
        self.setMinimumWidth(1)

    def say(self, text: str, tint: QColor | None) -> None:
        """Show as much of `text` as there is room for; `tint` is the colour of the side, None without one."""
        room = max(_NARROWEST, self.width() - _MARGIN)
        shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        if shown != self.text():
            self.setText(shown)
            self.setAccessibleName(text)
        style = send_style(self._theme, tint, self._edge)
        if style != self.styleSheet():
            self.setStyleSheet(style)


def change_words(tab: Tab, form: ChangeForm) -> str:
    """Return what amending or cancelling the chosen order is called, or that none is chosen."""
    order = form.order
    if order is None:
        return tr("주문을 고르십시오") if form.order_choice.count() > 0 else tr("미체결 주문이 없습니다")
    new = form.price_field.text() if tab is Tab.AMEND else ""
    what = describe(order).split(" · ")[0] + (f" → {new}" if new else "")
    return f"{tab.word}  {what}{_ENTER}"


def order_words(tab: Tab, name: str, form: NewOrderForm) -> str:
    """Return what is typed: side, name, quantity and price; side and name alone while it is not whole."""
    quantity = form.quantity_field.known_value()
    price = form.price_field.text() if form.kind.needs_price else kind_word(form.kind)
    if quantity is None or not price:
        return f"{side_word(tab.side)}  {name}{_ENTER}"
    shares = tr("{quantity}주", quantity=f"{quantity:,}")
    return f"{side_word(tab.side)}  {name} {shares} @ {price}{_ENTER}"
