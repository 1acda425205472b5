"""A WebSocket stream of the catalogue: its TR ids and the columns of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kis_terminal.adapters.kis.catalog.rows import CatalogError, Decision, Environment


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream; `path` is the name of its document, not a path to open.

    columns: wire names in frame order, the longest known layout; labels: Korean, one per column.
    widths: record lengths that were seen or documented; columns are appended over time, so others may come.
    layouts: records of that length whose columns are no beginning of `columns`.
    stable: how many leading columns stand in the same place in every layout.
    numeric: columns that a source names as numbers; an empty set says nothing.
    """

    id: str
    product: str
    group: str
    name: str
    document: str
    path: str
    real_tr_id: str
    paper_tr_id: str | None
    encrypted: bool
    key_meaning: str
    key_examples: tuple[str, ...]
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    widths: tuple[int, ...]
    layouts: Mapping[int, tuple[str, ...]]
    stable: int
    numeric: frozenset[str]
    decisions: tuple[Decision, ...]
    notes: tuple[str, ...]

    @property
    def paper_supported(self) -> bool:
        """Tell whether paper accounts have this stream."""
        return self.paper_tr_id is not None

    def tr_id(self, environment: Environment) -> str:
        """Return the TR id to subscribe with; raise CatalogError where paper does not have the stream."""
        if environment == "real":
            return self.real_tr_id
        if self.paper_tr_id is None:
            raise CatalogError(f"{self.id} ({self.name}) is not available for paper accounts.")
        return self.paper_tr_id

    def layout(self, width: int) -> tuple[str, ...]:
        """Name the columns of a record with `width` fields.

        Known widths get their names. For others only the places that never moved are named; the rest
        is called UNNAMED_<zero-based index>.
        """
        known = self.layouts.get(width)
        if known is not None:
            return known
        sure = len(self.columns) if width in self.widths else self.stable
        named = self.columns[: min(sure, width)]
        return named + tuple(f"UNNAMED_{index}" for index in range(len(named), width))

    def label(self, column: str) -> str | None:
        """Return the Korean label of a column."""
        try:
            return self.labels[self.columns.index(column)]
        except ValueError:
            return None
