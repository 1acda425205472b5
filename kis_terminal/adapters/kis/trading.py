"""Send, amend and cancel cash orders. Nothing here is ever repeated.

Source: KIS workbook 2026-06-03, order-cash (TTTC0011U sell, TTTC0012U buy) and order-rvsecncl (TTTC0013U);
checked 2026-11-22. All values are texts. An accepted answer means "sent", not "at the exchange".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kis_terminal.adapters.kis.answers import Answer
from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import decimal_text
from kis_terminal.adapters.kis.order_codes import KIND_CODES, SIDE_SELECTORS, is_order_number
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError, OrderRefused, OutcomeUnknown
from kis_terminal.domain.orders import Order, OrderAccepted, OrderKind, OrderRequest, Side, Venue
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import LeavingCheck

_AMEND, _CANCEL = "01", "02"
_LARGEST_QUANTITY = 10**10 - 1
"""ORD_QTY has ten places."""


class Trading:
    """The calls that move money."""

    def __init__(self, client: KisClient) -> None:
        self._client = client

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        """Send one order once; raises as `ports.Broker.place`."""
        values = {
            "PDNO": request.symbol,
            "ORD_DVSN": KIND_CODES[request.kind],
            "ORD_QTY": _quantity_text(request.quantity),
            "ORD_UNPR": _price_text(request.kind, request.price),
            "EXCG_ID_DVSN_CD": self._venue(request.venue),
        }
        if request.side is Side.SELL:
            values["SLL_TYPE"] = "01"
        if request.kind is OrderKind.STOP_LIMIT:
            values["CNDT_PRIC"] = _checked_price(request.condition_price, Sentence("조건가격"))
        side = {"side": SIDE_SELECTORS[request.side]}
        return await self._send("order_cash", values, Priority.ORDER, side, leaving)

    async def amend(
        self,
        order: Order,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        """Change kind and price of `quantity` shares of the rest, usually all of it."""
        values = self._change(order, _AMEND, kind, quantity, _price_text(kind, price))
        if kind is OrderKind.STOP_LIMIT:
            values["CNDT_PRIC"] = _checked_price(order.condition_price, Sentence("조건가격"))
        return await self._send("order_rvsecncl", values, Priority.ORDER, {}, leaving)

    async def cancel(self, order: Order) -> OrderAccepted:
        """Cancel the whole rest."""
        values = self._change(order, _CANCEL, order.kind, max(order.remaining, 1), "0")
        return await self._send("order_rvsecncl", values, Priority.CANCEL, {})

    def _change(self, order: Order, what: str, kind: OrderKind, quantity: int, price: str) -> dict[str, str]:
        if not order.order_number:
            raise OrderRefused(
                Sentence("주문번호가 아직 없어 정정하거나 취소할 수 없습니다."), code="NO_ORDER_NUMBER"
            )
        return {
            "KRX_FWDG_ORD_ORGNO": order.branch_number,
            "ORGN_ODNO": order.order_number,
            "ORD_DVSN": KIND_CODES[kind],
            "RVSE_CNCL_DVSN_CD": what,
            "ORD_QTY": _quantity_text(quantity),
            "ORD_UNPR": price,
            "QTY_ALL_ORD_YN": "Y" if quantity >= order.remaining else "N",
            # KIS refuses a change that names another exchange than the order's own.
            "EXCG_ID_DVSN_CD": self._venue(order.venue),
        }

    def _venue(self, venue: Venue) -> str:
        if self._client.access.environment is Environment.PAPER and venue is not Venue.KRX:
            raise OrderRefused(
                Sentence(
                    "모의투자는 KRX 주문만 받습니다(선택: {venue}). 거래소를 KRX로 바꾸세요.",
                    venue=venue.value,
                ),
                code="PAPER_VENUE",
            )
        return venue.value

    async def _send(
        self,
        function: str,
        values: Mapping[str, str],
        priority: Priority,
        selectors: Mapping[str, str],
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        api = self._client.catalog.api(f"domestic_stock.{function}")
        answer = await self._client.request(
            api, values, priority=priority, selectors=selectors, leaving=leaving
        )
        return read_accepted(answer)


def read_accepted(answer: Answer) -> OrderAccepted:
    """Read the answer to an order; raises OutcomeUnknown when it does not name the order."""
    try:
        row = answer.record("output")
    except BrokerAnswerError as error:
        raise OutcomeUnknown(Sentence("{why} 주문이 접수되었는지 조회해 확인합니다.", why=error)) from error
    number = row.text("ODNO")
    if not is_order_number(number):
        raise OutcomeUnknown(
            Sentence(
                "{source}: 주문번호 없이 접수 응답이 왔습니다. 접수 여부를 조회해 확인합니다.",
                source=answer.source,
            )
        )
    return OrderAccepted(number, row.text("KRX_FWDG_ORD_ORGNO"), row.text("ORD_TMD"))


def _quantity_text(quantity: int) -> str:
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity <= _LARGEST_QUANTITY:
        raise OrderRefused(
            Sentence(
                "주문수량 {quantity!s:.40}이(가) 맞지 않습니다. 1주 이상의 정수여야 합니다.",
                quantity=quantity,
            ),
            code="QUANTITY",
        )
    return str(quantity)


def _price_text(kind: OrderKind, price: Decimal | None) -> str:
    return _checked_price(price, Sentence("주문가격")) if kind.needs_price else "0"


def _checked_price(price: Decimal | None, name: str) -> str:
    if price is None or not price.is_finite() or price <= 0 or price >= Decimal(10) ** 12:
        raise OrderRefused(
            Sentence(
                "{name} {price!s:.40}이(가) 맞지 않습니다. 0보다 큰 값을 입력하세요.", name=name, price=price
            ),
            code="PRICE",
        )
    return decimal_text(price)
