"""Case 61: the server is down, silent, full, read-only, poisoned; nothing waits, and it is found again."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from kis_terminal.adapters.cache.redis import PATIENCE, RedisCache
from kis_terminal.domain.errors import StoreUnavailable
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until


@asynccontextmanager
async def opened(url: str, told: list[str] | None = None, **more: Any) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url, on_trouble=None if told is None else told.append, **more)
    try:
        await cache.ready(10)
        yield cache
    finally:
        await cache.close()


@asynccontextmanager
async def plain(url: str) -> AsyncIterator[Any]:
    """Give the library's own client, as somebody else who writes to the server."""
    client = importlib.import_module("redis.asyncio").Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


async def test_a_server_that_is_not_there_is_told_once_and_nothing_waits(expect_log: ExpectLog) -> None:
    told: list[str] = []
    expect_log("shared cache is not used")
    async with opened("redis://canary:canary-password@127.0.0.1:1/0", told) as cache:
        for _ in range(3):
            with pytest.raises(StoreUnavailable) as refused:
                await cache.get("a")
            assert "canary" not in str(refused.value)
        with pytest.raises(StoreUnavailable):
            await cache.listen("a", lambda _: None)

    assert len(told) == 1


async def test_an_address_that_is_none_is_told(expect_log: ExpectLog) -> None:
    expect_log("shared cache is not used")
    async with opened("http://nowhere") as cache:
        with pytest.raises(StoreUnavailable):
            await cache.put("a", b"1")


async def test_a_silent_server_costs_one_wait_and_then_none(redis_url: str, expect_log: ExpectLog) -> None:
    told: list[str] = []
    async with fault_proxy(redis_url) as (proxy, url), opened(url, told) as cache:
        await until(lambda: cache.is_up)
        proxy.toxics["down"].blackhole = True
        began = asyncio.get_running_loop().time()

        refusals = [asyncio.create_task(cache.get("a")) for _ in range(5)]
        ended = await asyncio.gather(*refusals, return_exceptions=True)
        with pytest.raises(StoreUnavailable):
            await cache.take("uses", "1", 5, 1)

        assert all(isinstance(error, StoreUnavailable) for error in ended)
        # No speed is measured: it is the bound of each wait, and not one wait after another.
        assert asyncio.get_running_loop().time() - began < PATIENCE + 2.0
        expect_log("shared cache is not used")
        await until(lambda: bool(told), 60)
        proxy.heal()
        proxy.reset_all()
        await until(lambda: cache.is_up, 60)
        await cache.put("a", b"1")
        assert await cache.get("a") == b"1"
        assert told[-1] == ""


async def test_a_program_that_is_busy_itself_does_not_take_the_server_for_silent(redis_url: str) -> None:
    async with opened(redis_url) as cache:
        await until(lambda: cache.is_up)
        await cache.put("a", b"1")

        asking = asyncio.create_task(cache.get("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(3 * PATIENCE)  # as a window that paints

        assert await asking == b"1"
        assert cache.is_up


async def test_a_server_that_breaks_off_is_found_again_and_listened_to_again(redis_url: str) -> None:
    heard: list[bytes] = []
    async with fault_proxy(redis_url) as (proxy, url), opened(url, patience=1.0) as cache:
        await until(lambda: cache.is_up)
        await cache.listen("here", heard.append)
        proxy.reset_all()

        deadline = time.monotonic() + 10
        while not heard and time.monotonic() < deadline:
            with suppress(StoreUnavailable):  # it may still be away
                await cache.publish("here", b"again")
            await asyncio.sleep(0.05)

        assert heard[0] == b"again"


async def test_a_full_server_refuses_writes_gives_values_and_is_told(
    redis_url: str, expect_log: ExpectLog
) -> None:
    told: list[str] = []
    async with plain(redis_url) as other, opened(redis_url, told, patience=5.0) as cache:
        await cache.put("a", b"1")
        await other.config_set("maxmemory-policy", "noeviction")
        await other.config_set("maxmemory", "1")
        try:
            expect_log("shared cache is not used")
            with pytest.raises(StoreUnavailable):
                await cache.put("b", b"2")
            with pytest.raises(StoreUnavailable):
                await cache.put_new("c", b"3", 5)
            assert cache.is_up
            assert "메모리" in told[0]
            assert "메모리" in cache.trouble
            assert await cache.get("a") == b"1"
            assert len(told) == 1
        finally:
            await other.config_set("maxmemory", "0")
        await until(lambda: cache.trouble == "", 10)  # found by itself

        assert len(told) == 2
        assert told[-1] == ""


@pytest.mark.parametrize("operation", ["get", "put", "put_new", "take"])
async def test_a_key_of_the_wrong_type_is_as_absent(
    redis_url: str, operation: str, expect_log: ExpectLog
) -> None:
    async with plain(redis_url) as other, opened(redis_url, patience=5.0) as cache:
        await (other.set("key", "garbage") if operation == "take" else other.lpush("key", "garbage"))

        if operation == "get":
            expect_log("wrong type")
            assert await cache.get("key") is None
        elif operation == "put":
            await cache.put("key", b"1")
        elif operation == "put_new":
            assert await cache.put_new("key", b"1", 5)
        else:
            assert await cache.take("key", "1", 1, 5) == 0
            await other.delete("key")
            await other.set("key", "garbage")
            await cache.settle("key", "1")


async def test_uses_far_in_the_future_do_not_block_the_budget(redis_url: str) -> None:
    async with plain(redis_url) as other, opened(redis_url, patience=5.0) as cache:
        await other.zadd("uses", {f"poison-{number}": 9e15 for number in range(50)})

        assert await cache.take("uses", "1", 5, 1.0, 0.5) == 0


async def test_the_library_is_loaded_by_the_start_alone() -> None:
    names = [name for name in sys.modules if name == "redis" or name.startswith("redis.")]
    kept = {name: sys.modules.pop(name) for name in names}
    try:
        RedisCache("redis://127.0.0.1:1/0")
        assert not [name for name in sys.modules if name.partition(".")[0] == "redis"]
    finally:
        sys.modules.update(kept)


async def test_a_receiver_that_fails_costs_the_others_a_moment_only(
    redis_url: str, expect_log: ExpectLog
) -> None:
    expect_log("cache-messages failed")
    cache, heard = RedisCache(redis_url, patience=1.0), list[bytes]()

    def fail(message: bytes) -> None:
        raise KeyError("bug")

    try:
        end = await cache.listen("one", fail)
        await cache.listen("two", heard.append)
        await cache.publish("one", b"bad")
        async with asyncio.timeout(20):
            while not heard:
                await cache.publish("two", b"good")
                await asyncio.sleep(0.1)
        await end()
    finally:
        await cache.close()


async def test_a_bug_of_the_keeper_ends_the_use_of_the_server_until_it_keeps_again(
    redis_url: str, expect_log: ExpectLog
) -> None:
    expect_log("cache-keeper failed")
    expect_log("shared cache is not used")
    told = list[str]()
    cache, heard = RedisCache(redis_url, patience=1.0, on_trouble=told.append), list[bytes]()
    try:
        assert await cache.ready(10)
        await cache.listen("one", heard.append)
        look, client = cache._look, cache._client

        async def fail() -> None:
            raise KeyError("bug")

        cache._look = fail  # type: ignore[method-assign]
        await until(lambda: not cache.is_up)
        cache._look = look  # type: ignore[method-assign]
        await until(lambda: cache.is_up)
        await cache.publish("one", b"good")
        await until(lambda: bool(heard))

        assert cache._client is client
        assert [bool(words) for words in told] == [True, False]
    finally:
        await cache.close()


async def test_whoever_waits_for_an_answer_when_the_cache_is_closed_is_told_that_it_is_away(
    redis_url: str,
) -> None:
    async with fault_proxy(redis_url) as (proxy, url):
        cache = RedisCache(url, patience=5.0)
        assert await cache.ready(10)
        proxy.toxics["down"].blackhole = True
        asking = asyncio.create_task(cache.get("key"))
        await asyncio.sleep(0.1)
        await cache.close()

        with pytest.raises(StoreUnavailable):
            await asking
        with pytest.raises(StoreUnavailable):
            await cache.get("key")  # begins nothing anew
        assert not cache._keeper.is_kept
