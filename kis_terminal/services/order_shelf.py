"""Every order of the day as it stands: what we know ourselves, what notices hint, what listings prove."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    Fill,
    NoticeKind,
    Order,
    OrderStatus,
    Origin,
    PendingChange,
)
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock
from kis_terminal.services.executions import Executions
from kis_terminal.services.hub import Topic
from kis_terminal.services.order_matching import Chain, Claims, merge_truth
from kis_terminal.services.portfolio import Portfolio

log = logging.getLogger(__name__)

_HELD_NOTICES = 200


class OrderShelf:
    """Own the orders, their numbers and their executions; sends nothing.

    Topics: `changed` (the new state of one order), `filled` (own executions as notices tell them),
    `refused` (order and sentence), `listed` (a complete listing was carried in).
    """

    def __init__(self, portfolio: Portfolio, clock: Clock) -> None:
        self._portfolio = portfolio
        self._clock = clock
        self._orders: dict[str, Order] = {}
        self._key_by_number: dict[str, str] = {}
        self._early: list[ExecutionNotice] = []
        self._executions = Executions()
        self._revision = 0
        self._revised: dict[str, int] = {}
        """When each order was last changed by anything but a listing, counted in `_revision`."""
        self.listing_wanted: Callable[[], None] = lambda: None
        self.is_reconciled = False
        """True once a complete listing has been carried in."""
        self.day: date = clock.now().date()
        """The day whose orders these are."""
        self.changed: Topic[Order] = Topic("order changed")
        self.filled: Topic[Fill] = Topic("own fill")
        self.refused: Topic[tuple[Order, str]] = Topic("order refused")
        self.listed: Topic[None] = Topic("orders listed")

    # -- reading ---

    @property
    def fills(self) -> list[Fill]:
        """Return today's own executions as notices told them, oldest first."""
        return self._executions.fills

    def all(self) -> list[Order]:
        """Return every order of today, newest first."""
        return sorted(self._orders.values(), key=lambda order: order.created_at, reverse=True)

    def get(self, key: str) -> Order | None:
        """Return the order of a key."""
        return self._orders.get(key)

    def by_number(self, number: str) -> Order | None:
        """Return the order that has or had this order number."""
        return self._orders.get(self._key_by_number.get(number, ""))

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return orders that may still fill, unknown ones included."""
        return tuple(
            order
            for order in self._orders.values()
            if order.is_open and (symbol is None or order.symbol == symbol)
        )

    # -- what we do ourselves ---

    def put(self, order: Order) -> Order:
        """Keep a state that we know without a listing."""
        self._revision += 1
        self._revised[order.key] = self._revision
        self._orders[order.key] = order
        self.changed.publish(order)
        return order

    def change(self, key: str, **changes: object) -> Order:
        """Change some values of an order."""
        return self.put(self._orders[key].changed(**changes))

    def reject(self, order: Order, reason: str) -> Order:
        """Keep an order as refused and say why."""
        order = self.put(order.changed(status=OrderStatus.REJECTED, reason=reason))
        self.refused.publish((order, reason))
        return order

    def claim(self, number: str, key: str) -> None:
        """Give an order number to one of our orders, also when a listing took it for another program's."""
        owner = self._key_by_number.get(number)
        if owner is not None and owner != key and self._orders[owner].origin is Origin.ELSEWHERE:
            del self._orders[owner]
            for other in [other for other, kept in self._key_by_number.items() if kept == owner]:
                self._key_by_number[other] = key
            self.listed.publish(None)
        self._key_by_number[number] = key

    # -- what notices hint ---

    def take_notice(self, notice: ExecutionNotice) -> None:
        """Carry a notice in at once as a hint, and want the list, which is the truth."""
        self.listing_wanted()
        if not self._deliver(notice):
            # The notice overtook the answer to our own request, or the order was made elsewhere.
            self._early = [*self._early, notice][-_HELD_NOTICES:]

    def deliver_held(self) -> None:
        """Carry in the notices that waited for an order number which is known now."""
        held, self._early = self._early, []
        self._early = [notice for notice in held if not self._deliver(notice)]

    def _deliver(self, notice: ExecutionNotice) -> bool:
        key = self._key_by_number.get(notice.order_number) or self._key_by_number.get(notice.original_number)
        if key is None:
            return False
        self._apply(self._orders[key], notice)
        return True

    def _apply(self, order: Order, notice: ExecutionNotice) -> None:
        if notice.kind is NoticeKind.FILL:
            self._apply_fill(order, notice)
        elif notice.kind is NoticeKind.REJECT:
            if notice.change is not PendingChange.NONE:
                if order.pending is notice.change:
                    self.put(order.changed(pending=PendingChange.NONE))
            elif not order.status.is_done and not order.filled:
                self.reject(order, Sentence("거래소가 주문을 거부했습니다."))
        elif notice.kind is NoticeKind.LEFTOVER_CANCELLED and not order.status.is_done:
            rest = order.quantity - order.filled
            self.put(order.changed(status=OrderStatus.CANCELLED, cancelled=rest))
            self._portfolio.refresh_soon()

    def _apply_fill(self, order: Order, notice: ExecutionNotice) -> None:
        after, fill = self._executions.tell(order, notice, self._at(notice.seconds))
        self.put(after)
        if after.filled > order.filled:
            more = after.filled - order.filled
            self._portfolio.take_fill(notice._replace(quantity=more, symbol=order.symbol, side=order.side))
        if fill is not None:
            self.filled.publish(fill)

    def _at(self, seconds: int) -> datetime:
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(seconds=seconds)

    # -- what listings prove ---

    def listing_begins(self) -> int:
        """Return a mark of this moment: a listing proves nothing of what changes after it was asked for."""
        return self._revision

    def take_listing(self, rows: Sequence[BrokerOrder], asked: int) -> list[tuple[str, str]]:
        """Carry a complete listing of `day` in: match, correct, adopt what was made elsewhere.

        The caller guarantees that `rows` is complete, that it was asked for at `asked` (`listing_begins`) and
        that listings come in the order in which they were asked for. Returns (key, order number) of unknown
        orders that it found.
        """
        unknown, in_flight = [], []
        for order in self._orders.values():
            if order.status is OrderStatus.UNKNOWN and self._is_proof(order.key, asked):
                unknown.append(order)
            elif order.status in (OrderStatus.CREATED, OrderStatus.SENT, OrderStatus.UNKNOWN):
                in_flight.append(order)
        claims = Claims(rows, self._key_by_number, unknown=unknown, in_flight=in_flight)
        found = claims.found()
        self._key_by_number.update({number: key for key, number in found})
        for chain in claims.chains:
            key = claims.owner(chain)
            if key is None:
                if claims.may_be_in_flight(chain):
                    continue
                key = chain.numbers[0]
                self._orders[key] = chain.as_foreign_order()
            self._take_chain(key, chain, is_proof=self._is_proof(key, asked))
        self.deliver_held()
        self.is_reconciled = True
        self.listed.publish(None)
        return found

    def _is_proof(self, key: str, asked: int) -> bool:
        return self._revised.get(key, 0) <= asked

    def _take_chain(self, key: str, chain: Chain, *, is_proof: bool) -> None:
        before = self._orders[key]
        after = merge_truth(before, chain)
        if is_proof:
            self._executions.prove(key, after.filled)
        elif (
            after.filled < before.filled or before.status.is_done or before.order_number not in chain.numbers
        ):
            return  # asked for before what is known now; the next listing is on its way
        for number in chain.numbers:
            self._key_by_number[number] = key
        if after != before or before.origin is Origin.ELSEWHERE:
            self._orders[key] = after
            self.changed.publish(after)
        if after.status is OrderStatus.REJECTED and before.status is not OrderStatus.REJECTED:
            self.refused.publish((after, after.reason))
        if after.filled != before.filled:
            self._portfolio.refresh_soon()

    def begin_day(self, day: date) -> None:
        """Put the orders of the day before away; their last listing has been carried in.

        Orders live for a day: what still looked open has expired, and the exchange counts its numbers anew.
        """
        log.info("the orders of %s begin; %d of %s are put away", day, len(self._orders), self.day)
        self.day = day
        self._orders.clear()
        self._key_by_number.clear()
        self._revised.clear()
        self._early.clear()
        self._executions = Executions()
        self.listed.publish(None)
