"""The tabs that amend and cancel: the chosen order, and only that."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt

from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, Side
from kis_terminal.ui.ordering.tabs import Tab
from kis_terminal.ui.workspace import OrderDraft
from tests.support.entry_form import EntryForm
from tests.support.ports_in_memory import SAMSUNG


def place(form: EntryForm, qtbot: Any, price: int = 83_700, quantity: int = 50) -> Order:
    orders = form.desk.workspace.orders
    key = orders.submit_soon(
        orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.LADDER)
    )
    qtbot.waitUntil(lambda: (order := orders.get(key)) is not None and order.order_number != "")
    form.settle()
    order = orders.get(key)
    assert order is not None
    return order


def test_amend_tab_sends_the_new_price_of_the_chosen_order(form: EntryForm, qtbot: Any) -> None:
    order = place(form, qtbot)
    qtbot.mouseClick(form.panel.tabs.buttons[Tab.AMEND], Qt.MouseButton.LeftButton)
    field = form.panel.change_form.price_field
    assert field.text() == "83,700"

    form.type(field, "83800")
    assert "→ 83,800" in form.panel.send_button.text()
    assert "통과" in form.risk
    form.enter(field)

    qtbot.waitUntil(
        lambda: (now := form.desk.workspace.orders.get(order.key)) is not None and now.price == 83_800
    )
    qtbot.waitUntil(lambda: form.result.startswith("접수 0000041208"))


def test_amendment_off_tick_or_without_change_is_refused(form: EntryForm, qtbot: Any) -> None:
    place(form, qtbot)
    form.panel.choose_tab(Tab.AMEND)
    field = form.panel.change_form.price_field

    form.enter(field)
    assert "같습니다" in form.result
    form.type(field, "83750")
    form.enter(field)

    assert "호가단위" in form.result
    assert len(form.desk.broker.rows) == 1


def test_amendment_that_the_broker_refuses_is_told_and_the_order_stands(form: EntryForm, qtbot: Any) -> None:
    order = place(form, qtbot)
    form.desk.broker.refuse = "정정할 수 없는 주문입니다."
    form.panel.choose_tab(Tab.AMEND)
    form.type(form.panel.change_form.price_field, "83800")

    form.enter(form.panel.change_form.price_field)

    qtbot.waitUntil(lambda: form.result == "거부: 정정할 수 없는 주문입니다.")
    now = form.desk.workspace.orders.get(order.key)
    assert now is not None
    assert now.price == 83_700


def test_draft_that_amends_opens_the_amend_tab_with_that_order(form: EntryForm, qtbot: Any) -> None:
    place(form, qtbot, 83_600)
    second = place(form, qtbot, 83_700)

    form.desk.workspace.link.order_wanted.emit(
        OrderDraft(SAMSUNG, price=Decimal(83_900), amends_key=second.key)
    )
    form.settle()

    assert form.panel.tab is Tab.AMEND
    chosen = form.panel.change_form.order
    assert chosen is not None
    assert chosen.key == second.key
    assert form.panel.change_form.price_field.text() == "83,900"


def test_cancel_tab_cancels_the_chosen_order_without_asking(form: EntryForm, qtbot: Any) -> None:
    order = place(form, qtbot)
    qtbot.mouseClick(form.panel.tabs.buttons[Tab.CANCEL], Qt.MouseButton.LeftButton)
    form.settle()
    assert "0000041207" in form.panel.change_form.order_choice.currentText()

    qtbot.mouseClick(form.panel.send_button, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: form.result.startswith("취소: 매수 삼성전자 50주"))
    now = form.desk.workspace.orders.get(order.key)
    assert now is not None
    assert now.status is OrderStatus.CANCELLED
    qtbot.waitUntil(lambda: not form.panel.send_button.isEnabled())
    assert form.panel.change_form.nothing.isVisible()


def test_an_order_that_ends_under_the_pointer_is_not_replaced_by_another(form: EntryForm, qtbot: Any) -> None:
    first = place(form, qtbot, 83_600)
    second = place(form, qtbot, 83_700)
    form.panel.choose_tab(Tab.CANCEL)
    form.panel.change_form.choose(second.key)
    form.settle()

    form.desk.broker.fill(second.order_number, second.quantity)
    form.settle()
    qtbot.mouseClick(form.panel.send_button, Qt.MouseButton.LeftButton)
    form.settle()

    assert form.panel.change_form.order is None
    assert form.panel.send_button.text() == "주문을 고르십시오"
    assert [row.is_cancel for row in form.desk.broker.rows.values()] == [False, False]
    form.panel.change_form.choose(first.key)
    form.settle()
    assert form.panel.send_button.isEnabled()
