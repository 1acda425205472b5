"""Rows by key: the panel's order, the order by a header, the filter. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Row = Any


class RowStore:
    """Hold row objects under their keys and the order in which they are shown.

    A sort is worked out when it is asked for and when rows come or go, never because a value changed.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self.shown: list[str] = []
        """Keys of the rows that are shown, top first."""
        self._places: dict[str, int] = {}
        self._sort: Callable[[Row], Any] | None = None
        self._is_descending = False
        self._filter: Callable[[Row], bool] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def row(self, key: str) -> Row:
        """Return the row object of a key."""
        return self._rows[key]

    def place(self, key: str) -> int | None:
        """Return the shown position of a key, None when it is not shown."""
        return self._places.get(key)

    def set_rows(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Replace all rows; the order given is the unsorted one."""
        self._rows = dict(rows)
        self._order()

    def replace(self, key: str, row: Row) -> bool:
        """Put a new object under a known key; False when the key is not known."""
        if key not in self._rows:
            return False
        self._rows[key] = row
        return True

    def sort(self, by: Callable[[Row], Any] | None, *, is_descending: bool = False) -> None:
        """Order by a value (None for the panel's own order) as the values are now."""
        self._sort, self._is_descending = by, is_descending
        self._order()

    def filter(self, keep: Callable[[Row], bool] | None) -> None:
        """Show only rows that `keep` returns True for; all of them for None."""
        self._filter = keep
        self._order()

    def arrange(self, keys: Sequence[str]) -> None:
        """Take `keys` (all of them) as the panel's own order."""
        self._rows = {key: self._rows[key] for key in keys}
        self._sort = None
        self._order()

    def _order(self) -> None:
        keys = [key for key, row in self._rows.items() if self._filter is None or self._filter(row)]
        if self._sort is not None:
            values = {key: self._sort(self._rows[key]) for key in keys}
            known = [key for key in keys if values[key] is not None]
            known.sort(key=lambda key: values[key], reverse=self._is_descending)
            keys = known + [key for key in keys if values[key] is None]
        self.shown = keys
        self._places = {key: place for place, key in enumerate(keys)}
