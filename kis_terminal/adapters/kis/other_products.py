"""Open orders beside the stocks of today, and their cancellation: reserved, bonds, futures, names abroad.

Source: KIS workbook 2026-06-03; checked 2026-11-22. Which products an account can hold follows from its
product code (01 stocks, bonds and names abroad; 03 futures and options; 08 those abroad) and the environment.
Lists are whole or an error. What the documents leave open is read so that rather too much counts as open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import Row, day_text
from kis_terminal.adapters.kis.order_codes import SIDES
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError, OrderRefused, OutcomeUnknown
from kis_terminal.domain.orders import Side
from kis_terminal.domain.other_orders import OtherOrder, Product
from kis_terminal.domain.sentences import Sentence

_US = ("NASD", "NYSE", "AMEX")
_ASIA = ("SEHK", "SHAA", "SZAA", "TKSE", "HASE", "VNSE")
_PRODUCTS: dict[str, tuple[Product, ...]] = {
    "01": (Product.RESERVED, Product.BOND, Product.OVERSEAS, Product.OVERSEAS_RESERVED),
    "03": (Product.FUTURES, Product.FUTURES_NIGHT),
    "08": (Product.OVERSEAS_FUTURES,),
}
_ON_PAPER = frozenset({Product.OVERSEAS, Product.FUTURES})
_RESERVED_BEFORE, _RESERVED_AFTER = timedelta(days=40), timedelta(days=40)
_RESERVING_BRANCH = "001"
"""RSVN_ORD_ORGNO of what came in by API, as in the document's example; lists do not tell it."""


class OtherProducts:
    """Lists and cancellations of one account."""

    def __init__(self, client: KisClient) -> None:
        self._client = client

    @property
    def products(self) -> tuple[Product, ...]:
        """Return what this account can have open orders in beside the stocks of today."""
        own = _PRODUCTS.get(self._client.access.product, ())
        if self._client.access.environment is Environment.PAPER:
            return tuple(product for product in own if product in _ON_PAPER)
        return own

    async def open_orders(self, product: Product) -> Sequence[OtherOrder]:
        """Return every open order of a product, each once, or raise: never a part of them."""
        found: dict[str, OtherOrder] = {}
        for row, read in await self._rows(product):
            order = read(row)
            if order is not None and order.remaining > 0:
                found[order.key] = order
        return tuple(found.values())

    async def cancel(self, order: OtherOrder) -> None:
        """Take the whole rest of an order back; raises as `ports.Broker.cancel`."""
        match order.product:
            case Product.RESERVED:
                await self._cancel_reserved(order)
            case Product.BOND:
                await self._send("domestic_bond.order_rvsecncl", _bond_cancellation(order))
            case Product.OVERSEAS:
                await self._cancel_overseas(order)
            case Product.OVERSEAS_RESERVED:
                await self._cancel_overseas_reserved(order)
            case Product.FUTURES | Product.FUTURES_NIGHT:
                await self._cancel_futures(order)
            case Product.OVERSEAS_FUTURES:
                values = _overseas_futures_cancellation(order)
                await self._send("overseas_futureoption.order_rvsecncl", values, {"action": "cancel"})

    # -- lists

    async def _rows(self, product: Product) -> Sequence[tuple[Row, Callable[[Row], OtherOrder | None]]]:
        today = self._client.broker_now().date()
        day = day_text(today)
        match product:
            case Product.RESERVED:
                values = {
                    "RSVN_ORD_ORD_DT": day_text(today - _RESERVED_BEFORE),
                    "RSVN_ORD_END_DT": day_text(today + _RESERVED_AFTER),
                    "TMNL_MDIA_KIND_CD": "00",
                    "PRCS_DVSN_CD": "0",
                    "CNCL_YN": "Y",
                }
                rows = await self._list("domestic_stock.order_resv_ccnl", values)
                return [(row, lambda one: _read_reserved(one, day)) for row in rows]
            case Product.BOND:
                rows = await self._list("domestic_bond.inquire_psbl_rvsecncl", {"ORD_DT": "", "ODNO": ""})
                return [(row, lambda one: _read_bond(one, day)) for row in rows]
            case Product.OVERSEAS:
                return [(row, _read_overseas) for row in await self._overseas_rows()]
            case Product.OVERSEAS_RESERVED:
                return [(row, _read_overseas_reserved) for row in await self._overseas_reserved_rows()]
            case Product.FUTURES:
                # The night's session begins the day before.
                rows = await self._list("domestic_futureoption.inquire_ccnl", _span(day, day), "output1")
                return [(row, lambda one: _read_futures(one, product)) for row in rows]
            case Product.FUTURES_NIGHT:
                span = _span(day_text(today - timedelta(days=1)), day)
                rows = await self._list("domestic_futureoption.inquire_ngt_ccnl", span, "output1")
                return [(row, lambda one: _read_futures(one, product)) for row in rows]
            case Product.OVERSEAS_FUTURES:
                values = {"CCLD_NCCS_DVSN": "01", "SLL_BUY_DVSN_CD": "%%", "FUOP_DVSN": "00"}
                rows = await self._list("overseas_futureoption.inquire_ccld", values)
                return [(row, _read_overseas_futures) for row in rows]
        raise AssertionError(product)

    async def _list(
        self,
        api_id: str,
        values: Mapping[str, str],
        block: str = "output",
        selectors: Mapping[str, str] | None = None,
    ) -> Sequence[Row]:
        api = self._client.catalog.api(api_id)
        result = await self._client.pages(api, values, priority=Priority.ACCOUNT, selectors=selectors)
        return [row for row in result.rows(block) if not row.is_empty]

    async def _overseas_rows(self) -> Sequence[Row]:
        today = self._client.broker_now().date()
        if self._client.access.environment is Environment.PAPER:
            values = {
                "PDNO": "",
                "ORD_STRT_DT": day_text(today - timedelta(days=1)),
                "ORD_END_DT": day_text(today),
                "SLL_BUY_DVSN": "00",
                "CCLD_NCCS_DVSN": "00",
                "OVRS_EXCG_CD": "",
                "SORT_SQN": "DS",
                "ORD_DT": "",
                "ORD_GNO_BRNO": "",
                "ODNO": "",
            }
            return await self._list("overseas_stock.inquire_ccnl", values)
        rows: list[Row] = []
        for exchange in (*_US, *_ASIA):
            values = {"OVRS_EXCG_CD": exchange, "SORT_SQN": "DS"}
            rows += await self._list("overseas_stock.inquire_nccs", values)
        return rows

    async def _overseas_reserved_rows(self) -> Sequence[Row]:
        today = self._client.broker_now().date()
        rows: list[Row] = []
        for market, exchanges in (("us", _US), ("asia", _ASIA)):
            for exchange in exchanges:
                values = {
                    "INQR_STRT_DT": day_text(today - _RESERVED_BEFORE),
                    "INQR_END_DT": day_text(today + timedelta(days=1)),
                    "INQR_DVSN_CD": "00",
                    "PRDT_TYPE_CD": "",
                    "OVRS_EXCG_CD": exchange,
                }
                rows += await self._list(
                    "overseas_stock.order_resv_list", values, selectors={"market": market}
                )
        return rows

    # -- cancellations

    async def _send(
        self, api_id: str, values: Mapping[str, str], selectors: Mapping[str, str] | None = None
    ) -> Row:
        """Send one cancellation once; what it says of itself is in the row."""
        api = self._client.catalog.api(api_id)
        chosen = {**api.selectors_from(values), **(selectors or {})}
        answer = await self._client.request(api, values, priority=Priority.CANCEL, selectors=chosen)
        try:
            return answer.record("output")
        except BrokerAnswerError as error:
            raise OutcomeUnknown(Sentence("{why} 취소되었는지 조회해 확인합니다.", why=error)) from error

    async def _cancel_reserved(self, order: OtherOrder) -> None:
        values = {
            "RSVN_ORD_SEQ": order.number,
            "RSVN_ORD_ORGNO": _RESERVING_BRANCH,
            "RSVN_ORD_ORD_DT": order.day,
        }
        row = await self._send("domestic_stock.order_resv_rvsecncl", values, {"action": "cancel"})
        if row.text("nrml_prcs_yn") == "N":
            raise OrderRefused(Sentence("예약주문이 취소되지 않았습니다."), code="RESERVED")

    async def _cancel_overseas(self, order: OtherOrder) -> None:
        exchange = order.codes["exchange"]
        values = {
            "OVRS_EXCG_CD": exchange,
            "PDNO": order.symbol,
            "ORGN_ODNO": order.number,
            "RVSE_CNCL_DVSN_CD": "02",
            "ORD_QTY": _plain(order.remaining),
            "OVRS_ORD_UNPR": "0",
        }
        is_paper = self._client.access.environment is Environment.PAPER
        try:
            await self._send("overseas_stock.order_rvsecncl", values)
        except OrderRefused:
            if exchange not in _US or is_paper:
                raise
            # An order of the American day session is known to that session's own call alone.
            await self._send("overseas_stock.daytime_order_rvsecncl", values)

    async def _cancel_overseas_reserved(self, order: OtherOrder) -> None:
        if order.codes["exchange"] not in _US:
            raise OrderRefused(
                Sentence("KIS API로 취소할 수 없는 예약주문입니다. 한국투자증권 고객센터 1544-5000"),
                code="ASIA",
            )
        values = {"RSVN_ORD_RCIT_DT": order.day, "OVRS_RSVN_ODNO": order.number}
        await self._send("overseas_stock.order_resv_ccnl", values)

    async def _cancel_futures(self, order: OtherOrder) -> None:
        is_paper = self._client.access.environment is Environment.PAPER
        values = {
            "ORD_PRCS_DVSN_CD": "02",
            "RVSE_CNCL_DVSN_CD": "02",
            "ORGN_ODNO": order.number,
            # 0 is all of it, but not in paper.
            "ORD_QTY": _plain(order.remaining) if is_paper else "0",
            "UNIT_PRICE": "0",
            "NMPR_TYPE_CD": "02",
            "KRX_NMPR_CNDT_CD": "0",
            "RMN_QTY_YN": "Y",
            "ORD_DVSN_CD": "01",
        }
        session = "night" if order.product is Product.FUTURES_NIGHT else "day"
        await self._send("domestic_futureoption.order_rvsecncl", values, {"session": session})


def _span(start: str, end: str) -> dict[str, str]:
    return {
        "STRT_ORD_DT": start,
        "END_ORD_DT": end,
        "SLL_BUY_DVSN_CD": "00",
        "CCLD_NCCS_DVSN": "00",
        "SORT_SQN": "DS",
    }


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _bond_cancellation(order: OtherOrder) -> dict[str, str]:
    return {
        "PDNO": order.symbol,
        "ORGN_ODNO": order.number,
        "ORD_QTY2": _plain(order.remaining),
        "BOND_ORD_UNPR": "0",
        "QTY_ALL_ORD_YN": "Y",
        "RVSE_CNCL_DVSN_CD": "02",
        "MGCO_APTM_ODNO": "",
        "ORD_SVR_DVSN_CD": "0",
        "CTAC_TLNO": "",
    }


def _overseas_futures_cancellation(order: OtherOrder) -> dict[str, str]:
    return {
        "ORGN_ORD_DT": order.day,
        "ORGN_ODNO": order.number,
        "FM_LIMIT_ORD_PRIC": "",
        "FM_STOP_ORD_PRIC": "",
        "FM_HDGE_ORD_SCRN_YN": "N",
    }


def _side(row: Row) -> Side:
    side = SIDES.get(row.text("sll_buy_dvsn_cd"))
    return side if side is not None else Side.BUY  # shown only: a cancellation does not name it


def _read_reserved(row: Row, today: str) -> OtherOrder | None:
    """Read CTSC0004R: one that was sent or refused is done, unless it is renewed until a later day."""
    is_renewed = row.text("rsvn_end_dt") >= today
    was_handled = bool(row.text("odno").strip("0") or row.text("rjct_rson2"))
    if row.text("cncl_ord_dt").strip("0") or (was_handled and not is_renewed):
        return None
    quantity, filled = row.number("ord_rsvn_qty"), row.optional_number("tot_ccld_qty") or Decimal(0)
    return OtherOrder(
        Product.RESERVED,
        row.text("rsvn_ord_seq"),
        row.text("pdno"),
        row.text("kor_item_shtn_name"),
        _side(row),
        quantity,
        quantity - filled,
        row.positive("ord_rsvn_unpr"),
        row.text("rsvn_ord_ord_dt"),
    )


def _read_bond(row: Row, today: str) -> OtherOrder:
    return OtherOrder(
        Product.BOND,
        row.text("odno"),
        row.text("pdno"),
        row.text("prdt_abrv_name"),
        _side(row),
        row.number("ord_qty"),
        row.number("ord_psbl_qty"),
        row.positive("bond_ord_unpr"),
        today,
    )


def _read_overseas(row: Row) -> OtherOrder:
    return OtherOrder(
        Product.OVERSEAS,
        row.text("odno"),
        row.text("pdno"),
        row.text("prdt_name"),
        _side(row),
        row.number("ft_ord_qty"),
        row.number("nccs_qty"),
        row.positive("ft_ord_unpr3"),
        row.text("ord_dt"),
        {"exchange": row.text("ovrs_excg_cd")},
    )


def _read_overseas_reserved(row: Row) -> OtherOrder | None:
    was_sent = bool(row.text("odno").strip("0") or row.text("nprc_rson_text"))
    if row.text("cncl_yn") == "Y" or was_sent:
        return None  # what was sent stands in the list of the others
    quantity, filled = row.number("ft_ord_qty"), row.optional_number("ft_ccld_qty") or Decimal(0)
    return OtherOrder(
        Product.OVERSEAS_RESERVED,
        row.text("ovrs_rsvn_odno"),
        row.text("pdno"),
        row.text("prdt_name"),
        _side(row),
        quantity,
        quantity - filled,
        row.positive("ft_ord_unpr3"),
        row.text("rsvn_ord_rcit_dt"),
        {"exchange": row.text("ovrs_excg_cd")},
    )


def _read_futures(row: Row, product: Product) -> OtherOrder:
    return OtherOrder(
        product,
        row.text("odno"),
        row.text("pdno"),
        row.text("prdt_name"),
        _side(row),
        row.number("ord_qty"),
        row.number("qty"),
        row.positive("ord_idx", "ord_idx4"),
        row.text("ord_dt"),
    )


def _read_overseas_futures(row: Row) -> OtherOrder:
    return OtherOrder(
        Product.OVERSEAS_FUTURES,
        row.text("odno"),
        row.text("ovrs_futr_fx_pdno"),
        row.text("ovrs_futr_fx_pdno"),
        _side(row),
        row.number("fm_ord_qty"),
        row.number("fm_ord_rmn_qty"),
        row.positive("fm_ord_pric"),
        row.text("ord_dt"),
    )
