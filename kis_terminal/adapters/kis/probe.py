"""Can this machine reach a server at all: name, connection, TLS. No key goes with any of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.sentences import Sentence

_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_SAFE = ("https", "wss")


@dataclass(frozen=True, slots=True)
class Reach:
    """What it took to reach a server."""

    host: str
    port: int
    address: str
    """The one that answered."""
    milliseconds: float
    """From the name to the standing connection, TLS included."""
    tls: str
    """Version, e.g. `TLSv1.3`; empty without TLS."""
    certificate_ends: datetime | None
    proxy: str
    """`host:port` of the proxy that REST calls go through; empty without one."""


async def reach(url: str, seconds: float = 5.0) -> Reach:
    """Look the name up, connect, speak TLS where the URL says so, and hang up.

    Where a proxy is set for this URL, it is the proxy that is reached. Raises BrokerUnreachable with the step
    that failed and what can be done about it.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    proxy = _proxy(parts.scheme, host)
    target, target_port = (proxy[0], proxy[1]) if proxy is not None else (host, port)
    is_safe = parts.scheme in _SAFE and proxy is None
    began = time.perf_counter()
    await _look_up(target, target_port, seconds)
    context = await asyncio.to_thread(_tls_context) if is_safe else None
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(
                target, target_port, ssl=context, server_hostname=target if is_safe else None
            )
    except ssl.SSLCertVerificationError as error:
        raise BrokerUnreachable(
            Sentence(
                "{host}의 TLS 인증서를 확인할 수 없습니다({why}). PC의 시계와 보안 프로그램·프록시를 "
                "확인하십시오.",
                host=target,
                why=error.verify_message,
            )
        ) from error
    except ssl.SSLError as error:
        raise BrokerUnreachable(
            Sentence(
                "{host}:{port}이(가) TLS로 답하지 않습니다({why}). 주소의 https와 포트를 확인하십시오.",
                host=target,
                port=target_port,
                why=error.reason or type(error).__name__,
            )
        ) from error
    except (OSError, TimeoutError) as error:
        raise BrokerUnreachable(
            Sentence(
                "{host}:{port}에 연결할 수 없습니다({why}). 방화벽이 이 포트를 막는지 확인하십시오.",
                host=target,
                port=target_port,
                why=_why(error),
            )
        ) from error
    taken = (time.perf_counter() - began) * 1000
    try:
        peer = writer.get_extra_info("peername")
        tls, ends = _tls_of(writer.get_extra_info("ssl_object"))
    finally:
        writer.close()
    named = f"{proxy[0]}:{proxy[1]}" if proxy is not None else ""
    return Reach(host, port, str(peer[0]) if peer else "", taken, tls, ends, named)


async def _look_up(host: str, port: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise BrokerUnreachable(
            Sentence(
                "{host}의 주소를 찾을 수 없습니다. 인터넷 연결과 DNS, 설정의 주소를 확인하십시오.", host=host
            )
        ) from error


def _proxy(scheme: str, host: str) -> tuple[str, int] | None:
    """Return the proxy that a REST call would take: the socket and this machine's own servers take none."""
    written = getproxies().get("https" if scheme == "https" else "", "")
    if not written or proxy_bypass(host):
        return None
    parts = urlsplit(written if "://" in written else f"http://{written}")
    try:
        port = parts.port or _PORTS.get(parts.scheme, 80)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _tls_context() -> ssl.SSLContext:
    import httpx  # the authorities that the calls themselves trust

    return httpx.create_ssl_context()


def _tls_of(connection: ssl.SSLObject | None) -> tuple[str, datetime | None]:
    if connection is None:
        return "", None
    certificate = connection.getpeercert() or {}
    ends = certificate.get("notAfter")
    if not isinstance(ends, str):
        return connection.version() or "TLS", None
    return connection.version() or "TLS", datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


def _why(error: OSError | TimeoutError) -> str:
    # A time-out of the system is an OSError with a number, one of ours has neither number nor text.
    if isinstance(error, TimeoutError):
        return Sentence("연결 시간 초과")
    if isinstance(error, ConnectionRefusedError):
        return Sentence("연결 거부")
    return error.strerror or type(error).__name__
