"""What changes stored bars, inside the caller's transaction: merging into chunks, coverage, dropping damage.

Whoever writes to a series holds its row first (on SQLite the whole file), so that of two programs each sees
what the other has done. Rows are taken in the order of their keys: no two wait for one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from kis_terminal.adapters.storage.bar_packing import (
    Chunk,
    chunk_span,
    is_sound,
    merged,
    packed,
    seal_of,
    split,
    unpacked,
)
from kis_terminal.adapters.storage.bar_statements import KEY_COLUMNS, Statements
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.spans import joined, without

_AT_ONCE = 200
"""Series whose old bytes are held in memory while new ones are merged into them."""

Part = tuple[BarColumns, Sequence[Span]]


def key_values(key: SeriesKey, realm: str) -> dict[str, Any]:
    """Return a key as columns of the table of series."""
    values = (realm, key.product.value, key.symbol, key.interval.value, key.is_adjusted, key.exchange)
    return dict(zip(KEY_COLUMNS, values, strict=True))


class BarWriting:
    """Writes of one realm."""

    def __init__(self, statements: Statements, realm: str, now: Callable[[], int]) -> None:
        self._statements = statements
        self._realm = realm
        self._now = now

    async def write(self, connection: AsyncConnection, parts: Sequence[Part]) -> None:
        """Merge bars into their chunks and spans into the coverage."""
        single = sorted(_one_part_a_series(parts), key=lambda part: part[0].key)
        # All rows are taken before anything else is done, and in one order.
        ids = await self._claim(connection, [bars.key for bars, _ in single])
        by_interval = sorted(single, key=lambda part: part[0].key.interval)
        for _, same in groupby(by_interval, key=lambda part: part[0].key.interval):
            group = list(same)
            for first in range(0, len(group), _AT_ONCE):
                await self._merge(connection, ids, group[first : first + _AT_ONCE])

    async def _claim(self, connection: AsyncConnection, keys: Sequence[SeriesKey]) -> dict[SeriesKey, int]:
        """Return the ids of series, made where they are new; their rows are held from now on."""
        now = self._now()
        rows = [{**key_values(key, self._realm), "updated": now} for key in keys]
        by_values = {tuple(key_values(key, self._realm).values()): key for key in keys}
        claimed = (await connection.execute(self._statements.claim_series, rows)).all()
        return {by_values[(*row[1:5], bool(row[5]), row[6])]: int(row[0]) for row in claimed}

    async def _merge(
        self, connection: AsyncConnection, ids: dict[SeriesKey, int], parts: Sequence[Part]
    ) -> None:
        """Merge parts of series that share an interval."""
        pieces = [(bars.key, list(split(bars))) for bars, _ in parts]
        numbers = [number for _, split_bars in pieces for number, *_ in split_bars]
        old = await self._old_chunks(connection, [ids[key] for key, _ in pieces], numbers)
        rows: list[dict[str, Any]] = []
        lost: dict[SeriesKey, list[Span]] = {}
        for key, split_bars in pieces:
            seal = seal_of(key)
            for number, times, columns in split_bars:
                there = old.get((ids[key], number))
                if there is not None and not is_sound(there, seal):
                    lost.setdefault(key, []).append(chunk_span(key.interval, number))
                    there = None
                if there is not None:
                    times, columns = merged(unpacked(there), (times, columns))
                chunk = packed(number, times, columns, seal)
                if chunk != there:
                    rows.append(_row(ids[key], chunk))
        if rows:
            await connection.execute(self._statements.put_chunks, rows)
        await self._cover(
            connection, {ids[bars.key]: (spans, lost.get(bars.key, ())) for bars, spans in parts}
        )

    async def _old_chunks(
        self, connection: AsyncConnection, series: Sequence[int], numbers: Sequence[int]
    ) -> dict[tuple[int, int], Chunk]:
        if not numbers:
            return {}
        values = {"ids": list(series), "low": min(numbers), "high": max(numbers)}
        rows = (await connection.execute(self._statements.chunks_of_many, values)).all()
        return {(int(row[0]), int(row[1])): Chunk(*row[1:]) for row in rows}

    async def _cover(
        self, connection: AsyncConnection, changes: dict[int, tuple[Sequence[Span], Sequence[Span]]]
    ) -> None:
        """Add spans to the coverage of series, after taking others out of it."""
        there: dict[int, list[Span]] = {number: [] for number in changes}
        rows = (await connection.execute(self._statements.spans_of_many, {"ids": list(changes)})).all()
        for number, start, end in rows:
            there[number].append(Span(start, end))
        wanted = {
            number: joined([*without(there[number], lost), *added])
            for number, (added, lost) in changes.items()
        }
        changed = [number for number, spans in wanted.items() if sorted_spans(there[number]) != spans]
        if any(there[number] for number in changed):
            await connection.execute(self._statements.drop_spans, {"ids": changed})
        new = [
            {"series_id": number, "span_start": span.start, "span_end": span.end}
            for number in changed
            for span in wanted[number]
        ]
        if new:
            await connection.execute(self._statements.put_spans, new)

    async def forget(self, connection: AsyncConnection, key: SeriesKey) -> None:
        """Drop everything of one series."""
        series = await self._locked(connection, key)
        if series is None:
            return
        await connection.execute(self._statements.drop_every_chunk, {"series": series})
        await connection.execute(self._statements.drop_spans, {"ids": [series]})
        await connection.execute(self._statements.drop_series, {"series": series})

    async def drop_damaged(self, connection: AsyncConnection, key: SeriesKey, numbers: Sequence[int]) -> None:
        """Drop those of the chunks that are still damaged, and what they covered."""
        series = await self._locked(connection, key)
        if series is None:
            return
        seal = seal_of(key)
        there = await self._old_chunks(connection, [series], numbers)
        bad = [number for number in numbers if not is_sound(there.get((series, number), _NOTHING), seal)]
        if bad:
            await connection.execute(self._statements.drop_chunks, {"series": series, "numbers": bad})
            await self._cover(connection, {series: ((), [chunk_span(key.interval, n) for n in bad])})

    async def drop_old_markets(self, connection: AsyncConnection, kept: int) -> None:
        """Drop all but this made-up market and the `kept` others that were written to last."""
        rows = (await connection.execute(self._statements.made_up_realms)).all()
        others = [str(row[0]) for row in rows if row[0] != self._realm]
        for realm in others[kept:]:
            # Its rows are held first, as by every write: what another program adds meanwhile is a new row.
            held = (await connection.execute(self._statements.lock_realm, {"realm": realm})).all()
            ids = [int(row[0]) for row in held]
            for first in range(0, len(ids), _AT_ONCE):
                group = {"ids": ids[first : first + _AT_ONCE]}
                await connection.execute(self._statements.drop_chunks_of_many, group)
                await connection.execute(self._statements.drop_spans, group)
                await connection.execute(self._statements.drop_series_of_many, group)
            await connection.execute(self._statements.drop_notes, {"of_realm": realm})
            await connection.execute(self._statements.drop_master, {"of_realm": realm})

    async def _locked(self, connection: AsyncConnection, key: SeriesKey) -> int | None:
        values = {f"key_{name}": value for name, value in key_values(key, self._realm).items()}
        found = await connection.scalar(self._statements.lock_series, values)
        return None if found is None else int(found)


_NOTHING = Chunk(0, 0, -1, b"")


def sorted_spans(spans: Sequence[Span]) -> list[Span]:
    """Return spans in order of their starts, not joined."""
    return sorted(spans, key=lambda span: span.start)


def _one_part_a_series(parts: Sequence[Part]) -> Iterator[Part]:
    """Give each series once; of bars that come twice the later part's count."""
    found: dict[SeriesKey, Part] = {}
    for bars, spans in parts:
        earlier = found.get(bars.key)
        if earlier is not None:
            old, old_spans = earlier
            if len(old) and len(bars):
                both = merged((old.times, old.columns), (bars.times, bars.columns))
                bars = BarColumns(bars.key, *both)
            elif len(old):
                bars = old
            spans = [*old_spans, *spans]
        found[bars.key] = (bars, spans)
    yield from found.values()


def _row(series: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "series_id": series,
        "chunk": chunk.number,
        "bars": chunk.bars,
        "checksum": chunk.checksum,
        "data": chunk.data,
    }
