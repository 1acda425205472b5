"""One pane of the chart: a pyqtgraph view box for its ranges and one item that paints everything in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from kis_terminal.ui.charts.candles import CandleLayer, ClosingLineLayer, Part
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.frame import Frame, Scale, bounds
from kis_terminal.ui.charts.legend import Legend
from kis_terminal.ui.charts.marks import FillLayer, OrderLayer
from kis_terminal.ui.charts.price_axis import LabelCache, PriceAxis
from kis_terminal.ui.charts.shown_bars import ShownBars
from kis_terminal.ui.charts.studies import StudyValues
from kis_terminal.ui.charts.study_lines import StudyLayer, at_buckets
from kis_terminal.ui.charts.volume import VolumeLayer
from kis_terminal.ui.theme import Theme

_SMOOTH_MOST = 420
"""Buckets up to which lines are smoothed at rest; longer lines cost milliseconds and look the same."""
_OVERLAY_ROOM = 0.15
"""How much of the candles' range the scale may grow on each side so that overlays are seen."""

TimePlaces = list[tuple[float, str, int]]


class PaneItem(pg.GraphicsObject):
    """Base of the panes. What does not change between two ticks is kept as a picture while nothing moves.

    `arrange` is called for every new frame, `take_last_bar` when only the last bar changed.
    """

    def __init__(self, theme: Theme, axis: PriceAxis, legend: Legend) -> None:
        super().__init__()
        self.theme = theme
        self.axis = axis
        self.legend = legend
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self.setParentItem(self.box)
        self._ground = QRect()
        self.room = QRectF()
        """The pane in pixels of the chart; the item itself paints from (0, 0)."""
        self.frame: Frame | None = None
        self.scale = Scale(0.0, 1.0, 0.0, 1.0)
        self.grid_values: list[float] = []
        self.guides: tuple[float, ...] = ()
        self.time_places: TimePlaces = []
        self._still: QPixmap | None = None
        self._border_pen = QPen(theme.colours.line)

    def boundingRect(self) -> QRectF:
        """Return the pane's rectangle."""
        return QRectF(0, 0, self.room.width(), self.room.height())

    def set_room(self, room: QRectF) -> None:
        """Take another place in the chart."""
        self.prepareGeometryChange()
        self.room = room
        self._ground = QRect(0, 0, int(room.width()), int(room.height()))
        self.box.setGeometry(room)
        self._still = None

    # -- geometry ---

    def arrange(self, frame: Frame, places: TimePlaces) -> None:
        """Take a new frame: values, scale, grid; the kept picture is outdated."""
        self.frame, self.time_places = frame, places
        self._still = None
        self.read_values(frame)
        self.scale = self.scale_for(frame)
        self.grid_values = self.axis.values(self.scale, *self.grid_span(), self.guides)
        top, bottom = self.scale.value(0.0), self.scale.value(self.room.height())
        self.box.setRange(
            xRange=(frame.first, frame.first + frame.width / frame.step), yRange=(bottom, top), padding=0
        )
        self.update()

    def take_last_bar(self, frame: Frame) -> bool:
        """Take new values of the last bar; False when the scale has to change and with it everything."""
        self.frame = frame
        self.read_values(frame)
        return self.scale_for(frame) == self.scale

    def grid_span(self) -> tuple[float, float]:
        """Return the pixels between which the pane has grid lines."""
        return 0.0, self.room.height()

    def read_values(self, frame: Frame) -> None:
        """Fetch what is drawn besides the bars. Overridden."""

    def scale_for(self, frame: Frame) -> Scale:
        """Return the scale that shows the frame. Overridden."""
        raise NotImplementedError

    # -- painting ---

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint the frame: from the kept picture and the last bar, or everything."""
        frame = self.frame
        if frame is None:
            return
        painter.setClipRect(self._ground, Qt.ClipOperation.IntersectClip)
        count = len(frame.x)
        if self._still is not None:
            painter.drawPixmap(0, 0, self._still)
            # The last bar and what leads to it may have changed since the picture was taken.
            self.draw_part(painter, frame, Part(max(0, count - 1), count), self.is_smooth)
        else:
            painter.fillRect(self._ground, self.theme.colours.bg1)
            self._draw_grid(painter)
            self.draw_part(painter, frame, Part(0, count), False)
        self.draw_live(painter, frame)

    @property
    def is_smooth(self) -> bool:
        """Tell whether lines are smoothed at rest."""
        return self.frame is not None and len(self.frame.x) <= _SMOOTH_MOST

    def rest(self, ratio: float) -> None:
        """Keep a picture of all but the last bar; `ratio` is the screen's pixels per logical pixel."""
        frame = self.frame
        if frame is None or self.room.isEmpty():
            return
        still = QPixmap(round(self.room.width() * ratio), round(self.room.height() * ratio))
        still.setDevicePixelRatio(ratio)
        still.fill(self.theme.colours.bg1)
        painter = QPainter(still)
        self._draw_grid(painter)
        self.draw_part(painter, frame, Part(0, max(0, len(frame.x) - 1)), self.is_smooth)
        painter.end()
        self._still = still
        self.update()

    def _draw_grid(self, painter: QPainter) -> None:
        # Thin rectangles: the same pixels as lines, filled faster.
        colour, width, height = self.theme.colours.line, self._ground.width(), self._ground.height()
        for value in self.grid_values:
            painter.fillRect(0, round(self.scale.y(value)), width, 1, colour)
        for x, _, _ in self.time_places:
            painter.fillRect(int(x), 0, 1, height, colour)

    def draw_part(self, painter: QPainter, frame: Frame, part: Part, is_smooth: bool) -> None:
        """Draw bars and lines of a part of the frame. Overridden."""

    def draw_live(self, painter: QPainter, frame: Frame) -> None:
        """Draw what lies upon the bars. Overridden."""


class PricePane(PaneItem):
    """Bars, overlays, volume, own fills and orders, and the line of the last price."""

    def __init__(
        self, theme: Theme, axis: PriceAxis, legend: Legend, labels: LabelCache, shown: ShownBars
    ) -> None:
        super().__init__(theme, axis, legend)
        self.shown = shown
        self.has_volume = True
        self.overlays: list[StudyLayer] = []
        self._lines: list[NDArray[np.float64]] = []
        self._candles, self._closing = CandleLayer(theme), ClosingLineLayer(theme)
        self._volume = VolumeLayer(theme)
        self.fills, self.orders = FillLayer(theme, labels), OrderLayer(theme, labels)
        self._volume_scale = Scale(0.0, 1.0, 0.0, 1.0)
        self._last_pens = {}
        for way, colour in ((True, theme.colours.up), (False, theme.colours.down)):
            pen = QPen(colour)
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern(list(theme.chart.dash))
            self._last_pens[way] = pen
        self.has_risen = True
        """Whether the last price is shown in the colour of a rise."""

    @property
    def _volume_top(self) -> float:
        share = self.theme.chart.volume_share if self.has_volume else 0.0
        return float(round(self.room.height() * (1.0 - share)))

    def grid_span(self) -> tuple[float, float]:
        """Return the part above volume: prices below it would be read as volumes."""
        return 0.0, self._volume_top

    def read_values(self, frame: Frame) -> None:
        """Fetch the values of the overlays."""
        series = self.shown.series
        if series is None:
            self._lines = []
            return
        self._lines = [
            at_buckets(layer.values.lines(series.values, frame.begin, frame.end), frame)
            for layer in self.overlays
        ]

    def scale_for(self, frame: Frame) -> Scale:
        """Span the visible bars, and overlays a little beyond them; sets the scale of volume too."""
        height = self.room.height()
        if frame.is_empty:
            return Scale(0.0, 1.0, 0.0, max(1.0, height))
        if self.shown.kind is ChartKind.LINE:
            low, high = bounds(float(frame.bars.close.min()), float(frame.bars.close.max()))
        else:
            low, high = bounds(float(frame.bars.low.min()), float(frame.bars.high.max()))
        allowed = (high - low) * _OVERLAY_ROOM
        least, most = low, high
        for lines in self._lines:
            if lines.size and not np.isnan(lines).all():
                least, most = min(least, float(np.nanmin(lines))), max(most, float(np.nanmax(lines)))
        low, high = max(low - allowed, least), min(high + allowed, most)
        volume_top = self._volume_top
        most_volume = float(frame.bars.volume.max())
        self._volume_scale = Scale(0.0, max(most_volume, 1.0), volume_top, float(int(height)))
        margin = height * self.theme.chart.price_margin
        return Scale(low, high, margin, max(margin + 1.0, volume_top - margin / 2))

    def take_last_bar(self, frame: Frame) -> bool:
        """Take new values of the last bar; a new greatest volume changes the scale as well."""
        before = self._volume_scale
        return super().take_last_bar(frame) and self._volume_scale == before

    def draw_part(self, painter: QPainter, frame: Frame, part: Part, is_smooth: bool) -> None:
        """Draw volume, bars and overlays."""
        if self.has_volume:
            self._volume.draw(painter, frame, self._volume_scale, part)
        if self.shown.kind is ChartKind.LINE:
            self._closing.draw(painter, frame, self.scale, part, is_smooth)
        else:
            self._candles.draw(painter, frame, self.scale, part)
        if frame.is_empty:
            return
        for layer, lines in zip(self.overlays, self._lines, strict=True):
            layer.draw(painter, frame, lines, self.scale, part, is_smooth)

    @property
    def last_price(self) -> float | None:
        """Return the newest closing price."""
        series = self.shown.series
        return float(series.values[-1, 3]) if series is not None and len(series) else None

    def draw_live(self, painter: QPainter, frame: Frame) -> None:
        """Draw the last price, the fills and the orders."""
        series, price = self.shown.series, self.last_price
        if series is None or price is None:
            return
        y = float(round(self.scale.y(price)))
        painter.setPen(self._last_pens[self.has_risen])
        painter.drawLine(QLineF(0, y, self.room.width(), y))
        self.fills.draw(painter, frame, series.times, series.values, self.shown.structure, self.scale)
        self.orders.draw(painter, self.scale, self.boundingRect())


class StudyPane(PaneItem):
    """One study in a pane of its own."""

    def __init__(
        self, theme: Theme, axis: PriceAxis, legend: Legend, values: StudyValues, shown: ShownBars
    ) -> None:
        super().__init__(theme, axis, legend)
        self.layer = StudyLayer(theme, values)
        self.guides = values.study.guides if values.study.bounds is not None else ()
        self._shown = shown
        self._lines: NDArray[np.float64] = np.empty((len(values.study.labels), 0))
        self.legend_row: Sequence[float] = ()
        """Values shown in the pane's corner."""

    def read_values(self, frame: Frame) -> None:
        """Fetch the study's values."""
        series = self._shown.series
        if series is not None:
            lines = self.layer.values.lines(series.values, frame.begin, frame.end)
            self._lines = at_buckets(lines, frame)

    def scale_for(self, frame: Frame) -> Scale:
        """Span the study's fixed bounds or its visible values."""
        study = self.layer.values.study
        if study.bounds is not None:
            low, high = study.bounds
        elif self._lines.size and not np.isnan(self._lines).all():
            low, high = bounds(float(np.nanmin(self._lines)), float(np.nanmax(self._lines)))
        else:
            low, high = 0.0, 1.0
        margin = self.room.height() * self.theme.chart.price_margin
        return Scale(low, high, margin, max(margin + 1.0, self.room.height() - margin))

    def draw_part(self, painter: QPainter, frame: Frame, part: Part, is_smooth: bool) -> None:
        """Draw the study's columns and lines."""
        self.layer.draw(painter, frame, self._lines, self.scale, part, is_smooth)

    def draw_live(self, painter: QPainter, frame: Frame) -> None:
        """Draw the border to the pane above and the legend in the corner."""
        painter.setPen(self._border_pen)
        painter.drawLine(QLineF(0, 0, self.room.width(), 0))
        if len(self.legend_row):
            study = self.layer.values.study
            pieces = self.legend.study_pieces(study, self.legend_row, has_values=True)
            inset = self.theme.metrics.inset
            self.legend.draw(painter, pieces, QRectF(inset, 2, self.room.width() - inset, inset * 2))
