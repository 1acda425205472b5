"""Answer every call of KIS that this exchange does not play: well-formed, plausible, and marked as made up.

Checks and refusals are those of every other call. Accounts hold nothing in products that are not played, and
orders for them are refused: a made-up answer never books anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from kis_terminal.adapters.simulator.model import CashBalance, Holding
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.synthetic.rows import rows_of, subject_of
from kis_terminal.adapters.simulator.synthetic.subject import Subject, share
from kis_terminal.adapters.simulator.synthetic.table import BlockSpec, CallSpec, FieldSpec, SyntheticTable
from kis_terminal.adapters.simulator.synthetic.values import Place, nothing, written
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    account_answer,
    business_refusal,
    quote_answer,
)

_UNPLAYED = "이 거래소가 다루지 않는 주문입니다. 국내주식 현금 주문만 받습니다."
_UNPLAYED_PAPER = "모의투자에서는 해당업무가 제공되지 않습니다."
_UNPLAYED_CODE = "90000000"
_WIDTH = re.compile(r"\d+$")
_DOMESTIC = "/uapi/domestic-stock/v1/trading/"


class SyntheticCalls:
    """Make the endpoint of any call of the table, each at its first use."""

    def __init__(self, table: SyntheticTable) -> None:
        self._table = table
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, path: str) -> Endpoint | None:
        """Return the endpoint of a path, None where KIS has none."""
        if path not in self._endpoints:
            spec = self._table.call(path)
            if spec is None:
                return None
            self._endpoints[path] = _endpoint(spec)
        return self._endpoints[path]


def _endpoint(spec: CallSpec) -> Endpoint:
    method: Literal["GET", "POST"] = spec.method
    return Endpoint(
        method,
        spec.path,
        tuple(Transaction(real, paper or None) for real, paper in spec.tr_ids),
        spec.required,
        lambda call: _answer(spec, call),
    )


def _answer(spec: CallSpec, call: Call) -> Answer:
    if spec.method == "POST":
        call.account_number()
        raise business_refusal(_UNPLAYED_CODE, _UNPLAYED_PAPER if call.personality.is_paper else _UNPLAYED)
    if "CANO" in spec.required:
        return _account_answer(spec, call)
    subject = subject_of(call.venue, spec.path, call.parameters)
    blocks: dict[str, Any] = {}
    for block in spec.blocks:
        if block.is_list:
            rows = rows_of(call.venue, spec.path, block, subject, call.parameters)
            blocks[block.key] = [_row(spec, call, block, row, at) for at, row in enumerate(rows)]
        else:
            blocks[block.key] = _row(spec, call, block, subject, 0)
    place = Place(call.venue.exchange.seed, spec.path, 0, subject, call.parameters)
    beside = {field.name: _beside(field, place) for field in spec.beside}
    answer = quote_answer(**beside, **blocks)
    return Answer(answer.body, tr_cont=_continuation(spec, call))


def _row(spec: CallSpec, call: Call, block: BlockSpec, subject: Subject, at: int) -> dict[str, str]:
    place = Place(call.venue.exchange.seed, spec.path, at, subject, call.parameters)
    return {field.name: written(field, place) for field in block.fields}


def _beside(field: FieldSpec, place: Place) -> str:
    """Write a field outside of the blocks; a continuation string is blank, as wide as its name says."""
    width = _WIDTH.search(field.key)
    if field.kind == "k" and width is not None:
        return " " * int(width.group())
    return written(field, place)


def _continuation(spec: CallSpec, call: Call) -> str:
    """Return tr_cont: everything fits on one page; calls that never page say nothing."""
    if not any(field.kind == "k" for field in spec.beside):
        return ""
    return "E" if call.wants_next_page else "D"


def _account_answer(spec: CallSpec, call: Call) -> Answer:
    """Answer about an account: the shares and money that it has here, nothing in any other product."""
    number, product = call.account_number()
    holdings: list[Holding] = []
    money: Mapping[str, int] = {}
    if spec.path.startswith(_DOMESTIC) and product == "01":
        account = call.account()
        holdings = call.venue.exchange.holdings(account)
        money = _money(call.venue.exchange.balance(account))
    blocks: dict[str, Any] = {}
    own = {"cano": number, "acnt_prdt_cd": product}
    for block in spec.blocks:
        if not block.is_list:
            blocks[block.key] = _sums(block, money, own)
        elif "trad_dt" in {field.key for field in block.fields}:
            # Trades by day are not kept; a share that is only held, or a sum, is none and has no day.
            blocks[block.key] = []
        elif {"pdno", "hldg_qty"} <= {field.key for field in block.fields}:
            blocks[block.key] = [_holding(spec, call, block, one) for one in holdings if one.quantity]
        else:
            # Sums come as a list of one in some answers.
            has_sums = any(field.key in money for field in block.fields)
            blocks[block.key] = [_sums(block, money, own)] if has_sums else []
    lists = [rows for rows in blocks.values() if isinstance(rows, list)]
    is_empty = bool(lists) and not any(lists)
    beside = {field.name: _context(field) for field in spec.beside}
    return account_answer(
        "KIOK0560" if is_empty else "KIOK0510",
        "조회할 내용이 없습니다" if is_empty else "조회가 완료되었습니다",
        tr_cont=_continuation(spec, call) or "D",
        **beside,
        **blocks,
    )


def _context(field: FieldSpec) -> str:
    width = _WIDTH.search(field.key)
    return " " * int(width.group()) if field.kind == "k" and width is not None else nothing(field)


def _money(balance: CashBalance) -> dict[str, int]:
    """Return what account sums are called in KIS's answers."""
    return {
        "dnca_tot_amt": balance.deposit,
        "dncl_amt": balance.deposit,
        "tot_dncl_amt": balance.deposit,
        "dnca_tota": balance.deposit,
        "nxdy_excc_amt": balance.next_day,
        "prvs_rcdl_excc_amt": balance.day_after_next,
        "ord_psbl_cash": balance.orderable,
        "stck_cash_ord_psbl_amt": balance.orderable,
        "pchs_amt_smtl": balance.purchase_amount,
        "pchs_amt_smtl_amt": balance.purchase_amount,
        "evlu_amt_smtl": balance.evaluation,
        "evlu_amt_smtl_amt": balance.evaluation,
        "scts_evlu_amt": balance.evaluation,
        "evlu_pfls_smtl_amt": balance.profit,
        "evlu_pfls_amt_smtl": balance.profit,
        "tot_evlu_amt": balance.total_evaluation,
        "tot_asst_amt": balance.total_evaluation,
        "nass_amt": balance.net_assets,
        "nass_tot_amt": balance.net_assets,
        "real_nass_amt": balance.net_assets,
        "rlzt_pfls": balance.realised_today,
        "tot_rlzt_pfls": balance.realised_today,
    }


def _sums(block: BlockSpec, money: Mapping[str, int], own: Mapping[str, str]) -> dict[str, str]:
    return {
        field.name: str(money[field.key]) if field.key in money else own.get(field.key, nothing(field))
        for field in block.fields
    }


def _holding(spec: CallSpec, call: Call, block: BlockSpec, holding: Holding) -> dict[str, str]:
    known = {
        "pdno": holding.symbol,
        "prdt_name": holding.name,
        "trad_dvsn_name": "현금",
        "hldg_qty": str(holding.quantity),
        "ord_psbl_qty": str(holding.sellable),
        "pchs_avg_pric": f"{holding.average_price:.4f}",
        "pchs_amt": str(holding.cost),
        "evlu_amt": str(holding.evaluation),
        "evlu_pfls_amt": str(holding.profit),
        "evlu_pfls_rt": f"{holding.profit_rate:.2f}",
        "evlu_erng_rt": f"{holding.profit_rate:.8f}",
        "thdt_buyqty": str(holding.today_bought),
        "thdt_sll_qty": str(holding.today_sold),
        "bfdy_buy_qty": str(holding.previous_bought),
        "bfdy_sll_qty": str(holding.previous_sold),
        "fltt_rt": f"{holding.change_rate:.8f}",
        "bfdy_cprs_icdc": str(holding.change),
    }
    place = Place(call.venue.exchange.seed, spec.path, 0, share(call.venue, holding.symbol), call.parameters)
    live = {"prpr", "stck_prpr"}
    return {
        field.name: known.get(field.key) or (written(field, place) if field.key in live else nothing(field))
        for field in block.fields
    }
