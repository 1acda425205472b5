"""The health panel over real services: figures with verdict and advice, streams, nothing while hidden."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.health import Verdict
from kis_terminal.domain.sentences import Sentence
from kis_terminal.log import LogBuffer
from kis_terminal.ports import (
    ApprovalState,
    BrokerHealth,
    FeedHealth,
    LinkState,
    Stream,
)
from kis_terminal.services.health import Health
from kis_terminal.services.market_data import Rank
from kis_terminal.services.status import Status
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.panels.health import HealthPanel, HealthView
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.translation import set_language
from tests.support.desk import Desk
from tests.support.korean import is_korean
from tests.support.ports_in_memory import KODEX_200, NAVER, SAMSUNG, MemoryFeed, tick_of


@dataclass
class Gauges:
    """A feed and a broker whose figures a test sets; counts how often it is asked."""

    desk: Desk
    broker: BrokerHealth
    feed_change: dict[str, Any] = field(default_factory=dict)
    write: float | None = 0.0008
    memory: int | None = 300 << 20
    asked: int = 0

    def health(self) -> BrokerHealth:
        """Return the broker's figures."""
        self.asked += 1
        return self.broker

    def panel(self) -> HealthPanel:
        """Return a panel that reads these figures."""
        desk, gauges = self.desk, self

        class Feed(MemoryFeed):
            """The desk's feed, in another state."""

            def health(self) -> FeedHealth:
                return replace(desk.feed.health(), **gauges.feed_change)

        workspace = desk.workspace
        status = Status(self, Feed(), "SQLite")
        health = Health(
            workspace.environment,
            workspace.market_data,
            status,
            desk.clock,
            write_seconds=lambda: self.write,
            memory_bytes=lambda: self.memory,
        )
        return HealthPanel(workspace, health)


@pytest.fixture
def gauges(desk: Desk) -> Gauges:
    """Return figures of a connection that does well."""
    desk.feed.listener.on_link(LinkState.CONNECTED, "")
    expires = desk.clock.now() + timedelta(hours=21)
    broker = BrokerHealth(38.0, 16, 18, expires, 0.04, None, calls_usual=18)
    return Gauges(desk, broker, {"link": LinkState.CONNECTED, "last_frame_at": desk.clock.monotonic()})


@pytest.fixture
def panel(gauges: Gauges, qtbot: Any) -> HealthPanel:
    """Return the panel, shown."""
    panel = gauges.panel()
    show(panel, qtbot)
    return panel


def show(panel: HealthPanel, qtbot: Any, width: int = 1100) -> None:
    qtbot.addWidget(panel)
    panel.resize(width, 480)
    panel.show()
    qtbot.waitExposed(panel)


def cells(grid: Grid, key: str, *columns: str) -> list[str]:
    return [grid.cell_text(key, column) for column in columns]


def test_every_figure_has_its_line(panel: HealthPanel) -> None:
    assert panel.grid.keys == [
        *("environment", "phase", "link", "frame", "approval", "slots", "reconnects", "messages"),
        *("rest", "budget", "token", "clock_skew", "journal", "database", "stall", "memory"),
    ]
    assert cells(panel.grid, "token", "title", "verdict", "value") == ["접근토큰", "정상", "21시간 0분 남음"]
    assert cells(panel.grid, "budget", "verdict", "value") == ["정상", "여유 16/18, 대기 0"]
    assert cells(panel.grid, "clock_skew", "verdict", "value") == ["정상", "서버보다 -0.04초"]
    assert cells(panel.grid, "journal", "value") == ["0.8 ms"]
    assert cells(panel.grid, "database", "value") == ["SQLite"]
    assert cells(panel.grid, "memory", "value") == ["300 MB"]


def test_a_normal_line_has_no_advice_and_any_other_has(panel: HealthPanel, gauges: Gauges) -> None:
    gauges.broker = replace(gauges.broker, clock_skew_seconds=3.0, calls_limit=12, rest_milliseconds=9000.0)
    gauges.feed_change |= {"approval": ApprovalState.REFUSED, "rejected": 2, "recent_connects": 12}
    panel.refresh()

    lines = [panel.grid.row(key) for key in panel.grid.keys]

    assert [line.key for line in lines if bool(line.advice) != (line.verdict is not Verdict.OK)] == []
    wrong = {line.key for line in lines if line.verdict is not Verdict.OK}
    assert {"rest", "budget", "approval", "messages", "reconnects"} <= wrong


def test_a_verdict_is_a_word_and_a_colour(panel: HealthPanel, gauges: Gauges) -> None:
    gauges.write, gauges.memory = 0.2, 5 << 30
    panel.refresh()

    assert cells(panel.grid, "journal", "verdict") == ["주의"]
    assert cells(panel.grid, "memory", "verdict") == ["위험"]
    assert "주의 1" in panel.summary.text()
    assert "위험 1" in panel.summary.text()
    assert panel.theme.colours.danger.name() in panel.summary.styleSheet()


def test_the_worst_is_advised_in_whole_until_another_line_is_chosen(
    panel: HealthPanel, gauges: Gauges, qtbot: Any
) -> None:
    gauges.write, gauges.memory = 0.2, 5 << 30
    panel.refresh()
    worst = panel.advice.text()

    panel.grid.setFocus()
    panel.grid.select("database")
    qtbot.keyClick(panel.grid, Qt.Key.Key_Up)

    assert worst == "메모리: 장이 끝난 뒤 프로그램을 다시 시작하십시오."
    assert panel.grid.current == "journal"
    assert panel.advice.text().startswith("주문 기록 쓰기: 주문은 기록이 디스크에 남은 뒤에")


def test_without_trouble_there_is_no_advice(panel: HealthPanel) -> None:
    if all(panel.grid.row(key).verdict is Verdict.OK for key in panel.grid.keys):
        assert not panel.advice.isVisible()
        assert panel.summary.text() == "정상 16"


def test_a_broken_link_says_when_it_is_tried_again(panel: HealthPanel, gauges: Gauges, desk: Desk) -> None:
    desk.feed.listener.on_link(LinkState.WAITING, Sentence("서버가 연결을 끊었습니다."))
    gauges.feed_change |= {"link": LinkState.WAITING, "retry_at": desk.clock.monotonic() + 4}
    panel.refresh()

    assert cells(panel.grid, "link", "verdict", "value", "advice") == [
        *("주의", "4초 뒤 다시 연결", "서버가 연결을 끊었습니다."),
    ]


def test_a_silent_link_is_told(panel: HealthPanel, desk: Desk) -> None:
    desk.clock.advance(20)
    panel.refresh()

    assert cells(panel.grid, "frame", "verdict", "value") == ["주의", "20초 전"]


def test_streams_are_listed_with_their_state(gauges: Gauges, desk: Desk, qtbot: Any) -> None:
    market = desk.workspace.market_data
    watches = [market.watch(SAMSUNG, Stream.TICKS, Stream.BOOK), market.watch(NAVER, Stream.TICKS)]
    panel = gauges.panel()
    show(panel, qtbot)
    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_700, 1))
    desk.clock.advance(7)
    panel.refresh()

    assert cells(panel.streams, f"ticks:{SAMSUNG}", "name", "stream", "state", "age") == [
        *("삼성전자", "체결", "확인", "7초"),
    ]
    assert set(panel.streams.keys) == {f"ticks:{SAMSUNG}", f"book:{SAMSUNG}", f"ticks:{NAVER}"}
    assert panel.view_buttons[HealthView.STREAMS].text() == "실시간 3"
    for watch in watches:
        watch.close()


def test_a_book_that_the_stream_keeps_is_not_called_old(gauges: Gauges, desk: Desk, qtbot: Any) -> None:
    watch = desk.workspace.market_data.watch(SAMSUNG, Stream.BOOK)
    panel = gauges.panel()
    show(panel, qtbot)
    book = desk.broker.books[SAMSUNG]
    desk.feed.send_book(book)
    for _ in range(5):
        desk.clock.advance(20)
        desk.feed.send_book(book)
    panel.refresh()

    assert cells(panel.streams, f"book:{SAMSUNG}", "state", "age") == ["확인", "0초"]
    watch.close()


def test_what_is_refused_or_polled_says_why(gauges: Gauges, desk: Desk, qtbot: Any) -> None:
    desk.feed.refused[Stream.TICKS, NAVER] = Sentence("서버가 거절했습니다.")
    market = desk.workspace.market_data
    watches = [market.watch(NAVER, Stream.TICKS)]
    while len(desk.feed.wanted) < desk.feed.slots_total - 1:
        watches.append(market.watch(f"{len(watches):06d}", Stream.STATUS))
    watches.append(market.watch(KODEX_200, Stream.TICKS, rank=Rank.REST))
    panel = gauges.panel()
    show(panel, qtbot)

    assert cells(panel.streams, f"ticks:{NAVER}", "state", "reason") == ["거절", "서버가 거절했습니다."]
    assert cells(panel.streams, f"ticks:{KODEX_200}", "state", "reason") == [
        *("조회", "실시간 등록 자리가 모자라 조회로 받습니다."),
    ]
    slots = panel.grid.row("slots")
    assert (slots.verdict, slots.value) == (Verdict.WARN, "40/41 사용, 조회로 받음 1, 거절 1")
    for watch in watches:
        watch.close()


def test_enter_on_a_stream_shows_its_symbol(gauges: Gauges, desk: Desk, qtbot: Any) -> None:
    watch = desk.workspace.market_data.watch(NAVER, Stream.TICKS)
    panel = gauges.panel()
    show(panel, qtbot)
    panel.streams.setFocus()
    panel.streams.select(f"ticks:{NAVER}")

    qtbot.keyClick(panel.streams, Qt.Key.Key_Return)

    assert desk.workspace.link.symbol == NAVER
    watch.close()


def test_a_hidden_panel_reads_nothing(panel: HealthPanel, gauges: Gauges, qtbot: Any) -> None:
    panel.hide()
    before = gauges.asked
    qtbot.wait(1_200)  # more than one beat

    assert gauges.asked == before
    panel.show()
    assert gauges.asked == before + 1
    qtbot.waitUntil(lambda: gauges.asked > before + 1)


def test_one_list_alone_is_remembered(gauges: Gauges, qtbot: Any) -> None:
    first = gauges.panel()
    show(first, qtbot)
    qtbot.mouseClick(first.view_buttons[HealthView.STREAMS], Qt.MouseButton.LeftButton)
    assert (first.grid.isVisible(), first.streams.isVisible()) == (False, True)

    second = gauges.panel()
    show(second, qtbot)

    assert (second.grid.isVisible(), second.streams.isVisible()) == (False, True)
    assert second.view_buttons[HealthView.STREAMS].isChecked()


def test_a_filter_stays_while_figures_change(panel: HealthPanel, gauges: Gauges) -> None:
    panel.grid.filter_rows("토큰")
    gauges.write = 0.3
    panel.refresh()

    assert panel.grid.keys == ["token"]


def test_english_is_complete(gauges: Gauges, desk: Desk, qtbot: Any) -> None:
    gauges.write, gauges.memory = 0.2, 5 << 30
    gauges.feed_change |= {"approval": ApprovalState.REFUSED, "rejected": 2, "recent_connects": 12}
    set_language("en")
    try:
        panel = gauges.panel()
        show(panel, qtbot)
        shown = [text for line in panel.grid.table() for text in line]
        shown += [panel.advice.text(), panel.summary.text(), panel.title_label.text()]
        shown += [button.text() for button in panel.view_buttons.values()]
    finally:
        set_language("ko")

    assert [text for text in shown if is_korean(text)] == []


# -- in the window ---


@pytest.fixture
def open_window(gauges: Gauges, qtbot: Any) -> Any:
    """Return a function that opens a window of the desk, with or without the health panel."""
    opened: list[MainWindow] = []

    def open_(*, has_health: bool = True) -> MainWindow:
        workspace = gauges.desk.workspace
        panels: list[Panel] = [OrdersPanel(workspace), LogPanel(workspace, LogBuffer())]
        if has_health:
            panels.append(gauges.panel())
        window = MainWindow(workspace, panels)
        window.resize(1400, 800)
        window.show()
        window.activateWindow()
        qtbot.waitExposed(window)
        opened.append(window)
        return window

    yield open_
    for window in opened:
        window.close_now()
        window.deleteLater()


def test_it_is_a_tab_behind_the_orders_and_has_a_screen_number(open_window: Any, qtbot: Any) -> None:
    window = open_window()
    dock = window.docks["health"]
    assert dock in window.tabifiedDockWidgets(window.docks["orders"])
    assert not dock.panel.is_active

    found = [finding for finding in window.palette_entries.find("9002") if finding.detail == "9002"]
    found[0].run()

    qtbot.waitUntil(lambda: dock.panel.is_active)
    qtbot.waitUntil(lambda: dock.isAncestorOf(QApplication.focusWidget()))


@pytest.mark.qt_log_ignore("This plugin does not support raise")
def test_a_layout_kept_before_the_panel_was_there_does_not_show_it(
    open_window: Any, desk: Desk, qtbot: Any
) -> None:
    """Cause: a dock that a kept layout does not name stood at the left edge, over the whole height."""
    earlier = open_window(has_health=False)
    earlier.close_now()

    window = open_window()

    dock = window.docks["health"]
    assert not dock.isVisible()
    window.show_panel("health")
    qtbot.waitUntil(lambda: dock.panel.is_active)
    assert dock in window.tabifiedDockWidgets(window.docks["orders"])
