"""Time as the services see it: `adapters/system_clock`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the program sees it."""

    def now(self) -> datetime:
        """Return the aware time in Asia/Seoul."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...
