"""A desk whose feed has short times, at an exchange that can be told to go wrong, and the judge of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from kis_terminal.adapters.kis.reconnect import ReconnectPolicy
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.simulator.control.faults import FaultRule, read_rule
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, Origin, Side
from kis_terminal.ports import LinkState, Stream, SubscriptionState
from kis_terminal.services.market_data import Watch
from kis_terminal.services.stall_watch import StallTiming
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.invariants import Invariants
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG, HYNIX, NAVER = "005930", "000660", "035420"

QUICK = FeedTiming(
    open_timeout=0.5,
    close_timeout=0.2,
    send_timeout=0.5,
    reply_timeout=0.5,
    command_gap=0.0,
    grace=0.1,
    first_retry=0.3,
    probe_after=0.4,
    silence_limit=0.8,
    watch_interval=0.05,
    reconnect=ReconnectPolicy(
        first_delay=0.05, longest_delay=0.4, slow_delay=0.5, connects=1000, hurried=1000
    ),
)
"""The production times by about a fiftieth."""

OPTIONS = replace(SimulatorOptions(), seed=7, is_limited=False, ping_seconds=0.2)


@dataclass
class FeedBench:
    """What a test of the feed needs at hand."""

    exchange: RunningExchange
    desk: TradingDesk
    invariants: Invariants
    links: list[tuple[LinkState, str]] = field(default_factory=list)

    def fault(self, rule: str | FaultRule) -> int:
        """Let something go wrong from now on; returns the rule's number."""
        read = read_rule(rule) if isinstance(rule, str) else rule
        return self.exchange.server.venue.faults.add(read)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        for row in self.exchange.server.venue.faults.to_json():
            self.exchange.server.venue.faults.clear(int(str(row["id"])))

    def fired(self, number: int) -> int:
        """Return how often a rule has struck."""
        rows = self.exchange.server.venue.faults.to_json()
        return next(int(str(row["fired"])) for row in rows if row["id"] == number)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the exchange's own record of one kind of event."""
        return list(self.exchange.server.venue.log.events(kind))

    def calls(self, path_end: str) -> int:
        """Return how often a REST path was asked for."""
        return sum(str(event["path"]).endswith(path_end) for event in self.events("request"))

    def state_of(self, stream: Stream, symbol: str) -> SubscriptionState:
        """Return how a watched stream stands."""
        found = [
            one for one in self.desk.market_data.streams() if (one.stream, one.symbol) == (stream, symbol)
        ]
        return found[0].state

    def is_live(self, *symbols: str) -> bool:
        """Tell whether prices are the market's now."""
        return all(self.desk.market_data.is_live(symbol) for symbol in symbols)

    async def prints(self, symbol: str, count: int = 2) -> None:
        """Wait for more prints of a symbol."""
        tape = self.desk.market_data.ticks_received
        seen: list[int] = []
        subscription = self.desk.market_data.ticks.subscribe(
            lambda ticks: seen.append(len(ticks)) if ticks[0].symbol == symbol else None
        )
        try:
            await until(lambda: sum(seen) >= count, 10)
        finally:
            subscription.close()
        assert self.desk.market_data.ticks_received > tape

    def order(
        self, quantity: int = 7, *, origin: Origin = Origin.LADDER, symbol: str = SAMSUNG
    ) -> OrderRequest:
        """Return a buy that rests well below the price."""
        price = self.desk.market_data.state(symbol).price
        assert price is not None
        at = round_down_to_tick(price * Decimal("0.9"))
        return self.desk.orders.new_request(symbol, Side.BUY, OrderKind.LIMIT, quantity, at, origin=origin)

    def market_buy(self, quantity: int = 10) -> OrderRequest:
        """Return a buy that is executed at once."""
        return self.desk.orders.new_request(
            SAMSUNG, Side.BUY, OrderKind.MARKET, quantity, None, origin=Origin.ORDER_ENTRY
        )

    def now(self, order: Order | OrderRequest) -> Order:
        """Return an order as the desk has it now."""
        found = self.desk.orders.get(order.key if isinstance(order, Order) else order.intent_id)
        assert found is not None
        return found

    def shares(self, order: Order) -> int:
        """Return the shares of an order that notices have told."""
        numbers = self.now(order).chain
        return sum(fill.quantity for fill in self.desk.orders.fills if fill.order_number in numbers)

    async def connected(self, seconds: float = 10.0) -> None:
        """Wait until every watched stream that has a place is confirmed."""
        data = self.desk.market_data
        await until(
            lambda: (
                data.link_state is LinkState.CONNECTED
                and all(one.state is SubscriptionState.CONFIRMED for one in self.desk.feed.subscriptions())
            ),
            seconds,
        )


@asynccontextmanager
async def feed_bench(
    folder: Path,
    *,
    symbols: Sequence[str] = (SAMSUNG, HYNIX, NAVER),
    options: SimulatorOptions = OPTIONS,
    timing: FeedTiming = QUICK,
    stall: StallTiming | None = None,
    ws_url: str = "",
    exchange: RunningExchange | None = None,
) -> AsyncIterator[FeedBench]:
    """Give a bench whose symbols are watched and live."""
    if exchange is None:
        async with (
            running_exchange(options) as made,
            feed_bench(folder, symbols=symbols, timing=timing, stall=stall, exchange=made) as bench,
        ):
            yield bench
        return
    access = exchange.access()
    access = replace(access, ws_url=ws_url or access.ws_url)
    async with trading_desk(access, folder, timing=timing, stall=stall) as desk:
        watches: list[Watch] = [
            desk.market_data.watch(symbol, Stream.TICKS, Stream.BOOK) for symbol in symbols
        ]
        bench = FeedBench(exchange, desk, Invariants(exchange.server, desk, cano=access.cano))
        subscription = desk.market_data.link.subscribe(bench.links.append)
        await until(lambda: bench.is_live(*symbols), 10)
        await until(lambda: all(desk.market_data.state(s).upper_limit is not None for s in symbols))
        await bench.connected()
        try:
            yield bench
        finally:
            subscription.close()
            for watch in watches:
                watch.close()
            await asyncio.sleep(0)
