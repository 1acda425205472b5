"""One budget for several programs: never more than the limit in any window, the urgent ones first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.rate_limit import Priority, RateLimiter
from kis_terminal.adapters.kis.shared_limit import SharedLimiter
from kis_terminal.ports import Cache
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

LIMITS = Limits(calls=8, window=0.4, reserved_for_cancels=2)


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def programs(count: int, cache: Cache, limits: Limits = LIMITS) -> AsyncIterator[list[SharedLimiter]]:
    many = [SharedLimiter(RateLimiter(limits, now), limits, cache, "test", now) for _ in range(count)]
    try:
        yield many
    finally:
        for one in many:
            one.close()
            await one.closed()


class Broker:
    """Counts what arrives, some milliseconds after it left."""

    def __init__(self) -> None:
        self.arrived: list[float] = []

    async def call(
        self, limiter: SharedLimiter, priority: Priority = Priority.QUOTE, late: float = 0.0
    ) -> None:
        ticket = await limiter.acquire(priority)
        await asyncio.sleep(late)
        self.arrived.append(now())
        limiter.answered(ticket)

    def most_in(self, seconds: float) -> int:
        return max(sum(start <= at < start + seconds for at in self.arrived) for start in self.arrived)


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    """Return an empty cache of each kind."""
    if request.param == "memory":
        yield MemoryCache()
        return
    shared = RedisCache(request.getfixturevalue("redis_url"), patience=5.0)
    assert await shared.ready(10)
    yield shared
    await shared.close()


async def test_three_programs_together_keep_the_limit_though_calls_arrive_late(cache: Cache) -> None:
    broker = Broker()
    async with programs(3, cache) as many:
        await asyncio.gather(
            *(broker.call(one, late=0.05 * (number % 3)) for one in many for number in range(8))
        )

    assert len(broker.arrived) == 24
    assert broker.most_in(LIMITS.window - 0.01) <= LIMITS.calls


async def test_one_program_alone_has_nearly_all_of_it(cache: Cache) -> None:
    async with programs(1, cache) as (one,):
        tickets = [await one.acquire(Priority.QUOTE) for _ in range(LIMITS.calls - 3)]

        assert len(tickets) == 5


async def test_a_cancellation_and_an_order_find_room_behind_another_programs_quotes() -> None:
    cache = MemoryCache()
    slow = Limits(calls=8, window=60.0, reserved_for_cancels=2)
    async with programs(2, cache, slow) as (one, two):
        quotes = [asyncio.create_task(one.acquire(Priority.QUOTE)) for _ in range(20)]
        await until(lambda: sum(task.done() for task in quotes) == 5)

        await two.acquire(Priority.ORDER)
        await two.acquire(Priority.CANCEL)
        await two.acquire(Priority.CANCEL)
        last = asyncio.create_task(two.acquire(Priority.CANCEL))
        await asyncio.sleep(0.05)

        assert sum(task.done() for task in quotes) == 5
        assert not last.done()
        assert (one.waiting, two.waiting) == (15, 1)
    assert all(task.cancelled() or task.done() for task in [*quotes, last])
    await asyncio.gather(*quotes, last, return_exceptions=True)


async def test_who_waits_is_served_by_urgency(cache: Cache) -> None:
    order: list[str] = []

    async def named(one: SharedLimiter, name: str, priority: Priority) -> None:
        ticket = await one.acquire(priority)
        order.append(name)
        one.answered(ticket)

    async with programs(1, cache) as (one,):
        for _ in range(5):
            one.answered(await one.acquire(Priority.QUOTE))
        await asyncio.gather(
            named(one, "history", Priority.HISTORY),
            named(one, "quote", Priority.QUOTE),
            named(one, "order", Priority.ORDER),
            named(one, "cancel", Priority.CANCEL),
        )

    assert order == ["cancel", "order", "quote", "history"]


async def test_a_cancelled_caller_gives_its_turn_to_the_next() -> None:
    async with programs(1, MemoryCache()) as (one,):
        for _ in range(5):
            one.answered(await one.acquire(Priority.QUOTE))
        gone = asyncio.create_task(one.acquire(Priority.QUOTE))
        stays = asyncio.create_task(one.acquire(Priority.QUOTE))
        await asyncio.sleep(0.01)
        gone.cancel()

        assert await stays > 0
        assert one.waiting == 0


async def test_programs_hear_of_one_another(cache: Cache) -> None:
    async with programs(3, cache) as many:
        for one in many:
            one.answered(await one.acquire(Priority.CANCEL))

        await until(lambda: all(one.programs == 3 for one in many), 60)
        await cache.publish("test:programs", b"no id")
        await cache.publish("test:programs", b"")

        assert [one.programs for one in many] == [3, 3, 3]


async def test_programs_that_lose_the_cache_keep_to_their_share_and_share_again(
    redis_url: str, expect_log: ExpectLog
) -> None:
    expect_log("shared cache is not used")
    quick = Limits(calls=8, window=0.3, reserved_for_cancels=2)
    broker = Broker()
    async with fault_proxy(redis_url) as (proxy, url):
        caches = [RedisCache(url, patience=0.5) for _ in range(2)]
        for cache in caches:
            assert await cache.ready(10)
        async with programs(1, caches[0], quick) as (one,), programs(1, caches[1], quick) as (two,):
            await asyncio.gather(broker.call(one), broker.call(two))
            await until(lambda: one.programs == two.programs == 2, 60)
            proxy.refuses = True
            proxy.reset_all()
            await until(lambda: not any(cache.is_up for cache in caches), 60)

            await asyncio.gather(*(broker.call(limiter) for limiter in (one, two) for _ in range(8)))

            assert one.gauge[1] == two.gauge[1] == 4
            assert broker.most_in(quick.window - 0.01) <= quick.calls

            await asyncio.sleep(2.5)  # long enough away to be told
            proxy.heal()
            await until(lambda: all(cache.is_up for cache in caches), 60)

            async def is_whole(limiter: SharedLimiter) -> bool:
                await broker.call(limiter)
                return limiter.gauge[1] == quick.calls

            await _until_true(lambda: is_whole(one), lambda: is_whole(two))
            assert broker.most_in(quick.window - 0.01) <= quick.calls
        for cache in caches:
            await cache.close()


async def _until_true(*questions: Callable[[], object]) -> None:
    for question in questions:
        async with asyncio.timeout(15):
            while not await question():  # type: ignore[misc]
                await asyncio.sleep(0.1)


async def test_an_order_waits_for_a_silent_cache_once_and_no_longer_than_its_patience(redis_url: str) -> None:
    async with fault_proxy(redis_url) as (proxy, url):
        cache = RedisCache(url)
        assert await cache.ready(10)
        async with programs(1, cache, Limits(calls=18)) as (one,):
            proxy.toxics["down"].blackhole = True

            # Far less than the bound of ten outages, however slow the machine: only one order waits at all.
            async with asyncio.timeout(5):
                for _ in range(4):
                    one.answered(await one.acquire(Priority.ORDER))
                assert not cache.is_up
        await cache.close()


async def test_poison_under_the_budgets_key_holds_nobody_up(cache: Cache) -> None:
    await cache.put("test:budget", b"garbage")
    async with programs(1, cache) as (one,), asyncio.timeout(10):
        one.answered(await one.acquire(Priority.ORDER))
