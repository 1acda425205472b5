"""Keep calls within the broker's limit: never more than N in any window, the urgent ones first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from enum import IntEnum

from kis_terminal.adapters.kis.environment import Limits

_RECOVERY_SECONDS = 10.0
_SLOWEST_RECOVERY = 160.0
"""Seconds in which a lowered limit comes back: doubled by each refusal on the way, which tells of less."""
SLOWEST_ARRIVAL = 0.5
"""Seconds after its leaving at which a call has surely arrived, however late its answer is."""


class Priority(IntEnum):
    """Who goes first when calls have to wait."""

    CANCEL = 0
    ORDER = 1
    ACCOUNT = 2
    QUOTE = 3
    HISTORY = 4


class SlidingWindow:
    """Count calls in a window that slides; pure, times are given in.

    The broker counts a call when it arrives, which is somewhere between its leaving and its answer and at
    most `SLOWEST_ARRIVAL` after it left: until the answer is reported (`settle`) that latest moment counts.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._counted: dict[int, float] = {}
        self._tickets = itertools.count()

    def used(self, now: float) -> int:
        """Return the calls counted in the window that ends now."""
        for ticket in [ticket for ticket, at in self._counted.items() if at <= now - self._window]:
            del self._counted[ticket]
        return len(self._counted)

    def delay(self, now: float, allowance: int) -> float:
        """Return the seconds until a call may go that leaves at most `allowance` in any window.

        An answer that comes meanwhile may make it less.
        """
        used = self.used(now)
        if used < allowance:
            return 0.0
        # The call goes when so many have left the window that fewer than `allowance` remain. Never 0: a
        # remainder below the clock's resolution would else count as "now" although the call has not left.
        return max(sorted(self._counted.values())[used - allowance] + self._window - now, 1e-9)

    def grant(self, now: float) -> int:
        """Count a call that goes now; return its ticket."""
        ticket = next(self._tickets)
        self._counted[ticket] = now + SLOWEST_ARRIVAL
        return ticket

    def settle(self, ticket: int, now: float) -> None:
        """Note that the call was answered now."""
        if ticket in self._counted:
            self._counted[ticket] = min(now, self._counted[ticket])


class RateLimiter:
    """Let callers through in order of priority, first come first served within one.

    Cancels may use the whole limit, everything else leaves room for them. After a refusal for rate the limit
    is lowered for a while: several programs may share one key, and new customers have a lower one.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._window = SlidingWindow(limits.window)
        self._waiting: list[tuple[int, int, asyncio.Future[int]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._lowered_to = limits.calls
        self._lowered_at = 0.0
        self._recovery = _RECOVERY_SECONDS
        self._cancels_only_until = 0.0
        self._share = limits.calls

    @property
    def gauge(self) -> tuple[int, int]:
        """Return how many calls could go now and how many the limit allows."""
        now = self._clock()
        limit = self._limit(now)
        return max(0, limit - self._window.used(now)), limit

    @property
    def waiting(self) -> int:
        """Return how many calls wait for their turn."""
        return sum(not future.done() for _, _, future in self._waiting)

    async def acquire(self, priority: Priority) -> int:
        """Return a ticket when a call of this priority may go; a cancelled caller gives its turn back."""
        now = self._clock()
        if not self._waiting and self._delay(priority, now) <= 0:
            return self._window.grant(now)
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._numbers), turn))
        self.let_through()
        return await turn

    def hold_to(self, share: int) -> None:
        """Use at most `share` calls of the limit: the rest is other programs', who cannot be asked."""
        self._share = max(1, min(share, self._limits.calls))

    def delay(self, priority: Priority) -> float:
        """Return the seconds until a call of this priority may go; for who keeps a queue of its own."""
        return self._delay(priority, self._clock())

    def grant(self) -> int:
        """Count a call that goes now, and return its ticket; for who has asked `delay`."""
        return self._window.grant(self._clock())

    def answered(self, ticket: int) -> None:
        """Note that the call of this ticket was answered, or will not be."""
        self._window.settle(ticket, self._clock())
        if self._waiting:
            self.let_through()

    def refused(self, priority: Priority = Priority.QUOTE) -> None:
        """Note that the broker turned a call away for rate: go slower for a while.

        Several refusals within one window tell the same thing and count once. When it was a cancellation,
        everything else stands back until it can be sent again with all of the broker's room.
        """
        now = self._clock()
        if priority is Priority.CANCEL:
            self._cancels_only_until = now + 2 * self._limits.window
        if self._lowered_to < self._limits.calls and now - self._lowered_at < self._limits.window:
            return
        limit = self._limit(now)
        is_again = limit < self._share
        self._recovery = min(self._recovery * 2, _SLOWEST_RECOVERY) if is_again else _RECOVERY_SECONDS
        self._lowered_to = max(1, limit * 2 // 3)
        self._lowered_at = now

    def _delay(self, priority: Priority, now: float) -> float:
        delay = self._window.delay(now, self._allowance(priority, now))
        if priority is Priority.CANCEL:
            return delay
        return max(delay, self._cancels_only_until - now)

    def _limit(self, now: float) -> int:
        if self._lowered_to < self._limits.calls:
            recovered = int((now - self._lowered_at) / self._recovery * self._limits.calls)
            return min(self._share, self._lowered_to + recovered)
        return self._share

    def _allowance(self, priority: Priority, now: float) -> int:
        if priority is Priority.CANCEL:
            return self._share
        return max(1, min(self._limit(now), self._share - self._limits.reserved_for_cancels))

    def let_through(self) -> None:
        """Give turns to those who may go now; the limiter's own timer calls this when it is time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            priority, _, turn = self._waiting[0]
            if turn.done():  # its caller was cancelled
                heapq.heappop(self._waiting)
                continue
            now = self._clock()
            # A lower priority never has more room than a higher one, so only the first has to be asked.
            delay = self._delay(Priority(priority), now)
            if delay > 0:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(delay, self.let_through)
                return
            heapq.heappop(self._waiting)
            turn.set_result(self._window.grant(now))

    def close(self) -> None:
        """Stop the timer and turn away who still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _, _, turn in self._waiting:
            turn.cancel()
        self._waiting.clear()
