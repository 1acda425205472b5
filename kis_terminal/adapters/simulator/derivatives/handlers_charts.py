"""Answer the charts of futures and options, newest first; amounts are thousands of won."""

from __future__ import annotations

from datetime import timedelta

from kis_terminal.adapters.simulator.derivatives.handlers_quotes import (
    THOUSAND,
    contract_columns,
    contract_of,
    points,
)
from kis_terminal.adapters.simulator.derivatives.market import DerivativeBar
from kis_terminal.adapters.simulator.handlers.longer_minutes import gather_minutes
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text, second_of

_DAY_ROWS, _MINUTE_ROWS = 100, 102

_DAY_HEAD = """\
futs_prdy_vrss prdy_vrss_sign futs_prdy_ctrt futs_prdy_clpr acml_vol acml_tr_pbmn hts_kor_isnm futs_prpr
futs_shrn_iscd prdy_vol futs_mxpr futs_llam futs_oprc futs_hgpr futs_lwpr futs_prdy_oprc futs_prdy_hgpr
futs_prdy_lwpr futs_askp futs_bidp basis kospi200_nmix kospi200_prdy_vrss kospi200_prdy_ctrt
kospi200_prdy_vrss_sign hts_otst_stpl_qty otst_stpl_qty_icdc tday_rltv hts_thpr dprt
"""
_DAY = """\
stck_bsop_date futs_prpr futs_oprc futs_hgpr futs_lwpr acml_vol acml_tr_pbmn mod_yn
"""
_MINUTE_HEAD = """\
futs_prdy_vrss prdy_vrss_sign futs_prdy_ctrt futs_prdy_clpr prdy_nmix acml_vol acml_tr_pbmn hts_kor_isnm
futs_prpr futs_shrn_iscd prdy_vol futs_mxpr futs_llam futs_oprc futs_hgpr futs_lwpr futs_prdy_oprc
futs_prdy_hgpr futs_prdy_lwpr futs_askp futs_bidp basis kospi200_nmix kospi200_prdy_vrss
kospi200_prdy_ctrt kospi200_prdy_vrss_sign hts_otst_stpl_qty otst_stpl_qty_icdc tday_rltv hts_thpr dprt
"""
_MINUTE = """\
stck_bsop_date stck_cntg_hour futs_prpr futs_oprc futs_hgpr futs_lwpr cntg_vol acml_tr_pbmn
"""


def inquire_daily_fuopchartprice(call: Call) -> Answer:
    """Answer FHKIF03020100: a hundred days, weeks, months or years that end at FID_INPUT_DATE_2."""
    contract, period = contract_of(call), call.text("FID_PERIOD_DIV_CODE")
    start, end = day_of(call.text("FID_INPUT_DATE_1")), day_of(call.text("FID_INPUT_DATE_2"))
    if period not in ("D", "W", "M", "Y"):
        raise invalid_field("FID_PERIOD_DIV_CODE")
    if start is None or end is None:
        raise invalid_field("FID_INPUT_DATE")
    bars = call.venue.reference.derivatives.bars(contract, period, start, end)[-_DAY_ROWS:]
    rows = [
        arrange(_DAY, {**_bar(bar), "acml_vol": str(bar.volume), "mod_yn": "N"}) for bar in reversed(bars)
    ]
    return quote_answer(output1=arrange(_DAY_HEAD, _head(call)), output2=rows or [{}])


def inquire_time_fuopchartprice(call: Call) -> Answer:
    """Answer FHKIF03020200: 102 bars of FID_HOUR_CLS_CODE seconds up to a date and hour."""
    contract, market = contract_of(call), call.venue.reference.derivatives
    exchange = call.venue.exchange
    step = max(call.whole_number("FID_HOUR_CLS_CODE") // 60, 1)
    day = min(day_of(call.text("FID_INPUT_DATE_1")) or exchange.moment.date(), exchange.moment.date())
    latest = second_of(call.text("FID_INPUT_HOUR_1"))
    rows: list[dict[str, str]] = []
    for _ in range(6 if call.text("FID_PW_DATA_INCU_YN") == "Y" else 1):
        bars = [
            bar
            for bar in gather_minutes(market.minutes(contract, day), step)
            if latest is None or _second(bar) <= latest
        ]
        for bar in reversed(bars):
            values = {
                **_bar(bar),
                "stck_cntg_hour": clock_text(bar.time),
                "cntg_vol": str(bar.volume),
                "acml_tr_pbmn": str(bar.total_turnover // THOUSAND),
            }
            rows.append(arrange(_MINUTE, values))
        if len(rows) >= _MINUTE_ROWS:
            break
        day, latest = exchange.calendar.previous_open_day(day), None
    return quote_answer(output1=arrange(_MINUTE_HEAD, _head(call)), output2=rows[:_MINUTE_ROWS])


def _head(call: Call) -> dict[str, str]:
    """Return the contract now with the day before it."""
    contract, market = contract_of(call), call.venue.reference.derivatives
    today = call.venue.exchange.moment.date()
    past = [
        bar
        for bar in market.bars(contract, "D", today - timedelta(days=14), today)
        if bar.time.date() < today
    ]
    before = past[-1] if past else None
    return {
        **contract_columns(market.quote(contract)),
        "prdy_vol": str(before.volume) if before else "0",
        "futs_prdy_oprc": points(before.open) if before else "",
        "futs_prdy_hgpr": points(before.high) if before else "",
        "futs_prdy_lwpr": points(before.low) if before else "",
    }


def _bar(bar: DerivativeBar) -> dict[str, str]:
    return {
        "stck_bsop_date": day_text(bar.time.date()),
        "futs_prpr": points(bar.close),
        "futs_oprc": points(bar.open),
        "futs_hgpr": points(bar.high),
        "futs_lwpr": points(bar.low),
        "acml_tr_pbmn": str(bar.turnover // THOUSAND),
    }


def _second(bar: DerivativeBar) -> int:
    return bar.time.hour * 3600 + bar.time.minute * 60 + bar.time.second
