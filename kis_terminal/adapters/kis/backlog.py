"""Tell whether the socket brings more than can be read."""

from __future__ import annotations

import sys
from collections.abc import Callable

# asyncio hands on at most so much of a socket at a time (256 KiB, on Windows 64 KiB), less what a message cut
# in two leaves for the next time: where it is that much, more waits in the system.
_FULL_READ = 60_000 if sys.platform == "win32" else 250_000
_IN_A_ROW = 3


class Backlog:
    """Count the bytes of each turn of the reader, which reads all that has come before it waits again.

    call_soon: the loop's; its callback runs when the reader waits.
    """

    __slots__ = ("_bytes", "_call_soon", "_full_turns", "is_behind")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._bytes = 0
        self._full_turns = 0
        self.is_behind = False
        """The last few turns found as much as one read gives."""

    def count(self, size: int) -> None:
        """Note one message."""
        if not self._bytes:
            self._call_soon(self._turn_over)
        self._bytes += size

    def _turn_over(self) -> None:
        self._full_turns = self._full_turns + 1 if self._bytes >= _FULL_READ else 0
        self._bytes = 0
        self.is_behind = self._full_turns >= _IN_A_ROW
