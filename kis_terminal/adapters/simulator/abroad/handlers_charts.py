"""Answer the charts abroad: days to years of shares, indices and currencies, and minutes."""

from __future__ import annotations

from datetime import date, timedelta

from kis_terminal.adapters.simulator.abroad.handlers_quotes import quote_of, rate_text, realtime_code
from kis_terminal.adapters.simulator.abroad.listings import OverseasListing, find_level
from kis_terminal.adapters.simulator.abroad.market import OverseasBar, OverseasMinute, OverseasQuote
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    input_refusal,
    invalid_field,
    quote_answer,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text

_DAY_ROWS, _MINUTE_ROWS, _INDEX_MINUTES = 100, 120, 102
_MINUTES_BACK = 31
"""Days for which minutes are known."""
_PERIODS = {"0": "D", "1": "W", "2": "M"}

_DAILY_HEAD = """\
rsym zdiv nrec
"""
_DAILY = """\
xymd clos sign diff rate open high low tvol tamt pbid vbid pask vask
"""
_CHART_HEAD = """\
ovrs_nmix_prdy_vrss prdy_vrss_sign prdy_ctrt ovrs_nmix_prdy_clpr acml_vol hts_kor_isnm ovrs_nmix_prpr
stck_shrn_iscd prdy_vol ovrs_prod_oprc ovrs_prod_hgpr ovrs_prod_lwpr
"""
_CHART = """\
stck_bsop_date ovrs_nmix_prpr ovrs_nmix_oprc ovrs_nmix_hgpr ovrs_nmix_lwpr acml_vol mod_yn
"""
_MINUTES_HEAD = """\
rsym zdiv stim etim sktm ektm next more nrec
"""
_MINUTES = """\
tymd xymd xhms kymd khms open high low last evol eamt
"""
_INDEX_HEAD = """\
ovrs_nmix_prdy_vrss prdy_vrss_sign hts_kor_isnm prdy_ctrt ovrs_nmix_prdy_clpr acml_vol ovrs_nmix_prpr
stck_shrn_iscd ovrs_prod_oprc ovrs_prod_hgpr ovrs_prod_lwpr
"""
_INDEX = """\
stck_bsop_date stck_cntg_hour optn_prpr optn_oprc optn_hgpr optn_lwpr cntg_vol
"""


def dailyprice(call: Call) -> Answer:
    """Answer HHDFS76240000: a hundred days, weeks or months up to BYMD, newest first."""
    found = quote_of(call)
    listing = found.listing
    period = _PERIODS.get(call.text("GUBN") or "0")
    if period is None:
        raise invalid_field("GUBN")
    end = day_of(call.text("BYMD")) or date.max
    bars = call.venue.reference.overseas.bars(listing, period, end, _DAY_ROWS, call.now)
    rows = [arrange(_DAILY, _day_row(found, bar)) for bar in reversed(bars)]
    head = {"rsym": realtime_code(listing), "zdiv": str(listing.places), "nrec": str(len(rows))}
    return quote_answer(output1=arrange(_DAILY_HEAD, head), output2=rows)


def _day_row(found: OverseasQuote, bar: OverseasBar) -> dict[str, str]:
    listing, change = found.listing, bar.close - bar.previous
    is_now = bar.day == found.bar.day
    bid, ask = (found.bids[0], found.asks[0]) if is_now else ((bar.close - 1, 100), (bar.close + 1, 100))
    return {
        "xymd": day_text(bar.day),
        "clos": listing.text(bar.close),
        "sign": sign_code(change),
        "diff": listing.text(abs(change)),
        "rate": rate_text(100.0 * change / bar.previous),
        "open": listing.text(bar.open),
        "high": listing.text(bar.high),
        "low": listing.text(bar.low),
        "tvol": str(bar.volume),
        "tamt": str(bar.amount),
        "pbid": listing.text(bid[0]),
        "vbid": str(bid[1]),
        "pask": listing.text(ask[0]),
        "vask": str(ask[1]),
    }


def inquire_daily_chartprice(call: Call) -> Answer:
    """Answer FHKST03030100: days to years of an index, a currency or a share, newest first."""
    listing, period = _level_of(call), call.text("FID_PERIOD_DIV_CODE")
    start, end = day_of(call.text("FID_INPUT_DATE_1")), day_of(call.text("FID_INPUT_DATE_2"))
    if period not in ("D", "W", "M", "Y"):
        raise invalid_field("FID_PERIOD_DIV_CODE")
    if start is None or end is None:
        raise invalid_field("FID_INPUT_DATE")
    market = call.venue.reference.overseas
    found = market.quote(listing, call.now)
    rows = [
        arrange(
            _CHART,
            {
                "stck_bsop_date": day_text(bar.day),
                "ovrs_nmix_prpr": listing.text(bar.close),
                "ovrs_nmix_oprc": listing.text(bar.open),
                "ovrs_nmix_hgpr": listing.text(bar.high),
                "ovrs_nmix_lwpr": listing.text(bar.low),
                "acml_vol": str(bar.volume),
                "mod_yn": "N",
            },
        )
        for bar in reversed(market.bars(listing, period, end, _DAY_ROWS, call.now))
        if bar.day >= start
    ]
    head = {**_head(found), "prdy_vol": str(found.before.volume)}
    return quote_answer(output1=arrange(_CHART_HEAD, head), output2=rows or [{}])


def inquire_time_itemchartprice(call: Call) -> Answer:
    """Answer HHDFS76950200: up to 120 bars of NMIN minutes, newest first.

    PINC 1 takes days before in; with NEXT 1 it goes on from KEYB (YYYYMMDDHHMMSS, local time), that bar
    included.
    """
    found = quote_of(call)
    listing, market = found.listing, call.venue.reference.overseas
    length = max(call.whole_number("NMIN"), 1)
    count = min(call.whole_number("NREC") or _MINUTE_ROWS, _MINUTE_ROWS)
    last = call.text("KEYB") if call.text("NEXT") == "1" else ""
    if last and (day_of(last[:8]) is None or len(last) != 14):
        raise invalid_field("KEYB")
    rows: list[OverseasMinute] = []
    day = found.bar.day
    goes_back = call.text("PINC") == "1" or bool(last)
    oldest = day - timedelta(days=_MINUTES_BACK)
    while len(rows) <= count and day >= oldest:
        bars = market.minutes(listing, day, length, call.now)
        rows += [bar for bar in reversed(bars) if not last or _local(bar) <= last]
        if not goes_back:
            break
        day = listing.venue.previous_open_day(day)
    opens = market.clock.moment_of(listing.venue, found.bar.day, 0)
    closes = market.clock.moment_of(listing.venue, found.bar.day, market.clock.count(listing.venue))
    head = {
        "rsym": realtime_code(listing),
        "zdiv": str(listing.places),
        "stim": clock_text(opens),
        "etim": clock_text(closes),
        "sktm": clock_text(opens.astimezone(SEOUL)),
        "ektm": clock_text(closes.astimezone(SEOUL)),
        "next": "1" if len(rows) > count else "0",
        "more": "0",
        "nrec": str(min(len(rows), count)),
    }
    shown = [arrange(_MINUTES, _minute_row(listing, bar)) for bar in rows[:count]]
    return quote_answer(output1=arrange(_MINUTES_HEAD, head), output2=shown)


def _local(bar: OverseasMinute) -> str:
    return f"{day_text(bar.time.date())}{clock_text(bar.time)}"


def _minute_row(listing: OverseasListing, bar: OverseasMinute) -> dict[str, str]:
    here = bar.time.astimezone(SEOUL)
    return {
        "tymd": day_text(bar.day),
        "xymd": day_text(bar.time.date()),
        "xhms": clock_text(bar.time),
        "kymd": day_text(here.date()),
        "khms": clock_text(here),
        "open": listing.text(bar.open),
        "high": listing.text(bar.high),
        "low": listing.text(bar.low),
        "last": listing.text(bar.close),
        "evol": str(bar.volume),
        "eamt": str(bar.amount),
    }


def inquire_time_indexchartprice(call: Call) -> Answer:
    """Answer FHKST03030200: 102 minutes of an index or a currency, newest first."""
    listing, market = _level_of(call), call.venue.reference.overseas
    found = market.quote(listing, call.now)
    day, bars = found.bar.day, list(reversed(market.minutes(listing, found.bar.day, 1, call.now)))
    while call.text("FID_PW_DATA_INCU_YN") == "Y" and len(bars) < _INDEX_MINUTES:
        day = listing.venue.previous_open_day(day)
        bars += reversed(market.minutes(listing, day, 1, call.now))
    rows = [
        arrange(
            _INDEX,
            {
                "stck_bsop_date": day_text(bar.time.date()),
                "stck_cntg_hour": clock_text(bar.time),
                "optn_prpr": listing.text(bar.close),
                "optn_oprc": listing.text(bar.open),
                "optn_hgpr": listing.text(bar.high),
                "optn_lwpr": listing.text(bar.low),
                "cntg_vol": str(bar.volume),
            },
        )
        for bar in bars[:_INDEX_MINUTES]
    ]
    return quote_answer(output1=arrange(_INDEX_HEAD, _head(found)), output2=rows)


def _head(found: OverseasQuote) -> dict[str, str]:
    listing, bar = found.listing, found.bar
    sign = "-" if found.change < 0 else ""
    return {
        "ovrs_nmix_prdy_vrss": f"{sign}{listing.text(abs(found.change))}",
        "prdy_vrss_sign": sign_code(found.change),
        "hts_kor_isnm": listing.name,
        "prdy_ctrt": signed(found.rate),
        "ovrs_nmix_prdy_clpr": listing.text(bar.previous),
        "acml_vol": str(bar.volume),
        "ovrs_nmix_prpr": listing.text(bar.close),
        "stck_shrn_iscd": listing.symbol,
        "ovrs_prod_oprc": listing.text(bar.open),
        "ovrs_prod_hgpr": listing.text(bar.high),
        "ovrs_prod_lwpr": listing.text(bar.low),
    }


def _level_of(call: Call) -> OverseasListing:
    """Return what FID_INPUT_ISCD names; N asks for indices and shares, X and KX for currencies."""
    market = call.text("FID_COND_MRKT_DIV_CODE")
    listing = find_level(call.text("FID_INPUT_ISCD"))
    if market not in ("N", "X", "KX", "I", "S"):
        raise input_refusal("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE")
    if listing is None or (listing.kind == "currency") != (market in ("X", "KX")):
        raise unknown_symbol()
    return listing
