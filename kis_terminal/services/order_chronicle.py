"""Each change of an order, in the journal: what the next start, or a claim, needs to know later."""

from __future__ import annotations

import asyncio
import logging

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.ports import Clock, OrderJournal
from kis_terminal.services.orders import Orders
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.2
_OWN_LINES = frozenset({OrderStatus.CREATED, OrderStatus.SENT, OrderStatus.UNKNOWN})
"""States whose lines the order path writes itself, before or with the act."""


class OrderChronicle:
    """Write a line when what is known of an order has changed, behind the order path and never in its way."""

    def __init__(self, orders: Orders, journal: OrderJournal, clock: Clock, scope: TaskScope) -> None:
        self._journal = journal
        self._clock = clock
        self._told: dict[str, dict[str, str]] = {}
        self._waiting: dict[str, dict[str, str]] = {}
        self._has_some = asyncio.Event()
        orders.changed.subscribe(self._take)
        scope.spawn(self._run(), name="chronicle")

    def _take(self, order: Order) -> None:
        if order.status in _OWN_LINES:
            return
        state = {
            "status": order.status.value,
            "order_number": order.order_number,
            "branch_number": order.branch_number,
            "filled": str(order.filled),
            "cancelled": str(order.cancelled),
            "average_price": "" if order.average_price is None else str(order.average_price),
            "price": "" if order.price is None else str(order.price),
            "reason": order.reason,
        }
        if self._told.get(order.key) != state:
            self._told[order.key] = self._waiting[order.key] = state
            self._has_some.set()

    async def _run(self) -> None:
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            # Several changes within a moment are one line: the newest tells all.
            await asyncio.sleep(_GATHER_SECONDS)
            waiting, self._waiting = self._waiting, {}
            for key, state in waiting.items():
                try:
                    await self._journal.record(key, "state", self._clock.now(), state)
                except TerminalError as error:
                    log.error("the journal did not take the state of %s: %s", key, error)
