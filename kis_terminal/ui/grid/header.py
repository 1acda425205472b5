"""The line of column titles: click sorts, edges resize, dragging moves, right click chooses columns."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWidget

from kis_terminal.ui.grid.columns import ColumnLayout, Place
from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_EDGE_REACH = 4
_WIDEST_TITLE = 110
"""A column is widened for a title of up to so many pixels; longer ones are shortened, with a tooltip."""


class _Drag(Enum):
    NONE = auto()
    PRESSED = auto()
    RESIZE = auto()
    MOVE = auto()


class GridHeader(QWidget):
    """Paint titles and turn gestures into changes of the layout.

    Signals: `sort_wanted(str)` key of a clicked column; `layout_changed()` a resize, move or choice.
    """

    sort_wanted = Signal(str)
    layout_changed = Signal()

    def __init__(self, layout: ColumnLayout, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._layout = layout
        self._theme = theme
        self._ink = Ink(theme.font(theme.metrics.label))
        self.sorted_key = ""
        self.is_descending = False
        self.offset = 0
        """Pixels scrolled to the right."""
        self._drag = _Drag.NONE
        self._place: Place | None = None
        self._pressed_at = QPoint()
        self._moved_to = 0
        self.setFixedHeight(theme.metrics.header)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def fit_titles(self) -> None:
        """Widen columns whose title needs a little more, as those of another language do."""
        for place, column in enumerate(self._layout.ordered()):
            needed = self._ink.metrics.horizontalAdvance(column.title) + self._around(is_first=place == 0) + 1
            if needed <= _WIDEST_TITLE:
                self._layout.grow(column.key, needed)

    def _around(self, *, is_first: bool) -> int:
        metrics = self._theme.metrics
        return (metrics.inset if is_first else metrics.cell) + metrics.cell

    def event(self, event: QEvent) -> bool:
        """Tell a title that is shortened in a tooltip."""
        if isinstance(event, QHelpEvent):
            place = self._layout.at(event.pos().x() + self.offset)
            if place is not None:
                room = place.width - self._around(is_first=place.left == 0)
                is_cut = self._ink.fitted(place.column.title, room) != place.column.title
                QToolTip.showText(event.globalPos(), place.column.title if is_cut else "", self)
                return True
        return super().event(event)

    # -- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the titles, the sorting arrow and, while a column is dragged, where it would go."""
        painter = QPainter(self)
        colours, pad = self._theme.colours, self._theme.metrics.cell
        painter.fillRect(self.rect(), colours.bg1)
        painter.setFont(self._ink.font)
        for place in self._layout.places:
            inset = self._theme.metrics.inset if place.left == 0 else pad
            cell = QRect(place.left - self.offset + inset, 0, place.width - inset - pad, self.height() - 1)
            title, colour = place.column.title, colours.muted
            if place.column.key == self.sorted_key:
                title, colour = title + (" ▾" if self.is_descending else " ▴"), colours.text
            painter.setPen(colour)
            painter.drawText(cell, place.column.align, self._ink.fitted(title, cell.width()))
        painter.fillRect(0, self.height() - 1, self.width(), 1, colours.line)
        if self._drag is _Drag.MOVE:
            painter.fillRect(self._insertion_x() - 1 - self.offset, 0, 2, self.height(), colours.accent)

    def _insertion_x(self) -> int:
        before = self._before()
        if before is None:
            return self._layout.total_width
        return next(place.left for place in self._layout.places if place.column.key == before)

    def _before(self) -> str | None:
        for place in self._layout.places:
            if self._moved_to < place.left + place.width // 2:
                return place.column.key
        return None

    # -- gestures ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a resize or a move."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        x = event.position().toPoint().x() + self.offset
        self._pressed_at = event.position().toPoint()
        edge = self._layout.edge_at(x, _EDGE_REACH)
        self._place = edge or self._layout.at(x)
        self._drag = _Drag.RESIZE if edge else _Drag.PRESSED

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Resize or move the pressed column; without a button, show what a press would do."""
        point = event.position().toPoint()
        x = point.x() + self.offset
        if self._drag is _Drag.NONE or self._place is None:
            on_edge = self._layout.edge_at(x, _EDGE_REACH) is not None
            self.setCursor(Qt.CursorShape.SplitHCursor if on_edge else Qt.CursorShape.ArrowCursor)
            return
        if self._drag is _Drag.RESIZE:
            self._layout.resize(self._place.column.key, x - self._place.left)
            self.layout_changed.emit()
            return
        distance = (point - self._pressed_at).manhattanLength()
        if self._drag is _Drag.MOVE or distance >= QApplication.startDragDistance():
            self._drag = _Drag.MOVE
            self._moved_to = x
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish the gesture."""
        drag, place = self._drag, self._place
        self._drag, self._place = _Drag.NONE, None
        if place is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        if drag is _Drag.PRESSED and place.column.can_sort:
            self.sort_wanted.emit(place.column.key)
        elif drag is _Drag.MOVE:
            self._layout.move(place.column.key, self._before())
            self.layout_changed.emit()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give a column whose edge is double-clicked its declared width back."""
        edge = self._layout.edge_at(event.position().toPoint().x() + self.offset, _EDGE_REACH)
        if edge is not None:
            self._layout.widths.pop(edge.column.key, None)
            self.layout_changed.emit()
        else:
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer every column and the way back."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in self._layout.ordered():
            action = menu.addAction(column.title or column.key)
            action.setCheckable(True)
            action.setChecked(self._layout.is_shown(column.key))
            action.toggled.connect(lambda is_shown, key=column.key: self._choose(key, is_shown))
        menu.addSeparator()
        menu.addAction(tr("열 처음대로")).triggered.connect(self._reset)
        menu.popup(event.globalPos())

    def _choose(self, key: str, is_shown: bool) -> None:
        self._layout.show(key, is_shown=is_shown)
        self.layout_changed.emit()

    def _reset(self) -> None:
        self._layout.reset()
        self.layout_changed.emit()

    def title_rect(self, key: str) -> QRect:
        """Return where a column's title stands, for tests and tooltips."""
        for place in self._layout.places:
            if place.column.key == key:
                return QRect(place.left - self.offset, 0, place.width, self.height())
        return QRect()
