"""Bugs, races and silences of the shared socket: each ends in a state that is told, and mends itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.kis.feed_relay_hub import RelayHub
from kis_terminal.adapters.kis.feed_relay_lease import RelayLease, RelayTiming, Role
from kis_terminal.adapters.kis.feed_relay_socket import RelayedSocket
from kis_terminal.adapters.kis.feed_relay_wire import RelaySeal, unpack_batch
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import SocketOwner, Stream
from kis_terminal.settings import Secret
from tests.adapters.kis.test_feed_relay import market_order
from tests.support.exchange import running_exchange
from tests.support.relay_programs import STRICT, opened, own_redis, program, programs, sessions, trades
from tests.support.trading_desk import until

SAMSUNG, HYNIX = "005930", "000660"
OWN, OTHER = b"o" * 8, b"p" * 8
CLOCK = SystemClock


class FaultyCache(MemoryCache):
    """A cache that does what it is told to: a bug of ours, or an absence, as an error of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.deaf_channels: set[str] = set()
        self.passes = asyncio.Event()
        self.passes.set()
        self.holds = 0

    async def hold(
        self, key: str, owner: bytes, seconds: float, *, may_take: bool = True
    ) -> tuple[int, bytes]:
        self.holds += 1
        await self.passes.wait()
        if self.error is not None:
            raise self.error
        return await super().hold(key, owner, seconds, may_take=may_take)

    async def publish(self, channel: str, message: bytes) -> None:
        if self.error is not None:
            raise self.error
        if channel not in self.deaf_channels:
            await super().publish(channel, message)


class Failures(list[tuple[str, BaseException]]):
    def note(self, name: str, error: BaseException) -> None:
        self.append((name, error))


def lease_on(cache: MemoryCache, timing: RelayTiming, has_socket: Callable[[], bool]) -> RelayLease:
    return RelayLease(cache, "lease", OWN, CLOCK(), timing, has_socket=has_socket, on_change=lambda: None)


async def test_a_bug_in_looking_after_the_lease_is_told_and_it_is_looked_after_again() -> None:
    cache, failures = FaultyCache(), Failures()
    lease = lease_on(cache, RelayTiming(life=0.6, look=0.05), lambda: False)
    cache.error = ValueError("bug")
    lease.start(failures.note)
    await until(lambda: lease.role is Role.AWAY)
    assert (lease.may_connect, [name for name, _ in failures]) == (True, ["kis-relay-lease"])

    cache.error = None
    await until(lambda: lease.role is Role.HOLDER and lease.is_sure)
    cache.error = ValueError("bug")
    await until(lambda: lease.role is Role.AWAY)
    assert lease.must_give_way  # nobody renews it: another program may have it
    cache.error = None
    await until(lambda: lease.role is Role.HOLDER)
    await lease.stop()
    await lease.give_back()

    assert (await cache.hold("lease", OTHER, 1.0))[1] == OTHER


async def test_a_lease_that_was_handed_on_is_not_kept_by_a_look_that_was_under_way() -> None:
    cache, failures = FaultyCache(), Failures()
    lease = lease_on(cache, RelayTiming(life=5.0, look=0.02), lambda: False)
    lease.start(failures.note)
    await until(lambda: lease.role is Role.HOLDER)
    cache.passes.clear()
    before = cache.holds
    await until(lambda: cache.holds > before)

    await lease.hand_on(float("inf"))
    cache.passes.set()  # the look that began before takes the lease again
    await asyncio.sleep(0.1)
    _, holder = await cache.hold("lease", OTHER, 5.0)
    await lease.stop()

    assert holder == OTHER
    assert (lease.role, failures) == (Role.FOLLOWER, [])


async def test_a_bug_in_publishing_is_told_leaves_a_hole_and_publishing_goes_on() -> None:
    cache, seal, failures, heard = FaultyCache(), RelaySeal("s" * 180), Failures(), list[bytes]()
    hub = RelayHub(cache, seal, "up", "down", CLOCK(), RelayTiming(beat=0.02), lambda: True)
    await cache.listen("down", heard.append)
    hub.start(failures.note)
    await until(lambda: len(heard) > 1)
    cache.error = ValueError("bug")
    hub.reply([OTHER], b"lost")
    await until(lambda: bool(failures))
    cache.error = None
    count = len(heard)
    await until(lambda: len(heard) > count)
    await hub.close()

    batches = [unpack_batch(seal.opened("down", value) or b"") for value in heard]
    numbers = [batch.number for batch in batches if batch is not None]
    assert numbers[count] > numbers[count - 1] + 1
    assert [name for name, _ in failures] == ["kis-relay-hub"]


class Registrar:
    """A socket that has everything."""

    quiet_seconds = 0.0

    def want(self, member: bytes, key: tuple[str, str], *, is_renewal: bool) -> None: ...

    def leave(self, member: bytes, key: tuple[str, str]) -> None: ...

    def stalled(self, reason: str) -> None: ...

    def tend(self) -> None: ...


@pytest.mark.parametrize("who", ["the holder knows", "the follower knows"])
async def test_a_follower_that_was_not_heard_of_begins_anew_though_it_heard_everything(who: str) -> None:
    cache, seal, failures = FaultyCache(), RelaySeal("s" * 180), Failures()
    timing = RelayTiming(beat=0.05, dead=0.4)
    patient = replace(timing, dead=60.0)
    is_holder = who == "the holder knows"
    hub = RelayHub(cache, seal, "up", "down", CLOCK(), timing if is_holder else patient, lambda: True)
    hub.start(failures.note)
    hub.opened(Registrar(), 1)
    socket = RelayedSocket(
        *(cache, seal, "up", "down", OTHER, CLOCK(), patient if is_holder else timing),
        on_gone=lambda: None,
        on_failure=failures.note,
    )
    await socket.open()
    assert await socket.ready()
    await socket.send('{"header":{"tr_type":"1"},"body":{"input":{"tr_id":"H0STCNT0","tr_key":"005930"}}}')
    await asyncio.sleep(0.15)
    if is_holder:
        cache.deaf_channels = {"up"}
        await until(lambda: hub.members == 0)  # its streams are given back, its frames come no more
        assert not socket._ended
        cache.deaf_channels = set()
    else:
        publish = cache.publish

        async def refuse(channel: str, message: bytes) -> None:
            if channel == "up":
                raise StoreUnavailable("no")
            await publish(channel, message)

        cache.publish = refuse  # type: ignore[method-assign]
    await until(lambda: bool(socket._ended), 5)
    await socket.close()
    await hub.close()

    assert failures == []


async def test_a_follower_that_fails_at_once_does_not_turn_in_circles() -> None:
    cache = FaultyCache()
    async with (
        running_exchange(STRICT) as exchange,
        program(exchange.access(), cache) as one,
        program(exchange.access(), cache, RelayTiming(look=0.2)) as two,
    ):
        await one.feed.open()
        await until(lambda: one.owner is SocketOwner.OWN)
        tries = 0

        async def broken(channel: str, receive: Callable[[bytes], None]) -> object:
            nonlocal tries
            if ":down:" in channel:
                tries += 1
                raise StoreUnavailable("no")
            return await MemoryCache.listen(cache, channel, receive)

        cache.listen = broken  # type: ignore[assignment]
        await two.feed.open()
        await asyncio.sleep(0.5)

        assert 1 <= tries <= 4


async def test_a_cache_that_loses_everything_at_once_costs_a_moment(tmp_path: Path) -> None:
    with own_redis(tmp_path) as server:
        async with programs(server.url) as (exchange, (one, two)):
            one.want(SAMSUNG)
            two.want(HYNIX)
            await opened(one, two)
            await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))
            await one.cache._run(lambda client: client.flushall())  # type: ignore[attr-defined]

            await until(lambda: bool(two.gaps), 20)
            await until(lambda: one.has(SAMSUNG) and two.has(HYNIX), 40)

            assert sessions(exchange) == [trades(SAMSUNG, HYNIX)]
            assert {one.owner, two.owner} == {SocketOwner.OWN, SocketOwner.OTHER}


async def test_two_app_keys_in_one_cache_have_a_socket_each(redis_url: str) -> None:
    async with running_exchange(STRICT) as exchange:
        access = exchange.access()
        other = replace(access, appkey=Secret("SIM" + "f" * 33))
        async with program(access, redis_url) as one, program(other, redis_url) as two:
            one.want(SAMSUNG)
            two.want(HYNIX)
            await opened(one, two)
            await until(lambda: one.has(SAMSUNG) and two.has(HYNIX))

            assert (one.owner, two.owner) == (SocketOwner.OWN, SocketOwner.OWN)
            assert (one.relay._name == two.relay._name, set(one.ticks) <= {SAMSUNG}) == (False, True)


async def test_a_new_key_of_the_notices_reaches_every_program(redis_url: str) -> None:
    async with programs(redis_url) as (exchange, (one, two)):
        for made in (one, two):
            made.want(SAMSUNG, notices=True)
        await opened(one, two)
        await until(lambda: all(made.has_notices and made.has(SAMSUNG) for made in (one, two)))
        session = next(iter(exchange.server._sockets._sessions))
        usage = exchange.server.venue.usage.subscriptions
        for made in (one, two, one):  # oftener than either asks anew by itself
            session.cipher, before = type(session.cipher).new(), usage["H0STCNI0"]
            made.feed.renew(Stream.NOTICES, "")
            await until(lambda: usage["H0STCNI0"] > before)  # noqa: B023
            await asyncio.sleep(0.2)  # what was said goes to both
            await until(lambda: one.has_notices and two.has_notices)
        await two.broker.place(market_order(1))
        for made in (one, two):
            await until(lambda: bool(made.notices), 20)  # noqa: B023

        assert (one.gaps, two.gaps) == ([], [])
        assert (one.feed.counters.rejected, two.feed.counters.rejected) == (0, 0)
