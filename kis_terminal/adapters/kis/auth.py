"""Access token and approval key: one request at a time, stored, renewed early, never asked for too often.

Source: KIS's OAuth documents; the one-minute rule (EGW00133) as public clients meet it, checked 2026-11-22.
A token is valid 24 hours, KIS sends its customer a message for each one, and one issued less than a minute
after another is refused, so the same token is used for as long as it is good.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kis_terminal.adapters.kis.environment import KST, Access
from kis_terminal.adapters.kis.errors import Next, NotSent, judge, query_error
from kis_terminal.adapters.kis.token_store import StoredTokens, TokenStore
from kis_terminal.domain.errors import (
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
_TOKEN_PATH, _APPROVAL_PATH = "/oauth2/tokenP", "/oauth2/Approval"

Post = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, Any]]]
"""Send a JSON body to a path; returns HTTP status and decoded body (None when it is no JSON).

Raises NotSent when nothing left, BrokerUnreachable when no answer came.
"""


class TokenPause(WaitNeeded):
    """No valid token, and KIS gives the next one only after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            Sentence(
                "접근토큰을 {seconds:.0f}초 뒤 자동으로 다시 받습니다(KIS 제한: 1분에 한 번).",
                seconds=seconds,
            )
        )
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    expires_at: datetime
    issued_at: datetime

    def __repr__(self) -> str:
        return f"_Token(until {self.expires_at})"


class Authenticator:
    """Owner of one app key's token and approval key."""

    def __init__(
        self,
        access: Access,
        post: Post,
        clock: Clock,
        *,
        store: TokenStore | None,
        token_pause: float,
        on_secret: Callable[[str], None] | None = None,
    ) -> None:
        """`store` None keeps tokens in memory only; `token_pause` is the least time between two issues.

        `on_secret` is told every token and approval key before anything else sees it (log redaction).
        """
        self._access = access
        self._post = post
        self._clock = clock
        self._store = store
        self._pause = token_pause
        self._on_secret = on_secret or (lambda _: None)
        self._token: _Token | None = None
        self._refused = ""
        self._not_before = 0.0
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._approval_key = ""
        self._is_closed = False

    @property
    def expires_at(self) -> datetime | None:
        """Return when the token in use ends, None while there is none."""
        return self._token.expires_at if self._token is not None else None

    async def token(self, *, may_wait: bool = True) -> str:
        """Return a valid access token.

        Without one, at most one request goes out whoever asks. When KIS gives none before its pause is over,
        this waits, or with `may_wait` False raises TokenPause (an order must not leave a minute late).
        """
        while True:
            token = self._token
            now = self._clock.now()
            if token is not None and token.expires_at - now > _USELESS_BEFORE:
                if token.expires_at - now < RENEW_BEFORE and self._seconds_to_wait() <= 0:
                    self._in_background("renewal", self._issue)
                return token.text
            try:
                await self._shared("issue", self._issue)
            except TokenPause as pause:
                if not may_wait:
                    raise
                log.warning("%s", pause)
                await asyncio.sleep(pause.seconds + _MARGIN_SECONDS)

    def invalidate(self, refused: str) -> None:
        """Forget a token that KIS refused; one that has been renewed meanwhile stays."""
        if self._token is not None and self._token.text == refused:
            log.warning("KIS refused the access token; a new one is requested")
            self._refused = refused
            self._token = None

    async def approval_key(self, *, fresh: bool = False) -> str:
        """Return the key that opens a WebSocket session; `fresh` asks for a new one after a refusal."""
        if fresh:
            self._approval_key = ""
        if not self._approval_key:
            await self._shared("approval", self._approve)
        return self._approval_key

    async def close(self) -> None:
        """Cancel what is under way and wait for it."""
        self._is_closed = True
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
        if await self._take_stored(before):
            return
        if (seconds := self._seconds_to_wait()) > 0:
            raise TokenPause(seconds)
        body = {
            "grant_type": "client_credentials",
            "appkey": self._access.appkey.reveal(),
            "appsecret": self._access.appsecret.reveal(),
        }
        try:
            status, answer = await self._post(_TOKEN_PATH, body)
        except NotSent:
            raise
        except BrokerUnreachable:
            # It may have been issued and lost on the way; KIS would refuse a second request at once.
            self._not_before = self._clock.monotonic() + min(self._pause, 5.0)
            raise
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
        now = self._clock.now()
        written = str(answer.get("access_token_token_expired") or "")
        try:
            expires = datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=KST)
        except ValueError:
            seconds = str(answer.get("expires_in"))
            expires = now + timedelta(seconds=int(seconds) if seconds.isdecimal() else 3600)
        return _Token(text, expires, now)

    async def _take_stored(self, before: _Token | None) -> bool:
        """Use the stored token if it is good and not the one that was just refused or is running out."""
        if self._store is None:
            return False
        stored = await asyncio.to_thread(self._store.load)
        if stored is None or not stored.access_token:
            return False
        expires, issued = stored.expiry, stored.issue
        if expires is None or issued is None:
            return False
        now = self._clock.now()
        age = (now - issued).total_seconds()
        if 0 <= age < self._pause:
            self._not_before = max(self._not_before, self._clock.monotonic() + self._pause - age)
        known = (self._refused, before.text if before is not None else "")
        if expires - now <= _USELESS_BEFORE or stored.access_token in known:
            return False
        self._on_secret(stored.access_token)
        self._token = _Token(stored.access_token, expires, issued)
        return True

    async def _keep(self, token: _Token) -> None:
        if self._store is not None:
            stored = StoredTokens(token.text, token.expires_at.isoformat(), token.issued_at.isoformat())
            await asyncio.to_thread(self._store.save, stored)

    async def _approve(self) -> None:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._access.appkey.reveal(),
            # The same value as appsecret; only this call names it so.
            "secretkey": self._access.appsecret.reveal(),
        }
        status, answer = await self._post(_APPROVAL_PATH, body)
        key = str(answer.get("approval_key") or "") if isinstance(answer, Mapping) else ""
        if status == 200 and key:
            self._on_secret(key)
            self._approval_key = key
            return
        verdict = judge(status, answer)
        if verdict.next is Next.ACCEPT:
            raise BrokerAnswerError(Sentence("웹소켓 접속키 발급 응답에 approval_key가 없습니다."))
        raise query_error(Sentence("웹소켓 접속키 발급"), verdict)
