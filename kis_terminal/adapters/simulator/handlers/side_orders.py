"""Answer the lists and cancellations of products that are not matched here, see `side_orders`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kis_terminal.adapters.simulator.handlers.paging import cut_page, page_answer
from kis_terminal.adapters.simulator.model import Refused
from kis_terminal.adapters.simulator.orders.side_orders import SideOrder, SideProduct
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    business_refusal,
    invalid_field,
)
from kis_terminal.adapters.simulator.wire.formats import day_text

_US = ("NASD", "NYSE", "AMEX")
_ABROAD = (*_US, "SEHK", "SHAA", "SZAA", "TKSE", "HASE", "VNSE")
_SUMS: dict[str, tuple[str, ...]] = {
    "futures": ("tot_ccld_amt_smtl", "tot_ccld_qty_smtl", "fee_smtl", "ctac_tlno"),
    "futures_night": (
        "tot_ccld_qty",
        "tot_ccld_qty_SMTL",
        "tot_ccld_amt",
        "tot_ccld_amt_SMTL",
        "fee",
        "ctac_tlno",
    ),
}
_SENT = "취소주문 전송 완료 되었습니다."


@dataclass(frozen=True, slots=True)
class _List:
    """How one product is listed."""

    product: SideProduct
    block: str
    page: int
    row: Callable[[SideOrder], dict[str, str]]
    open_only: bool = False
    by_market: bool = False
    days: tuple[str, str] | None = None
    """The fields of the first and the last day asked for; None lists every day."""

    def __call__(self, call: Call) -> Answer:
        account = call.account()
        if account.product not in _ACCOUNTS[self.product]:
            raise business_refusal("APBK1266", "해당 계좌에서 제공되지 않는 업무입니다.")
        market = call.text("OVRS_EXCG_CD")
        if self.by_market and market and market not in _ABROAD:
            raise invalid_field("OVRS_EXCG_CD")
        orders = call.venue.side.of(
            account, self.product, lambda own: not self.by_market or not market or _belongs(own, market)
        )
        if self.days is not None:
            first, last = call.days(*self.days)
            orders = [order for order in orders if first <= order.at.date() <= last]
        if self.open_only:
            orders = [order for order in orders if order.rest]
        page = cut_page(
            call, orders, self.page, lambda order: order.number, [account.number, account.product], width=200
        )
        blocks: dict[str, object] = {self.block: [self.row(order) for order in page.rows]}
        if self.block == "output1":
            total = str(sum(order.quantity for order in orders))
            blocks["output2"] = {"tot_ord_qty": total, **dict.fromkeys(_SUMS[self.product], "0")}
        return page_answer(
            page,
            **blocks,
        )


def _belongs(market: str, asked: str) -> bool:
    """NASD stands for all of the United States."""
    return market == asked or (asked == "NASD" and market in _US)


_ACCOUNTS: dict[SideProduct, tuple[str, ...]] = {
    "reserved": ("01",),
    "bond": ("01",),
    "overseas": ("01",),
    "overseas_reserved": ("01",),
    "futures": ("03",),
    "futures_night": ("03",),
    "overseas_futures": ("08",),
}


def _side(order: SideOrder) -> str:
    return "01" if order.side == "sell" else "02"


def _reserved_row(order: SideOrder) -> dict[str, str]:
    return {
        "rsvn_ord_seq": order.number.lstrip("0"),
        "rsvn_ord_ord_dt": day_text(order.at.date()),
        "rsvn_ord_rcit_dt": day_text(order.at.date()),
        "pdno": order.symbol,
        "ord_dvsn_cd": "00",
        "ord_rsvn_qty": str(order.quantity),
        "tot_ccld_qty": str(order.filled),
        "cncl_ord_dt": day_text(order.cancelled_at.date()) if order.cancelled_at else "",
        "ord_tmd": "",
        "ctac_tlno": "",
        "rjct_rson2": "",
        "odno": "",
        "rsvn_ord_rcit_tmd": f"{order.at:%H%M%S}",
        "kor_item_shtn_name": order.symbol,
        "sll_buy_dvsn_cd": _side(order),
        "ord_rsvn_unpr": order.price,
        "tot_ccld_amt": "0",
        "loan_dt": "",
        "cncl_rcit_tmd": f"{order.cancelled_at:%H%M%S}" if order.cancelled_at else "",
        "prcs_rslt": "미처리",
        "ord_dvsn_name": "지정가",
        "tmnl_mdia_kind_cd": "00",
        "rsvn_end_dt": "",
    }


def _bond_row(order: SideOrder) -> dict[str, str]:
    return {
        "odno": order.number,
        "pdno": order.symbol,
        "rvse_cncl_dvsn_name": "",
        "ord_qty": str(order.quantity),
        "bond_ord_unpr": order.price,
        "ord_tmd": f"{order.at:%H%M%S}",
        "tot_ccld_qty": str(order.filled),
        "tot_ccld_amt": "0",
        "ord_psbl_qty": str(order.rest),
        "orgn_odno": "",
        "sll_buy_dvsn_cd": _side(order),
        "ord_dvsn_cd": "01",
        "mgco_aptm_odno": "",
        "samt_mket_ptci_yn": "N",
        "prdt_abrv_name": order.symbol,
    }


def _overseas_row(order: SideOrder) -> dict[str, str]:
    return {
        "ord_dt": day_text(order.at.date()),
        "ord_gno_brno": "00950",
        "odno": order.number,
        "orgn_odno": "",
        "pdno": order.symbol,
        "prdt_name": order.symbol,
        "sll_buy_dvsn_cd": _side(order),
        "rvse_cncl_dvsn_cd": "00",
        "rjct_rson": "",
        "ord_tmd": f"{order.at:%H%M%S}",
        "ft_ord_qty": str(order.quantity),
        "ft_ccld_qty": str(order.filled),
        "nccs_qty": str(order.rest),
        "ft_ord_unpr3": order.price,
        "ft_ccld_unpr3": "0.00000000",
        "ovrs_excg_cd": order.market,
        "prcs_stat_name": "" if order.rest else "취소",
        "tr_crcy_cd": "USD",
    }


def _overseas_reserved_row(order: SideOrder) -> dict[str, str]:
    return {
        "cncl_yn": "Y" if order.cancelled_at else "N",
        "rsvn_ord_rcit_dt": day_text(order.at.date()),
        "ovrs_rsvn_odno": order.number,
        "ord_dt": "",
        "ord_gno_brno": "",
        "odno": "",
        "sll_buy_dvsn_cd": _side(order),
        "ovrs_rsvn_ord_stat_cd": "01",
        "pdno": order.symbol,
        "prdt_name": order.symbol,
        "ovrs_excg_cd": order.market,
        "ft_ord_qty": str(order.quantity),
        "ft_ord_unpr3": order.price,
        "ft_ccld_qty": str(order.filled),
        "nprc_rson_text": "",
    }


def _futures_row(order: SideOrder) -> dict[str, str]:
    return {
        "ord_gno_brno": "06010",
        "ord_dt": day_text(order.at.date()),
        "odno": order.number,
        "orgn_odno": "",
        "sll_buy_dvsn_cd": _side(order),
        "pdno": order.symbol,
        "prdt_name": order.symbol,
        "ord_qty": str(order.quantity),
        "ord_idx": order.price,
        "ord_idx4": order.price,
        "qty": str(order.rest),
        "ord_tmd": f"{order.at:%H%M%S}",
        "tot_ccld_qty": str(order.filled),
        "rjct_qty": "0",
    }


def _overseas_futures_row(order: SideOrder) -> dict[str, str]:
    return {
        "ord_dt": day_text(order.at.date()),
        "odno": order.number,
        "orgn_ord_dt": "",
        "orgn_odno": "",
        "ovrs_futr_fx_pdno": order.symbol,
        "sll_buy_dvsn_cd": _side(order),
        "fm_ord_qty": str(order.quantity),
        "fm_ord_pric": order.price,
        "fm_ccld_qty": str(order.filled),
        "fm_ord_rmn_qty": str(order.rest),
    }


@dataclass(frozen=True, slots=True)
class _Cancel:
    """How an order of one product is taken back; `action` is the field that has to say 02."""

    product: SideProduct
    number: str
    action: str = "RVSE_CNCL_DVSN_CD"
    form: str = "number"

    def __call__(self, call: Call) -> Answer:
        account = call.account()
        if (self.action and call.text(self.action) != "02") or call.transaction.variant == "amend":
            raise business_refusal("APBK0400", "정정주문은 제공되지 않습니다.")
        product: SideProduct = "futures_night" if call.transaction.variant == "night" else self.product
        result = call.venue.side.cancel(account, product, call.text(self.number), call.now)
        if isinstance(result, Refused):
            raise business_refusal(result.code, result.message)
        taken = {"KRX_FWDG_ORD_ORGNO": result.org_no, "ODNO": result.order_no, "ORD_TMD": result.time}
        output: object = {
            "number": taken,
            "small": {name.lower(): value for name, value in taken.items()},
            "list": [taken],
            "done": {"nrml_prcs_yn": "Y"},
            "reserved": {"OVRS_RSVN_ODNO": call.text(self.number)},
        }[self.form]
        return Answer({"rt_cd": "0", "msg_cd": "APBK0013", "msg1": _SENT, "output": output})


def _lists() -> Sequence[Endpoint]:
    stock, bond = "/uapi/domestic-stock/v1/trading", "/uapi/domestic-bond/v1/trading"
    futures, abroad = "/uapi/domestic-futureoption/v1/trading", "/uapi/overseas-stock/v1/trading"
    account = ("CANO", "ACNT_PRDT_CD")
    span = (*account, "STRT_ORD_DT", "END_ORD_DT", "SLL_BUY_DVSN_CD", "CCLD_NCCS_DVSN")
    return (
        Endpoint(
            "GET",
            f"{stock}/order-resv-ccnl",
            (Transaction("CTSC0004R", None),),
            (*account, "RSVN_ORD_ORD_DT", "RSVN_ORD_END_DT", "TMNL_MDIA_KIND_CD", "PRCS_DVSN_CD", "CNCL_YN"),
            _List("reserved", "output", 20, _reserved_row, days=("RSVN_ORD_ORD_DT", "RSVN_ORD_END_DT")),
        ),
        Endpoint(
            "GET",
            f"{bond}/inquire-psbl-rvsecncl",
            (Transaction("CTSC8035R", None),),
            (*account, "ORD_DT", "ODNO"),
            _List("bond", "output", 30, _bond_row, open_only=True),
        ),
        Endpoint(
            "GET",
            f"{abroad}/inquire-nccs",
            (Transaction("TTTS3018R", None),),
            (*account, "OVRS_EXCG_CD", "SORT_SQN"),
            _List("overseas", "output", 40, _overseas_row, open_only=True, by_market=True),
        ),
        Endpoint(
            "GET",
            f"{abroad}/inquire-ccnl",
            (Transaction("TTTS3035R", "VTTS3035R"),),
            (*account, "PDNO", "ORD_STRT_DT", "ORD_END_DT", "SLL_BUY_DVSN", "CCLD_NCCS_DVSN", "SORT_SQN"),
            _List(
                "overseas", "output", 15, _overseas_row, by_market=True, days=("ORD_STRT_DT", "ORD_END_DT")
            ),
        ),
        Endpoint(
            "GET",
            f"{abroad}/order-resv-list",
            (Transaction("TTTT3039R", None), Transaction("TTTS3014R", None)),
            (*account, "INQR_STRT_DT", "INQR_END_DT", "INQR_DVSN_CD", "OVRS_EXCG_CD"),
            _List(
                "overseas_reserved",
                "output",
                20,
                _overseas_reserved_row,
                by_market=True,
                days=("INQR_STRT_DT", "INQR_END_DT"),
            ),
        ),
        Endpoint(
            "GET",
            f"{futures}/inquire-ccnl",
            (Transaction("TTTO5201R", "VTTO5201R"),),
            (*span, "SORT_SQN"),
            _List("futures", "output1", 100, _futures_row, days=("STRT_ORD_DT", "END_ORD_DT")),
        ),
        Endpoint(
            "GET",
            f"{futures}/inquire-ngt-ccnl",
            (Transaction("STTN5201R", None),),
            span,
            _List("futures_night", "output1", 100, _futures_row, days=("STRT_ORD_DT", "END_ORD_DT")),
        ),
        Endpoint(
            "GET",
            "/uapi/overseas-futureoption/v1/trading/inquire-ccld",
            (Transaction("OTFM3116R", None),),
            (*account, "CCLD_NCCS_DVSN", "SLL_BUY_DVSN_CD", "FUOP_DVSN"),
            _List("overseas_futures", "output", 50, _overseas_futures_row),
        ),
    )


def _cancels() -> Sequence[Endpoint]:
    stock, bond = "/uapi/domestic-stock/v1/trading", "/uapi/domestic-bond/v1/trading"
    futures, abroad = "/uapi/domestic-futureoption/v1/trading", "/uapi/overseas-stock/v1/trading"
    account = ("CANO", "ACNT_PRDT_CD")
    change = (*account, "PDNO", "ORGN_ODNO", "RVSE_CNCL_DVSN_CD")
    return (
        Endpoint(
            "POST",
            f"{stock}/order-resv-rvsecncl",
            (Transaction("CTSC0009U", None), Transaction("CTSC0013U", None, "amend")),
            (*account, "RSVN_ORD_SEQ", "RSVN_ORD_ORGNO", "RSVN_ORD_ORD_DT"),
            _Cancel("reserved", "RSVN_ORD_SEQ", "", "done"),
        ),
        Endpoint(
            "POST",
            f"{bond}/order-rvsecncl",
            (Transaction("TTTC0953U", None),),
            (*change, "ORD_QTY2", "BOND_ORD_UNPR", "QTY_ALL_ORD_YN", "MGCO_APTM_ODNO", "ORD_SVR_DVSN_CD"),
            _Cancel("bond", "ORGN_ODNO", form="small"),
        ),
        Endpoint(
            "POST",
            f"{abroad}/order-rvsecncl",
            (
                Transaction("TTTT1004U", "VTTT1004U"),
                Transaction("TTTS1003U", "VTTS1003U"),
                Transaction("TTTS0309U", "VTTS0309U"),
                Transaction("TTTS0302U", "VTTS0302U"),
                Transaction("TTTS0306U", "VTTS0306U"),
                Transaction("TTTS0312U", "VTTS0312U"),
            ),
            (*change, "OVRS_EXCG_CD", "ORD_QTY", "OVRS_ORD_UNPR"),
            _Cancel("overseas", "ORGN_ODNO"),
        ),
        Endpoint(
            "POST",
            f"{abroad}/order-resv-ccnl",
            (Transaction("TTTT3017U", "VTTT3017U"),),
            (*account, "RSVN_ORD_RCIT_DT", "OVRS_RSVN_ODNO"),
            _Cancel("overseas_reserved", "OVRS_RSVN_ODNO", "", "reserved"),
        ),
        Endpoint(
            "POST",
            f"{futures}/order-rvsecncl",
            (Transaction("TTTO1103U", "VTTO1103U"), Transaction("STTN1103U", None, "night")),
            (*account, "ORGN_ODNO", "RVSE_CNCL_DVSN_CD", "ORD_PRCS_DVSN_CD", "ORD_QTY", "UNIT_PRICE"),
            _Cancel("futures", "ORGN_ODNO", form="list"),
        ),
        Endpoint(
            "POST",
            "/uapi/overseas-futureoption/v1/trading/order-rvsecncl",
            (Transaction("OTFM3003U", None), Transaction("OTFM3002U", None, "amend")),
            (*account, "ORGN_ORD_DT", "ORGN_ODNO", "FM_LIMIT_ORD_PRIC", "FM_STOP_ORD_PRIC"),
            _Cancel("overseas_futures", "ORGN_ODNO", ""),
        ),
    )


ENDPOINTS: tuple[Endpoint, ...] = (*_lists(), *_cancels())
