"""How long the window's loop could do nothing: a timer that notes how late it comes."""

from __future__ import annotations

from collections import deque
from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_SECONDS = 0.05
_WORTH_NOTING = 0.01
_KEPT = 500


class LoopGauge(QObject):
    """Beat while started; costs nothing otherwise."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        """When a beat came late, and by how many seconds."""
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(int(_BEAT_SECONDS * 1000))
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to listen; what was noted earlier stays."""
        self._last = perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Listen no more."""
        self._timer.stop()

    def _beat(self) -> None:
        now = perf_counter()
        late, self._last = now - self._last - _BEAT_SECONDS, now
        if late >= _WORTH_NOTING:
            self._late.append((now, late))

    def longest_within(self, seconds: float) -> float:
        """Return the longest delay of the last `seconds`, zero when none was worth noting."""
        since = perf_counter() - seconds
        return max((late for at, late in self._late if at >= since), default=0.0)
