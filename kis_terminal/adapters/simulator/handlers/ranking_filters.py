"""Choose the names of a ranking: market, class, price, volume and what is to be left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kis_terminal.adapters.simulator.model import Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.index_rules import INDICES
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import input_refusal

Pair = tuple[Listing, QuoteSnapshot]

# Places in FID_TRGT_EXLS_CLS_CODE that can matter here: nothing is under administration or being wound up.
_PREFERRED_PLACE, _HALTED_PLACE, _ETF_PLACE = 4, 5, 6
_MARKETS = frozenset({"", "J", "NX", "UN", "V", "W"})


def is_preferred(listing: Listing) -> bool:
    """Say whether `listing` is a preferred share."""
    return listing.kind == "stock" and not listing.symbol.endswith("0")


def listings_of(call: Call, code: str) -> Sequence[Listing]:
    """Return the names of 0000 (all), 0001, 1001, 2001 or a sector index; all where the code is unknown."""
    listings = call.venue.exchange.listings()
    if code in ("0001", "1001"):
        market = "KOSPI" if code == "0001" else "KOSDAQ"
        return [listing for listing in listings if listing.market == market]
    rule = INDICES.get(code)
    return [listing for listing in listings if rule.holds(listing)] if rule is not None else listings


def chosen(call: Call, *, stocks_only: bool = False) -> list[Pair]:
    """Return names with their quotes that the call's parameters let through."""
    if call.text("FID_COND_MRKT_DIV_CODE") not in _MARKETS:
        raise input_refusal("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE")
    exchange = call.venue.exchange
    lowest = _number(call, "FID_INPUT_PRICE_1", "FID_APLY_RANG_PRC_1")
    highest = _number(call, "FID_INPUT_PRICE_2", "FID_APLY_RANG_PRC_2")
    volume = _number(call, "FID_VOL_CNT", "FID_APLY_RANG_VOL")
    kind = call.text("FID_DIV_CLS_CODE")
    left_out = call.text("FID_TRGT_EXLS_CLS_CODE")
    pairs = []
    for listing in listings_of(call, call.text("FID_INPUT_ISCD")):
        if stocks_only and listing.kind != "stock":
            continue
        if kind in ("1", "2") and is_preferred(listing) != (kind == "2"):
            continue
        quote = exchange.quote(listing.symbol)
        if (
            _is_left_out(left_out, listing, quote)
            or quote.last < lowest
            or (highest and quote.last > highest)
        ):
            continue
        if quote.volume >= volume:
            pairs.append((listing, quote))
    return pairs


def ranked(pairs: Sequence[Pair], key: Callable[[Pair], float], *, descending: bool = True) -> list[Pair]:
    """Return the thirty first of `pairs`; equal ones keep the order of the list."""
    return sorted(pairs, key=key, reverse=descending)[:30]


def decimal(call: Call, name: str) -> float | None:
    """Return a parameter that may have a sign and places, None where it is blank."""
    text = call.text(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise input_refusal("OPSQ2002", f"ERROR : INPUT INVALID_CHECK_FIELD_LENGTH [{name}]") from None
    if value != value or abs(value) > 1e18:  # NaN and infinity are no numbers here
        raise input_refusal("OPSQ2002", f"ERROR : INPUT INVALID_CHECK_FIELD_LENGTH [{name}]")
    return value


def _number(call: Call, *names: str) -> float:
    for name in names:
        value = decimal(call, name)
        if value:
            return value
    return 0.0


def _is_left_out(mask: str, listing: Listing, quote: QuoteSnapshot) -> bool:
    def masks(place: int) -> bool:
        return len(mask) > place and mask[place] == "1"

    return (
        (masks(_PREFERRED_PLACE) and is_preferred(listing))
        or (masks(_HALTED_PLACE) and quote.is_halted)
        or (masks(_ETF_PLACE) and listing.kind == "etf")
    )
