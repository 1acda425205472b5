"""Answer the current price with everything that KIS puts around it."""

from __future__ import annotations

from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import (
    QUOTATIONS,
    QUOTE_KEYS,
    change_fields,
    check_market,
)
from kis_terminal.adapters.simulator.model import DailyBar, Listing, QuoteSnapshot, Statistics
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer, quote_answer
from kis_terminal.adapters.simulator.wire.formats import HUNDRED_MILLION, day_text, rate, ratio

_SUBSTITUTE_RATE = 0.76


def inquire_price(call: Call) -> Answer:
    """Answer FHKST01010100, the current price with everything around it."""
    check_market(call)
    exchange = call.venue.exchange
    symbol = call.symbol()
    listing = exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    quote, figures = exchange.quote(symbol), exchange.statistics(symbol)
    return quote_answer(
        output=_price_head(listing, quote, figures)
        | _price_levels(call, quote, figures)
        | _price_tail(listing, quote, figures)
    )


def _price_head(listing: Listing, quote: QuoteSnapshot, figures: Statistics) -> dict[str, str]:
    return {
        "iscd_stat_cls_code": "58" if quote.is_halted else "55",
        "marg_rate": rate(figures.margin_rate),
        "rprs_mrkt_kor_name": _market_name(listing),
        "new_hgpr_lwpr_cls_code": "",
        "bstp_kor_isnm": listing.sector,
        "temp_stop_yn": "Y" if quote.is_halted else "N",
        "oprc_rang_cont_yn": "N",
        "clpr_rang_cont_yn": "N",
        "crdt_able_yn": "Y",
        "grmn_rate_cls_code": "40",
        "elw_pblc_yn": "N",
        "stck_prpr": str(quote.last),
        **change_fields(quote),
        "acml_tr_pbmn": str(quote.turnover),
        "acml_vol": str(quote.volume),
        "prdy_vrss_vol_rate": rate(ratio(quote.volume, quote.prev_volume)),
        "stck_oprc": str(quote.open),
        "stck_hgpr": str(quote.high),
        "stck_lwpr": str(quote.low),
        "stck_mxpr": str(quote.upper_limit),
        "stck_llam": str(quote.lower_limit),
        "stck_sdpr": str(quote.base),
        "wghn_avrg_stck_prc": rate(quote.average_price),
        "hts_frgn_ehrt": rate(figures.foreign_rate),
        "frgn_ntby_qty": "0",
        "pgtr_ntby_qty": "0",
    }


def _price_levels(call: Call, quote: QuoteSnapshot, figures: Statistics) -> dict[str, str]:
    previous = _previous_bar(call, quote.symbol)
    high, low, close = previous.high, previous.low, previous.close
    pivot = (high + low + close) / 3
    if close > previous.open:
        demark = 2 * high + low + close
    elif close < previous.open:
        demark = high + 2 * low + close
    else:
        demark = high + low + 2 * close
    return {
        "pvt_scnd_dmrs_prc": str(int(pivot + high - low)),
        "pvt_frst_dmrs_prc": str(int(2 * pivot - low)),
        "pvt_pont_val": str(int(pivot)),
        "pvt_frst_dmsp_prc": str(int(2 * pivot - high)),
        "pvt_scnd_dmsp_prc": str(int(pivot - high + low)),
        "dmrs_val": str(int(demark / 2 - low)),
        "dmsp_val": str(int(demark / 2 - high)),
        "rstc_wdth_prc": str(quote.upper_limit - quote.base),
        "d250_hgpr": str(figures.days250_high),
        "d250_hgpr_date": day_text(figures.days250_high_date),
        "d250_hgpr_vrss_prpr_rate": _distance(quote.last, figures.days250_high),
        "d250_lwpr": str(figures.days250_low),
        "d250_lwpr_date": day_text(figures.days250_low_date),
        "d250_lwpr_vrss_prpr_rate": _distance(quote.last, figures.days250_low),
        "stck_dryy_hgpr": str(figures.this_year_high),
        "dryy_hgpr_vrss_prpr_rate": _distance(quote.last, figures.this_year_high),
        "dryy_hgpr_date": day_text(figures.this_year_high_date),
        "stck_dryy_lwpr": str(figures.this_year_low),
        "dryy_lwpr_vrss_prpr_rate": _distance(quote.last, figures.this_year_low),
        "dryy_lwpr_date": day_text(figures.this_year_low_date),
        "w52_hgpr": str(figures.year_high),
        "w52_hgpr_vrss_prpr_ctrt": _distance(quote.last, figures.year_high),
        "w52_hgpr_date": day_text(figures.year_high_date),
        "w52_lwpr": str(figures.year_low),
        "w52_lwpr_vrss_prpr_ctrt": _distance(quote.last, figures.year_low),
        "w52_lwpr_date": day_text(figures.year_low_date),
    }


def _price_tail(listing: Listing, quote: QuoteSnapshot, figures: Statistics) -> dict[str, str]:
    capital = listing.listed_shares * listing.face_value
    return {
        "cpfn": str(round(capital / HUNDRED_MILLION)),
        "stck_fcam": str(listing.face_value),
        "stck_sspr": str(int(quote.base * _SUBSTITUTE_RATE) // 10 * 10),
        "aspr_unit": str(quote.tick_size),
        "hts_deal_qty_unit_val": "1",
        "lstn_stcn": str(listing.listed_shares),
        "hts_avls": str(figures.market_cap // HUNDRED_MILLION),
        "per": rate(figures.per),
        "pbr": rate(figures.pbr),
        "stac_month": "12",
        "vol_tnrt": rate(ratio(quote.volume, listing.listed_shares)),
        "eps": rate(figures.eps),
        "bps": rate(figures.bps),
        "whol_loan_rmnd_rate": rate(figures.loan_rate),
        "ssts_yn": "Y",
        "stck_shrn_iscd": listing.symbol,
        "fcam_cnnm": f"{listing.face_value:,}",
        "cpfn_cnnm": f"{capital // HUNDRED_MILLION:,} 억",
        "apprch_rate": "",
        "frgn_hldn_qty": str(int(listing.listed_shares * figures.foreign_rate / 100)),
        "vi_cls_code": "Y" if quote.is_interrupted else "N",
        "ovtm_vi_cls_code": "N",
        "last_ssts_cntg_qty": "0",
        "invt_caful_yn": "N",
        "mrkt_warn_cls_code": "00",
        "short_over_yn": "N",
        "sltr_yn": "N",
        "mang_issu_cls_code": "N",
    }


def _market_name(listing: Listing) -> str:
    if listing.kind == "etf":
        return "ETF"
    return "KOSPI200" if listing.market == "KOSPI" else "KOSDAQ"


def _distance(last: int, mark: int) -> str:
    return rate(ratio(last - mark, mark))


def _previous_bar(call: Call, symbol: str) -> DailyBar:
    today = call.venue.exchange_time().date()
    bars = call.venue.exchange.daily_bars(symbol, today - timedelta(days=20), today, True)
    return bars[-2] if len(bars) > 1 else bars[-1]


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-price",
        (Transaction("FHKST01010100", "FHKST01010100"),),
        QUOTE_KEYS,
        inquire_price,
    ),
)
