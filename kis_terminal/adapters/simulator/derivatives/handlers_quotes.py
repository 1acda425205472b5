"""Answer the calls about futures and options as they stand: price, book, boards; amounts in thousands."""

from __future__ import annotations

from datetime import timedelta

from kis_terminal.adapters.simulator.derivatives.contracts import Contract
from kis_terminal.adapters.simulator.derivatives.market import LEVELS, DerivativeQuote, Level
from kis_terminal.adapters.simulator.reference.index_market import IndexSnapshot
from kis_terminal.adapters.simulator.reference.index_rules import INDICES
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    invalid_field,
    quote_answer,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_text, ratio

THOUSAND = 1_000

_PRICE = """\
hts_kor_isnm futs_prpr futs_prdy_vrss prdy_vrss_sign futs_prdy_clpr futs_prdy_ctrt acml_vol acml_tr_pbmn
hts_otst_stpl_qty otst_stpl_qty_icdc futs_oprc futs_hgpr futs_lwpr futs_mxpr futs_llam basis futs_sdpr
hts_thpr dprt crbr_aply_mxpr crbr_aply_llam futs_last_tr_date hts_rmnn_dynu futs_lstn_medm_hgpr
futs_lstn_medm_lwpr delta_val gama theta vega rho hist_vltl hts_ints_vltl mrkt_basis acpr
"""
_INDEX = """\
bstp_cls_code hts_kor_isnm bstp_nmix_prpr prdy_vrss_sign bstp_nmix_prdy_vrss bstp_nmix_prdy_ctrt
"""
_BOOK_HEAD = """\
hts_kor_isnm futs_prpr prdy_vrss_sign futs_prdy_vrss futs_prdy_ctrt acml_vol futs_prdy_clpr futs_shrn_iscd
"""
_BOOK = """\
futs_askp1 futs_askp2 futs_askp3 futs_askp4 futs_askp5 futs_bidp1 futs_bidp2 futs_bidp3 futs_bidp4
futs_bidp5 askp_rsqn1 askp_rsqn2 askp_rsqn3 askp_rsqn4 askp_rsqn5 bidp_rsqn1 bidp_rsqn2 bidp_rsqn3
bidp_rsqn4 bidp_rsqn5 askp_csnu1 askp_csnu2 askp_csnu3 askp_csnu4 askp_csnu5 bidp_csnu1 bidp_csnu2
bidp_csnu3 bidp_csnu4 bidp_csnu5 total_askp_rsqn total_bidp_rsqn total_askp_csnu total_bidp_csnu
aspr_acpt_hour
"""
_TOP = """\
unas_prpr unas_prdy_vrss unas_prdy_vrss_sign unas_prdy_ctrt unas_acml_vol hts_kor_isnm futs_prpr
futs_prdy_vrss prdy_vrss_sign futs_prdy_ctrt
"""
_TOP_ROW = """\
hts_rmnn_dynu
"""
_FUTURE = """\
futs_shrn_iscd hts_kor_isnm futs_prpr futs_prdy_vrss prdy_vrss_sign futs_prdy_ctrt hts_thpr acml_vol
futs_askp futs_bidp hts_otst_stpl_qty futs_hgpr futs_lwpr hts_rmnn_dynu total_askp_rsqn total_bidp_rsqn
futs_antc_cnpr futs_antc_cntg_vrss antc_cntg_vrss_sign antc_cntg_prdy_ctrt
"""
_MONTH = """\
mtrt_yymm_code mtrt_yymm
"""
_OPTION = """\
acpr unch_prpr optn_shrn_iscd optn_prpr optn_prdy_vrss prdy_vrss_sign optn_prdy_ctrt optn_bidp optn_askp
tmvl_val nmix_sdpr acml_vol seln_rsqn shnu_rsqn acml_tr_pbmn hts_otst_stpl_qty otst_stpl_qty_icdc
delta_val gama vega theta rho hts_ints_vltl invl_val esdg dprt hist_vltl hts_thpr optn_oprc optn_hgpr
optn_lwpr optn_mxpr optn_llam atm_cls_name rgbf_vrss_icdc total_askp_rsqn total_bidp_rsqn futs_antc_cnpr
futs_antc_cntg_vrss antc_cntg_vrss_sign antc_cntg_prdy_ctrt
"""


def inquire_price(call: Call) -> Answer:
    """Answer FHMIF10000000: a contract, the whole market's index and the KOSPI 200."""
    found = quote_of(call)
    contract, indices = found.contract, call.venue.reference.indices
    today = found.time.date()
    year = call.venue.reference.derivatives.bars(contract, "D", today - timedelta(days=90), today)
    highs = [bar.high for bar in year] + [found.high]
    lows = [bar.low for bar in year] + [found.low]
    values = {
        **contract_columns(found),
        "futs_sdpr": points(found.previous),
        "crbr_aply_mxpr": "0.00",
        "crbr_aply_llam": "0.00",
        "futs_last_tr_date": day_text(contract.expiry),
        "futs_lstn_medm_hgpr": points(max(highs)),
        "futs_lstn_medm_lwpr": points(min(lows)),
        "acpr": points(contract.strike),
    }
    return quote_answer(
        output1=arrange(_PRICE, values),
        output2=arrange(_INDEX, _index_columns(indices.snapshot(INDICES["0001"]))),
        output3=arrange(_INDEX, _index_columns(found.index)),
    )


def inquire_asking_price(call: Call) -> Answer:
    """Answer FHMIF10010000: five levels a side with their orders."""
    found = quote_of(call)
    levels: dict[str, str] = {}
    for word, rows in (("ask", found.asks), ("bid", found.bids)):
        for place, (price, size, orders) in enumerate(rows, start=1):
            levels |= {
                f"futs_{word}p{place}": points(price),
                f"{word}p_rsqn{place}": str(size),
                f"{word}p_csnu{place}": str(orders),
            }
        sizes, orders = depth(rows)
        levels |= {f"total_{word}p_rsqn": str(sizes), f"total_{word}p_csnu": str(orders)}
    levels["aspr_acpt_hour"] = clock_text(found.time)
    return quote_answer(output1=arrange(_BOOK_HEAD, contract_columns(found)), output2=arrange(_BOOK, levels))


def depth(rows: tuple[Level, ...]) -> tuple[int, int]:
    """Return sizes and orders of the whole side; behind the shown levels waits as much again five times."""
    beyond = LEVELS + 1
    return beyond * sum(size for _, size, _ in rows), beyond * sum(orders for _, _, orders in rows)


def display_board_top(call: Call) -> Answer:
    """Answer FHPIF05030000: the index, one future, and the days that the maturities have left."""
    market = call.venue.reference.derivatives
    found = quote_of(call)
    values = {
        **contract_columns(found),
        "hts_kor_isnm": found.index.rule.name,
        "unas_prpr": points(found.index.last),
        "unas_prdy_vrss": points(found.index.change),
        "unas_prdy_vrss_sign": sign_code(found.index.change),
        "unas_prdy_ctrt": signed(found.index.risen_rate),
        "unas_acml_vol": str(found.index.volume // THOUSAND),
    }
    rows = [
        arrange(_TOP_ROW, {"hts_rmnn_dynu": str(contract.days_left(found.time.date()))})
        for contract in market.futures()
    ]
    return quote_answer(output1=arrange(_TOP, values), output2=rows)


def display_board_futures(call: Call) -> Answer:
    """Answer FHPIF05030200: the futures; only those on the KOSPI 200 are played."""
    market = call.venue.reference.derivatives
    contracts = market.futures() if call.text("FID_COND_MRKT_CLS_CODE") in ("", "K21") else []
    rows = [arrange(_FUTURE, contract_columns(market.quote(contract))) for contract in contracts]
    # The document calls the block output1, KIS's sample reads output.
    return quote_answer(output=rows, output1=rows)


def display_board_option_list(call: Call) -> Answer:
    """Answer FHPIO056104C0: the months of which there are options."""
    months = call.venue.reference.derivatives.months()
    months = months if call.text("FID_COND_MRKT_CLS_CODE") in ("", "K21") else []
    rows = [
        arrange(
            _MONTH,
            {"mtrt_yymm_code": f"{year}{month:02d}", "mtrt_yymm": f"{year}년 {month:02d}월"},
        )
        for year, month in months
    ]
    return quote_answer(output=rows, output1=rows)


def display_board_callput(call: Call) -> Answer:
    """Answer FHPIF05030100: calls and puts of a month (FID_MTRT_CNT YYYYMM), lowest strike first."""
    text = call.text("FID_MTRT_CNT")
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        raise invalid_field("FID_MTRT_CNT")
    market = call.venue.reference.derivatives
    month = (int(text[:4]), int(text[4:]))
    if month not in market.months() or call.text("FID_COND_MRKT_CLS_CODE") not in ("", "K21"):
        return quote_answer(output1=[], output2=[])
    index = call.venue.reference.indices.snapshot(market.rule)
    calls, puts = market.board(*month)
    sides = [
        [arrange(_OPTION, _option_columns(market.quote(contract, index))) for contract in side]
        for side in (calls, puts)
    ]
    return quote_answer(output1=sides[0], output2=sides[1])


def _option_columns(found: DerivativeQuote) -> dict[str, str]:
    contract = found.contract
    gap = (found.index.last - contract.strike) * (1 if contract.kind == "call" else -1)
    return {
        **contract_columns(found),
        "acpr": points(contract.strike),
        "unch_prpr": points(found.last),
        "optn_shrn_iscd": contract.code,
        "optn_prpr": points(found.last),
        "optn_prdy_vrss": points(found.change),
        "optn_prdy_ctrt": signed(found.rate),
        "optn_bidp": points(found.bids[0][0]),
        "optn_askp": points(found.asks[0][0]),
        "tmvl_val": points(max(found.last - found.intrinsic, 0.0)),
        "nmix_sdpr": points(found.index.previous),
        "seln_rsqn": str(found.asks[0][1]),
        "shnu_rsqn": str(found.bids[0][1]),
        "invl_val": points(found.intrinsic),
        "esdg": points(found.last - found.theoretical),
        "optn_oprc": points(found.open),
        "optn_hgpr": points(found.high),
        "optn_lwpr": points(found.low),
        "optn_mxpr": points(found.upper),
        "optn_llam": points(found.lower),
        "atm_cls_name": "ATM" if abs(gap) < 1.25 else "ITM" if gap > 0 else "OTM",
        "rgbf_vrss_icdc": "0.00",
    }


def contract_columns(found: DerivativeQuote) -> dict[str, str]:
    """Return the columns that answers about a contract share."""
    value, index = found.value, found.index
    ask_sizes, _ = depth(found.asks)
    bid_sizes, _ = depth(found.bids)
    return {
        "hts_kor_isnm": found.contract.name,
        "futs_shrn_iscd": found.contract.code,
        "futs_prpr": points(found.last),
        "futs_prdy_vrss": points(found.change),
        "prdy_vrss_sign": sign_code(found.change),
        "futs_prdy_clpr": points(found.previous),
        "futs_prdy_ctrt": signed(found.rate),
        "acml_vol": str(found.volume),
        "acml_tr_pbmn": str(found.turnover // THOUSAND),
        "prdy_vol": str(found.previous_volume),
        "hts_otst_stpl_qty": str(found.open_interest),
        "otst_stpl_qty_icdc": str(found.interest_change),
        "futs_oprc": points(found.open),
        "futs_hgpr": points(found.high),
        "futs_lwpr": points(found.low),
        "futs_mxpr": points(found.upper),
        "futs_llam": points(found.lower),
        "futs_askp": points(found.asks[0][0]),
        "futs_bidp": points(found.bids[0][0]),
        "total_askp_rsqn": str(ask_sizes),
        "total_bidp_rsqn": str(bid_sizes),
        "basis": points(found.theoretical - index.last if found.contract.kind == "future" else 0.0),
        "mrkt_basis": points(found.last - index.last if found.contract.kind == "future" else 0.0),
        "hts_thpr": points(found.theoretical),
        "dprt": signed(ratio(found.last - found.theoretical, found.theoretical)),
        "hts_rmnn_dynu": str(found.contract.days_left(found.time.date())),
        "delta_val": f"{value.delta:.4f}",
        "gama": f"{value.gamma:.4f}",
        "theta": f"{value.theta:.4f}",
        "vega": f"{value.vega:.4f}",
        "rho": f"{value.rho:.4f}",
        "hist_vltl": signed(100 * found.volatility),
        "hts_ints_vltl": signed(100 * found.volatility),
        "futs_antc_cnpr": "0.00",
        "futs_antc_cntg_vrss": "0.00",
        "antc_cntg_vrss_sign": "3",
        "antc_cntg_prdy_ctrt": "0.00",
        "kospi200_nmix": points(index.last),
        "kospi200_prdy_vrss": points(index.change),
        "kospi200_prdy_ctrt": signed(index.risen_rate),
        "kospi200_prdy_vrss_sign": sign_code(index.change),
        "prdy_nmix": points(index.previous),
        "tday_rltv": signed(ratio(found.bought, found.volume - found.bought)),
    }


def _index_columns(now: IndexSnapshot) -> dict[str, str]:
    return {
        "bstp_cls_code": now.rule.code,
        "hts_kor_isnm": now.rule.name,
        "bstp_nmix_prpr": points(now.last),
        "prdy_vrss_sign": sign_code(now.change),
        "bstp_nmix_prdy_vrss": points(now.change),
        "bstp_nmix_prdy_ctrt": signed(now.risen_rate),
    }


def points(value: float) -> str:
    """Write points with two places."""
    return signed(value)


def contract_of(call: Call) -> Contract:
    """Return the contract that FID_INPUT_ISCD names."""
    contract = call.venue.reference.derivatives.find(call.text("FID_INPUT_ISCD"))
    if contract is None:
        raise unknown_symbol()
    return contract


def quote_of(call: Call) -> DerivativeQuote:
    """Return that contract now."""
    return call.venue.reference.derivatives.quote(contract_of(call))
