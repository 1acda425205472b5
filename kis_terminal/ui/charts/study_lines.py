"""Indicator lines and columns of the visible stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from kis_terminal.ui.charts.candles import Part, body_width
from kis_terminal.ui.charts.frame import Frame, Scale
from kis_terminal.ui.charts.primitives import RectBatch, draw_curve
from kis_terminal.ui.charts.studies import StudyValues
from kis_terminal.ui.theme import Theme

Column = NDArray[np.float64]


def at_buckets(lines: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Return the values at the last bar of each bucket, from values of the bars `begin` to `end`."""
    factor = frame.bars.factor
    if factor == 1:
        return lines
    last = np.minimum(np.arange(frame.bars.begin + 1, frame.bars.end + 1) * factor, frame.end) - 1
    return lines[:, last - frame.begin]


class StudyLayer:
    """Draw the lines of one study over a pane."""

    def __init__(self, theme: Theme, values: StudyValues) -> None:
        self.values = values
        self._theme = theme
        colours = [theme.study(place) for place in values.study.colours]
        self._pens = [QPen(colour) for colour in colours]
        self._smooth_pens = [QPen(colour, theme.chart.line_width) for colour in colours]
        self._fills = (
            theme.tinted(theme.colours.up, theme.chart.volume_fill),
            theme.tinted(theme.colours.down, theme.chart.volume_fill),
        )
        self._rects = RectBatch()

    def draw(
        self,
        painter: QPainter,
        frame: Frame,
        lines: NDArray[np.float64],
        scale: Scale,
        part: Part,
        is_smooth: bool,
    ) -> None:
        """Draw a part of the frame; `lines` are the values at its buckets."""
        study = self.values.study
        chosen = slice(max(0, part.begin - 1), part.end)
        x = frame.x[chosen]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place, line in enumerate(lines):
            if place == study.histogram:
                exact = slice(part.begin, part.end)
                self._draw_columns(painter, frame, frame.x[exact], line[exact], scale)
                continue
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, is_smooth)
            painter.setPen((self._smooth_pens if is_smooth else self._pens)[place])
            draw_curve(painter, x, scale.ys(line[chosen]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_columns(self, painter: QPainter, frame: Frame, x: Column, values: Column, scale: Scale) -> None:
        known = np.isfinite(values)
        x, values = x[known], values[known]
        width = body_width(frame.bucket_step, self._theme.chart.body_share)
        zero = np.floor(scale.y(0.0))
        y = np.floor(scale.ys(values))
        top, height = np.minimum(y, zero), np.maximum(np.abs(y - zero), 1.0)
        left = x - width // 2
        rose = values >= 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        for fill, of_colour in zip(self._fills, (rose, ~rose), strict=True):
            painter.setBrush(fill)
            self._rects.draw(painter, left[of_colour], top[of_colour], width, height[of_colour])
