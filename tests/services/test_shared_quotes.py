"""Prices that another program knew: shown at once with their age, never taken for the market's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.domain.envelope import seal
from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.market import Quote
from kis_terminal.ports import FeedListener, Stream
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.shared_quotes import SharedQuotes
from kis_terminal.services.tasks import TaskScope
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import MemoryBroker, MemoryClock, MemoryFeed
from tests.support.trading_desk import until

SAMSUNG = "005930"
PLACE = f"test:quote:{SAMSUNG}"


class SilentBroker(MemoryBroker):
    """Answers no quote."""

    async def quote(self, symbol: str) -> Quote:
        """Raise."""
        raise BrokerUnreachable("silent")


@asynccontextmanager
async def program(cache: MemoryCache, *, is_silent: bool = False) -> AsyncIterator[MarketData]:
    clock, scope = MemoryClock(), TaskScope("test")
    broker = SilentBroker(clock) if is_silent else MemoryBroker(clock)
    feed = MemoryFeed()
    market = MarketData(broker, feed, clock, scope)
    feed.listen(
        FeedListener(
            on_ticks=market.take_ticks,
            on_book=market.take_book,
            on_notice=lambda notice: None,
            on_status=market.take_status,
            on_link=market.take_link,
            on_subscription=market.take_subscription,
            on_gap=lambda reason: None,
        )
    )
    market.ticks_received = 1  # quotes are not held back for the first print
    SharedQuotes(cache, market, clock, scope, "test").start()
    try:
        yield market
    finally:
        await scope.close()


def written(**changes: Any) -> bytes:
    """Return a quote as a program writes it, with some fields changed."""
    figures = {
        "symbol": SAMSUNG,
        "at": (MemoryClock().now() - timedelta(seconds=90)).isoformat(),
        **dict.fromkeys(("price", "open", "high", "low"), "70000"),
        **dict.fromkeys(("change", "change_rate", "volume", "turnover"), "0"),
        **dict.fromkeys(("ask", "bid", "strength"), None),
        "is_halted": False,
    }
    return seal("quote", json.dumps({**figures, **changes}).encode())


async def test_what_one_program_knows_another_shows_with_its_age_and_without_limits() -> None:
    cache = MemoryCache()
    async with program(cache) as one:
        one.watch(SAMSUNG, Stream.TICKS)
        await until(lambda: PLACE in cache._kept, 60)
        known = one.state(SAMSUNG).price

    async with program(cache, is_silent=True) as two:
        two.watch(SAMSUNG, Stream.TICKS)
        state = two.state(SAMSUNG)
        await until(lambda: state.price is not None)

        assert state.price == known
        assert state.change is not None
        assert (state.upper_limit, state.lower_limit, state.base_price, state.quote) == (None,) * 4
        assert two.price_age(SAMSUNG) is not None
        assert not two.is_live(SAMSUNG)


async def test_an_old_price_has_its_age() -> None:
    cache = MemoryCache()
    await cache.put(PLACE, written())
    async with program(cache, is_silent=True) as market:
        market.watch(SAMSUNG, Stream.TICKS)
        await until(lambda: market.state(SAMSUNG).price is not None)

        assert 85 < (market.price_age(SAMSUNG) or 0) < 95


async def test_the_markets_own_price_is_never_replaced() -> None:
    cache = MemoryCache()
    async with program(cache) as market:
        market.watch(SAMSUNG, Stream.TICKS)
        await until(lambda: market.state(SAMSUNG).quote is not None)
        own = market.state(SAMSUNG).price
        await cache.put(PLACE, written(price="1"))
        market.watch(SAMSUNG, Stream.BOOK)
        await until(lambda: market.state(SAMSUNG).book is not None)

        assert market.state(SAMSUNG).price == own


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"at": (MemoryClock().now() - timedelta(days=1)).isoformat()}, False),
        ({"at": (MemoryClock().now() + timedelta(hours=1)).isoformat()}, False),
        ({"at": "2026-11-22T10:00:00"}, True),
        ({"price": "NaN"}, True),
        ({"price": "0"}, True),
        ({"price": "1e99"}, True),
        ({"price": ["70000"]}, True),
        ({"symbol": "000660"}, True),
        ({"unknown": "1"}, True),
    ],
)
async def test_what_is_old_or_off_is_not_shown(
    changes: dict[str, Any], is_told: bool, expect_log: ExpectLog
) -> None:
    if is_told:
        expect_log("cannot be read")
    cache = MemoryCache()
    await cache.put(PLACE, written(**changes))
    asked: list[str] = []
    async with program(cache, is_silent=True) as market:
        market.quotes.subscribe(asked.append)
        market.watch(SAMSUNG, Stream.TICKS)
        market.watch("000660", Stream.TICKS)
        await cache.put("test:quote:035720", written(symbol="035720"))
        market.watch("035720", Stream.TICKS)
        await until(lambda: market.state("035720").price is not None)

        assert market.state(SAMSUNG).price is None


@pytest.mark.parametrize("poison", [b"", b"garbage", seal("token", b"{}"), seal("quote", b"[]")])
async def test_poison_is_told_once_and_written_over(poison: bytes, expect_log: ExpectLog) -> None:
    expect_log("cannot be read")
    cache = MemoryCache()
    await cache.put(PLACE, poison)
    async with program(cache) as market:
        market.watch(SAMSUNG, Stream.TICKS)
        await until(lambda: cache._kept[PLACE].value != poison, 60)
