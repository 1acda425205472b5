"""Real services over the embedded exchange on loopback, without a window."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.ports import Clock, FeedListener, Stream
from kis_terminal.services.exchange_clock import ExchangeClock
from kis_terminal.services.flatten import Flatten
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.other_sweep import OtherSweep
from kis_terminal.services.panic import Panic
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.share_changes import ShareChanges
from kis_terminal.services.stall_watch import StallTiming, StallWatch
from kis_terminal.services.tasks import TaskScope
from kis_terminal.services.trading_day import TradingDay
from kis_terminal.settings import KisAccess, Secret


@dataclass(frozen=True, slots=True)
class TradingDesk:
    """The services of one account, connected and reconciled."""

    broker: KisBroker
    feed: KisFeed
    journal: SqliteOrderJournal
    instruments: Instruments
    market_data: MarketData
    history: History
    portfolio: Portfolio
    risk_gate: RiskGate
    orders: Orders
    reconciler: Reconciler
    panic: Panic
    trading_day: TradingDay
    """Not started: a test says when the day may turn."""
    share_changes: ShareChanges
    flatten: Flatten


class _Approval:
    """The approval key as the program keeps it: a new one after a refusal."""

    def __init__(self, broker: KisBroker) -> None:
        self._broker = broker
        self._wants_fresh = False

    async def key(self) -> str:
        fresh, self._wants_fresh = self._wants_fresh, False
        return await self._broker.approval_key(fresh=fresh)

    def invalidate(self) -> None:
        self._wants_fresh = True


@asynccontextmanager
async def trading_desk(
    access: KisAccess,
    folder: Path,
    patience: Patience | None = None,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    timing: FeedTiming | None = None,
    stall: StallTiming | None = None,
) -> AsyncIterator[TradingDesk]:
    """Give a desk that trades `access` and keeps its files in `folder`; `patience` of its REST side.

    `clock` is the machine's, the right one unless told; `limits` are those that the desk keeps. `timing` is
    the feed's; with `stall` a living connection without data is watched for.

    Each desk has an app key of its own: a second token for the same key is refused for a minute.
    """
    access = replace(access, appkey=Secret(secrets.token_hex(18)))
    machine_clock = clock or SystemClock()
    scope = TaskScope("desk")
    broker = KisBroker(access, machine_clock, patience=patience, limits=limits)
    clock = ExchangeClock(machine_clock, lambda: broker.health().clock_skew_seconds)
    approval = _Approval(broker)
    feed = KisFeed(
        ws_url=access.ws_url,
        environment=access.environment,
        hts_id=access.hts_id,
        approval_key=approval.key,
        invalidate_approval=approval.invalidate,
        clock=clock,
        timing=timing,
    )
    journal = SqliteOrderJournal(folder / "journal.sqlite")
    instruments = Instruments(broker.master(None))
    market_data = MarketData(broker, feed, clock, scope, broker)
    portfolio = Portfolio(broker, market_data, instruments, clock, scope)
    store = FileWorkspaceStore(folder / "latch.json")
    risk_gate = RiskGate(Environment.SIM, instruments, market_data, portfolio, clock, store)
    holdings = FileWorkspaceStore(folder / "holdings.json")
    share_changes = ShareChanges(portfolio, market_data, clock, holdings, scope)
    risk_gate.share_change = share_changes.words
    orders = Orders(broker, journal, risk_gate, portfolio, clock, scope)
    reconciler = Reconciler(broker, orders, portfolio, clock, scope)
    others = OtherSweep(broker, journal, store, clock, scope)
    panic = Panic(orders, reconciler, risk_gate, clock, scope, others)
    flatten = Flatten(
        orders,
        portfolio,
        market_data,
        instruments,
        risk_gate,
        clock,
        scope,
        is_panic_running=lambda: panic.is_running,
    )
    trading_day = TradingDay(
        broker,
        instruments,
        market_data,
        portfolio,
        risk_gate,
        reconciler,
        clock,
        scope,
        check_seconds=0.05,
    )
    history = History(broker, market_data, scope)
    if stall is not None:
        StallWatch(feed, market_data, clock, scope, stall).start()

    def fill_gap(reason: str) -> None:
        market_data.fill_gap()
        reconciler.want()

    feed.listen(
        FeedListener(
            on_ticks=market_data.take_ticks,
            on_book=market_data.take_book,
            on_notice=orders.take_notice,
            on_status=market_data.take_status,
            on_link=market_data.take_link,
            on_subscription=market_data.take_subscription,
            on_gap=fill_gap,
        )
    )
    feed.subscribe(Stream.NOTICES, "")
    try:
        await feed.open()
        await instruments.load()
        reconciler.start()
        await until(lambda: orders.is_reconciled and portfolio.balance is not None)
        yield TradingDesk(
            broker,
            feed,
            journal,
            instruments,
            market_data,
            history,
            portfolio,
            risk_gate,
            orders,
            reconciler,
            panic,
            trading_day,
            share_changes,
            flatten,
        )
    finally:
        await scope.close()
        await feed.close()
        await broker.close()
        await journal.close()


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; fails the test when it does not within `seconds`.

    The time is patience with a busy machine: what must be quick is measured by who proves it.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)
