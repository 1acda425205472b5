"""Which ORD_DVSN each venue takes in each phase, and where such an order then stands (PROTOCOL.md 5.2)."""

from __future__ import annotations

from typing import Literal

from kis_terminal.adapters.simulator.model import Refused
from kis_terminal.adapters.simulator.rules.trading_day import Stage

Place = Literal["regular", "extended", "fixed", "paused"]
"""KRX's regular book, the continuous book outside its hours (NXT, KRX after-market), the queue at one price
(05, 06), or nowhere: waiting for its venue to open again."""

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
    "27": "GTP 지정가",
    "28": "GTP 최유리지정가",
    "29": "GTP 최우선지정가",
    "41": "애프터마켓 지정가",
    "42": "애프터마켓 지정가 IOC",
    "43": "애프터마켓 지정가 FOK",
    "44": "애프터마켓 최유리",
    "45": "애프터마켓 최유리 IOC",
    "46": "애프터마켓 최유리 FOK",
    "47": "애프터마켓 최우선",
}
_PLAIN = {
    "27": "00",
    "28": "03",
    "29": "04",
    "41": "00",
    "42": "11",
    "43": "12",
    "44": "03",
    "45": "15",
    "46": "16",
    "47": "04",
}
GOOD_TILL_PRE_MARKET = frozenset({"27", "28", "29"})
AFTER_MARKET = frozenset({"41", "42", "43", "44", "45", "46", "47"})
_MIDDLE_OR_STOP = frozenset({"21", "22", "23", "24"})
_IMMEDIATE = frozenset({"11", "12", "13", "14", "15", "16"})
_KRX = frozenset({"00", "01", "02", "03", "04"}) | _IMMEDIATE | _MIDDLE_OR_STOP
_NXT = frozenset({"00", "03", "04"}) | _IMMEDIATE | _MIDDLE_OR_STOP
_SOR = frozenset({"00", "01", "03", "04"}) | _IMMEDIATE
AUCTION_KINDS = frozenset({"00", "01"})
"""What a single-price auction takes."""


def plain_kind(kind: str) -> str:
    """Return the regular kind that an extended-hours kind works like."""
    return _PLAIN.get(kind, kind)


def route(kind: str, venue: str, stage: Stage, listing_kind: str) -> Place | Refused:
    """Return where an order of `kind` stands if taken now at `venue`, or why it is not taken."""
    if venue == "KRX":
        return _route_krx(kind, stage, listing_kind)
    if venue == "SOR":
        return _route_sor(kind, stage, listing_kind)
    if venue == "NXT":
        return _route_nxt(kind, stage, listing_kind)
    return _closed_venue(venue)


def refuse_in_auction(kind: str) -> Refused | None:
    """Return why `kind` may not enter a single-price auction, None when it may."""
    if kind in AUCTION_KINDS:
        return None
    return Refused(
        "APBK0918", f"단일가매매 시간에는 지정가와 시장가만 주문할 수 있습니다. ({KIND_NAMES[kind]} 불가)"
    )


def _route_krx(kind: str, stage: Stage, listing_kind: str) -> Place | Refused:
    if kind in GOOD_TILL_PRE_MARKET:
        return Refused("APBK0918", "NXT 프리마켓 전용 주문구분입니다. KRX에서는 사용할 수 없습니다.")
    if kind in AFTER_MARKET:
        if stage.krx != "after_market":
            return _outside("KRX 애프터마켓", "16:00~20:00")
        if listing_kind == "etf":
            return Refused("APBK0918", "ETF·ETN은 KRX 애프터마켓에서 거래할 수 없습니다.")
        return "extended"
    if kind == "07":
        return Refused("APBK0918", "시간외 단일가 매매는 2026년 9월 11일로 폐지되었습니다.")
    if kind == "05":
        return "fixed" if stage.fixed == kind else _outside("장전 시간외 종가", "08:30~08:40")
    if kind == "06":
        return "fixed" if stage.fixed == kind else _outside("장후 시간외 종가", "15:30~16:00")
    if kind not in _KRX:
        return _unknown(kind)
    if stage.krx == "continuous":
        return "regular"
    if stage.krx in ("opening", "closing"):
        return refuse_in_auction(kind) or "regular"
    if stage.krx == "after_market":
        return Refused("APBK0918", "정규장이 끝났습니다. KRX 애프터마켓에는 주문구분 41~47로 주문하십시오.")
    return Refused("APBK0918", "장운영시간이 아닙니다. 정규장(09:00~15:20)에 주문하십시오.")


def _route_nxt(kind: str, stage: Stage, listing_kind: str) -> Place | Refused:
    if stage.nxt == "closed":
        return _closed_venue("NXT")
    if listing_kind == "etf":
        return Refused("APBK0919", "NXT에서 거래되지 않는 종목입니다. KRX로 주문하십시오.")
    if stage.nxt == "break":
        return Refused("APBK0918", "NXT 휴장 시간입니다. 호가를 받지 않습니다.")
    if kind in GOOD_TILL_PRE_MARKET:
        return "extended" if stage.nxt == "pre" else _outside("NXT 프리마켓", "08:00~08:50")
    if kind not in KIND_NAMES:
        return _unknown(kind)
    if kind not in _NXT:
        return Refused("APBK0507", f"NXT 주문에는 {KIND_NAMES[kind]}를 사용할 수 없습니다.")
    return "regular" if stage.nxt == "main" else "extended"


def _route_sor(kind: str, stage: Stage, listing_kind: str) -> Place | Refused:
    """Send to KRX while it trades or collects orders, else to NXT."""
    if kind in GOOD_TILL_PRE_MARKET or kind in AFTER_MARKET or kind == "07" or kind not in KIND_NAMES:
        return _route_krx(kind, stage, listing_kind) if kind not in AFTER_MARKET else _not_for_sor(kind)
    if kind not in _SOR:
        return _not_for_sor(kind)
    if stage.krx == "continuous" or stage.krx == "closing" or stage.nxt == "closed":
        return _route_krx(kind, stage, listing_kind)
    if stage.krx == "opening" and (stage.nxt != "pre" or kind == "01" or listing_kind == "etf"):
        return _route_krx(kind, stage, listing_kind)
    return _route_nxt(kind, stage, listing_kind)


def _closed_venue(venue: str) -> Refused:
    return Refused(
        "APBK0919", f"거래소 구분[{venue}]에서는 지금 주문할 수 없습니다. KRX 또는 SOR로 주문하십시오."
    )


def _unknown(kind: str) -> Refused:
    return Refused("APBK0507", f"주문구분[{kind}]을 확인하여 주십시오.")


def _not_for_sor(kind: str) -> Refused:
    return Refused("APBK0507", f"SOR 주문에는 {KIND_NAMES[kind]}를 사용할 수 없습니다.")


def _outside(name: str, hours: str) -> Refused:
    return Refused("APBK0918", f"{name} 주문시간({hours})이 아닙니다.")
