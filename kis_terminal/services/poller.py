"""Ask by REST for what no stream brings, in turn, as fast as the calls that are left allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kis_terminal.ports import Clock, HealthSource, Stream
from kis_terminal.services.stream_budget import Key
from kis_terminal.services.streams import Streams
from kis_terminal.services.tasks import TaskScope

_SHARE = 4
"""One call in so many of the limit in force, which falls when the broker turned calls away for rate."""
_LEFT_FREE = 3
"""While less than one in so many calls is free, others are in need."""
_PATIENCE = 3
"""So many turns are let pass to others, not more: nobody's price may grow old for ever."""
_UNKNOWN_PACE = 0.5
_SAME_SECONDS = 2.0
"""Between two calls for the same stream, however few there are."""
_RANK_SECONDS = 4.0
"""How much older a less wanted stream may be before it is its turn."""
_LOOK_SECONDS = 1.0
_LONGEST_PAUSE = 15.0
"""While the broker does not answer."""


class Poller:
    """Keep one task while something is missing.

    is_current(key): the stream itself tells the newest. poll(key): ask; returns whether there was an answer,
    never raises a TerminalError.
    """

    def __init__(
        self,
        streams: Streams,
        clock: Clock,
        scope: TaskScope,
        health: HealthSource | None,
        *,
        is_current: Callable[[Key], bool],
        poll: Callable[[Key], Awaitable[bool]],
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._scope = scope
        self._health = health
        self._is_current = is_current
        self._poll = poll
        self._polled_at: dict[Key, float] = {}
        self._is_running = False

    def wake(self) -> None:
        """Look whether something is missing."""
        if not self._is_running and not self._scope.is_closed:
            self._is_running = True
            self._scope.spawn(self._run(), name="poll")

    async def _run(self) -> None:
        failures = 0
        try:
            while missing := self._missing():
                key = self._next([key for key in missing if self._streams.is_late(key)])
                if key is None:
                    await asyncio.sleep(_LOOK_SECONDS)
                    continue
                self._polled_at[key] = self._clock.monotonic()
                failures = 0 if await self._poll(key) else failures + 1
                await self._rest()
                if failures:
                    await asyncio.sleep(min(_LONGEST_PAUSE, _UNKNOWN_PACE * 2.0 ** min(failures, 10)))
        finally:
            self._is_running = False
            self._polled_at.clear()

    def _missing(self) -> list[Key]:
        return [
            key for key in self._streams.ranked() if key[0] is not Stream.STATUS and not self._is_current(key)
        ]

    def _next(self, late: list[Key]) -> Key | None:
        """Return whose turn it is, None while all of them have been asked for just now."""
        now = self._clock.monotonic()
        due = [key for key in late if now - self._polled_at.get(key, float("-inf")) >= _SAME_SECONDS]
        return min(due, key=self._turn, default=None)

    def _turn(self, key: Key) -> tuple[float, int]:
        rank = self._streams.rank(key)
        asked = self._polled_at.get(key)
        return (float("-inf") if asked is None else asked + rank * _RANK_SECONDS, rank)

    async def _rest(self) -> None:
        if self._health is None:
            await asyncio.sleep(_UNKNOWN_PACE)
            return
        for _ in range(_PATIENCE):
            await asyncio.sleep(_SHARE / max(1, self._health.health().calls_limit))
            figures = self._health.health()
            if figures.calls_available * _LEFT_FREE > figures.calls_limit:
                return
