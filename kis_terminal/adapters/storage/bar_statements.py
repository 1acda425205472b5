"""The bar store's statements, built once: SQLAlchemy then finds their SQL in its cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Select, Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from kis_terminal.adapters.storage.bar_place import MADE_UP
from kis_terminal.adapters.storage.schema import CACHE, COVERAGE, NOTES, SERIES, SYMBOLS

KEY_COLUMNS = ("realm", "product", "symbol", "interval", "is_adjusted", "exchange")
_CHUNK = (CACHE.c.chunk, CACHE.c.bars, CACHE.c.checksum, CACHE.c.data)


def _of_key(statement: Select[Any]) -> Select[Any]:
    return statement.where(*(SERIES.c[name] == bindparam(f"key_{name}") for name in KEY_COLUMNS))


class QuickRead:
    """A statement that a chart waits for.

    SQLAlchemy goes to a file's thread four times for a statement, aiosqlite itself once: 0.6 ms become 0.25.
    """

    def __init__(self, statement: Select[Any], *, is_sqlite: bool) -> None:
        self._statement = statement
        self._words, self._names = "", [""]
        if is_sqlite:
            compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
            self._words, self._names = str(compiled), list(compiled.positiontup or ())

    async def rows(self, connection: AsyncConnection, values: dict[str, Any]) -> Sequence[Any]:
        """Return the rows as tuples; `values` are those of the statement's names."""
        rows: Sequence[Any]
        if not self._words:
            rows = (await connection.execute(self._statement, values)).all()
        else:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            rows = await driver.execute_fetchall(self._words, [values[name] for name in self._names])
        return rows


class Statements:
    """Everything the store says to a database, for one of the two dialects."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self._insert: Any = sqlite.insert if is_sqlite else postgresql.insert
        self.claim_series = self._upsert(SERIES, KEY_COLUMNS, ("updated",)).returning(
            SERIES.c.id, *(SERIES.c[name] for name in KEY_COLUMNS)
        )
        """Makes or touches rows of series, and holds them until the transaction ends."""
        self.lock_series = _of_key(select(SERIES.c.id)).with_for_update()
        self.all_series = select(SERIES).where(SERIES.c.realm == bindparam("realm"))
        self.sizes = (
            select(CACHE.c.series_id, func.sum(CACHE.c.bars), func.sum(func.length(CACHE.c.data)))
            .join_from(CACHE, SERIES, SERIES.c.id == CACHE.c.series_id)
            .where(SERIES.c.realm == bindparam("realm"))
            .group_by(CACHE.c.series_id)
        )
        self.all_spans = (
            select(COVERAGE)
            .join_from(COVERAGE, SERIES, SERIES.c.id == COVERAGE.c.series_id)
            .where(SERIES.c.realm == bindparam("realm"))
            .order_by(COVERAGE.c.series_id, COVERAGE.c.span_start)
        )
        in_range = CACHE.c.chunk.between(bindparam("low"), bindparam("high"))
        one_series = _of_key(select(*_CHUNK).join_from(SERIES, CACHE, SERIES.c.id == CACHE.c.series_id))
        self.chunks = QuickRead(one_series.where(in_range).order_by(CACHE.c.chunk), is_sqlite=is_sqlite)
        self.every_chunk = QuickRead(one_series.order_by(CACHE.c.chunk), is_sqlite=is_sqlite)
        spans = select(COVERAGE.c.span_start, COVERAGE.c.span_end).join_from(
            SERIES, COVERAGE, SERIES.c.id == COVERAGE.c.series_id
        )
        self.spans = QuickRead(_of_key(spans).order_by(COVERAGE.c.span_start), is_sqlite=is_sqlite)
        among = CACHE.c.series_id.in_(bindparam("ids", expanding=True))
        self.chunks_of_many = (
            select(CACHE.c.series_id, *_CHUNK)
            .where(among, in_range)
            .order_by(CACHE.c.series_id, CACHE.c.chunk)
        )
        self.spans_of_many = select(COVERAGE).where(
            COVERAGE.c.series_id.in_(bindparam("ids", expanding=True))
        )
        self.put_chunks = self._upsert(CACHE, ("series_id", "chunk"), ("bars", "checksum", "data"))
        self.put_spans = self._insert(COVERAGE)
        self.drop_spans = delete(COVERAGE).where(COVERAGE.c.series_id.in_(bindparam("ids", expanding=True)))
        self.drop_chunks = delete(CACHE).where(
            CACHE.c.series_id == bindparam("series"),
            CACHE.c.chunk.in_(bindparam("numbers", expanding=True)),
        )
        self.drop_every_chunk = delete(CACHE).where(CACHE.c.series_id == bindparam("series"))
        self.drop_series = delete(SERIES).where(SERIES.c.id == bindparam("series"))
        self.made_up_realms = (
            select(SERIES.c.realm, func.max(SERIES.c.updated))
            .where(SERIES.c.realm.startswith(MADE_UP, autoescape=True))
            .group_by(SERIES.c.realm)
            .order_by(func.max(SERIES.c.updated).desc(), SERIES.c.realm)
        )
        """The markets that exchanges have made up, the one that was last written to first."""
        self.lock_realm = (
            select(SERIES.c.id)
            .where(SERIES.c.realm == bindparam("realm"))
            .order_by(*(SERIES.c[name] for name in KEY_COLUMNS))
            .with_for_update()
        )
        among_all = bindparam("ids", expanding=True, type_=Integer)
        self.drop_chunks_of_many = delete(CACHE).where(CACHE.c.series_id.in_(among_all))
        self.drop_series_of_many = delete(SERIES).where(SERIES.c.id.in_(among_all))
        self.drop_notes = delete(NOTES).where(NOTES.c.realm == bindparam("of_realm"))
        self.put_note = self._upsert(NOTES, ("realm", "symbol", "day"), ("factor", "text"))
        self.notes = (
            select(NOTES.c.symbol, NOTES.c.day, NOTES.c.factor, NOTES.c.text)
            .where(NOTES.c.realm == bindparam("realm"), NOTES.c.symbol == bindparam("symbol"))
            .order_by(NOTES.c.day)
        )
        self.newest_master = select(func.max(SYMBOLS.c.day)).where(SYMBOLS.c.realm == bindparam("realm"))
        self.master = select(SYMBOLS).where(SYMBOLS.c.realm == bindparam("realm")).order_by(SYMBOLS.c.symbol)
        self.drop_master = delete(SYMBOLS).where(SYMBOLS.c.realm == bindparam("of_realm"))
        self.put_master = self._upsert(
            SYMBOLS,
            ("realm", "symbol"),
            [column.name for column in SYMBOLS.columns if column.name not in ("realm", "symbol")],
        )

    def _upsert(self, table: Table, keys: Sequence[str], others: Sequence[str]) -> Any:
        insert = self._insert(table)
        return insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: insert.excluded[name] for name in others}
        )
