"""The chart panel over real services: loading, following, marks, hands, words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu

from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.market import Bar, Interval
from kis_terminal.domain.orders import Order, OrderKind, Origin, PendingChange, Side
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import Stream
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.plot import ChartPlot
from kis_terminal.ui.panels.chart import ChartPanel
from kis_terminal.ui.workspace import OrderDraft
from tests.support.desk import Desk
from tests.support.ports_in_memory import NAVER, SAMSUNG, tick_of

Show = Callable[[], ChartPanel]
# What the platform without a screen says when a menu opens.
opens_menu = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def give_minutes(desk: Desk, symbol: str, days: int = 2) -> None:
    """List one-minute bars of the last sessions, until now on the last day."""
    now, random = desk.clock.now(), np.random.default_rng(5)
    price = int(desk.broker.quotes[symbol].price)
    for back in range(days):
        begin = (now - timedelta(days=back)).replace(hour=9, minute=0, second=0, microsecond=0)
        count = 390 if back else (now.hour - 9) * 60 + now.minute + 1
        bars = []
        for minute in range(count):
            open_, close = (price + int(step) * 100 for step in random.integers(-6, 7, 2))
            high, low = max(open_, close) + 100, min(open_, close) - 100
            start = begin + timedelta(minutes=minute)
            prices = (Decimal(value) for value in (open_, high, low, close))
            bars.append(Bar(start, *prices, int(random.integers(100, 9_000)), 0))
        desk.broker.minutes[(symbol, begin.date())] = bars


@pytest.fixture
def show(desk: Desk, qtbot: Any) -> Show:
    """Return a function that shows a chart panel of 삼성전자 and waits for its bars."""

    def build() -> ChartPanel:
        for symbol in (SAMSUNG, NAVER):
            give_minutes(desk, symbol)
        desk.workspace.link.choose(SAMSUNG)
        panel = ChartPanel(desk.workspace)
        qtbot.addWidget(panel)
        panel.resize(900, 600)
        panel.show()
        qtbot.waitUntil(lambda: panel.plot is not None and panel.pages.currentWidget() is panel.plot)
        return panel

    return build


def plot_of(panel: ChartPanel) -> ChartPlot:
    assert panel.plot is not None
    return panel.plot


def legend_of(panel: ChartPanel) -> str:
    return " ".join(text for text, _ in plot_of(panel)._edges.legend_pieces)


def menu_texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


def test_shows_bars_and_title_of_the_linked_symbol(show: Show) -> None:
    panel = show()

    assert "삼성전자" in panel.title_label.text()
    assert "5분" in panel.title_label.text()
    assert len(plot_of(panel).shown) > 100
    assert "시" in legend_of(panel)
    assert "MA 5 20 60 120" in legend_of(panel)


def test_constructing_needs_no_chart_library(desk: Desk, qtbot: Any) -> None:
    panel = ChartPanel(desk.workspace)
    qtbot.addWidget(panel)

    assert panel.plot is None


def test_without_a_symbol_says_what_to_do(desk: Desk, qtbot: Any) -> None:
    panel = ChartPanel(desk.workspace)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.plot is not None)

    assert panel.pages.currentWidget() is panel.notice
    assert panel.notice.label.text() == "종목을 고르면 차트가 나옵니다."


def test_a_failure_says_its_sentence_and_can_be_tried_again(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    desk.broker.bars_fail = BrokerUnreachable("서버가 응답하지 않습니다.")

    qtbot.mouseClick(panel.controls.interval_buttons[Interval.MINUTE_1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.notice.retry_button.isVisible)
    sentence = panel.notice.label.text()
    qtbot.mouseClick(panel.notice.retry_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.plot)

    assert "서버가 응답하지 않습니다." in sentence


def test_shows_progress_while_loading_and_a_late_answer_never_wins(
    desk: Desk, show: Show, qtbot: Any
) -> None:
    panel = show()
    desk.broker.bars_hold = asyncio.Event()

    desk.workspace.link.choose(NAVER)
    words = panel.notice.label.text()
    is_waiting = panel.pages.currentWidget() is panel.notice
    desk.workspace.link.choose(SAMSUNG)
    desk.broker.bars_hold.set()
    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.plot)

    assert (words, is_waiting) == ("불러오는 중…", True)
    series = plot_of(panel).shown.series
    assert series is not None
    assert series.symbol == SAMSUNG


def test_a_print_moves_the_last_bar(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    quote = desk.broker.quotes[SAMSUNG]

    desk.feed.send_ticks(tick_of(quote, 85_700, 30))

    qtbot.waitUntil(lambda: "종 85,700" in legend_of(panel))


def test_a_print_of_the_next_bar_appends_it_and_stays_in_sight(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    plot = plot_of(panel)
    count, right = len(plot.shown), plot.window_of_time.first + plot.window_of_time.span

    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_900, 30, seconds=49_327 + 300))

    qtbot.waitUntil(lambda: len(plot.shown) == count + 1)
    assert plot.window_of_time.first + plot.window_of_time.span == pytest.approx(right + 1)


def test_live_painting_equals_painting_anew(desk: Desk, show: Show, qtbot: Any) -> None:
    """The kept picture with the last bar upon it must not differ from a picture made at once."""
    panel = show()
    plot = plot_of(panel)
    plot._rest()
    for price in (84_700, 84_500, 84_800):
        desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], price, 30))
        qtbot.waitUntil(lambda wanted=price: f"종 {wanted:,}" in legend_of(panel))
        qtbot.wait(20)  # paint what is dirty now, so that the next print has an old picture to correct
    live = screen_of(plot)

    plot.pan(0.0)
    plot._rest()
    plot.viewport().repaint()

    assert screen_of(plot) == live


def screen_of(plot: ChartPlot) -> QImage:
    """Return what has been painted so far, without painting anew as `grab` would."""
    screen = plot.window().screen()
    return screen.grabWindow(plot.window().winId()).toImage()


def test_hiding_lets_stream_and_bars_go(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    bars = panel._bars
    assert bars is not None

    panel.hide()

    assert (Stream.TICKS, SAMSUNG) not in desk.feed.wanted
    assert len(bars.changed) == 0
    assert len(desk.workspace.orders.changed) == 0


def test_hiding_while_loading_leaves_nothing_behind(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    desk.broker.bars_hold = asyncio.Event()
    panel.choose_interval(Interval.MINUTE_1)
    qtbot.wait(10)

    panel.hide()
    desk.broker.bars_hold.set()
    qtbot.wait(20)

    assert panel._bars is None
    assert len(desk.workspace.market_data.ticks) == 0


def test_showing_again_loads_again(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    panel.hide()
    desk.workspace.link.choose(NAVER)

    panel.show()

    qtbot.waitUntil(lambda: "NAVER" in panel.title_label.text() and panel.pages.currentWidget() is panel.plot)


def test_another_symbol_frees_the_stream_of_the_first(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()

    desk.workspace.link.choose(NAVER)
    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.plot)

    assert (Stream.TICKS, SAMSUNG) not in desk.feed.wanted
    assert (Stream.TICKS, NAVER) in desk.feed.wanted
    assert "NAVER" in panel.title_label.text()


def test_choices_are_remembered(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    panel.choose_interval(Interval.MINUTE_15)
    panel.choose_kind(ChartKind.HEIKIN_ASHI)
    panel.toggle_study("rsi")
    panel.toggle_study("ma")
    panel.toggle_volume()
    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.plot)
    panel.hide()

    again = ChartPanel(desk.workspace)
    qtbot.addWidget(again)

    assert again.choices.interval is Interval.MINUTE_15
    assert again.choices.kind is ChartKind.HEIKIN_ASHI
    assert [study.key for study in again.choices.studies] == ["rsi"]
    assert not again.choices.has_volume


def test_damaged_choices_fall_back(desk_of: Callable[..., Desk], qtbot: Any) -> None:
    desk = desk_of(texts={"chart.interval": '"7m"', "chart.kind": "3", "chart.studies": '"ma"'})

    panel = ChartPanel(desk.workspace)
    qtbot.addWidget(panel)

    assert panel.choices.interval is Interval.MINUTE_5
    assert panel.choices.kind is ChartKind.CANDLES
    assert panel.choices.studies == []


@pytest.mark.parametrize("kind", list(ChartKind))
def test_every_kind_and_study_paints(show: Show, qtbot: Any, kind: ChartKind) -> None:
    panel = show()
    panel.choose_kind(kind)
    for key in ("ema", "bollinger", "rsi", "macd"):
        panel.toggle_study(key)

    picture = plot_of(panel).grab().toImage()

    assert len(plot_of(panel).study_panes) == 2
    assert distinct_colours(picture) > 10


def distinct_colours(picture: QImage) -> int:
    columns, rows = range(0, picture.width(), 3), range(0, picture.height(), 3)
    return len({picture.pixel(x, y) for x in columns for y in rows})


def submit(desk: Desk, price: int, quantity: int) -> str:
    orders = desk.workspace.orders
    request = orders.new_request(
        SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.CHART
    )
    return orders.submit_soon(request)


def accepted(desk: Desk, key: str, qtbot: Any) -> Order:
    """Wait until the broker has taken an order, and return it."""

    def numbered() -> Order | None:
        order = desk.workspace.orders.get(key)
        return order if order is not None and order.order_number else None

    qtbot.waitUntil(lambda: numbered() is not None)
    order = numbered()
    assert order is not None
    return order


def test_a_working_order_is_cancelled_by_its_chip(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    plot = plot_of(panel)
    key = submit(desk, 84_300, 50)
    layer = plot.price_pane.orders
    qtbot.waitUntil(lambda: bool(layer.prices))
    plot.grab()
    cross, _ = layer._crosses[0]
    at = (cross.center() + plot.price_pane.room.topLeft()).toPoint()

    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=at)

    qtbot.waitUntil(lambda: not desk.workspace.orders.open_orders(SAMSUNG))
    qtbot.waitUntil(lambda: not layer.prices)
    order = desk.workspace.orders.get(key)
    assert order is not None
    assert order.filled == 0


def test_an_order_that_is_being_cancelled_says_so(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    key = submit(desk, 84_300, 50)
    order = accepted(desk, key, qtbot)

    marks = panel._order_marks()
    desk.workspace.orders._shelf.put(replace(order, pending=PendingChange.CANCEL))
    later = panel._order_marks()

    assert [mark.text for mark in marks] == ["매수 50주 대기"]
    assert [mark.is_cancelling for mark in (*marks, *later)] == [False, True]


def test_own_fills_stand_at_their_bar(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    plot = plot_of(panel)
    key = submit(desk, 84_600, 50)
    number = accepted(desk, key, qtbot).order_number

    desk.broker.fill(number, 20)
    desk.broker.fill(number, 30)
    qtbot.waitUntil(lambda: len(plot.price_pane.fills._marks) == 2)
    plot.grab()

    assert plot.price_pane.fills._by_bar == {(len(plot.shown) - 1, Side.BUY): 50}


def wheel(plot: ChartPlot, x: float, delta: int) -> None:
    place = QPointF(x, 200.0)
    event = QWheelEvent(
        place, plot.viewport().mapToGlobal(place), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot.viewport(), event)


def test_wheel_zooms_around_the_pointer(show: Show) -> None:
    plot = plot_of(show())
    window = plot.window_of_time
    before, anchor = window.span, window.first + 400.0 / window.step

    wheel(plot, 400.0, 120)

    assert window.span < before
    assert window.first + 400.0 / window.step == pytest.approx(anchor)


def test_drag_pans_and_double_click_comes_back(show: Show, qtbot: Any) -> None:
    plot = plot_of(show())
    window, view = plot.window_of_time, plot.viewport()
    first = window.first

    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    qtbot.mouseMove(view, QPoint(500, 210))
    plot.mouseMoveEvent(moved_to(plot, 500.0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(500, 210))
    panned = window.first
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))

    assert panned < first
    assert window.first == pytest.approx(first)


def moved_to(plot: ChartPlot, x: float) -> Any:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    place = QPointF(x, 210.0)
    return QMouseEvent(
        QEvent.Type.MouseMove, place, plot.viewport().mapToGlobal(place), Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip


def test_keys_pan_zoom_and_go_to_the_ends(show: Show, qtbot: Any) -> None:
    plot = plot_of(show())
    window = plot.window_of_time
    first, span = window.first, window.span

    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert window.first < first
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    assert window.span < span
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert window.first <= 0.0
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert window.is_following
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert window.first == pytest.approx(first)


def test_legend_follows_the_crosshair(show: Show, qtbot: Any) -> None:
    panel = show()
    plot = plot_of(panel)
    newest = legend_of(panel)

    plot._move_crosshair(QPointF(200.0, 200.0))
    pointed = legend_of(panel)
    plot._move_crosshair(None)

    assert pointed != newest
    assert plot._cross_item.time_text.startswith("11/")
    assert legend_of(panel) == newest


@opens_menu
def test_menu_fills_the_order_form_at_a_price_on_a_tick(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    plot = plot_of(panel)
    drafts: list[OrderDraft] = []
    desk.workspace.link.order_wanted.connect(drafts.append)
    place = QPoint(300, 200)

    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, plot.viewport().mapToGlobal(place))
    QApplication.sendEvent(plot.viewport(), event)
    qtbot.waitUntil(panel.controls.menu.isVisible)
    texts = menu_texts(panel.controls.menu)
    panel.controls.menu.actions()[0].trigger()
    panel.controls.menu.actions()[1].trigger()
    panel.controls.menu.close()

    assert texts[0].startswith("여기서 매수")
    assert texts[1].startswith("여기서 매도")
    assert [draft.side for draft in drafts] == [Side.BUY, Side.SELL]
    assert all(draft.price is not None and draft.price % 100 == 0 for draft in drafts)
    assert drafts[1].price == drafts[0].price + 100
    assert desk.broker.placed == []


def test_saves_a_picture_and_says_where(desk: Desk, show: Show, tmp_path: Path) -> None:
    panel = show()
    path = tmp_path / "chart.png"

    panel.save_picture(str(path))
    panel.save_picture(str(tmp_path / "absent" / "chart.png"))

    assert distinct_colours(QImage(str(path))) > 5
    assert [level for level, _ in desk.messages] == ["info", "danger"]
    assert str(path) in desk.messages[0][1]


@opens_menu
def test_a_narrow_strip_keeps_every_interval_within_reach(show: Show, qtbot: Any) -> None:
    panel = show()
    panel.resize(420, 400)

    assert panel.controls.interval_buttons[Interval.MINUTE_5].isVisible()
    assert not panel.controls.interval_buttons[Interval.YEAR].isVisible()
    qtbot.mouseClick(panel.controls.more_button, Qt.MouseButton.LeftButton)
    texts = menu_texts(panel.controls.menu)
    panel.controls.menu.close()

    assert texts == ["1분", "3분", "5분", "10분", "15분", "30분", "60분", "일", "주", "월", "년"]


def test_no_bars_yet_says_so(desk: Desk, qtbot: Any) -> None:
    desk.workspace.link.choose(SAMSUNG)
    panel = ChartPanel(desk.workspace)
    qtbot.addWidget(panel)
    panel.show()

    qtbot.waitUntil(lambda: panel.notice.label.text().startswith("아직 체결이 없어"))
    desk.feed.send_ticks(tick_of(desk.broker.quotes[SAMSUNG], 84_700, 30))

    qtbot.waitUntil(lambda: panel.pages.currentWidget() is panel.plot)


@opens_menu
def test_menu_of_a_bar_asks_for_a_backtest_from_there(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    wanted: list[tuple[str, int]] = []
    desk.workspace.link.backtest_wanted.connect(lambda symbol, moment: wanted.append((symbol, moment)))
    series = plot_of(panel).shown.series
    assert series is not None

    plot_of(panel).menu_wanted.emit(QPoint(10, 10), float("nan"), 7)
    qtbot.waitUntil(panel.controls.menu.isVisible)
    next(act for act in panel.controls.menu.actions() if act.text() == "여기서부터 백테스트").trigger()
    panel.controls.menu.close()

    assert wanted == [(SAMSUNG, int(series.times[7]))]


def test_a_moment_that_another_panel_wants_comes_into_the_middle(desk: Desk, show: Show, qtbot: Any) -> None:
    panel = show()
    series = plot_of(panel).shown.series
    assert series is not None

    desk.workspace.link.moment_wanted.emit(SAMSUNG, int(series.times[60]))

    window = plot_of(panel).window_of_time
    assert window.first + window.span / 2 == pytest.approx(60, abs=1)


def test_a_day_that_another_panel_wants_brings_daily_bars_that_reach_back_to_it(
    desk: Desk, show: Show, qtbot: Any
) -> None:
    panel = show()
    day = desk.clock.now().date() - timedelta(days=5 * 365)

    desk.workspace.link.moment_wanted.emit(SAMSUNG, day_seconds(day))

    assert panel.choices.interval is Interval.DAY
    assert panel._count_of(Interval.DAY) > 5 * 240
