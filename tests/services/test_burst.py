"""Case 56 in short: 41 symbols at 200 prints a second each, and orders in between.

The long form, with the window and its delays, is `tests/benchmarks/burst.py`; nothing here is timed.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.simulator.listings import load_listings
from kis_terminal.adapters.simulator.model import Accepted
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.market import Tick
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.ports import Stream, SubscriptionState
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.invariants import Invariants
from tests.support.trading_desk import TradingDesk, trading_desk, until

SYMBOLS = [listing.symbol for listing in load_listings()[:41]]
A_SECOND = 41 * 200
PRINTS = 5 * A_SECOND
BOUGHT = "005930"
ORDER_PAUSE = 0.12  # the risk rules allow ten orders a second
MOST_NEW_OBJECTS = 15_000
"""Far fewer than the prints of the second half, so that a print that is kept for ever is seen."""


class Received:
    """Count what the desk's topics tell."""

    def __init__(self, desk: TradingDesk) -> None:
        self.last: dict[str, Tick] = {}
        self.shares = 0
        self.went_back: list[str] = []
        self.fills = 0
        desk.market_data.ticks.subscribe(self._take)
        desk.orders.filled.subscribe(lambda fill: self._count())

    def _take(self, ticks: Sequence[Tick]) -> None:
        for tick in ticks:
            before = self.last.get(tick.symbol)
            if before is not None and tick.volume <= before.volume:
                self.went_back.append(tick.symbol)
            self.last[tick.symbol] = tick
            self.shares += tick.size

    def _count(self) -> None:
        self.fills += 1


async def trade(
    desk: TradingDesk, exchange: RunningExchange, until_sent: int, numbers: Iterator[int]
) -> list[str]:
    """Buy, rest, cancel, and let another program buy, until so much was sent; return the other's numbers."""
    server, foreign = exchange.server, list[str]()
    assert server.load is not None
    venue = server.venue
    account = venue.exchange.account("50000101")
    while server.load.sent < until_sent:
        number = next(numbers)
        quantity = 1 + number % 7  # an equal order within a second would be refused as a slip
        price = desk.market_data.state(BOUGHT).price
        assert price is not None
        if number % 3 == 0:
            far = round_down_to_tick(price * Decimal("0.9"))
            order = await desk.orders.submit(
                desk.orders.new_request(
                    BOUGHT, Side.BUY, OrderKind.LIMIT, quantity, far, origin=Origin.LADDER
                )
            )
            assert order.status is OrderStatus.ACCEPTED, order.reason
            assert await desk.orders.cancel(order.key) == ""
        else:
            order = await desk.orders.submit(
                desk.orders.new_request(
                    BOUGHT, Side.BUY, OrderKind.MARKET, quantity, None, origin=Origin.LADDER
                )
            )
            assert order.status is not OrderStatus.REJECTED, order.reason
        if number % 4 == 0:
            answer = venue.exchange.place_foreign(account, "buy", BOUGHT, "01", 1, 0, venue.now())
            server.hub.flush()
            assert isinstance(answer, Accepted)
            foreign.append(answer.order_no)
        await asyncio.sleep(ORDER_PAUSE)
    return foreign


async def test_case_56_a_burst_loses_no_notice_no_share_and_no_newest_price(tmp_path: Path) -> None:
    options = replace(SimulatorOptions(), seed=7, is_limited=False, load_ticks=A_SECOND)
    async with running_exchange(options) as exchange:
        load = exchange.server.load
        assert load is not None
        async with trading_desk(exchange.access(), tmp_path, limits=Limits(calls=2_000)) as desk:
            received, numbers = Received(desk), itertools.count(1)
            watches = [desk.market_data.watch(symbol, Stream.TICKS) for symbol in SYMBOLS]
            try:
                streamed = await confirmed(desk)
                await until(lambda: desk.market_data.state(BOUGHT).upper_limit is not None)
                invariants = Invariants(exchange.server, desk, cano="50000101")
                rejected = desk.feed.counters.rejected
                # Of the prints that were joined with a symbol's first, nobody knows how many there were.
                await until(lambda: received.last.keys() >= set(streamed), 30)
                first = {symbol: received.last[symbol].volume for symbol in streamed}
                shares, joined = received.shares, desk.feed.counters.joined

                foreign = await trade(desk, exchange, load.sent + PRINTS // 2, numbers)
                gc.collect()
                objects = len(gc.get_objects())
                foreign += await trade(desk, exchange, load.sent + PRINTS // 2, numbers)
                gc.collect()
                grown = len(gc.get_objects()) - objects

                exchange.server.market.cancel()  # the prints end here
                await until(
                    lambda: all(newest(desk, symbol) == load.volumes()[symbol] for symbol in streamed), 30
                )

                assert len(streamed) == 40  # one of the 41 registrations is kept for the notices
                assert desk.feed.counters.rejected == rejected
                assert received.went_back == []
                assert grown < MOST_NEW_OBJECTS
                passed = sum(load.volumes()[symbol] - first[symbol] for symbol in streamed)
                assert received.shares - shares + desk.feed.counters.joined - joined == passed
                for symbol in streamed:
                    state = desk.market_data.state(symbol)
                    assert state.price == received.last[symbol].price
                    assert len(state.tape) <= 200
                await invariants.hold(foreign=foreign, seconds=30)
                ledger = exchange.server.venue.exchange.ledger.entries
                executed = [entry for entry in ledger if entry.kind == "filled"]
                assert len(foreign) >= 3
                assert len(executed) >= 10
                # Executions are told by notices alone: each one came, once.
                assert received.fills == len(executed)
                assert sum(fill.quantity for fill in desk.orders.fills) == sum(
                    one.quantity for one in executed
                )
            finally:
                for watch in watches:
                    watch.close()


async def confirmed(desk: TradingDesk) -> list[str]:
    """Wait until every place is taken and the prints of each have begun; return the symbols."""

    def symbols() -> list[str]:
        return [
            status.symbol
            for status in desk.market_data.streams()
            if status.stream is Stream.TICKS and status.state is SubscriptionState.CONFIRMED
        ]

    await until(lambda: len(symbols()) == 40 and all(newest(desk, symbol) for symbol in symbols()), 60)
    return symbols()


def newest(desk: TradingDesk, symbol: str) -> int | None:
    return desk.market_data.state(symbol).volume
