"""A clock that stands until it is moved."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.support.ports_in_memory.values import SEOUL


class MemoryClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 11, 20, 13, 42, 7, tzinfo=SEOUL)
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        """Return the aware time in Seoul."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
