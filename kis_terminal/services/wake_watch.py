"""Notice that the machine slept: nothing known counts then, and nothing leaves before it is known anew."""

from __future__ import annotations

import asyncio
import logging

from kis_terminal.ports import Clock, LinkState, MarketFeed
from kis_terminal.services.hub import Topic
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
SLEPT_SECONDS = 15.0
"""Without a beat: no turn of the loop takes so long, a lid that was closed does."""


class WakeWatch:
    """Own the beat of the program. Topics: `woke` (seconds slept).

    Timers of programs run after this has looked: whoever wants to send an order makes it look first, so a
    sleep is known before the first timer of many can send anything.
    """

    def __init__(
        self,
        orders: Orders,
        reconciler: Reconciler,
        market_data: MarketData,
        feed: MarketFeed,
        clock: Clock,
        scope: TaskScope,
        *,
        slept_seconds: float = SLEPT_SECONDS,
    ) -> None:
        """`clock` goes on while the machine sleeps."""
        self._orders = orders
        self._reconciler = reconciler
        self._market_data = market_data
        self._feed = feed
        self._clock = clock
        self._scope = scope
        self._slept_seconds = slept_seconds
        self._beat_at: float | None = None
        self.woke: Topic[float] = Topic("woke")

    def start(self) -> None:
        """Beat from now on."""
        self._beat_at = self._clock.monotonic()
        self._orders.tell_before_leaving(self.look)
        self._scope.spawn(self._run(), name="wake watch")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(min(BEAT_SECONDS, self._slept_seconds / 4))
            self.look()

    def look(self) -> None:
        """See whether the program stood still since the last beat."""
        if self._beat_at is None:
            return
        before, self._beat_at = self._beat_at, self._clock.monotonic()
        slept = self._beat_at - before
        if slept < self._slept_seconds:
            return
        log.warning("the program stood still for %.0f s: everything is asked for anew", slept)
        self._orders.reconcile_first()
        # However alive the connection looks, nothing on it is live: at once, not when it has ended.
        self._market_data.wanted.take_link(LinkState.WAITING)
        self._feed.restart("sleep")
        self._reconciler.want()
        self.woke.publish(slept)
