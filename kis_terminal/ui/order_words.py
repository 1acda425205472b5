"""What orders are called: sides, kinds, states, as in a domestic HTS."""

from __future__ import annotations

from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, PendingChange, Side
from kis_terminal.services.panic import PanicOutcome
from kis_terminal.ui.translation import tr

_SIDES = {Side.BUY: "매수", Side.SELL: "매도"}
_KINDS = {
    OrderKind.LIMIT: "지정가",
    OrderKind.MARKET: "시장가",
    OrderKind.CONDITIONAL: "조건부지정가",
    OrderKind.BEST: "최유리지정가",
    OrderKind.PRIORITY: "최우선지정가",
    OrderKind.PRE_OPEN: "장전 시간외",
    OrderKind.AFTER_CLOSE: "장후 시간외",
    OrderKind.LIMIT_IOC: "지정가 IOC",
    OrderKind.LIMIT_FOK: "지정가 FOK",
    OrderKind.MARKET_IOC: "시장가 IOC",
    OrderKind.MARKET_FOK: "시장가 FOK",
    OrderKind.BEST_IOC: "최유리 IOC",
    OrderKind.BEST_FOK: "최유리 FOK",
    OrderKind.MID: "중간가",
    OrderKind.STOP_LIMIT: "스톱지정가",
    OrderKind.MID_IOC: "중간가 IOC",
    OrderKind.MID_FOK: "중간가 FOK",
}
_STATUSES = {
    OrderStatus.CREATED: "기록",
    OrderStatus.SENT: "전송",
    OrderStatus.ACCEPTED: "접수",
    OrderStatus.PARTLY_FILLED: "일부체결",
    OrderStatus.FILLED: "체결",
    OrderStatus.CANCELLED: "취소",
    OrderStatus.REJECTED: "거부",
    OrderStatus.EXPIRED: "장마감",
    OrderStatus.UNKNOWN: "확인 중",
}
_PENDING = {PendingChange.AMEND: "정정 중", PendingChange.CANCEL: "취소 중"}
_ORIGINS = {
    Origin.ORDER_ENTRY: "주문창",
    Origin.LADDER: "호가창",
    Origin.CHART: "차트",
    Origin.STRATEGY: "전략",
    Origin.COMMAND_LINE: "명령줄",
    Origin.ASSISTANT: "AI",
    Origin.PANIC: "전체취소",
    Origin.ELSEWHERE: "다른 프로그램",
}


_OUTCOMES = {
    PanicOutcome.CANCELLED: "취소",
    PanicOutcome.FILLED: "체결",
    PanicOutcome.NEVER_OPEN: "거부",
    PanicOutcome.FAILED: "실패",
    PanicOutcome.STILL_OPEN: "미확인",
}


def side_word(side: Side) -> str:
    """Return 매수 or 매도."""
    return tr(_SIDES[side])


def kind_word(kind: OrderKind) -> str:
    """Return the name of an order kind."""
    return tr(_KINDS[kind])


def status_word(status: OrderStatus, pending: PendingChange = PendingChange.NONE) -> str:
    """Return the name of a state; a change that is under way comes first."""
    word = _PENDING.get(pending)
    return tr(word) if word is not None and not status.is_done else tr(_STATUSES[status])


def origin_word(origin: Origin) -> str:
    """Return who asked, in words."""
    return tr(_ORIGINS[origin])


def outcome_word(outcome: PanicOutcome) -> str:
    """Return what became of an order that was to be cancelled."""
    return tr(_OUTCOMES[outcome])
