"""Arrangements of the window: kept, named, shared out anew; keys and focus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QWidget

from kis_terminal.ui.layouts import PRESETS
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from tests.support.desk import Desk, DeskBuilder
from tests.support.leftovers import ExpectLog
from tests.support.window import CTRL, WATCHED, OpenWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform


def places(window: MainWindow) -> dict[str, QRect]:
    return {name: dock.geometry() for name, dock in window.docks.items() if dock.panel.is_active}


def test_default_layout_puts_positions_under_the_watchlist(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk, (1760, 990))

    at = places(window)

    assert at["watchlist"].left() == at["positions"].left()
    assert at["watchlist"].bottom() < at["positions"].top()
    assert at["watchlist"].right() < at["orders"].left()
    assert "log" not in at  # behind the orders
    assert abs(at["watchlist"].width() - 1760 * 0.213) < 12


def test_arrangement_comes_back_after_closing(desk: Desk, open_window: OpenWindow) -> None:
    first = open_window(desk)
    first.docks["positions"].close()
    first.docks["log"].bring()
    first.close_now()

    second = open_window(desk)

    assert not second.docks["positions"].isVisible()
    assert second.docks["log"].panel.is_active


def test_an_arrangement_of_a_larger_window_is_shared_out_anew(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    large = open_window(desk, (1900, 900))
    large.close_now()

    small = open_window(desk, (1100, 700))

    qtbot.waitUntil(lambda: small.docks["watchlist"].width() >= 310)


def test_own_layout_is_saved_by_name_and_chosen_again(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    window.docks["positions"].close()

    window._ask_layout_name()
    qtbot.keyClicks(window.naming, "mine")
    qtbot.keyClick(window.naming, Qt.Key.Key_Return)
    window.apply_layout("단타")
    with_positions = window.docks["positions"].isVisible()
    window.apply_layout("mine")

    assert with_positions
    assert not window.docks["positions"].isVisible()
    assert window.layouts.names == [*PRESETS, "mine"]
    assert window.status.layout_button.text() == "화면 mine ▾"


def test_reset_brings_the_preset_back(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    window.docks["watchlist"].setFloating(True)
    window.docks["positions"].close()

    window._reset_layout()

    assert window.docks["positions"].isVisible()
    assert not window.docks["watchlist"].isFloating()


def test_a_damaged_layout_falls_back_to_the_preset(
    desk_of: DeskBuilder, open_window: OpenWindow, expect_log: ExpectLog
) -> None:
    expect_log("a kept layout could not be read")
    kept = json.dumps({"state": "bm90IGEgc3RhdGU=", "geometry": "%%%"})
    desk = desk_of(texts={**WATCHED, "layouts.last": kept})

    window = open_window(desk)

    assert window.docks["watchlist"].isVisible()
    assert window.docks["orders"].panel.is_active


def test_a_notice_stays_before_a_panel_that_comes_to_the_front(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    window.messages.show("danger", "nothing was sent")

    window.docks["log"].bring()

    layers = window.children()
    notice = next(
        child
        for child in layers
        if isinstance(child, QWidget) and child.accessibleName() == "nothing was sent"
    )
    assert layers.index(notice) > layers.index(window.docks["log"])


def test_next_panel_key_goes_round_the_visible_panels(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    window.docks["watchlist"].take_focus()

    reached = []
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_Tab, CTRL)
        focused = QApplication.focusWidget()
        assert focused is not None
        reached += [name for name, dock in window.docks.items() if dock.isAncestorOf(focused)]

    assert reached == ["positions", "orders", "watchlist"]


def test_a_key_can_be_changed_and_a_taken_one_is_refused(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    shortcuts = window.shortcuts

    refused = shortcuts.change("orders.reload", "Ctrl+K")
    done = shortcuts.change("search", "Ctrl+J")
    qtbot.keyClick(window, Qt.Key.Key_J, CTRL)

    assert refused == "search"
    assert done == ""
    assert window.toolbar.search.hasFocus()
    assert json.loads(desk.store.texts["shortcuts"]) == {"search": "Ctrl+J"}


def test_a_named_layout_gets_its_shares_over_what_was_there_at_the_last_close(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    """Cause: only a first start shared the room out; a preset over a kept arrangement took any widths."""
    first = open_window(desk, (1366, 768))
    first.close_now()
    window = MainWindow(desk.workspace, [WatchlistPanel(desk.workspace), OrdersPanel(desk.workspace)], "단타")
    window.resize(1366, 768)
    window.show()
    qtbot.waitExposed(window)
    try:
        qtbot.waitUntil(lambda: abs(window.docks["watchlist"].width() - 318) < 20)
        assert window.docks["orders"].width() > 900
    finally:
        window.close_now()
        window.deleteLater()


def test_a_layout_that_is_not_there_is_named(desk: Desk, qtbot: Any) -> None:
    window = MainWindow(desk.workspace, [WatchlistPanel(desk.workspace)], "없는 것")
    try:
        assert any("없는 것" in text and "단타" in text for text in window.messages.shown)
    finally:
        window.close_now()
        window.deleteLater()
