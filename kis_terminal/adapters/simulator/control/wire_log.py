"""Write down what went over the wire and what was done to it, for checks and tests; no secret is kept."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from datetime import datetime

_LARGEST = 50_000


def key_mark(appkey: str) -> str:
    """Return a short mark that tells app keys apart and gives none away."""
    return hashlib.sha256(appkey.encode()).hexdigest()[:8] if appkey else ""


class WireLog:
    """Keep the last events: requests, connects, commands, closes, faults, refusals for storms."""

    def __init__(self, wall: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._events: deque[dict[str, object]] = deque(maxlen=_LARGEST)
        self._sequence = 0

    def note(self, kind: str, **details: object) -> None:
        """Add one event."""
        self._sequence += 1
        self._events.append(
            {
                "sequence": self._sequence,
                "kind": kind,
                "time": self._wall(),
                "monotonic": self._monotonic(),
                **details,
            }
        )

    def events(self, kind: str = "", since: int = 0) -> list[dict[str, object]]:
        """Return events after a sequence, of one kind or all, oldest first, times as text."""
        return [
            {**event, "time": event["time"].isoformat()}  # type: ignore[attr-defined]
            for event in self._events
            if (not kind or event["kind"] == kind) and int(str(event["sequence"])) > since
        ]
