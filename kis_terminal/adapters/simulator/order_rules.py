"""Which orders the exchange takes: kinds, phases, prices. Refusals carry KIS's code and a Korean sentence."""

from __future__ import annotations

from typing import Literal

from kis_terminal.adapters.simulator.model import Refused, Side
from kis_terminal.adapters.simulator.tick_rules import is_on_tick, tick_size

KIND_NAMES = {
    "00": "지정가",
    "01": "시장가",
    "02": "조건부지정가",
    "03": "최유리지정가",
    "04": "최우선지정가",
    "05": "장전 시간외",
    "06": "장후 시간외",
    "07": "시간외 단일가",
    "11": "지정가 IOC",
    "12": "지정가 FOK",
    "13": "시장가 IOC",
    "14": "시장가 FOK",
    "15": "최유리 IOC",
    "16": "최유리 FOK",
    "21": "중간가",
    "22": "스톱지정가",
    "23": "중간가 IOC",
    "24": "중간가 FOK",
}
_CONTINUOUS = frozenset(KIND_NAMES) - {"05", "06", "07"}
_PRE_MARKET_NXT = frozenset({"27", "28", "29"})
_AFTER_MARKET = frozenset({"41", "42", "43", "44", "45", "46", "47"})
PRICED = frozenset({"00", "02", "11", "12", "22"})
"""Kinds whose price the customer gives; the others reserve at the upper limit."""
MARKET = frozenset({"01", "13", "14"})
BEST = frozenset({"03", "15", "16"})
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
    if kind in ("11", "13", "15", "23"):
        return "1"
    return "2" if kind in ("12", "14", "16", "24") else "0"


def refuse_kind(kind: str, phase: str, venue: str) -> Refused | None:
    """Return why `kind` is not taken now at `venue`, None when it is."""
    if venue not in ("KRX", "SOR"):
        return Refused(
            "APBK0919", f"거래소 구분[{venue}]에서는 지금 주문할 수 없습니다. KRX 또는 SOR로 주문하십시오."
        )
    if kind in _PRE_MARKET_NXT:
        return Refused("APBK0918", "NXT 프리마켓 전용 주문구분입니다. KRX에서는 사용할 수 없습니다.")
    if kind in _AFTER_MARKET:
        return _outside("KRX 애프터마켓", "16:00~20:00")
    if kind not in KIND_NAMES:
        return Refused("APBK0507", f"주문구분[{kind}]을 확인하여 주십시오.")
    if kind == "07":
        return Refused("APBK0918", "시간외 단일가 매매는 2026년 9월 11일로 폐지되었습니다.")
    if venue == "SOR" and kind in ("02", "05", "06", "21", "22", "23", "24"):
        return Refused("APBK0507", f"SOR 주문에는 {KIND_NAMES[kind]}를 사용할 수 없습니다.")
    if kind == "05":
        return _outside("장전 시간외 종가", "08:30~08:40")
    if kind == "06":
        return _outside("장후 시간외 종가", "15:30~16:00")
    if phase != "continuous":
        return Refused("APBK0918", "장운영시간이 아닙니다. 정규장(09:00~15:20)에 주문하십시오.")
    return None if kind in _CONTINUOUS else Refused("APBK0507", f"주문구분[{kind}]을 확인하여 주십시오.")


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


def _outside(name: str, hours: str) -> Refused:
    return Refused("APBK0918", f"{name} 주문시간({hours})이 아닙니다.")
