"""The window over real services: band, headline, status bar, search, notices."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QDockWidget

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.services.market_data import LinkState, Stream
from kis_terminal.ui.crash import CrashDesk
from tests.support.desk import Desk, DeskBuilder
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import NAVER, SAMSUNG, tick_of
from tests.support.window import CTRL, WATCHED, OpenWindow, buy

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform


def test_band_names_environment_account_and_whether_orders_leave(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)

    assert window.band.label.text() == "시뮬레이션  ·  내장 거래소  ·  계좌 5000-01**-01  ·  주문 가능"
    assert not window.band.lock_button.isVisible()


def test_band_shows_session_and_exchange_clock(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    before = window.band.clock.text()

    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_700, 1, seconds=49_327))
    window.band.refresh()

    assert before == "시세를 기다리는 중"
    assert window.band.clock.text() == "정규장   13:42:07   KRX"


def test_real_money_needs_two_presses(desk_of: DeskBuilder, open_window: OpenWindow, qtbot: Any) -> None:
    desk = desk_of(Environment.REAL, dict(WATCHED))
    window = open_window(desk)
    button = window.band.lock_button

    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    after_one = desk.workspace.risk_gate.is_armed
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert not after_one
    assert desk.workspace.risk_gate.is_armed
    assert "실전투자" in window.band.label.text()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not desk.workspace.risk_gate.is_armed


def test_headline_follows_the_linked_symbol(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)

    desk.workspace.link.choose(NAVER)

    qtbot.waitUntil(
        lambda: (
            [p.text for p in window.toolbar.headline.pieces][:4]
            == ["NAVER", "035420 KOSPI", "214,000", "▲ 3,000"]
        )
    )
    assert (Stream.TICKS, NAVER) in desk.feed.wanted


def test_account_summary_values_holdings_and_cash(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)

    # 400 shares at 84,600 and 35,192,350 won; 1,700 won a share since yesterday
    qtbot.waitUntil(
        lambda: (
            [p.text for p in window.toolbar.account.pieces]
            == ["평가", "69,032,350", "당일", "+680,000 (+0.99%)"]
        )
    )


@pytest.mark.parametrize("size", [(1760, 990), (1366, 768), (1024, 700)])
def test_panic_button_is_whole_at_every_size(
    desk: Desk, open_window: OpenWindow, size: tuple[int, int]
) -> None:
    window = open_window(desk, size)

    button = window.toolbar.panic_button
    place = QRect(button.mapTo(window, QPoint(0, 0)), button.size())

    assert window.rect().contains(place)
    assert button.width() >= button.sizeHint().width()
    for dock in window.findChildren(QDockWidget):
        assert not dock.isVisible() or not dock.geometry().intersects(place)


def test_status_bar_reads_the_connection(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)

    window.status.refresh()

    assert window.status.text("lamp") == "●"
    assert window.status.text("rest") == "REST 38 ms"
    assert window.status.text("slots") == "실시간 2/41"
    assert window.status.text("budget") == "호출여유 16/18"
    assert window.status.text("skew") == "서버시각차 +0.04 s"


def test_a_lost_connection_is_said_in_words(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)

    desk.feed.listener.on_link(LinkState.WAITING, "3초 뒤에 다시 연결합니다")

    assert window.status.text("lamp") == "● 다시 연결을 기다리는 중"


# -- search ---


def test_search_by_leading_consonants_chooses_the_symbol(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    search = window.toolbar.search

    qtbot.keyClick(window, Qt.Key.Key_K, CTRL)
    search.setText("ㅅㅅㅈㅈ")  # QTest types Latin letters only
    search.textEdited.emit("ㅅㅅㅈㅈ")
    found = [finding.title for finding in search.findings]
    desk.workspace.link.choose(NAVER)
    qtbot.keyClick(search, Qt.Key.Key_Return)

    assert found == ["삼성전자"]
    assert desk.workspace.link.symbol == SAMSUNG
    assert search.text() == ""


def test_search_by_screen_number_brings_the_panel(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    window.docks["positions"].close()
    search = window.toolbar.search

    qtbot.keyClick(window, Qt.Key.Key_K, CTRL)
    qtbot.keyClicks(search, "0201")
    qtbot.keyClick(search, Qt.Key.Key_Return)

    assert window.docks["positions"].isVisible()
    assert window.docks["positions"].panel.is_active


def test_search_finds_commands_and_esc_leaves(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    search = window.toolbar.search

    qtbot.keyClick(window, Qt.Key.Key_K, CTRL)
    everything = {finding.kind for finding in search.findings}
    qtbot.keyClick(search, Qt.Key.Key_Escape)

    assert everything == {"화면", "명령"}
    assert search.results is not None
    assert not search.results.isVisible()


# -- orders and panic ---


def test_a_refused_order_is_said_with_its_reason(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)

    buy(desk, price=83_150)

    qtbot.waitUntil(lambda: len(window.messages.shown) == 1)
    assert window.messages.shown[0].startswith("삼성전자 매수: ")


# -- notices and bugs ---


def test_the_same_notice_is_counted_not_repeated(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)

    for _ in range(3):
        desk.workspace.link.message.emit("warn", "연결이 끊겼습니다")
    desk.workspace.link.message.emit("info", "다시 연결했습니다")

    assert window.messages.shown == ["연결이 끊겼습니다", "다시 연결했습니다"]
    assert len(window.messages.history) == 4


def test_a_bug_is_said_once_for_each_place(expect_log: ExpectLog) -> None:
    expect_log("x failed")
    said: list[tuple[str, str]] = []
    desk = CrashDesk(lambda level, sentence: said.append((level, sentence)))

    for _ in range(3):
        try:
            raise KeyError("gone")
        except KeyError as error:
            desk.task_failed("x", error)

    assert len(said) == 1
    assert said[0][0] == "danger"
    assert list(desk.counts.values()) == [3]


def test_an_expected_error_is_a_sentence_not_a_bug(expect_log: ExpectLog) -> None:
    expect_log("chart: 응답이 없습니다")
    said: list[tuple[str, str]] = []
    desk = CrashDesk(lambda level, sentence: said.append((level, sentence)))

    desk.task_failed("chart", BrokerUnreachable("응답이 없습니다"))

    assert said == [("warn", "응답이 없습니다")]
    assert desk.counts == {}


# -- layouts, keys, focus ---


def test_every_input_and_button_has_a_name_for_screen_readers(desk: Desk, open_window: OpenWindow) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit

    window = open_window(desk)

    nameless = [
        widget
        for kind in (QAbstractButton, QLineEdit)
        for widget in window.findChildren(kind)
        if widget.isVisible() and not widget.accessibleName() and not getattr(widget, "text", str)()
    ]

    assert nameless == []
