"""Open orders of products that this program lists and cancels, but does not send itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.sentences import Sentence


class Product(StrEnum):
    """What an account can have orders in beside the stocks of today."""

    RESERVED = "reserved"
    BOND = "bond"
    OVERSEAS = "overseas"
    OVERSEAS_RESERVED = "overseas_reserved"
    FUTURES = "futures"
    FUTURES_NIGHT = "futures_night"
    OVERSEAS_FUTURES = "overseas_futures"

    @property
    def words(self) -> Sentence:
        """Return the product's name for a person."""
        return _TITLES[self]


_TITLES = {
    Product.RESERVED: Sentence("예약주문"),
    Product.BOND: Sentence("장내채권"),
    Product.OVERSEAS: Sentence("해외주식"),
    Product.OVERSEAS_RESERVED: Sentence("해외주식 예약주문"),
    Product.FUTURES: Sentence("선물옵션"),
    Product.FUTURES_NIGHT: Sentence("야간 선물옵션"),
    Product.OVERSEAS_FUTURES: Sentence("해외선물옵션"),
}


@dataclass(frozen=True, slots=True)
class OtherOrder:
    """One open order as the broker lists it."""

    product: Product
    number: str
    symbol: str
    name: str
    side: Side
    quantity: Decimal
    remaining: Decimal
    price: Decimal | None
    day: str
    """YYYYMMDD of the order; numbers begin anew every day."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """What else its cancellation has to name, in the broker's own words."""

    @property
    def key(self) -> str:
        """Return what this order is known by here."""
        return f"{self.product.value}-{self.day}-{self.number}"

    def as_order(self, at: datetime, *, is_cancelled: bool, reason: str = "") -> Order:
        """Return it in the form of all orders, for reports; parts of shares count as a whole one."""
        quantity, rest = _whole(self.quantity), _whole(self.remaining)
        return Order(
            key=self.key,
            symbol=self.symbol,
            side=self.side,
            kind=OrderKind.LIMIT if self.price is not None else OrderKind.MARKET,
            venue=Venue.KRX,
            quantity=quantity,
            price=self.price,
            status=OrderStatus.CANCELLED if is_cancelled else OrderStatus.ACCEPTED,
            origin=Origin.ELSEWHERE,
            created_at=at,
            order_number=self.number,
            filled=max(0, quantity - rest),
            cancelled=min(rest, quantity) if is_cancelled else 0,
            reason=reason,
            name=self.name,
        )


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding="ROUND_CEILING"))
