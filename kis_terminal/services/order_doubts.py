"""How often the broker's complete lists have contradicted a request whose answer was lost.

A list without the order proves nothing by itself: the request may still be on its way in the gateway, and a
list may lag behind. Only several complete ones in a row, over a while, end a doubt; time alone never does.
"""

from __future__ import annotations

from dataclasses import dataclass

LISTINGS = 5
SECONDS = 15.0
"""Between the first and the last of them."""


@dataclass(slots=True)
class _Doubt:
    since: float
    listings: int


class Doubts:
    """Count the complete lists in a row that show nothing of a request."""

    def __init__(self) -> None:
        self._doubts: dict[str, _Doubt] = {}

    def contradicted(self, key: str, now: float) -> bool:
        """Count one more list without the request; tell whether these are enough. `now` is monotonic."""
        doubt = self._doubts.setdefault(key, _Doubt(now, 0))
        doubt.listings += 1
        return doubt.listings >= LISTINGS and now - doubt.since >= SECONDS

    def forget(self, key: str) -> None:
        """Begin anew: the request was found, or something else happened to its order."""
        self._doubts.pop(key, None)

    def clear(self) -> None:
        """Forget all, for a new day."""
        self._doubts.clear()
