"""Answer what tells about names abroad rather than prices: sheets, the search, settlement days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from kis_terminal.adapters.simulator.abroad.handlers_quotes import company_of, price_columns
from kis_terminal.adapters.simulator.abroad.listings import LISTINGS, OverseasListing, find_share
from kis_terminal.adapters.simulator.abroad.market import OverseasQuote
from kis_terminal.adapters.simulator.abroad.venues import US_CODES, VENUES
from kis_terminal.adapters.simulator.handlers.ranking_filters import decimal
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    account_answer,
    business_refusal,
    invalid_field,
    quote_answer,
)
from kis_terminal.adapters.simulator.wire.columns import arrange
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text

_SEARCH_ROWS = 100

_SHEET = """\
std_pdno prdt_eng_name natn_cd natn_name tr_mket_cd tr_mket_name ovrs_excg_cd ovrs_excg_name tr_crcy_cd
ovrs_papr crcy_name ovrs_stck_dvsn_cd prdt_clsf_cd prdt_clsf_name sll_unit_qty buy_unit_qty tr_unit_amt
lstg_stck_num lstg_dt ovrs_stck_tr_stop_dvsn_cd lstg_abol_item_yn ovrs_stck_prdt_grp_no lstg_yn
tax_levy_yn ovrs_stck_erlm_rosn_cd ovrs_stck_hist_rght_dvsn_cd chng_bf_pdno prdt_type_cd_2 ovrs_item_name
sedol_no blbg_tckr_text ovrs_stck_etf_risk_drtp_cd etp_chas_erng_rt_dbnb istt_usge_isin_cd mint_svc_yn
mint_svc_yn_chng_dt prdt_name lei_cd ovrs_stck_stop_rson_cd lstg_abol_dt mini_stk_tr_stat_dvsn_cd
mint_frst_svc_erlm_dt mint_dcpt_trad_psbl_yn mint_fnum_trad_psbl_yn mint_cblc_cvsn_ipsb_yn ptp_item_yn
ptp_item_trfx_exmt_yn ptp_item_trfx_exmt_strt_dt ptp_item_trfx_exmt_end_dt dtm_tr_psbl_yn
sdrf_stop_ecls_yn sdrf_stop_ecls_erlm_dt memo_text1 ovrs_now_pric1 sgle_item_lvrg_etp_yn last_rcvg_dtime
"""
_SEARCH_HEAD = """\
zdiv stat crec trec nrec
"""
_SEARCH = """\
rsym excd name symb last shar valx plow phigh popen tvol rate diff sign avol eps per rank ename e_ordyn
"""
_SETTLEMENT = """\
prdt_type_cd tr_natn_cd tr_natn_name natn_eng_abrv_cd tr_mket_cd tr_mket_name acpl_sttl_dt dmst_sttl_dt
"""


def search_info(call: Call) -> Answer:
    """Answer CTPF1702R, a name's sheet; the product type names the market."""
    venue = next((one for one in VENUES.values() if one.product_type == call.text("PRDT_TYPE_CD")), None)
    listing = find_share(venue.code, call.text("PDNO")) if venue is not None else None
    if listing is None:
        raise business_refusal("KIOK0560", "조회할 내용이 없습니다")
    venue, is_etf = listing.venue, listing.kind == "etf"
    found = call.venue.reference.overseas.quote(listing, call.now)
    values = {
        "std_pdno": f"{venue.nation}SIM{listing.symbol:0>6}0"[:12],
        "prdt_eng_name": listing.english_name,
        "natn_cd": venue.nation_code,
        "natn_name": venue.nation_name,
        "tr_mket_cd": "01",
        "tr_mket_name": venue.name,
        "ovrs_excg_cd": venue.order_code,
        "ovrs_excg_name": venue.name,
        "tr_crcy_cd": venue.currency,
        "ovrs_papr": "0.00000",
        "crcy_name": venue.currency_name,
        "ovrs_stck_dvsn_cd": "03" if is_etf else "01",
        "prdt_clsf_cd": "101310" if is_etf else "101210",
        "prdt_clsf_name": "해외ETF" if is_etf else "해외주식",
        "sll_unit_qty": str(venue.lot),
        "buy_unit_qty": str(venue.lot),
        "tr_unit_amt": "0",
        "lstg_stck_num": str(listing.shares),
        "ovrs_stck_tr_stop_dvsn_cd": "01",
        "lstg_abol_item_yn": "N",
        "lstg_yn": "Y",
        "tax_levy_yn": "N",
        "prdt_type_cd_2": venue.product_type,
        "ovrs_item_name": listing.name,
        "prdt_name": listing.name,
        "etp_chas_erng_rt_dbnb": "0.000000",
        "mint_svc_yn": "N",
        "mint_dcpt_trad_psbl_yn": "N",
        "mint_fnum_trad_psbl_yn": "N",
        "mint_cblc_cvsn_ipsb_yn": "N",
        "ptp_item_yn": "N",
        "dtm_tr_psbl_yn": "Y" if venue.code in US_CODES else "N",
        "sgle_item_lvrg_etp_yn": "N",
        "ovrs_now_pric1": listing.text(found.bar.close),
        "last_rcvg_dtime": f"{day_text(call.now.date())}{clock_text(call.now)}",
    }
    return account_answer("KIOK0530", "조회되었습니다", output=arrange(_SHEET, values))


def inquire_search(call: Call) -> Answer:
    """Answer HHDFS76410000: the names of one market that all ticked conditions hold for.

    Worth (VALX) and amount (AMT) are asked in thousands of the currency, shares (SHAR) in thousands.
    """
    code = call.text("EXCD")
    if code not in VENUES:
        raise invalid_field("EXCD")
    rows = []
    for listing in LISTINGS.values():
        if listing.venue.code != code or listing.kind not in ("stock", "etf"):
            continue
        found = call.venue.reference.overseas.quote(listing, call.now)
        earnings, _ = company_of(call, listing)
        last = found.bar.close * listing.tick
        figures = {
            "PRICECUR": last,
            "RATE": found.rate,
            "VALX": listing.shares * last / 1_000,
            "SHAR": listing.shares / 1_000,
            "VOLUME": float(found.bar.volume),
            "AMT": found.bar.amount / 1_000,
            "EPS": earnings,
            "PER": last / earnings,
        }
        if all(_holds(call, name, value) for name, value in figures.items()):
            rows.append((listing, found, figures))
    rows.sort(key=lambda row: row[2]["VALX"], reverse=True)
    shown = [_search_row(place, *row) for place, row in enumerate(rows[:_SEARCH_ROWS], start=1)]
    head = {
        "zdiv": str(VENUES[code].places),
        "stat": "",
        "crec": str(len(shown)),
        "trec": str(len(rows)),
        "nrec": str(len(shown)),
    }
    return quote_answer(output1=arrange(_SEARCH_HEAD, head), output2=shown)


def _holds(call: Call, name: str, value: float) -> bool:
    if call.text(f"CO_YN_{name}") != "1":
        return True
    lowest, highest = decimal(call, f"CO_ST_{name}"), decimal(call, f"CO_EN_{name}")
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _search_row(
    place: int, listing: OverseasListing, found: OverseasQuote, figures: Mapping[str, float]
) -> dict[str, str]:
    values = {
        **price_columns(found),
        "excd": listing.venue.code,
        "name": listing.name,
        "symb": listing.symbol,
        "shar": str(listing.shares),
        "valx": f"{figures['VALX']:.0f}",
        "plow": listing.text(found.bar.low),
        "phigh": listing.text(found.bar.high),
        "popen": listing.text(found.bar.open),
        "avol": str(found.bar.amount),
        "eps": f"{figures['EPS']:.2f}",
        "per": f"{figures['PER']:.2f}",
        "rank": str(place),
        "ename": listing.english_name,
        "e_ordyn": "○",
    }
    return arrange(_SEARCH, values)


def countries_holiday(call: Call) -> Answer:
    """Answer CTOS5011R: when a trade of TRAD_DT settles in each market, there and here."""
    day = day_of(call.text("TRAD_DT"))
    if day is None:
        raise invalid_field("TRAD_DT")
    calendar = call.venue.exchange.calendar
    rows = []
    for number, venue in enumerate((one for one in VENUES.values() if one.currency), start=1):
        if not venue.is_open_day(day):
            continue
        there = venue.next_open_day(day, venue.settlement_days)
        here = there + timedelta(days=1) if venue.code in US_CODES else there
        while not calendar.is_regular_day(here):
            here += timedelta(days=1)
        values = {
            "prdt_type_cd": venue.product_type,
            "tr_natn_cd": venue.nation_code,
            "tr_natn_name": venue.nation_name,
            "natn_eng_abrv_cd": venue.nation,
            "tr_mket_cd": f"{number:02d}",
            "tr_mket_name": venue.name,
            "acpl_sttl_dt": day_text(there),
            "dmst_sttl_dt": day_text(here),
        }
        rows.append(arrange(_SETTLEMENT, values))
    return account_answer(
        "KIOK0460", "조회 되었습니다. (마지막 자료)", output=rows, ctx_area_nk=" " * 20, ctx_area_fk=" " * 20
    )
