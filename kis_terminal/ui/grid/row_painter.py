"""Paint one row of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from kis_terminal.ui.grid.columns import Align, Column, Place
from kis_terminal.ui.grid.flash import FlashMarks
from kis_terminal.ui.grid.laid_out_ink import LaidOutInk
from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme


class RowPainter:
    """Own fonts, pens and the marks of changed cells."""

    def __init__(self, theme: Theme, row_tint: Callable[[Any], QColor | None] | None) -> None:
        self._theme = theme
        self._row_tint = row_tint
        self._plain, self._bold = LaidOutInk(theme.font()), LaidOutInk(theme.bold())
        self.flash = FlashMarks()
        self._seen: dict[str, dict[str, object]] = {}
        """What was last painted, by row and column: text and colour, or the column's mark."""
        self.too_narrow: dict[str, int] = {}
        """Columns with a figure that did not fit, and the width that it needs; the grid takes them."""

    def _ink(self, column: Column) -> Ink:
        return self._bold if column.is_bold else self._plain

    def _ground(self, row: Any, *, is_selected: bool, is_hovered: bool, has_focus: bool) -> QColor:
        if is_selected:
            return self._theme.selected(has_focus=has_focus)
        tint = self._row_tint(row) if self._row_tint is not None else None
        if tint is not None:
            return tint
        return self._theme.colours.bg2 if is_hovered else self._theme.colours.bg1

    def paint(
        self,
        painter: QPainter,
        rectangle: QRect,
        key: str,
        row: Any,
        places: Sequence[Place],
        part: QRect,
        *,
        scrolled: int,
        is_selected: bool,
        is_hovered: bool,
        has_focus: bool,
    ) -> None:
        """Paint the cells of a row that `part` touches.

        `scrolled` pixels of the content lie left of the viewport.
        """
        theme = self._theme
        colours, metrics = theme.colours, theme.metrics
        ground = self._ground(row, is_selected=is_selected, is_hovered=is_hovered, has_focus=has_focus)
        painter.fillRect(rectangle, ground)
        if is_selected:
            painter.fillRect(rectangle.left(), rectangle.top(), 2, rectangle.height(), colours.accent)
        font: Ink | None = None
        first, behind = part.left(), part.right() + 1
        seen = self._seen.setdefault(key, {})
        is_high = part.height() >= rectangle.height()
        for place in places:
            column, left = place.column, place.left - scrolled
            if left + place.width <= first or left >= behind:
                continue
            inset = metrics.inset if place.left == 0 else metrics.cell
            width = place.width - inset - metrics.cell
            cell = QRect(left + inset, rectangle.top(), width, rectangle.height())
            # Of a cell painted in part the rest still shows what was there before.
            is_whole = is_high and first <= left and left + place.width <= behind
            if column.mark is not None:
                seen[column.key] = (column.mark(row),) if is_whole else None
            if column.paint is not None:
                column.paint(painter, cell, row)
                font = None
                continue
            text = column.text(row)
            colour = (column.colour(row) if column.colour is not None else None) or colours.text
            if column.mark is None:
                seen[column.key] = (text, colour.rgba()) if is_whole else None
            if column.flashes and self.flash.painted(key, column.key, text):
                tinted = QRect(left, rectangle.top() + 1, place.width, rectangle.height() - 2)
                painter.fillRect(tinted, theme.tinted(colour, theme.flash_share))
            ink = self._ink(column)
            if font is not ink:
                painter.setFont(ink.font)
                font = ink
            if not ink.draw(painter, cell, column.align, text, colour) and column.align is Align.RIGHT:
                needed = ink.metrics.horizontalAdvance(text) + place.width - width + 1
                self.too_narrow[column.key] = max(needed, self.too_narrow.get(column.key, 0))

    def changed(self, key: str, row: Any, places: Sequence[Place]) -> tuple[int, int] | None:
        """Return from where to where in the content cells look different than painted, None for nowhere."""
        seen = self._seen.get(key)
        if seen is None or self._row_tint is not None:
            return (0, places[-1].right) if places else None
        plain = self._theme.colours.text
        left = right = -1
        for place in places:
            column = place.column
            if column.mark is not None:
                is_same = seen.get(column.key) == (column.mark(row),)
            elif column.paint is None:
                colour = (column.colour(row) if column.colour is not None else None) or plain
                is_same = seen.get(column.key) == (column.text(row), colour.rgba())
            else:
                is_same = False
            if not is_same:
                left = place.left if left < 0 else left
                right = place.right
        return (left, right) if left >= 0 else None

    def tooltip(self, place: Place, row: Any) -> str:
        """Return what a column says on hovering, else the whole text where the cell cuts it."""
        column = place.column
        if column.tooltip is not None:
            return column.tooltip(row)
        if column.paint is not None:
            return ""
        text = column.text(row)
        room = place.width - 2 * self._theme.metrics.cell
        return text if self._ink(column).fitted(text, room) != text else ""
