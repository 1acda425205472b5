"""Answer the calls about who bought and sold: private persons, foreigners, institutions.

Quantities are shares (thousands where a whole market is meant), amounts millions of won.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import check_market
from kis_terminal.adapters.simulator.handlers.ranking_filters import listings_of
from kis_terminal.adapters.simulator.handlers.ranking_rows import common_columns
from kis_terminal.adapters.simulator.model import DailyBar, Listing
from kis_terminal.adapters.simulator.reference.index_rules import INDICES, IndexRule
from kis_terminal.adapters.simulator.reference.investor_split import Trading, joined, parties, party_columns
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import MILLION, clock_text, day_of, day_text, ratio

THOUSAND = 1_000
_DAY_ROWS, _RANK_ROWS = 30, 30
_STOCK_DAYS = 100
_LATEST_ESTIMATE = ((9, 30, "1"), (10, 0, "2"), (11, 20, "3"), (13, 20, "4"), (14, 30, "5"))
"""When estimates for one name come out (hour, minute, code)."""

_MARKET_NOW = """\
frgn_seln_vol frgn_shnu_vol frgn_ntby_qty frgn_seln_tr_pbmn frgn_shnu_tr_pbmn frgn_ntby_tr_pbmn
prsn_seln_vol prsn_shnu_vol prsn_ntby_qty prsn_seln_tr_pbmn prsn_shnu_tr_pbmn prsn_ntby_tr_pbmn
orgn_seln_vol orgn_shnu_vol orgn_ntby_qty orgn_seln_tr_pbmn orgn_shnu_tr_pbmn orgn_ntby_tr_pbmn
scrt_seln_vol scrt_shnu_vol scrt_ntby_qty scrt_seln_tr_pbmn scrt_shnu_tr_pbmn scrt_ntby_tr_pbmn
ivtr_seln_vol ivtr_shnu_vol ivtr_ntby_qty ivtr_seln_tr_pbmn ivtr_shnu_tr_pbmn ivtr_ntby_tr_pbmn
pe_fund_seln_tr_pbmn pe_fund_seln_vol pe_fund_ntby_vol pe_fund_shnu_tr_pbmn pe_fund_shnu_vol
pe_fund_ntby_tr_pbmn bank_seln_vol bank_shnu_vol bank_ntby_qty bank_seln_tr_pbmn bank_shnu_tr_pbmn
bank_ntby_tr_pbmn insu_seln_vol insu_shnu_vol insu_ntby_qty insu_seln_tr_pbmn insu_shnu_tr_pbmn
insu_ntby_tr_pbmn mrbn_seln_vol mrbn_shnu_vol mrbn_ntby_qty mrbn_seln_tr_pbmn mrbn_shnu_tr_pbmn
mrbn_ntby_tr_pbmn fund_seln_vol fund_shnu_vol fund_ntby_qty fund_seln_tr_pbmn fund_shnu_tr_pbmn
fund_ntby_tr_pbmn etc_orgt_seln_vol etc_orgt_shnu_vol etc_orgt_ntby_vol etc_orgt_seln_tr_pbmn
etc_orgt_shnu_tr_pbmn etc_orgt_ntby_tr_pbmn etc_corp_seln_vol etc_corp_shnu_vol etc_corp_ntby_vol
etc_corp_seln_tr_pbmn etc_corp_shnu_tr_pbmn etc_corp_ntby_tr_pbmn
"""
_MARKET_DAY = """\
stck_bsop_date bstp_nmix_prpr bstp_nmix_prdy_vrss prdy_vrss_sign bstp_nmix_prdy_ctrt bstp_nmix_oprc
bstp_nmix_hgpr bstp_nmix_lwpr stck_prdy_clpr frgn_ntby_qty frgn_reg_ntby_qty frgn_nreg_ntby_qty
prsn_ntby_qty orgn_ntby_qty scrt_ntby_qty ivtr_ntby_qty pe_fund_ntby_vol bank_ntby_qty insu_ntby_qty
mrbn_ntby_qty fund_ntby_qty etc_ntby_qty etc_orgt_ntby_vol etc_corp_ntby_vol frgn_ntby_tr_pbmn
frgn_reg_ntby_pbmn frgn_nreg_ntby_pbmn prsn_ntby_tr_pbmn orgn_ntby_tr_pbmn scrt_ntby_tr_pbmn
ivtr_ntby_tr_pbmn pe_fund_ntby_tr_pbmn bank_ntby_tr_pbmn insu_ntby_tr_pbmn mrbn_ntby_tr_pbmn
fund_ntby_tr_pbmn etc_ntby_tr_pbmn etc_orgt_ntby_tr_pbmn etc_corp_ntby_tr_pbmn
"""
_TOTAL = """\
hts_kor_isnm mksc_shrn_iscd ntby_qty stck_prpr prdy_vrss_sign prdy_vrss prdy_ctrt acml_vol frgn_ntby_qty
orgn_ntby_qty ivtr_ntby_qty bank_ntby_qty insu_ntby_qty mrbn_ntby_qty fund_ntby_qty etc_orgt_ntby_vol
etc_corp_ntby_vol frgn_ntby_tr_pbmn orgn_ntby_tr_pbmn ivtr_ntby_tr_pbmn bank_ntby_tr_pbmn
insu_ntby_tr_pbmn mrbn_ntby_tr_pbmn fund_ntby_tr_pbmn etc_orgt_ntby_tr_pbmn etc_corp_ntby_tr_pbmn
"""
_STOCK_HEAD = """\
stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol prdy_vol rprs_mrkt_kor_name
"""
_STOCK_DAY = """\
stck_bsop_date stck_clpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol acml_tr_pbmn stck_oprc stck_hgpr
stck_lwpr frgn_ntby_qty frgn_reg_ntby_qty frgn_nreg_ntby_qty prsn_ntby_qty orgn_ntby_qty scrt_ntby_qty
ivtr_ntby_qty pe_fund_ntby_vol bank_ntby_qty insu_ntby_qty mrbn_ntby_qty fund_ntby_qty etc_ntby_qty
etc_corp_ntby_vol etc_orgt_ntby_vol frgn_reg_ntby_pbmn frgn_ntby_tr_pbmn frgn_nreg_ntby_pbmn
prsn_ntby_tr_pbmn orgn_ntby_tr_pbmn scrt_ntby_tr_pbmn pe_fund_ntby_tr_pbmn ivtr_ntby_tr_pbmn
bank_ntby_tr_pbmn insu_ntby_tr_pbmn mrbn_ntby_tr_pbmn fund_ntby_tr_pbmn etc_ntby_tr_pbmn
etc_corp_ntby_tr_pbmn etc_orgt_ntby_tr_pbmn frgn_seln_vol frgn_shnu_vol frgn_seln_tr_pbmn
frgn_shnu_tr_pbmn frgn_reg_askp_qty frgn_reg_bidp_qty frgn_reg_askp_pbmn frgn_reg_bidp_pbmn
frgn_nreg_askp_qty frgn_nreg_bidp_qty frgn_nreg_askp_pbmn frgn_nreg_bidp_pbmn prsn_seln_vol prsn_shnu_vol
prsn_seln_tr_pbmn prsn_shnu_tr_pbmn orgn_seln_vol orgn_shnu_vol orgn_seln_tr_pbmn orgn_shnu_tr_pbmn
scrt_seln_vol scrt_shnu_vol scrt_seln_tr_pbmn scrt_shnu_tr_pbmn ivtr_seln_vol ivtr_shnu_vol
ivtr_seln_tr_pbmn ivtr_shnu_tr_pbmn pe_fund_seln_tr_pbmn pe_fund_seln_vol pe_fund_shnu_tr_pbmn
pe_fund_shnu_vol bank_seln_vol bank_shnu_vol bank_seln_tr_pbmn bank_shnu_tr_pbmn insu_seln_vol
insu_shnu_vol insu_seln_tr_pbmn insu_shnu_tr_pbmn mrbn_seln_vol mrbn_shnu_vol mrbn_seln_tr_pbmn
mrbn_shnu_tr_pbmn fund_seln_vol fund_shnu_vol fund_seln_tr_pbmn fund_shnu_tr_pbmn etc_seln_vol
etc_shnu_vol etc_seln_tr_pbmn etc_shnu_tr_pbmn etc_orgt_seln_vol etc_orgt_shnu_vol etc_orgt_seln_tr_pbmn
etc_orgt_shnu_tr_pbmn etc_corp_seln_vol etc_corp_shnu_vol etc_corp_seln_tr_pbmn etc_corp_shnu_tr_pbmn
bold_yn
"""
_ESTIMATE = """\
bsop_hour_gb frgn_fake_ntby_qty orgn_fake_ntby_qty sum_fake_ntby_qty
"""


def inquire_investor_time_by_market(call: Call) -> Answer:
    """Answer FHPTJ04030000: the investors of one market so far today."""
    listings = _market_listings(call, call.text("FID_INPUT_ISCD"), call.text("FID_INPUT_ISCD_2"))
    total = joined(_today_parties(call, listing) for listing in listings)
    return quote_answer(output=[arrange(_MARKET_NOW, party_columns(total, THOUSAND), "0")])


def inquire_investor_daily_by_market(call: Call) -> Answer:
    """Answer FHPTJ04040000: the investors of one market day by day, up to FID_INPUT_DATE_1."""
    end = day_of(call.text("FID_INPUT_DATE_1"))
    if end is None:
        raise invalid_field("FID_INPUT_DATE_1")
    exchange = call.venue.exchange
    is_kosdaq = call.text("FID_INPUT_ISCD_1") == "KSQ" or call.text("FID_INPUT_ISCD") == "1001"
    rule = INDICES["1001" if is_kosdaq else "0001"]
    rule = call.venue.reference.indices.rule(call.text("FID_INPUT_ISCD")) or rule
    end = min(end, exchange.moment.date())
    start = end - timedelta(days=_DAY_ROWS * 2)
    by_day = call.venue.reference.flows.by_day(rule, start, end)
    rows = []
    for shown in reversed(call.venue.reference.indices.bars(rule, "D", start, end)[-_DAY_ROWS:]):
        values = {
            **party_columns(by_day.get(shown.day, {}), THOUSAND),
            "stck_bsop_date": day_text(shown.day),
            "bstp_nmix_prpr": signed(shown.close),
            "bstp_nmix_prdy_vrss": signed(shown.close - shown.previous),
            "prdy_vrss_sign": sign_code(round(shown.close - shown.previous, 2)),
            "bstp_nmix_prdy_ctrt": signed(ratio(shown.close - shown.previous, shown.previous)),
            "bstp_nmix_oprc": signed(shown.open),
            "bstp_nmix_hgpr": signed(shown.high),
            "bstp_nmix_lwpr": signed(shown.low),
            "stck_prdy_clpr": signed(shown.previous),
        }
        rows.append(arrange(_MARKET_DAY, values, "0"))
    return quote_answer(output=rows)


def foreign_institution_total(call: Call) -> Answer:
    """Answer FHPTJ04400000: names by what foreigners and institutions net bought today."""
    by_amount = call.text("FID_DIV_CLS_CODE") == "1"
    wanted = {"1": ("frgn",), "2": ("orgn",), "3": ("etc_orgt", "etc_corp")}.get(
        call.text("FID_ETC_CLS_CODE"), ("frgn", "orgn")
    )
    rows: list[tuple[int, dict[str, str]]] = []
    for listing in listings_of(call, call.text("FID_INPUT_ISCD")):
        found = _today_parties(call, listing)
        net = sum(found[name].net for name in wanted)
        amount = sum(found[name].net_amount for name in wanted)
        values = {
            **party_columns(found),
            **common_columns(listing, call.venue.exchange.quote(listing.symbol)),
            "ntby_qty": str(net),
        }
        rows.append((amount if by_amount else net, arrange(_TOTAL, values, "0")))
    rows.sort(key=lambda row: row[0], reverse=call.text("FID_RANK_SORT_CLS_CODE") != "1")
    return quote_answer(output=[row for _, row in rows[:_RANK_ROWS]])


def investor_trade_by_stock_daily(call: Call) -> Answer:
    """Answer FHPTJ04160001: the investors of one name day by day, up to FID_INPUT_DATE_1."""
    check_market(call)
    symbol, end = call.symbol(), day_of(call.text("FID_INPUT_DATE_1"))
    if end is None:
        raise invalid_field("FID_INPUT_DATE_1")
    exchange = call.venue.exchange
    listing, quote = exchange.listing(symbol), exchange.quote(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    end = min(end, exchange.moment.date())
    bars = exchange.daily_bars(symbol, end - timedelta(days=_STOCK_DAYS * 2), end, False)[-_STOCK_DAYS:]
    head = {
        **common_columns(listing, quote),
        "prdy_vol": str(quote.prev_volume),
        "rprs_mrkt_kor_name": "KOSPI200" if listing.market == "KOSPI" else "KOSDAQ",
    }
    rows = [arrange(_STOCK_DAY, _stock_day(listing, bar, exchange.seed), "0") for bar in reversed(bars)]
    return quote_answer(output1=arrange(_STOCK_HEAD, head), output2=rows)


def _stock_day(listing: Listing, bar: DailyBar, seed: int) -> dict[str, str]:
    change = bar.close - bar.base_price
    return {
        **party_columns(parties(listing, bar, seed)),
        "stck_bsop_date": day_text(bar.day),
        "stck_clpr": str(bar.close),
        "prdy_vrss": str(change),
        "prdy_vrss_sign": sign_code(change),
        "prdy_ctrt": signed(ratio(change, bar.base_price)),
        "acml_vol": str(bar.volume),
        "acml_tr_pbmn": str(bar.turnover // MILLION),
        "stck_oprc": str(bar.open),
        "stck_hgpr": str(bar.high),
        "stck_lwpr": str(bar.low),
        "bold_yn": "N",
    }


def investor_trend_estimate(call: Call) -> Answer:
    """Answer HHPTJ04160200: what members estimate at fixed hours; the newest estimate is the flow so far.

    The earlier ones are the day's flow in proportion to what had been traded by then.
    """
    symbol = call.symbol("MKSC_SHRN_ISCD")
    exchange = call.venue.exchange
    listing = exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    today = _today_parties(call, listing)
    minutes = exchange.minute_bars(symbol, exchange.moment.date())
    volume = sum(bar.volume for bar in minutes)
    rows = []
    for hour, minute, code in _LATEST_ESTIMATE:
        limit = f"{hour:02d}{minute:02d}00"
        if limit > clock_text(exchange.moment):
            break
        traded = sum(bar.volume for bar in minutes if clock_text(bar.time) < limit)
        foreign, institution = (
            int(today[name].net * traded / volume) if volume else 0 for name in ("frgn", "orgn")
        )
        values = {
            "bsop_hour_gb": code,
            "frgn_fake_ntby_qty": str(foreign),
            "orgn_fake_ntby_qty": str(institution),
            "sum_fake_ntby_qty": str(foreign + institution),
        }
        rows.append(arrange(_ESTIMATE, values))
    return quote_answer(output2=rows[::-1])


def _today_parties(call: Call, listing: Listing) -> dict[str, Trading]:
    exchange = call.venue.exchange
    return parties(listing, exchange.today_bar(listing.symbol), exchange.seed)


def _market_listings(call: Call, market: str, sector: str) -> Sequence[Listing]:
    """Return the names of a market or sector: 0001 or S001 for the whole of it, ETF with T000."""
    listings = call.venue.exchange.listings()
    if market == "ETF":
        return [listing for listing in listings if listing.kind == "etf"]
    if market not in ("KSP", "KSQ"):
        return []  # markets that are not played: ELW, ETN, derivatives
    rule: IndexRule | None = INDICES.get(sector)
    whole = "KOSPI" if market == "KSP" else "KOSDAQ"
    chosen = [listing for listing in listings if listing.market == whole and listing.kind == "stock"]
    return [one for one in chosen if rule.holds(one)] if rule is not None and rule.sector else chosen
