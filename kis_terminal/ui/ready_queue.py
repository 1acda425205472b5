"""What the event loop has to run next, all of it in one turn of Qt's loop.

qasync makes a Qt timer for each callback that asyncio schedules, and each waits for the next turn of Qt's
loop, behind whatever is painted there. A request is half a dozen such steps, a message of the stream two.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt

_LONGEST_SECONDS = 0.008
"""Then Qt has its turn: paints, keys and timers."""
_LONGEST_URGENT_SECONDS = 0.05
"""The same for what is urgent, which should never need it."""


class ReadyQueue(QObject):
    """Run handles in the order they came, those that they schedule meanwhile included; urgent ones first."""

    def __init__(self) -> None:
        super().__init__()
        self._handles: deque[asyncio.Handle] = deque()
        self._urgent: deque[asyncio.Handle] = deque()
        self._is_awake = False

    def add(self, handle: asyncio.Handle, is_urgent: bool) -> None:
        """Run `handle` soon; called in the loop's own thread."""
        (self._urgent if is_urgent else self._handles).append(handle)
        if not self._is_awake:
            self._wake()

    def _wake(self) -> None:
        self._is_awake = True
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User), Qt.EventPriority.NormalEventPriority.value)

    def event(self, event: QEvent) -> bool:
        """Run what is ready, for a few milliseconds at most."""
        if event.type() is not QEvent.Type.User:
            return super().event(event)
        # A callback that lets Qt's loop turn within itself wakes the rest again by what it schedules.
        self._is_awake = False
        handles, urgent, begun = self._handles, self._urgent, perf_counter()
        try:
            while urgent or handles:
                handle = (urgent or handles).popleft()
                if not handle.cancelled():
                    handle._run()
                if perf_counter() - begun >= (_LONGEST_URGENT_SECONDS if urgent else _LONGEST_SECONDS):
                    break
        finally:
            # What raised through (an interrupt, the end of the program) leaves the others in place.
            if (urgent or handles) and not self._is_awake:
                self._wake()
        return True
