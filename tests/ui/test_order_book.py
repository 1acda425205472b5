from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import Order, OrderKind, Origin, Side
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.ports import LinkState, Stream, SubscriptionState
from kis_terminal.ui.ladder.chips import Chip
from kis_terminal.ui.ladder.geometry import Column
from kis_terminal.ui.panels.order_book import OrderBookPanel
from kis_terminal.ui.workspace import OrderDraft
from tests.support.desk import Desk, DeskBuilder
from tests.support.ports_in_memory import NAVER, SAMSUNG, book_of, tick_of

_PRESS = Qt.MouseButton.LeftButton


class Ladder:
    """What a person does with the panel and sees of it."""

    def __init__(self, desk: Desk, qtbot: Any, *, size: tuple[int, int] = (475, 560)) -> None:
        self.desk = desk
        self.qtbot = qtbot
        self.panel = OrderBookPanel(desk.workspace)
        qtbot.addWidget(self.panel)
        self.view = self.panel.ladder
        self.drafts: list[OrderDraft] = []
        desk.workspace.link.order_wanted.connect(self.drafts.append)
        self.panel.resize(*size)
        self.panel.show()
        desk.workspace.link.choose(SAMSUNG)
        qtbot.waitUntil(lambda: 84_600 in self.prices)
        qtbot.waitUntil(lambda: any(row.is_last for row in self.view.shown))

    @property
    def prices(self) -> list[Decimal | None]:
        return [row.price for row in self.view.shown]

    def point(self, price: int, column: Column = Column.PRICE) -> QPoint:
        return self.view.cell_centre(Decimal(price), column)

    def click(self, price: int, column: Column = Column.PRICE) -> None:
        self.qtbot.mouseClick(self.view, _PRESS, pos=self.point(price, column))

    def double_click(self, price: int, column: Column) -> None:
        self.click(price, column)
        self.qtbot.mouseDClick(self.view, _PRESS, pos=self.point(price, column))

    def bring(self, best_bid: int, *, expects: int) -> None:
        """Bring a book and wait until its rows are painted."""
        self.desk.feed.send_book(book_of(SAMSUNG, best_bid, seed=best_bid))
        self.qtbot.waitUntil(lambda: self.prices[10] == expects)

    def enter(self) -> None:
        at = QPointF(self.point(84_600))
        QApplication.sendEvent(self.view, QEnterEvent(at, at, at))

    def leave(self) -> None:
        QApplication.sendEvent(self.view, QEvent(QEvent.Type.Leave))

    def order(self, side: Side, price: int, quantity: int) -> Order:
        orders = self.desk.workspace.orders
        key = orders.submit_soon(
            orders.new_request(
                SAMSUNG, side, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.ORDER_ENTRY
            )
        )
        self.qtbot.waitUntil(lambda: self.chip(side, price) is not None and self._number(key) != "")
        return self.current(key)

    def _number(self, key: str) -> str:
        order = self.desk.workspace.orders.get(key)
        return order.order_number if order is not None else ""

    def current(self, key: str) -> Order:
        order = self.desk.workspace.orders.get(key)
        assert order is not None
        return order

    def chip(self, side: Side, price: int) -> Chip | None:
        for row in self.view.shown:
            if row.price == price:
                return row.buy_chip if side is Side.BUY else row.sell_chip
        return None


@pytest.fixture
def ladder(desk: Desk, qtbot: Any) -> Iterator[Ladder]:
    made = Ladder(desk, qtbot)
    yield made
    made.panel.hide()


def test_book_tape_limits_and_last_price_are_shown(desk: Desk, qtbot: Any) -> None:
    quote = desk.broker.quotes[SAMSUNG]
    desk.broker.prints[SAMSUNG] = [tick_of(quote, 84_500, 7, aggressor=-1), tick_of(quote, 84_600, 233)]
    ladder = Ladder(desk, qtbot)
    qtbot.waitUntil(lambda: any(row.tape for row in ladder.view.shown))

    rows = ladder.view.shown

    assert [row.price_text for row in rows if row.is_last] == ["84,600"]
    assert [row.tape.size for row in rows if row.tape] == ["233", "7"]
    assert [row.tape.aggressor for row in rows if row.tape] == [1, -1]
    notes = {row.note.label: row.note.value for row in rows if row.note}
    assert notes["상한"] == "107,700"
    assert notes["하한"] == "58,100"
    assert notes["VI 발동가"] == "91,200 / 74,600"
    assert rows[9].percent_text == "+2.17"
    ladder.panel.hide()


def test_a_book_that_does_not_come_any_more_says_how_old_it_is(ladder: Ladder, qtbot: Any) -> None:
    assert ladder.panel.age_label.text() == ""

    ladder.desk.feed.listener.on_link(LinkState.WAITING, "연결이 끊겼습니다")
    ladder.desk.clock.advance(12)

    qtbot.waitUntil(lambda: ladder.panel.age_label.text().endswith("초 전"), timeout=3_000)
    ladder.desk.feed.listener.on_subscription(Stream.BOOK, SAMSUNG, SubscriptionState.CONFIRMED, "")
    ladder.bring(84_700, expects=84_700)
    qtbot.waitUntil(lambda: ladder.panel.age_label.text() == "", timeout=3_000)


def test_expected_auction_price_is_shown_and_marked(ladder: Ladder, qtbot: Any) -> None:
    book = book_of(SAMSUNG, 84_600)._replace(expected_price=Decimal(84_300), expected_size=12_345)

    ladder.desk.feed.send_book(book)

    qtbot.waitUntil(lambda: any(row.mark == "예" for row in ladder.view.shown))
    notes = {row.note.label: row.note.value for row in ladder.view.shown if row.note}
    assert notes["예상체결"] == "84,300"
    assert notes["예상수량"] == "12,345"


def test_click_in_the_price_column_fills_the_price_alone(ladder: Ladder) -> None:
    ladder.click(84_300)

    assert ladder.drafts == [OrderDraft(SAMSUNG, None, Decimal(84_300), origin=Origin.LADDER)]
    assert ladder.desk.broker.placed == []


@pytest.mark.parametrize(("column", "side"), [(Column.SELL, Side.SELL), (Column.BUY, Side.BUY)])
def test_click_left_means_sell_and_right_means_buy(ladder: Ladder, column: Column, side: Side) -> None:
    ladder.click(84_900, column)

    assert [(draft.side, draft.price) for draft in ladder.drafts] == [(side, Decimal(84_900))]


def test_row_that_moved_between_press_and_release_fills_nothing_and_says_so(
    ladder: Ladder, qtbot: Any
) -> None:
    at = ladder.point(84_300)
    qtbot.mousePress(ladder.view, _PRESS, pos=at)

    ladder.bring(84_800, expects=84_800)
    qtbot.mouseRelease(ladder.view, _PRESS, pos=at)

    assert ladder.drafts == []
    assert ladder.view.warnings == {Decimal(84_500): "호가가 움직여 보내지 않았습니다"}


def test_row_that_is_about_to_move_but_not_painted_yet_fills_nothing(ladder: Ladder, qtbot: Any) -> None:
    at = ladder.point(84_300)
    qtbot.mousePress(ladder.view, _PRESS, pos=at)
    ladder.view.rows.take(book_of(SAMSUNG, 84_800))

    qtbot.mouseRelease(ladder.view, _PRESS, pos=at)

    assert ladder.drafts == []
    assert ladder.view.warnings


def test_rows_stand_still_under_the_pointer_and_space_centres_them(ladder: Ladder, qtbot: Any) -> None:
    ladder.enter()
    before = ladder.prices

    ladder.desk.feed.send_book(book_of(SAMSUNG, 84_800, seed=3))
    qtbot.waitUntil(lambda: ladder.panel.centre_button.text() == "중심 멈춤")

    assert ladder.prices == before
    qtbot.keyClick(ladder.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: ladder.prices[10] == 84_800)


def test_rows_move_again_when_the_pointer_leaves(ladder: Ladder, qtbot: Any) -> None:
    ladder.enter()
    ladder.desk.feed.send_book(book_of(SAMSUNG, 85_000, seed=3))
    qtbot.waitUntil(lambda: ladder.panel.centre_button.text() == "중심 멈춤")

    ladder.leave()

    qtbot.waitUntil(lambda: ladder.prices[10] == 85_000)


def test_auto_centre_off_is_remembered(ladder: Ladder, qtbot: Any) -> None:
    qtbot.mouseClick(ladder.panel.centre_button, _PRESS)
    ladder.desk.feed.send_book(book_of(SAMSUNG, 85_000, seed=3))
    qtbot.waitUntil(lambda: any(row.price == 84_600 and row.bid_text for row in ladder.view.shown))

    assert ladder.prices[10] == 84_600
    assert ladder.desk.store.texts["order_book.auto_centre"] == "false"


def test_double_click_sends_nothing_until_it_is_switched_on(ladder: Ladder) -> None:
    ladder.double_click(84_300, Column.BUY)

    assert not ladder.panel.order_button.isChecked()
    assert ladder.desk.workspace.orders.all() == []


def test_double_click_orders_the_chosen_size_at_the_pressed_price(ladder: Ladder, qtbot: Any) -> None:
    qtbot.mouseClick(ladder.panel.order_button, _PRESS)
    qtbot.keyClick(ladder.view, Qt.Key.Key_3)

    ladder.double_click(84_300, Column.BUY)

    qtbot.waitUntil(lambda: ladder.chip(Side.BUY, 84_300) is not None)
    placed = ladder.desk.broker.placed
    assert [(item.side, item.quantity, item.price, item.kind) for item in placed] == [
        (Side.BUY, 50, Decimal(84_300), OrderKind.LIMIT)
    ]
    assert placed[0].origin is Origin.LADDER


def test_double_click_on_a_row_that_moved_after_the_first_press_sends_nothing(
    ladder: Ladder, qtbot: Any
) -> None:
    qtbot.mouseClick(ladder.panel.order_button, _PRESS)
    at = ladder.point(84_300, Column.BUY)
    qtbot.mouseClick(ladder.view, _PRESS, pos=at)

    ladder.bring(84_800, expects=84_800)
    qtbot.mouseDClick(ladder.view, _PRESS, pos=at)

    assert ladder.desk.workspace.orders.all() == []
    assert "호가가 움직여 보내지 않았습니다" in ladder.view.warnings.values()


def test_double_click_in_the_price_column_has_no_side_and_says_so(ladder: Ladder, qtbot: Any) -> None:
    qtbot.mouseClick(ladder.panel.order_button, _PRESS)

    ladder.double_click(84_300, Column.PRICE)

    assert ladder.desk.workspace.orders.all() == []
    assert ladder.view.warnings[Decimal(84_300)]


def test_double_click_that_risk_refuses_says_why_at_the_row(ladder: Ladder, qtbot: Any) -> None:
    ladder.desk.workspace.risk_gate.halt()
    qtbot.mouseClick(ladder.panel.order_button, _PRESS)

    ladder.double_click(84_300, Column.BUY)

    assert "잠겨" in ladder.view.warnings[Decimal(84_300)]
    assert ladder.desk.broker.placed == []


def test_cross_of_a_chip_cancels_the_orders_at_its_price(ladder: Ladder, qtbot: Any) -> None:
    order = ladder.order(Side.BUY, 83_900, 50)
    chip = ladder.chip(Side.BUY, 83_900)
    assert chip is not None
    assert chip.text == "50"

    qtbot.mouseClick(ladder.view, _PRESS, pos=ladder.view.cross_centre(chip))

    qtbot.waitUntil(lambda: ladder.chip(Side.BUY, 83_900) is None)
    assert ladder.current(order.key).status.is_done
    assert ladder.drafts == []


def test_delete_cancels_at_the_cursor_only(ladder: Ladder, qtbot: Any) -> None:
    near, far = ladder.order(Side.BUY, 84_300, 10), ladder.order(Side.BUY, 83_900, 20)
    ladder.click(84_400)

    qtbot.keyClick(ladder.view, Qt.Key.Key_Down)
    qtbot.keyClick(ladder.view, Qt.Key.Key_Delete)

    qtbot.waitUntil(lambda: ladder.current(near.key).status.is_done)
    assert not ladder.current(far.key).status.is_done


def test_enter_fills_the_form_with_the_cursor_price(ladder: Ladder, qtbot: Any) -> None:
    ladder.view.setFocus()
    qtbot.keyClick(ladder.view, Qt.Key.Key_Down)
    qtbot.keyClick(ladder.view, Qt.Key.Key_Down)

    qtbot.keyClick(ladder.view, Qt.Key.Key_Return)

    assert [(draft.side, draft.price) for draft in ladder.drafts] == [(None, Decimal(84_500))]


def test_arrows_scroll_beyond_the_last_row(ladder: Ladder, qtbot: Any) -> None:
    ladder.click(83_700)

    qtbot.keyClick(ladder.view, Qt.Key.Key_Down)

    qtbot.waitUntil(lambda: ladder.prices[-1] == 83_600)
    assert ladder.view.cursor_price == 83_600


def drag(ladder: Ladder, chip: Chip, target: int) -> None:
    box = ladder.view.chip_box(chip)
    start = QPoint(box.left() + 4, box.center().y())
    ladder.qtbot.mousePress(ladder.view, _PRESS, pos=start)
    end = ladder.point(target, Column.BUY)
    for place in (start + QPoint(0, 15), end):
        ladder.qtbot.mouseMove(ladder.view, place)
    QApplication.processEvents()
    ladder.qtbot.mouseRelease(ladder.view, _PRESS, pos=end)


def test_dragging_a_chip_amends_the_order_to_the_price_it_is_dropped_at(ladder: Ladder, qtbot: Any) -> None:
    order = ladder.order(Side.BUY, 83_900, 50)
    chip = ladder.chip(Side.BUY, 83_900)
    assert chip is not None

    drag(ladder, chip, 84_200)

    qtbot.waitUntil(lambda: ladder.chip(Side.BUY, 84_200) is not None)
    amended = ladder.current(order.key)
    assert amended.price == 84_200
    assert len(amended.chain) == 2
    assert ladder.drafts == []


def test_several_orders_at_one_price_are_one_chip_with_their_count(ladder: Ladder, qtbot: Any) -> None:
    ladder.order(Side.SELL, 85_200, 30)
    ladder.order(Side.SELL, 85_200, 20)

    qtbot.waitUntil(lambda: (chip := ladder.chip(Side.SELL, 85_200)) is not None and len(chip.keys) == 2)

    chip = ladder.chip(Side.SELL, 85_200)
    assert chip is not None
    assert chip.text == "50 (2)"


def test_partial_fill_leaves_the_rest_on_the_chip(ladder: Ladder, qtbot: Any) -> None:
    order = ladder.order(Side.BUY, 83_900, 50)

    ladder.desk.broker.fill(order.order_number, 20)

    qtbot.waitUntil(lambda: (chip := ladder.chip(Side.BUY, 83_900)) is not None and chip.remaining == 30)


def test_cancel_buttons_take_their_side_or_all(ladder: Ladder, qtbot: Any) -> None:
    buy, sell = ladder.order(Side.BUY, 83_900, 5), ladder.order(Side.SELL, 85_200, 5)

    qtbot.mouseClick(ladder.panel.cancel_sells_button, _PRESS)
    qtbot.waitUntil(lambda: ladder.current(sell.key).status.is_done)
    assert not ladder.current(buy.key).status.is_done

    qtbot.mouseClick(ladder.panel.cancel_all_button, _PRESS)
    qtbot.waitUntil(lambda: ladder.current(buy.key).status.is_done)

    qtbot.mouseClick(ladder.panel.cancel_buys_button, _PRESS)
    assert ladder.desk.messages[-1] == ("info", "삼성전자: 취소할 주문이 없습니다")


def test_liquidation_that_risk_refuses_says_why_and_asks_nothing(desk: Desk, qtbot: Any) -> None:
    ladder = Ladder(desk, qtbot)
    desk.workspace.risk_gate.limits = RiskLimits(max_order_value=Decimal(1_000_000))

    qtbot.mouseClick(ladder.panel.liquidate_button, _PRESS)

    assert desk.messages[-1][0] == "danger"
    assert "한도 1,000,000원" in desk.messages[-1][1]
    assert not ladder.panel.sheet.is_open
    ladder.panel.hide()


def hold(ladder: Ladder, quantity: int) -> None:
    """Have a holding small enough for the limit of one order."""
    ladder.desk.broker.hold_shares(SAMSUNG, "삼성전자", quantity, 81_250)
    ladder.desk.workspace.portfolio.refresh_soon()
    ladder.qtbot.waitUntil(lambda: ladder.desk.workspace.portfolio.sellable(SAMSUNG) == quantity)


def test_liquidation_asks_first_and_enter_leaves(ladder: Ladder, qtbot: Any) -> None:
    hold(ladder, 200)
    qtbot.mouseClick(ladder.panel.liquidate_button, _PRESS)
    assert ladder.panel.sheet.is_open
    assert "200주를 시장가로 모두 팔까요" in ladder.panel.sheet.text

    qtbot.keyClick(ladder.panel.sheet.leave_button, Qt.Key.Key_Return)

    assert not ladder.panel.sheet.is_open
    assert ladder.desk.workspace.orders.all() == []


def test_liquidation_that_is_confirmed_sells_everything_at_market(ladder: Ladder, qtbot: Any) -> None:
    hold(ladder, 200)
    qtbot.mouseClick(ladder.panel.liquidate_button, _PRESS)

    qtbot.mouseClick(ladder.panel.sheet.confirm_button, _PRESS)

    qtbot.waitUntil(lambda: bool(ladder.desk.workspace.orders.all()))
    order = ladder.desk.workspace.orders.all()[0]
    assert (order.side, order.kind, order.quantity) == (Side.SELL, OrderKind.MARKET, 200)


def test_open_question_is_gone_when_the_symbol_changes(ladder: Ladder, qtbot: Any) -> None:
    hold(ladder, 200)
    qtbot.mouseClick(ladder.panel.liquidate_button, _PRESS)

    ladder.desk.workspace.link.choose(NAVER)

    assert not ladder.panel.sheet.is_open
    qtbot.waitUntil(lambda: 214_000 in ladder.prices)
    assert ladder.panel.title_label.text() == "호가  NAVER"


def test_real_money_asks_before_a_double_click_order_and_enter_leaves(
    desk_of: DeskBuilder, qtbot: Any
) -> None:
    desk = desk_of(Environment.REAL)
    desk.workspace.risk_gate.arm(is_armed=True)
    ladder = Ladder(desk, qtbot)
    qtbot.mouseClick(ladder.panel.order_button, _PRESS)

    ladder.double_click(84_300, Column.BUY)

    assert "실전투자" in ladder.panel.sheet.text
    assert ladder.panel.sheet.leave_button.hasFocus()
    qtbot.keyClick(ladder.panel.sheet.leave_button, Qt.Key.Key_Return)
    assert desk.broker.placed == []
    ladder.panel.hide()


def test_hidden_panel_holds_no_stream_and_comes_back(ladder: Ladder, qtbot: Any) -> None:
    assert len(ladder.desk.feed.wanted) == 3

    ladder.panel.hide()

    assert ladder.desk.feed.wanted == set()
    assert len(ladder.desk.workspace.market_data.books) == 0
    ladder.panel.show()
    qtbot.waitUntil(lambda: len(ladder.desk.feed.wanted) == 3)
    qtbot.waitUntil(lambda: 84_600 in ladder.prices)


def test_low_panel_shows_fewer_rows_and_scrolls(desk: Desk, qtbot: Any) -> None:
    ladder = Ladder(desk, qtbot, size=(300, 320))
    count = len(ladder.view.shown)
    assert 8 <= count < 20

    ladder.click(int(ladder.prices[0] or 0))
    qtbot.keyClick(ladder.view, Qt.Key.Key_Up)

    qtbot.waitUntil(lambda: ladder.prices[0] == ladder.view.cursor_price)
    ladder.panel.hide()


def test_size_keys_fill_the_quantity_of_the_form(ladder: Ladder, qtbot: Any) -> None:
    qtbot.keyClick(ladder.view, Qt.Key.Key_4)

    assert [draft.quantity for draft in ladder.drafts] == [100]
    assert ladder.panel.size_button.text() == "100주 ▾"
