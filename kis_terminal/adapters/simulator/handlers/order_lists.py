"""Answer which orders an account has sent and which of them can still be changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.paging import cut_page, page_answer
from kis_terminal.adapters.simulator.model import OrderRecord
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer
from kis_terminal.adapters.simulator.wire.formats import day_text, price_text

# The document limits "within three months" loosely; KIS counts calendar days.
_RECENT_DAYS = 92

_KIND_NAMES = {
    "00": "지정가",
    "01": "시장가",
    "02": "조건부지정가",
    "03": "최유리지정가",
    "04": "최우선지정가",
    "05": "장전 시간외",
    "06": "장후 시간외",
    "07": "시간외 단일가",
    "11": "IOC지정가",
    "12": "FOK지정가",
    "13": "IOC시장가",
    "14": "FOK시장가",
    "15": "IOC최유리",
    "16": "FOK최유리",
    "21": "중간가",
    "22": "스톱지정가",
    "23": "중간가IOC",
    "24": "중간가FOK",
    "27": "GTP지정가",
    "28": "GTP최유리",
    "29": "GTP최우선",
    "41": "애프터지정가",
    "42": "애프터IOC지정가",
    "43": "애프터FOK지정가",
    "44": "애프터최유리",
    "45": "애프터IOC최유리",
    "46": "애프터FOK최유리",
    "47": "애프터최우선",
}
_CONDITION_NAMES = {"0": "없음", "1": "IOC", "2": "FOK"}
_OPEN_STATES = frozenset({"resting", "waiting"})


def inquire_daily_ccld(call: Call) -> Answer:
    """Answer TTTC0081R (recent) and CTSC9215R (older than three months)."""
    account = call.account()
    start, end = call.days()
    edge = call.venue.exchange_time().date() - timedelta(days=_RECENT_DAYS)
    if call.transaction.variant == "older":
        end = min(end, edge - timedelta(days=1))
    else:
        start = max(start, edge)
    chosen = [order for order in call.venue.exchange.orders(account, start, end) if _is_wanted(call, order)]
    if call.text("INQR_DVSN") != "01":
        chosen.reverse()
    query = [
        account.number,
        account.product,
        call.text("INQR_STRT_DT"),
        call.text("INQR_END_DT"),
        call.text("PDNO"),
        call.text("SLL_BUY_DVSN_CD"),
        call.text("CCLD_DVSN"),
    ]
    page = cut_page(call, chosen, call.personality.order_rows, _order_key, query)
    return page_answer(
        page,
        output1=[_order_row(order, _market_code(call, order)) for order in page.rows],
        output2=_sums(chosen),
    )


def _order_key(order: OrderRecord) -> str:
    return f"{day_text(order.day)}{order.order_no}"


def _is_wanted(call: Call, order: OrderRecord) -> bool:
    side = call.text("SLL_BUY_DVSN_CD")
    if side in ("01", "02") and order.side != ("sell" if side == "01" else "buy"):
        return False
    if (symbol := call.text("PDNO")) and order.symbol != symbol:
        return False
    if (number := call.text("ODNO")) and order.order_no != number.zfill(10):
        return False
    if (branch := call.text("ORD_GNO_BRNO")) and branch.strip("0") and order.org_no != branch:
        return False
    if (venue := call.text("EXCG_ID_DVSN_CD")) and venue != "ALL" and order.venue != venue:
        return False
    filling = call.text("CCLD_DVSN")
    if filling == "01":
        return order.filled > 0
    if filling == "02":
        return order.rest > 0 and order.state in _OPEN_STATES
    return True


def _order_row(order: OrderRecord, market_code: str) -> dict[str, str]:
    triggered = order.stop_triggered_at if order.stop_triggered else ""
    return {
        "ord_dt": day_text(order.day),
        "ord_gno_brno": order.org_no,
        "odno": order.order_no,
        "orgn_odno": order.original_no,
        "ord_dvsn_name": _KIND_NAMES.get(order.kind, ""),
        "sll_buy_dvsn_cd": _side_code(order),
        "sll_buy_dvsn_cd_name": _side_name(order),
        "pdno": order.symbol,
        "prdt_name": order.name,
        "ord_qty": str(order.quantity),
        "ord_unpr": str(order.price),
        "ord_tmd": order.time,
        "tot_ccld_qty": str(order.filled),
        "avg_prvs": price_text(order.average_price),
        "cncl_yn": "Y" if order.rest == 0 and order.cancelled > 0 and order.action != "amend" else "N",
        "tot_ccld_amt": str(order.filled_amount),
        "loan_dt": "",
        "ordr_empno": "OpnAPI",
        "ord_dvsn_cd": order.kind,
        # The document spells it without l, KIS's printed answer with: both are sent.
        "cnc_cfrm_qty": str(order.cancelled),
        "cncl_cfrm_qty": str(order.cancelled),
        "rmn_qty": str(order.rest),
        "rjct_qty": str(order.refused),
        "ccld_cndt_name": _CONDITION_NAMES[order.condition],
        "inqr_ip_addr": "127000000001",
        "cpbc_ordp_ord_rcit_dvsn_cd": "",
        "cpbc_ordp_infm_mthd_dvsn_cd": "",
        "infm_tmd": "",
        "ctac_tlno": "",
        "prdt_type_cd": "300",
        "excg_dvsn_cd": market_code,
        "cpbc_ordp_mtrl_dvsn_cd": "",
        "ord_orgno": "00000",
        "rsvn_ord_end_dt": "",
        "excg_id_dvsn_Cd": order.venue,
        "excg_id_dvsn_cd": order.venue,
        "stpm_cndt_pric": str(order.stop_price),
        "stpm_efct_occr_dtmd": triggered,
        "stpm_efct_occr_yn": "Y" if order.stop_triggered else "N",
    }


def _sums(orders: Sequence[OrderRecord]) -> dict[str, str]:
    filled = sum(order.filled for order in orders)
    amount = sum(order.filled_amount for order in orders)
    return {
        "tot_ord_qty": str(sum(order.quantity for order in orders)),
        "tot_ccld_qty": str(filled),
        "tot_ccld_amt": str(amount),
        "prsm_tlex_smtl": "0",
        "pchs_avg_pric": f"{amount / filled:.4f}" if filled else "0.0000",
    }


def inquire_psbl_rvsecncl(call: Call) -> Answer:
    """Answer TTTC0084R: orders of today that can still be amended or cancelled, newest first."""
    account = call.account()
    today = call.venue.exchange_time().date()
    side = call.text("INQR_DVSN_2")
    chosen = [
        order
        for order in call.venue.exchange.orders(account, today, today)
        if order.rest > 0
        and order.state in _OPEN_STATES
        and (side not in ("1", "2") or order.side == ("sell" if side == "1" else "buy"))
    ]
    chosen.reverse()
    if call.text("INQR_DVSN_1") == "1":
        chosen.sort(key=lambda order: order.symbol)
    query = [account.number, account.product]
    page = cut_page(call, chosen, call.personality.open_order_rows, _order_key, query)
    return page_answer(
        page,
        output=[_open_row(order, _market_code(call, order)) for order in page.rows],
    )


def _open_row(order: OrderRecord, market_code: str) -> dict[str, str]:
    return {
        "ord_gno_brno": order.org_no,
        "odno": order.order_no,
        "orgn_odno": order.original_no,
        "ord_dvsn_name": _KIND_NAMES.get(order.kind, ""),
        "pdno": order.symbol,
        "prdt_name": order.name,
        "rvse_cncl_dvsn_name": _side_name(order) if order.action == "amend" else "",
        "ord_qty": str(order.quantity),
        "ord_unpr": str(order.price),
        "ord_tmd": order.time,
        "tot_ccld_qty": str(order.filled),
        "tot_ccld_amt": str(order.filled_amount),
        "psbl_qty": str(order.rest),
        "sll_buy_dvsn_cd": _side_code(order),
        "ord_dvsn_cd": order.kind,
        "mgco_aptm_odno": "",
        "excg_dvsn_cd": market_code,
        "excg_id_dvsn_cd": order.venue,
        "excg_id_dvsn_name": "한국거래소" if order.venue == "KRX" else order.venue,
        "stpm_cndt_pric": str(order.stop_price),
        "stpm_efct_occr_yn": "Y" if order.stop_triggered else "N",
    }


def _side_code(order: OrderRecord) -> str:
    return "01" if order.side == "sell" else "02"


def _side_name(order: OrderRecord) -> str:
    side = "매도" if order.side == "sell" else "매수"
    if order.refused:
        return f"{side}거부"
    return {"new": f"현금{side}", "amend": f"{side}정정*", "cancel": f"{side}취소*"}[order.action]


def _market_code(call: Call, order: OrderRecord) -> str:
    listing = call.venue.exchange.listing(order.symbol)
    return "03" if listing is not None and listing.market == "KOSDAQ" else "02"


_TRADING = "/uapi/domestic-stock/v1/trading"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-daily-ccld",
        (
            Transaction("TTTC0081R", "VTTC0081R"),
            Transaction("CTSC9215R", "VTSC9215R", "older"),
            # The old ids, as above.
            Transaction("TTTC8001R", "VTTC8001R"),
            Transaction("CTSC9115R", "VTSC9115R", "older"),
        ),
        (
            "CANO",
            "ACNT_PRDT_CD",
            "INQR_STRT_DT",
            "INQR_END_DT",
            "SLL_BUY_DVSN_CD",
            "CCLD_DVSN",
            "INQR_DVSN",
            "INQR_DVSN_3",
        ),
        inquire_daily_ccld,
    ),
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-psbl-rvsecncl",
        (Transaction("TTTC0084R", None), Transaction("TTTC8036R", None)),
        ("CANO", "ACNT_PRDT_CD", "INQR_DVSN_1", "INQR_DVSN_2"),
        inquire_psbl_rvsecncl,
    ),
)
