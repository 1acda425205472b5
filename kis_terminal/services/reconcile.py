"""Bring our orders in line with the broker's: at start, after each notice, after a gap, now and then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import date

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError, WaitNeeded
from kis_terminal.domain.orders import OrderStatus, PendingChange
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Broker, Clock
from kis_terminal.services.orders import Orders
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_GAP_SECONDS = 0.25
"""Between two listings: the account's own call limit is lower than the gateway's."""
_UNSETTLED_SECONDS = 2.0
_QUIET_SECONDS = 45.0
"""Also keeps a connection open: the transport drops one that was idle for a minute."""
_LONGEST_WAIT = 30.0


class Reconciler:
    """Own the loop that lists orders. Only a complete listing is carried in; a failed one is repeated."""

    def __init__(
        self, broker: Broker, orders: Orders, portfolio: Portfolio, clock: Clock, scope: TaskScope
    ) -> None:
        self._broker = broker
        self._orders = orders
        self._portfolio = portfolio
        self._clock = clock
        self._scope = scope
        self._wanted = asyncio.Event()
        self._turn = asyncio.Lock()
        self.error = ""
        """Why the last listing failed, empty when it did not."""
        orders.tell_when_listing_is_wanted(self._wanted.set)

    def start(self) -> None:
        """List now and from now on."""
        self._wanted.set()
        self._scope.spawn(self._run(), name="reconcile")
        self._portfolio.refresh_soon()

    def want(self) -> None:
        """List soon: a connection was restored, or a person asked."""
        self._wanted.set()
        self._portfolio.refresh_soon()

    async def _run(self) -> None:
        delay = 1.0
        while True:
            # Not wait_for: on 3.11 it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):  # nothing happened for a while: look all the same
                async with asyncio.timeout(self._patience()):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.list_once()
            except TerminalError as error:
                self.error = sentence_of(error)
                log.warning("order listing: %s", error)
                self._wanted.set()
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_WAIT)
                continue
            delay = 1.0
            await asyncio.sleep(_GAP_SECONDS)

    def _patience(self) -> float:
        unsettled = not self._orders.is_reconciled or any(
            order.status is OrderStatus.UNKNOWN or order.pending is not PendingChange.NONE
            for order in self._orders.open_orders()
        )
        return _UNSETTLED_SECONDS if unsettled else _QUIET_SECONDS

    async def list_once(self) -> None:
        """Fetch the complete listing of today and carry it in; raises TerminalError and changes nothing.

        Listings go one at a time, so that an older one never comes after a newer. On a new day the day before
        is listed once more and then put away; so is, at a start, each day whose orders were open at its end.
        """
        async with self._turn:
            await self._orders.restore_what_was_missed()
            await self._list_last(self._orders.day)
            # That answer has told the broker's own time: a clock that was set wrong turns no day.
            today = self._clock.now().date()
            if self._orders.is_of_before and self._orders.day == today:  # the clock was ahead
                await self._orders.restore_what_was_missed()
                await self._list(today)
            while self._orders.day != today:
                if self._orders.is_sending:
                    # Numbers begin anew: today's rows would be taken for orders of the day before.
                    raise WaitNeeded(
                        Sentence(
                            "날짜가 바뀌었지만 응답을 기다리는 주문이 있어 오늘의 주문내역을 아직 조회하지 "
                            "않았습니다. 곧 다시 조회합니다."
                        )
                    )
                await self._orders.end_day(today)
                await self._orders.restore_what_was_missed()
                await self._list_last(self._orders.day)  # today, or the next day that nobody has settled
            self.error = ""

    async def _list_last(self, day: date) -> None:
        """List a day; a former one that the broker refuses to list holds nothing of today up."""
        try:
            await self._list(day)
        except CorrectionNeeded as error:
            if day >= self._clock.now().date():
                raise
            log.warning("what became of the open orders of %s is not known: %s", day, error)

    async def _list(self, day: date) -> None:
        asked = self._orders.listing_begins()
        rows = await self._broker.orders(day)
        await self._orders.take_listing(rows, asked)
