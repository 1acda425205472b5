"""What trades one account, without a window: the window and the commands of the shell are built around it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from kis_terminal.account_files import holdings_path, journal_path, latch_path, products_path
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.shared_access import shared_name
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.risk import RiskLimits, TradingState
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Cache, Clock, FeedListener, Stream
from kis_terminal.services.exchange_clock import ExchangeClock
from kis_terminal.services.flatten import Flatten
from kis_terminal.services.held_streams import HeldStreams
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.order_chronicle import OrderChronicle
from kis_terminal.services.order_restore import EXCHANGE_BEGAN
from kis_terminal.services.orders import Orders
from kis_terminal.services.other_sweep import OtherSweep
from kis_terminal.services.panic import Panic, PanicReport
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.risk_settings import RiskSettings, text_of
from kis_terminal.services.share_changes import ShareChange, ShareChanges
from kis_terminal.services.shared_quotes import SharedQuotes
from kis_terminal.services.stall_watch import StallWatch
from kis_terminal.services.tasks import FailureHandler, TaskScope
from kis_terminal.services.trading_day import TradingDay
from kis_terminal.services.wake_watch import WakeWatch
from kis_terminal.settings import HomePaths, KisAccess, Secret

if TYPE_CHECKING:
    from kis_terminal.adapters.cache.redis import RedisCache
    from kis_terminal.adapters.kis.feed_relay import FeedRelay

log = logging.getLogger(__name__)

Tell = Callable[[str, str], object]
"""Says a sentence to the person: grade (info, warn, danger) and words."""

_MASTER_RETRY_SECONDS = 5.0
_LATCH_SECONDS = 0.5
_LATCH_EVENTS = {
    TradingState.ACTIVE: "latch released",
    TradingState.REDUCING: "reducing only",
    TradingState.HALTED: "latch dropped",
}
_ANSWER_SECONDS = 5.0
"""How long closing waits for the answers to orders that have left."""


def shared_cache(url: Secret | None, tell: Tell) -> RedisCache | None:
    """Return what REDIS_URL shares between programs, None without one: then nothing of it is loaded."""
    if url is None:
        return None
    from kis_terminal.adapters.cache.redis import RedisCache

    def say(trouble: str) -> None:
        if trouble:
            tell("warn", trouble)
        else:
            tell("info", Sentence("공유 캐시(Redis)를 다시 씁니다."))

    return RedisCache(url.reveal(), on_trouble=say)


def _relay(cache: Cache, access: KisAccess, clock: Clock) -> FeedRelay:
    """Return what shares one socket among the programs of an app key; loaded with a cache only."""
    from kis_terminal.adapters.kis.feed_relay import FeedRelay

    return FeedRelay(cache, access, clock)


class TradingCore:
    """Broker, feed, journal and the services of one account; nothing is connected before `open`."""

    def __init__(
        self,
        access: KisAccess,
        home: HomePaths,
        *,
        on_secret: Callable[[str], None],
        on_failure: FailureHandler | None,
        tell: Tell,
        tap: WireTap | None = None,
        is_exchange_new: bool = False,
        is_guest: bool = False,
        cache: Cache | None = None,
    ) -> None:
        """Build everything; an exchange that `is_exchange_new` knows nothing of the orders in the journal.

        A guest works beside a window that may have the account open, and leaves the journal's file as it is.
        `cache` is what the programs of one app key share; whoever made it closes it after this.
        """
        self.cache = cache
        self._shared_name = shared_name(access)
        machine_clock = SystemClock()
        self._tell = tell
        self._is_exchange_new = is_exchange_new
        self._is_guest = is_guest
        self._held: HeldStreams | None = None
        self._is_looking = False
        self.scope = TaskScope("services", on_failure)
        self.broker = broker = KisBroker(
            access, machine_clock, token_folder=home.tokens, on_secret=on_secret, tap=tap, cache=cache
        )
        # The services live by the broker's clock, which the adapter measures against the machine's.
        self.clock = clock = ExchangeClock(machine_clock, lambda: broker.health().clock_skew_seconds)
        self.feed = KisFeed(
            ws_url=access.ws_url,
            environment=access.environment,
            hts_id=access.hts_id,
            approval_key=self._approval_key,
            invalidate_approval=self._forget_approval,
            clock=clock,
            # The pause between commands spares KIS's servers; our own exchange needs none.
            timing=FeedTiming(command_gap=0.002) if access.environment is Environment.SIM else None,
            on_failure=on_failure,
            tap=tap,
            relay=None if cache is None else _relay(cache, access, machine_clock),
        )
        self._wants_fresh_approval = False
        self.journal = SqliteOrderJournal(journal_path(access, home), is_guest=is_guest)
        latch = FileWorkspaceStore(latch_path(access, home), is_shared=True)

        self.instruments = Instruments(broker.master(home.data))
        self.market_data = MarketData(broker, self.feed, clock, self.scope, broker)
        self.stall_watch = StallWatch(self.feed, self.market_data, clock, self.scope)
        self.history = History(broker, self.market_data, self.scope)
        self.portfolio = Portfolio(broker, self.market_data, self.instruments, clock, self.scope)
        self.risk_gate = RiskGate(
            access.environment, self.instruments, self.market_data, self.portfolio, clock, latch
        )
        if latch.is_damaged:
            self.risk_gate.halt()  # nobody knows whether it had fallen
        limits = FileWorkspaceStore(home.data / "risk-limits.json")
        self.risk_settings = RiskSettings(limits)
        self._limits_problem = self._load_limits(is_damaged=limits.is_damaged)
        self._noted_state = self.risk_gate.state
        self.risk_gate.state_changed.subscribe(self._note_state)
        self.risk_gate.limits_changed.subscribe(lambda limits: self._note_limits(*limits))
        self.share_changes = self._share_changes(holdings_path(access, home))
        self.orders = Orders(broker, self.journal, self.risk_gate, self.portfolio, clock, self.scope)
        self.reconciler = Reconciler(broker, self.orders, self.portfolio, clock, self.scope)
        products = FileWorkspaceStore(products_path(access, home), is_shared=True)
        self.others = OtherSweep(broker, self.journal, products, clock, self.scope)
        self.panic = Panic(self.orders, self.reconciler, self.risk_gate, clock, self.scope, self.others)
        self.panic.changed.subscribe(self._note_panic)
        self.flatten = Flatten(
            self.orders,
            self.portfolio,
            self.market_data,
            self.instruments,
            self.risk_gate,
            clock,
            self.scope,
            is_panic_running=lambda: self.panic.is_running,
        )
        # By the machine's own clock: the other one is moved by what KIS answers.
        self.wake_watch = WakeWatch(
            self.orders, self.reconciler, self.market_data, self.feed, machine_clock, self.scope
        )
        self.trading_day = TradingDay(
            broker,
            self.instruments,
            self.market_data,
            self.portfolio,
            self.risk_gate,
            self.reconciler,
            clock,
            self.scope,
        )

    def _share_changes(self, path: Path) -> ShareChanges:
        """Watch the held shares for splits; a guest only reads what the window has written."""
        store = FileWorkspaceStore(path, waits_for_disk=False, is_read_only=self._is_guest)
        changes = ShareChanges(self.portfolio, self.market_data, self.clock, store, self.scope)
        if self._is_exchange_new:
            changes.forget()
        self.risk_gate.share_change = changes.words
        changes.noticed.subscribe(self._say_share_change)
        return changes

    def _say_share_change(self, change: ShareChange) -> None:
        self._tell("danger", change.sentence)

    def _load_limits(self, *, is_damaged: bool) -> str:
        """Take the user's limits; where they cannot be read, the defaults with orders locked. Return why."""
        try:
            self.risk_gate.limits = self.risk_settings.load()
            why = Sentence("파일이 손상됨") if is_damaged else ""
        except TerminalError as error:
            why = sentence_of(error)
        if not why:
            return ""
        self.risk_gate.halt()
        return Sentence(
            "위험 한도를 읽을 수 없어 기본값을 쓰고 새 주문을 잠갔습니다({why}). "
            "위험 한도를 확인한 뒤 잠금을 해제하십시오.",
            why=why,
        )

    async def _approval_key(self) -> str:
        fresh, self._wants_fresh_approval = self._wants_fresh_approval, False
        return await self.broker.approval_key(fresh=fresh)

    def _forget_approval(self) -> None:
        self._wants_fresh_approval = True

    async def open(self) -> None:
        """Connect to everything; what comes fills the services."""
        if self._limits_problem:
            self._tell("danger", self._limits_problem)
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
            self._tell("warn", sentence_of(error))
        self.scope.spawn(self.feed.open(), name="feed")
        self.scope.spawn(self._load_master(), name="master")
        self.scope.spawn(self._begin_orders(), name="orders")
        self.scope.spawn(self._watch_latch(), name="latch")
        self.trading_day.start()
        self.wake_watch.start()
        self.stall_watch.start()
        if self.cache is not None:
            SharedQuotes(self.cache, self.market_data, self.clock, self.scope, self._shared_name).start()
        self._held = HeldStreams(self.portfolio, self.market_data)

    async def _begin_orders(self) -> None:
        """Take over what the journal knows of today, then ask the broker; nothing is sent for it.

        Where the journal cannot be read it is asked again with every listing, and no order leaves before.
        """
        troubles: dict[str, None] = {}
        try:
            troubles.update(dict.fromkeys(await self.journal.prepare()))
        except TerminalError as error:
            troubles[sentence_of(error)] = None
        try:
            if self._is_exchange_new:
                await self.journal.record("", EXCHANGE_BEGAN, self.clock.now(), {})
            else:
                await self.orders.restore(looks_back=True)
        except TerminalError as error:
            troubles[sentence_of(error)] = None
        for trouble in troubles:
            self._tell("danger", trouble)
        OrderChronicle(self.orders, self.journal, self.clock, self.scope)
        self.reconciler.start()

    async def _watch_latch(self) -> None:
        """Show a latch that `kis-terminal panic` dropped; orders look for themselves before they leave."""
        while True:
            await asyncio.sleep(_LATCH_SECONDS)
            self._is_looking = True
            self.share_changes.look()
            self.risk_gate.look()
            self._is_looking = False

    def _note_state(self, state: TradingState) -> None:
        if state is self._noted_state:
            return  # arming is told on the same topic
        self._noted_state = state
        by = "another program or a limit" if self._is_looking else "a person"
        self.scope.spawn(self._journal_state(_LATCH_EVENTS[state], by), name="latch line")

    def _note_limits(self, before: RiskLimits, after: RiskLimits) -> None:
        """Keep which limits were changed, from what and to what: a claim, or a look back, asks for it."""
        told = {
            field.name: f"{text_of(before, field.name)} -> {text_of(after, field.name)}"
            for field in fields(RiskLimits)
            if getattr(before, field.name) != getattr(after, field.name)
        }
        self.scope.spawn(self._journal_limits(told), name="limits line")

    async def _journal_limits(self, told: dict[str, str]) -> None:
        try:
            await self.journal.record("", "limits changed", self.clock.now(), told)
        except TerminalError as error:
            log.error("the journal did not take the change of limits %s: %s", sorted(told), error)

    async def _journal_state(self, event: str, by: str) -> None:
        try:
            await self.journal.record("", event, self.clock.now(), {"by": by})
        except TerminalError as error:
            log.error("the journal did not take '%s': %s", event, error)

    def _note_panic(self, report: PanicReport) -> None:
        if report.is_proven and not self._is_guest:
            self.scope.spawn(self.journal_panic(report), name="panic lines")

    async def journal_panic(self, report: PanicReport) -> None:
        """Keep what a panic made of each order, for a claim; a guest asks for it when its run has ended."""
        ended = "panic proven" if report.is_proven else "panic not proven"
        try:
            for line in report.lines:
                details = {
                    "order_number": line.order.order_number,
                    "symbol": line.order.symbol,
                    "outcome": line.outcome.value,
                    "filled": str(line.order.filled),
                    "cancelled": str(line.order.cancelled),
                    "reason": line.reason,
                }
                await self.journal.record(line.order.key, "panic outcome", line.at, details)
            begun = report.started_at.isoformat(timespec="milliseconds")
            await self.journal.record("", ended, self.clock.now(), {"begun": begun})
        except TerminalError as error:
            log.error("the journal did not take '%s': %s", ended, error)

    async def _load_master(self) -> None:
        while True:
            try:
                await self.instruments.load()
            except TerminalError as error:
                log.warning("instrument list: %s", error)
                self._tell("warn", sentence_of(error))
                await asyncio.sleep(_MASTER_RETRY_SECONDS)
            else:
                return

    def _fill_gap(self, reason: str) -> None:
        log.info("filling what was missed: %s", reason)
        self.market_data.fill_gap()
        self.reconciler.want()

    async def close(self) -> None:
        """Stop in reverse order; orders already sent stay at the broker."""
        await self.orders.finish_sending(_ANSWER_SECONDS)
        if self._held is not None:
            self._held.close()
        await self.scope.close()
        await self.feed.close()
        await self.broker.close()
        await self.journal.close()
