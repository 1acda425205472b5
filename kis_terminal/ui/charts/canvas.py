"""The chart as a picture: panes, axes and crosshair in one pyqtgraph view; `plot` adds the hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from kis_terminal.domain.bars import BarSeries
from kis_terminal.ui.charts.crosshair import Crosshair
from kis_terminal.ui.charts.drawn import ChartKind, FillMark, OrderMark
from kis_terminal.ui.charts.edges import CrosshairItem, Edges
from kis_terminal.ui.charts.frame import Frame, frame_of
from kis_terminal.ui.charts.legend import Legend, Piece
from kis_terminal.ui.charts.panes import PaneItem, PricePane, StudyPane
from kis_terminal.ui.charts.price_axis import LabelCache, PriceAxis
from kis_terminal.ui.charts.shown_bars import ShownBars
from kis_terminal.ui.charts.studies import StudyValues
from kis_terminal.ui.charts.study_lines import StudyLayer
from kis_terminal.ui.charts.study_list import Study
from kis_terminal.ui.charts.time_axis import TimeAxis, crosshair_text
from kis_terminal.ui.charts.time_window import TimeWindow
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_REST_MILLISECONDS = 120


def _identity(value: float) -> float:
    return value


class ChartCanvas(pg.GraphicsView):
    """Show one series with its studies and the account's marks."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        # Cleaning up at exit walks all objects, which costs more than the program's end is worth.
        pg.setConfigOptions(antialias=False, useOpenGL=False, exitCleanup=False)
        super().__init__(parent, useOpenGL=False, background=None)
        # Every item fills its own ground: filling the whole view first costs a third of a frame.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.theme = theme
        self.snapped: Callable[[float], float] = _identity
        """Gives the price on a tick nearest to any value."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("차트"))
        self.window_of_time = TimeWindow(theme.chart.bar_step)
        self.shown = ShownBars()
        self.studies: list[StudyValues] = []
        labels = LabelCache(theme, theme.metrics.label)
        bold = LabelCache(theme, theme.metrics.label, is_bold=True)
        self._price_axis, self._time_axis = PriceAxis(theme, labels, bold), TimeAxis(theme, labels, bold)
        self._legend = Legend(theme)
        self.price_pane = PricePane(theme, self._price_axis, self._legend, bold, self.shown)
        self.study_panes: list[StudyPane] = []
        self.crosshair = Crosshair(theme)
        self._edges = Edges(theme, self._price_axis, self._time_axis, self._legend, self.price_pane)
        self._cross_item = CrosshairItem(
            theme, self.crosshair, self._edges, self._price_axis, self._time_axis, self._snap
        )
        for place, item in enumerate((self.price_pane.box, self._edges, self._cross_item)):
            item.setZValue(place * 10)
            self.scene().addItem(item)
        self._price_strip = QRectF()
        """Where the last price was painted last; the series itself is ahead of the picture."""
        self._is_laid_out = False
        self._rest_timer = QTimer(self)
        self._rest_timer.setSingleShot(True)
        self._rest_timer.setInterval(_REST_MILLISECONDS)
        self._rest_timer.timeout.connect(self._rest)

    # -- what is shown ---

    @property
    def panes(self) -> list[PaneItem]:
        """Return all panes, the price pane first."""
        return [self.price_pane, *self.study_panes]

    def set_series(self, series: BarSeries | None, kind: ChartKind = ChartKind.CANDLES) -> None:
        """Show another series from its newest bars on."""
        self.shown.show(series, kind)
        for values in self.studies:
            values.forget(0)
        self.window_of_time.count = len(self.shown)
        self.window_of_time.reset()
        self._arrange()

    def set_kind(self, kind: ChartKind) -> None:
        """Draw the same bars in another way, at the same place."""
        self.shown.show(self.shown.series, kind)
        self._arrange()

    def set_studies(self, studies: Sequence[Study]) -> None:
        """Replace the indicators."""
        self.set_values([StudyValues(study) for study in studies])

    def set_values(self, values: Sequence[StudyValues]) -> None:
        """Replace the indicators by values that whoever calls has made."""
        self.studies = list(values)
        for pane in self.study_panes:
            self.scene().removeItem(pane.box)
        self.study_panes = [
            StudyPane(self.theme, self._price_axis, self._legend, values, self.shown)
            for values in self.studies
            if values.study.has_pane
        ]
        for pane in self.study_panes:
            self.scene().addItem(pane.box)
        self.price_pane.overlays = [
            StudyLayer(self.theme, values) for values in self.studies if not values.study.has_pane
        ]
        self._lay_out()

    def set_volume(self, is_shown: bool) -> None:
        """Show or hide the volume columns."""
        self.price_pane.has_volume = is_shown
        self._arrange()

    def set_fills(self, marks: Sequence[FillMark]) -> None:
        """Replace the own fills."""
        self.price_pane.fills.set_marks(marks)
        self.price_pane.update()

    def set_orders(self, marks: Sequence[OrderMark]) -> None:
        """Replace the own working orders."""
        self.price_pane.orders.set_marks(marks)
        self.price_pane.update()

    def set_direction(self, has_risen: bool) -> None:
        """Say whether the last price stands above the day's base price."""
        if has_risen != self.price_pane.has_risen:
            self.price_pane.has_risen = has_risen
            self.scene().update(self._edges.last_price_strip())

    def refresh(self) -> None:
        """Carry changes of the series in, and paint only what they changed."""
        structure, count = self.shown.structure, len(self.shown)
        begin = self.shown.sync()
        if begin is None:
            return
        for values in self.studies:
            values.forget(begin)
        was_empty = count == 0
        if structure != self.shown.structure or count != len(self.shown):
            self.window_of_time.take_count(len(self.shown))
            if was_empty:
                self.window_of_time.reset()
            self._arrange()
            return
        frame = frame_of(self.window_of_time, self.shown)
        if not all(pane.take_last_bar(frame) for pane in self.panes):
            self._arrange()
            return
        self._update_legend()
        if frame.end == len(self.shown) and not frame.is_empty:
            self._update_last_bar(frame)
        before, self._price_strip = self._price_strip, self._edges.last_price_strip()
        for strip in (before, self._price_strip):
            self.scene().update(strip)

    def _update_last_bar(self, frame: Frame) -> None:
        room = max(2.0, frame.bucket_step) + 2
        left = float(frame.x[-2] if len(frame.x) > 1 else frame.x[-1]) - room
        for pane in self.panes:
            pane.update(QRectF(left, 0, float(frame.x[-1]) + room - left, pane.room.height()))

    # -- geometry ---

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay the panes out anew."""
        super().resizeEvent(event)
        # pyqtgraph's view resizes itself within its constructor, before ours has run.
        if hasattr(self, "_rest_timer"):
            self._lay_out()

    def _lay_out(self) -> None:
        chart = self.theme.chart
        width, height = self.viewport().width(), self.viewport().height()
        self.setSceneRect(0, 0, width, height)
        self._edges.set_whole(QRectF(0, 0, width, height))
        self._cross_item.prepareGeometryChange()
        plot_width = max(1, width - chart.price_axis)
        plot_height = max(1, height - chart.legend - chart.time_axis)
        each = max(chart.pane_least, int(plot_height * chart.pane_share))
        below = min(each * len(self.study_panes), plot_height * 2 // 3)
        each = below // len(self.study_panes) if self.study_panes else 0
        price_height = plot_height - each * len(self.study_panes)
        top = float(chart.legend)
        for pane in self.panes:
            # Before the widget has its place it is hardly a pixel high.
            pane_height = max(1, price_height if pane is self.price_pane else each)
            pane.set_room(QRectF(0, top, plot_width, pane_height))
            top += pane_height
        self._edges.panes = self.panes
        self._is_laid_out = True
        self.window_of_time.resize(plot_width)
        self._arrange()

    def _arrange(self) -> None:
        """Work out a new frame and paint everything."""
        if not self._is_laid_out:
            return
        frame = frame_of(self.window_of_time, self.shown)
        series = self.shown.series
        places = [] if series is None else self._time_axis.places(frame, series.times, series.interval)
        for pane in self.panes:
            pane.arrange(frame, places)
        self._price_strip = self._edges.last_price_strip()
        self._follow_pointer()
        self._update_legend()
        self._edges.update()
        self._rest_timer.start()

    def _rest(self) -> None:
        """Nothing has moved for a moment: keep pictures of the panes."""
        if not self.isVisible():
            return
        ratio = self.devicePixelRatioF()
        for pane in self.panes:
            pane.rest(ratio)

    # -- moving ---

    def pan(self, bars: float) -> None:
        """Move to later bars, earlier ones when negative."""
        self.window_of_time.pan(bars)
        self._arrange()

    def zoom(self, factor: float, x: float) -> None:
        """Show `factor` times as many bars around the pixel `x`."""
        window = self.window_of_time
        window.zoom(factor, window.first + x / window.step)
        self._arrange()

    def show_bar(self, bar: int) -> None:
        """Move a bar into the middle."""
        window = self.window_of_time
        self.pan(bar - (window.first + window.span / 2))

    def reset(self) -> None:
        """Show the newest bars at the opening size."""
        self.window_of_time.reset()
        self._arrange()

    # -- pointer ---

    def _snap(self, value: float) -> float:
        return self.snapped(value)

    def _bar_at(self, x: float) -> int:
        """Return the bar under a pixel, -1 outside the series."""
        bar = int(np.floor(self.window_of_time.first + x / self.window_of_time.step))
        return bar if 0 <= bar < len(self.shown) else -1

    def _follow_pointer(self) -> None:
        """Snap the crosshair to the bar under the pointer."""
        point, series = self.crosshair.point, self.shown.series
        if point is None or series is None:
            return
        window = self.window_of_time
        bar = int(np.floor(window.first + point.x() / window.step))
        self.crosshair.x = float(np.floor((bar + 0.5 - window.first) * window.step))
        known = 0 <= bar < len(self.shown)
        self._cross_item.time_text = crosshair_text(int(series.times[bar]), series.interval) if known else ""

    def _move_crosshair(self, point: QPointF | None) -> None:
        thickness = float(self.theme.chart.tag + 4)
        strips = self.crosshair.strips(self._edges.whole, thickness)
        inside = point is not None and point.x() < self.price_pane.room.right()
        self.crosshair.point = point if inside else None
        self._follow_pointer()
        strips += self.crosshair.strips(self._edges.whole, thickness)
        if strips:
            for strip in strips:
                self.scene().update(strip)
            self.scene().update(self._edges.time_room)
        self._update_legend()

    def _update_legend(self) -> None:
        series = self.shown.series
        pieces: list[Piece] = []
        if series is not None and len(self.shown):
            point = self.crosshair.point
            bar = self._bar_at(point.x()) if point is not None else -1
            is_pointed = bar >= 0
            bar = bar if is_pointed else len(self.shown) - 1
            pieces += self._legend.bar_pieces(series.values, bar)
            for values in self.studies:
                # Asked for beside the visible stretch, values would be worked out for that place alone.
                is_seen = self._is_in_frame(bar)
                lines = values.lines(series.values, bar, bar + 1)[:, 0].tolist() if is_seen else []
                if not values.study.has_pane:
                    row = lines or [float("nan")] * len(values.study.labels)
                    pieces += self._legend.study_pieces(values.study, row, has_values=is_pointed)
                else:
                    self._set_corner(values, lines)
        if pieces != self._edges.legend_pieces:
            self._edges.legend_pieces = pieces
            self._edges.update(self._edges.legend_room)

    def _is_in_frame(self, bar: int) -> bool:
        frame = self.price_pane.frame
        return frame is not None and frame.begin <= bar < frame.end

    def _set_corner(self, values: StudyValues, row: Sequence[float]) -> None:
        for pane in self.study_panes:
            if pane.layer.values is values and list(pane.legend_row) != list(row):
                pane.legend_row = row
                pane.update(QRectF(0, 0, pane.room.width(), self.theme.chart.legend))
