"""Answer smaller calls about single names: several at once, prints, the short sheet, sides by day."""

from __future__ import annotations

import random
from datetime import date, timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import check_market
from kis_terminal.adapters.simulator.handlers.ranking_rows import common_columns
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.bar_periods import period_of
from kis_terminal.adapters.simulator.reference.index_rules import sector_code
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    invalid_field,
    quote_answer,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text, rate, ratio, second_of

_PRINT_ROWS, _SEARCHED_PRINTS, _MULTIPLE, _DAY_ROWS = 30, 600, 30, 100

_SEVERAL = """\
kospi_kosdaq_cls_name mrkt_trtm_cls_name hour_cls_code inter_shrn_iscd inter_kor_isnm inter2_prpr
inter2_prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol inter2_oprc inter2_hgpr inter2_lwpr inter2_llam
inter2_mxpr inter2_askp inter2_bidp seln_rsqn shnu_rsqn total_askp_rsqn total_bidp_rsqn acml_tr_pbmn
inter2_prdy_clpr oprc_vrss_hgpr_rate intr_antc_cntg_vrss intr_antc_cntg_vrss_sign intr_antc_cntg_prdy_ctrt
intr_antc_vol inter2_sdpr
"""
_PRINTS_HEAD = """\
stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol prdy_vol rprs_mrkt_kor_name
"""
_PRINTS = """\
stck_cntg_hour stck_pbpr prdy_vrss prdy_vrss_sign prdy_ctrt askp bidp tday_rltv acml_vol cnqn
"""
_SHEET = """\
rprs_mrkt_kor_name new_hgpr_lwpr_cls_code mxpr_llam_cls_code crdt_able_yn stck_mxpr elw_pblc_yn
prdy_clpr_vrss_oprc_rate crdt_rate marg_rate lwpr_vrss_prpr lwpr_vrss_prpr_sign prdy_clpr_vrss_lwpr_rate
stck_lwpr hgpr_vrss_prpr hgpr_vrss_prpr_sign prdy_clpr_vrss_hgpr_rate stck_hgpr oprc_vrss_prpr
oprc_vrss_prpr_sign mang_issu_yn divi_app_cls_code short_over_yn mrkt_warn_cls_code invt_caful_yn
stange_runup_yn ssts_hot_yn low_current_yn vi_cls_code short_over_cls_code stck_llam new_lstn_cls_name
vlnt_deal_cls_name flng_cls_name revl_issu_reas_name mrkt_warn_cls_name stck_sdpr bstp_cls_code
stck_prdy_clpr insn_pbnt_yn fcam_mod_cls_name stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_tr_pbmn
acml_vol prdy_vrss_vol_rate bstp_kor_isnm sltr_yn trht_yn oprc_rang_cont_yn vlnt_fin_cls_code stck_oprc
prdy_vol
"""
_SIDES_HEAD = """\
shnu_cnqn_smtn seln_cnqn_smtn
"""
_SIDES = """\
stck_bsop_date total_seln_qty total_shnu_qty
"""


def intstock_multprice(call: Call) -> Answer:
    """Answer FHKST11300006: up to thirty names, in the order asked; what is not listed has no row."""
    exchange = call.venue.exchange
    rows = []
    for place in range(1, _MULTIPLE + 1):
        code = call.text(f"FID_INPUT_ISCD_{place}")
        listing = exchange.listing(code) if code else None
        if listing is not None:
            rows.append(arrange(_SEVERAL, _several_columns(call, listing, exchange.quote(code))))
    if not rows:
        raise unknown_symbol()
    return quote_answer(output=rows)


def _several_columns(call: Call, listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
    book = call.venue.exchange.book(listing.symbol)
    expected = book.expected_price
    change = expected - quote.base if expected else 0
    return {
        **common_columns(listing, quote),
        "kospi_kosdaq_cls_name": "코스피" if listing.market == "KOSPI" else "코스닥",
        "mrkt_trtm_cls_name": "거래정지" if quote.is_halted else "",
        "hour_cls_code": "0",
        "inter_shrn_iscd": listing.symbol,
        "inter_kor_isnm": listing.name,
        "inter2_prpr": str(quote.last),
        "inter2_prdy_vrss": str(quote.change),
        "inter2_oprc": str(quote.open),
        "inter2_hgpr": str(quote.high),
        "inter2_lwpr": str(quote.low),
        "inter2_llam": str(quote.lower_limit),
        "inter2_mxpr": str(quote.upper_limit),
        "inter2_askp": str(quote.ask_price),
        "inter2_bidp": str(quote.bid_price),
        "seln_rsqn": str(quote.ask_size),
        "shnu_rsqn": str(quote.bid_size),
        "inter2_prdy_clpr": str(quote.prev_close),
        "oprc_vrss_hgpr_rate": rate(ratio(quote.high - quote.open, quote.open)),
        "intr_antc_cntg_vrss": str(change),
        "intr_antc_cntg_vrss_sign": sign_code(change),
        "intr_antc_cntg_prdy_ctrt": signed(ratio(change, quote.base)),
        "intr_antc_vol": str(book.expected_quantity),
        "inter2_sdpr": str(quote.base),
    }


def inquire_time_itemconclusion(call: Call) -> Answer:
    """Answer FHPST01060000: the last thirty prints up to FID_INPUT_HOUR_1, newest first."""
    check_market(call)
    listing, quote = _named(call)
    latest = second_of(call.text("FID_INPUT_HOUR_1"))
    if latest is None:
        raise invalid_field("FID_INPUT_HOUR_1")
    rows = []
    for printed in reversed(call.venue.exchange.recent_trades(listing.symbol, _SEARCHED_PRINTS)):
        if (second_of(clock_text(printed.time)) or 0) > latest:
            continue
        change = printed.price - quote.base
        values = {
            "stck_cntg_hour": clock_text(printed.time),
            "stck_pbpr": str(printed.price),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": rate(ratio(change, quote.base)),
            "askp": str(printed.ask_price),
            "bidp": str(printed.bid_price),
            "tday_rltv": rate(printed.strength),
            "acml_vol": str(printed.total_volume),
            "cnqn": str(printed.quantity),
        }
        # KIS's printed answer names the price stck_prpr, its document stck_pbpr.
        rows.append({**arrange(_PRINTS, values), "stck_prpr": str(printed.price)})
        if len(rows) == _PRINT_ROWS:
            break
    head = {**common_columns(listing, quote), "rprs_mrkt_kor_name": _market_name(listing)}
    return quote_answer(output1=arrange(_PRINTS_HEAD, head), output2=rows)


def inquire_price_2(call: Call) -> Answer:
    """Answer FHPST01010000: a name's prices against the previous close, and its flags."""
    check_market(call)
    listing, quote = _named(call)
    values = {
        **common_columns(listing, quote),
        "rprs_mrkt_kor_name": _market_name(listing),
        "mxpr_llam_cls_code": {"1": "1", "4": "4"}.get(quote.sign, ""),
        "crdt_able_yn": "Y",
        "elw_pblc_yn": "N",
        "crdt_rate": "45.00",
        "marg_rate": rate(call.venue.reference.companies.of(listing.symbol).margin_rate),
        "stck_oprc": str(quote.open),
        "stck_hgpr": str(quote.high),
        "stck_lwpr": str(quote.low),
        "stck_prdy_clpr": str(quote.prev_close),
        "mang_issu_yn": "N",
        "short_over_yn": "N",
        "mrkt_warn_cls_code": "00",
        "invt_caful_yn": "N",
        "stange_runup_yn": "N",
        "ssts_hot_yn": "N",
        "low_current_yn": "N",
        "vi_cls_code": "Y" if quote.is_interrupted else "N",
        "short_over_cls_code": "N",
        "bstp_cls_code": sector_code(listing),
        "insn_pbnt_yn": "N",
        "bstp_kor_isnm": listing.sector,
        "sltr_yn": "N",
        "trht_yn": "Y" if quote.is_halted else "N",
        "oprc_rang_cont_yn": "N",
        "vlnt_fin_cls_code": "N",
    }
    for word, price in (("oprc", quote.open), ("hgpr", quote.high), ("lwpr", quote.low)):
        since = quote.last - price if price else 0
        values |= {
            f"prdy_clpr_vrss_{word}_rate": rate(
                ratio(price - quote.prev_close, quote.prev_close) if price else 0
            ),
            f"{word}_vrss_prpr": str(since),
            f"{word}_vrss_prpr_sign": sign_code(since),
        }
    return quote_answer(output=arrange(_SHEET, values))


def inquire_daily_trade_volume(call: Call) -> Answer:
    """Answer FHKST03010800: bought and sold volume by day, week, month or year, newest first."""
    check_market(call)
    listing, quote = _named(call)
    period = call.text("FID_PERIOD_DIV_CODE") or "D"
    if period not in ("D", "W", "M", "Y"):
        raise invalid_field("FID_PERIOD_DIV_CODE")
    exchange = call.venue.exchange
    today = exchange.moment.date()
    end = min(day_of(call.text("FID_INPUT_DATE_2")) or today, today)
    start = day_of(call.text("FID_INPUT_DATE_1")) or end - timedelta(days=_DAY_ROWS * 2)
    rows: dict[tuple[int, ...], tuple[date, int, int]] = {}
    for bar in exchange.daily_bars(listing.symbol, start, end, False):
        bought, sold = (
            (quote.buy_volume, quote.sell_volume) if bar.day == today else _sides(exchange.seed, listing, bar)
        )
        key = period_of(bar.day, period)
        day, bought_before, sold_before = rows.get(key, (bar.day, 0, 0))
        rows[key] = (day, bought_before + bought, sold_before + sold)
    shown = list(rows.values())[-_DAY_ROWS:]
    head = {
        "shnu_cnqn_smtn": str(sum(bought for _, bought, _ in shown)),
        "seln_cnqn_smtn": str(sum(sold for _, _, sold in shown)),
    }
    return quote_answer(
        output1=arrange(_SIDES_HEAD, head),
        output2=[
            arrange(
                _SIDES,
                {
                    "stck_bsop_date": day_text(day),
                    "total_seln_qty": str(sold),
                    "total_shnu_qty": str(bought),
                },
            )
            for day, bought, sold in reversed(shown)
        ],
    )


def _sides(seed: int, listing: Listing, bar: DailyBar) -> tuple[int, int]:
    """Return a past day's volume by who came for it, buyers or sellers: more buyers where it rose."""
    rng = random.Random(seed_for(seed, listing.symbol, "sides", bar.day))
    risen = (bar.close - bar.open) / bar.base_price if bar.base_price else 0.0
    bought = int(bar.volume * min(max(0.5 + 2.5 * risen + rng.gauss(0.0, 0.03), 0.25), 0.75))
    return bought, bar.volume - bought


def _named(call: Call) -> tuple[Listing, QuoteSnapshot]:
    symbol = call.symbol()
    listing = call.venue.exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    return listing, call.venue.exchange.quote(symbol)


def _market_name(listing: Listing) -> str:
    if listing.kind == "etf":
        return "ETF"
    return "KOSPI200" if listing.market == "KOSPI" else "KOSDAQ"
