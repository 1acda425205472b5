"""What `doctor` looks at on the way to the broker: network, keys, token, account, stream. No order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.probe import Reach, reach
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.kis.token_store import TokenStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import AccessRefused, TerminalError
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import FeedListener, LinkState
from kis_terminal.services.health_rules import clock_line, latency_line, token_line
from kis_terminal.settings import KisAccess

_SYMBOL = "005930"
_PATIENCE = Patience(connect=5.0, answer=8.0, attempts=2, paced_attempts=4)
_FEED_SECONDS = 15.0
_STILL_GOOD = timedelta(seconds=30)
_CERTIFICATE_SOON = timedelta(days=7)
_KEYS_ADVICE = Sentence(
    "KIS Developers에서 이 환경(실전/모의)의 앱키와 시크릿이 맞는지, 서비스 신청이 유효한지 확인하십시오."
)


async def broker_lines(
    access: KisAccess, token_folder: Path, *, may_log_in: bool, on_secret: Callable[[str], None]
) -> list[HealthLine]:
    """Go the way of the program step by step; `may_log_in` allows a token to be asked for.

    A stored token that is still good is used without asking. `on_secret` is told keys and tokens.
    """
    lines = await _network(access)
    clock = SystemClock()
    broker = KisBroker(access, clock, token_folder=token_folder, patience=_PATIENCE, on_secret=on_secret)
    try:
        keys = await _keys(broker)
        lines.append(keys)
        has_token = access.environment is Environment.SIM or may_log_in
        has_token = has_token or await asyncio.to_thread(_has_stored_token, access, token_folder, clock.now())
        if has_token:
            lines += await _session(broker, clock)
        else:
            lines.append(_no_token())
        lines.append(clock_line(broker.health().clock_skew_seconds, access.environment))
        if keys.verdict is Verdict.OK:
            lines.append(await _stream(access, broker, clock))
    finally:
        await broker.close()
    return lines


async def _network(access: KisAccess) -> list[HealthLine]:
    wanted = [
        ("network_rest", Sentence("REST 서버"), access.rest_url),
        ("network_ws", Sentence("실시간 서버"), access.ws_url),
    ]
    if not access.master_url.startswith(access.rest_url):
        wanted.append(("network_master", Sentence("종목 파일 서버"), access.master_url))
    return list(await asyncio.gather(*(_reached(*one) for one in wanted)))


async def _reached(key: str, title: str, url: str) -> HealthLine:
    try:
        found = await reach(url)
    except TerminalError as error:
        return HealthLine(key, title, url, Verdict.DANGER, sentence_of(error))
    value = _described(found)
    ends = found.certificate_ends
    if ends is not None and ends - datetime.now(ends.tzinfo) < _CERTIFICATE_SOON:
        advice = Sentence(
            "서버의 TLS 인증서가 {day:%Y-%m-%d}에 끝납니다. PC의 시계가 맞으면 증권사 공지를 보십시오.",
            day=ends,
        )
        return HealthLine(key, title, value, Verdict.WARN, advice)
    return HealthLine(key, title, value)


def _described(found: Reach) -> str:
    place = f"{found.host}:{found.port}"
    if found.proxy:
        return Sentence(
            "{place}, 프록시 {proxy} {ms:.0f} ms", place=place, proxy=found.proxy, ms=found.milliseconds
        )
    tls = f", {found.tls}" if found.tls else ""
    return f"{place} ({found.address}), {found.milliseconds:.0f} ms{tls}"


async def _keys(broker: KisBroker) -> HealthLine:
    """Ask for an approval key: it costs no token, tells nobody, and proves key and secret."""
    title = Sentence("앱키 확인")
    try:
        await broker.approval_key()
    except AccessRefused as error:
        advice = Sentence("{why} {advice}", why=error, advice=_KEYS_ADVICE)
        return HealthLine("approval", title, Sentence("거절됨"), Verdict.DANGER, advice)
    except TerminalError as error:
        return HealthLine("approval", title, Sentence("확인하지 못함"), Verdict.DANGER, sentence_of(error))
    return HealthLine("approval", title, Sentence("서버가 앱키와 시크릿을 받아들임"))


def _has_stored_token(access: KisAccess, folder: Path, now: datetime) -> bool:
    store = TokenStore(folder, access.environment, access.appkey.reveal())
    stored = store.load() if store.path.exists() else None
    if stored is None or not stored.access_token or stored.expiry is None:
        return False
    return stored.expiry - now > _STILL_GOOD


def _no_token() -> HealthLine:
    return HealthLine(
        "token",
        Sentence("접근토큰"),
        Sentence("저장된 토큰이 없어 토큰과 계좌를 확인하지 않음"),
        Verdict.WARN,
        Sentence("`--login`을 붙이면 토큰을 받아(KIS가 알림을 보냅니다) 조회까지 확인합니다."),
    )


async def _session(broker: KisBroker, clock: SystemClock) -> list[HealthLine]:
    """Use the token as the window does: a quote, then the account."""
    title = Sentence("접근토큰")
    try:
        await broker.client.auth.token(may_wait=False)
    except AccessRefused as error:
        advice = Sentence("{why} {advice}", why=error, advice=_KEYS_ADVICE)
        return [HealthLine("token", title, Sentence("거절됨"), Verdict.DANGER, advice)]
    except TerminalError as error:
        return [HealthLine("token", title, Sentence("받지 못함"), Verdict.DANGER, sentence_of(error))]
    lines = []
    try:
        await broker.quote(_SYMBOL)
        # Of the second call: the first one opens the connection.
        await broker.quote(_SYMBOL)
        lines.append(latency_line(broker.health().rest_milliseconds))
    except TerminalError as error:
        lines.append(
            HealthLine("rest", Sentence("REST 응답"), Sentence("실패"), Verdict.DANGER, sentence_of(error))
        )
    lines.append(await _account(broker))
    ends = broker.health().token_expires_at
    left = (ends - clock.now()).total_seconds() if ends is not None else None
    return [token_line(left), *lines]


async def _account(broker: KisBroker) -> HealthLine:
    title = Sentence("계좌")
    try:
        await broker.balance()
    except TerminalError as error:
        advice = Sentence("{why} 계좌번호와 상품코드가 이 앱키의 것인지 확인하십시오.", why=error)
        return HealthLine("account", title, broker.account_label, Verdict.DANGER, advice)
    return HealthLine("account", title, Sentence("{account} 조회됨", account=broker.account_label))


async def _stream(access: KisAccess, broker: KisBroker, clock: SystemClock) -> HealthLine:
    """Open a socket and close it. Nothing is subscribed, so a window that runs keeps its session."""
    title = Sentence("실시간 연결")
    told: list[tuple[LinkState, str]] = []
    feed = KisFeed(
        ws_url=access.ws_url,
        environment=access.environment,
        hts_id=access.hts_id,
        approval_key=broker.approval_key,
        invalidate_approval=lambda: None,
        clock=clock,
        timing=FeedTiming(open_timeout=_PATIENCE.connect),
    )
    feed.listen(
        FeedListener(
            on_ticks=lambda ticks: None,
            on_book=lambda update: None,
            on_notice=lambda notice: None,
            on_status=lambda status: None,
            on_link=lambda state, sentence: told.append((state, sentence)),
            on_subscription=lambda stream, symbol, state, reason: None,
            on_gap=lambda reason: None,
        )
    )
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_FEED_SECONDS):
            await feed.open()
        taken = (time.perf_counter() - began) * 1000
    except TimeoutError:
        told.append((LinkState.WAITING, Sentence("{n:.0f}초 안에 답이 없습니다.", n=_FEED_SECONDS)))
        taken = 0.0
    finally:
        outcome = told[-1] if told else (LinkState.CLOSED, "")
        await feed.close()
    if outcome[0] is not LinkState.CONNECTED:
        advice = Sentence("{why} 방화벽이 웹소켓 포트를 막는지 확인하십시오.", why=outcome[1])
        return HealthLine("stream", title, Sentence("연결되지 않음"), Verdict.DANGER, advice)
    if not access.hts_id:
        advice = Sentence("HTS ID가 없어 체결통보를 받지 못합니다. my_htsid 또는 KIS_HTS_ID를 적으십시오.")
        return HealthLine("stream", title, Sentence("연결됨 ({ms:.0f} ms)", ms=taken), Verdict.WARN, advice)
    return HealthLine("stream", title, Sentence("연결됨 ({ms:.0f} ms)", ms=taken))
