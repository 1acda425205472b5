"""A bar store in dicts that counts its uses and can be made unreachable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kis_terminal.domain.bar_columns import BarColumns, CorporateNote, SeriesKey, SeriesStatus, Span
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.spans import joined
from kis_terminal.services.bars.columns import merged, no_bars


class MemoryBarStore:
    """`ports.BarStore` without a disk."""

    def __init__(self) -> None:
        self.bars: dict[SeriesKey, BarColumns] = {}
        self.covered: dict[SeriesKey, list[Span]] = {}
        self.told: list[CorporateNote] = []
        self.refusal: StoreUnavailable | None = None
        self.is_read_only = False
        self.reads = 0

    async def read(self, key: SeriesKey, start: int, end: int) -> BarColumns:
        """Return stored bars."""
        self._reach()
        self.reads += 1
        return self.bars.get(key, no_bars(key)).between(start, end)

    async def read_many(self, keys: Sequence[SeriesKey], start: int, end: int) -> Sequence[BarColumns]:
        """Return stored bars of many series."""
        return [await self.read(key, start, end) for key in keys]

    async def coverage(self, key: SeriesKey) -> Sequence[Span]:
        """Return the covered spans."""
        self._reach()
        return self.covered.get(key, [])

    async def write(self, bars: BarColumns, covered: Sequence[Span]) -> None:
        """Insert or overwrite."""
        self._reach()
        if self.is_read_only:
            raise StoreUnavailable("read-only")
        key = bars.key
        self.bars[key] = merged(key, [self.bars.get(key, no_bars(key)), bars])
        self.covered[key] = joined([*self.covered.get(key, []), *covered])

    async def write_many(self, parts: Sequence[tuple[BarColumns, Sequence[Span]]]) -> None:
        """Insert or overwrite many."""
        for bars, covered in parts:
            await self.write(bars, covered)

    async def forget(self, key: SeriesKey) -> None:
        """Drop one series."""
        self._reach()
        self.bars.pop(key, None)
        self.covered.pop(key, None)

    async def series(self) -> Sequence[SeriesStatus]:
        """Return what is stored."""
        self._reach()
        return [
            SeriesStatus(key, len(self.bars[key]), self.covered[key], 48 * len(self.bars[key]), 0)
            for key in sorted(self.bars)
        ]

    async def add_note(self, note: CorporateNote) -> None:
        """Keep a note."""
        self._reach()
        self.told.append(note)

    async def notes(self, symbol: str) -> Sequence[CorporateNote]:
        """Return the notes of a symbol."""
        return [note for note in self.told if note.symbol == symbol]

    async def keep_instruments(self, day: date, instruments: Sequence[Instrument]) -> None:
        """Keep no master."""

    async def kept_instruments(self) -> tuple[date, Sequence[Instrument]] | None:
        """Return no master."""
        return None

    async def close(self) -> None:
        """Do nothing."""

    def _reach(self) -> None:
        if self.refusal is not None:
            raise self.refusal
