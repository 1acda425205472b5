"""Answer the chart calls: bars by day to year, minutes of today, minutes of past days. All newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import QUOTATIONS, change_fields, check_market
from kis_terminal.adapters.simulator.model import DailyBar, MinuteBar, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.bar_periods import last_bars, price_chain
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.formats import (
    HUNDRED_MILLION,
    clock_text,
    day_of,
    day_text,
    direction,
    rate,
    ratio,
    second_of,
)

_BAR_ROWS = 100
_TODAY_ROWS = 30
_PAST_ROWS = 120
_PAST_DAYS = 366
_FIRST_BOUND, _LAST_BOUND = "19000101", "22001231"


def inquire_daily_itemchartprice(call: Call) -> Answer:
    """Answer FHKST03010100: up to 100 bars ending at FID_INPUT_DATE_2; FID_ORG_ADJ_PRC 0 adjusted, 1 raw."""
    check_market(call)
    symbol, period = call.symbol(), call.text("FID_PERIOD_DIV_CODE")
    start, end = _bound(call.text("FID_INPUT_DATE_1")), _bound(call.text("FID_INPUT_DATE_2"))
    if period not in ("D", "W", "M", "Y"):
        raise invalid_field("FID_PERIOD_DIV_CODE")
    if start is None or end is None:
        raise invalid_field("FID_INPUT_DATE")
    exchange = call.venue.exchange
    end = min(end, call.venue.exchange_time().date())
    is_adjusted = call.text("FID_ORG_ADJ_PRC") != "1"
    bars: list[DailyBar] = []
    if start <= end:
        # One more than is shown, as the first bar's change counts from the one before it.
        bars = last_bars(exchange, symbol, period, end, is_adjusted, _BAR_ROWS + 1, start=start)
    chain = list(price_chain(bars))[-_BAR_ROWS:]
    rows = [_bar_row(bar, before, period) for bar, before in reversed(chain)]
    return quote_answer(output1=_chart_head(call, symbol), output2=rows or [{}])


def _bound(text: str) -> date | None:
    """Return one end of the period asked for, None where it is no date.

    Public clients leave an end open with 00000101 (python-kis 2.1.6) or 99991231.
    """
    if len(text) == len(_LAST_BOUND) and text.isascii() and text.isdigit():
        text = min(max(text, _FIRST_BOUND), _LAST_BOUND)
    return day_of(text)


def _bar_row(bar: DailyBar, before: DailyBar | None, period: str) -> dict[str, str]:
    base = bar.base_price if period == "D" or before is None else before.close
    return {
        "stck_bsop_date": day_text(bar.day),
        "stck_clpr": str(bar.close),
        "stck_oprc": str(bar.open),
        "stck_hgpr": str(bar.high),
        "stck_lwpr": str(bar.low),
        "acml_vol": str(bar.volume),
        "acml_tr_pbmn": str(bar.turnover),
        "flng_cls_code": "00",
        "prtt_rate": rate(0.0 if bar.split_factor == 1.0 else bar.split_factor),
        "mod_yn": "Y" if bar.volume == 0 else "N",
        "prdy_vrss_sign": direction(bar.close - base),
        "prdy_vrss": str(bar.close - base),
        "revl_issu_reas": "",
    }


def _chart_head(call: Call, symbol: str) -> dict[str, str]:
    exchange = call.venue.exchange
    quote, figures = exchange.quote(symbol), exchange.statistics(symbol)
    listing = exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    pair = last_bars(exchange, symbol, "D", call.venue.exchange_time().date(), True, 2)
    previous = pair[0]
    return {
        **change_fields(quote),
        "stck_prdy_clpr": str(quote.prev_close),
        "acml_vol": str(quote.volume),
        "acml_tr_pbmn": str(quote.turnover),
        "hts_kor_isnm": quote.name,
        "stck_prpr": str(quote.last),
        "stck_shrn_iscd": symbol,
        "prdy_vol": str(quote.prev_volume),
        "stck_mxpr": str(quote.upper_limit),
        "stck_llam": str(quote.lower_limit),
        "stck_oprc": str(quote.open),
        "stck_hgpr": str(quote.high),
        "stck_lwpr": str(quote.low),
        "stck_prdy_oprc": str(previous.open),
        "stck_prdy_hgpr": str(previous.high),
        "stck_prdy_lwpr": str(previous.low),
        "askp": str(quote.ask_price),
        "bidp": str(quote.bid_price),
        "prdy_vrss_vol": str(quote.volume - quote.prev_volume),
        "vol_tnrt": rate(ratio(quote.volume, listing.listed_shares)),
        "stck_fcam": str(listing.face_value),
        "lstn_stcn": str(listing.listed_shares),
        "cpfn": str(round(listing.listed_shares * listing.face_value / HUNDRED_MILLION)),
        "hts_avls": str(figures.market_cap // HUNDRED_MILLION),
        "per": rate(figures.per),
        "eps": rate(figures.eps),
        "pbr": rate(figures.pbr),
        "itewhol_loan_rmnd_ratem": rate(figures.loan_rate),
        # KIS's printed answer spells the key with " name" behind it; clients read either.
        "itewhol_loan_rmnd_ratem name": rate(figures.loan_rate),
    }


def inquire_time_itemchartprice(call: Call) -> Answer:
    """Answer FHKST03010200: 30 minutes of today that end at FID_INPUT_HOUR_1; at midnight the newest."""
    check_market(call)
    symbol = call.symbol()
    latest = second_of(call.text("FID_INPUT_HOUR_1"))
    if latest is None:
        raise invalid_field("FID_INPUT_HOUR_1")
    # python-kis begins every walk through the day with 000000; nothing trades then, so it can mean one thing.
    latest = latest or 24 * 3600
    today = call.venue.exchange_time().date()
    days_back = 1 if call.text("FID_PW_DATA_INCU_YN") == "Y" else 0
    rows = _minute_rows(call, symbol, today, latest, _TODAY_ROWS, days_back)
    return quote_answer(output1=_minute_head(call.venue.exchange.quote(symbol)), output2=rows)


def inquire_time_dailychartprice(call: Call) -> Answer:
    """Answer FHKST03010230: 120 minutes up to a past day's time, up to one year back."""
    check_market(call)
    symbol = call.symbol()
    day, latest = day_of(call.text("FID_INPUT_DATE_1")), second_of(call.text("FID_INPUT_HOUR_1"))
    if day is None or latest is None:
        raise invalid_field("FID_INPUT_DATE_1")
    if call.raw("FID_FAKE_TICK_INCU_YN").strip():
        raise invalid_field("FID_FAKE_TICK_INCU_YN")
    days_back = 5 if call.text("FID_PW_DATA_INCU_YN") == "Y" else 0
    rows = _minute_rows(call, symbol, day, latest, _PAST_ROWS, days_back)
    return quote_answer(output1=_minute_head(call.venue.exchange.quote(symbol)), output2=rows)


def _minute_head(quote: QuoteSnapshot) -> dict[str, str]:
    return {
        **change_fields(quote),
        "stck_prdy_clpr": str(quote.prev_close),
        "acml_vol": str(quote.volume),
        "acml_tr_pbmn": str(quote.turnover),
        "hts_kor_isnm": quote.name,
        "stck_prpr": str(quote.last),
    }


def _minute_rows(
    call: Call, symbol: str, day: date, latest: int, count: int, days_back: int
) -> list[dict[str, str]]:
    """Return up to `count` rows, newest first; `days_back` trading days before `day` may fill them up."""
    exchange = call.venue.exchange
    today = call.venue.exchange_time().date()
    rows: list[dict[str, str]] = []
    while len(rows) < count and day >= today - timedelta(days=_PAST_DAYS):
        if day <= today and exchange.calendar.is_open_day(day):
            rows.extend(_rows_of_day(exchange.minute_bars(symbol, day), latest)[: count - len(rows)])
        if days_back == 0 or day > today:
            break
        days_back -= 1
        day, latest = exchange.calendar.previous_open_day(day), 24 * 3600
    return rows


def _rows_of_day(bars: Sequence[MinuteBar], latest: int) -> list[dict[str, str]]:
    rows = []
    turnover = 0
    for bar in bars:
        if bar.time.hour * 3600 + bar.time.minute * 60 > latest:
            break
        turnover += bar.turnover
        rows.append(
            {
                "stck_bsop_date": day_text(bar.time.date()),
                "stck_cntg_hour": clock_text(bar.time),
                "stck_prpr": str(bar.close),
                "stck_oprc": str(bar.open),
                "stck_hgpr": str(bar.high),
                "stck_lwpr": str(bar.low),
                "cntg_vol": str(bar.volume),
                "acml_tr_pbmn": str(turnover),
            }
        )
    return rows[::-1]


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-daily-itemchartprice",
        (Transaction("FHKST03010100", "FHKST03010100"),),
        (
            "FID_COND_MRKT_DIV_CODE",
            "FID_INPUT_ISCD",
            "FID_INPUT_DATE_1",
            "FID_INPUT_DATE_2",
            "FID_PERIOD_DIV_CODE",
            "FID_ORG_ADJ_PRC",
        ),
        inquire_daily_itemchartprice,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-time-itemchartprice",
        (Transaction("FHKST03010200", "FHKST03010200"),),
        (
            "FID_COND_MRKT_DIV_CODE",
            "FID_INPUT_ISCD",
            "FID_INPUT_HOUR_1",
            "FID_PW_DATA_INCU_YN",
            "FID_ETC_CLS_CODE",
        ),
        inquire_time_itemchartprice,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-time-dailychartprice",
        (Transaction("FHKST03010230", None),),
        (
            "FID_COND_MRKT_DIV_CODE",
            "FID_INPUT_ISCD",
            "FID_INPUT_HOUR_1",
            "FID_INPUT_DATE_1",
            "FID_PW_DATA_INCU_YN",
        ),
        inquire_time_dailychartprice,
    ),
)
