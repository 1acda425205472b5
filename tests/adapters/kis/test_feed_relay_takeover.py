"""The shared socket changes hands, or the cache goes: nobody is without streams for long, nobody has two."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.kis.feed_relay_hub import RelayHub
from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.feed_relay_wire import RelaySeal, unpack_batch
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.ports import LinkState, SocketOwner
from tests.support.exchange import running_exchange
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.relay_programs import (
    STRICT,
    opened,
    other_program,
    own_redis,
    program,
    programs,
    sessions,
    trades,
)
from tests.support.trading_desk import until

SAMSUNG, HYNIX, NAVER = "005930", "000660", "035420"
BRISK = RelayTiming(life=1.8, look=0.3, dead=1.5, grace=0.5)


async def test_when_the_holder_ends_another_has_the_socket_and_all_streams(redis_url: str) -> None:
    async with programs(redis_url, 3) as (exchange, (one, two, three)):
        for made, name in ((one, SAMSUNG), (two, HYNIX), (three, NAVER)):
            made.want(name, notices=True)
        await opened(one, two, three)
        await until(lambda: two.has(HYNIX) and three.has(NAVER) and three.has_notices)

        await one.feed.close()
        await until(lambda: SocketOwner.OWN in (two.owner, three.owner), 5)
        await until(lambda: bool(two.gaps) and bool(three.gaps), 5)

        await until(lambda: two.has(HYNIX) and three.has(NAVER) and two.has_notices and three.has_notices)
        assert sessions(exchange) == [trades(HYNIX, NAVER) | {("H0STCNI0", exchange.access().hts_id)}]
        assert {two.owner, three.owner} == {SocketOwner.OWN, SocketOwner.OTHER}


async def test_a_holder_that_alone_has_lost_the_cache_gives_way_and_follows_later(
    redis_url: str, allow_log: ExpectLog
) -> None:
    allow_log("shared cache is not used")
    async with (
        running_exchange(STRICT) as exchange,
        fault_proxy(redis_url) as (proxy, url),
        program(exchange.access(), url) as one,
        program(exchange.access(), redis_url) as two,
    ):
        one.want(SAMSUNG)
        two.want(HYNIX)
        await opened(one, two)
        await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))

        proxy.toxics["down"].blackhole = True
        await until(lambda: two.owner is SocketOwner.OWN and two.has(HYNIX) and bool(two.gaps), 10)
        assert sessions(exchange) == [trades(HYNIX)]
        assert one.owner is not SocketOwner.OWN
        proxy.heal()
        proxy.reset_all()
        await until(lambda: one.has(SAMSUNG) and one.owner is SocketOwner.OTHER, 20)
        await until(lambda: bool(one.gaps))

        assert sessions(exchange) == [trades(SAMSUNG, HYNIX)]


async def test_without_the_cache_the_holder_keeps_its_socket_and_the_others_say_that_they_poll(
    allow_log: ExpectLog, tmp_path: Path
) -> None:
    allow_log("shared cache is not used")
    with own_redis(tmp_path) as server:
        async with programs(server.url, timing=BRISK) as (exchange, (one, two)):
            one.want(SAMSUNG)
            two.want(HYNIX)
            await opened(one, two)
            await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))
            session = next(iter(exchange.server._sockets._sessions))

            server.kill()
            await until(lambda: two.links[-1][0] is LinkState.WAITING and "Redis" in two.links[-1][1], 10)
            await asyncio.sleep(BRISK.life)
            before = one.count(SAMSUNG)
            await until(lambda: one.count(SAMSUNG) > before)
            assert list(exchange.server._sockets._sessions) == [session]
            assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.UNKNOWN)
            assert one.gaps == []

            server.start()
            await until(lambda: two.has(HYNIX) and bool(two.gaps), 20)

            assert list(exchange.server._sockets._sessions) == [session]
            assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.OTHER)
            assert (one.gaps, sessions(exchange)) == ([], [trades(SAMSUNG, HYNIX)])


async def test_a_program_that_starts_without_the_cache_connects_and_shares_once_it_is_there(
    allow_log: ExpectLog, tmp_path: Path
) -> None:
    allow_log("shared cache is not used")
    with own_redis(tmp_path) as server:
        server.kill()
        async with programs(server.url) as (exchange, (one, two)):
            one.want(SAMSUNG)
            two.want(HYNIX)
            await one.feed.open()
            await until(lambda: one.has(SAMSUNG))
            session = next(iter(exchange.server._sockets._sessions))
            server.start()
            await until(lambda: one.relay.is_holder, 20)
            await two.feed.open()
            await until(lambda: two.has(HYNIX), 20)

            assert list(exchange.server._sockets._sessions) == [session]
            assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.OTHER)
            assert one.gaps == []


@pytest.mark.parametrize("end", ["killed", "stopped"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_when_the_process_that_has_the_socket_dies_or_stands_still_another_has_it_within_ten_seconds(
    redis_url: str, end: str
) -> None:
    life = RelayTiming().life if end == "killed" else BRISK.life
    timing = RelayTiming(life=life)
    async with running_exchange(STRICT) as exchange, program(exchange.access(), redis_url, timing) as two:
        with other_program(exchange.access(), redis_url, [SAMSUNG], life) as other:
            await until(lambda: other.told("all confirmed") and other.told("owner own"), 30)
            two.want(HYNIX, notices=True)
            await opened(two)
            await until(lambda: two.has(HYNIX) and two.has_notices)
            assert two.owner is SocketOwner.OTHER

            other.process.send_signal(signal.SIGKILL if end == "killed" else signal.SIGSTOP)
            if end == "stopped":
                await until(lambda: two.owner is SocketOwner.OWN, 10)
                # Its kernel keeps its connection, so that the exchange takes no other of the app key.
                await until(lambda: any("OPSP8996" in text for _, text in two.links), 10)
                other.process.send_signal(signal.SIGCONT)
            # Ten seconds, and patience with a busy machine.
            await until(lambda: two.owner is SocketOwner.OWN and two.has(HYNIX) and two.has_notices, 15)
            await until(lambda: bool(two.gaps))
            before = two.count(HYNIX)
            await until(lambda: two.count(HYNIX) > before)
            if end == "killed":
                assert {tr_id for tr_id, _ in sessions(exchange)[0]} == {"H0STCNT0", "H0STCNI0"}
                assert len(sessions(exchange)) == 1
            else:
                await until(lambda: other.told("owner other") and other.told("gaps 1"), 20)
                await until(lambda: sessions(exchange)[0] >= trades(SAMSUNG, HYNIX))


@pytest.mark.parametrize("why", ["nobody listens there", "the address is wrong"])
async def test_a_holder_that_cannot_connect_lets_another_program_try(
    redis_url: str, why: str, expect_log: ExpectLog
) -> None:
    is_wrong = why == "the address is wrong"
    expect_log("feed stopped" if is_wrong else "another program may try")
    timing = RelayTiming(fruitless=1.0, abstain=30.0)
    async with running_exchange(STRICT) as exchange:
        access = exchange.access()
        url = "nothing://here" if is_wrong else "ws://127.0.0.1:1"
        async with (
            program(replace(access, ws_url=url), redis_url, timing) as one,
            program(access, redis_url, timing) as two,
        ):
            one.want(HYNIX)
            two.want(SAMSUNG)
            await one.feed.open()
            await until(lambda: one.relay.is_holder or is_wrong)
            await two.feed.open()
            await until(lambda: two.has(SAMSUNG), 20)
            if not is_wrong:
                await until(lambda: one.has(HYNIX) and one.owner is SocketOwner.OTHER)

            assert two.owner is SocketOwner.OWN


async def test_a_short_absence_of_the_cache_delays_frames_and_loses_none(
    redis_url: str, allow_log: ExpectLog
) -> None:
    allow_log("shared cache is not used")
    async with (
        running_exchange(STRICT) as exchange,
        fault_proxy(redis_url) as (proxy, url),
        program(exchange.access(), url) as one,
        program(exchange.access(), redis_url) as two,
    ):
        for made in (one, two):
            made.want(SAMSUNG)
        await opened(one, two)
        await until(lambda: one.has(SAMSUNG) and two.has(SAMSUNG) and two.count(SAMSUNG) > 0)

        proxy.reset_all()
        before = two.count(SAMSUNG)
        await until(lambda: two.count(SAMSUNG) > before + 5)

        first = two.ticks[SAMSUNG][0]
        mine = one.ticks[SAMSUNG][one.ticks[SAMSUNG].index(first) :]
        assert all(a == b for a, b in zip(mine, two.ticks[SAMSUNG], strict=False))
        assert (one.owner, two.owner, one.gaps, two.gaps) == (SocketOwner.OWN, SocketOwner.OTHER, [], [])


async def test_a_follower_that_lost_sight_of_the_lease_only_goes_on_without_a_gap(
    redis_url: str, allow_log: ExpectLog
) -> None:
    allow_log("shared cache is not used")
    async with (
        running_exchange(STRICT) as exchange,
        fault_proxy(redis_url) as (proxy, url),
        program(exchange.access(), redis_url) as one,
        program(exchange.access(), url, patience=0.3) as two,
    ):
        two.want(SAMSUNG)
        await opened(one, two)
        await until(lambda: two.has(SAMSUNG) and two.count(SAMSUNG) > 0)

        proxy.toxics["down"].latency = 0.8  # calls are too late, messages are only late
        await until(lambda: two.owner is SocketOwner.UNKNOWN)
        proxy.heal()
        await until(lambda: two.owner is SocketOwner.OTHER)
        before = two.count(SAMSUNG)
        await until(lambda: two.count(SAMSUNG) > before + 2)

        assert two.gaps == []


async def test_a_program_that_gave_up_may_be_opened_again(redis_url: str, expect_log: ExpectLog) -> None:
    expect_log("feed stopped")
    async with programs(redis_url, 1) as (_, (one,)):
        one.feed._address = "nothing://here"
        one.want(SAMSUNG)
        await one.feed.open()
        await until(lambda: one.feed._task is not None and one.feed._task.done())
        one.feed._address = f"{one.access.ws_url}/tryitout"
        await one.feed.open()
        await until(lambda: one.has(SAMSUNG) and one.owner is SocketOwner.OWN)


async def test_a_hub_without_the_lease_says_nothing_and_leaves_a_hole() -> None:
    cache, seal, clock, heard = MemoryCache(), RelaySeal("s" * 180), SystemClock(), list[bytes]()
    is_ours = True
    hub = RelayHub(cache, seal, "up", "down:1", clock, RelayTiming(beat=0.02), lambda: is_ours)
    await cache.listen("down:1", heard.append)
    hub.start(lambda task: None)
    await until(lambda: len(heard) == 2)
    is_ours = False
    hub.reply([b"m" * 8], b"late")
    await asyncio.sleep(0.2)
    count = len(heard)
    is_ours = True
    await until(lambda: len(heard) > count)
    await hub.close()

    batches = [unpack_batch(seal.opened("down:1", value) or b"") for value in heard]
    numbers = [batch.number for batch in batches if batch is not None]
    assert count <= 3
    assert numbers[count] > numbers[count - 1] + 1
    assert not any(batch.parts for batch in batches if batch is not None)
