"""The machine's clock put right by the broker's: dates of orders and days must be those of the exchange."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from kis_terminal.ports import Clock

_WORTH_IT = 2.0
"""Seconds; a smaller difference is left alone, so that nothing moves by the noise of its measurement."""


class ExchangeClock:
    """`ports.Clock` over another one, moved by what the broker's answers tell.

    A clock that was set back goes on by the monotonic one until the next answer has told how far.
    """

    def __init__(self, clock: Clock, skew: Callable[[], float | None]) -> None:
        """`skew` gives the broker's clock minus `clock` in seconds, None before its first answer."""
        self._clock = clock
        self._skew = skew
        self._last: tuple[datetime, float, float] | None = None

    def now(self) -> datetime:
        """Return the aware time in Asia/Seoul."""
        monotonic, skew = self._clock.monotonic(), self._skew() or 0.0
        moved = skew if abs(skew) >= _WORTH_IT else 0.0
        told = self._clock.now() + timedelta(seconds=moved)
        if self._last is not None:
            last, at, measured = self._last
            expected = last + timedelta(seconds=monotonic - at)
            if measured == skew and (expected - told).total_seconds() > _WORTH_IT:
                told = expected
        self._last = (told, monotonic, skew)
        return told

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()
