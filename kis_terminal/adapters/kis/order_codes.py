"""Codes of orders on the wire and our words for them.

Source: KIS workbook 2026-06-03 (ORD_DVSN 00-24) and KIS notice of 2026-09-09 (27-29, 41-47).
"""

from __future__ import annotations

from kis_terminal.domain.orders import OrderKind, Side, Venue

KIND_CODES: dict[OrderKind, str] = {
    OrderKind.LIMIT: "00",
    OrderKind.MARKET: "01",
    OrderKind.CONDITIONAL: "02",
    OrderKind.BEST: "03",
    OrderKind.PRIORITY: "04",
    OrderKind.PRE_OPEN: "05",
    OrderKind.AFTER_CLOSE: "06",
    OrderKind.LIMIT_IOC: "11",
    OrderKind.LIMIT_FOK: "12",
    OrderKind.MARKET_IOC: "13",
    OrderKind.MARKET_FOK: "14",
    OrderKind.BEST_IOC: "15",
    OrderKind.BEST_FOK: "16",
    OrderKind.MID: "21",
    OrderKind.STOP_LIMIT: "22",
    OrderKind.MID_IOC: "23",
    OrderKind.MID_FOK: "24",
}
_KINDS = {code: kind for kind, code in KIND_CODES.items()} | {
    # Sent elsewhere for one session only; to us they are the kind they act as.
    "07": OrderKind.LIMIT,
    "27": OrderKind.LIMIT,
    "28": OrderKind.BEST,
    "29": OrderKind.PRIORITY,
    "41": OrderKind.LIMIT,
    "42": OrderKind.LIMIT_IOC,
    "43": OrderKind.LIMIT_FOK,
    "44": OrderKind.BEST,
    "45": OrderKind.BEST_IOC,
    "46": OrderKind.BEST_FOK,
    "47": OrderKind.PRIORITY,
}
SIDES = {"01": Side.SELL, "02": Side.BUY}
SIDE_SELECTORS = {Side.SELL: "sell", Side.BUY: "buy"}


def kind_of(code: str, *, has_price: bool) -> OrderKind:
    """Return our kind for a wire code; one that is not known acts as its price says."""
    known = _KINDS.get(code)
    if known is not None:
        return known
    return OrderKind.LIMIT if has_price else OrderKind.MARKET


def venue_of(code: str) -> Venue:
    """Return the venue of EXCG_ID_DVSN_CD; blank means KRX."""
    return Venue(code) if code in Venue.__members__ else Venue.KRX


def is_order_number(text: str) -> bool:
    """Tell whether a text can be an order's number: zeros stand for none, a broken field is none either."""
    return text.isascii() and text.isalnum() and bool(text.strip("0"))
