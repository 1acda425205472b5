"""Amendments and cancellations: journal, broker, and what becomes of those without an answer."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal

from kis_terminal.domain.errors import (
    AccessRefused,
    CorrectionNeeded,
    TerminalError,
    TurnedAway,
    WaitNeeded,
)
from kis_terminal.domain.orders import Order, OrderAccepted, OrderKind, OrderRequest, PendingChange
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Broker, Clock
from kis_terminal.services.departures import Departures, not_journaled
from kis_terminal.services.order_matching import renumbered
from kis_terminal.services.order_shelf import OrderShelf
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.sending import once_more_if_turned_away, until_rate_allows

log = logging.getLogger(__name__)

_CANCEL_PATIENCE = 3.0
CERTAIN = (CorrectionNeeded, WaitNeeded, AccessRefused)
"""What proves that the broker did not take a request; after everything else its outcome is unknown."""


class OrderChanges:
    """Change and cancel what stands at the broker; owns when each cancellation was sent."""

    def __init__(
        self, broker: Broker, shelf: OrderShelf, risk_gate: RiskGate, departures: Departures, clock: Clock
    ) -> None:
        self._broker = broker
        self._shelf = shelf
        self._risk = risk_gate
        self._departures = departures
        self._clock = clock
        self._cancel_sent_at: dict[str, float] = {}

    def begin_day(self) -> None:
        """Forget the cancellations of the day before."""
        self._cancel_sent_at.clear()

    async def amend(
        self, key: str, kind: OrderKind, price: Decimal | None, *, confirmed: frozenset[str] = frozenset()
    ) -> str:
        """Change the price of the whole rest; return "" or why it was refused."""
        self._departures.look()
        order = self._shelf.get(key)
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
            order.parent,
        )
        others = tuple(item for item in self._shelf.open_orders() if item.key != key)
        failure = self._risk.check_amendment(request, order, others).first_failure
        if failure is not None:
            return self._say_refused(order, failure.sentence)
        self._risk.amendment_released()
        return await self._change(
            key,
            PendingChange.AMEND,
            {"price": str(price), "kind": kind.value},
            lambda now: once_more_if_turned_away(
                lambda: self._broker.amend(now, kind, now.remaining, price, leaving=self._departures.check),
                lambda error: self._departures.note_again(key, "amend again", error),
            ),
            lambda now: now.changed(price=price, kind=kind),
        )

    async def cancel(self, key: str) -> str:
        """Cancel the whole rest; return "" or why it was refused. Risk and the halt latch never stop it."""
        order = self._shelf.get(key)
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
            await self._departures.note(order.key, "cancel again", {"reason": str(error)})

        return await once_more_if_turned_away(send, note)

    async def _change(
        self,
        key: str,
        change: PendingChange,
        details: dict[str, str],
        send: Callable[[Order], Awaitable[OrderAccepted]],
        settle: Callable[[Order], Order],
    ) -> str:
        with self._departures.under_way(f"{change.value} {key}"):
            return await self._record_and_change(key, change, details, send, settle)

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
            await self._departures.record(key, f"{change.value} intent", details)
        except TerminalError as error:
            if change is PendingChange.AMEND:
                return self._change_refused(key, change, not_journaled(error))
            log.error("the journal did not take a cancellation, it is sent all the same: %s", error)
        order = self._shelf.now(key)
        if order.status.is_done:
            return self._change_refused(key, change, Sentence("그 사이에 끝난 주문입니다."))
        try:
            accepted = await send(order)
        except CERTAIN as error:
            await self._departures.note(key, f"{change.value} refused", {"reason": str(error)})
            self._shelf.listing_wanted()
            now = self._shelf.now(key)
            if change is PendingChange.CANCEL and now.is_open and now.order_number != order.order_number:
                # An amendment gave the order another number in the meantime: that one is to be cancelled.
                return await self._record_and_change(key, change, {}, send, settle)
            return self._change_refused(key, change, sentence_of(error))
        except TerminalError as error:
            # It stays pending until the broker's list says what became of it.
            self._shelf.change_was_lost(key)
            await self._departures.note(key, f"{change.value} unknown", {"reason": str(error)})
            self._shelf.listing_wanted()
            return sentence_of(error)
        except asyncio.CancelledError:
            await self._departures.note(key, f"{change.value} unknown", {"reason": "cancelled"})
            raise
        self._shelf.claim(accepted.branch_number, accepted.order_number, key)
        if change is PendingChange.AMEND:
            self._shelf.put(renumbered(settle(self._shelf.now(key)), accepted))
        self._shelf.deliver_held()
        details = {"order_number": accepted.order_number, "branch_number": accepted.branch_number}
        await self._departures.note(key, f"{change.value} accepted", details)
        self._shelf.listing_wanted()
        return ""

    def _change_refused(self, key: str, change: PendingChange, sentence: str) -> str:
        order = self._shelf.now(key)
        if order.pending is change:
            order = self._shelf.change(key, pending=PendingChange.NONE)
        return self._say_refused(order, sentence)

    def _say_refused(self, order: Order, sentence: str) -> str:
        self._shelf.refused.publish((order, sentence))
        return sentence
