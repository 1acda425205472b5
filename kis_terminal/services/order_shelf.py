"""Every order of the day as it stands: what we know ourselves, what notices hint, what listings prove."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from kis_terminal.domain.orders import (
    DONE,
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
from kis_terminal.services.order_doubts import Doubts
from kis_terminal.services.order_matching import Chain, Claims, may_be_twin, merge_truth
from kis_terminal.services.order_numbers import OrderNumbers
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
        self._numbers = OrderNumbers()
        self._early: list[ExecutionNotice] = []
        self._executions = Executions()
        self._doubts = Doubts()
        self._given_up: set[str] = set()
        """Orders of unknown outcome that listings ended: a row that comes after all brings them back."""
        self._overfilled: set[str] = set()
        self._lost_changes: set[str] = set()
        """Orders whose amendment or cancellation got no answer."""
        self._revision = 0
        self._revised: dict[str, int] = {}
        """When each order was last changed by anything but a listing, counted in `_revision`."""
        self.listing_wanted: Callable[[], None] = lambda: None
        self._has_listing = False
        """True once a complete listing has been carried in, see `is_reconciled`."""
        self._reconcile_from = 0
        """The mark that a listing must have been asked for at, or after, to tell that."""
        self.day: date = clock.now().date()
        """The day whose orders these are."""
        self.changed: Topic[Order] = Topic("order changed")
        self.filled: Topic[Fill] = Topic("own fill")
        self.refused: Topic[tuple[Order, str]] = Topic("order refused")
        self.listed: Topic[None] = Topic("orders listed")

    # -- reading ---

    @property
    def is_reconciled(self) -> bool:
        """Tell whether a complete listing of today has been carried in: yesterday's proves nothing of it."""
        return self._has_listing and self.day == self._clock.now().date()

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

    def now(self, key: str) -> Order:
        """Return an order that is known to be here: one on its way is never put away."""
        return self._orders[key]

    def by_number(self, number: str) -> Order | None:
        """Return the order that has or had this order number."""
        return self._orders.get(self._numbers.key_of("", number) or "")

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return orders that may still fill, unknown ones included."""
        # `is_open`, without its calls: it is asked before each order, of all orders of the day.
        return tuple(
            order
            for order in self._orders.values()
            if order.status not in DONE and (symbol is None or order.symbol == symbol)
        )

    def children_of(self, parent_id: str) -> tuple[Order, ...]:
        """Return the orders of a parent, whatever became of them."""
        return tuple(
            order for order in self._orders.values() if order.parent and order.parent.parent_id == parent_id
        )

    def overfilled(self, symbol: str) -> bool:
        """Tell whether the broker's list has an order of a symbol that executed more than it was for."""
        return any(self._orders[key].symbol == symbol for key in self._overfilled)

    # -- what we do ourselves ---

    def put(self, order: Order) -> Order:
        """Keep a state that we know without a listing."""
        self._revision += 1
        self._revised[order.key] = self._revision
        self._orders[order.key] = order
        self.changed.publish(order)
        return order

    def restore(self, order: Order) -> Order:
        """Keep an order of an earlier run of the program; any complete listing may correct it.

        A listing that came before has taken it for another program's.
        """
        self._orders[order.key] = order
        for number in order.chain:
            self.claim(order.branch_number, number, order.key)
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

    def change_begins(self, key: str, change: PendingChange) -> Order:
        """Note that an amendment or cancellation of an order is on its way now."""
        self._lost_changes.discard(key)
        self._doubts.forget(key)
        return self.change(key, pending=change)

    def change_was_lost(self, key: str) -> None:
        """Note that the pending change of an order has no answer: only listings can tell the outcome."""
        self._lost_changes.add(key)
        self._doubts.forget(key)

    def claim(self, branch: str, number: str, key: str) -> None:
        """Give an order number to one of our orders, also when a listing took it for another program's."""
        owner = self._numbers.key_of(branch, number)
        if owner is not None and owner != key and self._is_foreign_today(owner, key):
            del self._orders[owner]
            self._numbers.rename(owner, key)
            self.listed.publish(None)
        self._numbers.claim(branch, number, key)

    def _is_foreign_today(self, owner: str, key: str) -> bool:
        """Tell whether `owner` was taken for another program's on the day of `key`: numbers begin anew."""
        other = self._orders[owner]
        same_day = other.created_at.date() == self._orders[key].created_at.date()
        return other.origin is Origin.ELSEWHERE and same_day

    # -- what a person says ---

    def twins_of(self, key: str) -> tuple[Order, ...]:
        """Return the orders taken for another program's that may be what became of an unknown one."""
        order = self._orders.get(key)
        if order is None or order.status is not OrderStatus.UNKNOWN:
            return ()
        return tuple(other for other in self._orders.values() if may_be_twin(order, other))

    def take_word(self, key: str, twin: Order | None, reason: str) -> Order:
        """End the doubt about an unknown order as a person said: it is `twin`, or was never accepted."""
        self._doubts.forget(key)
        order = self._orders[key]
        if twin is None:
            return self.reject(order, reason)
        for number in twin.chain:
            self.claim(twin.branch_number, number, key)
        return self.put(
            order.changed(
                status=twin.status,
                order_number=twin.order_number,
                original_number=twin.original_number,
                branch_number=twin.branch_number,
                chain=twin.chain,
                price=twin.price,
                kind=twin.kind,
                filled=twin.filled,
                cancelled=twin.cancelled,
                average_price=twin.average_price,
                pending=twin.pending,
                reason="",
            )
        )

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
        if self._clock.now().date() != self.day:
            return False  # it is of a day whose numbers begin anew: it waits for `begin_day`
        key = self._numbers.key_of("", notice.order_number) or self._numbers.key_of(
            "", notice.original_number
        )
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

    def reconcile_first(self) -> None:
        """Count as not reconciled until a listing that is asked for from now on."""
        self._revision += 1
        self._reconcile_from = self._revision
        self._has_listing = False

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
            is_lost = order.status is OrderStatus.UNKNOWN or order.key in self._given_up
            if is_lost and self._is_proof(order.key, asked):
                unknown.append(order)
            elif order.status in (OrderStatus.CREATED, OrderStatus.SENT, OrderStatus.UNKNOWN):
                in_flight.append(order)
        claims = Claims(rows, self._numbers, unknown=unknown, in_flight=in_flight)
        found = []
        for unknown_key, row in claims.found():
            self._numbers.claim(row.branch_number, row.order_number, unknown_key)
            self._given_up.discard(unknown_key)
            found.append((unknown_key, row.order_number))
        for chain in claims.chains:
            key = claims.owner(chain)
            if key is None:
                if claims.may_be_in_flight(chain):
                    continue
                order = chain.as_foreign_order()
                if order.key in self._orders:  # another branch has given the same number
                    order = order.changed(key=f"{order.key}-{chain.rows[0].branch_number}")
                key = order.key
                self._orders[key] = order
            self._take_chain(key, chain, is_proof=self._is_proof(key, asked))
        for order in unknown:
            self._doubt(order, claims)
        self.deliver_held()
        self._has_listing = self._has_listing or asked >= self._reconcile_from
        self.listed.publish(None)
        return found

    def _doubt(self, order: Order, claims: Claims) -> None:
        """Settle an order of unknown outcome that complete listings do not know, again and again."""
        if self._orders[order.key].status is not OrderStatus.UNKNOWN or claims.may_be(order):
            self._doubts.forget(order.key)
        elif self._doubts.contradicted(order.key, self._clock.monotonic()):
            self._doubts.forget(order.key)
            self._given_up.add(order.key)
            self.reject(order, Sentence("증권사의 주문내역에 여러 번 없어 접수되지 않았음을 확인했습니다."))

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
        for row in chain.rows:
            self._numbers.claim(row.branch_number, row.order_number, key)
        if after != before or before.origin is Origin.ELSEWHERE:
            self._orders[key] = after
            self.changed.publish(after)
        if after.status is OrderStatus.REJECTED and before.status is not OrderStatus.REJECTED:
            self.refused.publish((after, after.reason))
        if after.filled != before.filled:
            self._portfolio.refresh_soon()
        (self._overfilled.add if after.filled > after.quantity else self._overfilled.discard)(key)
        if after.filled > after.quantity >= before.filled:
            log.error("%s: %d of %d shares executed", after.order_number, after.filled, after.quantity)
            self.refused.publish((after, overfilled_sentence(after)))
        if is_proof and key in self._lost_changes:
            self._doubt_change(after)

    def _doubt_change(self, order: Order) -> None:
        """Settle an amendment or cancellation without an answer that complete listings never show done."""
        if order.pending is not PendingChange.NONE:
            if not self._doubts.contradicted(order.key, self._clock.monotonic()):
                return
            was_cancel = order.pending is PendingChange.CANCEL
            self._orders[order.key] = order = order.changed(pending=PendingChange.NONE)
            self.changed.publish(order)
            sentence = (
                Sentence("취소 요청이 증권사에 닿지 않았음을 확인했습니다. 주문은 살아 있습니다.")
                if was_cancel
                else Sentence("정정 요청이 증권사에 닿지 않았음을 확인했습니다. 주문은 그대로입니다.")
            )
            self.refused.publish((order, sentence))
        self._lost_changes.discard(order.key)
        self._doubts.forget(order.key)

    def begin_day(self, day: date) -> None:
        """Put the orders of the days before away; their last listing has been carried in.

        Orders live for a day: what still looked open has expired, and the exchange counts its numbers anew.
        What was ordered on `day` already stays, and notices that came since are carried in now.
        """
        kept = {key: order for key, order in self._orders.items() if order.created_at.date() >= day}
        log.info(
            "the orders of %s begin; %d of %s are put away", day, len(self._orders) - len(kept), self.day
        )
        self.day = day
        self._orders = kept
        self._numbers.keep_only(set(kept))
        self._doubts.clear()
        self._lost_changes &= kept.keys()
        self._given_up &= kept.keys()
        self._overfilled &= kept.keys()
        self._revised = {key: revision for key, revision in self._revised.items() if key in kept}
        self._executions = Executions()
        self.reconcile_first()
        self.deliver_held()
        self.listed.publish(None)


def overfilled_sentence(order: Order) -> Sentence:
    """Return the alarm about an order that executed more than it was for."""
    return Sentence(
        "체결 {filled:,}주가 주문 {quantity:,}주보다 많습니다. 이 종목의 주문을 막았습니다. "
        "증권사에 확인하십시오.",
        filled=order.filled,
        quantity=order.quantity,
    )
