"""Where the ladder's cells stand."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QPoint, QRect, QSize

from kis_terminal.ui.ladder.rows import FULL_ROWS

SMALLEST_ROW = 20
LARGEST_ROW = 34
TOTALS_HEIGHT = 28
_SMALLEST_MIDDLE = 126
_PRICE_ONLY = 84
_PERCENT_WIDTH = 290
_LARGEST_MIDDLE = 150
_MIDDLE_SHARE = 0.275
_NARROW_SIDE = 132
_CHIP_INSET = 4
_CHIP_CROSS = 18


class Column(IntEnum):
    """Left means sell, right means buy, the middle is the price."""

    SELL = 0
    PRICE = 1
    BUY = 2


class LadderGeometry:
    """Cut a widget's size into rows and three columns."""

    def __init__(self) -> None:
        self.rows = FULL_ROWS
        self._bottom = 0
        self._left = 0
        self._right = 0
        self._width = 0
        self.has_percent = True
        """False where the middle column has room for the price alone."""

    def resize(self, size: QSize) -> None:
        """Fit rows of 20 to 34 pixels; fewer than 20 rows where the height does not hold them."""
        room = max(SMALLEST_ROW * 2, size.height() - TOTALS_HEIGHT)
        self.rows = max(2, min(FULL_ROWS, room // SMALLEST_ROW))
        self._bottom = min(room, self.rows * LARGEST_ROW)
        self._width = size.width()
        self.has_percent = size.width() >= _PERCENT_WIDTH
        smallest = _SMALLEST_MIDDLE if self.has_percent else _PRICE_ONLY
        middle = max(smallest, min(_LARGEST_MIDDLE, int(size.width() * _MIDDLE_SHARE)))
        self._left = (size.width() - middle) // 2
        self._right = self._left + middle

    def row(self, place: int) -> QRect:
        """Return the rectangle of a row."""
        top = self._bottom * place // self.rows
        return QRect(0, top, self._width, self._bottom * (place + 1) // self.rows - top)

    def cell(self, place: int, column: Column) -> QRect:
        """Return the rectangle of a cell, without the line under it."""
        row = self.row(place)
        left, right = (0, self._left, self._right, self._width)[column : column + 2]
        return QRect(left, row.top(), right - left, row.height() - 1)

    def totals(self) -> QRect:
        """Return the rectangle under the rows."""
        return QRect(0, self._bottom, self._width, TOTALS_HEIGHT)

    def columns(self) -> tuple[int, int]:
        """Return the left and right edge of the middle column."""
        return self._left, self._right

    @property
    def is_narrow(self) -> bool:
        """Tell whether the side columns have no room for two figures."""
        return self._left < _NARROW_SIDE

    def row_at(self, position: QPoint) -> int | None:
        """Return the row under a position."""
        if not (0 <= position.y() < self._bottom and 0 <= position.x() < self._width):
            return None
        for place in range(self.rows):
            if position.y() < self._bottom * (place + 1) // self.rows:
                return place
        return None

    def column_at(self, position: QPoint) -> Column:
        """Return the column under a position."""
        if position.x() < self._left:
            return Column.SELL
        return Column.PRICE if position.x() < self._right else Column.BUY

    def chip(self, place: int, column: Column, text_width: int) -> QRect:
        """Return the rectangle of a chip at the outer end of a cell."""
        cell = self.cell(place, column)
        width = self.chip_width(cell, text_width) - _CHIP_INSET
        left = cell.left() + _CHIP_INSET if column is Column.SELL else cell.right() - width - _CHIP_INSET + 1
        height = min(cell.height() - 4, 20)
        return QRect(left, cell.top() + (cell.height() - height) // 2, width, height)

    @staticmethod
    def chip_width(cell: QRect, text_width: int) -> int:
        """Return how much of a cell a chip takes."""
        return min(cell.width(), text_width + _CHIP_CROSS + 14 + _CHIP_INSET)

    @staticmethod
    def cross(chip: QRect) -> QRect:
        """Return the part of a chip that is its ✕."""
        return QRect(chip.right() - _CHIP_CROSS, chip.top(), _CHIP_CROSS + 1, chip.height())
