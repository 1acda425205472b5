"""Own open orders as chips: one chip for each price and side."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from kis_terminal.domain.orders import Order, OrderStatus, PendingChange, Side


class Chip(NamedTuple):
    """Own orders of one side at one price."""

    side: Side
    price: Decimal
    keys: tuple[str, ...]
    remaining: int
    is_pending: bool
    """A cancellation or amendment, or the answer to the order itself, is under way."""
    is_unknown: bool

    @property
    def text(self) -> str:
        """Return the shares that still can fill, with the count of orders where there are several."""
        count = f" ({len(self.keys)})" if len(self.keys) > 1 else ""
        return f"{self.remaining:,}{count}" + ("?" if self.is_unknown else "…" if self.is_pending else "")


def chips_of(orders: Iterable[Order]) -> dict[tuple[Side, Decimal], Chip]:
    """Return the chips of open orders that carry a price; market orders stand nowhere on a ladder."""
    groups: dict[tuple[Side, Decimal], list[Order]] = {}
    for order in orders:
        if order.price is not None and order.remaining > 0:
            groups.setdefault((order.side, order.price), []).append(order)
    return {
        (side, price): Chip(
            side,
            price,
            tuple(order.key for order in group),
            sum(order.remaining for order in group),
            any(order.pending is not PendingChange.NONE or not order.order_number for order in group),
            any(order.status is OrderStatus.UNKNOWN for order in group),
        )
        for (side, price), group in groups.items()
    }
