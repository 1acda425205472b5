"""Own executions: what notices tell at once, kept in line with what listings prove later.

A notice carries no number of its own: one that comes twice looks like two equal executions, one that comes
late looks like a new one. So the shares told by notices are counted apart from the shares that are shown, and
shown is the larger of told and proven; a listing that was asked for after the last notice settles both.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kis_terminal.domain.orders import ExecutionNotice, Fill, Order, OrderStatus


class Executions:
    """Own the fills of today and how many shares of each order notices have told."""

    def __init__(self) -> None:
        self._fills: list[tuple[str, Fill]] = []
        self._told: dict[str, int] = {}
        self._proven: dict[str, int] = {}

    @property
    def fills(self) -> list[Fill]:
        """Return today's executions as notices told them, oldest first."""
        return [fill for _, fill in self._fills]

    def tell(self, order: Order, notice: ExecutionNotice, at: datetime) -> tuple[Order, Fill | None]:
        """Take an execution; return the order as it stands with it, and the fill unless it is one too many.

        An order that is done stays as it is: what a late notice says of it is the next listing's to tell.
        """
        told = self._told.get(order.key, 0)
        quantity = min(notice.quantity, order.quantity - told)
        if quantity <= 0:
            return order, None
        self._told[order.key] = told + quantity
        fill = Fill(notice.order_number, order.symbol, order.side, quantity, notice.price, at)
        self._fills.append((order.key, fill))
        more = told + quantity - order.filled
        if more <= 0 or order.status.is_done:
            return order, fill
        filled = order.filled + more
        paid = (order.average_price or Decimal(0)) * order.filled + notice.price * more
        status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTLY_FILLED
        return order.changed(filled=filled, average_price=paid / filled, status=status), fill

    def prove(self, key: str, filled: int) -> None:
        """Take the executed shares of a listing that was asked for after the last notice of the order."""
        told = self._told.get(key, 0)
        if told > filled:
            self._told[key] = filled  # a notice came twice
            self._drop(key, told - filled)
        elif told < filled and self._proven.get(key) == filled:
            self._told[key] = filled  # proven twice: the notices that are missing do not come any more
        self._proven[key] = filled

    def _drop(self, key: str, shares: int) -> None:
        for place in range(len(self._fills) - 1, -1, -1):
            owner, fill = self._fills[place]
            if owner != key or shares <= 0:
                continue
            taken = min(shares, fill.quantity)
            shares -= taken
            if taken == fill.quantity:
                del self._fills[place]
            else:
                self._fills[place] = (owner, fill._replace(quantity=fill.quantity - taken))
