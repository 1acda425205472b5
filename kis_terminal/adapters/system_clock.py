"""The machine's clock as `ports.Clock`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988, so a fixed offset needs no time-zone database."""


class SystemClock:
    """Read the operating system's clocks."""

    def now(self) -> datetime:
        """Return the aware time in Asia/Seoul, whatever zone the machine is set to."""
        return datetime.now(KST)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()
