"""Answer what happened today: interruptions (VI) that the exchange tripped, and headlines about events."""

from __future__ import annotations

from kis_terminal.adapters.simulator.reference.incidents import Interruption
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text, rate, second_of

_ROWS = 30
_NEWS_ROWS = 40
_NO_TIME = "000000"

_VI = """\
hts_kor_isnm mksc_shrn_iscd vi_cls_code bsop_date cntg_vi_hour vi_cncl_hour vi_kind_code vi_prc
vi_stnd_prc vi_dprt vi_dmc_stnd_prc vi_dmc_dprt vi_count
"""
_NEWS = """\
cntt_usiq_srno news_ofer_entp_code data_dt data_tm hts_pbnt_titl_cntt news_lrdv_code dorg iscd1 iscd2
iscd3 iscd4 iscd5
"""


def inquire_vi_status(call: Call) -> Answer:
    """Answer FHPST01390000: the interruptions of a day, newest first, running and ended ones."""
    day = day_of(call.text("FID_INPUT_DATE_1")) or call.venue.exchange.moment.date()
    rows = []
    for one in reversed(call.venue.reference.incidents.interruptions):
        if one.begins.date() == day and _is_wanted(call, one):
            rows.append(arrange(_VI, _vi_row(one)))
    return quote_answer(output=rows[:_ROWS])


def _is_wanted(call: Call, one: Interruption) -> bool:
    symbol, direction = call.text("FID_INPUT_ISCD"), call.text("FID_DIV_CLS_CODE")
    if symbol not in ("", one.symbol):
        return False
    if direction in ("1", "2") and one.is_up != (direction == "1"):
        return False
    kind = call.text("FID_RANK_SORT_CLS_CODE")
    if kind in ("1", "2", "3") and kind != one.kind:
        return False
    market = {"K": "KOSPI", "Q": "KOSDAQ"}.get(call.text("FID_MRKT_CLS_CODE"))
    listing = call.venue.exchange.listing(one.symbol)
    return market is None or (listing is not None and listing.market == market)


def _vi_row(one: Interruption) -> dict[str, str]:
    return {
        "hts_kor_isnm": one.name,
        "mksc_shrn_iscd": one.symbol,
        "vi_cls_code": "Y" if one.ends is None else "N",
        "bsop_date": day_text(one.begins.date()),
        "cntg_vi_hour": clock_text(one.begins),
        "vi_cncl_hour": clock_text(one.ends) if one.ends is not None else _NO_TIME,
        "vi_kind_code": one.kind,
        "vi_prc": str(one.price),
        "vi_stnd_prc": str(one.static_reference if one.kind in "13" else 0),
        "vi_dprt": rate(one.static_gap),
        "vi_dmc_stnd_prc": str(one.dynamic_reference if one.kind in "23" else 0),
        "vi_dmc_dprt": rate(one.dynamic_gap),
        "vi_count": str(one.number),
    }


def news_title(call: Call) -> Answer:
    """Answer FHKST01011800: headlines, newest first, from a date, time and serial number back."""
    # Both come with zeros in front: 0020261120, 0000101500.
    day, latest = day_of(call.text("FID_INPUT_DATE_1")[-8:]), second_of(call.text("FID_INPUT_HOUR_1")[-6:])
    word, symbol, last = call.text("FID_TITL_CNTT"), call.text("FID_INPUT_ISCD"), call.text("FID_INPUT_SRNO")
    rows = []
    for headline in call.venue.reference.news.headlines():
        moment = headline.time
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        if day is not None and (moment.date() > day or (moment.date() == day and latest and second > latest)):
            continue
        if (word and word not in headline.title) or (symbol and symbol not in headline.symbols):
            continue
        if last.strip("0") and headline.serial >= last:
            continue
        codes = {f"iscd{place}": code for place, code in enumerate(headline.symbols[:5], start=1)}
        values = {
            **codes,
            "cntt_usiq_srno": headline.serial,
            "news_ofer_entp_code": "F",
            "data_dt": day_text(moment.date()),
            "data_tm": clock_text(moment),
            "hts_pbnt_titl_cntt": headline.title,
            "news_lrdv_code": headline.kind,
            "dorg": "모의거래소",
        }
        rows.append(arrange(_NEWS, values))
    return quote_answer(output=rows[:_NEWS_ROWS])
