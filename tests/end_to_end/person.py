"""What a person does with the window, and what that person sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from time import perf_counter
from typing import Any, NamedTuple

import httpx
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QWidget

from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.domain.orders import Order
from kis_terminal.log import Logging
from kis_terminal.terminal import Terminal
from kis_terminal.ui.charts.plot import ChartPlot
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.ladder.chips import Chip
from kis_terminal.ui.ladder.geometry import Column
from kis_terminal.ui.ladder.view import LadderView
from kis_terminal.ui.panels.chart import ChartPanel
from kis_terminal.ui.panels.order_book import OrderBookPanel
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel

PRESS = Qt.MouseButton.LeftButton
PLAIN, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
_PATIENCE = 15_000


class Person:
    """Hands and eyes on one terminal."""

    def __init__(
        self,
        terminal: Terminal,
        qtbot: Any,
        loop: asyncio.AbstractEventLoop,
        exchange: ExchangeAddress,
        account: str,
        logging_: Logging,
    ) -> None:
        self.terminal = terminal
        self.qtbot = qtbot
        self.window = terminal.window
        self._loop = loop
        self._exchange = exchange
        self._account = account
        self._logging = logging_
        self._has_left = False

    # -- life ---

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end while the window lives."""
        task = self._loop.create_task(work)
        self.qtbot.waitUntil(task.done, timeout=_PATIENCE)
        task.result()

    @property
    def is_ready(self) -> bool:
        """Tell whether names, account, orders and the book are there; the chart comes when it comes."""
        terminal, state = self.terminal, self.state
        return (
            len(terminal.instruments) > 0
            and terminal.orders.is_reconciled
            and terminal.portfolio.balance is not None
            and state.book is not None
            and state.upper_limit is not None
            and (not self.book.is_active or any(row.price is not None for row in self.ladder.shown))
            and terminal.market_data.market_seconds() is not None
        )

    def leave(self) -> None:
        """Close the window as `app.run` does; may be called twice."""
        if self._has_left:
            return
        self._has_left = True
        # A connection that is cancelled while it opens is closed by the garbage collector, with a warning.
        self.until(lambda: not any("quote" in task.get_name() for task in asyncio.all_tasks(self._loop)))
        self.run(self.terminal.close())
        self._logging.close()
        self.window.deleteLater()

    # -- the parts of the window ---

    def _panel(self, name: str) -> Any:
        return self.window.docks[name].panel

    @property
    def watchlist(self) -> WatchlistPanel:
        panel: WatchlistPanel = self._panel("watchlist")
        return panel

    @property
    def form(self) -> OrderEntryPanel:
        panel: OrderEntryPanel = self._panel("order_entry")
        return panel

    @property
    def book(self) -> OrderBookPanel:
        panel: OrderBookPanel = self._panel("order_book")
        return panel

    @property
    def ladder(self) -> LadderView:
        return self.book.ladder

    @property
    def orders(self) -> OrdersPanel:
        panel: OrdersPanel = self._panel("orders")
        return panel

    @property
    def positions(self) -> PositionsPanel:
        panel: PositionsPanel = self._panel("positions")
        return panel

    @property
    def chart(self) -> ChartPanel:
        panel: ChartPanel = self._panel("chart")
        return panel

    @property
    def plot(self) -> ChartPlot:
        assert self.chart.plot is not None
        return self.chart.plot

    @property
    def shows_chart(self) -> bool:
        return self.chart.plot is not None and self.chart.pages.currentWidget() is self.chart.plot

    @property
    def state(self) -> Any:
        """Return what is known of the linked symbol."""
        return self.terminal.market_data.state(self.terminal.workspace.link.symbol)

    # -- hands ---

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN, on: QWidget | None = None) -> None:
        """Press a key where the cursor is."""
        self.qtbot.keyClick(on or QApplication.focusWidget() or self.window, key, modifier)

    def type(self, text: str) -> None:
        """Type into the field that has the cursor; Hangul comes through the input method."""
        field = QApplication.focusWidget()
        assert field is not None
        if text.isascii():
            self.qtbot.keyClicks(field, text)
            return
        for letter in text:
            event = QInputMethodEvent()
            event.setCommitString(letter)
            QApplication.sendEvent(field, event)

    def retype(self, text: str) -> None:
        """Replace what stands in the field that has the cursor."""
        self.key(Qt.Key.Key_A, CTRL)
        self.type(text)

    def choose(self, text: str) -> None:
        """Search for a symbol and take the first finding."""
        self.key(Qt.Key.Key_K, CTRL)
        self.type(text)
        self.key(Qt.Key.Key_Return)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Press and release the left button."""
        self.qtbot.mouseClick(widget, PRESS, pos=at or widget.rect().center())

    def click_row(self, grid: Grid, key: str) -> None:
        """Click on a row of a table."""
        self.click(grid.viewport(), grid.row_rect(key).center())

    def click_ladder(self, price: Decimal, column: Column) -> None:
        """Click on a cell of the ladder until it stood still under the pointer."""

        def takes() -> bool:
            self.click(self.ladder, self.ladder.cell_centre(price, column))
            return self.form.form.price() == price

        self.until(takes)

    def send(self) -> None:
        """Press Enter and wait until the order is known."""
        count = len(self.terminal.orders.all())
        self.key(Qt.Key.Key_Return)
        self.until(lambda: len(self.terminal.orders.all()) > count)

    def choose_market_order(self) -> None:
        """From the price field back to the kind of order, and one down: 지정가 to 시장가."""
        self.key(Qt.Key.Key_Backtab, SHIFT)
        self.key(Qt.Key.Key_Backtab, SHIFT)
        self.key(Qt.Key.Key_Down)

    # -- eyes ---

    def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is so."""
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def settle(self) -> None:
        """Wait until the frame that was asked for has been drawn."""
        drawn: list[bool] = []

        def note() -> None:
            drawn.append(True)

        self.terminal.frame_clock.request(note)
        self.until(lambda: bool(drawn))

    @property
    def order(self) -> Order:
        """Return the newest order."""
        return self.terminal.orders.all()[0]

    def row(self, order: Order) -> dict[str, str]:
        """Return what the order list says of an order, {} where it is not listed."""
        grid = self.orders.grid
        if order.key not in grid.keys:
            return {}
        columns = ("name", "side", "price", "quantity", "filled", "remaining", "status", "number", "origin")
        return {column: grid.cell_text(order.key, column) for column in columns}

    def holding(self, symbol: str) -> str:
        """Return the shares that the positions panel shows of a symbol, "" for none."""
        grid = self.positions.grid
        return grid.cell_text(symbol, "quantity") if symbol in grid.keys else ""

    def chip(self, price: Decimal) -> Chip | None:
        """Return the own orders that the ladder paints at a price."""
        for row in self.ladder.shown:
            if row.price == price:
                return row.buy_chip or row.sell_chip
        return None

    def ledger(self) -> list[dict[str, Any]]:
        """Return what the exchange itself wrote down of this account: the judge of every test."""
        answer = httpx.get(
            f"{self._exchange.control}/ledger",
            headers={"authorization": f"Bearer {self._exchange.control_token}"},
            trust_env=False,
            timeout=10,
        )
        entries = answer.json()
        return [entry for entry in entries if entry["account"] == self._account]


class Sight(NamedTuple):
    """An order as it stood when the panels were looked at, what they said, and how old the news was."""

    order: Order
    row: dict[str, str]
    holding: str
    seconds: float


class Witness:
    """Look at the panels right after the flush that follows each change of an order, and no later."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._news: dict[str, float] = {}
        self._due: dict[str, tuple[Order, float]] = {}
        self._flushed_bound = self._flushed
        self._later = QTimer(person.window)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._look)
        self.sights: list[Sight] = []
        self._subscription = person.terminal.orders.changed.subscribe(self._changed)

    def finish(self) -> None:
        """Look at the last news and no more."""
        self._subscription.close()
        self._person.until(lambda: not self._news and not self._due)

    def _changed(self, order: Order) -> None:
        self._news.setdefault(order.key, perf_counter())
        self._person.terminal.frame_clock.request(self._flushed_bound)

    def _flushed(self) -> None:
        # The rest of this flush may still belong to other panels: look as soon as it is over. What comes
        # between the flush and the look belongs to the next flush.
        for key, at in self._news.items():
            order = self._person.terminal.orders.get(key)
            assert order is not None
            self._due[key] = order, self._due[key][1] if key in self._due else at
        self._news = {}
        self._later.start()

    def _look(self) -> None:
        due, self._due = self._due, {}
        for order, at in due.values():
            holding = self._person.holding(order.symbol)
            self.sights.append(Sight(order, self._person.row(order), holding, perf_counter() - at))

    @property
    def slowest(self) -> float:
        """Return the longest time from a change to its being shown, in seconds."""
        return max(sight.seconds for sight in self.sights)
