"""The schema's versions: made, raised, refused, and left whole when a migration breaks."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.adapters.storage.database import (
    MIGRATIONS,
    Database,
    open_database,
    prepare,
    state_of,
    upgrade,
)
from kis_terminal.adapters.storage.schema import METADATA, VERSION_TABLE, VERSIONS
from kis_terminal.domain.errors import StoreUnavailable
from tests.adapters.storage.conftest import REALM
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, same, weekdays, whole

BARS = made_bars(SAMSUNG_DAYS, weekdays(400))


async def tables(database: Database) -> set[str]:
    async with database.reading.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def fill(place: StorePlace) -> None:
    store = SqlBarStore(place, REALM)
    await store.write(BARS, whole(BARS))
    await store.close()


def test_the_program_knows_every_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == VERSIONS


async def test_migrations_make_what_the_program_uses(place: StorePlace) -> None:
    database = open_database(place)
    await prepare(database)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return list(compare_metadata(context, METADATA))

    async with database.reading.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_store_is_made_once_though_several_begin_at_once(place: StorePlace) -> None:
    databases = [open_database(place) for _ in range(8)]

    await asyncio.gather(*(prepare(database) for database in databases))

    assert {table.name for table in METADATA.tables.values()} < await tables(databases[0])
    for database in databases:
        await database.close()


async def test_a_broken_migration_leaves_bars_and_schema_as_they_were(
    place: StorePlace, tmp_path: Path
) -> None:
    await fill(place)
    scripts = tmp_path / "scripts"
    shutil.copytree(MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "v0002_broken.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = '0002', '0001', None, None\n"
        "def upgrade():\n"
        "    op.create_table('half_done', sa.Column('id', sa.Integer))\n"
        "    op.drop_table('ohlcv_cache')\n"
        "    op.execute('SELECT * FROM a_table_that_is_not_there')\n"
    )
    database = open_database(place)

    with pytest.raises(SQLAlchemyError):
        await prepare(database, scripts)

    assert "half_done" not in await tables(database)
    await database.close()
    assert (await state_of(place)).version == VERSIONS[-1]
    store = SqlBarStore(place, REALM)
    assert same(await store.read(SAMSUNG_DAYS, 0, 2**40), BARS)
    await store.close()


async def test_a_newer_database_is_refused_and_left_alone(place: StorePlace) -> None:
    await fill(place)
    database = open_database(place)
    async with database.writing.begin() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))  # noqa: S608
    await database.close()

    store = SqlBarStore(place, REALM)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"더 새로운 KIS Terminal이 만들었습니다\(판 0999\)"):
            await store.read(SAMSUNG_DAYS, 0, 2**40)
    await store.close()

    state = await state_of(place)
    assert (state.version, state.is_newer, state.is_current) == ("0999", True, False)


async def test_the_state_tells_what_is_there_and_makes_nothing(place: StorePlace) -> None:
    before = await state_of(place)
    assert (before.version, before.series) == (None, 0)
    assert place.file is None or not place.file.exists()

    assert (await upgrade(place)).is_current
    await fill(place)

    state = await state_of(place)
    assert (state.series, state.bars) == (1, 400)
    assert state.bytes_used > 400 * 15


def test_labels_show_where_a_store_is_and_nothing_else(tmp_path: Path) -> None:
    for url in (
        "postgresql://kis:canary@db.example:5433/bars?sslmode=require",
        "postgres://kis:canary@db.example:5433/bars",
        "postgresql+asyncpg://kis:canary@db.example:5433/bars",
    ):
        place = store_place(url, tmp_path)
        assert place.label == "PostgreSQL db.example:5433/bars"
        assert place.url.startswith("postgresql://")
        assert "canary" not in repr(place)
    for spoiled in ("postgresql://kis:12/canary@db/bars", "postgresql://kis:12#canary@db/bars"):
        assert store_place(spoiled, tmp_path).label == "PostgreSQL"
    assert store_place(f"sqlite:///{tmp_path}/mine.db", tmp_path).file == tmp_path / "mine.db"
    assert store_place("sqlite:///mine.db", tmp_path).file == Path.cwd() / "mine.db"
    assert store_place(None, tmp_path).file == tmp_path / "bars.sqlite"
