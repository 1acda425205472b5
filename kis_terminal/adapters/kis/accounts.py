"""Balance, order list, buying power and sellable shares by REST.

Source: KIS workbook 2026-06-03, inquire-balance (TTTC8434R), inquire-daily-ccld (TTTC0081R, CTSC9215R),
inquire-psbl-order (TTTC8908R), inquire-psbl-sell (TTTC8408R); checked 2026-11-22.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import Row, day_text, decimal_text
from kis_terminal.adapters.kis.order_codes import KIND_CODES, SIDES, is_order_number, kind_of, venue_of
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.account import Balance, BuyingPower, Position
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError
from kis_terminal.domain.orders import BrokerOrder, OrderKind
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

_RECENT = timedelta(days=90)
"""The list of the last three months has another TR id than what is older."""


class Accounts:
    """What one account holds and has ordered; complete or an error, never a part."""

    def __init__(self, client: KisClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def balance(self) -> Balance:
        """Return all positions and the cash."""
        api = self._client.catalog.api("domestic_stock.inquire_balance")
        values = {
            "AFHR_FLPR_YN": "N",
            "OFL_YN": "",
            "INQR_DVSN": "01",
            "UNPR_DVSN": "01",
            "FUND_STTL_ICLD_YN": "N",
            "FNCG_AMT_AUTO_RDPT_YN": "N",
            "PRCS_DVSN": "00",
        }
        result = await self._client.pages(api, values, priority=Priority.ACCOUNT)
        summaries = [row for page in result.pages for row in page.rows("output2")]
        if not summaries:
            raise BrokerAnswerError(
                Sentence("{source} 응답에 예수금(output2)이 없습니다.", source=result.first.source)
            )
        return read_balance(result.rows("output1"), summaries[-1], self._clock.now())

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        """Return every order of `day`, oldest first."""
        api = self._client.catalog.api("domestic_stock.inquire_daily_ccld")
        is_paper = self._client.access.environment is Environment.PAPER
        values = {
            "INQR_STRT_DT": day_text(day),
            "INQR_END_DT": day_text(day),
            "SLL_BUY_DVSN_CD": "00",
            "CCLD_DVSN": "00",
            "INQR_DVSN": "01",
            "INQR_DVSN_3": "00",
            "EXCG_ID_DVSN_CD": "KRX" if is_paper else "ALL",
        }
        is_recent = self._client.broker_now().date() - day < _RECENT
        result = await self._client.pages(
            api,
            values,
            priority=Priority.ACCOUNT,
            selectors={"period": "recent" if is_recent else "older"},
        )
        return unique_orders(read_order(row) for row in result.rows("output1"))

    async def buying_power(self, symbol: str, kind: OrderKind, price: Decimal | None) -> BuyingPower:
        """Return what can be bought without margin at `price`, or as a market order for None."""
        api = self._client.catalog.api("domestic_stock.inquire_psbl_order")
        values = {
            "PDNO": symbol,
            "ORD_UNPR": decimal_text(price) if price is not None and kind.needs_price else "0",
            "ORD_DVSN": KIND_CODES[kind],
            "CMA_EVLU_AMT_ICLD_YN": "N",
            "OVRS_ICLD_YN": "N",
        }
        answer = await self._client.request(api, values, priority=Priority.ACCOUNT)
        return read_buying_power(answer.record("output"))

    async def sellable(self, symbol: str) -> int:
        """Return the shares that can be sold now; paper has no call for it, so its balance tells."""
        if self._client.access.environment is Environment.PAPER:
            balance = await self.balance()
            return sum(position.sellable for position in balance.positions if position.symbol == symbol)
        api = self._client.catalog.api("domestic_stock.inquire_psbl_sell")
        answer = await self._client.request(api, {"PDNO": symbol}, priority=Priority.ACCOUNT)
        return answer.record("output").integer("ord_psbl_qty")


def read_balance(rows: Sequence[Row], summary: Row, received_at: datetime) -> Balance:
    """Read TTTC8434R: one position for each symbol, whatever lines (cash, loan) it is spread over.

    Symbols sold out, which KIS lists for two more days with quantity 0, are left out. KIS gives costs and
    taxes of the day as one sum (thdt_tlex_amt): it stands in `fees_today`, `taxes_today` is 0.
    """
    lines: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.text("pdno"), row.text("trad_dvsn_name"), row.text("loan_dt"))
        if key in lines:
            log.warning("the balance lists %s %s twice; counted once", key[0], key[1])
        lines[key] = row
    by_symbol: dict[str, list[Row]] = {}
    for (symbol, _, _), row in lines.items():
        by_symbol.setdefault(symbol, []).append(row)
    positions = [_read_position(symbol, of_symbol) for symbol, of_symbol in by_symbol.items()]
    return Balance(
        positions=tuple(position for position in positions if position.quantity),
        cash=summary.number("dnca_tot_amt"),
        cash_d1=summary.number("nxdy_excc_amt"),
        cash_d2=summary.number("prvs_rcdl_excc_amt"),
        total_value=summary.number("tot_evlu_amt"),
        fees_today=summary.optional_number("thdt_tlex_amt") or Decimal(0),
        taxes_today=Decimal(0),
        received_at=received_at,
    )


def _read_position(symbol: str, rows: Sequence[Row]) -> Position:
    quantity = sum(row.integer("hldg_qty") for row in rows)
    cost = sum((row.number("pchs_amt") for row in rows), Decimal(0))
    average = rows[0].number("pchs_avg_pric") if len(rows) == 1 or not quantity else cost / quantity
    return Position(
        symbol=symbol,
        name=rows[0].text("prdt_name"),
        quantity=quantity,
        sellable=sum(row.integer("ord_psbl_qty") for row in rows),
        average_price=average,
        price=rows[0].number("prpr"),
        cost=cost,
        value=sum((row.number("evlu_amt") for row in rows), Decimal(0)),
        bought_today=sum(row.optional_integer("thdt_buyqty") or 0 for row in rows),
        sold_today=sum(row.optional_integer("thdt_sll_qty") or 0 for row in rows),
    )


def read_order(row: Row) -> BrokerOrder:
    """Read one row of TTTC0081R."""
    price = row.positive("ord_unpr")
    original = row.text("orgn_odno")
    action = row.text("sll_buy_dvsn_cd_name").upper()
    # A request to cancel is a row of its own; only its name tells it from an amended order.
    is_cancel = "취소" in action or "CANCEL" in action or (not action and row.text("cncl_yn") == "Y")
    side = SIDES.get(row.text("sll_buy_dvsn_cd"))
    number = row.text("odno")
    if side is None or not is_order_number(number):
        raise BrokerAnswerError(
            Sentence(
                "주식일별주문체결조회 응답의 주문을 읽을 수 없습니다: "
                "odno '{number}', sll_buy_dvsn_cd '{side}'",
                number=number,
                side=row.text("sll_buy_dvsn_cd"),
            )
        )
    filled = row.integer("tot_ccld_qty")
    return BrokerOrder(
        order_number=number,
        original_number=original if original.strip("0") else "",
        branch_number=row.text("ord_gno_brno"),
        symbol=row.text("pdno"),
        name=row.text("prdt_name"),
        side=side,
        kind=kind_of(row.text("ord_dvsn_cd"), has_price=price is not None),
        venue=venue_of(row.text("excg_id_dvsn_cd")),
        quantity=row.integer("ord_qty"),
        price=price,
        filled=filled,
        average_price=row.positive("avg_prvs") if filled else None,
        remaining=row.integer("rmn_qty"),
        # The document spells it without l, KIS's own example with.
        cancelled=row.optional_integer("cncl_cfrm_qty", "cnc_cfrm_qty") or 0,
        rejected=row.optional_integer("rjct_qty") or 0,
        is_cancel=is_cancel and bool(original.strip("0")),
        ordered_at=row.moment("ord_dt", "ord_tmd"),
        reject_reason=row.text("rjct_rson_name", "rjct_rson"),
    )


def unique_orders(orders: Iterable[BrokerOrder]) -> list[BrokerOrder]:
    """Return the orders oldest first, each number once: paging and exchanges can repeat a row."""
    by_key: dict[tuple[str, str], BrokerOrder] = {}
    for order in orders:
        key = (order.branch_number, order.order_number)
        if key in by_key and by_key[key] != order:
            log.warning("the order list shows %s twice with different values", order.order_number)
        by_key[key] = order
    return sorted(by_key.values(), key=lambda order: (order.ordered_at, order.order_number))


def read_buying_power(row: Row) -> BuyingPower:
    """Read TTTC8908R: the amounts without margin."""
    return BuyingPower(
        amount=row.number("nrcvb_buy_amt"),
        quantity=row.integer("nrcvb_buy_qty"),
        cash=row.number("ord_psbl_cash"),
    )
