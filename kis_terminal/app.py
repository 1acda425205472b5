"""The composition root: builds everything in order, runs it, and stops it in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from pathlib import Path

import qasync
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QGuiApplication, QIcon, QSessionManager
from PySide6.QtWidgets import QApplication

from kis_terminal import __version__
from kis_terminal.account_files import account_file
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.kept_config import KeptConfig
from kis_terminal.adapters.process_memory import resident_bytes
from kis_terminal.adapters.recording.recorder import SessionRecorder
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, remove_entrance, write_entrance
from kis_terminal.adapters.storage.instance_lock import InstanceLock
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.log import Logging, set_up_logging
from kis_terminal.market_strategies import MarketStrategies
from kis_terminal.options import Options
from kis_terminal.ports import BrokerHealth
from kis_terminal.research import Research
from kis_terminal.resource_files import resource_path
from kis_terminal.services.health import Health
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.recording import Recording
from kis_terminal.services.status import Status
from kis_terminal.services.tasks import URGENT, TaskScope
from kis_terminal.services.watchlists import Watchlists
from kis_terminal.settings import WORKSPACE_FILE, KisAccess, Settings
from kis_terminal.trading_core import TradingCore, shared_cache
from kis_terminal.ui.crash import CrashDesk
from kis_terminal.ui.frame_clock import FrameClock
from kis_terminal.ui.idle_collector import Collector
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.panels.backtest import BacktestPanel
from kis_terminal.ui.panels.chart import ChartPanel
from kis_terminal.ui.panels.data import DataPanel
from kis_terminal.ui.panels.health import HealthPanel
from kis_terminal.ui.panels.log import LogPanel
from kis_terminal.ui.panels.order_book import OrderBookPanel
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panels.orders import OrdersPanel
from kis_terminal.ui.panels.positions import PositionsPanel
from kis_terminal.ui.panels.risk import RiskPanel
from kis_terminal.ui.panels.strategies import StrategiesPanel, StrategySources
from kis_terminal.ui.panels.watchlist import WatchlistPanel
from kis_terminal.ui.qt_messages import forward_qt_messages
from kis_terminal.ui.ready_queue import ReadyQueue
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, said_in_log, set_language, tr
from kis_terminal.ui.window_choices import chosen_theme
from kis_terminal.ui.workspace import Link, Workspace

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005
_WINDOW_SECONDS = 1.0
"""How long the window's own tasks may take to end: none of them sends anything."""
_SESSION_SECONDS = 3.0
"""How long the system's end is held up for the answers to orders that have left."""
_SETTLED_SECONDS = 3.0
"""After the start: by then everything that lives to the end has been built."""


@dataclass(frozen=True, slots=True)
class _Health:
    """The broker's figures of both connections together."""

    broker: KisBroker
    feed: KisFeed

    def health(self) -> BrokerHealth:
        """Return the REST side's figures with the feed's last frame."""
        return replace(self.broker.health(), last_frame_at=self.feed.last_frame_at)


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
        *,
        is_exchange_new: bool,
    ) -> None:
        self.window_scope = TaskScope("window", crash.task_failed)
        link = Link()
        clock = SystemClock()
        self.recorder = recorder = _recorder(clock, access, options)
        self._record_to = options.record
        self._has_logged_what_stays = False

        def learn(secret: str) -> None:
            logging_.redactor.add(secret)
            recorder.masker.learn(secret)

        def tell(grade: str, sentence: str) -> None:
            link.message.emit(grade, said(sentence))

        self.cache = shared_cache(settings.redis_url, tell)
        self.core = core = TradingCore(
            access,
            settings.home,
            on_secret=learn,
            on_failure=crash.task_failed,
            tell=tell,
            tap=recorder,
            is_exchange_new=is_exchange_new,
            cache=self.cache,
        )
        self.broker, self.feed, self.journal = core.broker, core.feed, core.journal
        self.instruments, self.market_data, self.history = core.instruments, core.market_data, core.history
        self.portfolio, self.risk_gate, self.orders = core.portfolio, core.risk_gate, core.orders
        self.reconciler, self.panic = core.reconciler, core.panic
        self.research = research = Research(core, settings, self.window_scope, access.made_up)
        self.automation = MarketStrategies(
            core, access, settings.home, lambda grade, words: link.message.emit(grade, said(words))
        )
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
            risk_settings=core.risk_settings,
            panic=self.panic,
            watchlists=Watchlists(preferences),
            preferences=preferences,
            status=Status(_Health(self.broker, self.feed), self.feed, "SQLite"),
            theme=theme,
            frame_clock=self.frame_clock,
            link=link,
            scope=self.window_scope,
            share_changes=core.share_changes,
            flatten=core.flatten,
            recording=Recording(recorder, clock, settings.home.data / "recordings"),
        )
        order_entry = OrderEntryPanel(self.workspace)
        self.window = MainWindow(
            self.workspace,
            (
                WatchlistPanel(self.workspace),
                PositionsPanel(self.workspace),
                ChartPanel(self.workspace),
                OrdersPanel(self.workspace),
                LogPanel(self.workspace, logging_.buffer),
                HealthPanel(self.workspace, self._health(settings.environment)),
                RiskPanel(self.workspace, order_entry.typed),
                DataPanel(self.workspace, self.research.bars, self.research.today),
                OrderBookPanel(self.workspace),
                BacktestPanel(self.workspace, research.backtests, research.today),
                StrategiesPanel(
                    self.workspace,
                    self.automation.strategies,
                    StrategySources(research.backtests, self.automation.trust),
                ),
                order_entry,
            ),
            options.layout or "",
        )
        crash.tell = self.workspace.link.message.emit

    def _health(self, environment: Environment) -> Health:
        return Health(
            environment,
            self.market_data,
            self.workspace.status,
            self.core.clock,
            write_seconds=lambda: self.journal.last_write_seconds,
            memory_bytes=resident_bytes,
            cache=self.cache,
        )

    def _let_order_pass(self, order: Order) -> None:
        """Paint nothing between the click and the socket; the outcome is painted at once."""
        if order.status in (OrderStatus.CREATED, OrderStatus.SENT):
            self.frame_clock.hold()
        else:
            self.frame_clock.release()

    async def open(self) -> None:
        """Connect: the window is already up and fills as answers come."""
        if self._record_to is not None:
            try:
                self.recorder.start(self._record_to)
            except TerminalError as error:
                self.workspace.link.message.emit("danger", said(error))
        await self.core.open()
        self.automation.strategies.watch()

    async def close(self) -> None:
        """Stop in reverse order, within ten seconds; orders already sent stay at the broker."""
        self._log_what_stays()
        self.window.close_now()
        self.frame_clock.stop()
        self.collector.stop()
        await self.window_scope.close(timeout=_WINDOW_SECONDS)
        await self.automation.close()
        await self.research.close()
        await self.core.close()
        if self.cache is not None:
            await self.cache.close()
        await self.recorder.close()

    def session_ends(self) -> None:
        """Leave as at SIGTERM: the system goes down or its user logs out, and nobody is there to be asked.

        It may end this process as soon as this returns, so answers on their way are waited for here.
        """
        log.info("the session of the operating system ends")
        orders = self.core.orders
        if not self.core.scope.is_closed:
            self.core.scope.spawn(orders.finish_sending(_SESSION_SECONDS), name="session ends")
        end = time.monotonic() + _SESSION_SECONDS
        while orders.is_sending and time.monotonic() < end:
            # The loop of the services lives in Qt's: this lets it go on.
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        self._log_what_stays()
        self.window.close_now()

    def _log_what_stays(self) -> None:
        if self._has_logged_what_stays:
            return
        self._has_logged_what_stays = True
        if self.panic.is_running:
            log.info("closing while everything is being cancelled; new orders stay locked")
        for order in self.orders.open_orders():
            price = "market" if order.price is None else f"{order.price:,f}"
            log.info(
                "order %s stays at the broker: %s %s %d @ %s",
                order.order_number or "of unknown number",
                order.symbol,
                order.side.value,
                order.remaining,
                price,
            )


def _recorder(clock: SystemClock, access: KisAccess, options: Options) -> SessionRecorder:
    """Return the recorder, which knows from the start what it must never write."""
    recorder = SessionRecorder(clock, access.environment.value, limit=options.record_limit * 1024 * 1024)
    recorder.masker.learn(access.appkey.reveal(), access.appsecret.reveal())
    recorder.masker.learn_word(access.hts_id)
    if access.cano:
        recorder.masker.account(access.cano)
    return recorder


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
    entrance: ExchangeEntrance | None = None
    if exchange is not None:
        address = await exchange.ready()
        access = settings.access_for_sim(address.rest, address.ws, address.market)
        entrance = ExchangeEntrance(address.rest, address.ws, address.pid, address.market)
        for note in exchange.notes():
            log.info("exchange: %s", note)
    assert access is not None  # noqa: S101 - load_settings gives access to every other environment
    logging_.redactor.add(access.appkey.reveal(), access.appsecret.reveal())
    logging_.redactor.add_account(access.cano)
    lock = InstanceLock(settings.home.data / f"{account_file(access)}.lock")
    with lock, _shown_to_commands(settings.home.data, entrance):
        terminal = Terminal(
            options,
            settings,
            access,
            preferences,
            theme,
            logging_,
            crash,
            is_exchange_new=exchange is not None,
        )
        return await _opened(terminal, options, settings, theme, on_open)


@contextlib.contextmanager
def _shown_to_commands(folder: Path, entrance: ExchangeEntrance | None) -> Iterator[None]:
    """Let `kis-terminal orders` and `panic` find the window's own exchange while it runs."""
    if entrance is None:
        yield
        return
    try:
        write_entrance(folder, entrance)
    except TerminalError as error:
        log.warning("commands will not find this simulation: %s", error)
    try:
        yield
    finally:
        remove_entrance(folder)


async def _opened(
    terminal: Terminal,
    options: Options,
    settings: Settings,
    theme: Theme,
    on_open: Callable[[Terminal], None] | None,
) -> int:
    stop = asyncio.Event()
    window = terminal.window
    window.closing.connect(stop.set)
    loop = asyncio.get_running_loop()
    with _signals(lambda: loop.call_soon_threadsafe(stop.set)), _session_end(terminal.session_ends):
        if options.size is not None or options.screenshot is not None:
            window.resize(*(options.size or theme.window_size))
        window.show()
        await terminal.open()
        if settings.config_file is not None and settings.environment is not Environment.SIM:
            kept = KeptConfig(settings.home.tokens, settings.environment)
            keeping = asyncio.to_thread(kept.keep, settings.config_file)
            terminal.window_scope.spawn(keeping, name="keep settings")
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


@contextlib.contextmanager
def _session_end(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave` when the operating system's session ends; it asks the program to keep what it has."""
    application = QApplication.instance()
    assert isinstance(application, QGuiApplication)  # noqa: S101 - the window stands

    def ends(manager: QSessionManager) -> None:
        leave()

    application.commitDataRequest.connect(ends)
    try:
        yield
    finally:
        application.commitDataRequest.disconnect(ends)


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
    # Modules are imported in threads while the window is up: a collection that begins there would end widgets
    # outside their own thread, which Qt does not survive. `Collector` collects between frames.
    gc.disable()
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
