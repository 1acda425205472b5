"""The database behind the bar store: connections, transactions, and the schema brought up to date."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kis_terminal.adapters.storage.schema import CACHE, HEAD, SERIES, VERSION_TABLE, VERSIONS
from kis_terminal.adapters.storage.store_failures import is_held, newer_database, refusal_of, unavailable

if TYPE_CHECKING:
    from alembic.config import Config

    from kis_terminal.adapters.storage.bar_place import StorePlace

MIGRATIONS = Path(__file__).with_name("migrations")
DRIVER_FAILURES = (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError)
"""What a database that does not work raises; a bug of ours raises something else."""

_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 20.0
_LOCK_SECONDS = 8.0
_BUSY_SECONDS = 8.0
_MOMENT = 0.05
_READERS, _WRITERS = 3, 2
_PAGE_BYTES = 16_384
_UPGRADE_LOCK = 0x6B69_7362


@dataclass(frozen=True, slots=True)
class Database:
    """Two pools of connections: what reads needs no transaction, and so fewer turns to the database."""

    place: StorePlace
    reading: AsyncEngine
    writing: AsyncEngine

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two databases it is."""
        return self.place.file is not None

    async def close(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()


@dataclass(frozen=True, slots=True)
class StoreState:
    """What lies in a store, as `db status` and `doctor` show it."""

    version: str | None
    """None for an empty database."""
    series: int
    bars: int
    bytes_used: int
    """Of the packed bars; the file or the server's tables are somewhat larger."""

    @property
    def is_current(self) -> bool:
        """Tell whether this program can use it as it is."""
        return self.version == HEAD

    @property
    def is_newer(self) -> bool:
        """Tell whether a later program made it, which this one must not touch."""
        return self.version is not None and self.version not in VERSIONS


def open_database(place: StorePlace, *, statement_seconds: float = _STATEMENT_SECONDS) -> Database:
    """Return a database; nothing is connected yet."""
    make = _server_engine if place.file is None else _file_engine
    plainly = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    return Database(
        place,
        make(place.url, statement_seconds, {**plainly, "pool_size": _READERS}),
        make(place.url, statement_seconds, {"pool_size": _WRITERS}),
    )


def _file_engine(address: str, statement_seconds: float, options: dict[str, Any]) -> AsyncEngine:
    limit = min(_BUSY_SECONDS, statement_seconds)
    engine = create_async_engine(address, connect_args={"timeout": limit}, max_overflow=0, **options)
    event.listen(engine.sync_engine, "connect", _prepare_file)
    if "isolation_level" not in options:
        event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _server_engine(address: str, statement_seconds: float, options: dict[str, Any]) -> AsyncEngine:
    import asyncpg

    settings = {
        "application_name": "kis-terminal",
        "statement_timeout": f"{statement_seconds * 1000:.0f}",
        "lock_timeout": f"{min(_LOCK_SECONDS, statement_seconds / 2) * 1000:.0f}",
        "jit": "off",
    }

    async def connected(*_: Any, **__: Any) -> Any:
        # The driver reads the address itself, as libpq does: `sslmode` and its like mean there what they say.
        try:
            return await asyncpg.connect(
                address,
                timeout=_CONNECT_SECONDS,
                # The server's own limit ends a statement in order; ours is for one that says nothing.
                command_timeout=statement_seconds * 1.1 + 0.2,
                server_settings=settings,
            )
        except ValueError as error:
            raise ConnectionError("DATABASE_URL") from error  # an address that cannot be read

    return create_async_engine(
        "postgresql+asyncpg://",
        **options,
        max_overflow=0,
        pool_timeout=statement_seconds,
        async_creator=connected,
    )


def _prepare_file(connection: Any, _: Any) -> None:
    """Set up a new connection to a file; transactions are begun by `_begin`, never by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA page_size={_PAGE_BYTES}")  # only an empty file takes it
        cursor.execute("PRAGMA journal_mode=WAL")
        # A killed program loses nothing. A power cut may take the last commits, bars and coverage together,
        # and they are fetched again; the file stays whole.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        cursor.execute("PRAGMA cache_size=-16384")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later could not get the lock while another one writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def prepare(database: Database, scripts: Path = MIGRATIONS) -> None:
    """Bring the schema up to date, all of it or nothing; raises StoreUnavailable for a newer one."""
    if database.place.file is not None:
        database.place.file.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            await _prepare(database, scripts)
        except DRIVER_FAILURES as error:
            # Of two programs that make a file at once SQLite turns one away without letting it wait.
            if not is_held(error) or time.monotonic() > until:
                raise
            await asyncio.sleep(_MOMENT)
        else:
            return


async def _prepare(database: Database, scripts: Path) -> None:
    if scripts is MIGRATIONS:
        async with database.reading.connect() as connection:
            if await connection.run_sync(_version) == HEAD:
                return
    async with database.writing.begin() as connection:
        if not database.is_sqlite:
            # Of two programs that start at once one upgrades and the other finds it done.
            await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        await connection.run_sync(_upgrade, database.place.label, scripts)


def _upgrade(connection: Connection, label: str, scripts: Path) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config(scripts)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = _version(connection)
    if version is not None and version not in known:
        raise newer_database(label, version)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _version(connection: Connection) -> str | None:
    """Return the version of the schema, None for an empty database."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


async def state_of(place: StorePlace) -> StoreState:
    """Look into a store without changing it; raises StoreUnavailable."""
    if place.file is not None and not place.file.exists():
        return StoreState(None, 0, 0, 0)
    database = open_database(place)
    try:
        async with database.reading.connect() as connection:
            return await _read_state(connection)
    except DRIVER_FAILURES as error:
        raise unavailable(place.label, refusal_of(error)) from error
    finally:
        await database.close()


async def _read_state(connection: AsyncConnection) -> StoreState:
    version = await connection.run_sync(_version)
    if version != HEAD:
        return StoreState(version, 0, 0, 0)
    series = await connection.scalar(select(func.count()).select_from(SERIES))
    counted = select(func.sum(CACHE.c.bars), func.sum(func.length(CACHE.c.data)))
    bars, size = (await connection.execute(counted)).one()
    return StoreState(version, int(series or 0), int(bars or 0), int(size or 0))


async def upgrade(place: StorePlace) -> StoreState:
    """Bring the schema of a store up to date and look into it; raises StoreUnavailable."""
    database = open_database(place)
    try:
        await prepare(database)
    except DRIVER_FAILURES as error:
        raise unavailable(place.label, refusal_of(error)) from error
    finally:
        await database.close()
    return await state_of(place)
