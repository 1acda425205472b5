"""One clock for every repaint: dirty keys in, one flush a frame out.

A first change after a quiet time is flushed at once (in the next turn of the loop); while changes keep
coming, flushes are a frame apart. Nothing is done when nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

FRAME_SECONDS = 1 / 60


class FrameClock(QObject):
    """Call each requested flush at most once a frame."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: dict[Callable[[], None], None] = {}
        self._last_flush = 0.0
        self.longest_flush = 0.0
        """Seconds, since the status bar last asked (`take_longest`)."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._flush)

    def request(self, flush: Callable[[], None]) -> None:
        """Want `flush` in the next frame; cheap to call for every message (keep the bound method)."""
        self._wanted[flush] = None
        if not self._timer.isActive():
            due = self._last_flush + FRAME_SECONDS - perf_counter()
            self._timer.start(max(0, int(due * 1000)))

    def forget(self, flush: Callable[[], None]) -> None:
        """Drop a request, for a widget that goes away."""
        self._wanted.pop(flush, None)

    def _flush(self) -> None:
        begun = perf_counter()
        self._last_flush = begun
        wanted, self._wanted = self._wanted, {}
        for flush in wanted:
            flush()
        self.longest_flush = max(self.longest_flush, perf_counter() - begun)

    def take_longest(self) -> float:
        """Return the longest flush in seconds since the last call."""
        longest, self.longest_flush = self.longest_flush, 0.0
        return longest

    def stop(self) -> None:
        """Flush no more."""
        self._timer.stop()
        self._wanted.clear()
