"""One clock for every repaint: dirty keys in, one flush a frame out.

A first change after a quiet time is flushed at once (in the next turn of the loop); while changes keep
coming, flushes are a frame apart: some 11 ms, more where the loop is too busy to keep that up. Nothing is
done when nothing changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

FRAME_SECONDS = 1 / 60
FASTEST_SECONDS = 1 / 90
SLOW_SECONDS = 1 / 30
_LATE_SECONDS = 0.004
_LATER, _SOONER = 0.002, 0.0003
HOLD_SECONDS = 0.006
_SLOW_KEPT = 500


class FrameClock(QObject):
    """Call each requested flush at most once a frame."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: dict[Callable[[], None], float] = {}
        """What to call, and the seconds that lie at least between two calls of it, zero for every frame."""
        self._due: dict[Callable[[], None], float] = {}
        self._last_flush = 0.0
        self._interval = FRAME_SECONDS
        self._due_at = 0.0
        self._held_until = 0.0
        self.longest_flush = 0.0
        """Seconds, since the status bar last asked (`take_longest`)."""
        self._slow: deque[tuple[float, float]] = deque(maxlen=_SLOW_KEPT)
        """When the last slow flushes ended (`perf_counter`), and what they took."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._flush)

    def request(self, flush: Callable[[], None]) -> None:
        """Want `flush` in the next frame; cheap to call for every message (keep the bound method)."""
        self._wanted[flush] = 0.0
        if not self._timer.isActive():
            self._start()

    def request_slow(self, flush: Callable[[], None]) -> None:
        """Want `flush` soon, at most every second frame: for what costs much and no eye follows faster."""
        self._wanted.setdefault(flush, SLOW_SECONDS)
        if not self._timer.isActive():
            self._start()

    def hold(self) -> None:
        """Flush nothing for a few milliseconds: what matters more, an order, is on its way out."""
        self._held_until = perf_counter() + HOLD_SECONDS

    @property
    def is_held(self) -> bool:
        """Tell whether nothing may come between an order and its socket now."""
        return perf_counter() < self._held_until

    def release(self) -> None:
        """End `hold` early."""
        self._held_until = 0.0

    def _start(self) -> None:
        now = perf_counter()
        self._due_at = max(self._last_flush + self._interval, self._held_until, now)
        self._timer.start(int((self._due_at - now) * 1000))

    def forget(self, flush: Callable[[], None]) -> None:
        """Drop a request, for a widget that goes away."""
        self._wanted.pop(flush, None)
        self._due.pop(flush, None)

    def _flush(self) -> None:
        begun = perf_counter()
        if self.is_held:
            self._timer.start(1 + int((self._held_until - begun) * 1000))
            return
        self._last_flush = begun
        # A loop that comes late to its frames is busy: they come further apart, so that it keeps up.
        step = _LATER if begun - self._due_at > _LATE_SECONDS else -_SOONER
        self._interval = min(SLOW_SECONDS, max(FASTEST_SECONDS, self._interval + step))
        wanted, self._wanted = self._wanted, {}
        try:
            while wanted:
                flush, spacing = next(iter(wanted.items()))
                del wanted[flush]
                if spacing:
                    if begun < self._due.get(flush, 0.0):
                        self.request_slow(flush)
                        continue
                    self._due[flush] = begun + spacing - FRAME_SECONDS / 2
                flush()
        finally:
            # A flush that raises goes to the last stop for bugs; the others of the frame are kept.
            for flush in wanted:
                self.request(flush)
        ended = perf_counter()
        self.longest_flush = max(self.longest_flush, ended - begun)
        if ended - begun >= FRAME_SECONDS:
            self._slow.append((ended, ended - begun))

    def take_longest(self) -> float:
        """Return the longest flush in seconds since the last call."""
        longest, self.longest_flush = self.longest_flush, 0.0
        return longest

    def longest_within(self, seconds: float) -> float:
        """Return the longest flush of the last `seconds`, zero when none was longer than a frame."""
        since = perf_counter() - seconds
        return max((taken for ended, taken in self._slow if ended >= since), default=0.0)

    def stop(self) -> None:
        """Flush no more."""
        self._timer.stop()
        self._wanted.clear()
        self._due.clear()
