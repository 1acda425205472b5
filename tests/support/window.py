"""The window over real services, as its tests open it, and orders in it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.orders import OrderKind, Origin, Side
from kis_terminal.log import LogBuffer
from kis_terminal.services.market_data import LinkState
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from tests.support.desk import Desk, DeskBuilder
from tests.support.ports_in_memory import SAMSUNG

WATCHED = {"watchlists": '{"단타": ["005930", "035420"]}'}
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def desk(desk_of: DeskBuilder) -> Desk:
    """Return a desk whose watchlist holds known symbols."""
    return desk_of(texts=dict(WATCHED))


@pytest.fixture
def open_window(qtbot: Any, qapp: QApplication) -> Any:
    """Return a function that opens the window of a desk; it is closed at the end."""
    opened: list[MainWindow] = []

    def open_(desk: Desk, size: tuple[int, int] = (1400, 800)) -> MainWindow:
        workspace = desk.workspace
        panels = [
            WatchlistPanel(workspace),
            PositionsPanel(workspace),
            OrdersPanel(workspace),
            LogPanel(workspace, LogBuffer()),
        ]
        window = MainWindow(workspace, panels)
        window.resize(*size)
        desk.feed.listener.on_link(LinkState.CONNECTED, "")
        window.show()
        window.activateWindow()
        qtbot.waitExposed(window)
        qtbot.waitUntil(lambda: workspace.market_data.state(SAMSUNG).price is not None)
        opened.append(window)
        return window

    yield open_
    for window in opened:
        window.close_now()
        window.deleteLater()


def buy(desk: Desk, symbol: str = SAMSUNG, price: int = 83_100, quantity: int = 5) -> str:
    orders = desk.workspace.orders
    request = orders.new_request(
        symbol, Side.BUY, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.ORDER_ENTRY
    )
    return orders.submit_soon(request)


def working(desk: Desk, qtbot: Any, count: int = 1) -> None:
    qtbot.waitUntil(lambda: sum(o.status.is_working for o in desk.workspace.orders.open_orders()) == count)
