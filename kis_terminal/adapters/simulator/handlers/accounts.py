"""Answer what an account holds and may do: balance, buying power, sellable shares."""

from __future__ import annotations

from kis_terminal.adapters.simulator.handlers.paging import cut_page, page_answer
from kis_terminal.adapters.simulator.model import CashBalance, Holding
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer, account_answer
from kis_terminal.adapters.simulator.wire.formats import rate, ratio

_SUBSTITUTE_RATE = 0.76


def inquire_balance(call: Call) -> Answer:
    """Answer TTTC8434R: positions page by page, and the account's sums as a list of one."""
    account = call.account()
    holdings = call.venue.exchange.holdings(account)
    query = [
        account.number,
        account.product,
        call.text("AFHR_FLPR_YN"),
        call.text("FNCG_AMT_AUTO_RDPT_YN"),
        call.text("INQR_DVSN"),
        call.text("UNPR_DVSN"),
        call.text("FUND_STTL_ICLD_YN"),
    ]
    page = cut_page(call, holdings, call.personality.balance_rows, lambda holding: holding.symbol, query)
    return page_answer(
        page,
        output1=[holding_row(holding) for holding in page.rows],
        output2=[balance_sums(call.venue.exchange.balance(account))],
    )


def holding_row(holding: Holding) -> dict[str, str]:
    """Return a position as the balance lists it."""
    return {
        "pdno": holding.symbol,
        "prdt_name": holding.name,
        "trad_dvsn_name": "현금",
        "bfdy_buy_qty": str(holding.previous_bought),
        "bfdy_sll_qty": str(holding.previous_sold),
        "thdt_buyqty": str(holding.today_bought),
        "thdt_sll_qty": str(holding.today_sold),
        "hldg_qty": str(holding.quantity),
        "ord_psbl_qty": str(holding.sellable),
        "pchs_avg_pric": f"{holding.average_price:.4f}",
        "pchs_amt": str(holding.cost),
        "prpr": str(holding.last),
        "evlu_amt": str(holding.evaluation),
        "evlu_pfls_amt": str(holding.profit),
        "evlu_pfls_rt": rate(holding.profit_rate),
        "evlu_erng_rt": rate(holding.profit_rate, 8),
        "loan_dt": "",
        "loan_amt": "0",
        "stln_slng_chgs": "0",
        "expd_dt": "",
        "fltt_rt": rate(holding.change_rate, 8),
        "bfdy_cprs_icdc": str(holding.change),
        "item_mgna_rt_name": "20%",
        "grta_rt_name": "40%",
        "sbst_pric": str(int((holding.last - holding.change) * _SUBSTITUTE_RATE) // 10 * 10),
        "stck_loan_unpr": "0.0000",
    }


def balance_sums(balance: CashBalance) -> dict[str, str]:
    """Return the account's sums as they stand under the balance."""
    growth = balance.net_assets - balance.previous_total
    return {
        "dnca_tot_amt": str(balance.deposit),
        "nxdy_excc_amt": str(balance.next_day),
        "prvs_rcdl_excc_amt": str(balance.day_after_next),
        "cma_evlu_amt": "0",
        "bfdy_buy_amt": str(balance.previous_bought),
        "thdt_buy_amt": str(balance.today_bought),
        "nxdy_auto_rdpt_amt": "0",
        "bfdy_sll_amt": str(balance.previous_sold),
        "thdt_sll_amt": str(balance.today_sold),
        "d2_auto_rdpt_amt": "0",
        "bfdy_tlex_amt": str(balance.previous_fees_and_tax),
        "thdt_tlex_amt": str(balance.today_fees_and_tax),
        "tot_loan_amt": "0",
        "scts_evlu_amt": str(balance.evaluation),
        "tot_evlu_amt": str(balance.total_evaluation),
        "nass_amt": str(balance.net_assets),
        "fncg_gld_auto_rdpt_yn": "",
        "pchs_amt_smtl_amt": str(balance.purchase_amount),
        "evlu_amt_smtl_amt": str(balance.evaluation),
        "evlu_pfls_smtl_amt": str(balance.profit),
        "tot_stln_slng_chgs": "0",
        "bfdy_tot_asst_evlu_amt": str(balance.previous_total),
        "asst_icdc_amt": str(growth),
        "asst_icdc_erng_rt": rate(ratio(growth, balance.previous_total), 8),
    }


def inquire_psbl_order(call: Call) -> Answer:
    """Answer TTTC8908R: what cash can buy at a price, or at the upper limit for orders without one."""
    account = call.account()
    symbol = call.symbol("PDNO")
    power = call.venue.exchange.buying_power(account, symbol, call.text("ORD_DVSN"), call.price("ORD_UNPR"))
    return account_answer(
        "KIOK0510",
        "조회가 완료되었습니다",
        output={
            "ord_psbl_cash": str(power.orderable_cash),
            "ord_psbl_sbst": "0",
            "ruse_psbl_amt": str(power.reusable),
            "fund_rpch_chgs": "0",
            "psbl_qty_calc_unpr": str(power.unit_price),
            "nrcvb_buy_amt": str(power.cash_amount),
            "nrcvb_buy_qty": str(power.cash_quantity),
            "max_buy_amt": str(power.max_amount),
            "max_buy_qty": str(power.max_quantity),
            "cma_evlu_amt": "0",
            "ovrs_re_use_amt_wcrc": "0",
            "ord_psbl_frcr_amt_wcrc": "0",
        },
    )


def inquire_psbl_sell(call: Call) -> Answer:
    """Answer TTTC8408R: how much of one position can be sold."""
    account = call.account()
    share = call.venue.exchange.sellable(account, call.symbol("PDNO"))
    return account_answer(
        "KIOK0420",
        "정상적으로 조회되었습니다",
        output={
            "pdno": share.symbol,
            "prdt_name": share.name,
            "buy_qty": str(share.bought),
            "sll_qty": str(share.sold),
            "cblc_qty": str(share.quantity),
            "nsvg_qty": "0",
            "ord_psbl_qty": str(share.sellable),
            "pchs_avg_pric": f"{share.average_price:.4f}",
            "pchs_amt": str(round(share.average_price * share.quantity)),
            "now_pric": str(share.last),
            "evlu_amt": str(share.evaluation),
            "evlu_pfls_amt": str(share.profit),
            "evlu_pfls_rt": rate(share.profit_rate),
        },
    )


_TRADING = "/uapi/domestic-stock/v1/trading"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-balance",
        (Transaction("TTTC8434R", "VTTC8434R"),),
        (
            "CANO",
            "ACNT_PRDT_CD",
            "AFHR_FLPR_YN",
            "INQR_DVSN",
            "UNPR_DVSN",
            "FUND_STTL_ICLD_YN",
            "FNCG_AMT_AUTO_RDPT_YN",
            "PRCS_DVSN",
        ),
        inquire_balance,
    ),
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-psbl-order",
        (Transaction("TTTC8908R", "VTTC8908R"),),
        ("CANO", "ACNT_PRDT_CD", "PDNO", "ORD_UNPR", "ORD_DVSN", "CMA_EVLU_AMT_ICLD_YN", "OVRS_ICLD_YN"),
        inquire_psbl_order,
    ),
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-psbl-sell",
        (Transaction("TTTC8408R", None),),
        ("CANO", "ACNT_PRDT_CD", "PDNO"),
        inquire_psbl_sell,
    ),
)
