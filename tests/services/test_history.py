"""Bars that follow the market: what a break missed is listed anew, also when the listing fails at first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.market import Bar, Interval, Tick
from kis_terminal.ports import FeedListener, Stream, SubscriptionState
from kis_terminal.services.history import History, LiveBars
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.tasks import TaskScope
from tests.support.ports_in_memory import SAMSUNG, SEOUL, MemoryBroker, MemoryClock, MemoryFeed, tick_of
from tests.support.trading_desk import until

DAY = datetime(2026, 11, 20, tzinfo=SEOUL)
TEN = 10 * 3600


def bar(minute: int, volume: int, price: int = 84_600) -> Bar:
    """Return the bar of a minute after ten."""
    at, figure = DAY + timedelta(hours=10, minutes=minute), Decimal(price)
    return Bar(at, figure, figure + 100, figure - 100, figure, volume, 0)


class Bench:
    """A followed symbol, and what the exchange lists for it."""

    def __init__(self) -> None:
        self.clock = MemoryClock(DAY + timedelta(hours=10, minutes=2, seconds=30))
        self.broker = MemoryBroker(self.clock)
        self.feed = MemoryFeed()
        self.scope = TaskScope("test")
        self.data = MarketData(self.broker, self.feed, self.clock, self.scope)
        self.history = History(self.broker, self.data, self.scope)
        self.data.ticks_received = 1
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

    def lists(self, *bars: Bar) -> None:
        """Let the exchange list these minutes."""
        self.broker.minutes[SAMSUNG, DAY.date()] = list(bars)

    def print(self, minute: int, second: int, volume: int, size: int, price: int = 84_600) -> None:
        """Bring one print of the stream, with the running volume that it tells."""
        tick = tick_of(self.broker.quotes[SAMSUNG], price, size, seconds=TEN + minute * 60 + second)
        self.feed.send_ticks(
            Tick(
                *(tick.symbol, tick.seconds, tick.price, tick.change, tick.change_rate, size, 1, volume),
                *(tick.turnover, tick.strength, tick.open, tick.high, tick.low, tick.ask, tick.bid, False),
            )
        )

    def say(self, state: SubscriptionState) -> None:
        """Let the feed say how the symbol's stream stands."""
        self.feed.listener.on_subscription(Stream.TICKS, SAMSUNG, state, "")

    async def follow(self, interval: Interval = Interval.MINUTE_1) -> LiveBars:
        """Watch and follow."""
        self.data.watch(SAMSUNG, Stream.TICKS)
        return await self.history.follow(SAMSUNG, interval, 10)


def volumes(live: LiveBars) -> dict[int, int]:
    """Return minute after ten to volume."""
    return {
        int(time) % 86_400 // 60 - 600: int(row[4])
        for time, row in zip(live.series.times, live.series.values, strict=True)
    }


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.feed.open()
    yield made
    await made.scope.close()


async def test_minutes_that_were_missed_are_listed_and_the_one_that_runs_goes_on(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 30))
    live = await bench.follow()
    bench.print(2, 31, 1_010, 10)
    assert volumes(live) == {0: 100, 1: 50, 2: 40}

    bench.say(SubscriptionState.WANTED)
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 75), bar(3, 60), bar(4, 20))
    bench.print(4, 30, 1_130, 5)  # the first one after the break
    assert live.broken_since is not None
    bench.say(SubscriptionState.CONFIRMED)
    await until(lambda: live.broken_since is None)
    bench.print(4, 40, 1_135, 5)

    assert volumes(live) == {0: 100, 1: 50, 2: 75, 3: 60, 4: 25}
    live.close()


async def test_a_break_within_one_minute_loses_nothing(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 30))
    live = await bench.follow()
    bench.print(2, 31, 1_010, 10)

    bench.say(SubscriptionState.WANTED)
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 65))
    bench.say(SubscriptionState.CONFIRMED)
    await until(lambda: live.broken_since is None)
    bench.print(2, 55, 1_040, 5)

    assert volumes(live)[2] == 70
    live.close()


async def test_a_listing_that_fails_is_asked_for_again_and_prints_go_on_meanwhile(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 30))
    live = await bench.follow()
    bench.say(SubscriptionState.WANTED)
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 75), bar(3, 60))
    bench.broker.bars_fail = BrokerUnreachable("no answer")
    bench.say(SubscriptionState.CONFIRMED)
    await until(lambda: bench.broker.bars_fail is None)
    bench.print(3, 30, 1_130, 5)
    assert 3 in volumes(live)

    await until(lambda: live.broken_since is None)
    assert volumes(live)[2] == 75
    assert volumes(live)[3] == 60
    live.close()


async def test_what_traded_before_the_stream_came_is_listed_when_it_comes(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50))
    live = await bench.history.follow(SAMSUNG, Interval.MINUTE_1, 10)  # nobody watches yet
    assert live.broken_since is not None

    bench.lists(bar(0, 100), bar(1, 80), bar(2, 30))
    bench.data.watch(SAMSUNG, Stream.TICKS)

    await until(lambda: live.broken_since is None)
    assert volumes(live) == {0: 100, 1: 80, 2: 30}
    live.close()


async def test_longer_bars_are_joined_of_the_minutes_that_were_missed(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 30))
    live = await bench.follow(Interval.MINUTE_3)
    bench.say(SubscriptionState.WANTED)
    bench.lists(bar(0, 100), bar(1, 50), bar(2, 75), bar(3, 60), bar(4, 20))
    bench.clock.advance(150)
    bench.say(SubscriptionState.CONFIRMED)

    await until(lambda: live.broken_since is None)
    assert volumes(live) == {0: 225, 3: 80}
    live.close()


async def test_prints_of_the_next_day_begin_a_new_day(bench: Bench) -> None:
    bench.lists(bar(0, 100), bar(1, 50))
    live = await bench.follow()
    bench.print(2, 31, 1_010, 10)
    before = int(live.series.times[-1])

    bench.clock.advance(86_400 - 3_600)
    tick = tick_of(bench.broker.quotes[SAMSUNG], 85_000, 3, seconds=9 * 3600 + 1)
    bench.feed.send_ticks(tick)

    assert int(live.series.times[-1]) == before - before % 86_400 + 86_400 + 9 * 3600
    live.close()
