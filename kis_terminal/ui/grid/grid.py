"""The one table of the program: a view of rows with all that mouse and keys do to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.grid.columns import Column
from kis_terminal.ui.grid.filter_line import FilterLine
from kis_terminal.ui.grid.view import GridView
from kis_terminal.ui.theme import Theme


class Grid(GridView):
    """Select, move, sort, filter, copy.

    Signals, each with keys of rows: `chosen(str)` a row was clicked or reached by keys; `activated(str)`
    double click or Enter; `cell_clicked(str, str)` row and column; `menu_wanted(str, QPoint)` right click or
    menu key, the row may be "" (point is global); `delete_wanted(list)` Del on the selection;
    `rows_moved(list)` all keys in their new order.
    """

    chosen = Signal(str)
    activated = Signal(str)
    cell_clicked = Signal(str, str)
    menu_wanted = Signal(str, QPoint)
    delete_wanted = Signal(list)
    rows_moved = Signal(list)

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        theme: Theme,
        preferences: Preferences | None,
        *,
        title: str,
        empty_text: str,
        is_multiple: bool = False,
        can_move_rows: bool = False,
        row_tint: Callable[[Any], QColor | None] | None = None,
        has_header: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            name,
            columns,
            theme,
            preferences,
            title=title,
            empty_text=empty_text,
            is_multiple=is_multiple,
            row_tint=row_tint,
            has_header=has_header,
            parent=parent,
        )
        self._can_move_rows = can_move_rows
        self._pressed: tuple[str, QPoint] | None = None
        self._filter = FilterLine(theme, self)
        self._filter.text_changed.connect(self.filter_rows)
        self._filter.closed.connect(self._filter_closed)

    # -- the filter and the clipboard ---

    def open_filter(self) -> None:
        """Show the filter line and put the cursor there."""
        self._place_filter()
        self._filter.open()

    def _filter_closed(self) -> None:
        self.filter_rows("")
        self.setFocus()

    def copy_selection(self) -> None:
        """Put the selected rows on the clipboard as text, cells between tabs."""
        lines = ["\t".join(line) for line in self.table(self.selected)[1:]]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the filter line at the foot."""
        super().resizeEvent(event)
        self._place_filter()

    def _place_filter(self) -> None:
        height = self._filter.sizeHint().height()
        self._filter.setGeometry(0, self.height() - height, self.width(), height)

    # -- mouse ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the row under the pointer."""
        key = self._key_at(event.position().toPoint().y())
        if event.button() is Qt.MouseButton.RightButton:
            if key and key not in self._selection:
                self._choose(key, Qt.KeyboardModifier.NoModifier)
            return
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed = (key, event.position().toPoint()) if key else None
        self._choose(key, event.modifiers())
        place = self._place_at(event.position().toPoint().x())
        if key and place is not None:
            self.cell_clicked.emit(key, place.column.key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what is under the pointer, or where a dragged row would go."""
        point = event.position().toPoint()
        if self._pressed is not None and self._can_move_rows and event.buttons() & Qt.MouseButton.LeftButton:
            far = (point - self._pressed[1]).manhattanLength() >= QApplication.startDragDistance()
            if far or self._insert_at is not None:
                row = self._theme.metrics.row
                place = (point.y() + self.verticalScrollBar().value() + row // 2) // row
                self._insert_at = max(0, min(len(self._rows.shown), place))
                self.viewport().update()
            return
        self._hover(self._key_at(point.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drop a dragged row."""
        pressed, insert_at = self._pressed, self._insert_at
        self._pressed, self._insert_at = None, None
        if pressed is None or insert_at is None:
            return
        keys = list(self._rows.shown)
        before = keys[insert_at] if insert_at < len(keys) else None
        if before != pressed[0]:
            keys.remove(pressed[0])
            keys.insert(len(keys) if before is None else keys.index(before), pressed[0])
        if len(keys) == len(self._rows):
            self._header.sorted_key = ""
            self._header.update()
            self._rows.arrange(keys)
            self.rows_moved.emit(keys)
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Activate the row under the pointer."""
        key = self._key_at(event.position().toPoint().y())
        if key and event.button() is Qt.MouseButton.LeftButton:
            self.activated.emit(key)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the panel for its menu."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            rectangle = self.row_rect(self.current)
            self.menu_wanted.emit(self.current, self.viewport().mapToGlobal(rectangle.center()))
        else:
            point = self.viewport().mapFromGlobal(event.globalPos())
            self.menu_wanted.emit(self._key_at(point.y()), event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        """Show tooltips, and no hover after the pointer has left."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tooltip(event)
            return True
        if event.type() is QEvent.Type.Leave:
            self._hover("")
        return super().viewportEvent(event)

    def _show_tooltip(self, event: QHelpEvent) -> None:
        key, place = self._key_at(event.pos().y()), self._place_at(event.pos().x())
        if not key or place is None:
            QToolTip.hideText()
            return
        text = self._painter.tooltip(place, self._rows.row(key))
        QToolTip.showText(event.globalPos(), text, self.viewport())

    def _choose(self, key: str, modifiers: Qt.KeyboardModifier) -> None:
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self._selection.toggle(key)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._selection.extend(key, self._rows.shown)
        else:
            self._selection.only(key)
        self.viewport().update()
        if key:
            self.chosen.emit(key)

    # -- keys ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, select, copy, filter, delete."""
        key = event.key()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.open_filter()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self._selection.all(self._rows.shown)
            self.viewport().update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current:
            self.activated.emit(self.current)
        elif key == Qt.Key.Key_Delete and self.selected:
            self.delete_wanted.emit(self.selected)
        elif (target := self._target(key)) is not None:
            self._choose(target, event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._reveal(target)
        else:
            event.ignore()

    def _target(self, key: int) -> str | None:
        """Return the row that a moving key leads to."""
        shown = self._rows.shown
        page = max(1, self.viewport().height() // self._theme.metrics.row - 1)
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -len(shown),
            Qt.Key.Key_End: len(shown),
        }
        step = steps.get(Qt.Key(key))
        if step is None or not shown:
            return None
        at = self._rows.place(self.current)
        start = at if at is not None else (-1 if step > 0 else len(shown))
        return shown[max(0, min(len(shown) - 1, start + step))]
