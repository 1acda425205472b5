"""The one way a request goes out: token, limit, headers, send, decode, raise.

Queries are repeated with back-off and jitter. Orders, amendments and cancellations are sent once, under no
retry of any layer: without an answer of KIS's own their outcome is unknown, unless nothing had left yet.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kis_terminal.adapters.kis.answers import Answer, CallResult, next_keys, source_of
from kis_terminal.adapters.kis.auth import Authenticator, TokenPause
from kis_terminal.adapters.kis.catalog import Api, Catalog
from kis_terminal.adapters.kis.environment import LIMITS, Access, Limits, tr_environment
from kis_terminal.adapters.kis.errors import Next, NotSent, Verdict, judge, order_error, query_error
from kis_terminal.adapters.kis.rate_limit import Priority, RateLimiter
from kis_terminal.adapters.kis.shared_access import SharedAccess, shared_name
from kis_terminal.adapters.kis.shared_limit import SharedLimiter
from kis_terminal.adapters.kis.skew import SkewEstimate
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.token_store import TokenStore
from kis_terminal.adapters.kis.transport import RawAnswer, Transport
from kis_terminal.domain.errors import (
    BrokerAnswerError,
    BrokerUnreachable,
    CorrectionNeeded,
    OutcomeUnknown,
    RateLimited,
    TerminalError,
)
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import BrokerHealth, Cache, Clock, LeavingCheck

log = logging.getLogger(__name__)

MOST_PAGES = 200
_RESTARTS = 3
_ORDER_KINDS = frozenset({"order", "amend", "cancel"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often; seconds."""

    connect: float = 5.0
    answer: float = 10.0
    attempts: int = 4
    """Of a query, when no answer came or KIS was in trouble."""
    paced_attempts: int = 8
    """Of a query that was turned away for rate."""
    first_pause: float = 0.25
    longest_pause: float = 4.0
    turn: float = 20.0
    """For which an order or amendment waits its turn under the limit: its price grows old meanwhile."""


class KisClient:
    """Connection to the REST server of one environment."""

    def __init__(
        self,
        access: Access,
        clock: Clock,
        *,
        catalog: Catalog | None = None,
        store: TokenStore | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        seed: int | None = None,
        on_secret: Callable[[str], None] | None = None,
        tap: WireTap | None = None,
        cache: Cache | None = None,
    ) -> None:
        """`store` None keeps tokens in memory only, as for the embedded exchange. `seed` fixes the jitter.

        `on_secret` is told every token, so that the log can hide it. `cache` is what several programs of the
        app key share; None for a program alone.
        """
        self.access = access
        self.catalog = catalog or Catalog()
        self._clock = clock
        self._limits = limits or LIMITS[access.environment]
        self._patience = patience or Patience()
        self._random = random.Random(seed)
        skew = SkewEstimate()
        self._transport, self._account_transport = (
            Transport(
                access.rest_url,
                clock,
                connect_seconds=self._patience.connect,
                answer_seconds=self._patience.answer,
                tap=tap,
                skew=skew,
            )
            for _ in range(2)
        )
        limiter = RateLimiter(self._limits, clock.monotonic)
        self.limiter: RateLimiter | SharedLimiter = (
            limiter
            if cache is None
            else SharedLimiter(limiter, self._limits, cache, shared_name(access), clock.monotonic)
        )
        self.auth = Authenticator(
            access,
            self._post_auth,
            clock,
            store=store,
            token_pause=self._limits.token_pause,
            on_secret=on_secret,
            skew=lambda: self._transport.skew,
            shared=SharedAccess(cache, access) if cache is not None else None,
        )
        self._account_turn = asyncio.Lock()
        self._headers = {
            "content-type": "application/json; charset=utf-8",
            "accept": "application/json",
            "custtype": "P",
            "appkey": access.appkey.reveal(),
            "appsecret": access.appsecret.reveal(),
        }

    def health(self) -> BrokerHealth:
        """Return the figures of the REST side; the feed knows when the last frame came."""
        available, limit = self.limiter.gauge
        return BrokerHealth(
            rest_milliseconds=self._transport.milliseconds,
            calls_available=available,
            calls_limit=limit,
            token_expires_at=self.auth.expires_at,
            clock_skew_seconds=self._transport.skew,
            last_frame_at=None,
            calls_usual=self._limits.calls,
            calls_waiting=self.limiter.waiting,
            is_always_open=self._transport.is_always_open,
        )

    def broker_now(self) -> datetime:
        """Return the time by KIS's clock as far as its answers have told it: lists go by its days."""
        return self._clock.now() + timedelta(seconds=self._transport.skew or 0.0)

    async def warm_up(self) -> None:
        """Get a token and with it an open connection, so that the first order does not pay for either."""
        await self.auth.token()

    async def close(self) -> None:
        """End everything that waits and close the connections; may be called twice."""
        self.limiter.close()
        if isinstance(self.limiter, SharedLimiter):
            await self.limiter.closed()
        await self.auth.close()
        await self._transport.close()
        await self._account_transport.close()

    async def call(
        self,
        api_id: str,
        pages: int = 1,
        *,
        allow_orders: bool = False,
        priority: Priority = Priority.QUOTE,
        **parameters: str,
    ) -> CallResult:
        """Send any call of the catalogue by its id, with wire keys and TR selectors as parameters.

        The account is filled in where it is not given. A call that sends, amends or cancels an order is
        refused unless `allow_orders`; it is then sent once, as every order.
        """
        api = self.catalog.api(api_id)
        if api.kind == "auth":
            raise CorrectionNeeded(
                Sentence("{name}: 토큰과 접속키는 프로그램이 스스로 관리합니다.", name=Sentence(api.name))
            )
        if api.kind in _ORDER_KINDS and not allow_orders:
            raise CorrectionNeeded(
                Sentence(
                    "{source}은(는) 주문 호출입니다. 주문을 허용해야 보낼 수 있습니다.",
                    source=source_of(api, api_id),
                )
            )
        names = {selector.name for selector in api.selectors}
        selectors = {name: value for name, value in parameters.items() if name in names}
        values = {name: value for name, value in parameters.items() if name not in names}
        selectors = {**api.selectors_from(values), **selectors}
        if api.kind in _ORDER_KINDS:
            return CallResult(
                (await self.request(api, values, priority=priority, selectors=selectors),), False
            )
        return await self.pages(
            api, values, priority=priority, selectors=selectors, most=pages, complete=False
        )

    async def pages(
        self,
        api: Api,
        values: Mapping[str, str],
        *,
        priority: Priority,
        selectors: Mapping[str, str] | None = None,
        most: int = MOST_PAGES,
        complete: bool = True,
    ) -> CallResult:
        """Ask for page after page, at most `most`.

        With `complete` the whole list or an error: begins again, a few times, when it changed meanwhile or
        repeats itself, then raises what says that it is incomplete. BrokerAnswerError when it does not end.
        """
        for attempt in range(_RESTARTS + 1):
            try:
                return await self._pages_once(api, values, priority, selectors or {}, most, complete)
            except _BeginAgain as again:
                log.info("%s: %s; begin again", api.id, again.error)
                if attempt == _RESTARTS:
                    raise again.error from again
                await asyncio.sleep(self._pause(attempt))
        raise AssertionError("unreachable")

    async def _pages_once(
        self,
        api: Api,
        values: Mapping[str, str],
        priority: Priority,
        selectors: Mapping[str, str],
        most: int,
        complete: bool,
    ) -> CallResult:
        answers: list[Answer] = []
        asked: set[tuple[tuple[str, str], ...]] = set()
        seen: set[bytes] = set()
        current = dict(values)
        while True:
            answer = await self.request(
                api,
                current,
                priority=priority,
                selectors=selectors,
                continuation="N" if answers and _uses_header(api) else "",
            )
            answers.append(answer)
            keys = next_keys(answer, current)
            if keys is None:
                return CallResult(tuple(answers), False)
            mark, content = tuple(sorted(keys.items())), answer.fingerprint()
            if mark in asked or (complete and content in seen):
                raise _BeginAgain(
                    BrokerAnswerError(
                        Sentence(
                            "{source}: 다음 쪽이 되풀이되어 목록을 끝까지 읽지 못했습니다.",
                            source=answer.source,
                        )
                    )
                )
            seen.add(content)
            if len(answers) >= most:
                if complete:
                    raise BrokerAnswerError(
                        Sentence(
                            "{source}: {most}쪽을 넘어 목록을 끝까지 읽지 못했습니다.",
                            source=answer.source,
                            most=most,
                        )
                    )
                return CallResult(tuple(answers), True)
            asked.add(mark)
            current.update(keys)

    async def request(
        self,
        api: Api,
        values: Mapping[str, str],
        *,
        priority: Priority,
        selectors: Mapping[str, str] | None = None,
        continuation: str = "",
        leaving: LeavingCheck | None = None,
    ) -> Answer:
        """Send one call and return its answer; `leaving` is asked before an order leaves, at the last moment.

        Queries raise RateLimited, BrokerUnreachable, AccessRefused, CorrectionNeeded, UnknownSymbol or
        BrokerAnswerError. Orders raise OrderRefused or RateLimited when KIS refused for certain,
        BrokerUnreachable when nothing was sent, OutcomeUnknown in every other case.
        """
        tr_id = api.tr_id(tr_environment(self.access.environment), **(selectors or {}))
        built = api.build(self._with_account(api, values))
        what = source_of(api, tr_id)
        if api.kind in _ORDER_KINDS:
            return await self._send_order(api, tr_id, built, priority, what, leaving)
        if priority is Priority.ACCOUNT:
            # The ledger has a lower limit of its own (EGW00215): its queries go one at a time.
            async with self._account_turn:
                return await self._ask(api, tr_id, built, priority, what, continuation)
        return await self._ask(api, tr_id, built, priority, what, continuation)

    async def download(self, url: str) -> bytes:
        """Return a public file; no key goes with it. Raises BrokerUnreachable."""
        return await self._transport.download(url)

    def _with_account(self, api: Api, values: Mapping[str, str]) -> dict[str, str]:
        filled = dict(values)
        given = {key.upper() for key in values}
        for key, value in (("CANO", self.access.cano), ("ACNT_PRDT_CD", self.access.product)):
            if key not in given and any(parameter.key == key for parameter in api.parameters):
                filled[key] = value
        return filled

    async def _send_order(
        self,
        api: Api,
        tr_id: str,
        values: dict[str, str],
        priority: Priority,
        what: str,
        leaving: LeavingCheck | None,
    ) -> Answer:
        try:
            token = await self.auth.token(may_wait=priority is Priority.CANCEL, rank=priority)
        except TokenPause as pause:
            raise BrokerUnreachable(
                Sentence("{what}: 주문을 보내지 않았습니다. {why}", what=what, why=pause)
            ) from pause
        except BrokerAnswerError as error:
            # The token's answer could not be read: the order itself has not left.
            raise BrokerUnreachable(
                Sentence("{what}: 주문을 보내지 않았습니다. {why}", what=what, why=error)
            ) from error
        ticket = await self._turn_of_order(priority, what)
        if leaving is not None:
            leaving()
        try:
            raw = await self._exchange(api, tr_id, values, token, "", priority, leaving)
        except NotSent as error:
            raise BrokerUnreachable(
                Sentence("{what}: KIS에 연결할 수 없어 보내지 않았습니다. {why}", what=what, why=error)
            ) from error
        except BrokerUnreachable as error:
            raise OutcomeUnknown(
                Sentence(
                    "{what}: 보냈지만 응답을 받지 못했습니다({why}). 접수 여부를 조회해 확인합니다.",
                    what=what,
                    why=error,
                )
            ) from error
        finally:
            self.limiter.answered(ticket)
        verdict = judge(raw.status, raw.body)
        if verdict.next is Next.ACCEPT and raw.body.get("rt_cd") is not None:
            return Answer(api, tr_id, raw.body, raw.continuation, raw.status, raw.milliseconds)
        if verdict.next is Next.RENEW:
            self.auth.invalidate(token)
        elif verdict.next is Next.PACE:
            self.limiter.refused(priority)
        elif verdict.next is Next.ACCEPT:
            verdict = Verdict(Next.UNREADABLE, f"HTTP {raw.status}", verdict.message)
        raise order_error(what, verdict)

    async def _turn_of_order(self, priority: Priority, what: str) -> int:
        """Return a ticket; raises RateLimited for what would leave late. A cancellation waits on."""
        if priority is Priority.CANCEL:
            return await self.limiter.acquire(priority)
        try:
            async with asyncio.timeout(self._patience.turn):
                return await self.limiter.acquire(priority)
        except TimeoutError as error:
            raise RateLimited(
                Sentence(
                    "{what}: 초당 호출 한도 때문에 {seconds:.0f}초 안에 차례가 오지 않아 보내지 않았습니다. "
                    "가격을 확인하고 다시 주문하십시오.",
                    what=what,
                    seconds=self._patience.turn,
                )
            ) from error

    async def _ask(
        self, api: Api, tr_id: str, values: dict[str, str], priority: Priority, what: str, continuation: str
    ) -> Answer:
        attempt = paced = 0
        is_renewed = False
        while True:
            token = await self.auth.token(rank=priority)
            ticket = await self.limiter.acquire(priority)
            failure: TerminalError
            try:
                raw = await self._exchange(api, tr_id, values, token, continuation, priority)
            except BrokerUnreachable as error:
                self.limiter.answered(ticket)
                failure = BrokerUnreachable(Sentence("{what}: {why}", what=what, why=error))
                failure.__cause__ = error
            else:
                self.limiter.answered(ticket)
                verdict = judge(raw.status, raw.body)
                if verdict.next is Next.ACCEPT:
                    return Answer(api, tr_id, raw.body, raw.continuation, raw.status, raw.milliseconds)
                if verdict.next is Next.RESTART:
                    raise _BeginAgain(query_error(Sentence(api.name), verdict))
                failure = query_error(what, verdict)
                if verdict.next is Next.RENEW and not is_renewed:
                    is_renewed = True
                    self.auth.invalidate(token)
                    continue
                if isinstance(failure, RateLimited):
                    self.limiter.refused()
                    paced += 1
                    if paced >= self._patience.paced_attempts:
                        raise failure
                    await asyncio.sleep(self._pause(paced - 1))
                    continue
            if not isinstance(failure, BrokerUnreachable) or not api.retry_safe:
                raise failure
            attempt += 1
            if attempt >= self._patience.attempts:
                raise failure
            await asyncio.sleep(self._pause(attempt - 1))

    def _pause(self, attempt: int) -> float:
        """Return a pause that doubles up to its cap, with half of it at random so that callers spread."""
        full = min(self._patience.longest_pause, self._patience.first_pause * (1 << attempt))
        return full * (0.5 + self._random.random() / 2)

    async def _exchange(
        self,
        api: Api,
        tr_id: str,
        values: dict[str, str],
        token: str,
        continuation: str,
        priority: Priority,
        leaving: LeavingCheck | None = None,
    ) -> RawAnswer:
        headers = {
            **self._headers,
            "authorization": f"Bearer {token}",
            "tr_id": tr_id,
            "tr_cont": continuation,
        }
        # Orders never queue behind quotes: what concerns the account has connections of its own, which its
        # regular queries keep open, so that a click finds one.
        transport = self._account_transport if priority <= Priority.ACCOUNT else self._transport
        return await transport.send(api.method, api.path, values, headers, leaving)

    async def _post_auth(self, path: str, body: Mapping[str, str]) -> tuple[int, Any]:
        headers = {"content-type": "application/json; charset=utf-8", "accept": "application/json"}
        answer = await self._transport.send("POST", path, body, headers)
        return answer.status, answer.body


class _BeginAgain(TerminalError):
    """A list cannot be read on from here: it changed between two pages, or came back to an earlier one."""

    def __init__(self, error: TerminalError) -> None:
        super().__init__(str(error))
        self.error = error


def _uses_header(api: Api) -> bool:
    return api.paging is not None and api.paging.style in ("context", "cursor")
