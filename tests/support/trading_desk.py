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
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.ports import FeedListener, Stream
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.panic import Panic
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope
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


@asynccontextmanager
async def trading_desk(
    access: KisAccess, folder: Path, patience: Patience | None = None
) -> AsyncIterator[TradingDesk]:
    """Give a desk that trades `access` and keeps its files in `folder`; `patience` of its REST side.

    Each desk has an app key of its own: a second token for the same key is refused for a minute.
    """
    access = replace(access, appkey=Secret(secrets.token_hex(18)))
    clock = SystemClock()
    scope = TaskScope("desk")
    broker = KisBroker(access, clock, patience=patience)
    feed = KisFeed(
        ws_url=access.ws_url,
        environment=access.environment,
        hts_id=access.hts_id,
        approval_key=broker.approval_key,
        invalidate_approval=lambda: None,
        clock=clock,
    )
    journal = SqliteOrderJournal(folder / "journal.sqlite")
    instruments = Instruments(broker.master(None))
    market_data = MarketData(broker, feed, clock, scope)
    portfolio = Portfolio(broker, market_data, instruments, clock, scope)
    store = FileWorkspaceStore(folder / "latch.json")
    risk_gate = RiskGate(Environment.SIM, instruments, market_data, portfolio, clock, store)
    orders = Orders(broker, journal, risk_gate, portfolio, clock, scope)
    reconciler = Reconciler(broker, orders, portfolio, clock, scope)
    panic = Panic(orders, reconciler, risk_gate, clock, scope)
    history = History(broker, market_data, scope)
    feed.listen(
        FeedListener(
            on_ticks=market_data.take_ticks,
            on_book=market_data.take_book,
            on_notice=orders.take_notice,
            on_status=market_data.take_status,
            on_link=market_data.take_link,
            on_subscription=market_data.take_subscription,
            on_gap=lambda reason: reconciler.want(),
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
        )
    finally:
        await scope.close()
        await feed.close()
        await broker.close()
        await journal.close()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until `condition` holds; fails the test when it does not within `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)
