"""`ports.Cache` in this process: what one program shares with itself."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Kept:
    value: bytes
    end: float | None
    """By the cache's clock; None for ever."""


class MemoryCache:
    """Values, claims, uses and messages among whoever holds this object; it is always there."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._uses: dict[str, dict[str, float]] = {}
        self._receivers: defaultdict[str, list[Callable[[bytes], None]]] = defaultdict(list)
        self._leases: dict[str, tuple[int, bytes, float]] = {}
        self._lease_numbers = itertools.count(1)

    @property
    def trouble(self) -> str:
        """Return why the cache is not in use: never anything here."""
        return ""

    @property
    def is_up(self) -> bool:
        """Return whether calls are answered."""
        return True

    @property
    def is_refused(self) -> bool:
        """Return whether nobody can reach it: never."""
        return False

    async def ready(self, seconds: float) -> bool:
        """Return True at once."""
        return True

    async def get(self, key: str) -> bytes | None:
        kept = self._alive(key)
        return None if kept is None else kept.value

    async def put(self, key: str, value: bytes, seconds: float | None = None) -> None:
        """Store `value`, for `seconds` at most when given."""
        self._kept[key] = _Kept(value, None if seconds is None else self._clock() + seconds)

    async def put_new(self, key: str, value: bytes, seconds: float) -> bool:
        """Store `value` unless a claim of at most `seconds` stands there."""
        kept, end = self._alive(key), self._clock() + seconds
        if kept is not None and kept.end is not None and kept.end <= end:
            return False
        self._kept[key] = _Kept(value, end)
        return True

    async def hold(
        self, key: str, owner: bytes, seconds: float, *, may_take: bool = True
    ) -> tuple[int, bytes]:
        """Keep or take a lease; return its number and who holds it, 0 and nothing for nobody."""
        now = self._clock()
        number, holder, end = self._leases.get(key, (0, b"", now))
        if end <= now:
            if not may_take:
                return 0, b""
            number, holder = next(self._lease_numbers), owner
        if holder == owner:
            self._leases[key] = (number, owner, now + seconds)
        return number, holder

    async def let_go(self, key: str, owner: bytes) -> None:
        """Give a lease back, where it is still `owner`'s."""
        if self._leases.get(key, (0, b"", 0.0))[1] == owner:
            del self._leases[key]

    async def delete(self, key: str) -> None:
        self._kept.pop(key, None)
        self._uses.pop(key, None)

    async def take(self, key: str, ticket: str, limit: int, seconds: float, late: float = 0.0) -> float:
        """Take one of `limit` uses in any `seconds`; return 0, or the seconds until the next is free."""
        now = self._clock()
        uses = self._uses.setdefault(key, {})
        for old in [old for old, at in uses.items() if at <= now - seconds]:
            del uses[old]
        if len(uses) < limit:
            uses[ticket] = now + late
            return 0.0
        return max(sorted(uses.values())[len(uses) - limit] + seconds - now, 1e-6)

    async def settle(self, key: str, ticket: str) -> None:
        """Note that the use of `ticket` has been made by now."""
        uses = self._uses.get(key, {})
        if ticket in uses:
            uses[ticket] = min(uses[ticket], self._clock())

    async def publish(self, channel: str, message: bytes) -> None:
        for receive in list(self._receivers[channel]):
            receive(message)

    async def listen(self, channel: str, receive: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `receive` for every message from now on; the result ends it and may be called twice."""
        receivers = self._receivers[channel]
        receivers.append(receive)

        async def end() -> None:
            if receive in receivers:
                receivers.remove(receive)

        return end

    async def close(self) -> None:
        self._receivers.clear()

    def _alive(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.end is not None and kept.end <= self._clock():
            del self._kept[key]
            return None
        return kept
