"""The geometry of one frame, worked out once and read by everything that draws in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from kis_terminal.ui.charts.pyramid import Slice, factor_for
from kis_terminal.ui.charts.shown_bars import ShownBars
from kis_terminal.ui.charts.time_window import TimeWindow

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to pixels of a pane: `low` lies at `bottom`, `high` at `top`."""

    low: float
    high: float
    top: float
    bottom: float

    def y(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.bottom - (value - self.low) * (self.bottom - self.top) / (self.high - self.low)

    def ys(self, values: Column) -> Column:
        """Return the pixels of many values."""
        factor = (self.bottom - self.top) / (self.high - self.low)
        result: Column = self.bottom + self.low * factor - values * factor
        return result

    def value(self, y: float) -> float:
        """Return the value at a pixel."""
        return self.low + (self.bottom - y) * (self.high - self.low) / (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Frame:
    """The visible bars: `first` is the bar position at the left edge, `step` the pixels of one bar.

    `bars` are the buckets that are drawn, `x` the whole pixel in the middle of each.
    """

    first: float
    step: float
    width: int
    begin: int
    end: int
    bars: Slice
    x: Column

    @property
    def bucket_step(self) -> float:
        """Return the pixels of one bucket."""
        return self.step * self.bars.factor

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not len(self.x)

    def x_of(self, bar: int) -> float:
        """Return the whole pixel in the middle of a bar."""
        return float(floor((bar + 0.5 - self.first) * self.step))


def frame_of(window: TimeWindow, shown: ShownBars) -> Frame:
    """Work out the frame for the present window."""
    count, step = len(shown), window.step
    begin = min(max(0, floor(window.first)), count)
    end = min(max(begin, ceil(window.first + window.span)), count)
    factor = factor_for(step)
    bars = shown.slice(begin, end, factor)
    middle = np.arange(bars.begin, bars.end) * factor + (factor / 2 - window.first)
    return Frame(window.first, step, window.width, begin, end, bars, np.floor(middle * step))


def bounds(low: float, high: float) -> tuple[float, float]:
    """Return limits that span something even where all values are equal or unknown."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0, 1.0
    if high <= low:
        room = max(abs(high) * 0.01, 1e-9)
        return low - room, high + room
    return low, high
