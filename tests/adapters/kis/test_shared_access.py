"""One token and one approval key for all programs of an app key, whatever the cache does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.adapters.kis.auth import Authenticator
from kis_terminal.adapters.kis.shared_access import SharedAccess, shared_name
from kis_terminal.adapters.kis.token_store import StoredTokens
from kis_terminal.domain.envelope import seal
from kis_terminal.domain.errors import BrokerUnreachable, StoreUnavailable
from kis_terminal.ports import Cache
from tests.adapters.kis.access import APPKEY, APPSECRET, access_to
from tests.adapters.kis.test_auth import PAUSE, MovedClock, TokenServer
from tests.support.leftovers import ExpectLog

ACCESS = access_to("http://x")
TOKEN = f"{shared_name(ACCESS)}:token:value"


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


class Programs:
    """Several programs at one broker, with one cache."""

    def __init__(self, cache: Cache, pause: float = PAUSE) -> None:
        self.clock = MovedClock()
        self.server = TokenServer(self.clock)
        self.cache = cache
        self.pause = pause

    def one(self) -> Authenticator:
        return Authenticator(
            ACCESS,
            self.server.post,
            self.clock,
            store=None,
            token_pause=self.pause,
            shared=SharedAccess(self.cache, ACCESS),
        )


async def test_ten_programs_at_once_make_one_request_of_each_kind(cache: Cache) -> None:
    programs = Programs(cache)
    programs.server.latency = 0.15
    many = [programs.one() for _ in range(10)]

    tokens = await asyncio.gather(*(program.token() for program in many for _ in range(3)))
    keys = await asyncio.gather(*(program.approval_key() for program in many))

    assert len(set(tokens)) == len(set(keys)) == 1
    assert [path for path, _ in programs.server.calls] == ["/oauth2/tokenP", "/oauth2/Approval"]


async def test_a_program_that_starts_later_uses_what_is_there_to_its_end(cache: Cache) -> None:
    programs = Programs(cache)
    first = await programs.one().token()
    programs.clock.moment += timedelta(hours=22)
    assert await programs.one().token() == first
    programs.clock.moment += timedelta(hours=3)

    assert await programs.one().token() != first
    assert len(programs.server.calls) == 2


async def test_a_refused_token_is_dropped_for_all_and_asked_for_once(
    cache: Cache, expect_log: ExpectLog
) -> None:
    programs = Programs(cache, pause=0.0)
    one, two = programs.one(), programs.one()
    refused = await one.token()
    assert await two.token() == refused

    expect_log("refused the access token")
    for program in (one, two):
        program.invalidate(refused)
    new = await asyncio.gather(one.token(), two.token())
    new.append(await programs.one().token())

    assert len(set(new)) == 1
    assert refused not in new
    assert len(programs.server.calls) == 2


async def test_a_refused_approval_key_is_asked_for_anew_once(cache: Cache) -> None:
    programs = Programs(cache)
    one, two = programs.one(), programs.one()
    refused = await one.approval_key()
    assert await two.approval_key() == refused

    new = [await one.approval_key(fresh=True), await two.approval_key(fresh=True)]

    assert new[0] == new[1] != refused
    assert len(programs.server.calls) == 2


async def test_nothing_that_is_stored_tells_a_secret() -> None:
    cache = MemoryCache()
    program = Programs(cache).one()
    token, key = await program.token(), await program.approval_key()

    stored = "".join(f"{name} {kept.value!r}" for name, kept in cache._kept.items())
    assert len(cache._kept) == 2
    for secret in (token, key, APPKEY, APPSECRET):
        assert secret not in stored


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"garbage",
        seal("token", b"x" * 60),
        seal("approval", b"x" * 60),
        b"\x80\x04\x95",
        b"KT\x01\x05token",
    ],
)
async def test_poison_is_as_absent_is_told_once_and_replaced(
    cache: Cache, poison: bytes, expect_log: ExpectLog
) -> None:
    expect_log("cannot be read and is dropped")
    programs = Programs(cache)
    await cache.put(TOKEN, poison)

    token = await programs.one().token()

    assert await programs.one().token() == token
    assert len(programs.server.calls) == 1


async def test_a_value_sealed_under_another_secret_is_not_used(expect_log: ExpectLog) -> None:
    expect_log("cannot be read and is dropped")
    cache = MemoryCache()
    programs = Programs(cache)
    now = programs.clock.moment
    other = SharedAccess(cache, access_to("http://x"))
    other._key = b"k" * 32
    end = (now + timedelta(hours=20)).isoformat()
    await other.save("token", StoredTokens("planted", end, now.isoformat()), 3600)

    assert await programs.one().token() == "token-1"


async def test_an_older_token_never_takes_the_place_of_a_newer_one() -> None:
    cache = MemoryCache()
    shared = SharedAccess(cache, ACCESS)
    now = MovedClock().moment
    taken: list[str] = []

    for text, minutes in (("new", 5), ("old", 1)):
        issued = now + timedelta(minutes=minutes)
        tokens = StoredTokens(text, (issued + timedelta(hours=24)).isoformat(), issued.isoformat())
        await shared.save("token", tokens, 3600)

    assert await shared.turn("token", lambda kept: bool(taken.append(kept.access_token)) or True)
    assert taken == ["new"]


async def test_when_the_one_that_asks_fails_the_next_asks(cache: Cache) -> None:
    programs = Programs(cache)
    programs.server.answers = [BrokerUnreachable("lost")]
    one, two = programs.one(), programs.one()

    with pytest.raises(BrokerUnreachable):
        await one.token()

    assert await two.token() == "token-2"


async def test_a_claim_of_a_program_that_died_holds_nobody_up_for_long() -> None:
    cache = MemoryCache()
    programs = Programs(cache)
    await cache.put_new(f"{shared_name(ACCESS)}:token:claim", b"dead", 0.3)

    assert await programs.one().token() == "token-1"


class Away:
    """A cache that is not there."""

    is_up = False
    trouble = "away"

    async def ready(self, seconds: float) -> bool:
        return False

    async def get(self, key: str) -> bytes | None:
        raise StoreUnavailable("away")

    put = put_new = delete = take = settle = publish = listen = get


async def test_without_the_cache_each_program_has_its_own() -> None:
    programs = Programs(cast(Cache, Away()))

    assert await programs.one().token() == "token-1"
    assert await programs.one().token() == "token-2"
    assert await programs.one().approval_key() == "approval-3"
