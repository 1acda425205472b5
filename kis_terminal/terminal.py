"""What lives while the window is open: the trading core, the panels, and what ties them together."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.process_memory import resident_bytes
from kis_terminal.adapters.recording.recorder import SessionRecorder
from kis_terminal.adapters.rehearsal.child import RehearsalChild
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.log import Logging
from kis_terminal.market_strategies import MarketStrategies
from kis_terminal.options import Options
from kis_terminal.ports import BrokerHealth
from kis_terminal.research import Research
from kis_terminal.services.health import Health
from kis_terminal.services.panic_rehearsal import PanicRehearsal
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.recording import Recording
from kis_terminal.services.status import Status
from kis_terminal.services.tasks import TaskScope
from kis_terminal.services.watchlists import Watchlists
from kis_terminal.settings import KisAccess, Settings
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
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said
from kis_terminal.ui.workspace import Link, Workspace

log = logging.getLogger(__name__)

_WINDOW_SECONDS = 1.0
"""How long the window's own tasks may take to end: none of them sends anything."""
_SESSION_SECONDS = 3.0
"""How long the system's end is held up for the answers to orders that have left."""


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
            rehearsal=PanicRehearsal(RehearsalChild(), self.window_scope),
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
