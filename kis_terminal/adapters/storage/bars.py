"""`ports.BarStore` on SQLite or PostgreSQL. Imports SQLAlchemy: never in the window's process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from kis_terminal.adapters.storage.bar_packing import (
    Chunk,
    assembled,
    chunk_numbers,
    chunk_span,
    is_sound,
    seal_of,
)
from kis_terminal.adapters.storage.bar_place import MADE_UP, StorePlace
from kis_terminal.adapters.storage.bar_statements import Statements
from kis_terminal.adapters.storage.bar_writing import BarWriting, key_values
from kis_terminal.adapters.storage.database import DRIVER_FAILURES, Database, open_database, prepare
from kis_terminal.adapters.storage.master_rows import instrument_of, row_of
from kis_terminal.adapters.storage.store_failures import Refusal, is_passing, refusal_of, unavailable
from kis_terminal.domain.bar_columns import BarColumns, CorporateNote, Product, SeriesKey, SeriesStatus, Span
from kis_terminal.domain.bars import FIELDS
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.spans import without
from kis_terminal.domain.wall_time import wall_seconds

T = TypeVar("T")
log = logging.getLogger(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0
"""Seconds for which a store that was out of reach is not asked again."""
_KEPT_MARKETS = 3
"""Made-up markets beside the one in use whose bars are kept: tomorrow's is another one."""
_AT_ONCE = 500
"""Series whose bytes are held in memory while they are unpacked."""
_SEOUL = "Asia/Seoul"


def _now() -> int:
    return wall_seconds(datetime.now(ZoneInfo(_SEOUL)))


class SqlBarStore:
    """Bars as packed chunks in one database, see bar_packing; one object serves many calls at once.

    The first call connects and brings the schema up to date. While the database is out of reach calls raise
    StoreUnavailable at once and try again after a delay that doubles to half a minute.
    """

    def __init__(
        self,
        place: StorePlace,
        realm: str,
        *,
        tell: Callable[[Sentence], None] | None = None,
        now: Callable[[], int] = _now,
        statement_seconds: float | None = None,
    ) -> None:
        """`realm` keeps series of different markets apart; `tell` hears of damage that was found."""
        self._place = place
        self._realm = realm
        self._tell = tell or (lambda sentence: log.warning("%s", sentence))
        limit = {} if statement_seconds is None else {"statement_seconds": statement_seconds}
        self._database = open_database(place, **limit)
        self._statements = Statements(is_sqlite=self._database.is_sqlite)
        self._writing = BarWriting(self._statements, realm, now)
        self._has_cleared = False
        self._preparing = asyncio.Lock()
        self._is_prepared = False
        self._delay = _FIRST_DELAY
        self._refused: StoreUnavailable | None = None
        self._retry_at = 0.0

    # -- bars

    async def read(self, key: SeriesKey, start: int, end: int) -> BarColumns:
        """Return the stored bars with `start <= time < end`; damaged ones are dropped and told."""
        low, high = chunk_numbers(key.interval, start, end)

        async def work(connection: AsyncConnection) -> list[Chunk]:
            values = {**self._named(key), "low": low, "high": high}
            return [Chunk(*row) for row in await self._statements.chunks.rows(connection, values)]

        if high < low:
            return _empty(key)
        return await self._put_together(key, await self._run(work), start, end)

    async def read_many(self, keys: Sequence[SeriesKey], start: int, end: int) -> list[BarColumns]:
        """Return what `read` would give for each key, in their order."""
        found: dict[SeriesKey, BarColumns] = {}
        if end > start and keys:
            ids = await self._run(self._ids_of)
            for interval in {key.interval for key in keys}:
                wanted = [key for key in dict.fromkeys(keys) if key.interval is interval and key in ids]
                for first in range(0, len(wanted), _AT_ONCE):
                    group = {ids[key]: key for key in wanted[first : first + _AT_ONCE]}
                    for key, chunks in (await self._chunks_of_many(group, interval, start, end)).items():
                        found[key] = await self._put_together(key, chunks, start, end)
        return [found.get(key) or _empty(key) for key in keys]

    async def coverage(self, key: SeriesKey) -> list[Span]:
        """Return the covered spans; what is damaged on disk is dropped first."""

        async def work(connection: AsyncConnection) -> tuple[list[Span], list[Chunk]]:
            values = self._named(key)
            spans = await self._statements.spans.rows(connection, values)
            rows = await self._statements.every_chunk.rows(connection, values)
            return [Span(*row) for row in spans], [Chunk(*row) for row in rows]

        spans, chunks = await self._run(work)
        seal = seal_of(key)
        damaged = [chunk.number for chunk in chunks if not is_sound(chunk, seal)]
        if damaged:
            await self._drop_damaged(key, damaged)
        return without(spans, [chunk_span(key.interval, number) for number in damaged])

    async def write(self, bars: BarColumns, covered: Sequence[Span]) -> None:
        """Insert or overwrite bars and add to the coverage, both or neither."""
        await self.write_many([(bars, covered)])

    async def write_many(self, parts: Sequence[tuple[BarColumns, Sequence[Span]]]) -> None:
        """Do what `write` does for each part, all or nothing."""

        async def work(connection: AsyncConnection) -> None:
            await self._writing.write(connection, parts)

        if parts:
            await self._run(work, writes=True)
            await self._drop_old_markets()

    async def _drop_old_markets(self) -> None:
        """Throw away what exchanges of other days made up, once a store; what was written stands anyway."""
        if self._has_cleared or not self._realm.startswith(MADE_UP):
            return
        self._has_cleared = True

        async def work(connection: AsyncConnection) -> None:
            await self._writing.drop_old_markets(connection, _KEPT_MARKETS)

        try:
            await self._run(work, writes=True)
        except StoreUnavailable as error:
            log.warning("old simulations stay in the store: %s", error)

    async def forget(self, key: SeriesKey) -> None:
        """Drop bars and coverage of one series."""

        async def work(connection: AsyncConnection) -> None:
            await self._writing.forget(connection, key)

        await self._run(work, writes=True)

    async def series(self) -> list[SeriesStatus]:
        """Return every series that is stored, ordered by key."""

        async def work(connection: AsyncConnection) -> list[SeriesStatus]:
            mine = {"realm": self._realm}
            spans: dict[int, list[Span]] = {}
            for number, start, end in (await connection.execute(self._statements.all_spans, mine)).all():
                spans.setdefault(number, []).append(Span(start, end))
            sizes = {
                int(number): (int(bars), int(size))
                for number, bars, size in (await connection.execute(self._statements.sizes, mine)).all()
            }
            found = []
            for row in (await connection.execute(self._statements.all_series, mine)).all():
                bars, size = sizes.get(row.id, (0, 0))
                covered = tuple(spans.get(row.id, ()))
                found.append(SeriesStatus(_key_of(row), bars, covered, size, int(row.updated)))
            return found

        return sorted(await self._run(work), key=lambda status: status.key)

    # -- notes and the master

    async def add_note(self, note: CorporateNote) -> None:
        """Keep a note; one of the same symbol and day is replaced."""
        values = {
            "realm": self._realm,
            "symbol": note.symbol,
            "day": note.day,
            "factor": note.factor,
            "text": note.text,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(self._statements.put_note, values)

        await self._run(work, writes=True)

    async def notes(self, symbol: str) -> list[CorporateNote]:
        """Return the notes of one symbol, oldest first."""

        async def work(connection: AsyncConnection) -> list[CorporateNote]:
            values = {"realm": self._realm, "symbol": symbol}
            return [
                CorporateNote(*row)
                for row in (await connection.execute(self._statements.notes, values)).all()
            ]

        return await self._run(work)

    async def keep_instruments(self, day: date, instruments: Sequence[Instrument]) -> None:
        """Keep the master of `day`, unless that of a later day is kept."""
        rows = [row_of(instrument, self._realm, day) for instrument in instruments]

        async def work(connection: AsyncConnection) -> None:
            kept = await connection.scalar(self._statements.newest_master, {"realm": self._realm})
            if kept is not None and kept > day:
                return
            await connection.execute(self._statements.drop_master, {"of_realm": self._realm})
            if rows:
                await connection.execute(self._statements.put_master, rows)

        await self._run(work, writes=True)

    async def kept_instruments(self) -> tuple[date, list[Instrument]] | None:
        """Return the newest master that was kept and its day, None when there is none."""

        async def work(connection: AsyncConnection) -> list[Any]:
            mine = {"realm": self._realm}
            return list((await connection.execute(self._statements.master, mine)).all())

        rows = await self._run(work)
        return (max(row.day for row in rows), [instrument_of(row) for row in rows]) if rows else None

    async def close(self) -> None:
        """Close every connection; may be called twice."""
        await self._database.close()

    # -- reading

    def _named(self, key: SeriesKey) -> dict[str, Any]:
        return {f"key_{name}": value for name, value in key_values(key, self._realm).items()}

    async def _ids_of(self, connection: AsyncConnection) -> dict[SeriesKey, int]:
        rows = (await connection.execute(self._statements.all_series, {"realm": self._realm})).all()
        return {_key_of(row): int(row.id) for row in rows}

    async def _chunks_of_many(
        self, group: dict[int, SeriesKey], interval: Interval, start: int, end: int
    ) -> dict[SeriesKey, list[Chunk]]:
        low, high = chunk_numbers(interval, start, end)

        async def work(connection: AsyncConnection) -> Sequence[Any]:
            values = {"ids": list(group), "low": low, "high": high}
            return (await connection.execute(self._statements.chunks_of_many, values)).all()

        chunks: dict[SeriesKey, list[Chunk]] = {}
        for number, *chunk in await self._run(work):
            chunks.setdefault(group[number], []).append(Chunk(*chunk))
        return chunks

    async def _put_together(
        self, key: SeriesKey, chunks: Sequence[Chunk], start: int, end: int
    ) -> BarColumns:
        seal = seal_of(key)
        sound = [chunk for chunk in chunks if is_sound(chunk, seal)]
        if len(sound) < len(chunks):
            damaged = {chunk.number for chunk in chunks} - {chunk.number for chunk in sound}
            await self._drop_damaged(key, sorted(damaged))
        return assembled(key, sound, start, end)

    async def _drop_damaged(self, key: SeriesKey, numbers: Sequence[int]) -> None:
        """Take damaged chunks out of bars and coverage, and tell; a store that is read-only keeps them."""
        self._tell(
            Sentence(
                "봉 저장소 {store}에서 {symbol} {interval} 봉의 손상을 찾아 그 부분을 버렸습니다. "
                "필요할 때 KIS에서 다시 받습니다.",
                store=self._place.label,
                symbol=key.symbol,
                interval=key.interval.value,
            )
        )

        async def work(connection: AsyncConnection) -> None:
            await self._writing.drop_damaged(connection, key, numbers)

        try:
            await self._run(work, writes=True)
        except StoreUnavailable as error:
            log.warning("%s", error)  # it is read as absent all the same

    # -- reaching the database

    async def _run(self, work: Callable[[AsyncConnection], Awaitable[T]], *, writes: bool = False) -> T:
        """Do `work`, what writes in one transaction; once more if the connection was lost or another won."""
        database = await self._ready()
        begin = database.writing.begin if writes else database.reading.connect
        for is_last in (False, True):
            try:
                async with begin() as connection:
                    result = await work(connection)
            except DRIVER_FAILURES as error:
                refusal = refusal_of(error)
                if is_last or not is_passing(error):
                    raise self._turned_away(refusal) from error
            else:
                self._delay = _FIRST_DELAY
                return result
        raise AssertionError("unreachable")

    async def _ready(self) -> Database:
        """Connect and bring the schema up to date, once; raises what was raised last while it waits."""
        if self._refused is not None:
            if time.monotonic() < self._retry_at:
                raise StoreUnavailable(*self._refused.args)
            self._refused = None
        if not self._is_prepared:
            async with self._preparing:
                if self._refused is not None:  # by the call that this one waited for
                    raise StoreUnavailable(*self._refused.args)
                if not self._is_prepared:
                    try:
                        # Connections from before may lead to a file that was moved away, or wait for a lost
                        # answer; the schema may have gone with them.
                        await self._database.close()
                        await prepare(self._database)
                    except DRIVER_FAILURES as error:
                        raise self._turned_away(refusal_of(error), must_wait=True) from error
                    except StoreUnavailable as error:
                        self._wait_before_retry(error)
                        raise
                    self._is_prepared = True
        return self._database

    def _turned_away(self, refusal: Refusal, *, must_wait: bool = False) -> StoreUnavailable:
        error = unavailable(self._place.label, refusal)
        if refusal.is_out_of_reach or must_wait:
            self._wait_before_retry(error)
        return error

    def _wait_before_retry(self, error: StoreUnavailable) -> None:
        if self._refused is not None:
            return  # calls that failed together are one failure
        self._refused = error
        self._is_prepared = False
        self._retry_at = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, _LONGEST_DELAY)


def _key_of(row: Any) -> SeriesKey:
    return SeriesKey(
        Product(row.product), row.symbol, Interval(row.interval), bool(row.is_adjusted), row.exchange
    )


def _empty(key: SeriesKey) -> BarColumns:
    return BarColumns(key, np.empty(0, np.int64), np.empty((FIELDS, 0), np.float64))
