"""The order form as a person uses it, and the fixture that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt

from kis_terminal.domain.orders import Order, OrderKind
from kis_terminal.ui.ordering.fields import NumberField
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from tests.support.desk import Desk
from tests.support.ports_in_memory import SAMSUNG


class EntryForm:
    """What a person does with the panel and sees of it."""

    def __init__(self, desk: Desk, qtbot: Any, symbol: str = SAMSUNG) -> None:
        self.desk = desk
        self.qtbot = qtbot
        self.panel = OrderEntryPanel(desk.workspace)
        qtbot.addWidget(self.panel)
        self.panel.resize(475, 270)
        self.panel.show()
        desk.workspace.link.choose(symbol)
        qtbot.waitUntil(lambda: self.price.text() != "")
        self.settle()

    @property
    def price(self) -> NumberField:
        return self.panel.form.price_field

    @property
    def quantity(self) -> NumberField:
        return self.panel.form.quantity_field

    @property
    def risk(self) -> str:
        return self.panel.risk_line.text

    @property
    def result(self) -> str:
        return self.panel.result_line.text

    @property
    def orders(self) -> list[Order]:
        return self.desk.workspace.orders.all()

    def settle(self) -> None:
        """Wait until the frame that was asked for has been drawn."""
        drawn: list[bool] = []
        self.desk.workspace.frame_clock.request(lambda: drawn.append(True))
        self.qtbot.waitUntil(lambda: bool(drawn))

    def type(self, field: NumberField, text: str) -> None:
        field.setFocus()
        field.selectAll()
        if text:
            self.qtbot.keyClicks(field, text)
        else:
            self.qtbot.keyClick(field, Qt.Key.Key_Delete)
        self.settle()

    def enter(self, field: NumberField | None = None) -> None:
        self.qtbot.keyClick(field or self.quantity, Qt.Key.Key_Return)

    def fill(self, price: str, quantity: str) -> None:
        self.type(self.price, price)
        self.type(self.quantity, quantity)

    def choose_kind(self, kind: OrderKind) -> None:
        self.panel.form.choose_kind(kind)
        self.settle()


@pytest.fixture
def form(desk: Desk, qtbot: Any) -> Iterator[EntryForm]:
    made = EntryForm(desk, qtbot)
    yield made
    made.panel.hide()
