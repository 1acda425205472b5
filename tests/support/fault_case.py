"""One account at the embedded exchange, for cases in which something goes wrong, and who judges them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.orders.ledger import LedgerEntry
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, Side
from kis_terminal.ports import Clock, Stream
from kis_terminal.settings import KisAccess
from tests.support.exchange import RunningExchange
from tests.support.invariants import Invariants
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"
ORDERS = "path=*/order-cash"
NOTICES = "on=frame,tr=H0STCNI0"
Event = dict[str, object]


class ExchangesClock:
    """The machine's clock of a desk: right by the exchange's market, until it is set or time is skipped."""

    def __init__(self, exchange: RunningExchange) -> None:
        self._exchange = exchange
        self._born = exchange.server.venue.market_time.now() - timedelta(seconds=1000)
        self.error = timedelta()
        """How far the wall clock is set wrong."""
        self.skipped = 0.0
        """Seconds that have passed for this desk only, on the wall and on the monotonic clock."""

    def now(self) -> datetime:
        """Return the time that the machine shows."""
        return self._exchange.server.venue.market_time.now() + self.error + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        # The market's time, so that a jump of the exchange's clock is time that has passed here, too.
        return (self._exchange.server.venue.market_time.now() - self._born).total_seconds() + self.skipped


@dataclass
class Case:
    """A desk at an exchange, and the judge of both."""

    exchange: RunningExchange
    desk: TradingDesk
    invariants: Invariants

    def __post_init__(self) -> None:
        """Remember every state that an order goes through."""
        self.seen: list[Order] = []
        self.desk.orders.changed.subscribe(self.seen.append)

    def fault(self, spec: str) -> int:
        return self.exchange.server.venue.faults.add(read_rule(spec))

    def heal(self) -> None:
        """End all faults."""
        self.exchange.server.venue.faults.clear()

    def requests(self, path: str) -> list[Event]:
        """Return the calls of a path (its end), oldest first, out of the exchange's record of the wire."""
        events = self.exchange.server.venue.log.events("request")
        return [event for event in events if str(event["path"]).endswith(path)]

    def ledger(self, kind: str) -> list[LedgerEntry]:
        """Return the exchange's own entries of a kind: accepted, filled, cancelled ..."""
        entries = self.exchange.server.venue.exchange.ledger.entries
        return [entry for entry in entries if entry.kind == kind]

    def fired(self, number: int) -> int:
        rows = self.exchange.server.venue.faults.to_json()
        return next(int(str(row["fired"])) for row in rows if row["id"] == number)

    def widen_limits(self) -> None:
        """Let prices far from the last one and orders in quick succession pass, to test other rules."""
        wide = {
            "price_collar_percent": Decimal(1000),
            "soft_collar_percent": Decimal(1000),
            "soft_collar_ticks": 1_000_000,
            "soft_concentration_percent": Decimal(100),
            "orders_per_second": 1000,
            "duplicate_seconds": 0.0,
        }
        gate = self.desk.risk_gate
        gate.limits = replace(gate.limits, **{k: v for k, v in wide.items() if hasattr(gate.limits, k)})

    def limit_order(self, symbol: str, price: Decimal | int, quantity: int = 1) -> OrderRequest:
        """Return an order to buy at a price."""
        return self.desk.orders.new_request(
            symbol, Side.BUY, OrderKind.LIMIT, quantity, Decimal(price), origin=Origin.ORDER_ENTRY
        )

    async def know(self, *symbols: str) -> None:
        """Fetch quotes, and with them the day's price limits."""
        for symbol in symbols:
            await self.desk.market_data.refresh_quote(symbol)

    def market_buy(self, quantity: int = 10) -> OrderRequest:
        return self.desk.orders.new_request(
            SAMSUNG, Side.BUY, OrderKind.MARKET, quantity, None, origin=Origin.ORDER_ENTRY
        )

    def resting_buy(self, quantity: int = 7) -> OrderRequest:
        price = self.desk.market_data.state(SAMSUNG).price
        assert price is not None
        return self.desk.orders.new_request(
            SAMSUNG,
            Side.BUY,
            OrderKind.LIMIT,
            quantity,
            round_down_to_tick(price * Decimal("0.9")),
            origin=Origin.LADDER,
        )

    def now(self, order: Order | OrderRequest) -> Order:
        found = self.desk.orders.get(order.key if isinstance(order, Order) else order.intent_id)
        assert found is not None
        return found

    def states(self, order: Order) -> list[OrderStatus]:
        return [state.status for state in self.seen if state.key == order.key]

    def shares(self, order: Order) -> int:
        numbers = self.now(order).chain
        return sum(fill.quantity for fill in self.desk.orders.fills if fill.order_number in numbers)


@asynccontextmanager
async def opened(
    exchange: RunningExchange,
    access: KisAccess,
    folder: Path,
    patience: Patience | None = None,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    has_prints: bool = True,
) -> AsyncIterator[Case]:
    """Give a desk that has its account, quote and book of 삼성전자, and prints unless the market rests."""
    async with trading_desk(access, folder, patience, clock=clock, limits=limits) as desk:
        watching = desk.market_data.watch(SAMSUNG, Stream.TICKS, Stream.BOOK)
        state = desk.market_data.state(SAMSUNG)
        await until(lambda: state.upper_limit is not None and state.book is not None)
        await until(lambda: not has_prints or desk.market_data.market_seconds() is not None)
        yield Case(exchange, desk, Invariants(exchange.server, desk, cano=access.cano))
        watching.close()


def day_options(start: str) -> SimulatorOptions:
    """Return an exchange that plays its day from `start` on (2026-11-20T10:00), seeded and unlimited."""
    return replace(SimulatorOptions(), seed=7, is_limited=False, clock=start)
