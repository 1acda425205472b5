"""Answer what does not change within a day: the instrument sheet and the calendar."""

from __future__ import annotations

from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import QUOTATIONS
from kis_terminal.adapters.simulator.model import HolidayRow, Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    account_answer,
    business_refusal,
    invalid_field,
)
from kis_terminal.adapters.simulator.wire.formats import day_of, day_text

_HOLIDAY_ROWS = 24
_HOLIDAY_CONTEXT_WIDTH = 20
_SUBSTITUTE_RATE = 0.76


def search_stock_info(call: Call) -> Answer:
    """Answer CTPF1002R, the instrument sheet."""
    symbol = call.symbol("PDNO")
    listing = call.venue.exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    quote = call.venue.exchange.quote(symbol)
    output = _names_and_market(listing) | _dates(call, listing) | _prices_and_flags(listing, quote)
    return account_answer("KIOK0530", "조회되었습니다", output=output)


def search_info(call: Call) -> Answer:
    """Answer CTPF1604R, the short product sheet; only type 300 (shares and ETF) has anything here.

    python-kis asks it before anything else and goes on to the next type at `rt_cd` 7.
    """
    listing = call.venue.exchange.listing(call.text("PDNO"))
    if listing is None or call.text("PRDT_TYPE_CD") != "300":
        raise business_refusal("KIOK0560", "조회할 내용이 없습니다")
    is_etf = listing.kind == "etf"
    sheet = _names_and_market(listing)
    names = {name: value for name, value in sheet.items() if name.startswith("prdt_") or name == "std_pdno"}
    output = {
        "pdno": sheet["pdno"],
        **names,
        "shtn_pdno": listing.symbol,
        "prdt_sale_stat_cd": "",
        "prdt_risk_grad_cd": "",
        "prdt_clsf_cd": "101210" if is_etf else "101110",
        "prdt_clsf_name": "ETF" if is_etf else "주권",
        "sale_strt_dt": "",
        "sale_end_dt": "",
        "wrap_asst_type_cd": "06",
        "ivst_prdt_type_cd": "",
        "ivst_prdt_type_cd_name": "",
        "frst_erlm_dt": "",
    }
    return account_answer("KIOK0530", "조회되었습니다", output=output)


def _names_and_market(listing: Listing) -> dict[str, str]:
    is_etf, is_kospi = listing.kind == "etf", listing.market == "KOSPI"
    return {
        "pdno": f"{listing.symbol:0>12}" if is_etf else f"00000A{listing.symbol}",
        "prdt_type_cd": "300",
        "mket_id_cd": "STK" if is_kospi else "KSQ",
        "scty_grp_id_cd": "EF" if is_etf else "ST",
        "excg_dvsn_cd": "02" if is_kospi else "03",
        "setl_mmdd": "12",
        "lstg_stqt": str(listing.listed_shares),
        "lstg_cptl_amt": "0",
        "cpta": str(listing.listed_shares * listing.face_value),
        "papr": str(listing.face_value),
        "issu_pric": str(listing.face_value),
        "kospi200_item_yn": "Y" if is_kospi and not is_etf else "N",
        "stck_kind_cd": "000" if is_etf else "101" if listing.symbol.endswith("0") else "201",
        "prdt_name": listing.name,
        "prdt_name120": listing.name,
        "prdt_abrv_name": listing.name,
        "std_pdno": listing.standard_code,
        "prdt_eng_name": listing.english_name,
        "prdt_eng_name120": listing.english_name,
        "prdt_eng_abrv_name": listing.english_name,
        "std_idst_clsf_cd": "000000",
        "std_idst_clsf_cd_name": listing.sector,
        "idx_bztp_lcls_cd": "002",
        "idx_bztp_mcls_cd": "013",
        "idx_bztp_scls_cd": "013",
        "idx_bztp_lcls_cd_name": "시가총액규모대",
        "idx_bztp_mcls_cd_name": listing.sector,
        "idx_bztp_scls_cd_name": listing.sector,
    }


def _dates(call: Call, listing: Listing) -> dict[str, str]:
    listed = day_text(listing.listing_date)
    is_kospi = listing.market == "KOSPI"
    today = day_text(call.venue.exchange_time().date())
    return {
        "scts_mket_lstg_dt": listed if is_kospi else "",
        "scts_mket_lstg_abol_dt": "",
        "kosdaq_mket_lstg_dt": "" if is_kospi else listed,
        "kosdaq_mket_lstg_abol_dt": "",
        "frbd_mket_lstg_dt": listed if is_kospi else "",
        "frbd_mket_lstg_abol_dt": "",
        "mfnd_opng_dt": "",
        "mfnd_end_dt": "",
        "dpsi_erlm_cncl_dt": "",
        "lstg_abol_dt": "",
        "thco_sbst_pric_chng_dt": today,
        "clpr_chng_dt": today,
    }


def _prices_and_flags(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
    is_etf = listing.kind == "etf"
    substitute = str(int(quote.base * _SUBSTITUTE_RATE) // 10 * 10)
    return {
        "reits_kind_cd": "",
        "etf_dvsn_cd": "1" if is_etf else "0",
        "oilf_fund_yn": "N",
        "etf_cu_qty": "50000" if is_etf else "0",
        "dpsi_aptm_erlm_yn": "Y",
        "etf_txtn_type_cd": "00",
        "etf_type_cd": "1" if is_etf else "",
        "nwst_odst_dvsn_cd": "1",
        "sbst_pric": substitute,
        "thco_sbst_pric": substitute,
        "tr_stop_yn": "Y" if quote.is_halted else "N",
        "admn_item_yn": "N",
        "thdt_clpr": str(quote.last),
        "bfdy_clpr": str(quote.prev_close),
        "ocr_no": "0000",
        "crfd_item_yn": "N",
        "elec_scty_yn": "Y",
        "issu_istt_cd": listing.symbol[:5],
        "etf_chas_erng_rt_dbnb": "1" if is_etf else "0",
        "etf_etn_ivst_heed_item_yn": "N",
        "stln_int_rt_dvsn_cd": "01",
        "frnr_psnl_lmt_rt": "0.00000000",
        "lstg_rqsr_issu_istt_cd": "",
        "lstg_rqsr_item_cd": "",
        "trst_istt_issu_istt_cd": "",
        "cptt_trad_tr_psbl_yn": "N" if is_etf else "Y",
        "nxt_tr_stop_yn": "Y" if quote.is_halted and not is_etf else "N",
    }


def chk_holiday(call: Call) -> Answer:
    """Answer CTCA0903R: 24 calendar days from BASS_DT, endlessly continued as KIS does."""
    start = day_of(call.text("BASS_DT"))
    if start is None:
        raise invalid_field("BASS_DT")
    shown = day_of(call.text("CTX_AREA_NK")) if call.wants_next_page else None
    if shown is not None:
        start = shown + timedelta(days=1)
    rows = call.venue.exchange.calendar.holiday_rows(start, _HOLIDAY_ROWS)
    return account_answer(
        "KIOK0500",
        "조회가 계속됩니다..다음버튼을 Click 하십시오.",
        tr_cont="M" if shown is not None else "F",
        ctx_area_nk=day_text(rows[-1].day).ljust(_HOLIDAY_CONTEXT_WIDTH),
        ctx_area_fk=call.text("BASS_DT").ljust(_HOLIDAY_CONTEXT_WIDTH),
        output=[_holiday_row(row) for row in rows],
    )


def _holiday_row(row: HolidayRow) -> dict[str, str]:
    return {
        "bass_dt": day_text(row.day),
        # 01 is Sunday, 07 Saturday.
        "wday_dvsn_cd": f"{row.day.isoweekday() % 7 + 1:02d}",
        "bzdy_yn": _yes_no(row.is_bank_day),
        "tr_day_yn": _yes_no(row.is_trading_day),
        "opnd_yn": _yes_no(row.is_open),
        "sttl_day_yn": _yes_no(row.is_settlement_day),
    }


def _yes_no(value: bool) -> str:
    return "Y" if value else "N"


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{QUOTATIONS}/search-stock-info",
        (Transaction("CTPF1002R", None),),
        ("PRDT_TYPE_CD", "PDNO"),
        search_stock_info,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/search-info",
        (Transaction("CTPF1604R", None),),
        ("PRDT_TYPE_CD", "PDNO"),
        search_info,
    ),
    Endpoint(
        "GET", f"{QUOTATIONS}/chk-holiday", (Transaction("CTCA0903R", None),), ("BASS_DT",), chk_holiday
    ),
)
