"""The composition root: builds everything in order, runs it, and stops it in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from pathlib import Path

import qasync
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from kis_terminal import __version__
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.storage.instance_lock import InstanceLock
from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.log import Logging, set_up_logging
from kis_terminal.options import Options
from kis_terminal.ports import BrokerHealth, FeedListener, Stream
from kis_terminal.resource_files import resource_path
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.panic import Panic
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.status import Status
from kis_terminal.services.tasks import URGENT, TaskScope
from kis_terminal.services.watchlists import Watchlists
from kis_terminal.settings import WORKSPACE_FILE, KisAccess, Settings
from kis_terminal.ui.crash import CrashDesk
from kis_terminal.ui.frame_clock import FrameClock
from kis_terminal.ui.idle_collector import Collector
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panels.chart import ChartPanel
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.order_book import OrderBookPanel
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from kis_terminal.ui.qt_messages import forward_qt_messages
from kis_terminal.ui.ready_queue import ReadyQueue
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, said_in_log, set_language, tr
from kis_terminal.ui.window_choices import chosen_theme
from kis_terminal.ui.workspace import Link, Workspace

log = logging.getLogger(__name__)

_MASTER_RETRY_SECONDS = 5.0
_SWITCH_SECONDS = 0.0005
_SETTLED_SECONDS = 3.0
"""After the start: by then everything that lives to the end has been built."""
_ANSWER_SECONDS = 5.0
"""How long closing waits for the answers to orders that have left."""


@dataclass(frozen=True, slots=True)
class _Health:
    """The broker's figures of both connections together."""

    broker: KisBroker
    feed: KisFeed

    def health(self) -> BrokerHealth:
        """Return the REST side's figures with the feed's last frame."""
        return replace(self.broker.health(), last_frame_at=self.feed.last_frame_at)


def _account_file(access: KisAccess) -> str:
    """Return a name for an account's files that does not show its number."""
    return hashlib.sha256(f"{access.cano}-{access.product}".encode()).hexdigest()[:12]


class Terminal:
    """Everything that lives while the window is open."""

    def __init__(
        self,
        options: Options,
        settings: Settings,
        access: KisAccess,
        preferences: Preferences,
        theme: Theme,
        logging_: Logging,
        crash: CrashDesk,
    ) -> None:
        clock = SystemClock()
        home = settings.home
        account_file = _account_file(access)
        self.scope = TaskScope("services", crash.task_failed)
        self.window_scope = TaskScope("window", crash.task_failed)

        self.broker = KisBroker(access, clock, token_folder=home.tokens, on_secret=logging_.redactor.add)
        self.feed = KisFeed(
            ws_url=access.ws_url,
            environment=access.environment,
            hts_id=access.hts_id,
            approval_key=self._approval_key,
            invalidate_approval=self._forget_approval,
            clock=clock,
            # The pause between commands spares KIS's servers; our own exchange needs none.
            timing=FeedTiming(command_gap=0.002) if settings.environment is Environment.SIM else None,
            on_failure=crash.task_failed,
        )
        self._wants_fresh_approval = False
        broker = self.broker
        master = broker.master(home.data)
        self.journal = SqliteOrderJournal(home.data / f"journal-{account_file}.sqlite")
        latch = FileWorkspaceStore(home.data / f"trading-{account_file}.json")

        self.instruments = Instruments(master)
        self.market_data = MarketData(broker, self.feed, clock, self.scope)
        self.history = History(broker, self.market_data, self.scope)
        self.portfolio = Portfolio(broker, self.market_data, self.instruments, clock, self.scope)
        self.risk_gate = RiskGate(
            settings.environment, self.instruments, self.market_data, self.portfolio, clock, latch
        )
        if latch.is_damaged:
            self.risk_gate.halt()  # nobody knows whether it had fallen
        self.orders = Orders(broker, self.journal, self.risk_gate, self.portfolio, clock, self.scope)
        self.reconciler = Reconciler(broker, self.orders, self.portfolio, clock, self.scope)
        self.panic = Panic(self.orders, self.reconciler, self.risk_gate, clock, self.scope)
        self.frame_clock = FrameClock()
        self.collector = Collector(self.frame_clock)
        self.orders.changed.subscribe(self._let_order_pass)
        self.workspace = Workspace(
            environment=settings.environment,
            account_label=access.account_label,
            market_data=self.market_data,
            history=self.history,
            instruments=self.instruments,
            orders=self.orders,
            reconciler=self.reconciler,
            portfolio=self.portfolio,
            risk_gate=self.risk_gate,
            panic=self.panic,
            watchlists=Watchlists(preferences),
            preferences=preferences,
            status=Status(_Health(broker, self.feed), self.feed, "SQLite"),
            theme=theme,
            frame_clock=self.frame_clock,
            link=Link(),
            scope=self.window_scope,
        )
        self.window = MainWindow(
            self.workspace,
            (
                WatchlistPanel(self.workspace),
                PositionsPanel(self.workspace),
                ChartPanel(self.workspace),
                OrdersPanel(self.workspace),
                LogPanel(self.workspace, logging_.buffer),
                OrderBookPanel(self.workspace),
                OrderEntryPanel(self.workspace),
            ),
            options.layout or "",
        )
        crash.tell = self.workspace.link.message.emit

    async def _approval_key(self) -> str:
        fresh, self._wants_fresh_approval = self._wants_fresh_approval, False
        return await self.broker.approval_key(fresh=fresh)

    def _forget_approval(self) -> None:
        self._wants_fresh_approval = True

    def _let_order_pass(self, order: Order) -> None:
        """Paint nothing between the click and the socket; the outcome is painted at once."""
        if order.status in (OrderStatus.CREATED, OrderStatus.SENT):
            self.frame_clock.hold()
        else:
            self.frame_clock.release()

    async def open(self) -> None:
        """Connect: the window is already up and fills as answers come."""
        self.feed.listen(
            FeedListener(
                on_ticks=self.market_data.take_ticks,
                on_book=self.market_data.take_book,
                on_notice=self.orders.take_notice,
                on_status=self.market_data.take_status,
                on_link=self.market_data.take_link,
                on_subscription=self.market_data.take_subscription,
                on_gap=self._fill_gap,
            )
        )
        try:
            self.feed.subscribe(Stream.NOTICES, "")
        except TerminalError as error:
            self.workspace.link.message.emit("warn", said(error))
        self.scope.spawn(self.feed.open(), name="feed")
        self.scope.spawn(self._load_master(), name="master")
        self.scope.spawn(self._open_journal(), name="journal")
        self.reconciler.start()

    async def _open_journal(self) -> None:
        try:
            notes: Sequence[str] = await self.journal.prepare()
        except TerminalError as error:
            notes = [sentence_of(error)]
        for note in notes:
            self.workspace.link.message.emit("danger", said(note))

    async def _load_master(self) -> None:
        while True:
            try:
                await self.instruments.load()
            except TerminalError as error:
                log.warning("instrument list: %s", error)
                self.workspace.link.message.emit("warn", said(error))
                await asyncio.sleep(_MASTER_RETRY_SECONDS)
            else:
                return

    def _fill_gap(self, reason: str) -> None:
        log.info("filling what was missed: %s", reason)
        self.market_data.fill_gap()
        self.reconciler.want()

    async def close(self) -> None:
        """Stop in reverse order; orders already sent stay at the broker."""
        self.window.close_now()
        self.frame_clock.stop()
        self.collector.stop()
        await self.window_scope.close()
        await self.orders.finish_sending(_ANSWER_SECONDS)
        await self.scope.close()
        await self.feed.close()
        await self.broker.close()
        await self.journal.close()


async def _live(
    options: Options,
    settings: Settings,
    exchange: ExchangeProcess | None,
    preferences: Preferences,
    theme: Theme,
    logging_: Logging,
    crash: CrashDesk,
    on_open: Callable[[Terminal], None] | None,
) -> int:
    access = settings.access
    if exchange is not None:
        address = await exchange.ready()
        access = settings.access_for_sim(address.rest, address.ws)
        for note in exchange.notes():
            log.info("exchange: %s", note)
    assert access is not None  # noqa: S101 - load_settings gives access to every other environment
    logging_.redactor.add(access.appkey.reveal(), access.appsecret.reveal())
    logging_.redactor.add_account(access.cano)
    with InstanceLock(settings.home.data / f"{_account_file(access)}.lock"):
        return await _opened(options, settings, access, preferences, theme, logging_, crash, on_open)


async def _opened(
    options: Options,
    settings: Settings,
    access: KisAccess,
    preferences: Preferences,
    theme: Theme,
    logging_: Logging,
    crash: CrashDesk,
    on_open: Callable[[Terminal], None] | None,
) -> int:
    terminal = Terminal(options, settings, access, preferences, theme, logging_, crash)
    stop = asyncio.Event()
    window = terminal.window
    window.closing.connect(stop.set)
    loop = asyncio.get_running_loop()
    with _signals(lambda: loop.call_soon_threadsafe(stop.set)):
        if options.size is not None or options.screenshot is not None:
            window.resize(*(options.size or theme.window_size))
        window.show()
        await terminal.open()
        for sentence in settings.warnings:
            terminal.workspace.link.message.emit("warn", sentence)
        loop.call_later(_SETTLED_SECONDS, terminal.collector.start)
        if on_open is not None:
            on_open(terminal)
        if options.exit_after is not None:
            loop.call_later(options.exit_after, stop.set)
        try:
            await stop.wait()
            if options.screenshot is not None:
                return _save_picture(window, options.screenshot)
        finally:
            await terminal.close()
    return 0


def _save_picture(window: MainWindow, path: Path) -> int:
    if window.grab().save(str(path)):
        return 0
    sentence = tr("그림을 {path}에 저장하지 못했습니다. 폴더와 권한을 확인하십시오.", path=path)
    print(sentence, file=sys.stderr)  # noqa: T201 - the window is closing
    return 1


@contextlib.contextmanager
def _signals(stop: Callable[[], object]):  # type: ignore[no-untyped-def]
    """End cleanly on SIGINT and SIGTERM; Python sees them at the next turn of the status bar's timer."""
    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, lambda *_: stop())
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def window_preferences(settings: Settings) -> Preferences:
    """Return the window's choices, which all environments share."""
    # Written while a person clicks: the disk is not waited for.
    return Preferences(FileWorkspaceStore(settings.home.layout / WORKSPACE_FILE, waits_for_disk=False))


class _Loop(qasync.QEventLoop):
    """qasync's loop with a queue of its own for what is ready."""

    def __init__(self, application: QApplication) -> None:
        self._queue = ReadyQueue()
        super().__init__(application)

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback in the next turn of the loop, or in this one."""
        if context is None:
            context = copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.add(handle, context.get(URGENT, False))
        return handle


def run(
    options: Options,
    settings: Settings,
    exchange: ExchangeProcess | None,
    on_open: Callable[[Terminal], None] | None = None,
) -> int:
    """Open the window and run until it closes; returns the exit code.

    `on_open` is called once the window is shown and connecting; measurements and pictures use it.
    """
    # The journal's thread waits so long for the interpreter, several times an order, while the window paints.
    sys.setswitchinterval(_SWITCH_SECONDS)
    logging_ = set_up_logging(settings.home.logs, said=said_in_log)
    forward_qt_messages()
    set_language(settings.language)
    application = QApplication(["kis-terminal"])
    application.setApplicationName("KIS Terminal")
    application.setApplicationVersion(__version__)
    application.setWindowIcon(QIcon(str(resource_path("icons/kis-terminal.png"))))
    application.setQuitOnLastWindowClosed(False)
    preferences = window_preferences(settings)
    theme = chosen_theme(preferences)
    theme.apply(application)
    crash = CrashDesk()
    crash.install()
    loop = _Loop(application)
    try:
        with loop:
            return int(
                loop.run_until_complete(
                    _live(options, settings, exchange, preferences, theme, logging_, crash, on_open)
                )
            )
    except TerminalError as error:
        print(said(error), file=sys.stderr)  # noqa: T201 - the window never came up
        return 1
    finally:
        crash.tell = None
        crash.close()
        logging_.close()
