"""The one path of an order: risk, journal, broker, notices, and the broker's list as the truth."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from kis_terminal.domain.errors import (
    MarketClosed,
    TerminalError,
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
    ParentBudget,
    Side,
    Venue,
)
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Broker, Clock, OrderJournal
from kis_terminal.services.departures import (
    NOT_RECONCILED,
    NOT_REMEMBERED,
    Departures,
    not_journaled,
)
from kis_terminal.services.order_changes import CERTAIN, OrderChanges
from kis_terminal.services.order_restore import (
    DAYS_SETTLED,
    described,
    midnight_of,
    oldest_unsettled,
    restored,
    unsettled_from,
)
from kis_terminal.services.order_shelf import OrderShelf
from kis_terminal.services.person_word import PersonWord
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.sending import once_more_if_turned_away
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)


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
        self._lacks_journal = False
        """True while the journal of today could not be read: nobody knows what is in doubt then."""
        self._looks_back = False
        self.is_of_before = False
        """True while these are the orders of a day before, of which a start has to hear first."""
        self._days_listed: set[date] = set()
        """Days that have been listed and put away since the start."""
        self._departures = departures = Departures(journal, risk_gate, clock, self._why_unready)
        self._changes = OrderChanges(broker, shelf, risk_gate, departures, clock)
        self.changed, self.filled = shelf.changed, shelf.filled
        self.refused, self.listed = shelf.refused, shelf.listed
        self.all, self.get, self.by_number = shelf.all, shelf.get, shelf.by_number
        self.open_orders = shelf.open_orders
        self.take_notice = shelf.take_notice
        self.listing_begins = shelf.listing_begins
        self.finish_sending = departures.finish
        self.twins_of, self.settle_by_person = shelf.twins_of, PersonWord(shelf, departures).settle
        risk_gate.children_of = shelf.children_of
        risk_gate.open_orders, risk_gate.is_overfilled = shelf.open_orders, shelf.overfilled

    # -- reading ---

    @property
    def fills(self) -> list[Fill]:
        """Return today's own executions as notices told them, oldest first."""
        return self._shelf.fills

    @property
    def is_reconciled(self) -> bool:
        """Tell whether today's journal, where there is one, and a complete listing are carried in."""
        return not self._why_unready()

    def _why_unready(self) -> str:
        if self._lacks_journal:
            return NOT_REMEMBERED
        return "" if self._shelf.is_reconciled else NOT_RECONCILED

    @property
    def day(self) -> date:
        """Return the day whose orders these are."""
        return self._shelf.day

    @property
    def is_sending(self) -> bool:
        """Tell whether a request of ours has no answer yet."""
        return self._departures.is_any_under_way

    def tell_when_listing_is_wanted(self, wanted: Callable[[], None]) -> None:
        """Call `wanted` whenever something happened that only the broker's list can settle."""
        self._shelf.listing_wanted = wanted

    def tell_before_leaving(self, look: Callable[[], None]) -> None:
        """Call `look` before an order or amendment is judged, and again before it leaves."""
        self._departures.look = look

    def reconcile_first(self) -> None:
        """Let nothing leave until a complete listing that is asked for after this moment is carried in."""
        self._shelf.reconcile_first()

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
        parent: ParentBudget | None = None,
    ) -> OrderRequest:
        """Return a request with an identity of its own."""
        kept = price if kind.needs_price else None
        return OrderRequest(
            uuid.uuid4().hex,
            symbol,
            side,
            kind,
            quantity,
            kept,
            venue,
            origin,
            condition_price,
            parent=parent,
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
        self._departures.look()
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
            parent=request.parent,
        )
        failure = self._risk.check(request).first_failure
        if failure is not None:
            return self._shelf.reject(order, failure.sentence)
        if why := self._why_unready():
            self._shelf.listing_wanted()
            return self._shelf.reject(order, why)
        self._risk.released(request)
        self._shelf.put(order)
        try:
            with self._departures.under_way(key):
                return await self._record_and_send(request)
        finally:
            self._settle_abandoned(key)

    async def _record_and_send(self, request: OrderRequest) -> Order:
        key = request.intent_id
        try:
            created_at = self._shelf.now(key).created_at
            await self._departures.record(key, "intent", described(request, created_at))
        except TerminalError as error:
            return self._reject(key, not_journaled(error))
        try:
            # The latch may have fallen while the journal was written; nothing leaves after it.
            self._departures.check()
            self._shelf.change(key, status=OrderStatus.SENT)
            accepted = await once_more_if_turned_away(
                lambda: self._broker.place(request, leaving=self._departures.check),
                lambda error: self._departures.note_again(key, "again", error),
            )
        except CERTAIN as error:
            if isinstance(error, MarketClosed):
                self._risk.market_refused(request)
            order = self._reject(key, sentence_of(error))
            await self._departures.note(key, "refused", {"reason": str(error)})
            return order
        except TerminalError as error:
            log.warning("order %s: %s", key, error)
            order = self._shelf.change(key, status=OrderStatus.UNKNOWN, reason=sentence_of(error))
            await self._departures.note(key, "unknown", {"reason": str(error)})
            self._shelf.listing_wanted()
            return self._shelf.now(key)
        except asyncio.CancelledError:
            await self._departures.note(key, "unknown", {"reason": "cancelled"})
            raise
        return await self._accepted(key, accepted)

    def _settle_abandoned(self, key: str) -> None:
        """After a bug, or where the program ends: an order must not look as if its answer were coming."""
        status = self._shelf.now(key).status
        if status is OrderStatus.CREATED:
            self._reject(key, Sentence("보내지 않았습니다."))
        elif status is OrderStatus.SENT:
            log.error("order %s: nobody knows what became of it", key)
            reason = Sentence("보냈지만 결과를 알 수 없습니다. 주문내역을 조회해 확인합니다.")
            self._shelf.change(key, status=OrderStatus.UNKNOWN, reason=reason)
            self._shelf.listing_wanted()

    def _reject(self, key: str, reason: str) -> Order:
        return self._shelf.reject(self._shelf.now(key), reason)

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
        details = {"order_number": number, "branch_number": accepted.branch_number}
        await self._departures.note(key, "accepted", details)
        self._shelf.listing_wanted()
        return self._shelf.now(key)

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
        return await self._changes.amend(key, kind, price, confirmed=confirmed)

    def cancel_soon(self, key: str) -> None:
        """Start `cancel` in the orders' own scope."""
        self._scope.spawn(self.cancel(key), name=f"cancel {key}", is_urgent=True)

    async def cancel(self, key: str) -> str:
        """Cancel the whole rest; return "" or why it was refused. Risk and the halt latch never stop it."""
        return await self._changes.cancel(key)

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

    # -- what the broker tells ---

    async def take_listing(self, rows: Sequence[BrokerOrder], asked: int) -> None:
        """Carry a complete listing in, see `OrderShelf.take_listing`; what it found is journaled."""
        for key, number in self._shelf.take_listing(rows, asked):
            await self._departures.note(key, "found", {"order_number": number})

    async def restore(self, *, looks_back: bool = False) -> None:
        """Take over today's own orders from the journal; raises TerminalError, and nothing leaves then.

        Nothing is sent. What had no answer when the program ended is UNKNOWN until the listings tell.
        `looks_back`: orders of an earlier day that were open when the program ended come first. Until that
        day has been listed (`end_day`), nothing of today is there and nothing leaves.
        """
        self._lacks_journal, self._looks_back, self.is_of_before = True, looks_back, False
        now = self._clock.now()
        settled = await self._journal.last(DAYS_SETTLED) if looks_back else None
        since = (
            unsettled_from(now, None if settled is None else settled.at) if looks_back else midnight_of(now)
        )
        entries = await self._journal.entries(since)
        todays = [entry for entry in entries if entry.at >= midnight_of(now)]
        self._risk.begin_day(sum(entry.event in ("intent", "amend intent") for entry in todays))
        orders = restored(entries)
        day = oldest_unsettled(orders, now.date(), self._days_listed)
        if day < now.date():
            log.info("orders of %s were open when the program ended: that day is listed first", day)
            self.is_of_before = True
            if day != self._shelf.day:
                self._shelf.begin_day(day)
            orders = [order for order in orders if order.created_at.date() == day]
        else:
            orders = restored(todays)
        for order in orders:
            if self.get(order.key) is None:
                self._shelf.restore(order)
        if day >= now.date():
            # Only now: while the line is written nothing may leave that does not know of these orders.
            self._lacks_journal = False
            await self._days_are_settled()

    async def restore_what_was_missed(self) -> None:
        """Restore where that failed before, or where a clock that was wrong has hidden today's lines."""
        if self._lacks_journal:
            try:
                await self.restore(looks_back=self._looks_back)
            except TerminalError as error:
                log.warning("today's orders are not restored from the journal yet: %s", error)

    async def end_day(self, today: date) -> None:
        """Put the orders of the day before away; nothing of that day may be on its way (`is_sending`)."""
        # Begun under a clock that was ahead: the journal was asked for lines of a day that has not come.
        self._lacks_journal |= today < self._shelf.day
        self._days_listed.add(self._shelf.day)
        self._changes.begin_day()
        self._shelf.begin_day(today)
        if not self._lacks_journal:
            await self._days_are_settled()

    async def _days_are_settled(self) -> None:
        """Journal that no later start has to ask for the days before this one."""
        if self._looks_back:
            await self._departures.note("", DAYS_SETTLED, {})
