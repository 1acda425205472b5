"""Which orders the exchange takes: kinds and prices. Refusals carry KIS's code and a Korean sentence.

Venues and phases are in `order_routing`.
"""

from __future__ import annotations

from typing import Literal

from kis_terminal.adapters.simulator.model import Refused, Side
from kis_terminal.adapters.simulator.rules.order_routing import plain_kind
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick, tick_size

PRICED = frozenset({"00", "02", "11", "12", "22", "27", "41", "42", "43"})
"""Kinds whose price the customer gives; the others reserve at the upper limit."""
MARKET = frozenset({"01", "13", "14"})
BEST = frozenset({"03", "15", "16", "28", "44", "45", "46"})
PRIORITY = frozenset({"04", "29", "47"})
FIXED = frozenset({"05", "06"})
"""Kinds that trade at one price only: the last close, today's close."""
MIDDLE = frozenset({"21", "23", "24"})

UNKNOWN_SYMBOL = Refused("APBK0656", "해당종목정보가 없습니다.")
NO_ORIGINAL = Refused("APBK0344", "정정취소할 원주문번호가 존재하지 않습니다.")
NOTHING_LEFT = Refused("APBK0345", "정정취소 가능수량이 없습니다. 이미 체결되었거나 취소된 주문입니다.")
TOO_MANY = Refused("APBK0346", "정정취소 수량이 가능수량을 초과했습니다.")
NO_CASH = Refused("APBK0952", "주문가능금액을 초과 했습니다")
NO_SHARES = Refused("APBK0400", "주문 가능한 수량을 초과했습니다.")
BAD_QUANTITY = Refused("APBK0506", "주문수량을 확인하여 주십시오. 1주 이상이어야 합니다.")
HALTED = Refused("APBK0911", "거래정지 종목입니다. 주문할 수 없습니다.")


def condition_of(kind: str) -> Literal["0", "1", "2"]:
    """Return 0 none, 1 IOC, 2 FOK."""
    kind = plain_kind(kind)
    if kind in ("11", "13", "15", "23"):
        return "1"
    return "2" if kind in ("12", "14", "16", "24") else "0"


def refuse_price(
    price: int, upper: int, lower: int, listing_kind: str, what: str = "주문단가"
) -> Refused | None:
    """Return why `price` may not be ordered at, None when it may."""
    if price <= 0:
        return Refused("APBK0508", f"{what}를 입력하여 주십시오.")
    if price > upper:
        return Refused("APBK0509", f"{what} {price:,}원이 상한가 {upper:,}원을 초과했습니다.")
    if price < lower:
        return Refused("APBK0510", f"{what} {price:,}원이 하한가 {lower:,}원 미만입니다.")
    if not is_on_tick(price, listing_kind):
        step = tick_size(price, listing_kind)
        return Refused("APBK0511", f"{what} {price:,}원이 호가단위 {step:,}원에 맞지 않습니다.")
    return None


def reservation_price(kind: str, side: Side, price: int, upper: int) -> int:
    """Return the won a share that an open order of `kind` reserves; sells reserve shares instead."""
    if side == "sell":
        return 0
    return price if kind in PRICED else upper
