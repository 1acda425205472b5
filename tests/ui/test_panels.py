"""Watchlist, positions, orders and log over real services."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from kis_terminal.domain.errors import OutcomeUnknown
from kis_terminal.domain.market import Freshness
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.log import LogBuffer
from kis_terminal.services.market_data import LinkState, Rank, Stream
from kis_terminal.ui.csv_file import as_csv, write_csv
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.orders import OrdersPanel, OrderTab
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from kis_terminal.ui.workspace import OrderDraft
from tests.support.desk import Desk, DeskBuilder
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import KODEX_200, NAVER, SAMSUNG, tick_of

GROUP = '{"단타": ["005930", "035420", "069500"], "둘째": ["035420"]}'


@pytest.fixture
def market(desk_of: DeskBuilder, qtbot: Any) -> Desk:
    """Return a desk with two groups of watched symbols."""
    desk = desk_of(texts={"watchlists": GROUP})
    desk.feed.listener.on_link(LinkState.CONNECTED, "")
    data = desk.workspace.market_data
    for symbol in (SAMSUNG, NAVER, KODEX_200):
        desk.workspace.scope.spawn(data.refresh_quote(symbol), name="quote")
    qtbot.waitUntil(lambda: data.state(KODEX_200).price is not None)
    return desk


def shown(qtbot: Any, panel: Panel, width: int = 900) -> None:
    qtbot.addWidget(panel)
    panel.resize(width, 400)
    panel.show()
    qtbot.waitExposed(panel)


def order(desk: Desk, symbol: str, side: Side, quantity: int, price: int | None) -> str:
    orders = desk.workspace.orders
    kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
    return orders.submit_soon(
        orders.new_request(
            symbol,
            side,
            kind,
            quantity,
            None if price is None else Decimal(price),
            origin=Origin.ORDER_ENTRY,
        )
    )


# -- 관심종목 ---


def test_watchlist_watches_its_group_while_visible_only(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    assert market.feed.wanted == set()

    shown(qtbot, panel)
    watched = set(market.feed.wanted)
    panel.hide()

    assert watched == {(Stream.TICKS, symbol) for symbol in (SAMSUNG, NAVER, KODEX_200)}
    assert market.feed.wanted == set()


def test_a_print_shows_in_its_row(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)
    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "price") == "84,600")

    market.feed.send_ticks(tick_of(market.broker.quotes[SAMSUNG], 84_700, 10))

    assert panel.grid.cell_text(SAMSUNG, "price") == "84,700"
    assert panel.grid.cell_text(SAMSUNG, "rate") == "+2.17%"
    assert panel.grid.cell_text(SAMSUNG, "fresh") == "실시간"


def test_another_group_keeps_the_stream_of_what_both_hold(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    market.workspace.watchlists.choose("둘째")

    assert panel.grid.keys == [NAVER]
    assert market.feed.wanted == {(Stream.TICKS, NAVER)}


def test_choosing_a_row_links_its_symbol(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    qtbot.mouseClick(
        panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=panel.grid.row_rect(NAVER).center()
    )

    assert market.workspace.link.symbol == NAVER


def test_the_linked_symbol_of_another_panel_is_selected(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    market.workspace.link.choose(KODEX_200)

    assert panel.grid.current == KODEX_200


def test_add_by_typing_and_remove_by_delete(market: Desk, qtbot: Any) -> None:
    market.workspace.watchlists.choose("둘째")
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    qtbot.mouseClick(panel.add_button, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(panel.adding, "0059")
    qtbot.keyClick(panel.adding, Qt.Key.Key_Return)
    added = panel.grid.keys
    panel.grid.select(NAVER)
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)

    assert added == [NAVER, SAMSUNG]
    assert panel.grid.keys == [SAMSUNG]
    assert market.feed.wanted == {(Stream.TICKS, SAMSUNG)}


def test_a_new_group_is_made_in_place(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    panel._ask_new_group()
    qtbot.keyClicks(panel.naming, "swing")
    qtbot.keyClick(panel.naming, Qt.Key.Key_Return)

    assert market.workspace.watchlists.current == "swing"
    assert panel.grid.keys == []


def test_a_broken_connection_says_how_old_each_price_is(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)
    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "price") == "84,600")
    market.feed.send_ticks(tick_of(market.broker.quotes[SAMSUNG], 84_700, 10))

    market.feed.listener.on_link(LinkState.WAITING, "연결이 끊겼습니다")
    market.clock.advance(12)

    assert market.workspace.market_data.state(SAMSUNG).freshness is Freshness.LIVE
    assert panel.grid.cell_text(SAMSUNG, "fresh") == "12초 전"
    assert panel.grid.cell_text(SAMSUNG, "spark") == "12초"  # where the table has no room for the column


def test_a_price_without_a_place_on_the_stream_is_marked_as_polled(market: Desk, qtbot: Any) -> None:
    data = market.workspace.market_data
    chosen = [data.watch(f"{number:06}", Stream.STATUS, rank=Rank.CHOSEN) for number in range(40)]
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)

    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "fresh").startswith("조회 "))
    assert panel.grid.cell_text(SAMSUNG, "fresh") == "조회 0초"
    assert panel.grid.cell_text(SAMSUNG, "spark") == "조회 0초"
    market.clock.advance(1_000)

    assert panel.grid.cell_text(SAMSUNG, "fresh") == "오래됨"
    for watch in chosen:
        watch.close()
    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "fresh") == "실시간")
    assert panel.grid.cell_text(SAMSUNG, "spark") == ""


def test_rows_that_are_scrolled_away_want_the_stream_less(market: Desk, qtbot: Any) -> None:
    panel = WatchlistPanel(market.workspace)
    shown(qtbot, panel)
    panel.resize(panel.width(), 10)
    ranks = market.workspace.market_data.wanted.rank
    assert ranks((Stream.TICKS, KODEX_200)) is Rank.VISIBLE

    qtbot.waitUntil(lambda: ranks((Stream.TICKS, KODEX_200)) is Rank.REST, timeout=3_000)
    panel.resize(panel.width(), 600)

    qtbot.waitUntil(lambda: ranks((Stream.TICKS, KODEX_200)) is Rank.VISIBLE, timeout=3_000)


# -- 잔고 ---


def test_positions_follow_the_price_and_value_after_costs(market: Desk, qtbot: Any) -> None:
    panel = PositionsPanel(market.workspace)
    shown(qtbot, panel)
    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "profit") == "+1,340,000")

    market.feed.send_ticks(tick_of(market.broker.quotes[SAMSUNG], 81_000, 10))

    qtbot.waitUntil(lambda: panel.grid.cell_text(SAMSUNG, "profit") == "-100,000")
    assert panel.grid.cell_text(SAMSUNG, "rate") == "-0.31%"
    # 0.015 % of 32,500,000 and of 32,400,000, and 0.2 % tax of the sale
    assert panel.grid.cell_text(SAMSUNG, "net") == "-174,535"
    assert "D+2 35,192,350" in panel.cash_label.text()


def test_a_fill_shows_in_positions_and_cash_at_once(market: Desk, qtbot: Any) -> None:
    panel = PositionsPanel(market.workspace)
    shown(qtbot, panel)
    order(market, NAVER, Side.BUY, 10, 214_000)
    qtbot.waitUntil(lambda: len(market.broker.rows) == 1)

    market.broker.fill(next(iter(market.broker.rows)), 10)

    qtbot.waitUntil(lambda: panel.grid.keys == [SAMSUNG, NAVER])
    assert panel.grid.cell_text(NAVER, "quantity") == "10"


def test_market_sale_asks_first_and_esc_sends_nothing(market: Desk, qtbot: Any) -> None:
    panel = PositionsPanel(market.workspace)
    shown(qtbot, panel)

    panel.ask_market_sale(SAMSUNG)
    question = panel.confirm.question.text()
    qtbot.keyClick(panel.confirm, Qt.Key.Key_Escape)

    assert question == "삼성전자 400주를 시장가로 매도합니다."
    assert not panel.confirm.isVisible()
    assert market.broker.placed == []


def test_market_sale_confirmed_sells_everything_sellable(market: Desk, qtbot: Any) -> None:
    panel = PositionsPanel(market.workspace)
    shown(qtbot, panel)
    # Within the default limit of one order's amount.
    market.broker.hold_shares(SAMSUNG, "삼성전자", 100, 81_250)
    market.workspace.portfolio.refresh_soon()
    qtbot.waitUntil(lambda: market.workspace.portfolio.sellable(SAMSUNG) == 100)

    panel.ask_market_sale(SAMSUNG)
    qtbot.keyClick(panel.confirm, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: len(market.broker.placed) == 1)
    sent = market.broker.placed[0]
    assert (sent.symbol, sent.side, sent.kind, sent.quantity) == (SAMSUNG, Side.SELL, OrderKind.MARKET, 100)


def test_double_click_puts_a_sale_into_the_order_form(market: Desk, qtbot: Any) -> None:
    panel = PositionsPanel(market.workspace)
    shown(qtbot, panel)
    qtbot.waitUntil(lambda: panel.grid.keys == [SAMSUNG])

    with qtbot.waitSignal(market.workspace.link.order_wanted) as wanted:
        panel.grid.activated.emit(SAMSUNG)

    assert wanted.args == [OrderDraft(SAMSUNG, Side.SELL, None, 400)]


# -- 주문내역 ---


def test_an_order_goes_from_working_to_filled(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    panel.show_tab(OrderTab.OPEN)

    key = order(market, SAMSUNG, Side.BUY, 50, 83_100)
    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "접수")
    number = panel.grid.cell_text(key, "number")
    market.broker.fill(number, 20)
    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "일부체결")
    remaining = panel.grid.cell_text(key, "remaining")
    market.broker.fill(number, 30)

    assert remaining == "30"
    qtbot.waitUntil(lambda: panel.grid.keys == [])
    assert panel.tab_buttons[OrderTab.FILLED].text() == "체결 1"
    panel.show_tab(OrderTab.FILLED)
    assert panel.grid.cell_text(key, "status") == "체결"


def test_the_tabs_of_the_order_list_answer_to_the_mouse(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    key = order(market, SAMSUNG, Side.BUY, 50, 83_100)
    qtbot.waitUntil(lambda: panel.grid.keys == [key])

    qtbot.mouseClick(panel.tab_buttons[OrderTab.FILLED], Qt.MouseButton.LeftButton)

    assert panel.grid.keys == []
    assert panel.tab_buttons[OrderTab.FILLED].isChecked()


def test_a_refusal_says_why(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    market.broker.refuse = "주문가능금액을 초과했습니다"

    key = order(market, SAMSUNG, Side.BUY, 5, 83_100)

    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "거부  주문가능금액을 초과했습니다")


def test_an_unknown_order_is_amber_and_claims_no_fill(
    market: Desk, qtbot: Any, expect_log: ExpectLog
) -> None:
    expect_log("order .*응답이 없습니다")
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)

    async def lost(request: object, **options: object) -> None:
        raise OutcomeUnknown("응답이 없습니다")

    market.broker.place = lost  # type: ignore[assignment,method-assign]
    key = order(market, SAMSUNG, Side.BUY, 5, 83_100)

    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "확인 중 (응답 없음)")
    assert panel.grid.cell_text(key, "filled") == "?"
    assert panel.columns.tint(panel.grid.row(key)) is not None


def test_delete_cancels_the_selected_order(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    key = order(market, SAMSUNG, Side.BUY, 50, 83_100)
    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "접수")

    panel.grid.select(key)
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)

    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "취소")


def test_bulk_cancel_asks_and_cancels_everything_open(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    keys = [
        order(market, symbol, Side.BUY, 1, price) for symbol, price in ((SAMSUNG, 83_100), (NAVER, 213_000))
    ]
    qtbot.waitUntil(lambda: all(panel.grid.cell_text(key, "status") == "접수" for key in keys))

    qtbot.mouseClick(panel.bulk_button, Qt.MouseButton.LeftButton)
    question = panel.confirm.question.text()
    qtbot.mouseClick(panel.confirm.yes, Qt.MouseButton.LeftButton)

    assert question == "미체결 2건을 모두 취소합니다."
    qtbot.waitUntil(lambda: market.workspace.orders.open_orders() == ())


def test_bulk_cancel_without_orders_says_so(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)

    panel.ask_bulk_cancel()

    assert market.messages == [("info", "취소할 미체결 주문이 없습니다.")]


def test_double_click_puts_an_amendment_into_the_order_form(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    key = order(market, SAMSUNG, Side.BUY, 50, 83_100)
    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "접수")

    with qtbot.waitSignal(market.workspace.link.order_wanted) as wanted:
        panel.amend(key)

    assert wanted.args == [OrderDraft(SAMSUNG, Side.BUY, Decimal(83_100), 50, amends_key=key)]


def test_an_order_that_is_done_cannot_be_amended(market: Desk, qtbot: Any) -> None:
    panel = OrdersPanel(market.workspace)
    shown(qtbot, panel)
    key = order(market, SAMSUNG, Side.BUY, 50, 83_100)
    qtbot.waitUntil(lambda: panel.grid.cell_text(key, "status") == "접수")
    market.broker.fill(panel.grid.cell_text(key, "number"), 50)
    done = market.workspace.orders.get(key)
    assert done is not None
    assert done.status is OrderStatus.FILLED

    panel.amend(key)

    assert market.messages[-1][0] == "info"


# -- 로그 and files ---


def test_log_panel_shows_the_newest_first_and_filters_by_level(market: Desk, qtbot: Any) -> None:
    buffer = LogBuffer()
    for level, text in ((logging.INFO, "하나"), (logging.WARNING, "둘"), (logging.ERROR, "셋")):
        buffer.handle(logging.LogRecord("kis_terminal.test", level, "", 0, text, None, None))
    panel = LogPanel(market.workspace, buffer)
    shown(qtbot, panel)
    everything = [panel.grid.cell_text(key, "text") for key in panel.grid.keys]

    qtbot.mouseClick(panel.level_buttons[logging.WARNING], Qt.MouseButton.LeftButton)

    assert everything == ["셋", "둘", "하나"]
    assert [panel.grid.cell_text(key, "level") for key in panel.grid.keys] == ["오류", "주의"]


def test_log_panel_takes_lines_that_come_while_it_is_open(market: Desk, qtbot: Any) -> None:
    buffer = LogBuffer()
    panel = LogPanel(market.workspace, buffer)
    shown(qtbot, panel)

    buffer.handle(logging.LogRecord("kis_terminal.test", logging.INFO, "", 0, "나중", None, None))

    qtbot.waitUntil(lambda: panel.grid.keys != [])


def test_csv_keeps_hangul_and_disarms_formulas(tmp_path: Path) -> None:
    table = [["종목", "손익"], ['=HYPERLINK("x")', "-1,200"]]

    problem = write_csv(tmp_path / "out.csv", table)

    assert problem == ""
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert as_csv(table).splitlines() == ["종목,손익", '"\'=HYPERLINK(""x"")","-1,200"']


def test_csv_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    assert write_csv(tmp_path / "no" / "out.csv", [["a"]]) != ""
