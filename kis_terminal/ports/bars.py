"""Bars from the broker and bars on disk: `adapters/kis`, `adapters/storage`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from kis_terminal.domain.instruments import Instrument

if TYPE_CHECKING:
    # numpy costs 150 ms: not before the window is up.
    from kis_terminal.domain.bar_columns import (
        BarColumns,
        BarPage,
        CorporateNote,
        SeriesKey,
        SeriesStatus,
        Span,
    )


class BarSource(Protocol):
    """Bars out of the broker's history, for the cache."""

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return what one call can give of the days from `start` to `end`: the newest of them.

        Raises TerminalError; CorrectionNeeded where the broker has no such history.
        """
        ...


class BarStore(Protocol):
    """Bars on disk. Every method raises StoreUnavailable while the store cannot be reached or written."""

    async def read(self, key: SeriesKey, start: int, end: int) -> BarColumns:
        """Return the stored bars with `start <= time < end` (wall seconds)."""
        ...

    async def read_many(self, keys: Sequence[SeriesKey], start: int, end: int) -> Sequence[BarColumns]:
        """Return what `read` would give for each key, in their order, in one go."""
        ...

    async def coverage(self, key: SeriesKey) -> Sequence[Span]:
        """Return the covered spans, joined and in order.

        Looks at every bar that is stored: what is damaged on disk is dropped, and covered no more.
        """
        ...

    async def write(self, bars: BarColumns, covered: Sequence[Span]) -> None:
        """Insert or overwrite bars and add to the coverage, both or neither."""
        ...

    async def write_many(self, parts: Sequence[tuple[BarColumns, Sequence[Span]]]) -> None:
        """Do what `write` does for each part, all or nothing, in one go."""
        ...

    async def forget(self, key: SeriesKey) -> None:
        """Drop bars and coverage of one series: its prices were adjusted anew."""
        ...

    async def series(self) -> Sequence[SeriesStatus]:
        """Return every series that is stored, ordered by key."""
        ...

    async def add_note(self, note: CorporateNote) -> None: ...

    async def notes(self, symbol: str) -> Sequence[CorporateNote]: ...

    async def keep_instruments(self, day: date, instruments: Sequence[Instrument]) -> None:
        """Keep the master of `day`, unless that of a later day is kept."""
        ...

    async def kept_instruments(self) -> tuple[date, Sequence[Instrument]] | None:
        """Return the newest master that was kept and its day, None when there is none."""
        ...

    async def close(self) -> None: ...
