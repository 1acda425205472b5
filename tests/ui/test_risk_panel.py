"""The explain panel: each rule of the typed order or of a chosen one, and nothing while hidden."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kis_terminal.domain.orders import Order, OrderKind, Origin, Side
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.ui.ordering.checks import Checked
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.risk import RiskPanel, RiskSubject
from tests.support.desk import Desk
from tests.support.ports_in_memory import SAMSUNG, tick_of


@pytest.fixture
def form(desk: Desk, qtbot: Any) -> OrderEntryPanel:
    """Return a form with ten shares at the last price."""
    form = OrderEntryPanel(desk.workspace)
    qtbot.addWidget(form)
    form.resize(360, 420)
    form.show()
    desk.workspace.link.choose(SAMSUNG)
    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_600, 1))
    qtbot.waitUntil(lambda: desk.workspace.market_data.state(SAMSUNG).upper_limit is not None)
    form.form.set_price(Decimal(84_600))
    form.form.set_quantity(10)
    return form


@pytest.fixture
def panel(desk: Desk, form: OrderEntryPanel, qtbot: Any) -> RiskPanel:
    """Return the panel, shown beside the form."""
    panel = RiskPanel(desk.workspace, form.typed)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def cells(panel: RiskPanel, code: str, *columns: str) -> list[str]:
    return [panel.grid.cell_text(code, column) for column in columns]


def test_every_rule_has_a_row_with_input_limit_and_verdict(panel: RiskPanel, form: OrderEntryPanel) -> None:
    checked = form.typed()

    assert checked is not None
    codes = [check.code for check in checked[1].checks]
    assert len(codes) == len(set(codes)) == len(panel.grid.keys)
    assert cells(panel, "VALUE", "title", "verdict", "value", "limit") == [
        *("주문금액", "통과", "846,000원", "100,000,000원")
    ]
    assert cells(panel, "SESSION", "value") == ["지정가"]
    assert panel.about.text() == "삼성전자  매수 10주 @ 84,600  KRX"
    assert panel.summary.text() == f"통과 {len(codes)}"
    assert panel.sentence.isHidden()


def test_the_typed_order_is_followed_and_what_fails_comes_first_in_full(
    desk: Desk, panel: RiskPanel, form: OrderEntryPanel, qtbot: Any
) -> None:
    limits = RiskLimits(soft_order_value=Decimal(1_000_000))
    desk.workspace.risk_gate.take_limits(limits)
    form.form.set_quantity(12)

    qtbot.waitUntil(lambda: panel.grid.keys[0] == "LARGE")
    soft = cells(panel, "LARGE", "verdict", "sentence")
    desk.workspace.risk_gate.take_limits(replace(limits, max_quantity=11))
    qtbot.waitUntil(lambda: panel.grid.keys[0] == "QUANTITY")

    assert soft[0] == "확인 필요"
    assert panel.grid.keys[1] == "LARGE"
    assert cells(panel, "QUANTITY", "verdict") == ["거부"]
    assert "11" in panel.sentence.text()
    assert panel.sentence.text().startswith("주문수량: ")


def test_a_field_that_is_no_number_is_said(panel: RiskPanel, form: OrderEntryPanel, qtbot: Any) -> None:
    form.form.quantity_field.setText("1e3")

    qtbot.waitUntil(lambda: panel.grid.keys == [])

    assert "1e3" in panel.about.text()


def test_a_form_without_a_symbol_has_nothing_to_check(desk: Desk, qtbot: Any) -> None:
    form = OrderEntryPanel(desk.workspace)
    panel = RiskPanel(desk.workspace, form.typed)
    qtbot.addWidget(form)
    qtbot.addWidget(panel)

    panel.refresh()

    assert panel.about.text() == "주문창에 점검할 주문이 없습니다. 종목과 수량을 입력하십시오."


def test_a_chosen_order_is_explained_as_if_it_were_sent_now(desk: Desk, panel: RiskPanel, qtbot: Any) -> None:
    orders = desk.workspace.orders
    request = orders.new_request(
        SAMSUNG, Side.BUY, OrderKind.LIMIT, 200_000, Decimal(84_600), origin=Origin.ORDER_ENTRY
    )
    key = orders.submit_soon(request)
    qtbot.waitUntil(lambda: orders.get(key) is not None)

    desk.workspace.link.explain_wanted.emit(key)

    assert panel.subject_buttons[RiskSubject.CHOSEN].isChecked()
    assert panel.about.text().startswith("삼성전자  매수 200,000주 @ 84,600  KRX · 거부 — 지금 다시 낸다면")
    assert "그때 거부한 이유" in panel.about.text()
    assert cells(panel, "QUANTITY", "verdict") == ["거부"]


def test_a_working_order_does_not_stand_in_its_own_way(desk: Desk, panel: RiskPanel, qtbot: Any) -> None:
    list_panel = OrdersPanel(desk.workspace)
    qtbot.addWidget(list_panel)
    list_panel.show()
    orders = desk.workspace.orders
    request = orders.new_request(
        SAMSUNG, Side.SELL, OrderKind.LIMIT, 400, Decimal(84_600), origin=Origin.ORDER_ENTRY
    )
    key = orders.submit_soon(request)
    qtbot.waitUntil(lambda: key in list_panel.grid.keys)
    qtbot.waitUntil(lambda: order_of(desk, key).status.is_working)

    panel.choose_subject(RiskSubject.CHOSEN)
    list_panel.grid.chosen.emit(key)  # as a click on its row does

    assert cells(panel, "HOLDINGS", "verdict", "value") == ["통과", "400주"]


def order_of(desk: Desk, key: str) -> Order:
    order = desk.workspace.orders.get(key)
    assert order is not None
    return order


def test_a_hidden_panel_asks_nothing(desk: Desk, qtbot: Any) -> None:
    asked = []

    def typed() -> Checked | None:
        asked.append(None)
        raise WrongNumber("-")

    panel = RiskPanel(desk.workspace, typed)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: len(asked) > 1)
    panel.hide()
    seen = len(asked)
    qtbot.wait(600)

    assert len(asked) == seen


def test_the_limits_are_one_click_away(desk: Desk, panel: RiskPanel, qtbot: Any) -> None:
    with qtbot.waitSignal(desk.workspace.link.limits_wanted):
        panel.limits_button.click()
