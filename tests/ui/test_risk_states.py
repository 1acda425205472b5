"""Reducing on the screen and the way out; unknown orders; notices; leaving with orders open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QMenu

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, OutcomeUnknown
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.domain.risk import RiskLimits, TradingState
from kis_terminal.services.market_data import LinkState, Stream
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.notices import Notices, Switch
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.risk import RiskPanel
from kis_terminal.ui.sound_player import sound_player
from kis_terminal.ui.tray import Tray, plain, system_tray
from tests.support.desk import Desk
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import SAMSUNG, tick_of

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform

OpenWindow = Callable[[Desk], MainWindow]
LOST = OutcomeUnknown("응답이 없습니다")


@pytest.fixture
def open_window(qtbot: Any) -> Any:
    opened: list[MainWindow] = []

    def open_(desk: Desk) -> MainWindow:
        workspace = desk.workspace
        form = OrderEntryPanel(workspace)
        panels = [OrdersPanel(workspace), RiskPanel(workspace, form.typed), form]
        window = MainWindow(workspace, panels)
        window.resize(1366, 768)
        desk.feed.listener.on_link(LinkState.CONNECTED, "")
        window.show()
        qtbot.waitExposed(window)
        workspace.link.choose(SAMSUNG)
        desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_600, 1))
        opened.append(window)
        return window

    yield open_
    for window in opened:
        window.close_now()
        window.deleteLater()


def buy(desk: Desk, price: int = 83_100, quantity: int = 5) -> str:
    orders = desk.workspace.orders
    request = orders.new_request(
        SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.ORDER_ENTRY
    )
    return orders.submit_soon(request)


def status(desk: Desk, key: str) -> OrderStatus | None:
    order = desk.workspace.orders.get(key)
    return None if order is None else order.status


# -- reducing ---


def test_reducing_is_amber_in_the_band_and_on_the_button_of_a_buy(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    form = window.docks["order_entry"].panel
    assert isinstance(form, OrderEntryPanel)

    desk.workspace.risk_gate.reduce()

    qtbot.waitUntil(lambda: not form.send_button.isEnabled())
    assert window.band.reducing.isVisible()
    assert window.band.reducing.text() == "줄이기만 · 해제를 기다림"
    assert window.band.lock_button.text() == "줄이기만 해제…"
    assert form.send_button.accessibleName() == "매수 잠김: 줄이기만 (해제를 기다림)"
    form.show_sell()
    assert form.send_button.isEnabled()
    assert "보유를 줄이는 주문만" in window.messages.shown[-1]


@pytest.mark.parametrize("way", ["word", "button"])
def test_reducing_is_released_by_the_typed_word_or_the_plain_button(
    desk: Desk, open_window: OpenWindow, qtbot: Any, way: str
) -> None:
    window = open_window(desk)
    sheet = window.risk.reducing
    desk.workspace.risk_gate.reduce()
    qtbot.mouseClick(window.band.lock_button, Qt.MouseButton.LeftButton)
    before = (sheet.isVisible(), sheet.release_button.isEnabled())

    if way == "word":
        sheet.word_edit.setText("해제")
        qtbot.keyClick(sheet.word_edit, Qt.Key.Key_Return)
    else:
        qtbot.mouseClick(sheet.confirm_button, Qt.MouseButton.LeftButton)

    assert before == (True, False)
    assert desk.workspace.risk_gate.state is TradingState.ACTIVE
    assert sheet.isHidden()
    assert not window.band.reducing.isVisible()


def test_a_loss_at_its_limit_cannot_be_released_and_says_so(
    desk: Desk, open_window: OpenWindow, expect_log: ExpectLog
) -> None:
    expect_log("the day's loss has reached its limit")
    window = open_window(desk)
    gate = desk.workspace.risk_gate
    gate.take_limits(RiskLimits(max_daily_loss=Decimal(1)))
    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 80_000, 1))
    gate.look()
    window.risk.open_release()
    sheet = window.risk.reducing

    reason, told = window.band.reducing.text(), sheet.text.text()
    ways = [sheet.confirm_button.isEnabled(), sheet.word_edit.isEnabled()]
    gate.take_limits(RiskLimits())
    window.risk.refresh()

    assert reason == "줄이기만 · 하루 손실 한도"
    assert "한도에 닿아 있는 동안은 풀 수 없습니다" in told
    assert ways == [False, False]
    assert sheet.confirm_button.isEnabled()


def test_a_release_that_the_disk_refuses_stays_reducing(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    desk.workspace.risk_gate.reduce()
    window.risk.open_release()
    desk.store.refusal = CorrectionNeeded("disk full")

    window.risk.reducing.confirm_button.click()

    assert "disk full" in window.risk.reducing.text.text()
    assert desk.workspace.risk_gate.state is TradingState.REDUCING
    desk.store.refusal = None


def test_a_latch_whose_release_the_disk_refuses_stays_down(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    desk.workspace.risk_gate.halt()
    window.panic_report()
    desk.store.refusal = CorrectionNeeded("disk full")

    window.panic_sheet.word_edit.setText("해제")
    window.panic_sheet.release_button.click()

    assert "disk full" in window.panic_sheet.message.text()
    assert desk.workspace.risk_gate.is_halted
    desk.store.refusal = None


def test_the_explain_panel_comes_by_command_and_from_the_list(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)

    window.shortcuts.commands["risk.explain"].run()

    assert window.docks["risk"].panel.is_active


# -- unknown orders ---


@pytest.fixture
def unknown(desk: Desk, qtbot: Any, expect_log: ExpectLog) -> str:
    """Return the key of an order in doubt beside its twin."""
    expect_log("order ")
    watching = desk.workspace.market_data.watch(SAMSUNG, Stream.TICKS)
    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_600, 1))
    qtbot.waitUntil(lambda: desk.workspace.market_data.state(SAMSUNG).upper_limit is not None)
    watching.close()
    desk.broker.fail = LOST
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.UNKNOWN)
    task = asyncio.ensure_future(desk.broker.place(desk.broker.placed[0]), loop=asyncio.get_event_loop())
    qtbot.waitUntil(task.done)
    desk.workspace.reconciler.want()
    qtbot.waitUntil(lambda: len(desk.workspace.orders.twins_of(key)) == 2)
    return key


@pytest.fixture
def orders_panel(desk: Desk, qtbot: Any) -> OrdersPanel:
    panel = OrdersPanel(desk.workspace)
    qtbot.addWidget(panel)
    panel.resize(640, 260)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def choose(panel: OrdersPanel, key: str, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: key in panel.grid.keys)
    qtbot.mouseClick(panel.grid.viewport(), Qt.MouseButton.LeftButton, pos=panel.grid.row_rect(key).center())


def test_an_unknown_order_offers_to_ask_again_and_who_it_may_be(
    desk: Desk, unknown: str, orders_panel: OrdersPanel, qtbot: Any
) -> None:
    choose(orders_panel, unknown, qtbot)
    menu = QMenu()
    orders_panel.unknown.fill_menu(menu)

    assert orders_panel.unknown.isVisible()
    assert "2건" in orders_panel.unknown.words.text()
    assert [action.text()[:10] for action in menu.actions()] == ["0000041207", "0000041208"]
    assert not orders_panel.grid.row_rect(unknown).isEmpty()
    qtbot.mouseClick(orders_panel.unknown.ask_button, Qt.MouseButton.LeftButton)
    assert desk.messages[-1] == ("info", "증권사에 주문내역을 다시 묻습니다.")


def test_the_person_says_which_row_it_is(
    desk: Desk, unknown: str, orders_panel: OrdersPanel, qtbot: Any
) -> None:
    choose(orders_panel, unknown, qtbot)
    menu = QMenu()
    orders_panel.unknown.fill_menu(menu)

    menu.actions()[1].trigger()
    question, in_place = orders_panel.confirm.question.text(), orders_panel.unknown.isHidden()
    qtbot.mouseClick(orders_panel.confirm.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(desk, unknown) is OrderStatus.ACCEPTED)

    assert "0000041208" in question
    assert in_place
    order = desk.workspace.orders.get(unknown)
    assert order is not None
    assert order.order_number == "0000041208"
    qtbot.waitUntil(orders_panel.unknown.isHidden)


def test_the_person_says_that_it_was_not_accepted_or_thinks_again(
    desk: Desk, unknown: str, orders_panel: OrdersPanel, qtbot: Any
) -> None:
    choose(orders_panel, unknown, qtbot)

    qtbot.mouseClick(orders_panel.unknown.refusal_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(orders_panel.confirm.no, Qt.MouseButton.LeftButton)
    after_no = (status(desk, unknown), orders_panel.unknown.isVisible())
    qtbot.mouseClick(orders_panel.unknown.refusal_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(orders_panel.confirm.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: status(desk, unknown) is OrderStatus.REJECTED)

    assert after_no == (OrderStatus.UNKNOWN, True)
    qtbot.waitUntil(lambda: "사람이 확인해" in orders_panel.grid.cell_text(unknown, "status"))


def test_why_an_order_was_refused_stands_on_its_row_in_a_narrow_panel(
    desk: Desk, orders_panel: OrdersPanel, qtbot: Any
) -> None:
    key = buy(desk, quantity=200_000)

    qtbot.waitUntil(lambda: key in orders_panel.grid.keys)

    assert orders_panel.grid.cell_text(key, "status").startswith("거부  ")


# -- notices ---


@dataclass
class Outside:
    """A tray and a player that keep what they were given."""

    shown: list[tuple[str, str, str]] = field(default_factory=list)
    played: list[str] = field(default_factory=list)
    is_removed: bool = False

    def notify(self, level: str, title: str, text: str) -> None:
        self.shown.append((level, title, text))

    def remove(self) -> None:
        self.is_removed = True

    def play(self, path: Path) -> None:
        assert path.read_bytes()[:4] == b"RIFF"
        self.played.append(path.stem)


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def notices(desk: Desk, outside: Outside, open_window: OpenWindow) -> Any:
    window = open_window(desk)
    notices = Notices(window, desk.workspace, outside, outside.play)
    yield notices
    notices.stop()


def test_a_fill_is_told_in_the_tray_and_heard(
    desk: Desk, outside: Outside, notices: Notices, qtbot: Any
) -> None:
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)

    desk.broker.fill("0000041207", 5)

    assert outside.shown == [("info", "KIS Terminal · 시뮬레이션", "삼성전자 매수 체결 5주, 83,100원")]
    assert outside.played == ["fill"]


def test_many_at_once_are_one_sound_and_one_more_notice(
    desk: Desk, outside: Outside, notices: Notices, qtbot: Any
) -> None:
    key = buy(desk, quantity=9)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)

    for _ in range(9):
        desk.broker.fill("0000041207", 1)
    at_once = len(outside.shown)
    qtbot.waitUntil(lambda: len(outside.shown) == 2)

    assert (at_once, outside.played) == (1, ["fill"])
    assert outside.shown[1][2].splitlines()[-1] == "… 외 4건"


def test_refusal_lost_connection_and_latch_are_told(
    desk: Desk, outside: Outside, notices: Notices, qtbot: Any
) -> None:
    buy(desk, quantity=200_000)
    qtbot.waitUntil(lambda: bool(outside.shown))
    desk.feed.listener.on_link(LinkState.WAITING, "")
    desk.workspace.risk_gate.halt()
    qtbot.waitUntil(lambda: len(outside.shown) == 2)

    assert outside.shown[0][0] == "danger"
    assert outside.played == ["refusal"]
    assert outside.shown[1][2].splitlines() == [
        "실시간 연결이 끊겼습니다. 시세와 체결통보가 오지 않습니다.",
        "새 주문이 잠겼습니다 (전체취소·정지).",
    ]


def test_the_first_connection_is_no_news_and_a_later_one_is(desk: Desk, outside: Outside, qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    notices = Notices(window, desk.workspace, outside, outside.play)

    desk.feed.listener.on_link(LinkState.CONNECTED, "")
    first = list(outside.shown)
    desk.feed.listener.on_link(LinkState.WAITING, "")
    desk.feed.listener.on_link(LinkState.CONNECTED, "")
    qtbot.waitUntil(lambda: len(outside.shown) == 2)
    notices.stop()

    assert first == []
    assert outside.shown[1][2] == "실시간 연결이 돌아왔습니다."
    assert outside.is_removed


def test_each_kind_is_switched_off_for_itself_and_stays_so(
    desk: Desk, outside: Outside, notices: Notices, qtbot: Any
) -> None:
    menu = QMenu()
    notices.fill_menu(menu)
    inner = menu.actions()[0].menu()
    names = [action.text() for action in inner.actions()]  # type: ignore[union-attr]
    inner.actions()[names.index("체결 소리")].trigger()  # type: ignore[union-attr]
    notices.toggle(Switch.TRAY)
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)

    desk.broker.fill("0000041207", 5)
    desk.feed.listener.on_link(LinkState.WAITING, "")

    assert names == ["트레이 알림", "체결 소리", "거부 소리", "연결 끊김·주문 잠금 소리"]
    assert (outside.shown, outside.played) == ([], ["alarm"])
    assert desk.store.texts["notices.sound.fill"] == "false"
    assert desk.messages[-1] == ("info", "트레이 알림: 끔")


@pytest.mark.qt_log_ignore("QSystemTrayIcon", "systemTrayWindowChanged", extend=True)  # there is no tray here
def test_a_tray_takes_no_markup_and_its_menu_reaches_the_panic(desk: Desk, qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    tray = Tray(window, desk.workspace)

    tray.menu.actions()[1].trigger()

    assert desk.workspace.risk_gate.is_halted
    assert plain('KT&G <a href="x">') == 'KT＆G ‹a href="x"›'
    tray.remove()
    panic = desk.workspace.panic
    qtbot.waitUntil(lambda: not panic.is_running)


def test_nothing_is_heard_or_shown_outside_where_there_is_no_screen(
    desk: Desk, open_window: OpenWindow
) -> None:
    window = open_window(desk)

    assert sound_player() is None
    assert system_tray(window, desk.workspace) is None


# -- leaving ---


def test_leaving_names_the_orders_and_three_ways(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)

    window.close()

    sheet = window.closing_sheet
    assert [b.text() for b in (sheet.leave_button, sheet.cancel_button, sheet.back_button)] == [
        *("남겨 두고 종료", "모두 취소하고 종료", "돌아가기")
    ]
    assert sheet.back_button.hasFocus()
    assert "삼성전자  매수 5주  83,100  (0000041207)" in sheet.text.text()


def test_going_back_while_cancelling_keeps_the_window(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)
    desk.broker.hold = asyncio.Event()
    window.close()

    qtbot.mouseClick(window.closing_sheet.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.closing_sheet.back_button, Qt.MouseButton.LeftButton)
    desk.broker.hold.set()
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.CANCELLED)
    qtbot.wait(300)

    assert window.isVisible()


def test_leaving_while_everything_is_cancelled_says_so_and_can_wait_for_the_end(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    key = buy(desk)
    qtbot.waitUntil(lambda: status(desk, key) is OrderStatus.ACCEPTED)
    desk.broker.hold = asyncio.Event()
    desk.workspace.panic.press()

    window.close()
    sheet = window.closing_sheet
    title, words = sheet.title_label.text(), (sheet.leave_button.text(), sheet.cancel_button.text())
    with qtbot.waitSignal(window.closing):
        qtbot.mouseClick(sheet.cancel_button, Qt.MouseButton.LeftButton)
        desk.broker.hold.set()

    assert (title, words) == ("전체취소가 진행 중입니다", ("멈추고 종료", "끝나면 종료"))
    report = desk.workspace.panic.report
    assert report is not None
    assert report.is_proven


def test_an_order_in_doubt_is_named_and_said_to_stay(
    desk: Desk, unknown: str, open_window: OpenWindow
) -> None:
    window = open_window(desk)

    window.close()

    assert "확인 중" in window.closing_sheet.text.text()
    assert "번호를 몰라 취소할 수 없습니다" in window.closing_sheet.text.text()


def test_real_money_keeps_its_arming_beside_reducing(desk_of: Any, open_window: OpenWindow) -> None:
    desk = desk_of(Environment.REAL)
    window = open_window(desk)
    desk.workspace.risk_gate.reduce()

    assert window.band.lock_button.text() == "실전 주문 켜기"
    assert window.band.reducing.isVisible()
