"""Several whole programs of one app key at the strict exchange, which judges them by its own record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.ports import Cache
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.shell_account import open_core, submit
from tests.support.trading_desk import until

SAMSUNG = "005930"
STRICT = replace(SimulatorOptions(), seed=7, is_limited=True)


@asynccontextmanager
async def program(exchange: RunningExchange, url: str, **more: float) -> AsyncIterator[KisBroker]:
    """Give one program with connections of its own, as another process would have."""
    cache = RedisCache(url, **({"patience": 5.0} | more))
    assert await cache.ready(10)
    broker = KisBroker(exchange.access(), SystemClock(), cache=cache)
    try:
        yield broker
    finally:
        await broker.close()
        await cache.close()


def calls(exchange: RunningExchange, path: str = "") -> list[str]:
    """Return the codes that the exchange answered with, for all calls whose path ends so."""
    events = exchange.server.venue.log.events("request")
    return [str(event["code"]) for event in events if str(event["path"]).endswith(path)]


async def test_three_programs_need_one_token_and_are_never_turned_away_for_rate(redis_url: str) -> None:
    async with (
        running_exchange(STRICT) as exchange,
        program(exchange, redis_url) as one,
        program(exchange, redis_url) as two,
        program(exchange, redis_url) as three,
    ):
        await asyncio.gather(*(broker.quote(SAMSUNG) for broker in (one, two, three) for _ in range(16)))
        keys = await asyncio.gather(*(broker.approval_key() for broker in (one, two, three)))

        assert len(set(keys)) == 1
        assert len(calls(exchange, "/oauth2/tokenP")) == len(calls(exchange, "/oauth2/Approval")) == 1
        assert len(calls(exchange, "/inquire-price")) == 48
        assert "EGW00201" not in calls(exchange)


@pytest.mark.parametrize("fault", ["dies", "falls silent"])
async def test_programs_trade_on_when_the_cache_goes_and_share_again(
    redis_url: str, fault: str, expect_log: ExpectLog
) -> None:
    expect_log("shared cache is not used")
    async with running_exchange(STRICT) as exchange, fault_proxy(redis_url) as (proxy, url):
        async with program(exchange, url, patience=0.5) as one, program(exchange, url, patience=0.5) as two:
            await asyncio.gather(one.quote(SAMSUNG), two.quote(SAMSUNG))
            if fault == "dies":
                proxy.refuses = True
                proxy.reset_all()
            else:
                proxy.toxics["down"].blackhole = True
            caches: list[Cache] = [one.client.limiter._cache, two.client.limiter._cache]  # type: ignore[union-attr]
            await until(lambda: not any(cache.is_up for cache in caches), 60)

            await asyncio.gather(*(broker.quote(SAMSUNG) for broker in (one, two) for _ in range(12)))
            assert (one.health().calls_limit, two.health().calls_limit) == (9, 9)

            await asyncio.sleep(2.5)  # long enough away to be told
            proxy.heal()
            proxy.reset_all()
            await until(lambda: all(cache.is_up for cache in caches), 60)
            async with asyncio.timeout(15):
                while one.health().calls_limit != 18:
                    await one.quote(SAMSUNG)

        assert len(calls(exchange, "/oauth2/tokenP")) == 1
        assert "EGW00201" not in calls(exchange)


@pytest.mark.parametrize("fault", ["", "silent from the start", "silent later"])
async def test_a_whole_program_trades_whatever_the_cache_does(
    redis_url: str, fault: str, tmp_path: Path, expect_log: ExpectLog
) -> None:
    if fault == "silent from the start":
        expect_log("shared cache is not used")
    async with running_exchange(STRICT) as exchange, fault_proxy(redis_url) as (proxy, url):
        proxy.toxics["down"].blackhole = fault == "silent from the start"
        cache = RedisCache(url, patience=1.0)
        try:
            async with open_core(exchange.access(), tmp_path, cache=cache) as core:
                proxy.toxics["down"].blackhole = bool(fault)
                key = await submit(core, 1)

                assert [order.status for order in core.orders.all() if order.key == key] == [
                    OrderStatus.ACCEPTED
                ]
                accepted = [
                    entry
                    for entry in exchange.server.venue.exchange.ledger.entries
                    if entry.kind == "accepted" and entry.by == "owner"
                ]
                assert len(accepted) == 1
        finally:
            await cache.close()


async def test_two_whole_programs_are_live_on_one_socket_and_see_each_others_orders(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_exchange(STRICT) as exchange:
        caches = [RedisCache(redis_url, patience=5.0) for _ in range(2)]
        folders = [tmp_path / "one", tmp_path / "two"]
        try:
            async with (
                open_core(exchange.access(), folders[0], cache=caches[0]) as one,
                open_core(exchange.access(), folders[1], cache=caches[1]) as two,
            ):
                await until(lambda: all(core.market_data.is_live(SAMSUNG) for core in (one, two)), 60)
                assert (one.feed.health().owner, two.feed.health().owner) == ("own", "other")
                assert len(list(exchange.server.venue.log.events("session"))) == 1
                key = await submit(two, 1)
                order = next(order for order in two.orders.all() if order.key == key)

                numbers = lambda core: {order.order_number for order in core.orders.all()}  # noqa: E731
                await until(lambda: order.order_number in numbers(one), 60)
        finally:
            for cache in caches:
                await cache.close()
