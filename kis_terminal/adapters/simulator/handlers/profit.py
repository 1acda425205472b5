"""Answer what sales have brought: by day, by day and symbol, and beside the balance. Real accounts only."""

from __future__ import annotations

from kis_terminal.adapters.simulator.handlers.accounts import balance_sums, holding_row
from kis_terminal.adapters.simulator.handlers.paging import cut_page, page_answer
from kis_terminal.adapters.simulator.orders.realised import DayTrade, by_day, total
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer
from kis_terminal.adapters.simulator.wire.formats import rate, ratio

_ROWS = 100
_NEWEST_FIRST = "00"


def _trades(call: Call) -> list[DayTrade]:
    start, end = call.days()
    trades = call.venue.exchange.day_trades(call.account(), start, end, call.text("PDNO").strip())
    return trades if call.text("SORT_DVSN") == _NEWEST_FIRST else trades[::-1]


def _query(call: Call) -> list[str]:
    names = ("CANO", "ACNT_PRDT_CD", "INQR_STRT_DT", "INQR_END_DT", "PDNO", "SORT_DVSN", "CBLC_DVSN")
    return [call.text(name) for name in names]


def inquire_period_profit(call: Call) -> Answer:
    """Answer TTTC8708R: each day's purchases, sales and realised profit."""
    trades = _trades(call)
    page = cut_page(call, by_day(trades), _ROWS, lambda trade: f"{trade.day:%Y%m%d}", _query(call))
    return page_answer(
        page,
        output1=[
            {
                "trad_dt": f"{trade.day:%Y%m%d}",
                "buy_amt": str(trade.bought_amount),
                "sll_amt": str(trade.sold_amount),
                "rlzt_pfls": str(trade.realised),
                "fee": str(trade.buy_fee + trade.sell_fee),
                "loan_int": "0",
                "tl_tax": str(trade.sell_tax),
                "pfls_rt": rate(trade.profit_rate, 8),
                "sll_qty1": str(trade.sold),
                "buy_qty1": str(trade.bought),
            }
            for trade in page.rows
        ],
        output2=_sums(total(trades), "buy_qty_smtl"),
    )


def inquire_period_trade_profit(call: Call) -> Answer:
    """Answer TTTC8715R: each day's trades of each symbol."""
    trades, exchange = _trades(call), call.venue.exchange
    held = {holding.symbol: holding for holding in exchange.holdings(call.account())}
    page = cut_page(call, trades, _ROWS, lambda trade: f"{trade.day:%Y%m%d}{trade.symbol}", _query(call))
    sums = total(trades)
    return page_answer(
        page,
        output1=[
            {
                "trad_dt": f"{trade.day:%Y%m%d}",
                "pdno": trade.symbol,
                "prdt_name": listing.name if (listing := exchange.listing(trade.symbol)) else "",
                "trad_dvsn_name": "현금",
                "loan_dt": "",
                "hldg_qty": str(held[trade.symbol].quantity if trade.symbol in held else 0),
                "pchs_unpr": f"{trade.sold_cost / trade.sold if trade.sold else 0:.4f}",
                "buy_qty": str(trade.bought),
                "buy_amt": str(trade.bought_amount),
                "sll_pric": str(trade.sold_amount // trade.sold if trade.sold else 0),
                "sll_qty": str(trade.sold),
                "sll_amt": str(trade.sold_amount),
                "rlzt_pfls": str(trade.realised),
                "pfls_rt": rate(trade.profit_rate, 8),
                "fee": str(trade.buy_fee + trade.sell_fee),
                "tl_tax": str(trade.sell_tax),
                "loan_int": "0",
            }
            for trade in page.rows
        ],
        output2={**_sums(sums, "buyqty_smtl"), "tot_pftrt": rate(sums.profit_rate, 8)},
    )


def _sums(trade: DayTrade, bought: str) -> dict[str, str]:
    sell_settled = trade.sold_amount - trade.sell_fee - trade.sell_tax
    buy_settled = trade.bought_amount + trade.buy_fee
    return {
        "sll_qty_smtl": str(trade.sold),
        "sll_tr_amt_smtl": str(trade.sold_amount),
        "sll_fee_smtl": str(trade.sell_fee),
        "sll_tltx_smtl": str(trade.sell_tax),
        "sll_excc_amt_smtl": str(sell_settled),
        bought: str(trade.bought),
        "buy_tr_amt_smtl": str(trade.bought_amount),
        "buy_fee_smtl": str(trade.buy_fee),
        "buy_tax_smtl": "0",
        "buy_excc_amt_smtl": str(buy_settled),
        "tot_qty": str(trade.sold + trade.bought),
        "tot_tr_amt": str(trade.sold_amount + trade.bought_amount),
        "tot_fee": str(trade.sell_fee + trade.buy_fee),
        "tot_tltx": str(trade.sell_tax),
        "tot_excc_amt": str(sell_settled - buy_settled),
        "tot_rlzt_pfls": str(trade.realised),
        "loan_int": "0",
    }


def inquire_balance_rlz_pl(call: Call) -> Answer:
    """Answer TTTC8494R: the balance, and beside its sums what today's sales have brought."""
    account, exchange = call.account(), call.venue.exchange
    holdings, balance = exchange.holdings(account), exchange.balance(account)
    today = exchange.moment.date()
    sold = total(exchange.day_trades(account, today, today))
    query = [account.number, account.product, call.text("INQR_DVSN"), call.text("UNPR_DVSN")]
    page = cut_page(call, holdings, call.personality.balance_rows, lambda holding: holding.symbol, query)
    left_out = {"item_mgna_rt_name", "grta_rt_name", "sbst_pric"}
    sums = {
        **balance_sums(balance),
        "rlzt_pfls": str(sold.realised),
        "rlzt_erng_rt": rate(sold.profit_rate, 8),
        "real_evlu_pfls": str(balance.profit),
        "real_evlu_pfls_erng_rt": rate(ratio(balance.profit, balance.purchase_amount), 8),
    }
    return page_answer(
        page,
        output1=[
            {name: text for name, text in holding_row(holding).items() if name not in left_out}
            for holding in page.rows
        ],
        output2=[sums],
    )


_TRADING = "/uapi/domestic-stock/v1/trading"
_PERIOD = ("CANO", "ACNT_PRDT_CD", "PDNO", "INQR_STRT_DT", "INQR_END_DT", "SORT_DVSN", "CBLC_DVSN")

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-period-profit",
        (Transaction("TTTC8708R", None),),
        (*_PERIOD, "INQR_DVSN"),
        inquire_period_profit,
    ),
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-period-trade-profit",
        (Transaction("TTTC8715R", None),),
        _PERIOD,
        inquire_period_trade_profit,
    ),
    Endpoint(
        "GET",
        f"{_TRADING}/inquire-balance-rlz-pl",
        (Transaction("TTTC8494R", None),),
        (
            *("CANO", "ACNT_PRDT_CD", "AFHR_FLPR_YN", "OFL_YN", "INQR_DVSN", "UNPR_DVSN"),
            *("FUND_STTL_ICLD_YN", "FNCG_AMT_AUTO_RDPT_YN", "PRCS_DVSN", "COST_ICLD_YN"),
        ),
        inquire_balance_rlz_pl,
    ),
)
