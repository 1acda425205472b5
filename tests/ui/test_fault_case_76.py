"""Fault case 76 in the window: markup in a name, a message or a tool tip is text, and opens nothing."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from kis_terminal.log import LogBuffer
from kis_terminal.services.market_data import LinkState
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.order_book import OrderBookPanel
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from kis_terminal.ui.status_bar import plain_tip
from tests.support.desk import Desk, DeskBuilder
from tests.support.ports_in_memory import SAMSUNG

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform

HOSTILE = '<b>굵게</b><a href="http://evil.example">누르기</a>'


@pytest.fixture
def desk(desk_of: DeskBuilder) -> Desk:
    return desk_of(texts={"watchlists": '{"단타": ["005930"]}'})


def test_markup_is_shown_as_text_everywhere(desk: Desk, qtbot: Any, qapp: QApplication) -> None:
    workspace = desk.workspace
    desk.broker.hold_shares(SAMSUNG, HOSTILE, 10, 80_000)
    panels = [
        WatchlistPanel(workspace),
        PositionsPanel(workspace),
        OrdersPanel(workspace),
        OrderBookPanel(workspace),
        OrderEntryPanel(workspace),
        LogPanel(workspace, LogBuffer()),
    ]
    window = MainWindow(workspace, panels)
    window.resize(1600, 900)
    window.show()
    try:
        instruments = workspace.instruments
        instruments.take([*instruments.find(SAMSUNG)])
        desk.feed.listener.on_link(LinkState.WAITING, HOSTILE)
        workspace.link.message.emit("warn", HOSTILE)
        workspace.portfolio.refresh_soon()
        qtbot.waitUntil(lambda: any(HOSTILE in label.text() for label in window.findChildren(QLabel)))
        qtbot.wait(50)

        shown = [label for label in window.findChildren(QLabel) if "<b>" in label.text()]
        assert shown
        assert {label.textFormat() for label in shown} == {Qt.TextFormat.PlainText}
        tips = [child.toolTip() for child in children(window) if "<a " in child.toolTip()]
        assert tips == []
        assert not any(label.openExternalLinks() for label in window.findChildren(QLabel))
        assert not [button for button in window.findChildren(QAbstractButton) if HOSTILE in button.text()]
    finally:
        window.close_now()
        window.close()
        window.deleteLater()


def children(window: QObject) -> list[QWidget]:
    return window.findChildren(QWidget)


def test_a_tool_tip_shows_markup_as_it_is() -> None:
    """Cause: Qt takes a tool tip that looks like markup for markup; the link's text comes from the wire."""
    tip = plain_tip(HOSTILE)

    assert "<a " not in tip
    assert "&lt;a" in tip
    assert plain_tip("연결되었습니다") == "연결되었습니다"
