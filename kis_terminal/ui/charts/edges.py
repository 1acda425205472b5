"""What stands around and over the panes: legend line, both axes with their tags, the crosshair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from kis_terminal.ui.charts.crosshair import Crosshair
from kis_terminal.ui.charts.legend import Legend, Piece, price_text
from kis_terminal.ui.charts.panes import PaneItem, PricePane
from kis_terminal.ui.charts.price_axis import PriceAxis, axis_step
from kis_terminal.ui.charts.time_axis import TimeAxis
from kis_terminal.ui.theme import Theme


class Edges(pg.GraphicsObject):
    """Paint the strip above, the axis at the right and the axis below."""

    def __init__(
        self, theme: Theme, price_axis: PriceAxis, time_axis: TimeAxis, legend: Legend, pane: PricePane
    ) -> None:
        super().__init__()
        self._theme = theme
        self._price_axis, self._time_axis, self._legend = price_axis, time_axis, legend
        self._price_pane = pane
        self._line_pen = QPen(theme.colours.line)
        self.whole = QRectF()
        self.panes: Sequence[PaneItem] = ()
        self.legend_pieces: Sequence[Piece] = ()
        self._legend_picture = QPixmap()
        self._legend_key: tuple[object, ...] = ()

    def boundingRect(self) -> QRectF:
        """Return the whole chart."""
        return self.whole

    def set_whole(self, whole: QRectF) -> None:
        """Take the size of the chart."""
        self.prepareGeometryChange()
        self.whole = whole

    @property
    def legend_room(self) -> QRectF:
        """Return the strip above the panes."""
        inset = self._theme.metrics.inset
        return QRectF(inset, 0, self.whole.width() - 2 * inset, self._theme.chart.legend)

    @property
    def axis_column(self) -> QRectF:
        """Return the strip of all price axes, with the corner below them."""
        width, top = self._theme.chart.price_axis, self._theme.chart.legend
        return QRectF(self.whole.width() - width, top, width, self.whole.height() - top)

    @property
    def time_room(self) -> QRectF:
        """Return the strip of the time axis."""
        height = self._theme.chart.time_axis
        width = self.whole.width() - self._theme.chart.price_axis
        return QRectF(0, self.whole.height() - height, width, height)

    def axis_room(self, pane: PaneItem) -> QRectF:
        """Return the strip of a pane's price axis."""
        room = pane.room
        return QRectF(room.right(), room.top(), self._theme.chart.price_axis, room.height())

    def _paint_legend(self, painter: QPainter) -> None:
        """Paint the strip above from a picture that is made anew when its words change."""
        ratio = painter.device().devicePixelRatioF()
        key = (self.whole.width(), ratio, tuple((text, colour.rgba()) for text, colour in self.legend_pieces))
        if key != self._legend_key:
            self._legend_key = key
            height = self._theme.chart.legend
            picture = QPixmap(round(self.whole.width() * ratio), round(height * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(self._theme.colours.bg1)
            own = QPainter(picture)
            self._legend.draw(own, self.legend_pieces, self.legend_room)
            own.end()
            self._legend_picture = picture
        painter.drawPixmap(0, 0, self._legend_picture)

    def last_price_strip(self) -> QRectF:
        """Return what the line and the tag of the last price cover."""
        price = self._price_pane.last_price
        if price is None:
            return QRectF()
        y = self._price_pane.room.top() + self._price_pane.scale.y(price)
        height = 2 * self._theme.chart.tag  # labels beside the tag come and go with it
        return QRectF(0, y - height / 2, self.whole.width(), height)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint labels, tags and lines."""
        self._paint_legend(painter)
        ground = self._theme.colours.bg1
        axis, below = self.axis_column.toRect(), self.time_room.toRect()
        painter.fillRect(axis, ground)
        painter.fillRect(below, ground)
        price = self._price_pane.last_price
        tag_y = None
        if price is not None:
            tag_y = self._price_pane.room.top() + self._price_pane.scale.y(price)
        for pane in self.panes:
            hidden = tag_y if pane is self._price_pane else None
            self._price_axis.draw(painter, pane.grid_values, pane.scale, self.axis_room(pane), hidden)
        time_room = self.time_room
        painter.setPen(self._line_pen)
        painter.drawLine(QLineF(0, time_room.top(), self.whole.width(), time_room.top()))
        if self.panes:
            self._time_axis.draw(painter, self.panes[0].time_places, time_room)
        if price is not None and tag_y is not None:
            colours = self._theme.colours
            fill = colours.up if self._price_pane.has_risen else colours.down
            room = self.axis_room(self._price_pane)
            self._price_axis.draw_tag(painter, room, tag_y, price_text(price), fill, colours.on_colour)


class CrosshairItem(pg.GraphicsObject):
    """Paint the crosshair over everything with the value and the time it points at."""

    def __init__(
        self,
        theme: Theme,
        crosshair: Crosshair,
        edges: Edges,
        price_axis: PriceAxis,
        time_axis: TimeAxis,
        snapped: Callable[[float], float],
    ) -> None:
        super().__init__()
        self._theme, self._crosshair, self._edges = theme, crosshair, edges
        self._price_axis, self._time_axis = price_axis, time_axis
        self._snapped = snapped
        self.time_text = ""

    def boundingRect(self) -> QRectF:
        """Return the whole chart."""
        return self._edges.whole

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint lines and tags, nothing while the pointer is elsewhere."""
        point, panes = self._crosshair.point, self._edges.panes
        if point is None or not panes:
            return
        self._crosshair.draw(painter, panes[0].room.united(panes[-1].room))
        colours = self._theme.colours
        if self.time_text:
            self._time_axis.draw_tag(painter, self._edges.time_room, self._crosshair.x, self.time_text)
        for pane in panes:
            if pane.room.top() <= point.y() < pane.room.bottom():
                text = self._value_text(pane, point)
                room = self._edges.axis_room(pane)
                self._price_axis.draw_tag(painter, room, point.y(), text, colours.line, colours.text)

    def _value_text(self, pane: PaneItem, point: QPointF) -> str:
        value = pane.scale.value(point.y() - pane.room.top())
        if isinstance(pane, PricePane):
            return price_text(self._snapped(value))
        least = axis_step(pane.scale.low, pane.scale.high, 100)
        return f"{value:,.2f}" if least < 1 else f"{value:,.1f}"
