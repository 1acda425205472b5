"""What a grid shows: rows by key in declared columns, painted by hand, only what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.grid.columns import Column, ColumnLayout, Place
from kis_terminal.ui.grid.flash import FLASH_SECONDS
from kis_terminal.ui.grid.header import GridHeader
from kis_terminal.ui.grid.row_painter import RowPainter
from kis_terminal.ui.grid.rows import RowStore
from kis_terminal.ui.grid.selection import Selection
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class GridView(QAbstractScrollArea):
    """Show keyed rows in declared columns.

    The panel hands over rows by `set_rows` when rows come or go, and says `touch(key)` (or `update_row`) when
    one changed; both only mark, the paint reads the row. Columns, widths and order are kept in the
    preferences under `grid.<name>`.
    """

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
        row_tint: Callable[[Any], QColor | None] | None = None,
        has_header: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._theme = theme
        self._preferences = preferences
        self._empty_text = empty_text
        self._nothing_found = ""
        self._rows = RowStore()
        self._selection = Selection(is_multiple=is_multiple)
        self._painter = RowPainter(theme, row_tint)
        self._flash = self._painter.flash
        self._hovered = ""
        self._insert_at: int | None = None
        self._layout = ColumnLayout(columns)
        if preferences is not None:
            self._layout.take_json(preferences.read(f"grid.{name}"))
        self._header = GridHeader(self._layout, theme, self)
        if has_header:
            self._header.fit_titles()
        self._header.setVisible(has_header)
        self._header.sort_wanted.connect(self.sort_by)
        self._header.layout_changed.connect(self._columns_changed)
        self._flash_timer = QTimer(self)
        self._flash_timer.setSingleShot(True)
        self._flash_timer.timeout.connect(self._end_flashes)
        self._widen_timer = QTimer(self)
        self._widen_timer.setSingleShot(True)
        self._widen_timer.timeout.connect(self._widen)
        self.setAccessibleName(title)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setViewportMargins(0, theme.metrics.header if has_header else 0, 0, 0)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # -- what the panel says ---

    def set_rows(self, rows: Iterable[tuple[str, Any]]) -> None:
        """Replace all rows; selection, sort, filter and scroll stay."""
        self._rows.set_rows(rows)
        self._selection.keep_only(self._rows.shown)
        self._fit_scroll_bars()
        self.viewport().update()

    def update_row(self, key: str, row: Any) -> None:
        """Put a new object under a known key and repaint it."""
        if self._rows.replace(key, row):
            self.touch(key)

    def touch(self, key: str) -> None:
        """Repaint one row; cheap, and nothing when it is not visible."""
        place = self._rows.place(key)
        if place is None:
            return
        rectangle = self._row_rect(place)
        if rectangle.bottom() >= 0 and rectangle.top() < self.viewport().height():
            self.viewport().update(rectangle)

    def refresh(self, key: str) -> None:
        """Repaint the cells of a row that look different from when they were painted.

        For rows that change many times a second and mostly in what no column shows.
        """
        place = self._rows.place(key)
        if place is None:
            return
        rectangle = self._row_rect(place)
        if rectangle.bottom() < 0 or rectangle.top() >= self.viewport().height():
            return
        span = self._painter.changed(key, self._rows.row(key), self._layout.places)
        if span is not None:
            left, right = span
            rectangle.setLeft(left - self.horizontalScrollBar().value())
            rectangle.setWidth(right - left)
            self.viewport().update(rectangle)

    def touch_all(self) -> None:
        """Repaint everything that is visible."""
        self.viewport().update()

    def set_empty_text(self, text: str) -> None:
        """Say something else where there is no row."""
        self._empty_text = text
        self.viewport().update()

    # -- reading ---

    @property
    def keys(self) -> list[str]:
        """Return the keys of the shown rows, top first."""
        return list(self._rows.shown)

    @property
    def visible_keys(self) -> list[str]:
        """Return the keys of the rows that are in the viewport, also in part; top first."""
        row, top = self._theme.metrics.row, self.verticalScrollBar().value()
        return self._rows.shown[top // row : -(-(top + self.viewport().height()) // row)]

    @property
    def current(self) -> str:
        """Return the row that the keys move, "" when there is none."""
        return self._selection.current

    @property
    def selected(self) -> list[str]:
        """Return the selected rows, top first."""
        return [key for key in self._rows.shown if key in self._selection]

    def row(self, key: str) -> Any:
        """Return the row object of a key."""
        return self._rows.row(key)

    def cell_text(self, key: str, column: str) -> str:
        """Return a cell's text whether it is visible or not."""
        found = self._layout.column(column)
        return found.text(self._rows.row(key)) if found is not None and key in self._rows else ""

    def row_rect(self, key: str) -> QRect:
        """Return where a row stands in the viewport."""
        place = self._rows.place(key)
        return QRect() if place is None else self._row_rect(place)

    @property
    def header(self) -> GridHeader:
        """Return the line of titles."""
        return self._header

    def table(self, keys: Sequence[str] | None = None) -> list[list[str]]:
        """Return titles and texts of the shown columns, of all shown rows or of `keys`."""
        columns = [place.column for place in self._layout.places]
        chosen = self._rows.shown if keys is None else keys
        return [
            [column.title for column in columns],
            *([column.text(self._rows.row(key)) for column in columns] for key in chosen),
        ]

    # -- selecting, sorting, filtering ---

    def select(self, key: str) -> None:
        """Select a row without saying so to anybody; "" or an unknown key selects nothing."""
        self._selection.only(key if key in self._rows else "")
        self._reveal(key)
        self.viewport().update()

    def sort_by(self, key: str) -> None:
        """Order by a column: rising, falling, the panel's own order."""
        header, column = self._header, self._layout.column(key)
        if column is None:
            return
        if header.sorted_key != key:
            header.sorted_key, header.is_descending = key, column.sort is not None
        elif header.is_descending == (column.sort is not None):
            header.is_descending = not header.is_descending
        else:
            header.sorted_key = ""
        by = (column.sort or column.text) if header.sorted_key else None
        self._rows.sort(by, is_descending=header.is_descending)
        self._flash.forget()
        header.update()
        self.viewport().update()

    def filter_rows(self, text: str) -> None:
        """Show only rows of which some cell contains `text`."""
        wanted = text.strip().casefold()
        columns = self._layout.columns
        keep = (
            (lambda row: any(wanted in column.text(row).casefold() for column in columns)) if wanted else None
        )
        self._nothing_found = tr("'{text}'을(를) 찾지 못했습니다. Esc로 모두 봅니다.", text=text)
        self._rows.filter(keep)
        self._flash.forget()
        self._fit_scroll_bars()
        self.viewport().update()

    # -- geometry ---

    def _row_rect(self, place: int) -> QRect:
        height = self._theme.metrics.row
        top = place * height - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), height)

    def _key_at(self, y: int) -> str:
        place = (y + self.verticalScrollBar().value()) // self._theme.metrics.row
        return self._rows.shown[place] if 0 <= place < len(self._rows.shown) else ""

    def _place_at(self, x: int) -> Place | None:
        return self._layout.at(x + self.horizontalScrollBar().value())

    def _fit_scroll_bars(self) -> None:
        height, row = self.viewport().height(), self._theme.metrics.row
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        vertical.setRange(0, max(0, len(self._rows.shown) * row - height))
        vertical.setPageStep(height)
        vertical.setSingleStep(row)
        self._layout.arrange(self.viewport().width())
        horizontal.setRange(0, max(0, self._layout.total_width - self.viewport().width()))
        horizontal.setPageStep(self.viewport().width())
        horizontal.setSingleStep(row)
        self._header.update()

    def _widen(self) -> None:
        """Make room for figures that did not fit."""
        wanted, self._painter.too_narrow = self._painter.too_narrow, {}
        changed = [self._layout.grow(key, width) for key, width in wanted.items()]
        if any(changed):
            self._fit_scroll_bars()
            self.viewport().update()

    def _columns_changed(self) -> None:
        self._fit_scroll_bars()
        self._flash.forget()
        if self._preferences is not None:
            self._preferences.write(f"grid.{self._name}", self._layout.as_json())
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the columns anew."""
        super().resizeEvent(event)
        self._header.setGeometry(0, 0, self.width(), self._theme.metrics.header)
        self._fit_scroll_bars()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Repaint after scrolling; what comes into view has not changed."""
        self._header.offset = self.horizontalScrollBar().value()
        self._header.update()
        self._flash.forget()
        self.viewport().update()

    def _reveal(self, key: str) -> None:
        place = self._rows.place(key)
        if place is None:
            return
        bar, row = self.verticalScrollBar(), self._theme.metrics.row
        top = place * row
        if top < bar.value():
            bar.setValue(top)
        elif top + row > bar.value() + self.viewport().height():
            bar.setValue(top + row - self.viewport().height())

    # -- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows that the changed region touches."""
        painter = QPainter(self.viewport())
        region, bounds = event.region(), event.rect()
        height, scrolled = self._theme.metrics.row, self.verticalScrollBar().value()
        shown = self._rows.shown
        first = max(0, (bounds.top() + scrolled) // height)
        last = min(len(shown) - 1, (bounds.bottom() + scrolled) // height)
        for place in range(first, last + 1):
            rectangle = self._row_rect(place)
            part = region.intersected(rectangle)
            if not part.isEmpty():
                self._paint_row(painter, rectangle, shown[place], part.boundingRect())
        rest = QRect(bounds)
        rest.setTop(max(bounds.top(), len(shown) * height - scrolled))
        if rest.height() > 0:
            painter.fillRect(rest, self._theme.colours.bg1)
        if not shown:
            self._paint_empty(painter)
        if self._insert_at is not None:
            line = self._insert_at * height - scrolled - 1
            painter.fillRect(0, line, self.viewport().width(), 2, self._theme.colours.accent)
        if self._painter.too_narrow and not self._widen_timer.isActive():
            self._widen_timer.start()
        if self._flash.is_waiting and not self._flash_timer.isActive():
            self._flash_timer.start(int(FLASH_SECONDS * 1000))

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font())
        text = self._empty_text if not len(self._rows) else self._nothing_found
        metrics = self._theme.metrics
        area = self.viewport().rect().adjusted(metrics.inset, metrics.row // 2, -metrics.inset, 0)
        painter.setPen(self._theme.colours.faint)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), text)

    def _paint_row(self, painter: QPainter, rectangle: QRect, key: str, part: QRect) -> None:
        self._painter.paint(
            painter,
            rectangle,
            key,
            self._rows.row(key),
            self._layout.places,
            part,
            scrolled=self.horizontalScrollBar().value(),
            is_selected=key in self._selection,
            is_hovered=key == self._hovered,
            has_focus=self.hasFocus(),
        )

    def _end_flashes(self) -> None:
        for key in self._flash.take_ended():
            self.touch(key)

    def _hover(self, key: str) -> None:
        if key != self._hovered:
            before, self._hovered = self._hovered, key
            self.touch(before)
            self.touch(key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus on the selection."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the focus went away."""
        super().focusOutEvent(event)
        self.viewport().update()
