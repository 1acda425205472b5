"""One socket for several programs: at the strict exchange, which has one session an app key."""

from __future__ import annotations

import asyncio
import importlib

import pytest

from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.domain.orders import NoticeKind, OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.ports import SocketOwner, Stream, SubscriptionState
from tests.support.relay_programs import opened, programs, sessions, trades
from tests.support.trading_desk import until

SAMSUNG, HYNIX, NAVER = "005930", "000660", "035420"


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
