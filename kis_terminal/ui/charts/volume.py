"""Volume columns at the bottom of the price pane."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from kis_terminal.ui.charts.candles import Part, body_width
from kis_terminal.ui.charts.frame import Frame, Scale
from kis_terminal.ui.charts.primitives import RectBatch
from kis_terminal.ui.theme import Theme


class VolumeLayer:
    """Draw the traded shares of each bucket from the bottom up."""

    def __init__(self, theme: Theme) -> None:
        self._share = theme.chart.body_share
        colours, fill = theme.colours, theme.chart.volume_fill
        self._fills = (theme.tinted(colours.up, fill), theme.tinted(colours.down, fill))
        self._rects = RectBatch()

    def draw(self, painter: QPainter, frame: Frame, scale: Scale, part: Part) -> None:
        """Draw a part of the frame."""
        chosen = slice(part.begin, part.end)
        bars = frame.bars
        x = frame.x[chosen]
        if not len(x):
            return
        volume = bars.volume[chosen]
        rose = bars.close[chosen] >= bars.open[chosen]
        width = body_width(frame.bucket_step, self._share)
        top = np.floor(scale.ys(volume))
        # A bar that traded shows at least one pixel; one that did not shows none.
        height = np.maximum(scale.bottom - top, (volume > 0).astype(np.float64))
        top = scale.bottom - height
        left = x - width // 2
        painter.setPen(Qt.PenStyle.NoPen)
        for fill, of_colour in zip(self._fills, (rose, ~rose), strict=True):
            painter.setBrush(fill)
            self._rects.draw(painter, left[of_colour], top[of_colour], width, height[of_colour])
