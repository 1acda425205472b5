"""One socket for several programs: at the strict exchange, which has one session an app key."""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.kis.feed_relay_hub import RelayHub
from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.feed_relay_wire import RelaySeal, unpack_batch
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.orders import NoticeKind, OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.ports import LinkState, SocketOwner, Stream, SubscriptionState
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.relay_programs import Program, other_program, own_redis, program
from tests.support.trading_desk import until

SAMSUNG, HYNIX, NAVER = "005930", "000660", "035420"
STRICT = replace(SimulatorOptions(), seed=7, is_limited=True)
BRISK = RelayTiming(life=1.8, look=0.3, dead=1.5, grace=0.5)


@asynccontextmanager
async def programs(
    redis_url: str, count: int = 2, timing: RelayTiming | None = None
) -> AsyncIterator[tuple[RunningExchange, list[Program]]]:
    """Give an exchange and some programs of one app key, the first of which has the socket."""
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(running_exchange(STRICT))
        made = [
            await stack.enter_async_context(program(exchange.access(), redis_url, timing))
            for _ in range(count)
        ]
        yield exchange, made


async def opened(*made: Program) -> None:
    """Open programs one after the other, so that the first one has the socket."""
    for one in made:
        await one.feed.open()
        await until(lambda: one.owner is not SocketOwner.UNKNOWN)  # noqa: B023


def sessions(exchange: RunningExchange) -> list[set[tuple[str, str]]]:
    """Return what is registered at the exchange, by session that has told its app key."""
    return [set(session.registrations) for session in exchange.server._sockets._sessions if session.appkey]


def trades(*symbols: str) -> set[tuple[str, str]]:
    """Return registrations of prints."""
    return {("H0STCNT0", symbol) for symbol in symbols}


async def test_two_programs_are_live_on_one_socket_with_the_union_of_their_streams(redis_url: str) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        one.want(SAMSUNG, HYNIX)
        two.want(HYNIX, NAVER)
        await opened(one, two)
        await until(lambda: one.has(SAMSUNG, HYNIX) and two.has(HYNIX, NAVER))
        await until(lambda: all(one.count(name) > 2 for name in (SAMSUNG, HYNIX)))
        await until(lambda: all(two.count(name) > 2 for name in (HYNIX, NAVER)))

        assert sessions(exchange) == [trades(SAMSUNG, HYNIX, NAVER)]
        assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.OTHER)
        assert set(one.ticks) == {SAMSUNG, HYNIX}
        assert set(two.ticks) == {HYNIX, NAVER}
        assert (one.gaps, two.gaps) == ([], [])
        # Both have every print since both had the stream, in the same order.
        await asyncio.sleep(0.2)
        first = two.ticks[HYNIX][0]
        mine, theirs = one.ticks[HYNIX], two.ticks[HYNIX]
        mine = mine[mine.index(first) :]
        assert min(len(mine), len(theirs)) > 2
        assert all(a == b for a, b in zip(mine, theirs, strict=False))


async def test_a_stream_ends_with_the_last_program_that_wants_it(redis_url: str) -> None:
    async with programs(redis_url, 3, RelayTiming(grace=0.5)) as (exchange, (one, two, three)):
        one.want(SAMSUNG)
        two.want(SAMSUNG, HYNIX)
        three.want(HYNIX, NAVER)
        await opened(one, two, three)
        await until(lambda: one.has(SAMSUNG) and two.has(SAMSUNG, HYNIX) and three.has(HYNIX, NAVER))

        two.feed.unsubscribe(Stream.TICKS, HYNIX)
        one.feed.unsubscribe(Stream.TICKS, SAMSUNG)
        await asyncio.sleep(0.9)
        assert sessions(exchange) == [trades(SAMSUNG, HYNIX, NAVER)]
        three.feed.unsubscribe(Stream.TICKS, HYNIX)
        await until(lambda: sessions(exchange) == [trades(SAMSUNG, NAVER)])
        await three.feed.close()
        await until(lambda: sessions(exchange) == [trades(SAMSUNG)])
        before = two.count(SAMSUNG)
        await until(lambda: two.count(SAMSUNG) > before)

        assert two.gaps == []


async def test_execution_notices_reach_every_program(redis_url: str) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        one.want(notices=True)
        two.want(SAMSUNG, notices=True)
        await opened(one, two)
        await until(lambda: one.has_notices and two.has_notices and two.has(SAMSUNG))
        await two.broker.place(market_order(2))
        for made in (one, two):
            await until(lambda: any(notice.kind is NoticeKind.FILL for notice in made.notices))  # noqa: B023

        assert {registration[0] for registration in sessions(exchange)[0]} == {"H0STCNI0", "H0STCNT0"}
        await until(lambda: len(one.notices) == len(two.notices))
        assert one.notices == two.notices


def market_order(quantity: int) -> OrderRequest:
    return OrderRequest(
        *("relay-order", SAMSUNG, Side.BUY, OrderKind.MARKET, quantity, None, Venue.KRX), Origin.ELSEWHERE
    )


async def test_what_goes_over_the_cache_can_be_read_by_nobody_else(redis_url: str) -> None:
    seen: list[bytes] = []
    client = importlib.import_module("redis.asyncio").Redis.from_url(redis_url)
    listening = client.pubsub()
    await listening.psubscribe("*")

    async def read() -> None:
        while True:
            message = await listening.get_message(timeout=1.0)
            if message is not None and message["type"] == "pmessage":
                seen.append(message["data"])

    reading = asyncio.create_task(read())
    try:
        async with programs(redis_url) as (exchange, (one, two)):
            one.want(SAMSUNG)
            two.want(SAMSUNG, notices=True)
            await opened(one, two)
            await until(lambda: two.has_notices and two.count(SAMSUNG) > 2)
            key = next(iter(exchange.server._sockets._sessions)).cipher.key.encode()
            keys = b" ".join([name async for name in client.scan_iter()])
            values = b" ".join([await client.get(name) or b"" for name in keys.split() if b"feed" in name])
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await listening.aclose()
        await client.aclose()

    everything = b" ".join([*seen, keys, values])
    access = exchange.access()
    assert len(everything) > 1000
    for secret in (SAMSUNG, "H0ST", access.hts_id, access.appkey.reveal(), access.appsecret.reveal()):
        assert secret.encode() not in everything
    assert key not in everything


async def test_the_places_are_counted_over_all_programs_and_one_that_is_left_is_given_on(
    redis_url: str,
) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        names = [listing.symbol for listing in exchange.server.venue.exchange.listings()][:50]
        one.want(*names[:25])
        two.want(*names[20:], notices=True)
        await opened(one, two)
        await until(lambda: one.has(*names[:25]) and two.has_notices)
        refused = SubscriptionState.REFUSED
        await until(lambda: list(two.states.values()).count(refused) == 10, 20)
        lost = [name for name in names if two.states.get((Stream.TICKS, name)) is refused]
        assert len(sessions(exchange)[0]) == 41
        assert "실시간 등록 한도" in next(
            one.reason for one in two.feed.subscriptions() if one.symbol in lost
        )

        for name in names[:4]:
            one.feed.unsubscribe(Stream.TICKS, name)
        await until(lambda: sum(two.has(name) for name in lost) == 4)

        assert len(sessions(exchange)[0]) == 41
        codes = [event["code"] for event in exchange.server.venue.log.events("reply") if "code" in event]
        assert "OPSP0008" not in codes


async def test_what_cannot_be_had_is_told_to_who_asked_only(redis_url: str) -> None:
    async with programs(redis_url) as (_, (one, two)):
        one.want(SAMSUNG)
        two.want("999999")
        await opened(one, two)
        await until(lambda: two.states.get((Stream.TICKS, "999999")) is SubscriptionState.REFUSED)
        await until(lambda: one.has(SAMSUNG))

        assert (Stream.TICKS, "999999") not in one.states


@pytest.mark.parametrize("who", ["the holder", "another"])
async def test_a_stream_that_is_asked_for_anew_is_made_anew_at_the_exchange(redis_url: str, who: str) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        for made in (one, two):
            made.want(SAMSUNG)
        await opened(one, two)
        await until(lambda: one.has(SAMSUNG) and two.has(SAMSUNG))
        usage = exchange.server.venue.usage.subscriptions
        before = usage["H0STCNT0"]

        (one if who == "the holder" else two).feed.renew(Stream.TICKS, SAMSUNG)
        await until(lambda: usage["H0STCNT0"] == before + 1)
        await until(lambda: one.has(SAMSUNG) and two.has(SAMSUNG))
        counts = one.count(SAMSUNG), two.count(SAMSUNG)
        await until(lambda: one.count(SAMSUNG) > counts[0] and two.count(SAMSUNG) > counts[1])

        assert sessions(exchange) == [trades(SAMSUNG)]


async def test_when_the_connection_to_the_exchange_breaks_every_program_hears_of_the_gap(
    redis_url: str,
) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        one.want(SAMSUNG)
        two.want(HYNIX)
        await opened(one, two)
        await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))

        for session in list(exchange.server._sockets._sessions):
            session.connection.transport.abort()
        await until(lambda: bool(one.gaps) and bool(two.gaps))
        await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))

        assert sessions(exchange) == [trades(SAMSUNG, HYNIX)]
        assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.OTHER)


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


async def test_frames_that_others_plant_or_repeat_are_not_taken(redis_url: str) -> None:
    client = importlib.import_module("redis.asyncio").Redis.from_url(redis_url)
    seen: list[tuple[bytes, bytes]] = []
    async with programs(redis_url) as (_, (one, two)):
        two.want(SAMSUNG)
        await opened(one, two)
        await until(lambda: two.count(SAMSUNG) > 2)
        listening = client.pubsub()
        await listening.psubscribe("*feed*")
        while len(seen) < 6:
            message = await listening.get_message(timeout=1.0)
            if message is not None and message["type"] == "pmessage":
                seen.append((message["channel"], message["data"]))
        for channel, value in seen:
            await client.publish(channel, value)
            await client.publish(channel, b"0|H0STCNT0|001|005930^garbage")
            await client.publish(channel, value[:-1] + b"x")
        await listening.aclose()
        await client.aclose()
        before = two.count(SAMSUNG)
        await until(lambda: two.count(SAMSUNG) > before + 2)

        volumes = [tick.volume for tick in two.ticks[SAMSUNG]]
        assert volumes == sorted(set(volumes))
        assert (two.gaps, two.feed.counters.rejected) == ([], 0)
