"""What limits, verdicts and trading states are called."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from PySide6.QtGui import QColor

from kis_terminal.domain.risk import RiskCheck, RiskLimits
from kis_terminal.services.risk_settings import text_of
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class LimitWords(NamedTuple):
    """A limit's name, its unit, and what it does, in one line each."""

    title: str
    unit: str
    sense: str


LIMITS: dict[str, LimitWords] = {
    "max_quantity": LimitWords("주문 수량", "주", "한 주문의 수량이 이보다 많으면 거부합니다."),
    "max_order_value": LimitWords("주문금액", "원", "한 주문의 금액. 시장가는 상한가로 셉니다."),
    "soft_order_value": LimitWords("큰 주문", "원", "이 금액을 넘는 주문은 보내기 전에 묻습니다."),
    "price_collar_percent": LimitWords("가격 범위", "%", "현재가에서 이보다 먼 가격은 거부합니다."),
    "soft_collar_percent": LimitWords("먼 가격", "%", "현재가에서 이보다 먼 가격은 먼저 묻습니다."),
    "soft_collar_ticks": LimitWords("먼 호가", "호가", "현재가에서 이보다 먼 호가는 먼저 묻습니다."),
    "max_price_age": LimitWords("시세 나이", "초", "시세가 이보다 오래되었으면 먼저 묻습니다."),
    "max_position_value": LimitWords(
        "종목 보유금액", "원", "한 종목이 이 금액을 넘게 되는 매수는 거부합니다."
    ),
    "max_positions": LimitWords("보유 종목 수", "종목", "새 종목이 이 수를 넘게 하면 거부합니다."),
    "soft_concentration_percent": LimitWords("한 종목 비중", "%", "자산의 이 비중을 넘으면 먼저 묻습니다."),
    "max_daily_loss": LimitWords("하루 손실", "원", "평가손익과 비용까지 센 손실. 닿으면 줄이기만 됩니다."),
    "max_orders_a_day": LimitWords("하루 주문 수", "건", "정정을 포함하고 취소는 세지 않습니다."),
    "duplicate_seconds": LimitWords("중복 간격", "초", "같은 주문을 이 안에 다시 내면 거부합니다."),
    "orders_per_second": LimitWords("주문 속도", "건/초", "모든 출처를 더해 셉니다. 취소는 세지 않습니다."),
    "denied_symbols": LimitWords("매수 금지", "종목", "매수를 막을 종목코드를 띄어 씁니다."),
    "allowed_symbols": LimitWords("매수 허용", "종목", "적으면 이 종목만 살 수 있습니다. 비우면 모두."),
}


def limit_text(limits: RiskLimits, name: str) -> str:
    """Return a limit as it stands in its field: digits in groups, symbols between spaces."""
    value = getattr(limits, name)
    return text_of(limits, name) if isinstance(value, frozenset) else f"{Decimal(text_of(limits, name)):,f}"


def limit_with_unit(limits: RiskLimits, name: str) -> str:
    """Return a limit for reading, e.g. 100,000주."""
    text = limit_text(limits, name)
    if isinstance(getattr(limits, name), frozenset):
        return text or tr("없음")
    return f"{text}{tr(LIMITS[name].unit, context='unit')}"


def verdict_word(check: RiskCheck) -> str:
    """Return what a rule says: passed, to be confirmed, refused, confirmed."""
    if check.is_waived:
        return tr("확인함")
    if check.passed:
        return tr("통과")
    return tr("확인 필요") if check.is_soft else tr("거부", context="verdict")


def verdict_colour(check: RiskCheck, theme: Theme) -> QColor:
    """Return the colour of a rule's verdict."""
    colours = theme.colours
    if check.is_waived:
        return colours.accent
    if check.passed:
        return colours.ok
    return colours.warn if check.is_soft else colours.danger
