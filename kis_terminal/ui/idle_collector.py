"""Python's garbage collector, run between frames instead of wherever an allocation happens to start it.

A collection of everything takes tens of milliseconds and may otherwise fall between a click and its order.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

from kis_terminal.ui.frame_clock import FrameClock

_STEP_MILLISECONDS = 500
_MIDDLE_EVERY, _ALL_EVERY = 8, 600
"""Steps between two collections of the middle generation, and of everything since the start."""


class Collector(QObject):
    """Take over from the automatic collector at `start`, and give back at `stop`."""

    def __init__(self, frame_clock: FrameClock) -> None:
        super().__init__()
        self._frame_clock = frame_clock
        self._steps = 0
        self._was_automatic = False
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MILLISECONDS)
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        """Set aside what the start has built, which lives to the end, and collect in steps from now on."""
        gc.freeze()
        self._was_automatic = gc.isenabled()
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Leave it as it was before."""
        if self._timer.isActive():
            self._timer.stop()
            if self._was_automatic:
                gc.enable()
            gc.unfreeze()

    def _step(self) -> None:
        if self._frame_clock.is_held:
            return
        self._steps += 1
        if self._steps % _ALL_EVERY == 0:
            gc.collect()
        else:
            gc.collect(1 if self._steps % _MIDDLE_EVERY == 0 else 0)
