"""Answer the calls about names abroad as they stand: price, details, book, last trades.

Differences are written without their sign, rates with it, as in KIS's printed answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from kis_terminal.adapters.simulator.abroad.listings import (
    OverseasListing,
    find_level,
    find_share,
)
from kis_terminal.adapters.simulator.abroad.market import OverseasQuote
from kis_terminal.adapters.simulator.abroad.venues import US_CODES
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    quote_answer,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_text

_TRADE_ROWS = 30
_LEVELS = 10

_PRICE = """\
rsym zdiv base pvol last sign diff rate tvol tamt ordy
"""
_DETAIL = """\
rsym pvol open high low last base tomv pamt uplp dnlp h52p h52d l52p l52d perx pbrx epsx bpsx shar mcap
curr zdiv vnit t_xprc t_xdif t_xrat p_xprc p_xdif p_xrat t_rate p_rate t_xsgn p_xsng e_ordyn e_hogau
e_icod e_parp tvol tamt etyp_nm
"""
_BOOK_HEAD = """\
rsym zdiv curr base open high low last dymd dhms bvol avol bdvl advl code ropen rhigh rlow rclose
"""
_BOOK = """\
pbid1 pask1 vbid1 vask1 dbid1 dask1 pbid2 pask2 vbid2 vask2 dbid2 dask2 pbid3 pask3 vbid3 vask3 dbid3
dask3 pbid4 pask4 vbid4 vask4 dbid4 dask4 pbid5 pask5 vbid5 vask5 dbid5 dask5 pbid6 pask6 vbid6 vask6
dbid6 dask6 pbid7 pask7 vbid7 vask7 dbid7 dask7 pbid8 pask8 vbid8 vask8 dbid8 dask8 pbid9 pask9 vbid9
vask9 dbid9 dask9 pbid10 pask10 vbid10 vask10 dbid10 dask10
"""
_BOOK_TAIL = """\
vstm vetm csbp cshi cslo iep iev
"""
_TRADES_HEAD = """\
rsym ZDIV NREC
"""
_TRADES = """\
khms last sign diff rate evol tvol mtyp pbid pask vpow
"""


def price(call: Call) -> Answer:
    """Answer HHDFS00000300, the last price."""
    found = quote_of(call)
    values = {
        **price_columns(found),
        "base": found.listing.text(found.bar.previous),
        "pvol": str(found.before.volume),
        "ordy": "매수가능" if found.is_open else "매도불가",
    }
    return quote_answer(output=arrange(_PRICE, values))


def price_detail(call: Call) -> Answer:
    """Answer HHDFS76200200: price, company, 52 weeks, and the same in won."""
    found = quote_of(call)
    listing, bar = found.listing, found.bar
    market = call.venue.reference.overseas
    year = market.bars(listing, "D", bar.day, 250, call.now)
    high, low = max(year, key=lambda one: one.high), min(year, key=lambda one: one.low)
    earnings, book = company_of(call, listing)
    last = bar.close * listing.tick
    won, won_before = _won(call, listing)
    today, before = last * won, bar.previous * listing.tick * won_before
    values = {
        **price_columns(found),
        **_range_columns(found),
        "base": listing.text(bar.previous),
        "pvol": str(found.before.volume),
        "pamt": str(found.before.amount),
        "curr": listing.venue.currency,
        "vnit": str(listing.venue.lot),
        "uplp": listing.text(0),
        "dnlp": listing.text(0),
        "h52p": listing.text(high.high),
        "h52d": day_text(high.day),
        "l52p": listing.text(low.low),
        "l52d": day_text(low.day),
        "perx": f"{last / earnings:.2f}",
        "pbrx": f"{last / book:.2f}",
        "epsx": f"{earnings:.2f}",
        "bpsx": f"{book:.2f}",
        "shar": str(listing.shares),
        "mcap": "0",
        "tomv": str(int(listing.shares * last)),
        "t_xprc": f"{today:.0f}",
        "t_xdif": f"{abs(today - before):.0f}",
        "t_xrat": rate_text(100 * (today - before) / before),
        "t_xsgn": sign_code(today - before),
        "p_xprc": f"{before:.0f}",
        "p_xdif": "0",
        "p_xrat": rate_text(0.0),
        "p_xsng": "3",
        "t_rate": f"{won:.2f}",
        "p_rate": f"{won_before:.2f}",
        "e_ordyn": "매매 가능",
        "e_hogau": listing.text(1),
        "e_icod": listing.sector,
        "e_parp": listing.text(0),
        "etyp_nm": "ETF" if listing.kind == "etf" else "",
    }
    return quote_answer(output=arrange(_DETAIL, values))


def inquire_asking_price(call: Call) -> Answer:
    """Answer HHDFS76200100: ten levels a side for the US, one elsewhere, as KIS shows them."""
    found = quote_of(call)
    listing, bar = found.listing, found.bar
    depth = _LEVELS if listing.venue.code in US_CODES else 1
    levels: dict[str, str] = {}
    for place in range(_LEVELS):
        for side, rows in (("bid", found.bids), ("ask", found.asks)):
            at, size = rows[place] if place < depth else (0, 0)
            levels |= {
                f"p{side}{place + 1}": listing.text(at),
                f"v{side}{place + 1}": str(size),
                f"d{side}{place + 1}": "0",
            }
    head = {
        **price_columns(found),
        **_range_columns(found),
        "curr": listing.venue.currency,
        "base": listing.text(bar.previous),
        "dymd": day_text(found.time.date()),
        "dhms": clock_text(found.time),
        "bvol": str(sum(size for _, size in found.bids[:depth])),
        "avol": str(sum(size for _, size in found.asks[:depth])),
        "bdvl": "0",
        "advl": "0",
        "code": listing.symbol,
        "ropen": rate_text(_rate(bar.open, bar.previous)),
        "rhigh": rate_text(_rate(bar.high, bar.previous)),
        "rlow": rate_text(_rate(bar.low, bar.previous)),
        "rclose": rate_text(found.rate),
    }
    return quote_answer(
        output1=arrange(_BOOK_HEAD, head), output2=arrange(_BOOK, levels), output3=arrange(_BOOK_TAIL, {})
    )


def inquire_ccnl(call: Call) -> Answer:
    """Answer HHDFS76200300: the last thirty changes of price, newest first."""
    found = quote_of(call)
    listing = found.listing
    rows = []
    for when, at, volume, total in call.venue.reference.overseas.steps(listing, _TRADE_ROWS, call.now):
        change = at - found.bar.previous
        values = {
            "khms": clock_text(when.astimezone(call.now.tzinfo)),
            "last": listing.text(at),
            "sign": sign_code(change),
            "diff": listing.text(abs(change)),
            "rate": rate_text(_rate(at, found.bar.previous)),
            "evol": str(volume),
            "tvol": str(total),
            "mtyp": "1",
            "pbid": listing.text(at - 1),
            "pask": listing.text(at + 1),
            "vpow": f"{100 * found.bought / found.sold if found.sold else 100:.2f}",
        }
        rows.append(arrange(_TRADES, values))
    head = {"rsym": realtime_code(listing), "ZDIV": str(listing.places), "NREC": str(len(rows))}
    return quote_answer(output1=arrange(_TRADES_HEAD, head), output2=rows)


def quote_of(call: Call) -> OverseasQuote:
    """Return the name that EXCD and SYMB mean, now; raises KIS's answer where there is none."""
    listing = find_share(call.text("EXCD"), call.text("SYMB").upper())
    if listing is None:
        raise unknown_symbol()
    return call.venue.reference.overseas.quote(listing, call.now)


def realtime_code(listing: OverseasListing) -> str:
    """Return the key of the streams: D, the market, the symbol."""
    return f"D{listing.venue.code}{listing.symbol}"


def price_columns(found: OverseasQuote) -> dict[str, str]:
    """Return the columns that most answers share."""
    listing, bar = found.listing, found.bar
    return {
        "rsym": realtime_code(listing),
        "zdiv": str(listing.places),
        "last": listing.text(bar.close),
        "sign": sign_code(found.change),
        "diff": listing.text(abs(found.change)),
        "rate": rate_text(found.rate),
        "tvol": str(bar.volume),
        "tamt": str(bar.amount),
    }


def rate_text(value: float) -> str:
    """Write a rate as KIS does abroad: +1.23, -1.23 and a blank in front of 0.00."""
    text = f"{value:+.2f}"
    return " 0.00" if text in ("+0.00", "-0.00") else text


def company_of(call: Call, listing: OverseasListing) -> tuple[float, float]:
    """Return earnings and book value of a share, made up once for all."""
    rng = random.Random(seed_for(call.venue.exchange.seed, listing.key, "company"))
    return listing.price / rng.uniform(9, 45), listing.price / rng.uniform(1.2, 14)


def _range_columns(found: OverseasQuote) -> dict[str, str]:
    text: Callable[[float], str] = found.listing.text
    return {"open": text(found.bar.open), "high": text(found.bar.high), "low": text(found.bar.low)}


def _won(call: Call, listing: OverseasListing) -> tuple[float, float]:
    """Return the won of one unit of the name's currency, now and at the close before."""
    market = call.venue.reference.overseas
    dollar = find_level("FX@KRW")
    assert dollar is not None  # noqa: S101  it is in the table
    quote = market.quote(dollar, call.now)
    parts = {"USD": 1.0, "HKD": 1 / 7.78, "JPY": 1 / 155.4, "CNY": 1 / 7.114, "VND": 1 / 26_300}
    part = parts.get(listing.venue.currency, 1.0)
    return quote.bar.close * dollar.tick * part, quote.bar.previous * dollar.tick * part


def _rate(at: int, previous: int) -> float:
    return 100.0 * (at - previous) / previous
