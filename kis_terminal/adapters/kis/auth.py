"""The access token: one request at a time, stored, renewed early, never asked for too often.

Source: KIS's OAuth documents; the one-minute rule (EGW00133) as public clients meet it, checked 2026-11-22.
A token is valid 24 hours, KIS sends its customer a message for each one, and one issued less than a minute
after another is refused, so the same token is used for as long as it is good.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kis_terminal.adapters.kis.approval import ApprovalKey, Post
from kis_terminal.adapters.kis.environment import KST, Access
from kis_terminal.adapters.kis.errors import Next, NotSent, judge, query_error
from kis_terminal.adapters.kis.shared_access import SharedAccess
from kis_terminal.adapters.kis.token_store import StoredTokens, TokenStore
from kis_terminal.domain.errors import (
    AccessRefused,
    BrokerAnswerError,
    BrokerUnreachable,
    TerminalError,
    WaitNeeded,
)
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=60)
"""A token this close to its end is renewed while it is still used."""
_USELESS_BEFORE = timedelta(seconds=30)
_MARGIN_SECONDS = 0.5
_LOOK_SECONDS = 1.0
"""Between two looks at what other programs have stored, while KIS gives no token."""
_LONGEST_LIFE = timedelta(hours=24, minutes=5)
_NOT_ANSWERED_PAUSE = 5.0
_REFUSED_PAUSE = 30.0
"""The longest pauses after a failure; they double from one second on, and never pass KIS's own minute."""
_TOKEN_PATH = "/oauth2/tokenP"  # noqa: S105 - a path


class TokenPause(WaitNeeded):
    """No valid token, and the next one is asked for only after `seconds`."""

    def __init__(self, seconds: float, why: TerminalError | None = None) -> None:
        """`why` the last request for one failed; None where KIS's one-minute rule is the reason."""
        super().__init__(
            Sentence(
                "접근토큰을 {seconds:.0f}초 뒤 자동으로 다시 받습니다(KIS 제한: 1분에 한 번).",
                seconds=seconds,
            )
            if why is None
            else Sentence(
                "접근토큰을 {seconds:.0f}초 뒤 자동으로 다시 요청합니다. {why}", seconds=seconds, why=why
            )
        )
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    expires_at: datetime
    issued_at: datetime
    good_until: float
    """Clock.monotonic() at its end: what a wall clock that is set cannot move."""
    wall_error: timedelta = timedelta()
    """How much our wall clock was behind when the token came, where that alone explains its times."""

    def __repr__(self) -> str:
        return f"_Token(until {self.expires_at})"


class Authenticator:
    """Owner of one app key's token, and of the one request at a time for its approval key."""

    def __init__(
        self,
        access: Access,
        post: Post,
        clock: Clock,
        *,
        store: TokenStore | None,
        token_pause: float,
        on_secret: Callable[[str], None] | None = None,
        skew: Callable[[], float | None] = lambda: None,
        shared: SharedAccess | None = None,
    ) -> None:
        """`store` None keeps tokens in memory only; `token_pause` is the least time between two issues.

        `shared` is what other programs of the app key have, and are given.
        `skew` gives the broker's clock minus ours in seconds. `on_secret` is told every token and approval
        key before anything else sees it (log redaction).
        """
        self._access = access
        self._post = post
        self._clock = clock
        self._store = store
        self._shared_access = shared
        self._pause = token_pause
        self._on_secret = on_secret or (lambda _: None)
        self._token: _Token | None = None
        self._skew = skew
        self._refused = ""
        self._not_before = 0.0
        self._failure: TerminalError | None = None
        self._failures = 0
        self._waiting: list[tuple[int, int, bool, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._return: asyncio.TimerHandle | None = None
        self._is_pause_told = False
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._approval = ApprovalKey(access, post, clock, shared, self._on_secret)
        self._is_closed = False

    @property
    def expires_at(self) -> datetime | None:
        """Return when the token in use ends, None while there is none."""
        return self._token.expires_at if self._token is not None else None

    async def token(self, *, may_wait: bool = True, rank: int = 0) -> str:
        """Return a valid access token.

        Without one, at most one request goes out whoever asks. When KIS gives none before its pause is over,
        this waits, or with `may_wait` False raises TokenPause (an order must not leave a minute late). Who
        waits is served by `rank`, the lowest first: cancellations go before everything when it returns.
        """
        while True:
            token = self._token
            if token is not None and (left := self._left(token)) > _USELESS_BEFORE:
                if left < RENEW_BEFORE and self._seconds_to_wait() <= 0:
                    self._in_background("renewal", self._issue)
                return token.text
            fetching = self._start("issue", self._issue)
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((rank, next(self._numbers), may_wait, turn))
            fetching.add_done_callback(self._serve_waiting)
            await turn

    def _left(self, token: _Token) -> timedelta:
        """Return how long a token is good: by KIS's clock, and by one that nobody sets."""
        skew = self._skew()
        error = token.wall_error if skew is None else timedelta(seconds=skew)
        by_wall = token.expires_at - (self._clock.now() + error)
        return min(by_wall, timedelta(seconds=token.good_until - self._clock.monotonic()))

    def _serve_waiting(self, fetched: asyncio.Task[None]) -> None:
        """Wake who waits for a token in order of rank; who may wait longer stays in the queue."""
        if fetched.cancelled():
            self._turn_all_away()
            return
        error = fetched.exception()
        waiting, self._waiting = sorted(self._waiting, key=lambda entry: entry[:2]), []
        for entry in waiting:
            _, _, may_wait, turn = entry
            if turn.done():  # its caller was cancelled
                continue
            if error is None:
                turn.set_result(None)
            elif may_wait and isinstance(error, TokenPause):
                self._waiting.append(entry)
            else:
                turn.set_exception(error)
        if not isinstance(error, TokenPause):
            self._is_pause_told = False
        elif self._waiting and self._return is None:
            pause = error.seconds + _MARGIN_SECONDS
            if not self._is_pause_told:
                log.warning("%s", error)
            self._is_pause_told = True
            if self._store is not None or self._shared_access is not None:
                # The token of this minute may have gone to another program of ours, which stores it.
                pause = min(pause, _LOOK_SECONDS)
            self._return = asyncio.get_running_loop().call_later(pause, self._ask_again)

    def _ask_again(self) -> None:
        self._return = None
        if not self._is_closed and any(not turn.done() for *_, turn in self._waiting):
            self._start("issue", self._issue).add_done_callback(self._serve_waiting)

    def _turn_all_away(self) -> None:
        waiting, self._waiting = self._waiting, []
        for *_, turn in waiting:
            turn.cancel()

    def invalidate(self, refused: str) -> None:
        """Forget a token that KIS refused; one that has been renewed meanwhile stays."""
        if self._token is not None and self._token.text == refused:
            log.warning("KIS refused the access token; a new one is requested")
            self._refused = refused
            self._token = None

    async def approval_key(self, *, fresh: bool = False) -> str:
        """Return the key that opens a WebSocket session; `fresh` asks for a new one after a refusal."""
        if fresh:
            self._approval.refuse()
        if not self._approval.is_good:
            await self._shared("approval", self._approval.issue)
        return self._approval.text

    async def close(self) -> None:
        """Cancel what is under way and wait for it."""
        self._is_closed = True
        if self._return is not None:
            self._return.cancel()
            self._return = None
        self._turn_all_away()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _shared(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the one run of `work`; a caller that is cancelled does not cancel it for the others."""
        await asyncio.shield(self._start(name, work))

    def _in_background(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def quietly() -> None:
            try:
                await work()
            except TerminalError as error:
                log.warning("the token could not be renewed early: %s", error)
                self._not_before = max(self._not_before, self._clock.monotonic() + self._pause)

        if "issue" not in self._tasks:
            self._start(name, quietly)

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        if self._is_closed:
            raise BrokerUnreachable(Sentence("프로그램을 닫는 중이라 KIS에 연결하지 않습니다."))
        # A renewal under way is the issue that everybody waits for.
        running = self._tasks.get(name) or (self._tasks.get("renewal") if name == "issue" else None)
        if running is not None:
            return running

        async def run() -> None:
            await work()

        task = asyncio.get_running_loop().create_task(run(), name=f"kis-auth:{name}")
        self._tasks[name] = task
        task.add_done_callback(lambda ended: self._ended(name, ended))
        return task

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled():
            task.exception()  # whoever waited has it; one that nobody waited for is not reported twice

    def _seconds_to_wait(self) -> float:
        return self._not_before - self._clock.monotonic()

    async def _issue(self) -> None:
        before = self._token
        shared = self._shared_access
        if await self._take_stored(before):
            if shared is not None:
                self._start("sharing", self._share_token)
            return
        if shared is None:
            await self._issue_own()
            return
        if self._refused:
            await shared.drop("token", self._refused)
        if await shared.turn("token", lambda stored: self._take(stored, before)):
            if self._token is not None:
                await self._keep(self._token)
            return
        try:
            await self._issue_own()
            await self._share_token()
        finally:
            await shared.release("token")

    async def _issue_own(self) -> None:
        if (seconds := self._seconds_to_wait()) > 0:
            if isinstance(self._failure, AccessRefused):
                raise self._failure
            raise TokenPause(seconds, self._failure)
        try:
            await self._fetch()
        except TokenPause:
            self._failure = None
            raise
        except TerminalError as error:
            self._pace(error)
            raise
        self._failure, self._failures = None, 0

    def _pace(self, error: TerminalError) -> None:
        """After a failure the next request waits, longer each time: callers must not become requests.

        One that was lost on the way may have been answered, and KIS would refuse a second one at once.
        """
        self._failure = error
        self._failures += 1
        is_lost = isinstance(error, BrokerUnreachable) and not isinstance(error, NotSent)
        cap = _REFUSED_PAUSE if isinstance(error, AccessRefused | BrokerAnswerError) else _NOT_ANSWERED_PAUSE
        pause = cap if is_lost else min(cap, 2.0 ** (self._failures - 1))
        self._not_before = self._clock.monotonic() + min(self._pause, pause)

    async def _fetch(self) -> None:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._access.appkey.reveal(),
            "appsecret": self._access.appsecret.reveal(),
        }
        status, answer = await self._post(_TOKEN_PATH, body)
        text = str(answer.get("access_token") or "") if isinstance(answer, Mapping) else ""
        if status == 200 and text:
            self._on_secret(text)
            self._token = self._read_token(text, answer)
            self._not_before = self._clock.monotonic() + self._pause
            await self._keep(self._token)
            return
        verdict = judge(status, answer)
        if verdict.next is Next.WAIT_TOKEN:
            self._not_before = self._clock.monotonic() + self._pause
            raise TokenPause(self._pause)
        if verdict.next is Next.ACCEPT:
            raise BrokerAnswerError(Sentence("접근토큰 발급 응답에 access_token이 없습니다."))
        raise query_error(Sentence("접근토큰 발급"), verdict)

    def _read_token(self, text: str, answer: Mapping[str, Any]) -> _Token:
        """Read its two times: the end in Korean time, and the seconds it lives, which need no clock."""
        now = self._clock.now()
        written, seconds = str(answer.get("access_token_token_expired") or ""), str(answer.get("expires_in"))
        life = timedelta(seconds=int(seconds)) if seconds.isdecimal() else None
        try:
            expires = datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=KST)
        except ValueError:
            expires = now + (life or timedelta(hours=1))
        left, error = expires - now, timedelta()
        if not timedelta() < left <= _LONGEST_LIFE and life is not None:
            error = left - life
            log.info("this machine's clock seems to be %.0f s behind KIS's", error.total_seconds())
        left = min(left - error, life or left)
        return _Token(text, expires, now, self._clock.monotonic() + left.total_seconds(), error)

    async def _take_stored(self, before: _Token | None) -> bool:
        """Use the stored token if it is good and not the one that was just refused or is running out."""
        if self._store is None:
            return False
        stored = await asyncio.to_thread(self._store.load)
        return stored is not None and bool(stored.access_token) and self._take(stored, before)

    def _take(self, stored: StoredTokens, before: _Token | None) -> bool:
        """Use a token of this program's last run, or of another program, under the same conditions."""
        expires, issued = stored.expiry, stored.issue
        if expires is None or issued is None:
            return False
        now = self._clock.now() + timedelta(seconds=self._skew() or 0.0)
        age = (now - issued).total_seconds()
        if 0 <= age < self._pause:
            self._not_before = max(self._not_before, self._clock.monotonic() + self._pause - age)
        known = (self._refused, before.text if before is not None else "")
        if expires - now <= _USELESS_BEFORE or stored.access_token in known:
            return False
        self._on_secret(stored.access_token)
        good_until = self._clock.monotonic() + (expires - now).total_seconds()
        self._token = _Token(stored.access_token, expires, issued, good_until)
        return True

    async def _keep(self, token: _Token) -> None:
        if self._store is not None:
            await asyncio.to_thread(self._store.save, _stored(token))

    async def _share_token(self) -> None:
        """Give the token in use to the other programs of the app key."""
        token = self._token
        if self._shared_access is not None and token is not None:
            await self._shared_access.save("token", _stored(token), self._left(token).total_seconds())


def _stored(token: _Token) -> StoredTokens:
    return StoredTokens(token.text, token.expires_at.isoformat(), token.issued_at.isoformat())
