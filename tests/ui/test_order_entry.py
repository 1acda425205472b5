"""The order form: price, quantity, kind, what is refused before it leaves, what is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import OutcomeUnknown
from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import OrderKind, OrderStatus, Side, Venue
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.ui.ordering.tabs import Tab
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.workspace import OrderDraft
from tests.support.desk import Desk, DeskBuilder
from tests.support.entry_form import EntryForm
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import KODEX_200, NAVER, SAMSUNG, quote_of, tick_of

_PRESS = Qt.MouseButton.LeftButton
_SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_price_starts_at_the_last_price_and_the_button_says_the_order(form: EntryForm) -> None:
    form.fill("83700", "50")

    assert form.price.text() == "83,700"
    assert form.panel.send_button.text() == "매수  삼성전자 50주 @ 83,700   (Enter)"
    assert form.panel.form.cost_line.text == "주문금액 4,185,000   수수료 627"
    assert form.risk.startswith("위험 점검 28/28 통과   한도까지 95,815,000")
    assert "현재가 대비 -1.06%" in form.risk


def test_enter_sends_and_the_answer_is_told_until_the_order_is_filled(form: EntryForm, qtbot: Any) -> None:
    form.fill("84600", "50")

    form.enter()

    qtbot.waitUntil(lambda: form.result.startswith("접수 0000041207"))
    form.desk.broker.fill("0000041207", 20)
    qtbot.waitUntil(lambda: form.result == "일부체결: 매수 삼성전자 50주 중 20주 · 평균 84,600")
    form.desk.broker.fill("0000041207", 30)
    qtbot.waitUntil(lambda: form.result == "체결: 매수 삼성전자 50주 · 평균 84,600")
    request = form.desk.broker.placed[0]
    assert (request.side, request.kind, request.venue, request.quantity, request.price) == (
        Side.BUY,
        OrderKind.LIMIT,
        Venue.KRX,
        50,
        Decimal(84_600),
    )


def test_held_enter_sends_once(form: EntryForm, qtbot: Any) -> None:
    form.fill("84600", "1")

    form.enter()
    for _ in range(5):
        repeated = QKeyEvent(
            QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", True, 1
        )
        QApplication.sendEvent(form.quantity, repeated)

    qtbot.waitUntil(lambda: form.result.startswith("접수"))
    assert len(form.desk.broker.placed) == 1


def test_button_sends_by_mouse_and_by_key_once_each(form: EntryForm, qtbot: Any) -> None:
    form.fill("84600", "1")
    qtbot.mouseClick(form.panel.send_button, _PRESS)
    qtbot.waitUntil(lambda: form.result.startswith("접수"))
    form.desk.clock.advance(1)

    form.panel.send_button.setFocus()
    qtbot.keyClick(form.panel.send_button, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: len(form.desk.broker.placed) == 2)
    form.settle()
    assert len(form.orders) == 2


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "NaN", "inf", "1e3", "７０", "1000000000000", "1,5"])
@pytest.mark.parametrize("which", ["price", "quantity"])
def test_what_is_no_number_is_refused_in_words_and_nothing_is_sent(
    form: EntryForm, which: str, text: str
) -> None:
    form.fill("84600", "1")
    field = form.price if which == "price" else form.quantity
    field.setFocus()
    field.clear()
    field.insert(text)
    form.settle()

    form.enter(field)

    name = "가격" if which == "price" else "수량"
    assert form.result.startswith(f"보내지 않았습니다: {name}")
    assert form.risk.startswith(name)
    assert form.risk in form.result
    assert form.orders == []


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("84650", "호가단위 100원"),
        ("1000000", "상한"),
        ("58000", "하한"),
    ],
)
def test_price_that_cannot_be_is_said_at_once_and_not_sent(form: EntryForm, price: str, words: str) -> None:
    form.fill(price, "1")

    assert words in form.risk
    assert form.panel.risk_line.colour == form.desk.workspace.theme.colours.danger
    form.enter()
    assert words in form.result
    assert form.orders == []


def test_order_above_the_limit_or_the_cash_is_refused(form: EntryForm) -> None:
    form.desk.workspace.risk_gate.limits = RiskLimits(max_order_value=Decimal(30_000_000))
    form.fill("84600", "400")
    assert "한도" in form.risk

    form.fill("84600", "100001")

    assert "100,000주" in form.risk
    form.enter()
    assert form.orders == []


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_soft_limit_is_asked_about_and_yields_to_the_person(form: EntryForm, is_wanted: bool) -> None:
    form.fill("84600", "400")
    assert "한 종목이 됩니다" in form.risk
    assert form.panel.risk_line.colour == form.desk.workspace.theme.colours.warn

    form.enter()
    assert form.panel.sheet.is_open
    assert form.desk.broker.placed == []
    button = form.panel.sheet.confirm_button if is_wanted else form.panel.sheet.leave_button
    form.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    form.qtbot.wait(50)

    assert [request.quantity for request in form.desk.broker.placed] == ([400] if is_wanted else [])


def test_arrows_step_ticks_across_a_band_and_shift_takes_ten(desk: Desk, qtbot: Any) -> None:
    desk.broker.quotes[SAMSUNG] = quote_of(SAMSUNG, 50_000, 50_000)
    form = EntryForm(desk, qtbot)

    qtbot.keyClick(form.price, Qt.Key.Key_Down)
    assert form.price.text() == "49,950"
    qtbot.keyClick(form.price, Qt.Key.Key_Up)
    qtbot.keyClick(form.price, Qt.Key.Key_Up)
    assert form.price.text() == "50,100"
    qtbot.keyClick(form.price, Qt.Key.Key_Down, _SHIFT)
    assert form.price.text() == "49,550"
    form.panel.hide()


def test_funds_step_by_five_won(desk: Desk, qtbot: Any) -> None:
    form = EntryForm(desk, qtbot, KODEX_200)

    qtbot.keyClick(form.price, Qt.Key.Key_Up)

    assert form.price.text() == "45,820"
    form.panel.hide()


def test_arrows_in_quantity_go_through_presets(form: EntryForm, qtbot: Any) -> None:
    form.type(form.quantity, "10")
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(form.quantity, key)
    assert form.quantity.text() == "20"

    qtbot.keyClick(form.quantity, Qt.Key.Key_Up, _SHIFT)

    assert form.quantity.text() == "21"


def test_typing_groups_thousands_and_keeps_the_caret(form: EntryForm, qtbot: Any) -> None:
    form.type(form.price, "123456")
    assert form.price.text() == "123,456"
    form.price.setCursorPosition(1)

    qtbot.keyClicks(form.price, "9")

    assert form.price.text() == "1,923,456"
    assert form.price.cursorPosition() == 3


def test_percent_of_buying_power_leaves_room_for_the_commission(form: EntryForm, qtbot: Any) -> None:
    form.type(form.price, "84600")

    qtbot.mouseClick(form.panel.form.percent_buttons[0], _PRESS)

    cash = Decimal(35_192_350)
    assert form.quantity.value() == 41
    assert 42 * 84_600 * Decimal("1.00015") > cash / 10 >= 41 * 84_600 * Decimal("1.00015")


def test_percent_for_a_market_buy_values_at_the_upper_limit(form: EntryForm, qtbot: Any) -> None:
    form.choose_kind(OrderKind.MARKET)

    qtbot.mouseClick(form.panel.form.percent_buttons[1], _PRESS)

    assert form.quantity.value() == int(Decimal(35_192_350) / 4 / (107_700 * Decimal("1.00015")))
    form.settle()
    assert "상한가 기준" in form.panel.form.cost_line.text


def test_percent_of_a_sale_is_of_the_sellable_shares(form: EntryForm, qtbot: Any) -> None:
    form.panel.show_sell()
    qtbot.mouseClick(form.panel.form.percent_buttons[2], _PRESS)
    form.settle()

    assert form.quantity.value() == 200
    assert "세금" in form.panel.form.cost_line.text
    assert form.panel.send_button.text().startswith("매도  삼성전자 200주")


def test_percent_that_buys_no_share_says_so(form: EntryForm, qtbot: Any) -> None:
    form.desk.workspace.portfolio.cash_d2 = Decimal(100_000)
    form.type(form.price, "84600")
    before = form.quantity.text()

    qtbot.mouseClick(form.panel.form.percent_buttons[0], _PRESS)

    assert "1주가 되지 않습니다" in form.result
    assert form.quantity.text() == before


def test_sale_of_more_than_is_held_is_refused(form: EntryForm) -> None:
    form.panel.show_sell()
    form.desk.broker.hold_shares(SAMSUNG, "삼성전자", 20, 81_250)
    form.desk.workspace.portfolio.refresh_soon()
    form.qtbot.waitUntil(lambda: form.desk.workspace.portfolio.sellable(SAMSUNG) == 20)
    form.fill("84600", "21")

    assert "매도가능수량 20주" in form.risk
    form.enter()
    assert form.orders == []


def test_market_order_has_no_price(form: EntryForm, qtbot: Any) -> None:
    form.choose_kind(OrderKind.MARKET)
    form.type(form.quantity, "3")
    assert not form.price.isEnabled()
    assert "@ 시장가" in form.panel.send_button.text()

    form.enter()

    qtbot.waitUntil(lambda: form.result.startswith("접수"))
    assert form.desk.broker.placed[0].price is None
    assert form.desk.broker.placed[0].kind is OrderKind.MARKET


def test_stop_limit_asks_for_its_condition_price(form: EntryForm, qtbot: Any) -> None:
    form.choose_kind(OrderKind.STOP_LIMIT)
    form.fill("84700", "3")
    assert form.panel.form.condition_field.isVisible()
    assert form.risk == "조건가 칸이 비어 있습니다."

    form.type(form.panel.form.condition_field, "84600")
    form.enter()

    qtbot.waitUntil(lambda: form.result.startswith("접수"))
    assert form.desk.broker.placed[0].condition_price == 84_600


def test_kinds_are_those_of_venue_and_phase(form: EntryForm, qtbot: Any) -> None:
    assert form.panel.form.kinds()[:2] == (OrderKind.LIMIT, OrderKind.MARKET)
    assert OrderKind.STOP_LIMIT in form.panel.form.kinds()

    form.panel.form.choose_venue(Venue.SOR)
    form.settle()
    assert OrderKind.STOP_LIMIT not in form.panel.form.kinds()

    form.panel.form.choose_venue(Venue.KRX)
    quote = form.desk.broker.quotes[SAMSUNG]
    form.desk.feed.send_ticks(tick_of(quote, 84_600, 1, seconds=15 * 3600 + 25 * 60))
    qtbot.waitUntil(lambda: form.panel.form.kinds() == (OrderKind.LIMIT, OrderKind.MARKET))


def test_paper_trading_knows_krx_only(desk_of: DeskBuilder, qtbot: Any) -> None:
    form = EntryForm(desk_of(Environment.PAPER), qtbot)

    choice = form.panel.form.venue_choice
    assert [choice.itemText(i) for i in range(choice.count())] == ["KRX"]
    form.panel.hide()


def test_refusal_of_the_broker_is_told_in_its_words(form: EntryForm, qtbot: Any) -> None:
    form.desk.broker.refuse = "모의투자 주문이 불가한 종목입니다."
    form.fill("84600", "1")

    form.enter()

    qtbot.waitUntil(lambda: form.result == "거부: 모의투자 주문이 불가한 종목입니다.")


def test_lost_answer_is_shown_as_being_checked_and_blocks_a_second_send(
    form: EntryForm, qtbot: Any, expect_log: ExpectLog
) -> None:
    expect_log("응답이 없습니다")
    form.desk.broker.fail = OutcomeUnknown("응답이 없습니다")
    # The broker took the order, but its list does not show it: nobody knows yet.
    form.desk.workspace.orders.tell_when_listing_is_wanted(lambda: None)
    form.fill("84600", "1")

    form.enter()
    qtbot.waitUntil(lambda: form.result.startswith("확인 중: 매수 삼성전자 1주"))
    form.type(form.quantity, "2")
    form.enter()

    assert "확인되지 않았습니다" in form.result
    assert len(form.desk.broker.placed) == 1
    assert [order.status for order in form.orders] == [OrderStatus.UNKNOWN]


def test_sending_is_told_while_the_broker_is_silent(form: EntryForm, qtbot: Any) -> None:
    form.desk.broker.hold = asyncio.Event()
    form.fill("84600", "7")

    form.enter()

    qtbot.waitUntil(lambda: form.result == "보내는 중: 매수 삼성전자 7주")
    form.desk.broker.hold.set()
    qtbot.waitUntil(lambda: form.result.startswith("접수"))


def test_halt_refuses_in_words(form: EntryForm) -> None:
    form.desk.workspace.risk_gate.halt()
    form.fill("84600", "1")

    form.enter()

    assert "잠겨" in form.risk
    assert "잠겨" in form.result
    assert form.orders == []


def test_the_button_is_dim_while_everything_is_locked(form: EntryForm, qtbot: Any) -> None:
    gate = form.desk.workspace.risk_gate
    assert form.panel.send_button.isEnabled()

    gate.halt()
    qtbot.waitUntil(lambda: not form.panel.send_button.isEnabled())
    gate.release()

    qtbot.waitUntil(form.panel.send_button.isEnabled)


def test_draft_fills_price_and_side_and_turns_market_into_limit(form: EntryForm) -> None:
    form.choose_kind(OrderKind.MARKET)

    form.desk.workspace.link.order_wanted.emit(OrderDraft(SAMSUNG, Side.SELL, Decimal(84_900), 5))
    form.settle()

    assert form.panel.tab is Tab.SELL
    assert form.panel.form.kind is OrderKind.LIMIT
    assert (form.price.text(), form.quantity.text()) == ("84,900", "5")
    assert form.orders == []


def test_draft_of_another_symbol_moves_every_panel_there(form: EntryForm) -> None:
    form.desk.workspace.link.order_wanted.emit(OrderDraft(NAVER, Side.BUY, Decimal(213_500)))
    form.settle()

    assert form.desk.workspace.link.symbol == NAVER
    assert form.price.text() == "213,500"
    assert "NAVER" in form.panel.send_button.text()


def test_hidden_form_is_filled_too_and_keeps_it(form: EntryForm) -> None:
    form.panel.hide()
    form.desk.workspace.link.order_wanted.emit(OrderDraft(NAVER, Side.BUY, Decimal(213_500), 3))

    form.panel.show()
    form.settle()

    assert (form.price.text(), form.quantity.text()) == ("213,500", "3")


def test_symbol_change_takes_the_new_last_price_but_never_a_typed_one(form: EntryForm, qtbot: Any) -> None:
    form.type(form.price, "84000")

    form.desk.workspace.link.choose(NAVER)
    qtbot.waitUntil(lambda: form.price.text() == "214,000")
    form.type(form.price, "213500")
    quote = form.desk.broker.quotes[NAVER]
    form.desk.feed.send_ticks(tick_of(quote, 215_000, 1))
    form.settle()

    assert form.price.text() == "213,500"


def test_price_field_stays_empty_while_the_user_empties_it(form: EntryForm) -> None:
    form.type(form.price, "")

    form.desk.feed.send_ticks(tick_of(form.desk.broker.quotes[SAMSUNG], 84_700, 1))
    form.settle()

    assert form.price.text() == ""


def test_escape_clears_the_form(form: EntryForm, qtbot: Any) -> None:
    form.fill("84600", "5")

    qtbot.keyClick(form.price, Qt.Key.Key_Escape)

    assert (form.price.text(), form.quantity.text()) == ("", "")


@pytest.mark.parametrize(("symbol", "is_halted"), [("0126Z0", False), ("00680K", True)])
def test_symbols_with_letters_trade_and_halted_ones_do_not(
    desk: Desk, qtbot: Any, symbol: str, is_halted: bool
) -> None:
    desk.broker.quotes[symbol] = replace(quote_of(symbol, 50_000, 50_000), is_halted=is_halted)
    desk.workspace.instruments.take([Instrument(symbol, "이름", Market.KOSPI, is_halted=is_halted)])
    form = EntryForm(desk, qtbot, symbol)
    form.fill("50000", "1")
    assert ("거래정지" in form.risk) is is_halted

    form.enter()
    qtbot.waitUntil(lambda: form.result.startswith("보내지 않았습니다" if is_halted else "접수"))

    assert [item.symbol for item in desk.broker.placed] == ([] if is_halted else [symbol])
    form.panel.hide()


def test_nothing_is_sent_without_a_symbol(desk: Desk, qtbot: Any) -> None:
    panel = OrderEntryPanel(desk.workspace)
    qtbot.addWidget(panel)
    panel.show()

    panel.send()

    assert panel.result_line.text == "보내지 않았습니다: 종목을 먼저 선택하십시오."
    panel.hide()


def test_hidden_form_holds_no_stream(form: EntryForm) -> None:
    assert len(form.desk.feed.wanted) == 1

    form.panel.hide()

    assert form.desk.feed.wanted == set()
    assert len(form.desk.workspace.orders.changed) == 0


def test_inputs_and_buttons_have_names(form: EntryForm) -> None:
    panel = form.panel
    named = [
        panel.form.kind_choice,
        panel.form.venue_choice,
        panel.form.price_field,
        panel.form.condition_field,
        panel.form.quantity_field,
        panel.change_form.order_choice,
        panel.change_form.price_field,
        panel.send_button,
        panel.sheet.leave_button,
        *panel.form.percent_buttons,
        *panel.tabs.buttons.values(),
    ]

    assert all(widget.accessibleName() for widget in named)
