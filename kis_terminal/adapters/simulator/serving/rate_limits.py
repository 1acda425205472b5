"""Count calls per app key in a window that slides."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """Admit at most `limit` calls per key in any `span` seconds.

    Refused calls do not count, as a client that waits and repeats must succeed.
    """

    def __init__(self, limit: int, span: float = 1.0) -> None:
        self._limit = limit
        self._span = span
        self._admitted: dict[str, deque[float]] = {}

    def admit(self, key: str, now: float, limit: int | None = None) -> bool:
        """Return whether a call of `key` at `now` (monotonic seconds) is let through; `limit` may change."""
        times = self._admitted.setdefault(key, deque())
        while times and now - times[0] >= self._span:
            times.popleft()
        if len(times) >= (self._limit if limit is None else limit):
            return False
        times.append(now)
        return True
