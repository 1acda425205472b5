"""Tokens: one request at a time, never twice within the pause, renewed early, kept over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.adapters.kis.auth import Authenticator, TokenPause
from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.errors import NotSent
from kis_terminal.adapters.kis.token_store import StoredTokens, TokenStore
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import AccessRefused, BrokerAnswerError, BrokerUnreachable
from tests.adapters.kis.access import APPSECRET, access_to
from tests.support.leftovers import ExpectLog

PAUSE = 0.15
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=KST)


class MovedClock:
    """Wall time that the test moves; monotonic time is the loop's."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class TokenServer:
    """The broker's end: gives tokens of 24 hours, one in a pause, in Korean time."""

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.calls: list[tuple[str, Mapping[str, str]]] = []
        self.answers: list[tuple[int, Any] | Exception] = []
        self.latency = 0.01

    async def post(self, path: str, body: Mapping[str, str]) -> tuple[int, Any]:
        self.calls.append((path, body))
        await asyncio.sleep(self.latency)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if path.endswith("Approval"):
            return 200, {"approval_key": f"approval-{len(self.calls)}"}
        expires = self.clock.moment + timedelta(hours=24)
        return 200, {
            "access_token": f"token-{len(self.calls)}",
            "access_token_token_expired": expires.strftime("%Y-%m-%d %H:%M:%S"),
            "expires_in": 86400,
        }


def make(
    store: TokenStore | None = None, *, pause: float = PAUSE
) -> tuple[Authenticator, TokenServer, MovedClock]:
    clock = MovedClock()
    server = TokenServer(clock)
    auth = Authenticator(access_to("http://x"), server.post, clock, store=store, token_pause=pause)
    return auth, server, clock


def store_in(folder: Path) -> TokenStore:
    return TokenStore(folder, Environment.REAL, "PSkey", lambda _: b"k" * 32)


async def test_thirty_callers_share_one_request() -> None:
    auth, server, _ = make()

    tokens = await asyncio.gather(*(auth.token() for _ in range(30)))

    assert set(tokens) == {"token-1"}
    assert len(server.calls) == 1
    assert server.calls[0][1]["appsecret"] == APPSECRET
    assert auth.expires_at == NOON + timedelta(hours=24)
    await auth.close()


async def test_a_cancelled_caller_does_not_lose_the_token_for_the_others() -> None:
    auth, server, _ = make()
    first = asyncio.create_task(auth.token())
    await asyncio.sleep(0)
    second = asyncio.create_task(auth.token())
    await asyncio.sleep(0)

    first.cancel()

    assert await second == "token-1"
    assert len(server.calls) == 1
    await auth.close()


async def test_a_token_near_its_end_is_used_while_it_is_renewed() -> None:
    auth, server, clock = make()
    await auth.token()
    clock.moment += timedelta(hours=23, minutes=30)
    await asyncio.sleep(PAUSE)

    during = [await auth.token() for _ in range(5)]
    await asyncio.sleep(0.05)

    assert set(during) == {"token-1"}
    assert await auth.token() == "token-2"
    assert len(server.calls) == 2
    await auth.close()


async def test_an_ended_token_is_never_used() -> None:
    auth, _, clock = make()
    await auth.token()
    clock.moment += timedelta(hours=24)
    await asyncio.sleep(PAUSE)

    assert await auth.token() == "token-2"
    await auth.close()


async def test_a_refused_token_is_replaced_once_for_all_callers(expect_log: ExpectLog) -> None:
    expect_log("KIS refused the access token")
    auth, server, _ = make()
    old = await auth.token()
    await asyncio.sleep(PAUSE)

    for _ in range(30):
        auth.invalidate(old)
    tokens = await asyncio.gather(*(auth.token() for _ in range(30)))
    auth.invalidate(old)

    assert set(tokens) == {"token-2"}
    assert await auth.token() == "token-2"
    assert len(server.calls) == 2
    await auth.close()


async def test_never_two_requests_within_the_pause(expect_log: ExpectLog) -> None:
    expect_log("KIS refused the access token")
    expect_log("접근토큰을")
    auth, server, clock = make()
    old = await auth.token()
    started = clock.monotonic()

    auth.invalidate(old)

    assert await auth.token() == "token-2"
    assert clock.monotonic() - started >= PAUSE - 0.02
    assert len(server.calls) == 2
    await auth.close()


async def test_an_order_does_not_wait_for_the_pause(expect_log: ExpectLog) -> None:
    expect_log("KIS refused the access token")
    auth, server, _ = make(pause=60)
    auth.invalidate(await auth.token())

    with pytest.raises(TokenPause):
        await auth.token(may_wait=False)

    assert len(server.calls) == 1
    await auth.close()


async def test_too_early_is_waited_out_and_repeated(expect_log: ExpectLog) -> None:
    expect_log("접근토큰을")
    auth, server, _ = make()
    early = {
        "error_code": "EGW00133",
        "error_description": "잠시 후 다시 시도하세요(1분당 1회)",
    }
    server.answers = [(403, early)]

    tokens = await asyncio.gather(*(auth.token() for _ in range(5)))

    assert set(tokens) == {"token-2"}
    assert len(server.calls) == 2
    await auth.close()


async def test_what_another_program_stored_meanwhile_ends_the_wait(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: a panic beside a window that just started waited a minute for a token which lay there."""
    expect_log("접근토큰을")
    auth, server, _ = make(store_in(tmp_path), pause=60)
    server.answers = [(403, {"error_code": "EGW00133", "error_description": "1분당 1회"})]
    waiting = asyncio.create_task(auth.token())
    await asyncio.sleep(0.1)

    others = StoredTokens("theirs", (NOON + timedelta(hours=24)).isoformat(), NOON.isoformat())
    store_in(tmp_path).save(others)

    assert await asyncio.wait_for(waiting, 10) == "theirs"
    assert len(server.calls) == 1
    await auth.close()


async def test_too_early_does_not_touch_a_token_that_is_still_good(expect_log: ExpectLog) -> None:
    expect_log("could not be renewed early")
    auth, server, clock = make()
    await auth.token()
    clock.moment += timedelta(hours=23, minutes=30)
    await asyncio.sleep(PAUSE)
    server.answers = [(403, {"error_code": "EGW00133", "error_description": "1분당 1회"})]

    for _ in range(10):
        assert await auth.token() == "token-1"
        await asyncio.sleep(0.005)

    assert len(server.calls) == 2
    await auth.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            (403, {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey"}),
            AccessRefused,
        ),
        ((403, {"error_code": "EGW00105", "error_description": "유효하지 않은 AppSecret"}), AccessRefused),
        ((502, None), BrokerUnreachable),
        ((200, {"token_type": "Bearer"}), BrokerAnswerError),
        (NotSent("x"), BrokerUnreachable),
        (BrokerUnreachable("x"), BrokerUnreachable),
    ],
)
async def test_failures_reach_every_caller(answer: Any, kind: type[Exception]) -> None:
    auth, server, _ = make()
    server.answers = [answer]

    results = await asyncio.gather(*(auth.token() for _ in range(3)), return_exceptions=True)

    assert {type(result) for result in results} <= {kind, NotSent}
    assert len(server.calls) == 1
    assert all(APPSECRET not in str(result) for result in results)
    await auth.close()


async def test_a_stored_token_serves_the_next_start(tmp_path: Path) -> None:
    first, server, _ = make(store_in(tmp_path))
    await first.token()
    await first.close()

    second, other_server, _ = make(store_in(tmp_path))

    assert await second.token() == "token-1"
    assert (len(server.calls), len(other_server.calls)) == (1, 0)
    await second.close()


async def test_a_stored_token_that_has_ended_is_not_used(tmp_path: Path) -> None:
    ended = NOON - timedelta(minutes=1)
    issued = ended - timedelta(hours=24)
    store_in(tmp_path).save(StoredTokens("old", ended.isoformat(), issued.isoformat()))

    auth, _, _ = make(store_in(tmp_path))

    assert await auth.token() == "token-1"
    await auth.close()


async def test_expiry_is_korean_time_on_a_machine_in_another_zone() -> None:
    auth, _, clock = make()
    clock.moment = datetime.fromisoformat("2026-11-22T03:00:00+00:00")

    await auth.token()

    assert auth.expires_at is not None
    assert auth.expires_at.utcoffset() == timedelta(hours=9)
    await auth.close()


async def test_a_restart_within_the_pause_does_not_ask_again(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("KIS refused")
    first, _, _ = make(store_in(tmp_path), pause=60)
    await first.token()
    await first.close()
    second, server, _ = make(store_in(tmp_path), pause=60)

    second.invalidate(await second.token())
    with pytest.raises(TokenPause):
        await second.token(may_wait=False)

    assert server.calls == []
    await second.close()


async def test_the_approval_key_is_kept_until_a_fresh_one_is_asked_for() -> None:
    auth, server, _ = make()

    first, again = await asyncio.gather(auth.approval_key(), auth.approval_key())
    fresh = await auth.approval_key(fresh=True)

    assert first == again == "approval-1"
    assert fresh == "approval-2"
    assert server.calls[0][1]["secretkey"] == APPSECRET
    assert "appsecret" not in server.calls[0][1]
    await auth.close()


async def test_every_secret_is_told_before_it_is_used() -> None:
    clock = MovedClock()
    told: list[str] = []
    auth = Authenticator(
        access_to("http://x"),
        TokenServer(clock).post,
        clock,
        store=None,
        token_pause=PAUSE,
        on_secret=told.append,
    )

    secrets = [await auth.token(), await auth.approval_key()]

    assert told == secrets
    await auth.close()


async def test_after_close_nothing_is_started() -> None:
    auth, server, _ = make()
    await auth.close()

    with pytest.raises(BrokerUnreachable):
        await auth.token()

    assert server.calls == []
