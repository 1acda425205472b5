"""One HTTP client: send a request once, decode its JSON, measure. No retry of any kind."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from kis_terminal.adapters.kis.errors import NotSent
from kis_terminal.adapters.kis.skew import SkewEstimate
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, LeavingCheck

# httpx (0.28) imports its own command line with click and pygments where these are installed: a fifth of the
# program's start. A None entry makes that import fail, which httpx expects and handles.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

# httpcore (1.0) imports sniffio several times a request where it is there; newer anyio no longer brings it,
# and to search the whole path for it each time was a quarter of the work of a request.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# httpx imports this at the first request, in the middle of the window's first frame: it is wanted now,
# while the embedded exchange is starting.
importlib.import_module("httpcore")

USER_AGENT = "kis-terminal/0.1"
_LONGEST_SKEW = 50 * 365 * 86_400.0
"""Seconds; a machine without a battery begins at 1970 or 2000, and no date of KIS's lies further away."""
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_REASONS = {
    "ConnectTimeout": Sentence("연결 시간 초과"),
    "ReadTimeout": Sentence("응답 시간 초과"),
    "WriteTimeout": Sentence("전송 시간 초과"),
    "PoolTimeout": Sentence("연결 대기 시간 초과"),
    "ConnectError": Sentence("연결 실패"),
    "ReadError": Sentence("연결 끊김"),
    "WriteError": Sentence("연결 끊김"),
    "RemoteProtocolError": Sentence("응답 도중 연결 끊김"),
    "ProxyError": Sentence("프록시 연결 실패"),
}


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back, judged by nobody yet; `body` is None when it was no JSON."""

    status: int
    body: Any
    continuation: str
    """Header `tr_cont`."""
    milliseconds: float


class Transport:
    """Connections to one server, kept alive."""

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        *,
        connect_seconds: float,
        answer_seconds: float,
        tap: WireTap | None = None,
        skew: SkewEstimate | None = None,
    ) -> None:
        """`skew` is shared with the other connections to the server: each answer tells its one clock."""
        self._base_url = base_url
        self._tap = tap
        self._clock = clock
        self._timeout = httpx.Timeout(answer_seconds, connect=connect_seconds)
        # httpx counts each read apart: a server that sends a byte now and then would hold a call for ever.
        self._whole = connect_seconds + 2 * answer_seconds
        self._http: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self.milliseconds: float | None = None
        """Of the last answer."""
        self._skew = skew or SkewEstimate()
        self.is_always_open = False
        """Whether the embedded exchange said that it keeps no hours; KIS never does."""

    @property
    def skew(self) -> float | None:
        """Return the server's clock minus ours in seconds, None before its first dated answer."""
        return self._skew.seconds

    async def send(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        headers: Mapping[str, str],
        leaving: LeavingCheck | None = None,
    ) -> RawAnswer:
        """Send once. Raises NotSent when nothing left, BrokerUnreachable when no whole answer came.

        `leaving` is asked once more when a connection stands and the first byte would go.
        """
        http = await self._client()
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._whole):
                if method == "GET":
                    response = await http.get(path, params=values, headers=headers)
                else:
                    content = orjson.dumps(values)
                    watched = {"trace": _asking(leaving)} if leaving is not None else {}
                    response = await http.request(
                        method, path, content=content, headers=headers, extensions=watched
                    )
        except _NOT_SENT as error:
            self._tell_unanswered(method, path, values, headers, error)
            why = _reason(error)
            if (proxy := self._proxy_variable()) and not _is_about_certificates(error):
                why = Sentence("{why}. 환경 변수 {name}의 프록시를 거치고 있습니다", why=why, name=proxy)
            raise NotSent(
                Sentence("{url}에 연결할 수 없습니다: {why}", url=self._base_url, why=why)
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            self._tell_unanswered(method, path, values, headers, error)
            raise BrokerUnreachable(
                Sentence("{url}의 응답이 없습니다: {why}", url=self._base_url, why=_reason(error))
            ) from error
        elapsed = self._clock.monotonic() - started
        self.milliseconds = elapsed * 1000
        if self._tap is not None and self._tap.is_on:
            self._tap.exchanged(
                method,
                path,
                values,
                headers,
                response.status_code,
                response.headers,
                response.content,
                self.milliseconds or 0.0,
            )
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        if body is not None:  # a page of some gateway tells nothing of KIS's clock
            self._take_time(response, elapsed)
        continuation = str(response.headers.get("tr_cont", "")).strip()
        return RawAnswer(response.status_code, body, continuation, self.milliseconds or 0.0)

    def _tell_unanswered(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        headers: Mapping[str, str],
        error: Exception,
    ) -> None:
        if self._tap is not None and self._tap.is_on:
            self._tap.unanswered(method, path, values, headers, type(error).__name__)

    async def download(self, url: str) -> bytes:
        """Return a public file; no key goes with it. Raises BrokerUnreachable."""
        http = await self._client()
        try:
            async with asyncio.timeout(60.0):
                response = await http.get(url)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise BrokerUnreachable(
                Sentence("{url}을(를) 받을 수 없습니다: {why}", url=url, why=_reason(error))
            ) from error
        if response.status_code != 200:
            raise BrokerUnreachable(
                Sentence("{url}을(를) 받을 수 없습니다: {why}", url=url, why=f"HTTP {response.status_code}")
            )
        return response.content

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def _take_time(self, response: httpx.Response, elapsed: float) -> None:
        """Compare clocks, `elapsed` seconds after the request left; a time that cannot be is no time."""
        self.is_always_open |= response.headers.get("x-market-hours") == "always-open"
        try:
            server = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, OverflowError):
            return
        if server.tzinfo is None:
            return
        received = self._clock.now().timestamp()
        if abs(server.timestamp() - received) < _LONGEST_SKEW:
            self._skew.take(server.timestamp(), received - elapsed, received)

    def _proxy_variable(self) -> str:
        """Return the environment variable that sends requests through a proxy, empty for none.

        Its value is not told: it may hold a password.
        """
        from urllib.request import proxy_bypass  # costs milliseconds that the start does not have

        parts = urlsplit(self._base_url)
        if parts.scheme != "https" or proxy_bypass(parts.netloc):
            return ""
        names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        return next((name for name in names if os.environ.get(name)), "")

    async def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            async with self._opening:
                if self._http is None:
                    self._http = await self._open()
        return self._http

    async def _open(self) -> httpx.AsyncClient:
        is_plain = self._base_url.startswith("http://")
        # An empty context trusts nobody, so it weakens nothing; loading the authorities takes tens of
        # milliseconds, which a server without TLS on this machine does not need.
        context = (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if is_plain
            else await asyncio.to_thread(httpx.create_ssl_context)
        )
        return httpx.AsyncClient(
            base_url=self._base_url,
            timeout=self._timeout,
            headers={"user-agent": USER_AGENT},
            follow_redirects=False,
            # Proxies of the environment are for the way out, not for this machine.
            trust_env=not is_plain,
            limits=httpx.Limits(max_connections=24, max_keepalive_connections=24, keepalive_expiry=60.0),
            verify=context,
        )


def _asking(leaving: LeavingCheck) -> Callable[[str, Any], Awaitable[None]]:
    async def trace(event: str, details: Any) -> None:
        if event.endswith("send_request_headers.started"):
            leaving()

    return trace


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _reason(error: Exception) -> str:
    """Return a short reason without the URL, which may hold an account number."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return Sentence(
                "서버의 TLS 인증서를 확인할 수 없음. PC의 시계와 보안 프로그램·프록시를 확인하세요"
            )
        if isinstance(link, socket.gaierror):
            return Sentence("주소를 찾을 수 없음. 인터넷 연결과 DNS를 확인하세요")
        link = link.__cause__ or link.__context__
    name = type(error).__name__
    return _REASONS["ReadTimeout"] if isinstance(error, TimeoutError) else _REASONS.get(name, name)
