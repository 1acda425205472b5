"""Answer the calls about Korean indices: now, by second, by minute, by day to year.

Volumes are thousands of shares and amounts millions of won, as in KIS's printed answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kis_terminal.adapters.simulator.handlers.longer_minutes import gather_minutes
from kis_terminal.adapters.simulator.reference.index_market import (
    IndexBar,
    IndexMarket,
    IndexMinute,
    IndexSnapshot,
)
from kis_terminal.adapters.simulator.reference.index_rules import INDICES, IndexRule
from kis_terminal.adapters.simulator.reference.index_ticks import index_ticks
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    input_refusal,
    invalid_field,
    quote_answer,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import MILLION, clock_text, day_of, day_text, ratio

THOUSAND = 1_000
_DAY_ROWS, _DAILY_PRICE_ROWS, _MINUTE_ROWS, _TIME_ROWS = 50, 100, 102, 30
_DAYS_OF_PERIOD = {"D": 2, "W": 7, "M": 31, "Y": 366}

_PRICE = """\
bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt acml_vol prdy_vol acml_tr_pbmn
prdy_tr_pbmn bstp_nmix_oprc prdy_nmix_vrss_nmix_oprc oprc_vrss_prpr_sign bstp_nmix_oprc_prdy_ctrt
bstp_nmix_hgpr prdy_nmix_vrss_nmix_hgpr hgpr_vrss_prpr_sign bstp_nmix_hgpr_prdy_ctrt bstp_nmix_lwpr
prdy_clpr_vrss_lwpr lwpr_vrss_prpr_sign prdy_clpr_vrss_lwpr_rate ascn_issu_cnt uplm_issu_cnt stnr_issu_cnt
down_issu_cnt lslm_issu_cnt dryy_bstp_nmix_hgpr dryy_hgpr_vrss_prpr_rate dryy_bstp_nmix_hgpr_date
dryy_bstp_nmix_lwpr dryy_lwpr_vrss_prpr_rate dryy_bstp_nmix_lwpr_date total_askp_rsqn total_bidp_rsqn
seln_rsqn_rate shnu_rsqn_rate ntby_rsqn
"""
_HEAD = """\
bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt acml_vol acml_tr_pbmn bstp_nmix_oprc
bstp_nmix_hgpr bstp_nmix_lwpr prdy_vol ascn_issu_cnt down_issu_cnt stnr_issu_cnt uplm_issu_cnt
lslm_issu_cnt prdy_tr_pbmn dryy_bstp_nmix_hgpr_date dryy_bstp_nmix_hgpr dryy_bstp_nmix_lwpr
dryy_bstp_nmix_lwpr_date
"""
_CATEGORY_ROW = """\
bstp_cls_code hts_kor_isnm bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt acml_vol
acml_tr_pbmn acml_vol_rlim acml_tr_pbmn_rlim
"""
_DAILY_ROW = """\
stck_bsop_date bstp_nmix_prpr prdy_vrss_sign bstp_nmix_prdy_vrss bstp_nmix_prdy_ctrt bstp_nmix_oprc
bstp_nmix_hgpr bstp_nmix_lwpr acml_vol_rlim acml_vol acml_tr_pbmn invt_new_psdg d20_dsrt
"""
_TICK_ROW = """\
stck_cntg_hour bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt acml_tr_pbmn acml_vol
cntg_vol
"""
_TIME_ROW = """\
bsop_hour bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt acml_tr_pbmn acml_vol
cntg_vol
"""
_CHART_HEAD = """\
prdy_vrss_sign bstp_nmix_prdy_ctrt prdy_nmix acml_vol acml_tr_pbmn hts_kor_isnm bstp_nmix_prpr
bstp_cls_code prdy_vol bstp_nmix_oprc bstp_nmix_hgpr bstp_nmix_lwpr futs_prdy_oprc futs_prdy_hgpr
futs_prdy_lwpr
"""
_CHART_ROW = """\
stck_bsop_date bstp_nmix_prpr bstp_nmix_oprc bstp_nmix_hgpr bstp_nmix_lwpr acml_vol acml_tr_pbmn mod_yn
"""
_MINUTE_HEAD = """\
bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt prdy_nmix acml_vol acml_tr_pbmn hts_kor_isnm
bstp_nmix_prpr bstp_cls_code prdy_vol bstp_nmix_oprc bstp_nmix_hgpr bstp_nmix_lwpr futs_prdy_oprc
futs_prdy_hgpr futs_prdy_lwpr
"""
_MINUTE_ROW = """\
stck_bsop_date stck_cntg_hour bstp_nmix_prpr bstp_nmix_oprc bstp_nmix_hgpr bstp_nmix_lwpr cntg_vol
acml_tr_pbmn
"""


def inquire_index_price(call: Call) -> Answer:
    """Answer FHPUP02100000, one index now."""
    now = _market(call).snapshot(_rule(call))
    values = {
        **_whole_figures(call, now),
        **_against(now, now.open, "oprc", "bstp_nmix_oprc", "prdy_nmix_vrss_nmix_oprc"),
        **_against(now, now.high, "hgpr", "bstp_nmix_hgpr", "prdy_nmix_vrss_nmix_hgpr"),
        **_against(now, now.low, "lwpr", "bstp_nmix_lwpr", "prdy_clpr_vrss_lwpr"),
        "prdy_clpr_vrss_lwpr_rate": signed(ratio(now.low - now.previous, now.previous)),
        "total_askp_rsqn": str(now.ask_total // THOUSAND),
        "total_bidp_rsqn": str(now.bid_total // THOUSAND),
        "seln_rsqn_rate": signed(ratio(now.ask_total, now.ask_total + now.bid_total)),
        "shnu_rsqn_rate": signed(ratio(now.bid_total, now.ask_total + now.bid_total)),
        "ntby_rsqn": str((now.bid_total - now.ask_total) // THOUSAND),
    }
    return quote_answer(output=arrange(_PRICE, values))


def _against(now: IndexSnapshot, price: float, word: str, name: str, difference: str) -> dict[str, str]:
    return {
        difference: signed(price - now.previous),
        f"{word}_vrss_prpr_sign": sign_code(price - now.previous),
        f"{name}_prdy_ctrt": signed(ratio(price - now.previous, now.previous)),
    }


def inquire_index_category_price(call: Call) -> Answer:
    """Answer FHPUP02140000: an index and all indices of its market."""
    market, rule = _market(call), _rule(call)
    now = market.snapshot(rule)
    whole = now if not rule.sector else market.snapshot(_whole_of(rule))
    rows = []
    for other in INDICES.values():
        if other.market != rule.market or market.rule(other.code) is None:
            continue
        shown = market.snapshot(other)
        rows.append(
            arrange(
                _CATEGORY_ROW,
                {
                    **_figures(shown),
                    "bstp_cls_code": other.code,
                    "hts_kor_isnm": other.name,
                    "acml_vol_rlim": signed(ratio(shown.volume, whole.volume)),
                    "acml_tr_pbmn_rlim": signed(ratio(shown.turnover, whole.turnover)),
                },
            )
        )
    return quote_answer(output1=arrange(_HEAD, _whole_figures(call, now)), output2=rows)


def _whole_of(rule: IndexRule) -> IndexRule:
    return INDICES["0001" if rule.market == "KOSPI" else "1001"]


def inquire_index_tickprice(call: Call) -> Answer:
    """Answer FHPUP02110100: the last thirty steps of ten seconds, newest first."""
    rule = _rule(call)
    now = _market(call).snapshot(rule)
    rows = []
    for tick in index_ticks(call.venue.exchange, _market(call), rule, _TIME_ROWS):
        rows.append(
            arrange(
                _TICK_ROW,
                {
                    **_level(tick.level, now.previous),
                    "stck_cntg_hour": clock_text(tick.time),
                    "acml_tr_pbmn": str(tick.total_turnover // MILLION),
                    "acml_vol": str(tick.total_volume // THOUSAND),
                    "cntg_vol": str(tick.volume // THOUSAND),
                },
            )
        )
    return quote_answer(output=rows)


def inquire_index_timeprice(call: Call) -> Answer:
    """Answer FHPUP02110200: today by the minute or a multiple of it (FID_INPUT_HOUR_1 seconds)."""
    market, rule = _market(call), _rule(call)
    now, step = market.snapshot(rule), max(call.whole_number("FID_INPUT_HOUR_1") // 60, 1)
    rows = []
    for minute in reversed(gather_minutes(market.minutes(rule, now.time.date()), step)):
        rows.append(
            arrange(
                _TIME_ROW,
                {
                    **_level(minute.close, now.previous),
                    "bsop_hour": clock_text(minute.time),
                    "acml_tr_pbmn": str(minute.total_turnover // MILLION),
                    "acml_vol": str(minute.total_volume // THOUSAND),
                    "cntg_vol": str(minute.volume // THOUSAND),
                },
            )
        )
    return quote_answer(output=rows[:_TIME_ROWS])


def inquire_daily_indexchartprice(call: Call) -> Answer:
    """Answer FHKUP03500100: fifty bars that end at FID_INPUT_DATE_2, newest first."""
    market, rule, period = _market(call), _rule(call), call.text("FID_PERIOD_DIV_CODE")
    start, end = day_of(call.text("FID_INPUT_DATE_1")), day_of(call.text("FID_INPUT_DATE_2"))
    if period not in _DAYS_OF_PERIOD:
        raise invalid_field("FID_PERIOD_DIV_CODE")
    if start is None or end is None:
        raise invalid_field("FID_INPUT_DATE")
    end = min(end, call.venue.exchange.moment.date())
    start = max(start, end - timedelta(days=_DAYS_OF_PERIOD[period] * (_DAY_ROWS + 12)))
    rows = [
        arrange(_CHART_ROW, {**_bar(bar), "mod_yn": "N"})
        for bar in reversed(market.bars(rule, period, start, end)[-_DAY_ROWS:])
    ]
    return quote_answer(output1=arrange(_CHART_HEAD, _chart_head(call, rule)), output2=rows or [{}])


def inquire_time_indexchartprice(call: Call) -> Answer:
    """Answer FHKUP03500200: 102 minutes or multiples of them, newest first."""
    market, rule = _market(call), _rule(call)
    step = max(call.whole_number("FID_INPUT_HOUR_1") // 60, 1)
    day = call.venue.exchange.moment.date()
    days_back = 5 if call.text("FID_PW_DATA_INCU_YN") == "Y" else 0
    rows: list[dict[str, str]] = []
    for _ in range(days_back + 1):
        rows += [_minute(minute) for minute in reversed(gather_minutes(market.minutes(rule, day), step))]
        if len(rows) >= _MINUTE_ROWS:
            break
        day = call.venue.exchange.calendar.previous_open_day(day)
    head = arrange(_MINUTE_HEAD, _chart_head(call, rule))
    return quote_answer(output1=head, output2=rows[:_MINUTE_ROWS])


def inquire_index_daily_price(call: Call) -> Answer:
    """Answer FHPUP02120000: an index now and a hundred days, weeks or months up to FID_INPUT_DATE_1."""
    market, rule, period = _market(call), _rule(call), call.text("FID_PERIOD_DIV_CODE")
    end = day_of(call.text("FID_INPUT_DATE_1"))
    if period not in ("D", "W", "M") or end is None:
        raise invalid_field("FID_PERIOD_DIV_CODE")
    end = min(end, call.venue.exchange.moment.date())
    start = end - timedelta(days=_DAYS_OF_PERIOD[period] * (_DAILY_PRICE_ROWS + 40))
    bars = market.bars(rule, period, start, end)
    now = market.snapshot(rule)
    shown = range(max(len(bars) - _DAILY_PRICE_ROWS, 0), len(bars))
    rows = [_daily_row(bars, place) for place in reversed(shown)]
    return quote_answer(output1=arrange(_HEAD, _whole_figures(call, now)), output2=rows)


def _daily_row(bars: Sequence[IndexBar], place: int) -> dict[str, str]:
    bar = bars[place]
    last_twenty = [one.close for one in bars[max(place - 19, 0) : place + 1]]
    last_ten = bars[max(place - 9, 0) : place + 1]
    return arrange(
        _DAILY_ROW,
        {
            **_bar(bar),
            "prdy_vrss_sign": sign_code(bar.close - bar.previous),
            "bstp_nmix_prdy_vrss": signed(bar.close - bar.previous),
            "bstp_nmix_prdy_ctrt": signed(ratio(bar.close - bar.previous, bar.previous)),
            "acml_vol_rlim": "0.00",
            # Days of the last ten that rose, in percent (투자심리도).
            "invt_new_psdg": signed(ratio(sum(one.close > one.previous for one in last_ten), len(last_ten))),
            "d20_dsrt": signed(ratio(bar.close, sum(last_twenty) / len(last_twenty))),
        },
    )


def _minute(minute: IndexMinute) -> dict[str, str]:
    return arrange(
        _MINUTE_ROW,
        {
            "stck_bsop_date": day_text(minute.time.date()),
            "stck_cntg_hour": clock_text(minute.time),
            "bstp_nmix_prpr": signed(minute.close),
            "bstp_nmix_oprc": signed(minute.open),
            "bstp_nmix_hgpr": signed(minute.high),
            "bstp_nmix_lwpr": signed(minute.low),
            "cntg_vol": str(minute.volume // THOUSAND),
            "acml_tr_pbmn": str(minute.total_turnover // MILLION),
        },
    )


def _bar(bar: IndexBar) -> dict[str, str]:
    return {
        "stck_bsop_date": day_text(bar.day),
        "bstp_nmix_prpr": signed(bar.close),
        "bstp_nmix_oprc": signed(bar.open),
        "bstp_nmix_hgpr": signed(bar.high),
        "bstp_nmix_lwpr": signed(bar.low),
        "acml_vol": str(bar.volume // THOUSAND),
        "acml_tr_pbmn": str(bar.turnover // MILLION),
    }


def _chart_head(call: Call, rule: IndexRule) -> dict[str, str]:
    now = _market(call).snapshot(rule)
    today = now.time.date()
    past = [
        bar for bar in _market(call).bars(rule, "D", today - timedelta(days=14), today) if bar.day < today
    ]
    before = {
        "futs_prdy_oprc": signed(past[-1].open) if past else "",
        "futs_prdy_hgpr": signed(past[-1].high) if past else "",
        "futs_prdy_lwpr": signed(past[-1].low) if past else "",
    }
    return {
        **_figures(now),
        **before,
        "prdy_nmix": signed(now.previous),
        "hts_kor_isnm": rule.name,
        "bstp_cls_code": rule.code,
    }


def _figures(now: IndexSnapshot) -> dict[str, str]:
    return {
        **_level(now.last, now.previous),
        "acml_vol": str(now.volume // THOUSAND),
        "acml_tr_pbmn": str(now.turnover // MILLION),
        "bstp_nmix_oprc": signed(now.open),
        "bstp_nmix_hgpr": signed(now.high),
        "bstp_nmix_lwpr": signed(now.low),
        "prdy_vol": str(now.previous_volume // THOUSAND),
        "ascn_issu_cnt": str(now.rising),
        "down_issu_cnt": str(now.falling),
        "stnr_issu_cnt": str(now.flat),
        "uplm_issu_cnt": str(now.at_upper),
        "lslm_issu_cnt": str(now.at_lower),
    }


def _whole_figures(call: Call, now: IndexSnapshot) -> dict[str, str]:
    """Add what needs this year's history."""
    today = now.time.date()
    year = _market(call).bars(now.rule, "D", date(today.year, 1, 1), today)
    values = _figures(now)
    if not year:
        return values
    high, low = max(year, key=lambda bar: bar.high), min(year, key=lambda bar: bar.low)
    past = [bar for bar in year if bar.day < today]
    return {
        **values,
        "prdy_tr_pbmn": str(past[-1].turnover // MILLION) if past else "",
        "dryy_bstp_nmix_hgpr": signed(high.high),
        "dryy_bstp_nmix_hgpr_date": day_text(high.day),
        "dryy_hgpr_vrss_prpr_rate": signed(ratio(now.last - high.high, high.high)),
        "dryy_bstp_nmix_lwpr": signed(low.low),
        "dryy_bstp_nmix_lwpr_date": day_text(low.day),
        "dryy_lwpr_vrss_prpr_rate": signed(ratio(now.last - low.low, low.low)),
    }


def _level(level: float, previous: float) -> dict[str, str]:
    return {
        "bstp_nmix_prpr": signed(level),
        "bstp_nmix_prdy_vrss": signed(level - previous),
        "prdy_vrss_sign": sign_code(round(level - previous, 2)),
        "bstp_nmix_prdy_ctrt": signed(ratio(level - previous, previous)),
    }


def _market(call: Call) -> IndexMarket:
    return call.venue.reference.indices


def _rule(call: Call) -> IndexRule:
    if call.text("FID_COND_MRKT_DIV_CODE") != "U":
        raise input_refusal("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE")
    rule = _market(call).rule(call.text("FID_INPUT_ISCD"))
    if rule is None:
        raise unknown_symbol()
    return rule
