"""KIS's refusals as our error tree: by `msg_cd` first, then `rt_cd`, then HTTP status.

KIS answers gateway errors with HTTP 500 and most order refusals with HTTP 200, so the status alone says
nothing. An order is REFUSED only on proof; whatever else is not an acceptance leaves its outcome unknown.
Source: notes on the protocol of 2026-11-22 (error tables of KIS's workbook and extensions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.domain.errors import (
    AccessRefused,
    BrokerAnswerError,
    BrokerUnreachable,
    CorrectionNeeded,
    MarketClosed,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    TerminalError,
    TurnedAway,
    UnknownSymbol,
)
from kis_terminal.domain.sentences import Sentence


class NotSent(BrokerUnreachable):
    """There was no connection: not one byte of the request has left."""


class Next(Enum):
    """What to do about an answer."""

    ACCEPT = "accept"
    RENEW = "renew"
    """The token is not valid: get a new one, then once more."""
    PACE = "pace"
    """Too many calls in a second."""
    WAIT_TOKEN = "wait_token"  # noqa: S105  # not a secret
    """A token was issued less than a minute ago."""
    WAIT = "wait"
    """KIS's own trouble; an order may have gone through."""
    RESTART = "restart"
    """The list changed while it was read: begin again at the first page."""
    ACCESS = "access"
    """Keys or rights; a person has to act."""
    CORRECT = "correct"
    """The request is wrong or was refused by a rule."""
    SYMBOL = "symbol"
    """The symbol is wrong."""
    UNREADABLE = "unreadable"
    """No answer of KIS's form."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means: what to do, its code and text."""

    next: Next
    code: str
    message: str


_TOKEN_CODES = frozenset({"EGW00121", "EGW00122", "EGW00123"})
_PACE_CODES = frozenset({"EGW00201", "EGW00215"})
_LIST_CHANGED = frozenset({"SYDB0050"})
_SYMBOL_CODES = frozenset({"MCA05918", "APBK0656"})
_ACCESS_CODES = frozenset(
    {
        *("EGW00003", "EGW00004", "EGW00102", "EGW00103", "EGW00104", "EGW00105"),
        *("EGW00124", "EGW00125", "EGW00126", "EGW00127", "EGW00128", "EGW00129", "EGW00130"),
        *("EGW00204", "EGW00205", "EGW00206", "EGW00210", "EGW00303", "EGW00304", "EGW02004"),
    }
)
_WAIT_CODES = frozenset(
    {
        *("EGW00001", "EGW00002", "EGW00202", "EGW00203", "EGW00300", "EGW00301", "EGW00302"),
        *("OPSQ0001", "OPSQ0003", "OPSQ0004", "OPSQ0005", "OPSQ0006", "OPSQ0007", "OPSQ0008", "OPSQ0009"),
        *("OPSQ0010", "OPSQ0011", "OPSQ1002", "OPSQ2003", "OPSQ3001", "OPSQ3002", "OPSQ3004"),
        "IGW00009",
    }
)
_DEFINITE_GATEWAY_CODES = frozenset(
    f"EGW{number:05d}" for number in (*range(101, 133), *range(207, 214), *range(303, 305))
)
"""Refusals of the gateway itself: what it turned away has not reached the order system."""
_CLOSED_CODES = frozenset({"APBK0918", "APBK0919", "APBK1664", "40100000", "40580000"})
_CLOSED_TEXT = re.compile("운영시간|주문시간|장 ?종료|영업일|휴장|개장|정규장이 끝")
"""Some of these codes stand for a lack of cash as well, so the text has to say it too."""
_LIST_CHANGED_TEXT = "조회이후에 자료가 변경"
_ADVICE = {
    "EGW00103": Sentence("앱키가 맞지 않습니다. kis_devlp.yaml의 앱키와 환경(실전/모의)을 확인하세요."),
    "EGW00105": Sentence("앱 시크릿이 맞지 않습니다. kis_devlp.yaml의 값을 확인하세요."),
    "EGW00133": Sentence("접근토큰은 1분에 한 번만 받을 수 있습니다. 잠시 뒤 자동으로 다시 받습니다."),
    "EGW00201": Sentence("초당 호출 한도를 넘었습니다. 같은 앱키를 쓰는 다른 프로그램이 있는지 확인하세요."),
    "EGW00215": Sentence("계좌 조회·주문의 초당 한도를 넘었습니다. 잠시 뒤 다시 시도하세요."),
    "EGW00206": Sentence("이 기능을 쓸 권한이 없습니다. KIS Developers에서 신청 상태를 확인하세요."),
    "EGW00213": Sentence("모의투자에서 제공하지 않는 기능입니다."),
    "EGW02004": Sentence("실전 서버에 모의투자 앱키를 썼습니다. 환경과 앱키를 확인하세요."),
    "APBK0918": Sentence("장 운영시간이 아니거나 주문 조건이 맞지 않습니다."),
    "APBK0919": Sentence("장이 열리지 않는 날이거나 주문 조건이 맞지 않습니다."),
    "APBK0952": Sentence("주문가능금액을 넘었습니다. 시장가는 상한가로 계산됩니다."),
    "APBK0400": Sentence("매도가능수량을 넘었습니다."),
    "APBK1234": Sentence("보유 수량이 부족합니다."),
    "40100000": Sentence("모의투자 영업일이 아닙니다."),
    "40580000": Sentence("모의투자 장 운영시간이 아닙니다."),
    "MCA05918": Sentence("종목코드를 확인하세요."),
    "APBK0656": Sentence("종목코드를 확인하세요."),
}


def judge(status: int, body: Any) -> Verdict:
    """Say what an answer means. `body` is the decoded JSON, or None when it was none."""
    if not isinstance(body, Mapping):
        return Verdict(Next.UNREADABLE, f"HTTP {status}", "")
    code = _text(body, "msg_cd") or _text(body, "error_code")
    message = _text(body, "msg1") or _text(body, "error_description")
    result = _text(body, "rt_cd")
    if result == "0":
        return Verdict(Next.ACCEPT, code, message)
    if known := _known(code, message):
        return Verdict(known, code, message)
    if not result and not _text(body, "error_code"):
        # Some answers of KIS's own examples lack the envelope; with HTTP 200 they are what was asked for.
        return Verdict(Next.ACCEPT if status == 200 else Next.UNREADABLE, code or f"HTTP {status}", message)
    if status >= 500 and code not in _DEFINITE_GATEWAY_CODES:
        return Verdict(Next.WAIT, code or f"HTTP {status}", message)
    if _text(body, "error_code"):
        return Verdict(Next.ACCESS, code, message)
    return Verdict(Next.CORRECT, code or f"rt_cd={result}", message)


def _known(code: str, message: str) -> Next | None:
    if code in _TOKEN_CODES:
        return Next.RENEW
    if code in _PACE_CODES:
        return Next.PACE
    if code == "EGW00133":
        return Next.WAIT_TOKEN
    if code in _ACCESS_CODES:
        return Next.ACCESS
    if code in _WAIT_CODES:
        return Next.WAIT
    if code in _LIST_CHANGED or _LIST_CHANGED_TEXT in message:
        return Next.RESTART
    return Next.SYMBOL if code in _SYMBOL_CODES else None


def sentence(what: str, verdict: Verdict) -> str:
    """Return what happened for the user: our advice or KIS's own words first, then which call and code."""
    words = verdict.message[:200]
    advice = _ADVICE.get(verdict.code)
    said: str = words
    if advice is not None:
        said = Sentence('{advice} KIS: "{words}"', advice=advice, words=words) if words else advice
    elif not words:
        said = Sentence("응답을 이해할 수 없습니다.")
    return Sentence("{said} ({what}, {code})", what=what, said=said, code=verdict.code)


def query_error(what: str, verdict: Verdict) -> TerminalError:
    """Return the error of a query that was not answered."""
    text = sentence(what, verdict)
    match verdict.next:
        case Next.PACE:
            return RateLimited(text)
        case Next.WAIT | Next.WAIT_TOKEN | Next.RESTART:
            return BrokerUnreachable(text)
        case Next.RENEW | Next.ACCESS:
            return AccessRefused(text)
        case Next.SYMBOL:
            return UnknownSymbol(text)
        case Next.UNREADABLE if verdict.code.startswith("HTTP 5"):
            return BrokerUnreachable(text)
        case Next.UNREADABLE:
            return BrokerAnswerError(text)
        case _:
            return CorrectionNeeded(text)


def order_error(what: str, verdict: Verdict) -> TerminalError:
    """Return the error of an order, amendment or cancellation that was not accepted.

    A token refused at the gateway is a definite refusal: nothing was done, and the order service may send the
    same order once more.
    """
    text = sentence(what, verdict)
    match verdict.next:
        case Next.PACE:
            return RateLimited(text)
        case Next.RENEW:
            return TurnedAway(text, code=verdict.code)
        case Next.CORRECT if _is_closed(verdict):
            return MarketClosed(text, code=verdict.code)
        case Next.ACCESS | Next.CORRECT | Next.SYMBOL | Next.WAIT_TOKEN:
            return OrderRefused(text, code=verdict.code)
        case _:
            return OutcomeUnknown(
                Sentence(
                    "{said} 주문이 접수되었는지 알 수 없습니다. 주문내역을 조회해 확인합니다.", said=text
                )
            )


def _is_closed(verdict: Verdict) -> bool:
    return verdict.code in _CLOSED_CODES and _CLOSED_TEXT.search(verdict.message) is not None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return plain(str(value).strip()) if value is not None else ""
