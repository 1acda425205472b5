"""Fields to amend or cancel: which of the symbol's open orders, and its new price."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from kis_terminal.domain.instruments import InstrumentKind, move_ticks
from kis_terminal.domain.orders import Order
from kis_terminal.ui.formatting import number
from kis_terminal.ui.order_words import kind_word, side_word, status_word
from kis_terminal.ui.ordering.fields import Choice, Line, NumberField
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


def describe(order: Order) -> str:
    """Return an open order in a few words."""
    price = number(order.price) if order.price is not None else kind_word(order.kind)
    rest = tr("{quantity}주", quantity=f"{order.remaining:,}")
    mark = "" if order.status.is_working else f" · {status_word(order.status)}"
    return f"{side_word(order.side)} {rest} @ {price} · {order.order_number or '-'}{mark}"


class ChangeForm(QWidget):
    """Choose one open order. Signals: `changed()`, `submitted()`."""

    changed = Signal()
    submitted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.instrument_kind = InstrumentKind.STOCK
        self._orders: dict[str, Order] = {}
        self._symbol = ""
        self._is_lost = False
        """Whether the order that was chosen has gone and the user has not chosen another."""
        self.order_choice = Choice(theme, tr("미체결 주문"))
        self.price_field = NumberField(theme, tr("정정가격"))
        self._order_label, self._price_label = QLabel(tr("주문")), QLabel(tr("정정가격"))
        self.nothing = QLabel(tr("미체결 주문이 없습니다"))
        for label in (self._order_label, self._price_label, self.nothing):
            label.setStyleSheet(f"color: {theme.colours.muted.name()};")
            label.setFont(theme.font(theme.metrics.label))
        self._order_label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(theme.metrics.gutter - 2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._order_label, 0, 0)
        grid.addWidget(self.order_choice, 0, 1)
        grid.addWidget(self.nothing, 0, 1)
        grid.addWidget(self._price_label, 1, 0)
        grid.addWidget(self.price_field, 1, 1)
        self.cost_line = Line(theme, tr("주문금액과 비용"))
        grid.addWidget(self.cost_line, 2, 0, 1, 2)
        self.order_choice.currentIndexChanged.connect(self._order_chosen)
        self.price_field.textChanged.connect(self.changed)
        self.price_field.submitted.connect(self.submitted)
        self.price_field.stepped.connect(self._step_price)
        self.show_orders(())

    def set_amending(self, *, is_amending: bool) -> None:
        """Show the new price, or hide it where the order is cancelled."""
        self._price_label.setVisible(is_amending)
        self.cost_line.setVisible(is_amending)
        self.price_field.setVisible(is_amending)

    @property
    def order(self) -> Order | None:
        """Return the chosen order."""
        return self._orders.get(str(self.order_choice.currentData() or ""))

    def show_orders(self, orders: Sequence[Order]) -> None:
        """Offer these orders; the chosen one stays chosen, and what was typed stays.

        When the chosen one has gone nothing is chosen: a click that was meant for it must not meet another.
        """
        texts = [describe(order) for order in orders]
        keys = [order.key for order in orders]
        shown = [str(self.order_choice.itemData(i)) for i in range(self.order_choice.count())]
        self._orders = {order.key: order for order in orders}
        self.order_choice.setVisible(bool(orders))
        self.nothing.setVisible(not orders)
        if keys == shown:
            for place, text in enumerate(texts):
                if self.order_choice.itemText(place) != text:
                    self.order_choice.setItemText(place, text)
            return
        chosen = str(self.order_choice.currentData() or "")
        if chosen:
            self._is_lost = chosen not in keys and bool(orders) and orders[0].symbol == self._symbol
        if orders:
            self._symbol = orders[0].symbol
        else:
            self._is_lost = False
        place = keys.index(chosen) if chosen in keys else 0 if keys and not self._is_lost else -1
        self.order_choice.blockSignals(True)
        self.order_choice.clear()
        for key, text in zip(keys, texts, strict=True):
            self.order_choice.addItem(text, key)
        self.order_choice.setCurrentIndex(place)
        self.order_choice.blockSignals(False)
        if chosen not in keys:
            self._order_chosen()

    def choose(self, key: str) -> None:
        """Choose an order that is offered."""
        place = self.order_choice.findData(key)
        if place >= 0:
            self.order_choice.setCurrentIndex(place)
            self._order_chosen()

    def _order_chosen(self) -> None:
        order = self.order
        has_price = order is not None and order.price is not None
        self.price_field.set_value(
            int(order.price) if has_price and order is not None and order.price else None
        )
        self.changed.emit()

    def _step_price(self, steps: int) -> None:
        value = self.price_field.known_value()
        if value is not None:
            self.price_field.set_value(int(move_ticks(Decimal(value), steps, self.instrument_kind)))
