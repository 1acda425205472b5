"""The services that move money over the ports in memory, without a window: faults are the test's to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import OutcomeUnknown
from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    NoticeKind,
    Order,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
    Side,
)
from kis_terminal.ports import FeedListener, Stream
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.panic import Panic
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope
from tests.support.ports_in_memory import (
    SAMSUNG,
    MemoryBroker,
    MemoryClock,
    MemoryFeed,
    MemoryJournal,
    MemoryMaster,
    MemoryStore,
    tick_of,
)
from tests.support.trading_desk import until

PRICE = Decimal(80_000)
LOST = OutcomeUnknown("응답이 없습니다")


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """One account; the reconciler lists when the test says so (`list_once`), unless it is started."""

    clock: MemoryClock
    broker: MemoryBroker
    feed: MemoryFeed
    journal: MemoryJournal
    store: MemoryStore
    portfolio: Portfolio
    market_data: MarketData
    risk_gate: RiskGate
    orders: Orders
    reconciler: Reconciler
    panic: Panic
    scope: TaskScope
    failures: list[BaseException]
    """What tasks of the scope raised."""

    def request(self, quantity: int = 10, price: Decimal = PRICE, side: Side = Side.BUY) -> OrderRequest:
        """Return a limit order of 삼성전자."""
        return self.orders.new_request(
            SAMSUNG, side, OrderKind.LIMIT, quantity, price, origin=Origin.ORDER_ENTRY
        )

    def now(self, order: Order | str) -> Order:
        """Return an order as it stands."""
        found = self.orders.get(order if isinstance(order, str) else order.key)
        assert found is not None
        return found

    def notice_of_fill(self, order: Order, quantity: int) -> ExecutionNotice:
        """Return the notice of an execution, without its row: a hint that may be doubled, late or lost."""
        price = order.price or PRICE
        return ExecutionNotice(
            order.order_number,
            "",
            order.symbol,
            order.side,
            NoticeKind.FILL,
            PendingChange.NONE,
            quantity,
            price,
            49_327,
            order.quantity,
            "",
        )

    def set_row(self, number: str, **changes: object) -> BrokerOrder:
        """Change a row of the broker's list, without a notice."""
        row = replace(self.broker.rows[number], **changes)  # type: ignore[arg-type]
        self.broker.rows[number] = row
        return row


async def resting(desk: OrderDesk, quantity: int = 10, price: Decimal = PRICE) -> Order:
    """Return an order that the broker has taken and nobody has met."""
    order = await desk.orders.submit(desk.request(quantity, price))
    assert order.status is OrderStatus.ACCEPTED
    return order


@asynccontextmanager
async def order_desk(
    broker_of: Callable[[MemoryClock], MemoryBroker] = MemoryBroker,
    journal: MemoryJournal | None = None,
    texts: dict[str, str] | None = None,
    *,
    is_restored: bool = False,
) -> AsyncIterator[OrderDesk]:
    """Give a desk whose account, master and quote of 삼성전자 are known and whose first listing is in.

    With `is_restored`, it begins with what its journal knows of today.
    """
    failures: list[BaseException] = []
    scope = TaskScope("desk", lambda name, error: failures.append(error))
    clock, store, feed = MemoryClock(), MemoryStore(texts), MemoryFeed()
    journal = journal or MemoryJournal()
    broker = broker_of(clock)
    broker.hold_shares(SAMSUNG, "삼성전자", 400, 81_250)
    instruments = Instruments(MemoryMaster())
    market_data = MarketData(broker, feed, clock, scope)
    portfolio = Portfolio(broker, market_data, instruments, clock, scope)
    risk_gate = RiskGate(Environment.SIM, instruments, market_data, portfolio, clock, store)
    orders = Orders(broker, journal, risk_gate, portfolio, clock, scope)
    reconciler = Reconciler(broker, orders, portfolio, clock, scope)
    panic = Panic(orders, reconciler, risk_gate, clock, scope)
    broker.on_notice = orders.take_notice
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
    watching = market_data.watch(SAMSUNG, Stream.TICKS)
    feed.send_ticks(tick_of(broker.quotes[SAMSUNG], 84_600, 1))
    try:
        await instruments.load()
        await portfolio.refresh()
        if is_restored:
            await orders.restore(looks_back=True)
        await reconciler.list_once()
        await until(lambda: market_data.state(SAMSUNG).upper_limit is not None)
        yield OrderDesk(
            clock,
            broker,
            feed,
            journal,
            store,
            portfolio,
            market_data,
            risk_gate,
            orders,
            reconciler,
            panic,
            scope,
            failures,
        )
    finally:
        watching.close()
        await scope.close()
