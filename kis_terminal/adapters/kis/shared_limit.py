"""One budget of calls for every program of an app key; KIS counts by key, whoever calls.

A call goes when this program's own limiter and the shared window both let it. The window lies in the cache
and runs by the cache's clock, so that machines with different clocks agree. Cancellations may use all of it,
orders and the account all but the cancellations' room, everything else one less: an order never waits behind
another program's quotes. Without the cache each program keeps to its share of the limit: that of two, or of
as many as were heard of last. Nothing waits for the cache itself longer than its patience, once an outage.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine

from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.rate_limit import SLOWEST_ARRIVAL, Priority, RateLimiter
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import Cache

log = logging.getLogger(__name__)

_SETTLED_SECONDS = 4.0
"""After an outage: by then every program has found the cache again, and a window has passed."""
_BEAT_SECONDS = 2.0
_ALIVE_SECONDS = 7.0
_ID_BYTES = 8
_MOST_PROGRAMS = 50
_MOST_TICKETS = 1000


class SharedLimiter:
    """A `RateLimiter` whose room is also other programs'; owns the tasks that ask for it."""

    def __init__(
        self, local: RateLimiter, limits: Limits, cache: Cache, name: str, clock: Callable[[], float]
    ) -> None:
        """`name` is what the keys of the app key begin with, `clock` gives monotonic seconds."""
        self._local = local
        self._limits = limits
        self._cache = cache
        self._budget, self._channel = f"{name}:budget", f"{name}:programs"
        self._clock = clock
        self._own = secrets.token_bytes(_ID_BYTES)
        self._waiting: list[tuple[int, int, asyncio.Future[int]]] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._tickets: dict[int, str] = {}
        self._heard: dict[bytes, float] = {}
        self._lost_at: float | None = None
        self._is_closed = False

    @property
    def gauge(self) -> tuple[int, int]:
        """Return how many calls could go now as far as this program knows, and how many it may make."""
        return self._local.gauge

    @property
    def waiting(self) -> int:
        """Return how many calls wait for their turn."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    @property
    def programs(self) -> int:
        """Return how many programs share the budget, this one among them, as far as is known."""
        now = self._clock()
        if self._lost_at is None:
            self._heard = {own: at for own, at in self._heard.items() if now - at < _ALIVE_SECONDS}
        return 1 + len(self._heard)

    async def acquire(self, priority: Priority) -> int:
        """Return a ticket when a call of this priority may go; a cancelled caller gives its turn back."""
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), turn))
        self._wake.set()
        if (self._serving is None or self._serving.done()) and not self._is_closed:
            self._serving = self._start(self._serve(), "kis-shared-limit")
            self._serving.add_done_callback(self._served)
        if self._beating is None and not self._is_closed:
            self._beating = self._start(self._beat(), "kis-shared-programs")
        return await turn

    def answered(self, ticket: int) -> None:
        """Note that the call of this ticket was answered, or will not be."""
        self._local.answered(ticket)
        self._wake.set()
        shared = self._tickets.pop(ticket, None)
        if shared is not None and self._cache.is_up and not self._is_closed:
            task = self._start(self._settle(shared), "kis-shared-settle")
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    def refused(self, priority: Priority = Priority.QUOTE) -> None:
        """Note that the broker turned a call away for rate: go slower for a while."""
        self._local.refused(priority)
        self._wake.set()

    def close(self) -> None:
        """Stop the tasks and turn away who still waits; may be called twice."""
        self._is_closed = True
        for task in (self._serving, self._beating, *self._settling):
            if task is not None:
                task.cancel()
        self._turn_all_away()
        self._local.close()

    async def closed(self) -> None:
        """Wait until the tasks have ended after `close`."""
        tasks = [task for task in (self._serving, self._beating, *self._settling) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work, name=name)

    def _served(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the shared limiter failed", exc_info=error)
            self._turn_all_away()

    def _turn_all_away(self) -> None:
        for _, _, turn in self._waiting:
            turn.cancel()
        self._waiting.clear()

    async def _serve(self) -> None:
        """Give turns, the most urgent first, for as long as somebody waits."""
        while self._drop_gone():
            priority = Priority(self._waiting[0][0])
            self._wake.clear()
            wait = self._local.delay(priority)
            if wait <= 0:
                ticket = f"{self._own.hex()}:{next(self._numbers)}"
                wait = await self._ask(priority, ticket)
                if wait <= 0:
                    self._give(ticket)
                    continue
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass  # it is time to ask again

    def _drop_gone(self) -> bool:
        """Forget callers that were cancelled; return whether somebody waits."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return bool(self._waiting)

    def _give(self, shared: str) -> None:
        """Let the most urgent of now go: whoever came meanwhile has at least as much room."""
        if self._drop_gone():
            _, _, turn = heapq.heappop(self._waiting)
            ticket = self._local.grant()
            self._tickets[ticket] = shared
            if len(self._tickets) > _MOST_TICKETS:  # of calls whose callers were cancelled
                del self._tickets[next(iter(self._tickets))]
            turn.set_result(ticket)

    async def _ask(self, priority: Priority, ticket: str) -> float:
        """Take a place in the shared window; return how long to wait, 0 without a cache."""
        limit = self._room(priority)
        try:
            wait = await self._cache.take(self._budget, ticket, limit, self._limits.window, SLOWEST_ARRIVAL)
        except StoreUnavailable:
            self._lost_at = self._clock()
            return self._hold_to_share(priority)
        if self._lost_at is not None:
            if self._clock() - self._lost_at >= _SETTLED_SECONDS:
                self._lost_at = None
                self._local.hold_to(self._limits.calls)
            else:
                wait = max(wait, self._hold_to_share(priority))
        return wait

    def _hold_to_share(self, priority: Priority) -> float:
        """Keep to this program's part of the limit; return how long a call must wait under it."""
        self._local.hold_to(self._limits.calls // max(2, self.programs))
        return self._local.delay(priority)

    def _room(self, priority: Priority) -> int:
        calls, reserved = self._limits.calls, self._limits.reserved_for_cancels
        if priority is Priority.CANCEL:
            return calls
        return max(1, calls - reserved - (priority > Priority.ACCOUNT))

    async def _settle(self, ticket: str) -> None:
        try:
            await self._cache.settle(self._budget, ticket)
        except StoreUnavailable as error:
            log.debug("a use of the shared budget counts as late as can be: %s", error)

    async def _beat(self) -> None:
        """Tell the others that this program lives, and hear of them."""
        end: Callable[[], Awaitable[None]] | None = None
        try:
            while True:
                try:
                    if end is None:
                        end = await self._cache.listen(self._channel, self._hear)
                    await self._cache.publish(self._channel, self._own)
                except StoreUnavailable as error:
                    log.debug("other programs are not heard of: %s", error)
                await asyncio.sleep(_BEAT_SECONDS)
        finally:
            if end is not None:
                await end()

    def _hear(self, message: bytes) -> None:
        is_known = message in self._heard
        if len(message) != _ID_BYTES or message == self._own:
            return
        if is_known or len(self._heard) < _MOST_PROGRAMS:
            self._heard[message] = self._clock()
