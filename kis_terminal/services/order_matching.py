"""Pure rules: from the broker's order rows to chains, and from chains to our orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kis_terminal.domain.orders import BrokerOrder, Order, OrderStatus, Origin, PendingChange

_CLOCK_TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows of one order: the first one and the amendments that replaced it, oldest first."""

    rows: tuple[BrokerOrder, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the order numbers, oldest first."""
        return tuple(row.order_number for row in self.rows)

    @property
    def filled(self) -> int:
        """Return the executed shares of all links."""
        return sum(row.filled for row in self.rows)

    @property
    def average_price(self) -> Decimal | None:
        """Return the mean price of all executions, None before the first."""
        paid = sum((row.average_price * row.filled for row in self.rows if row.average_price), Decimal(0))
        return paid / self.filled if self.filled else None

    @property
    def status(self) -> OrderStatus:
        """Return the state that the newest link proves."""
        first, last = self.rows[0], self.rows[-1]
        if last.remaining > 0:
            return OrderStatus.PARTLY_FILLED if self.filled else OrderStatus.ACCEPTED
        if self.filled >= first.quantity:
            return OrderStatus.FILLED
        if last.rejected and len(self.rows) == 1:
            return OrderStatus.REJECTED
        return OrderStatus.CANCELLED

    def as_foreign_order(self) -> Order:
        """Return an order for a chain that was not ours."""
        first = self.rows[0]
        return Order(
            key=first.order_number,
            symbol=first.symbol,
            side=first.side,
            kind=first.kind,
            venue=first.venue,
            quantity=first.quantity,
            price=first.price,
            status=OrderStatus.ACCEPTED,
            origin=Origin.ELSEWHERE,
            created_at=first.ordered_at,
            name=first.name,
        )


def build_chains(rows: Sequence[BrokerOrder]) -> list[Chain]:
    """Join amendments to the orders they replaced; rows of cancellations tell nothing of their own.

    An amended link reports no rest; its rest lives on in the link that names it as original.
    """
    links: dict[str, list[BrokerOrder]] = {}
    head_of: dict[str, str] = {}
    for row in sorted(rows, key=lambda item: item.order_number):
        if row.is_cancel:
            continue
        head = head_of.get(row.original_number) if row.original_number else None
        if head is None:
            head = row.order_number
            links[head] = []
        elif row.rejected and not row.remaining and not row.filled:
            head_of[row.order_number] = head  # a refused amendment leaves the earlier link in force
            continue
        head_of[row.order_number] = head
        links[head].append(row)
    return [Chain(tuple(chain)) for chain in links.values()]


def merge_truth(order: Order, chain: Chain) -> Order:
    """Return `order` as the broker's rows prove it."""
    last = chain.rows[-1]
    status = chain.status
    filled = chain.filled
    pending = order.pending
    if status.is_done or (pending is PendingChange.AMEND and last.order_number != order.order_number):
        pending = PendingChange.NONE
    reason = last.reject_reason or order.reason if status is OrderStatus.REJECTED else ""
    return order.changed(
        status=status,
        order_number=last.order_number,
        original_number=last.original_number,
        branch_number=last.branch_number or order.branch_number,
        price=last.price if last.price is not None else order.price,
        kind=last.kind,
        filled=filled,
        cancelled=order.quantity - filled if status is OrderStatus.CANCELLED else 0,
        average_price=chain.average_price,
        reason=reason,
        pending=pending,
        chain=chain.numbers,
        name=last.name or order.name,
    )


class Claims:
    """Who owns which chain of a listing."""

    def __init__(
        self, rows: Sequence[BrokerOrder], orders: Mapping[str, Order], key_by_number: Mapping[str, str]
    ) -> None:
        self._chains = build_chains(rows)
        self._orders = orders
        self._key_by_number = key_by_number

    def chains(self) -> list[Chain]:
        """Return every chain of the listing."""
        return self._chains

    def _unclaimed(self) -> list[Chain]:
        return [
            chain
            for chain in self._chains
            if not any(number in self._key_by_number for number in chain.numbers)
        ]

    def adopted_unknown(self) -> Iterator[tuple[str, str]]:
        """Yield (our key, order number) for unknown orders with exactly one possible row, and it only theirs.

        Two rows that fit, or two unknown orders that fit one row, are left to the person.
        """
        unknown = [order for order in self._orders.values() if order.status is OrderStatus.UNKNOWN]
        unclaimed = self._unclaimed()
        for order in unknown:
            fitting = [chain for chain in unclaimed if _fits(order, chain)]
            if len(fitting) != 1:
                continue
            rivals = [other for other in unknown if _fits(other, fitting[0])]
            if len(rivals) == 1:
                yield order.key, fitting[0].numbers[0]

    def may_be_in_flight(self, chain: Chain) -> bool:
        """Tell whether a request of ours that has no answer yet may have made this chain."""
        return any(
            _fits(order, chain)
            for order in self._orders.values()
            if order.status in (OrderStatus.SENT, OrderStatus.CREATED, OrderStatus.UNKNOWN)
        )


def _fits(order: Order, chain: Chain) -> bool:
    first = chain.rows[0]
    return (
        order.symbol == first.symbol
        and order.side is first.side
        and order.quantity == first.quantity
        and order.kind is first.kind
        and (order.price or Decimal(0)) == (first.price or Decimal(0))
    )
