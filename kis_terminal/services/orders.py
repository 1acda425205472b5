"""The one path of an order: risk, journal, broker, notices, and the broker's list as the truth."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal

from kis_terminal.domain.errors import (
    AccessRefused,
    CorrectionNeeded,
    MarketClosed,
    OrderRefused,
    TerminalError,
    TurnedAway,
    WaitNeeded,
)
from kis_terminal.domain.orders import (
    BrokerOrder,
    Fill,
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
from kis_terminal.services.order_matching import renumbered
from kis_terminal.services.order_restore import described, restored
from kis_terminal.services.order_shelf import OrderShelf
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.sending import once_more_if_turned_away, until_rate_allows
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_CANCEL_PATIENCE = 3.0
NOT_RECONCILED = Sentence(
    "증권사의 주문내역을 아직 확인하지 못해 보내지 않았습니다. 주문내역이 보이면 다시 주문하십시오."
)
"""Until the first complete listing nobody knows what stands at the broker."""
_NOT_ACCEPTED = Sentence("사람이 확인해 접수되지 않은 주문으로 정리했습니다.")
_NOT_IN_DOUBT = Sentence("이미 확인된 주문이라 바꾸지 않았습니다.")
_CERTAIN = (CorrectionNeeded, WaitNeeded, AccessRefused)
"""What proves that the broker did not take a request; after everything else its outcome is unknown."""


class Orders:
    """Send, amend and cancel; own what is on its way, and with `OrderShelf` every order of the account.

    Topics: `changed`, `filled`, `refused`, `listed`, as `OrderShelf` tells them.
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
        self._clock = clock
        self._scope = scope
        self._shelf = shelf = OrderShelf(portfolio, clock)
        self._cancel_sent_at: dict[str, float] = {}
        self._sending: set[str] = set()
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._is_closing = False
        self.changed, self.filled = shelf.changed, shelf.filled
        self.refused, self.listed = shelf.refused, shelf.listed
        self.all, self.get, self.by_number = shelf.all, shelf.get, shelf.by_number
        self.open_orders = shelf.open_orders
        self.take_notice = shelf.take_notice
        self.listing_begins = shelf.listing_begins
        self.twins_of = shelf.twins_of
        risk_gate.open_orders, risk_gate.is_overfilled = shelf.open_orders, shelf.overfilled

    # -- reading ---

    @property
    def fills(self) -> list[Fill]:
        """Return today's own executions as notices told them, oldest first."""
        return self._shelf.fills

    @property
    def is_reconciled(self) -> bool:
        """Tell whether a complete listing has been carried in."""
        return self._shelf.is_reconciled

    @property
    def day(self) -> date:
        """Return the day whose orders these are."""
        return self._shelf.day

    @property
    def is_sending(self) -> bool:
        """Tell whether a request of ours has no answer yet."""
        return bool(self._sending)

    def tell_when_listing_is_wanted(self, wanted: Callable[[], None]) -> None:
        """Call `wanted` whenever something happened that only the broker's list can settle."""
        self._shelf.listing_wanted = wanted

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
        self._scope.spawn(self.submit(request), name=f"submit {request.intent_id}", is_urgent=True)
        return request.intent_id

    async def submit(self, request: OrderRequest) -> Order:
        """Check, journal and send one order once; return its state. Raises nothing of the broker's.

        A refusal of any kind is a REJECTED order with its reason; an outcome that nobody knows is UNKNOWN.
        """
        key = request.intent_id
        earlier = self.get(key)
        if earlier is not None:
            return earlier  # an intent leaves once, whoever asks again
        order = Order(
            key=key,
            symbol=request.symbol,
            side=request.side,
            kind=request.kind,
            venue=request.venue,
            quantity=request.quantity,
            price=request.price,
            status=OrderStatus.CREATED,
            origin=request.origin,
            created_at=self._risk.exchange_now(),
            condition_price=request.condition_price,
        )
        failure = self._risk.check(request).first_failure
        if failure is not None:
            return self._shelf.reject(order, failure.sentence)
        if not self.is_reconciled:
            return self._shelf.reject(order, NOT_RECONCILED)
        self._risk.released(request)
        self._shelf.put(order)
        self._begin_sending(key)
        try:
            return await self._record_and_send(request)
        finally:
            self._end_sending(key)
            self._settle_abandoned(key)

    async def _record_and_send(self, request: OrderRequest) -> Order:
        key = request.intent_id
        try:
            await self._journal.record(
                key, "intent", self._clock.now(), described(request, self._now(key).created_at)
            )
        except TerminalError as error:
            return self._reject(key, _not_journaled(error))
        try:
            # The latch may have fallen while the journal was written; nothing leaves after it.
            self._check_leaving()
            self._shelf.change(key, status=OrderStatus.SENT)
            accepted = await once_more_if_turned_away(
                lambda: self._broker.place(request, leaving=self._check_leaving),
                lambda error: self._note_again(key, "again", error),
            )
        except _CERTAIN as error:
            if isinstance(error, MarketClosed):
                self._risk.market_refused(request)
            order = self._reject(key, sentence_of(error))
            await self._note(key, "refused", {"reason": str(error)})
            return order
        except TerminalError as error:
            log.warning("order %s: %s", key, error)
            order = self._shelf.change(key, status=OrderStatus.UNKNOWN, reason=sentence_of(error))
            await self._note(key, "unknown", {"reason": str(error)})
            self._shelf.listing_wanted()
            return self._now(key)
        except asyncio.CancelledError:
            await self._note(key, "unknown", {"reason": "cancelled"})
            raise
        return await self._accepted(key, accepted)

    async def _note_again(self, key: str, event: str, error: TurnedAway) -> None:
        """Journal that a request goes once more; raises OrderRefused where that cannot be written."""
        try:
            await self._journal.record(key, event, self._clock.now(), {"reason": str(error)})
        except TerminalError as trouble:
            raise OrderRefused(_not_journaled(trouble), code=error.code) from trouble

    def _settle_abandoned(self, key: str) -> None:
        """After a bug, or where the program ends: an order must not look as if its answer were coming."""
        status = self._now(key).status
        if status is OrderStatus.CREATED:
            self._reject(key, Sentence("보내지 않았습니다."))
        elif status is OrderStatus.SENT:
            log.error("order %s: nobody knows what became of it", key)
            reason = Sentence("보냈지만 결과를 알 수 없습니다. 주문내역을 조회해 확인합니다.")
            self._shelf.change(key, status=OrderStatus.UNKNOWN, reason=reason)
            self._shelf.listing_wanted()

    def _now(self, key: str) -> Order:
        order = self._shelf.get(key)
        assert order is not None  # noqa: S101 - an order that is being sent is never put away
        return order

    def _reject(self, key: str, reason: str) -> Order:
        return self._shelf.reject(self._now(key), reason)

    def _check_leaving(self) -> None:
        """Raise OrderRefused where an order or amendment must not leave, or not any more."""
        if not self.is_reconciled:
            raise OrderRefused(NOT_RECONCILED, code="RECONCILED")
        if self._is_closing:
            raise OrderRefused(Sentence("프로그램을 닫는 중이라 보내지 않았습니다."), code="CLOSING")
        self._risk.check_leaving()

    def _begin_sending(self, what: str) -> None:
        self._sending.add(what)
        self._all_answered.clear()

    def _end_sending(self, what: str) -> None:
        self._sending.discard(what)
        if not self._sending:
            self._all_answered.set()

    async def finish_sending(self, seconds: float) -> None:
        """Let nothing new leave, and wait for the answers to what has left; at most `seconds`."""
        self._is_closing = True
        with contextlib.suppress(TimeoutError):  # what has no answer yet is journaled as unknown
            async with asyncio.timeout(seconds):
                await self._all_answered.wait()

    async def _accepted(self, key: str, accepted: OrderAccepted) -> Order:
        number = accepted.order_number
        self._shelf.claim(accepted.branch_number, number, key)
        self._shelf.change(
            key,
            status=OrderStatus.ACCEPTED,
            order_number=number,
            branch_number=accepted.branch_number,
            chain=(number,),
        )
        self._shelf.deliver_held()
        await self._note(key, "accepted", {"order_number": number, "branch_number": accepted.branch_number})
        self._shelf.listing_wanted()
        return self._now(key)

    async def _note(self, key: str, event: str, details: dict[str, str]) -> None:
        """Journal what is already so; a full disk must not undo it."""
        try:
            await self._journal.record(key, event, self._clock.now(), details)
        except TerminalError as error:
            log.error("the journal did not take %s of %s: %s", event, key, error)

    # -- changing and cancelling ---

    def amend_soon(
        self, key: str, kind: OrderKind, price: Decimal | None, *, confirmed: frozenset[str] = frozenset()
    ) -> None:
        """Start `amend` in the orders' own scope."""
        self._scope.spawn(
            self.amend(key, kind, price, confirmed=confirmed), name=f"amend {key}", is_urgent=True
        )

    async def amend(
        self, key: str, kind: OrderKind, price: Decimal | None, *, confirmed: frozenset[str] = frozenset()
    ) -> str:
        """Change the price of the whole rest; return "" or why it was refused."""
        order = self.get(key)
        if order is None:
            return Sentence("정정할 수 있는 상태의 주문이 아닙니다.")
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
            order.condition_price,
            confirmed,
        )
        others = tuple(item for item in self.open_orders() if item.key != key)
        failure = self._risk.check_amendment(request, order, others).first_failure
        if failure is not None:
            return self._say_refused(order, failure.sentence)
        self._risk.amendment_released()
        return await self._change(
            key,
            PendingChange.AMEND,
            {"price": str(price), "kind": kind.value},
            lambda now: once_more_if_turned_away(
                lambda: self._broker.amend(now, kind, now.remaining, price, leaving=self._check_leaving),
                lambda error: self._note_again(key, "amend again", error),
            ),
            lambda now: now.changed(price=price, kind=kind),
        )

    def cancel_soon(self, key: str) -> None:
        """Start `cancel` in the orders' own scope."""
        self._scope.spawn(self.cancel(key), name=f"cancel {key}", is_urgent=True)

    async def cancel(self, key: str) -> str:
        """Cancel the whole rest; return "" or why it was refused. Risk and the halt latch never stop it."""
        order = self.get(key)
        if order is None:
            return Sentence("취소할 수 있는 상태의 주문이 아닙니다.")
        if not order.order_number or order.status.is_done:
            return self._say_refused(order, Sentence("취소할 수 있는 상태의 주문이 아닙니다."))
        if order.created_at.date() < self._clock.now().date():
            # The broker counts its numbers anew every day: this one may be another order's by now.
            self._shelf.listing_wanted()
            return self._say_refused(
                order,
                Sentence(
                    "{day}의 주문이라 취소를 보내지 않았습니다. 오늘의 주문내역을 조회해 확인합니다.",
                    day=order.created_at.date(),
                ),
            )
        since = self._cancel_sent_at.get(key)
        # A cancellation is idempotent by its effect: one that stays unanswered may be sent again.
        is_fresh = since is not None and self._clock.monotonic() - since < _CANCEL_PATIENCE
        if order.pending is PendingChange.CANCEL and is_fresh:
            return ""
        self._cancel_sent_at[key] = self._clock.monotonic()
        return await self._change(key, PendingChange.CANCEL, {}, self._cancel_at_broker, lambda now: now)

    async def _cancel_at_broker(self, order: Order) -> OrderAccepted:
        async def send() -> OrderAccepted:
            return await until_rate_allows(lambda: self._broker.cancel(order))

        async def note(error: TurnedAway) -> None:
            await self._note(order.key, "cancel again", {"reason": str(error)})

        return await once_more_if_turned_away(send, note)

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
        key: str,
        change: PendingChange,
        details: dict[str, str],
        send: Callable[[Order], Awaitable[OrderAccepted]],
        settle: Callable[[Order], Order],
    ) -> str:
        mark = f"{change.value} {key}"
        self._begin_sending(mark)
        try:
            return await self._record_and_change(key, change, details, send, settle)
        finally:
            self._end_sending(mark)

    async def _record_and_change(
        self,
        key: str,
        change: PendingChange,
        details: dict[str, str],
        send: Callable[[Order], Awaitable[OrderAccepted]],
        settle: Callable[[Order], Order],
    ) -> str:
        # Pending before the first await: a second click meets it.
        order = self._shelf.change_begins(key, change)
        details = {"order_number": order.order_number, **details}
        try:
            await self._journal.record(key, f"{change.value} intent", self._clock.now(), details)
        except TerminalError as error:
            if change is PendingChange.AMEND:
                return self._change_refused(key, change, _not_journaled(error))
            log.error("the journal did not take a cancellation, it is sent all the same: %s", error)
        order = self._now(key)
        if order.status.is_done:
            return self._change_refused(key, change, Sentence("그 사이에 끝난 주문입니다."))
        try:
            accepted = await send(order)
        except _CERTAIN as error:
            await self._note(key, f"{change.value} refused", {"reason": str(error)})
            self._shelf.listing_wanted()
            now = self._now(key)
            if change is PendingChange.CANCEL and now.is_open and now.order_number != order.order_number:
                # An amendment gave the order another number in the meantime: that one is to be cancelled.
                return await self._record_and_change(key, change, {}, send, settle)
            return self._change_refused(key, change, sentence_of(error))
        except TerminalError as error:
            # It stays pending until the broker's list says what became of it.
            self._shelf.change_was_lost(key)
            await self._note(key, f"{change.value} unknown", {"reason": str(error)})
            self._shelf.listing_wanted()
            return sentence_of(error)
        except asyncio.CancelledError:
            await self._note(key, f"{change.value} unknown", {"reason": "cancelled"})
            raise
        self._shelf.claim(accepted.branch_number, accepted.order_number, key)
        if change is PendingChange.AMEND:
            self._shelf.put(renumbered(settle(self._now(key)), accepted))
        self._shelf.deliver_held()
        details = {"order_number": accepted.order_number, "branch_number": accepted.branch_number}
        await self._note(key, f"{change.value} accepted", details)
        self._shelf.listing_wanted()
        return ""

    def _change_refused(self, key: str, change: PendingChange, sentence: str) -> str:
        order = self._now(key)
        if order.pending is change:
            order = self._shelf.change(key, pending=PendingChange.NONE)
        return self._say_refused(order, sentence)

    def _say_refused(self, order: Order, sentence: str) -> str:
        self.refused.publish((order, sentence))
        return sentence

    # -- what a person tells ---

    async def settle_by_person(self, key: str, number: str | None) -> str:
        """End the doubt about an unknown order: it is the foreign order `number`, or was not accepted (None).

        Returns "" or why nothing was changed. The word is on disk before anything changes.
        """
        twin = next((order for order in self.twins_of(key) if order.order_number == number), None)
        if number is not None and twin is None:
            return _NOT_IN_DOUBT
        details = {"order_number": "", "reason": _NOT_ACCEPTED}
        if twin is not None:
            details = {"order_number": twin.order_number, "branch_number": twin.branch_number}
        if not self._is_in_doubt(key):
            return _NOT_IN_DOUBT
        try:
            await self._journal.record(key, "person's word", self._clock.now(), details)
        except TerminalError as error:
            return Sentence("기록할 수 없어 바꾸지 않았습니다: {error}", error=error)
        # A listing may have settled it, or changed the other order, while the line was written.
        now = None if twin is None else self.get(twin.key)
        if not self._is_in_doubt(key) or (twin is not None and now is None):
            return _NOT_IN_DOUBT
        self._shelf.take_word(key, now, _NOT_ACCEPTED)
        self._shelf.listing_wanted()
        return ""

    def _is_in_doubt(self, key: str) -> bool:
        order = self.get(key)
        return order is not None and order.status is OrderStatus.UNKNOWN and key not in self._sending

    # -- what the broker tells ---

    async def take_listing(self, rows: Sequence[BrokerOrder], asked: int) -> None:
        """Carry a complete listing in, see `OrderShelf.take_listing`; what it found is journaled."""
        for key, number in self._shelf.take_listing(rows, asked):
            await self._note(key, "found", {"order_number": number})

    async def restore(self) -> None:
        """Take over today's own orders from the journal, before the first listing; raises TerminalError.

        Nothing is sent. What had no answer when the program ended is UNKNOWN until the listings tell.
        """
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        entries = await self._journal.entries(midnight)
        self._risk.begin_day(sum(entry.event in ("intent", "amend intent") for entry in entries))
        for order in restored(entries):
            if self.get(order.key) is None:
                self._shelf.restore(order)

    def begin_day(self, day: date) -> None:
        """Put the orders of the day before away; nothing of that day may be on its way (`is_sending`)."""
        self._cancel_sent_at.clear()
        self._shelf.begin_day(day)


def _not_journaled(error: TerminalError) -> str:
    return Sentence("주문 기록을 쓸 수 없어 보내지 않았습니다: {error}", error=error)
