"""The machine's clock as `ports.Clock`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988, so a fixed offset needs no time-zone database."""


def _awake_or_asleep() -> Callable[[], float]:
    """Return the clock that goes on while the machine sleeps: ages and ends of tokens do, too."""
    if sys.platform == "win32":
        return time.monotonic  # counts sleep there
    # Python's monotonic clock is one that stops in sleep on Linux and macOS.
    clock = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC
    return lambda: time.clock_gettime(clock)


class SystemClock:
    """Read the operating system's clocks."""

    def __init__(self) -> None:
        self._monotonic = _awake_or_asleep()

    def now(self) -> datetime:
        """Return the aware time in Asia/Seoul, whatever zone the machine is set to."""
        return datetime.now(KST)

    def monotonic(self) -> float:
        """Return seconds that never go back, those of the machine's sleep among them."""
        return self._monotonic()
