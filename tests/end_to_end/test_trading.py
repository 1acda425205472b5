"""Watch, choose, buy, rest, amend, cancel, panic: by keys and mouse in the window, judged by the exchange."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from kis_terminal.domain.instruments import move_ticks
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side, Venue
from kis_terminal.services.panic import PanicOutcome
from kis_terminal.ui.ladder.geometry import Column
from kis_terminal.ui.ordering.tabs import Tab
from tests.end_to_end.conftest import OpenTerminal
from tests.end_to_end.person import CTRL, SHIFT, Person, Witness

# What the platform without a screen says when windows and sheets come up.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

SAMSUNG, SK_HYNIX, NAVER, THIN = "005930", "000660", "035420", "253450"
FUND = "069500"
"""A fund: NXT does not trade it."""


def far_price(person: Person) -> Decimal:
    """Return the lowest price on the ladder: it rests, and its row can be clicked."""
    prices = [row.price for row in person.ladder.shown if row.price is not None]
    return prices[-1]


def has_ladder(person: Person) -> bool:
    """Tell whether the linked symbol's book is painted and its limits are known."""
    book = person.state.book
    return (
        person.state.upper_limit is not None
        and book is not None
        and any(row.price == book.bids[0].price for row in person.ladder.shown)
    )


def rest_far_order(person: Person, quantity: str = "7") -> Decimal:
    """Click the ladder, type the quantity, Enter; return the price at which the order rests."""
    price = far_price(person)
    person.click_ladder(price, Column.BUY)
    person.form.form.quantity_field.setFocus()
    person.retype(quantity)
    person.send()
    person.until(lambda: person.row(person.order).get("status") == "접수")
    person.until(lambda: (chip := person.chip(price)) is not None and not chip.is_pending)
    return price


def kinds(person: Person) -> list[str]:
    return [entry["kind"] for entry in person.ledger()]


def test_prices_move_in_the_watchlist_and_the_ladder(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    grid = person.watchlist.grid

    def seen() -> list[tuple[str, str]]:
        return [(grid.cell_text(key, "price"), grid.cell_text(key, "volume")) for key in grid.keys]

    person.until(lambda: all(price.replace(",", "").isdecimal() for price, _ in seen()))
    before, ladder = seen(), person.ladder.shown
    person.until(lambda: sum(a != b for a, b in zip(before, seen(), strict=True)) >= 3)
    person.until(lambda: person.ladder.shown != ladder)

    assert len(before) >= 15
    person.until(lambda: {grid.cell_text(key, "fresh") for key in grid.keys} == {"실시간"})


def test_a_symbol_chosen_by_leading_consonants_is_followed_by_all_panels(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    person.choose("NAVER")
    person.until(lambda: person.terminal.workspace.link.symbol == NAVER)

    person.choose("ㅅㅅㅈㅈ")

    person.until(lambda: person.book.title_label.text() == "호가  삼성전자")
    person.until(lambda: "삼성전자" in person.chart.title_label.text() and person.shows_chart)
    person.until(lambda: "매수  삼성전자" in person.form.send_button.text())
    assert person.watchlist.grid.current == SAMSUNG
    assert person.window.toolbar.headline.pieces[0].text == "삼성전자"
    assert person.form.form.price() is not None
    person.until(lambda: any(row.price == person.state.price for row in person.ladder.shown))


def test_a_market_buy_by_keys_fills_and_shows_everywhere(
    open_terminal: OpenTerminal, record_property: pytest.RecordProperty
) -> None:
    person = open_terminal()
    person.choose("ㅅㅅㅈㅈ")
    cash = person.terminal.portfolio.cash_d2
    witness = Witness(person)

    person.key(Qt.Key.Key_F1)
    person.choose_market_order()
    person.form.form.quantity_field.setFocus()
    person.retype("10")
    person.settle()
    assert person.form.send_button.text().startswith("매수  삼성전자 10주 @ 시장가")
    person.send()
    person.until(lambda: person.row(person.order).get("status") == "체결")
    person.until(lambda: person.holding(SAMSUNG) == "10")
    person.until(lambda: person.shows_chart)
    person.until(lambda: sum(mark.quantity for mark in person.plot.price_pane.fills._marks) == 10)
    person.until(lambda: person.form.result_line.text.startswith("체결: 매수 삼성전자 10주"))
    witness.finish()

    entries = person.ledger()
    assert next(entry["kind"] for entry in entries) == "accepted"
    assert sum(entry["quantity"] for entry in entries if entry["kind"] == "filled") == 10
    spent = sum(
        entry["price"] * entry["quantity"] + entry["fee"] for entry in entries if entry["kind"] == "filled"
    )
    assert cash is not None
    person.until(lambda: person.terminal.portfolio.cash_d2 == cash - spent)
    person.until(lambda: f"D+2 {cash - spent:,}" in person.positions.cash_label.text())
    assert person.row(person.order)["filled"] == "10"
    # The flush that follows a change shows it: list and holdings never lag behind what is known.
    assert witness.sights[-1].order.filled == 10
    for sight in witness.sights:
        assert sight.row["filled"] == f"{sight.order.filled:,}"
        assert sight.holding == (f"{sight.order.filled:,}" if sight.order.filled else "")
    record_property("slowest_change_to_panel_ms", round(witness.slowest * 1000, 1))
    print(f"change to panel: slowest {witness.slowest * 1000:.1f} ms of {len(witness.sights)}")


def test_a_ladder_click_fills_the_form_and_enter_rests_the_order(open_terminal: OpenTerminal) -> None:
    person = open_terminal()

    price = rest_far_order(person)

    row = person.row(person.order)
    assert (row["name"], row["side"], row["status"], row["price"]) == (
        "삼성전자",
        "매수",
        "접수",
        f"{price:,}",
    )
    chip = person.chip(price)
    assert chip is not None
    assert (chip.side, chip.text) == (Side.BUY, "7")
    person.until(lambda: person.shows_chart)
    person.until(lambda: [mark.price for mark in person.plot.price_pane.orders._marks] == [float(price)])
    assert kinds(person) == ["accepted"]


def test_an_order_is_amended_on_the_amend_tab(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    price = rest_far_order(person)
    above = move_ticks(price, 2)

    person.click(person.form.tabs.buttons[Tab.AMEND])
    field = person.form.change_form.price_field
    field.setFocus()
    person.key(Qt.Key.Key_Up)
    person.key(Qt.Key.Key_Up)
    assert field.text() == f"{above:,}"
    person.key(Qt.Key.Key_Return)

    person.until(lambda: person.row(person.order).get("price") == f"{above:,}")
    person.until(lambda: person.chip(above) is not None and person.chip(price) is None)
    person.until(lambda: "amended" in kinds(person))
    assert len(person.terminal.orders.open_orders()) == 1


def test_an_order_is_cancelled_by_the_cross_of_its_chip(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    price = rest_far_order(person)

    def is_pressed() -> bool:
        chip = person.chip(price)
        if chip is not None and not chip.is_pending:
            person.click(person.ladder, person.ladder.cross_centre(chip))
        return person.order.status is not OrderStatus.ACCEPTED or chip is None

    person.until(is_pressed)

    person.until(lambda: person.row(person.order).get("status") == "취소")
    person.until(lambda: person.chip(price) is None)
    assert kinds(person) == ["accepted", "cancelled"]


def test_an_order_is_cancelled_by_delete_in_the_order_list(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    price = rest_far_order(person)

    person.click_row(person.orders.grid, person.order.key)
    person.key(Qt.Key.Key_Delete, on=person.orders.grid)

    person.until(lambda: person.row(person.order).get("status") == "취소")
    person.until(lambda: person.chip(price) is None)
    assert kinds(person) == ["accepted", "cancelled"]


def test_an_order_that_the_exchange_refuses_shows_its_reason(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    person.choose(FUND)
    person.until(lambda: has_ladder(person))
    person.key(Qt.Key.Key_F1)
    person.form.form.choose_venue(Venue.NXT)
    person.form.form.quantity_field.setFocus()

    person.send()

    person.until(lambda: person.order.status is OrderStatus.REJECTED)
    person.until(lambda: "KRX로 주문하십시오" in person.row(person.order).get("status", ""))
    assert person.row(person.order)["status"].startswith("거부")
    assert "KRX로 주문하십시오" in person.form.result_line.text
    assert kinds(person) == ["refused"]


def test_a_partial_fill_shows_before_the_order_is_done(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    person.choose(THIN)
    person.until(lambda: has_ladder(person))
    witness = Witness(person)
    ask, size = person.state.book.asks[0]
    wanted = size + 40

    person.key(Qt.Key.Key_F1)
    person.retype(str(ask))
    person.form.form.quantity_field.setFocus()
    person.retype(str(wanted))
    person.settle()
    person.send()

    person.until(lambda: any("일부체결" in sight.row.get("status", "") for sight in witness.sights))
    witness.finish()
    partly = next(sight for sight in witness.sights if "일부체결" in sight.row["status"])
    assert 0 < partly.order.filled < wanted
    assert partly.row["filled"] == f"{partly.order.filled:,}"
    assert partly.row["remaining"] == f"{wanted - partly.order.filled:,}"
    assert partly.holding == f"{partly.order.filled:,}"
    person.until(lambda: person.order.status is not OrderStatus.PARTLY_FILLED or person.chip(ask) is not None)


def test_panic_by_keys_cancels_everything_proves_it_and_locks_until_the_word(
    open_terminal: OpenTerminal,
) -> None:
    person = open_terminal()
    first = rest_far_order(person, "3")
    person.choose("NAVER")
    person.until(lambda: has_ladder(person))
    rest_far_order(person, "4")
    resting = {order.key for order in person.terminal.orders.open_orders()}
    assert len(resting) == 2

    person.key(Qt.Key.Key_X, CTRL | SHIFT, on=person.window)

    sheet = person.window.panic_sheet
    person.until(lambda: sheet.title_label.text() == "전체취소·정지 완료 — 열린 주문 없음")
    assert sheet.isVisible()
    assert set(sheet.grid.keys) == resting
    assert {sheet.grid.cell_text(key, "outcome") for key in sheet.grid.keys} == {"취소"}
    report = person.terminal.panic.report
    assert report is not None
    assert {line.outcome for line in report.lines} == {PanicOutcome.CANCELLED}
    assert kinds(person).count("cancelled") == 2
    assert "주문 잠김" in person.window.band.label.text()

    person.key(Qt.Key.Key_Escape, on=sheet)
    person.choose("ㅅㅅㅈㅈ")
    person.key(Qt.Key.Key_F1)
    person.retype(str(first))
    person.key(Qt.Key.Key_Return)
    person.until(lambda: "잠겨" in person.form.result_line.text)
    assert kinds(person).count("accepted") == 2

    person.click(person.window.band.lock_button)
    person.type("해")
    person.key(Qt.Key.Key_Return)
    assert person.terminal.risk_gate.is_halted
    person.type("제")
    person.key(Qt.Key.Key_Return)
    assert not person.terminal.risk_gate.is_halted
    assert not sheet.isVisible()
    person.until(lambda: "주문 가능" in person.window.band.label.text())
    rest_far_order(person, "5")
    assert kinds(person).count("accepted") == 3


def test_an_order_made_elsewhere_shows_and_panic_cancels_it_too(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    price = far_price(person)
    orders = person.terminal.orders
    request = orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 3, price, origin=Origin.ELSEWHERE)

    # The same account at the exchange, past this program's own list of orders: as from a telephone.
    person.run(person.terminal.broker.place(request))

    person.until(lambda: bool(orders.all()) and person.row(person.order).get("status") == "접수")
    assert person.row(person.order)["origin"] == "다른 프로그램"
    person.until(lambda: person.chip(price) is not None)
    person.click(person.window.toolbar.panic_button)
    person.until(lambda: person.row(person.order).get("status") == "취소")
    person.until(lambda: person.terminal.panic.report is not None and person.terminal.panic.report.is_proven)
    assert kinds(person) == ["accepted", "cancelled"]


def test_a_holding_that_is_clicked_is_followed(open_terminal: OpenTerminal) -> None:
    person = open_terminal(has_holdings=True)
    person.until(lambda: person.holding(SAMSUNG) == "400")

    person.click_row(person.positions.grid, NAVER)

    person.until(lambda: has_ladder(person) and person.book.title_label.text() == "호가  NAVER")
