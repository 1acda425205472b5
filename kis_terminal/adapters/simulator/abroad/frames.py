"""Build the records of the streams about names abroad; differences without sign, rates with it."""

from __future__ import annotations

from kis_terminal.adapters.simulator.abroad.market import OverseasQuote
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.wire.columns import sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_text, ratio

_US_LEVELS, _ASIA_LEVELS = 10, 1


def overseas_trade_record(found: OverseasQuote, key: str) -> str:
    """Return one record of HDFSCNT0; `key` is what the client registered."""
    listing, bar = found.listing, found.bar
    fields = (
        key,
        listing.symbol,
        str(listing.places),
        day_text(bar.day),
        *_times(found),
        listing.text(bar.open),
        listing.text(bar.high),
        listing.text(bar.low),
        listing.text(bar.close),
        sign_code(found.change),
        listing.text(abs(found.change)),
        signed(found.rate),
        listing.text(found.bids[0][0]),
        listing.text(found.asks[0][0]),
        str(found.bids[0][1]),
        str(found.asks[0][1]),
        str(found.last_volume),
        str(bar.volume),
        str(bar.amount),
        str(found.sold),
        str(found.bought),
        signed(ratio(found.bought, found.sold)),
        "1" if found.is_open else "3",
    )
    return "^".join(fields)


def us_book_record(found: OverseasQuote, key: str) -> str:
    """Return one record of HDFSASP0, ten levels (71 columns, as live frames have them)."""
    return _book(found, key, _US_LEVELS)


def asia_book_record(found: OverseasQuote, key: str) -> str:
    """Return one record of HDFSASP1, one level."""
    return _book(found, key, _ASIA_LEVELS)


def _book(found: OverseasQuote, key: str, depth: int) -> str:
    listing = found.listing
    bids, asks = found.bids[:depth], found.asks[:depth]
    fields = [
        key,
        listing.symbol,
        str(listing.places),
        *_times(found),
        str(sum(size for _, size in bids)),
        str(sum(size for _, size in asks)),
        "0",
        "0",
    ]
    for (bid, bid_size), (ask, ask_size) in zip(bids, asks, strict=True):
        fields += [listing.text(bid), listing.text(ask), str(bid_size), str(ask_size), "0", "0"]
    return "^".join(fields)


def _times(found: OverseasQuote) -> tuple[str, str, str, str]:
    here = found.time.astimezone(SEOUL)
    return day_text(found.time.date()), clock_text(found.time), day_text(here.date()), clock_text(here)
