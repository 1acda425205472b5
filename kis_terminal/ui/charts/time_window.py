"""Which bars are seen: the horizontal state of a chart, without Qt.

Bar `i` takes the room from `i` to `i + 1`, so that hours without trading leave no hole.
"""

from __future__ import annotations

LEAST_BARS = 12.0
_ROOM_RIGHT = 3.0
"""Empty bars kept right of the last one."""
_MOST_PIXELS = 80.0


class TimeWindow:
    """Own the left edge and the width of the visible stretch, in bars.

    The last bar is followed for as long as it is in sight.
    """

    def __init__(self, step: float) -> None:
        self.count = 0
        self.width = 1
        """Pixels."""
        self.first = 0.0
        self.span = 100.0
        self._opening_step = step
        self._is_opening = True
        """Whether nobody has moved or zoomed since the last reset."""

    @property
    def step(self) -> float:
        """Return the pixels of one bar."""
        return self.width / self.span

    @property
    def is_following(self) -> bool:
        """Tell whether the last bar is in sight and stays there when bars are appended."""
        return self.first + self.span >= self.count

    @property
    def _end(self) -> float:
        return self.count + _ROOM_RIGHT

    def reset(self) -> None:
        """Show the newest bars at the opening size."""
        self.span = max(LEAST_BARS, self.width / self._opening_step)
        self.first = self._end - self.span
        self._is_opening = True

    def resize(self, width: int) -> None:
        """Keep the size of a bar and the right edge."""
        if self._is_opening:
            self.width = max(1, width)
            self.reset()
            return
        right, step = self.first + self.span, self.step
        self.width = max(1, width)
        self.span = max(LEAST_BARS, self.width / step)
        self.first = right - self.span
        self._clamp()

    def take_count(self, count: int) -> None:
        """Note that the series now has `count` bars; a followed last bar stays in its place."""
        appended, follows = count - self.count, self.is_following
        self.count = count
        if follows and appended > 0:
            self.first += appended
        self._clamp()

    def pan(self, bars: float) -> None:
        """Move to later bars, earlier ones when negative."""
        self.first += bars
        self._clamp()
        self._is_opening &= bars == 0.0

    def zoom(self, factor: float, anchor: float) -> None:
        """Show `factor` times as many bars, with the bar position `anchor` kept where it is."""
        most = max(LEAST_BARS, self.count + 2 * _ROOM_RIGHT)
        least = max(LEAST_BARS, self.width / _MOST_PIXELS)
        span = min(max(self.span * factor, least), max(most, least))
        share = (anchor - self.first) / self.span
        self.first = anchor - share * span
        self.span = span
        self._clamp()
        self._is_opening = False

    def show_all(self) -> None:
        """Show every bar."""
        self.span = max(LEAST_BARS, self._end)
        self.first = self._end - self.span
        self._is_opening = False

    def show_first(self) -> None:
        """Show the oldest bars."""
        self.first = 0.0
        self._clamp()
        self._is_opening = False

    def show_last(self) -> None:
        """Show the newest bars at the present size."""
        self.first = self._end - self.span

    def _clamp(self) -> None:
        # Some bars always stay in sight, else an empty chart would look like missing data.
        latest = self._end - min(LEAST_BARS, self.span)
        earliest = min(0.0, self._end - self.span)
        self.first = max(min(self.first, latest), earliest)
