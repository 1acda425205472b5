"""Pure rules: from the broker's order rows to chains, and from chains to our orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kis_terminal.domain.orders import (
    BrokerOrder,
    Order,
    OrderAccepted,
    OrderStatus,
    Origin,
    PendingChange,
)
from kis_terminal.services.order_numbers import OrderNumbers

_CLOCK_TOLERANCE = timedelta(minutes=2)
_LONGEST_DELAY = timedelta(minutes=10)
"""An order may wait for its turn here and in the gateway before the exchange writes its time."""


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
    def remaining(self) -> int:
        """Return the shares that still stand, over all links."""
        return sum(row.remaining for row in self.rows)

    @property
    def live(self) -> BrokerOrder:
        """Return the link to amend or cancel: the newest that still stands, else the newest."""
        return next((row for row in reversed(self.rows) if row.remaining > 0), self.rows[-1])

    @property
    def average_price(self) -> Decimal | None:
        """Return the mean price of all executions, None before the first."""
        paid = sum((row.average_price * row.filled for row in self.rows if row.average_price), Decimal(0))
        return paid / self.filled if self.filled else None

    @property
    def status(self) -> OrderStatus:
        """Return the state that the links prove: an order is open while any of them stands."""
        first, last = self.rows[0], self.rows[-1]
        if self.remaining > 0:
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
    links: dict[tuple[str, str], list[BrokerOrder]] = {}
    head_of: dict[tuple[str, str], tuple[str, str]] = {}
    for row in sorted(rows, key=lambda item: item.order_number):
        if row.is_cancel:
            continue
        # Branches count apart, and a number is whole only with its branch.
        own, original = (row.branch_number, row.order_number), (row.branch_number, row.original_number)
        head = head_of.get(original) if row.original_number else None
        if head is None:
            head = own
            links[head] = []
        elif row.rejected and not row.remaining and not row.filled:
            head_of[own] = head  # a refused amendment leaves the earlier link in force
            continue
        head_of[own] = head
        links[head].append(row)
    return [Chain(tuple(chain)) for chain in links.values()]


def merge_truth(order: Order, chain: Chain) -> Order:
    """Return `order` as the broker's rows prove it."""
    last = chain.live
    status = chain.status
    filled = chain.filled
    pending = order.pending
    if status.is_done or last.order_number != order.order_number:  # the change was for a number that is gone
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
        cancelled=max(0, order.quantity - filled - chain.remaining) if _was_cut(status) else 0,
        average_price=chain.average_price,
        reason=reason,
        pending=pending,
        chain=chain.numbers,
        name=last.name or order.name,
    )


def renumbered(order: Order, accepted: OrderAccepted) -> Order:
    """Return an order whose amendment was accepted; a listing may have told of its new number already."""
    number = accepted.order_number
    pending = PendingChange.NONE if order.pending is PendingChange.AMEND else order.pending
    if number in order.chain:
        return order.changed(pending=pending)
    return order.changed(
        order_number=number,
        original_number=order.order_number,
        branch_number=accepted.branch_number or order.branch_number,
        chain=(*order.chain, number),
        pending=pending,
    )


def _was_cut(status: OrderStatus) -> bool:
    """Tell whether what neither was executed nor stands has been cancelled (in part by another program)."""
    return status is OrderStatus.CANCELLED or status.is_working


class Claims:
    """Who owns which chain of a listing.

    `in_flight` are orders of ours that have no answer, or had none when the listing was asked for: it proves
    nothing about them. `unknown` are those whose answer was lost before.
    """

    def __init__(
        self,
        rows: Sequence[BrokerOrder],
        numbers: OrderNumbers,
        *,
        unknown: Collection[Order] = (),
        in_flight: Collection[Order] = (),
    ) -> None:
        self.chains = build_chains(rows)
        self._numbers = numbers
        given = {(row.branch_number, row.order_number) for row in rows}
        counted = Counter(number for _, number in given)
        self._shared = {number for number, branches in counted.items() if branches > 1}
        self._unknown = unknown
        self._in_flight = in_flight

    def owner(self, chain: Chain) -> str | None:
        """Return the key of the order that has one of the chain's numbers."""
        keys = (
            self._numbers.key_of(
                row.branch_number, row.order_number, is_shared=row.order_number in self._shared
            )
            for row in chain.rows
        )
        return next((key for key in keys if key is not None), None)

    def found(self) -> list[tuple[str, BrokerOrder]]:
        """Return (our key, first row) of unknown orders with exactly one possible row, and it only theirs.

        Two rows that fit, or two orders that fit one row, are left to the person.
        """
        unclaimed = [chain for chain in self.chains if self.owner(chain) is None]
        found: list[tuple[str, BrokerOrder]] = []
        for order in self._unknown:
            fitting = [chain for chain in unclaimed if _fits(order, chain)]
            if len(fitting) != 1:
                continue
            rivals = [other for other in (*self._unknown, *self._in_flight) if _fits(other, fitting[0])]
            if len(rivals) == 1:
                found.append((order.key, fitting[0].rows[0]))
        return found

    def may_be(self, order: Order) -> bool:
        """Tell whether a row that is not known to be another's may be what became of `order`.

        A row that was taken for another program's (its key is its own number, with its branch where two
        branches gave it) may be just that. Price and kind are not looked at: whether a list shows them as
        they were sent is the broker's to decide, and an order that stands must not be called never accepted.
        """
        return any(
            _resembles(order, chain)
            for chain in self.chains
            if (owner := self.owner(chain)) is None or owner.partition("-")[0] in chain.numbers
        )

    def may_be_in_flight(self, chain: Chain) -> bool:
        """Tell whether a request that had no answer when the listing was asked for may have made it."""
        return any(_fits(order, chain) for order in self._in_flight)


def may_be_twin(order: Order, other: Order) -> bool:
    """Tell whether a person may say that `other`, taken for another program's, is what became of `order`.

    Price and kind are not looked at: they may have been amended since.
    """
    return (
        other.origin is Origin.ELSEWHERE
        and bool(other.order_number)
        and (order.symbol, order.side, order.quantity) == (other.symbol, other.side, other.quantity)
        and order.created_at - _CLOCK_TOLERANCE <= other.created_at <= order.created_at + _LONGEST_DELAY
    )


def _fits(order: Order, chain: Chain) -> bool:
    """Tell whether a chain may be what became of a request, whose `created_at` is the exchange's time."""
    first = chain.rows[0]
    return (
        _resembles(order, chain)
        and order.kind is first.kind
        # An order without a price of its own may be listed with the one that the exchange gave it.
        and (not order.kind.needs_price or order.price == first.price)
    )


def _resembles(order: Order, chain: Chain) -> bool:
    """Tell the same without price and kind: enough to doubt, not to be sure."""
    first = chain.rows[0]
    return (
        order.symbol == first.symbol
        and order.side is first.side
        and order.quantity == first.quantity
        and order.created_at - _CLOCK_TOLERANCE <= first.ordered_at <= order.created_at + _LONGEST_DELAY
    )
