"""Orders of products that the exchange does not match: they rest until they are cancelled.

Reserved orders, bonds, futures and options, and names abroad: enough to be listed and taken back, which is
what stopping everything needs of them. They come in from elsewhere, through the control side.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kis_terminal.adapters.simulator.model import Accepted, Account, Refused, Side

SIDE_PRODUCTS = (
    "reserved",
    "bond",
    "futures",
    "futures_night",
    "overseas",
    "overseas_reserved",
    "overseas_futures",
)
SideProduct = Literal[
    "reserved", "bond", "futures", "futures_night", "overseas", "overseas_reserved", "overseas_futures"
]
_GONE = Refused("APBK0952", "원주문번호가 존재하지 않거나 정정/취소할 수량이 없습니다.")


@dataclass(frozen=True, slots=True)
class SideOrder:
    """One resting order; prices are texts, as their markets write them."""

    account: Account
    product: SideProduct
    number: str
    symbol: str
    side: Side
    quantity: int
    price: str
    market: str
    """OVRS_EXCG_CD of a name abroad, else empty."""
    at: datetime
    cancelled_at: datetime | None = None
    filled: int = 0

    @property
    def rest(self) -> int:
        """Return what may still trade."""
        return 0 if self.cancelled_at is not None else self.quantity - self.filled


class SideDesk:
    """Keep these orders of all accounts, oldest first."""

    def __init__(self) -> None:
        self._orders: dict[str, SideOrder] = {}
        self._numbers = itertools.count(30_000_001)

    def place(
        self,
        account: Account,
        product: SideProduct,
        symbol: str,
        side: Side,
        quantity: int,
        price: str,
        now: datetime,
        *,
        market: str = "",
    ) -> SideOrder:
        """Let an order rest."""
        number = f"{next(self._numbers):010}"
        order = SideOrder(account, product, number, symbol, side, quantity, price, market, now)
        self._orders[number] = order
        return order

    def fill(self, number: str, quantity: int) -> None:
        """Let a part of an order trade; KeyError where there is none of that number."""
        order = self._orders[number]
        self._orders[number] = replace(order, filled=min(order.quantity, order.filled + quantity))

    def of(self, account: Account, product: SideProduct, market: Callable[[str], bool]) -> list[SideOrder]:
        """Return all orders of an account in one product, done ones too."""
        return [
            order
            for order in self._orders.values()
            if order.account == account and order.product == product and market(order.market)
        ]

    def cancel(
        self, account: Account, product: SideProduct, number: str, now: datetime
    ) -> Accepted | Refused:
        """Take an order back, whole."""
        order = self._orders.get(number.zfill(10))
        if order is None or order.account != account or order.product != product or not order.rest:
            return _GONE
        self._orders[order.number] = replace(order, cancelled_at=now)
        return Accepted(f"{next(self._numbers):010}", "00950", f"{now:%H%M%S}")

    def to_json(self) -> list[dict[str, object]]:
        """Return every order as values that JSON can carry."""
        return [
            {
                "number": order.number,
                "realm": order.account.realm,
                "account": order.account.number,
                "product": order.product,
                "market": order.market,
                "symbol": order.symbol,
                "side": order.side,
                "quantity": order.quantity,
                "filled": order.filled,
                "rest": order.rest,
                "price": order.price,
                "cancelled": order.cancelled_at.isoformat() if order.cancelled_at else "",
            }
            for order in self._orders.values()
        ]
