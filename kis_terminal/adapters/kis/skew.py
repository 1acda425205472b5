"""How far the server's clock is from ours, from the `Date` of its answers."""

from __future__ import annotations


class SkewEstimate:
    """Narrow the server's clock minus ours down; pure, times are seconds since the epoch.

    A `Date` counts whole seconds, so one answer alone is good to half a second. Every answer tells two bounds
    (the server wrote it after the request left and before the answer came); what all of them allow is good to
    some milliseconds after a dozen answers. An answer that fits no more, since one of the clocks was set or
    has drifted, begins anew.
    """

    def __init__(self) -> None:
        self._low = float("-inf")
        self._high = float("inf")

    @property
    def seconds(self) -> float | None:
        """Return the server's clock minus ours, None before the first answer."""
        return (self._low + self._high) / 2 if self._low > float("-inf") else None

    def take(self, date: float, sent: float, received: float) -> None:
        """Carry one answer in: its `Date`, and our clock when the request left and the answer came."""
        low, high = date - received, date + 1.0 - sent
        if low > high:  # our clock was set between the two
            return
        if low > self._high or high < self._low:
            self._low, self._high = low, high
        else:
            self._low, self._high = max(self._low, low), min(self._high, high)
