"""Declared columns, and which of them stand where: order, widths, what is hidden, what fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter

from kis_terminal.services.preferences import Json


class Align(IntEnum):
    """Where a cell's text and its header stand."""

    LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    CENTER = int(Qt.AlignmentFlag.AlignCenter)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. The functions get the row object that the panel handed to the grid.

    `width` is in logical pixels; room that is left over goes to columns by `stretch`. A column of `priority`
    0 always stands; the others stand while they fit, the lowest first. One that the user switched on by hand
    always stands. `paint` draws instead of `text`, which then still feeds copy, CSV and the filter.
    """

    key: str
    title: str
    width: int
    text: Callable[[Any], str]
    align: Align = Align.RIGHT
    colour: Callable[[Any], QColor | None] | None = None
    paint: Callable[[QPainter, QRect, Any], None] | None = None
    mark: Callable[[Any], object] | None = None
    """What the cell's look follows from, where that is cheaper to compare than text and colour
    (`GridView.refresh`); a cell with `paint` and no mark is always painted anew."""
    sort: Callable[[Any], Any] | None = None
    """What the header sorts by; the text when None. A value of None sorts last."""
    tooltip: Callable[[Any], str] | None = None
    is_bold: bool = False
    flashes: bool = False
    """A changed text tints its cell for an instant."""
    stretch: int = 0
    priority: int = 0
    can_sort: bool = True


@dataclass(slots=True)
class Place:
    """A column as it stands now: left edge and width in the scrolled content."""

    column: Column
    left: int
    width: int

    @property
    def right(self) -> int:
        """Return the first pixel behind the column."""
        return self.left + self.width


@dataclass(slots=True)
class ColumnLayout:
    """The user's choice over declared columns; `arrange` turns it into places."""

    columns: Sequence[Column]
    order: list[str] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    choice: dict[str, bool] = field(default_factory=dict)
    """Columns that the user switched on or off by hand."""
    places: list[Place] = field(default_factory=list)
    narrowest: int = 24
    widest_grown: int = 150
    grown: dict[str, int] = field(default_factory=dict)
    """Widths that figures turned out to need; not kept."""

    def __post_init__(self) -> None:
        self.order = [column.key for column in self.columns]

    def column(self, key: str) -> Column | None:
        """Return a declared column."""
        return next((column for column in self.columns if column.key == key), None)

    def ordered(self) -> list[Column]:
        """Return all columns in the user's order, hidden ones included."""
        by_key = {column.key: column for column in self.columns}
        return [by_key[key] for key in self.order]

    def is_shown(self, key: str) -> bool:
        """Tell whether a column stands now."""
        return any(place.column.key == key for place in self.places)

    def width_of(self, column: Column) -> int:
        """Return the width wanted for a column, before room left over is shared out."""
        own = self.widths.get(column.key)
        return own if own is not None else max(column.width, self.grown.get(column.key, 0))

    def grow(self, key: str, width: int) -> bool:
        """Make room for a figure, unless the user has set the width; return whether anything changed."""
        width = min(width, self.widest_grown)
        column = self.column(key)
        if column is None or key in self.widths or width <= self.width_of(column):
            return False
        self.grown[key] = width
        return True

    def arrange(self, room: int) -> None:
        """Choose what stands in `room` pixels and place it."""
        wanted = [column for column in self.ordered() if self.choice.get(column.key, column.priority == 0)]
        used = sum(self.width_of(column) for column in wanted)
        keys = {column.key for column in wanted}
        optional = [
            column
            for column in self.columns
            if column.priority and column.key not in self.choice and column.key not in keys
        ]
        for column in sorted(optional, key=lambda column: column.priority):
            if used + self.width_of(column) > room:
                break
            keys.add(column.key)
            used += self.width_of(column)
        shown = [column for column in self.ordered() if column.key in keys]
        self.places = self._placed(shown, max(0, room - used), room)

    def _placed(self, shown: list[Column], spare: int, room: int) -> list[Place]:
        weights = {column.key: column.stretch for column in shown if column.key not in self.widths}
        total = sum(weights.values())
        missing = sum(self.width_of(column) for column in shown) - room
        places: list[Place] = []
        left = 0
        for column in shown:
            width = self.width_of(column)
            weight = weights.get(column.key, 0)
            if total and weight:
                # Left-over room is shared out; a little room that is missing is taken from the same columns.
                change = spare * weight // total if missing <= 0 else -missing * weight // total
                width = max(width // 2, width + change)
            places.append(Place(column, left, width))
            left += width
        return places

    @property
    def total_width(self) -> int:
        """Return the width of all places together."""
        return self.places[-1].right if self.places else 0

    def at(self, x: int) -> Place | None:
        """Return the place under a content position."""
        return next((place for place in self.places if place.left <= x < place.right), None)

    def edge_at(self, x: int, reach: int) -> Place | None:
        """Return the place whose right edge is within `reach` pixels of `x`."""
        return next((place for place in self.places if abs(place.right - x) <= reach), None)

    def resize(self, key: str, width: int) -> None:
        """Give a column a width of the user's own."""
        self.widths[key] = max(self.narrowest, width)

    def move(self, key: str, before: str | None) -> None:
        """Put a column before another one, at the end for None."""
        if key == before:
            return
        self.order.remove(key)
        place = len(self.order) if before is None else self.order.index(before)
        self.order.insert(place, key)

    def show(self, key: str, *, is_shown: bool) -> None:
        """Switch a column on or off; the last one stays."""
        if is_shown or len(self.places) > 1:
            self.choice[key] = is_shown

    def reset(self) -> None:
        """Forget the user's choices."""
        self.order = [column.key for column in self.columns]
        self.widths.clear()
        self.choice.clear()

    def as_json(self) -> dict[str, Json]:
        """Return the user's choices for the preferences."""
        return {"order": list(self.order), "widths": dict(self.widths), "shown": dict(self.choice)}

    def take_json(self, kept: Json) -> None:
        """Take choices over; what does not fit the declared columns is left out."""
        if not isinstance(kept, dict):
            return
        known = [column.key for column in self.columns]
        order, widths, shown = kept.get("order"), kept.get("widths"), kept.get("shown")
        if isinstance(order, list):
            first = [str(key) for key in order if key in known]
            self.order = list(dict.fromkeys(first)) + [key for key in known if key not in first]
        if isinstance(widths, dict):
            self.widths = {
                key: max(self.narrowest, int(width))
                for key, width in widths.items()
                if key in known and isinstance(width, int | float)
            }
        if isinstance(shown, dict):
            self.choice = {key: bool(value) for key, value in shown.items() if key in known}
