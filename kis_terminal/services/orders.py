"""The one path of an order: risk, journal, broker, notices, and the broker's list as the truth."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from kis_terminal.domain.errors import OrderRefused, OutcomeUnknown, TerminalError, WaitNeeded
from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    Fill,
    NoticeKind,
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
    Side,
    Venue,
)
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Broker, Clock, OrderJournal
from kis_terminal.services.hub import Topic
from kis_terminal.services.order_matching import Claims, merge_truth
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_HELD_NOTICES = 200
_CANCEL_PATIENCE = 3.0


class Orders:
    """Own every order of the account.

    Topics: `changed` (the new state of one order), `filled` (own executions as notices tell them),
    `refused` (order and sentence), `listed` (a complete listing was carried in).
    """

    def __init__(
        self,
        broker: Broker,
        journal: OrderJournal,
        risk_gate: RiskGate,
        portfolio: Portfolio,
        clock: Clock,
        scope: TaskScope,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._risk = risk_gate
        self._portfolio = portfolio
        self._clock = clock
        self._scope = scope
        self._orders: dict[str, Order] = {}
        self._key_by_number: dict[str, str] = {}
        self._early: list[ExecutionNotice] = []
        self._cancel_sent_at: dict[str, float] = {}
        self.listing_wanted: Callable[[], None] = lambda: None
        self.is_reconciled = False
        """True once a complete listing has been carried in."""
        self.fills: list[Fill] = []
        self.changed: Topic[Order] = Topic("order changed")
        self.filled: Topic[Fill] = Topic("own fill")
        self.refused: Topic[tuple[Order, str]] = Topic("order refused")
        self.listed: Topic[None] = Topic("orders listed")
        risk_gate.open_orders = self.open_orders

    # -- reading ---

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

    # -- asking ---

    def new_request(
        self,
        symbol: str,
        side: Side,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        origin: Origin,
        venue: Venue = Venue.KRX,
        condition_price: Decimal | None = None,
    ) -> OrderRequest:
        """Return a request with an identity of its own."""
        kept = price if kind.needs_price else None
        return OrderRequest(
            uuid.uuid4().hex, symbol, side, kind, quantity, kept, venue, origin, condition_price
        )

    def submit_soon(self, request: OrderRequest) -> str:
        """Start `submit` in the orders' own scope, which no closing panel cancels; return the key."""
        self._scope.spawn(self.submit(request), name=f"submit {request.intent_id}")
        return request.intent_id

    async def submit(self, request: OrderRequest) -> Order:
        """Check, journal and send one order once; return its state. Raises nothing of the broker's.

        A refusal of any kind is a REJECTED order with its reason; an outcome that nobody knows is UNKNOWN.
        """
        now = self._clock.now()
        order = Order(
            key=request.intent_id,
            symbol=request.symbol,
            side=request.side,
            kind=request.kind,
            venue=request.venue,
            quantity=request.quantity,
            price=request.price,
            status=OrderStatus.CREATED,
            origin=request.origin,
            created_at=now,
            condition_price=request.condition_price,
        )
        failure = self._risk.check(request).first_failure
        if failure is not None:
            return self._reject(order, failure.sentence)
        self._risk.released(request)
        self._put(order)
        try:
            await self._journal.record(request.intent_id, "intent", now, _described(request))
        except TerminalError as error:
            return self._reject(order, _not_journaled(error))
        # The latch may have fallen while the journal was written; nothing leaves after it.
        if self._risk.is_halted:
            return self._reject(order, Sentence("전체취소·정지로 주문이 잠겨 있습니다."))
        self._put(order.changed(status=OrderStatus.SENT))
        try:
            accepted = await self._broker.place(request)
        except (OrderRefused, WaitNeeded) as error:
            await self._note(request.intent_id, "refused", {"reason": str(error)})
            return self._reject(self._orders[request.intent_id], sentence_of(error))
        except OutcomeUnknown as error:
            return await self._unknown(request.intent_id, error)
        except TerminalError as error:
            await self._note(request.intent_id, "refused", {"reason": str(error)})
            return self._reject(self._orders[request.intent_id], sentence_of(error))
        return await self._accepted(request.intent_id, accepted)

    async def _accepted(self, key: str, accepted: OrderAccepted) -> Order:
        order = self._orders[key]
        self._key_by_number[accepted.order_number] = key
        order = self._put(
            order.changed(
                status=OrderStatus.ACCEPTED,
                order_number=accepted.order_number,
                branch_number=accepted.branch_number,
                chain=(*order.chain, accepted.order_number),
            )
        )
        self._take_held_notices()
        await self._note(key, "accepted", {"order_number": accepted.order_number})
        self.listing_wanted()
        return self._orders.get(key, order)

    async def _unknown(self, key: str, error: OutcomeUnknown) -> Order:
        order = self._put(self._orders[key].changed(status=OrderStatus.UNKNOWN, reason=sentence_of(error)))
        log.warning("order %s: %s", key, error)
        await self._note(key, "unknown", {"reason": str(error)})
        self.listing_wanted()
        return order

    def _reject(self, order: Order, reason: str) -> Order:
        order = self._put(order.changed(status=OrderStatus.REJECTED, reason=reason))
        self.refused.publish((order, reason))
        return order

    async def _note(self, key: str, event: str, details: dict[str, str]) -> None:
        """Journal what is already so; a full disk must not undo it."""
        try:
            await self._journal.record(key, event, self._clock.now(), details)
        except TerminalError as error:
            log.error("the journal did not take %s of %s: %s", event, key, error)

    # -- changing and cancelling ---

    def amend_soon(self, key: str, kind: OrderKind, price: Decimal | None) -> None:
        """Start `amend` in the orders' own scope."""
        self._scope.spawn(self.amend(key, kind, price), name=f"amend {key}")

    async def amend(self, key: str, kind: OrderKind, price: Decimal | None) -> str:
        """Change the price of the whole rest; return "" or why it was refused."""
        order = self._orders[key]
        if order.pending is not PendingChange.NONE or not order.status.is_working:
            return self._say_refused(order, Sentence("정정할 수 있는 상태의 주문이 아닙니다."))
        request = OrderRequest(
            uuid.uuid4().hex,
            order.symbol,
            order.side,
            kind,
            order.remaining,
            price,
            order.venue,
            order.origin,
        )
        others = tuple(item for item in self.open_orders() if item.key != key)
        failure = self._risk.check_amendment(request, order, others).first_failure
        if failure is not None:
            return self._say_refused(order, failure.sentence)
        return await self._change(
            order,
            PendingChange.AMEND,
            {"price": str(price), "kind": kind.value},
            lambda: self._broker.amend(order, kind, order.remaining, price),
            lambda current: current.changed(price=price, kind=kind),
        )

    def cancel_soon(self, key: str) -> None:
        """Start `cancel` in the orders' own scope."""
        self._scope.spawn(self.cancel(key), name=f"cancel {key}")

    async def cancel(self, key: str) -> str:
        """Cancel the whole rest; return "" or why it was refused. Risk and the halt latch never stop it."""
        order = self._orders[key]
        if not order.order_number or order.status.is_done:
            return self._say_refused(order, Sentence("취소할 수 있는 상태의 주문이 아닙니다."))
        since = self._cancel_sent_at.get(key)
        # A cancellation is idempotent by its effect: one that stays unanswered may be sent again.
        is_fresh = since is not None and self._clock.monotonic() - since < _CANCEL_PATIENCE
        if order.pending is PendingChange.CANCEL and is_fresh:
            return ""
        self._cancel_sent_at[key] = self._clock.monotonic()
        return await self._change(
            order, PendingChange.CANCEL, {}, lambda: self._broker.cancel(order), lambda current: current
        )

    def cancel_symbol(self, symbol: str, side: Side | None = None) -> int:
        """Start cancelling the open orders of a symbol; return how many."""
        chosen = [
            order
            for order in self.open_orders(symbol)
            if order.order_number and (side is None or order.side is side)
        ]
        for order in chosen:
            self.cancel_soon(order.key)
        return len(chosen)

    async def _change(
        self,
        order: Order,
        change: PendingChange,
        details: dict[str, str],
        send: Callable[[], Awaitable[OrderAccepted]],
        settle: Callable[[Order], Order],
    ) -> str:
        details = {"order_number": order.order_number, **details}
        try:
            await self._journal.record(order.key, f"{change.value} intent", self._clock.now(), details)
        except TerminalError as error:
            if change is PendingChange.AMEND:
                return self._say_refused(order, _not_journaled(error))
            log.error("the journal did not take a cancellation, it is sent all the same: %s", error)
        self._put(self._orders[order.key].changed(pending=change))
        try:
            accepted = await send()
        except OutcomeUnknown as error:
            # It stays pending until the broker's list says what became of it.
            await self._note(order.key, f"{change.value} unknown", {"reason": str(error)})
            self.listing_wanted()
            return sentence_of(error)
        except TerminalError as error:
            self._put(self._orders[order.key].changed(pending=PendingChange.NONE))
            await self._note(order.key, f"{change.value} refused", {"reason": str(error)})
            self.listing_wanted()
            return self._say_refused(self._orders[order.key], sentence_of(error))
        self._key_by_number[accepted.order_number] = order.key
        current = self._orders[order.key]
        if change is PendingChange.AMEND:
            current = settle(current).changed(
                order_number=accepted.order_number,
                original_number=current.order_number,
                branch_number=accepted.branch_number,
                chain=(*current.chain, accepted.order_number),
                pending=PendingChange.NONE,
            )
        self._put(current)
        self._take_held_notices()
        await self._note(order.key, f"{change.value} accepted", {"order_number": accepted.order_number})
        self.listing_wanted()
        return ""

    def _say_refused(self, order: Order, sentence: str) -> str:
        self.refused.publish((order, sentence))
        return sentence

    # -- what the broker tells ---

    def take_notice(self, notice: ExecutionNotice) -> None:
        """Carry a notice in at once as a hint, and want the list, which is the truth."""
        self.listing_wanted()
        key = self._key_by_number.get(notice.order_number) or self._key_by_number.get(notice.original_number)
        if key is None:
            # The notice overtook the answer to our own request, or the order was made elsewhere.
            self._early = [*self._early, notice][-_HELD_NOTICES:]
            return
        self._apply(self._orders[key], notice)

    def _take_held_notices(self) -> None:
        held, self._early = self._early, []
        for notice in held:
            self.take_notice(notice)

    def _apply(self, order: Order, notice: ExecutionNotice) -> None:
        if notice.kind is NoticeKind.FILL:
            room = order.quantity - order.filled
            quantity = min(notice.quantity, room)
            if quantity <= 0:
                return
            paid = (order.average_price or Decimal(0)) * order.filled + notice.price * quantity
            filled = order.filled + quantity
            status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTLY_FILLED
            self._put(order.changed(filled=filled, average_price=paid / filled, status=status))
            fill = Fill(
                notice.order_number,
                order.symbol,
                order.side,
                quantity,
                notice.price,
                self._at(notice.seconds),
            )
            self.fills.append(fill)
            self._portfolio.take_fill(
                notice._replace(quantity=quantity, symbol=order.symbol, side=order.side)
            )
            self.filled.publish(fill)
        elif notice.kind is NoticeKind.REJECT:
            if notice.change is PendingChange.NONE:
                self._reject(order, Sentence("거래소가 주문을 거부했습니다."))
            else:
                self._put(order.changed(pending=PendingChange.NONE))
        elif notice.kind is NoticeKind.LEFTOVER_CANCELLED and not order.status.is_done:
            rest = order.quantity - order.filled
            self._put(order.changed(status=OrderStatus.CANCELLED, cancelled=rest))
            self._portfolio.refresh_soon()

    def _at(self, seconds: int) -> datetime:
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(seconds=seconds)

    async def take_listing(self, rows: Sequence[BrokerOrder]) -> None:
        """Carry a complete listing of today in: match, correct, adopt what was made elsewhere.

        The caller guarantees that `rows` is complete. Journal lines are written for what it settles.
        """
        claims = Claims(rows, self._orders, self._key_by_number)
        for key, number in claims.adopted_unknown():
            self._key_by_number[number] = key
            await self._note(key, "found", {"order_number": number})
        for chain in claims.chains():
            known = [self._key_by_number[n] for n in chain.numbers if n in self._key_by_number]
            if not known and claims.may_be_in_flight(chain):
                continue
            key = known[0] if known else chain.numbers[0]
            if not known:
                self._orders[key] = chain.as_foreign_order()
            for number in chain.numbers:
                self._key_by_number[number] = key
            before = self._orders[key]
            after = merge_truth(before, chain)
            if after != before or before.origin is Origin.ELSEWHERE:
                self._put(after)
            if after.status is OrderStatus.REJECTED and before.status is not OrderStatus.REJECTED:
                self.refused.publish((after, after.reason))
            if after.filled != before.filled:
                self._portfolio.refresh_soon()
        self._take_held_notices_of_listing()
        self.is_reconciled = True
        self.listed.publish(None)

    def _take_held_notices_of_listing(self) -> None:
        """Drop notices of orders that the listing has already told about."""
        self._early = [n for n in self._early if n.order_number not in self._key_by_number]

    def _put(self, order: Order) -> Order:
        self._orders[order.key] = order
        self.changed.publish(order)
        return order


def _not_journaled(error: TerminalError) -> str:
    return Sentence("주문 기록을 쓸 수 없어 보내지 않았습니다: {error}", error=error)


def _described(request: OrderRequest) -> dict[str, str]:
    return {
        "symbol": request.symbol,
        "side": request.side.value,
        "kind": request.kind.value,
        "quantity": str(request.quantity),
        "price": "" if request.price is None else str(request.price),
        "venue": request.venue.value,
        "origin": request.origin.value,
    }
