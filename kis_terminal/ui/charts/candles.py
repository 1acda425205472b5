"""Candles of the visible stretch: wicks and bodies of each colour in one call each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from kis_terminal.ui.charts.frame import Frame, Scale
from kis_terminal.ui.charts.primitives import LineBatch, RectBatch, draw_curve
from kis_terminal.ui.theme import Theme

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Which buckets of a frame to draw."""

    begin: int
    end: int


def whole(frame: Frame) -> Part:
    """Return the part that is everything."""
    return Part(0, len(frame.x))


def body_width(step: float, share: float) -> int:
    """Return the width of a body in whole pixels, odd so that the wick is in its middle."""
    width = int(step * share)
    if width % 2 == 0:
        width += 1 if width + 2 <= step else -1
    return max(1, width)


class CandleLayer:
    """Draw candles; where a bucket is narrower than two pixels, its range as one line."""

    def __init__(self, theme: Theme) -> None:
        self._share = theme.chart.body_share
        self._colours = (theme.colours.up, theme.colours.down)
        self._pens = tuple(QPen(colour) for colour in self._colours)
        self._rects, self._lines = RectBatch(), LineBatch()

    def draw(self, painter: QPainter, frame: Frame, scale: Scale, part: Part) -> None:
        """Draw a part of the frame."""
        chosen = slice(part.begin, part.end)
        bars = frame.bars
        x = frame.x[chosen]
        if not len(x):
            return
        opens, closes = bars.open[chosen], bars.close[chosen]
        high = np.floor(scale.ys(bars.high[chosen]))
        low = np.floor(scale.ys(bars.low[chosen]))
        rose = closes >= opens
        width = body_width(frame.bucket_step, self._share)
        if width > 1:
            top = np.floor(scale.ys(np.maximum(opens, closes)))
            height = np.maximum(np.floor(scale.ys(np.minimum(opens, closes))) - top, 1.0)
            left = x - width // 2
        for colour, pen, of_colour in zip(self._colours, self._pens, (rose, ~rose), strict=True):
            painter.setPen(pen)
            self._lines.draw(painter, x[of_colour], high[of_colour], low[of_colour])
            if width > 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                self._rects.draw(painter, left[of_colour], top[of_colour], width, height[of_colour])


class ClosingLineLayer:
    """Draw the closing prices as one line."""

    def __init__(self, theme: Theme) -> None:
        self._pen = QPen(theme.colours.text)
        self._smooth_pen = QPen(theme.colours.text, theme.chart.line_width)

    def draw(self, painter: QPainter, frame: Frame, scale: Scale, part: Part, is_smooth: bool) -> None:
        """Draw a part of the frame, from the bucket before it so that the line goes through."""
        chosen = slice(max(0, part.begin - 1), part.end)
        painter.setPen(self._smooth_pen if is_smooth else self._pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, is_smooth)
        draw_curve(painter, frame.x[chosen], scale.ys(frame.bars.close[chosen]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
