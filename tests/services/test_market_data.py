"""What is live, how old the rest is, and what is asked for by REST; over the ports in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from kis_terminal.domain.market import Freshness, Quote
from kis_terminal.ports import BrokerHealth, FeedListener, LinkState, Stream, SubscriptionState
from kis_terminal.services.market_data import STALE_SECONDS, MarketData, Rank
from kis_terminal.services.tasks import TaskScope
from tests.support.ports_in_memory import (
    KODEX_200,
    NAVER,
    SAMSUNG,
    MemoryBroker,
    MemoryClock,
    MemoryFeed,
    MemoryHealth,
    tick_of,
)
from tests.support.trading_desk import until


class CountingBroker(MemoryBroker):
    """Notes which quotes were asked for."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(clock)
        self.asked: list[str] = []

    async def quote(self, symbol: str) -> Quote:
        """Return the quote."""
        self.asked.append(symbol)
        return await super().quote(symbol)


class Limits(MemoryHealth):
    """A call budget that the test sets."""

    def __init__(self) -> None:
        self.available, self.limit = 18, 18

    def health(self) -> BrokerHealth:
        """Return it."""
        return replace(super().health(), calls_available=self.available, calls_limit=self.limit)


class Bench:
    """Market data, and the ends of it that a test moves."""

    def __init__(self, slots: int) -> None:
        self.clock = MemoryClock()
        self.feed = MemoryFeed(slots)
        self.broker = CountingBroker(self.clock)
        self.limits = Limits()
        self.scope = TaskScope("test")
        self.data = MarketData(self.broker, self.feed, self.clock, self.scope, self.limits)
        self.feed.listen(
            FeedListener(
                on_ticks=self.data.take_ticks,
                on_book=self.data.take_book,
                on_notice=lambda notice: None,
                on_status=self.data.take_status,
                on_link=self.data.take_link,
                on_subscription=self.data.take_subscription,
                on_gap=lambda reason: self.data.fill_gap(),
            )
        )
        self.data.ticks_received = 1  # quotes are not held back for the first print

    def state(self, symbol: str) -> SubscriptionState:
        return next(one.state for one in self.data.streams() if one.symbol == symbol)

    def print(self, symbol: str, price: int) -> None:
        self.feed.send_ticks(tick_of(self.broker.quotes[symbol], price, 5))


@pytest.fixture
async def wide() -> AsyncIterator[Bench]:
    bench = Bench(41)
    await bench.feed.open()
    yield bench
    await bench.scope.close()


@pytest.fixture
async def narrow() -> AsyncIterator[Bench]:
    """Two places, one of them for notices."""
    bench = Bench(2)
    await bench.feed.open()
    yield bench
    await bench.scope.close()


async def test_a_quiet_symbol_is_live_once_it_is_known_and_ages_only_with_its_link(wide: Bench) -> None:
    wide.data.watch(SAMSUNG, Stream.TICKS)
    assert wide.data.price_age(SAMSUNG) is None
    await until(lambda: wide.data.is_live(SAMSUNG))

    wide.clock.advance(3_600)  # no print for an hour: nothing contradicted the price
    assert wide.data.price_age(SAMSUNG) == 0.0

    wide.feed.last_frame_at = wide.clock.monotonic()
    wide.clock.advance(STALE_SECONDS + 1)
    assert not wide.data.is_live(SAMSUNG)
    assert wide.data.price_age(SAMSUNG) == STALE_SECONDS + 1


async def test_a_price_is_sure_until_the_link_was_heard_last_and_ages_from_then(wide: Bench) -> None:
    wide.data.watch(SAMSUNG, Stream.TICKS)
    await until(lambda: wide.data.is_live(SAMSUNG))
    wide.print(SAMSUNG, 84_700)
    wide.clock.advance(100)
    wide.feed.last_frame_at = wide.clock.monotonic()
    wide.clock.advance(10)

    wide.feed.listener.on_subscription(Stream.TICKS, SAMSUNG, SubscriptionState.WANTED, "")
    wide.feed.listener.on_link(LinkState.WAITING, "")
    wide.clock.advance(7)

    assert wide.data.price_age(SAMSUNG) == 7.0
    assert not wide.data.is_live(SAMSUNG)


async def test_a_price_from_before_the_confirmation_is_not_taken_for_live(wide: Bench) -> None:
    wide.data.watch(SAMSUNG, Stream.TICKS)
    await until(lambda: wide.data.is_live(SAMSUNG))
    wide.feed.listener.on_subscription(Stream.TICKS, SAMSUNG, SubscriptionState.WANTED, "")
    wide.clock.advance(20)

    wide.feed.listener.on_subscription(Stream.TICKS, SAMSUNG, SubscriptionState.CONFIRMED, "")
    assert not wide.data.is_live(SAMSUNG)  # who knows what traded in those seconds

    wide.data.fill_gap()
    await until(lambda: wide.data.is_live(SAMSUNG))


async def test_data_that_stopped_is_doubted_from_its_last_moment(wide: Bench) -> None:
    wide.data.watch(SAMSUNG, Stream.TICKS)
    await until(lambda: wide.data.is_live(SAMSUNG))
    wide.clock.advance(60)

    wide.data.wanted.doubt(wide.clock.monotonic() - 45)

    assert wide.data.price_age(SAMSUNG) == 45.0


async def test_what_has_no_place_is_polled_and_says_so(narrow: Bench) -> None:
    narrow.data.watch(SAMSUNG, Stream.TICKS)
    narrow.data.watch(NAVER, Stream.TICKS)

    await until(lambda: narrow.broker.asked.count(NAVER) >= 1)
    await until(lambda: narrow.data.state(NAVER).freshness is Freshness.POLLED)

    assert narrow.state(SAMSUNG) is SubscriptionState.CONFIRMED
    assert narrow.state(NAVER) is SubscriptionState.POLLED
    assert not narrow.data.is_live(NAVER)


async def test_the_chosen_symbol_takes_a_place_and_gives_it_back(narrow: Bench) -> None:
    narrow.data.watch(SAMSUNG, Stream.TICKS)
    chosen = narrow.data.watch(NAVER, Stream.TICKS, rank=Rank.CHOSEN)
    await until(lambda: narrow.feed.wanted == {(Stream.TICKS, NAVER)})
    assert narrow.state(SAMSUNG) is SubscriptionState.POLLED

    chosen.close()
    await until(lambda: narrow.feed.wanted == {(Stream.TICKS, SAMSUNG)})
    chosen.close()  # twice is harmless
    chosen.move(Rank.REST)
    assert [one.symbol for one in narrow.data.streams()] == [SAMSUNG]


async def test_polls_follow_the_limit_that_is_left(narrow: Bench) -> None:
    for symbol in (SAMSUNG, NAVER, KODEX_200):
        narrow.data.watch(symbol, Stream.TICKS)
    narrow.limits.limit = narrow.limits.available = 1
    await until(lambda: len(narrow.broker.asked) >= 4, 3)
    asked = len(narrow.broker.asked)

    await asyncio.sleep(1.5)

    assert len(narrow.broker.asked) <= asked + 1  # one in four seconds at one a second


async def test_a_refused_stream_is_polled_after_its_patience(wide: Bench) -> None:
    wide.data.watch(SAMSUNG, Stream.TICKS)
    await until(lambda: wide.data.is_live(SAMSUNG))
    asked = len(wide.broker.asked)

    wide.feed.listener.on_subscription(Stream.TICKS, SAMSUNG, SubscriptionState.WANTED, "")
    await asyncio.sleep(0.05)
    assert len(wide.broker.asked) == asked
    wide.clock.advance(6)

    await until(lambda: len(wide.broker.asked) > asked, 3)
    assert wide.data.state(SAMSUNG).freshness is Freshness.POLLED


async def test_a_gap_asks_again_for_what_broke_and_for_nothing_else(wide: Bench) -> None:
    for symbol in (SAMSUNG, NAVER):
        wide.data.watch(symbol, Stream.TICKS)
    await until(lambda: wide.data.is_live(SAMSUNG) and wide.data.is_live(NAVER))
    wide.broker.asked.clear()

    wide.data.fill_gap()  # a notice could not be read: no print was missed
    await asyncio.sleep(0.05)
    assert wide.broker.asked == []

    wide.feed.listener.on_subscription(Stream.TICKS, NAVER, SubscriptionState.WANTED, "")
    wide.clock.advance(1)
    wide.feed.listener.on_subscription(Stream.TICKS, NAVER, SubscriptionState.CONFIRMED, "")
    wide.data.fill_gap()
    await until(lambda: wide.data.is_live(NAVER))
    assert wide.broker.asked == [NAVER]
