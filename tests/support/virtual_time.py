"""An asyncio loop whose time passes as fast as nothing happens: timers are real, waiting is not."""

from __future__ import annotations

import asyncio
import selectors


class _PassingSelector(selectors.DefaultSelector):
    """Take a time-out for slept."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; without anything ready the time-out has passed."""
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("everybody waits and nothing will ever happen")
        if not ready:
            self.passed += max(timeout or 0.0, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Run timers in their order without waiting for them; `time()` starts at 0."""

    def __init__(self) -> None:
        self._passing = _PassingSelector()
        super().__init__(self._passing)
        # A timer counts as due a resolution early; real clocks move on by themselves.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._passing.passed
