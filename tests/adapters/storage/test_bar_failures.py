"""Stores that fail, on both databases: killed writers, two writers, damage, all ways to be out of reach."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, text

from kis_terminal.adapters.storage import bars as bars_module
from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.adapters.storage.bar_process import BarStoreProcess
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.adapters.storage.database import open_database
from kis_terminal.adapters.storage.schema import METADATA, VERSION_TABLE
from kis_terminal.adapters.storage.store_failures import refusal_of
from kis_terminal.domain.bar_columns import Span
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import BarStore
from tests.adapters.storage.conftest import REALM
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, same, weekdays, whole
from tests.support.bar_writer import key_of, pages_of
from tests.support.fault_proxy import FaultProxy, fault_proxy

EVER = 2**40
BARS = made_bars(SAMSUNG_DAYS, weekdays(1_500))


async def test_a_kill_half_way_loses_nothing_that_was_confirmed(
    place: StorePlace, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres_url") if place.file is None else None
    folder = tmp_path if place.file is None else place.file.parent
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.support.bar_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(json.dumps({"database_url": url, "folder": str(folder), "symbol": "005930"}) + "\n")
    writer.stdin.flush()
    confirmed = int(writer.stdout.readline())
    await asyncio.sleep(random.uniform(0.05, 0.3))
    writer.kill()
    confirmed = max([confirmed, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()

    store = SqlBarStore(place, REALM)
    covered = await store.coverage(key_of("005930"))
    found = await store.read(key_of("005930"), 0, EVER)
    await store.close()

    pages = pages_of("005930", confirmed + 3)
    done = sum(
        any(span.start <= page.start and page.end <= span.end for span in covered) for _, page in pages
    )
    assert confirmed + 1 <= done <= confirmed + 2
    assert np.array_equal(found.times, np.concatenate([bars.times for bars, _ in pages[:done]]))
    assert np.array_equal(found.columns, np.hstack([bars.columns for bars, _ in pages[:done]]))


@asynccontextmanager
async def postgres_proxy(url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    """Give a proxy before the server, and its address with user and password."""
    async with fault_proxy(url) as (proxy, _):
        yield proxy, f"{url.rpartition(':')[0]}:{proxy.port}/{url.rpartition('/')[2]}"


async def write_shuffled(store: BarStore, seed: int) -> None:
    """Write overlapping pages of two series in a random order."""
    pages = [page for symbol in ("005930", "000660") for page in pages_of(symbol, 24)]
    random.Random(seed).shuffle(pages)
    for first in range(0, len(pages), 6):
        await store.write_many([(bars, [span]) for bars, span in pages[first : first + 6]])
        await store.write(pages[first][0], [pages[first][1]])


async def assert_complete(store: BarStore) -> None:
    for symbol in ("005930", "000660"):
        pages = pages_of(symbol, 24)
        found = await store.read(key_of(symbol), 0, EVER)
        covered = await store.coverage(key_of(symbol))
        assert np.array_equal(found.columns, np.hstack([bars.columns for bars, _ in pages]))
        assert all(
            any(span.start <= page.start and page.end <= span.end for span in covered) for _, page in pages
        )


async def test_two_writers_of_the_same_series_lose_nothing(place: StorePlace) -> None:
    stores = [SqlBarStore(place, REALM) for _ in range(3)]

    await asyncio.gather(*(write_shuffled(store, seed) for seed, store in enumerate(stores)))

    await assert_complete(stores[0])
    for store in stores:
        await store.close()


async def test_two_programs_on_one_file_lose_nothing(tmp_path: Path) -> None:
    stores = [BarStoreProcess(store_place(None, tmp_path), REALM) for _ in range(2)]

    await asyncio.gather(*(write_shuffled(store, seed) for seed, store in enumerate(stores)))

    await assert_complete(stores[0])
    for store in stores:
        await store.close()


async def test_damage_is_never_read_as_prices_and_is_fetched_again(place: StorePlace) -> None:
    told: list[Sentence] = []
    store = SqlBarStore(place, REALM, tell=told.append)
    await store.write(BARS, whole(BARS))
    await _spoil(place)

    # By a read alone, and by asking for the coverage first, as a loader does.
    found = await store.read(SAMSUNG_DAYS, 0, EVER)
    early, late = await store.coverage(SAMSUNG_DAYS)
    hole = Span(early.end, late.start)
    kept = (BARS.times < hole.start) | (BARS.times >= hole.end)
    assert 0 < kept.sum() < len(BARS)
    assert np.array_equal(found.times, BARS.times[kept])
    assert np.array_equal(found.columns, BARS.columns[:, kept])
    assert "005930" in told[0]

    await store.write(BARS, whole(BARS))
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await _spoil(place)
    assert len(await store.coverage(SAMSUNG_DAYS)) == 2
    await store.write(BARS.between(0, hole.start), [])
    await store.write(BARS.between(hole.start, hole.end), [hole])
    assert list(await store.coverage(SAMSUNG_DAYS)) == whole(BARS)
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await store.close()


async def _spoil(place: StorePlace) -> None:
    """Change one byte of the middle chunk."""
    database = open_database(place)
    async with database.writing.begin() as connection:
        rows = (await connection.execute(text("SELECT chunk, data FROM ohlcv_cache ORDER BY chunk"))).all()
        chunk, data = rows[len(rows) // 2]
        spoiled = bytearray(data)
        spoiled[len(spoiled) // 2] ^= 64
        await connection.execute(
            text("UPDATE ohlcv_cache SET data = :data WHERE chunk = :chunk"),
            {"data": bytes(spoiled), "chunk": chunk},
        )
    await database.close()


async def test_a_write_over_damage_drops_what_it_covered(place: StorePlace) -> None:
    store = SqlBarStore(place, REALM)
    await store.write(BARS, whole(BARS))
    await _spoil(place)

    await store.write(BARS, [])

    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    assert len(await store.coverage(SAMSUNG_DAYS)) == 2
    await store.close()


async def test_a_server_that_is_away_at_the_start_is_found_when_it_comes(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bars_module, "_FIRST_DELAY", 0.3)
    async with postgres_proxy(postgres_url) as (proxy, url):
        proxy.refuses = True
        store = SqlBarStore(store_place(url, tmp_path), REALM)
        for _ in range(5):
            with pytest.raises(StoreUnavailable, match=r"PostgreSQL 127\.0\.0\.1") as refused:
                await store.write(BARS, whole(BARS))
            assert postgres_url.split(":")[2].split("@")[0] not in str(refused.value)
        assert proxy.connections == 1  # the others did not wait for a server that is away
        proxy.heal()
        await asyncio.sleep(0.35)
        await store.write(BARS, whole(BARS))

        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
        await store.close()


async def test_a_lost_connection_is_made_anew_and_a_lost_server_is_said(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bars_module, "_FIRST_DELAY", 0.3)
    async with postgres_proxy(postgres_url) as (proxy, url):
        store = SqlBarStore(store_place(url, tmp_path), REALM)
        await store.write(BARS, whole(BARS))
        proxy.reset_all()
        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)

        proxy.refuses = True
        proxy.reset_all()
        refused = await asyncio.gather(
            *(store.read(SAMSUNG_DAYS, 0, EVER) for _ in range(6)), return_exceptions=True
        )
        assert all(isinstance(error, StoreUnavailable) for error in refused)
        proxy.heal()
        with pytest.raises(StoreUnavailable):
            await store.read(SAMSUNG_DAYS, 0, EVER)
        await asyncio.sleep(0.35)
        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
        await store.close()


async def test_a_server_that_says_nothing_does_not_hold_a_call_for_ever(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bars_module, "_FIRST_DELAY", 0.1)
    async with postgres_proxy(postgres_url) as (proxy, url):
        store = SqlBarStore(store_place(url, tmp_path), REALM, statement_seconds=0.3)
        await store.write(BARS, whole(BARS))
        proxy.toxics["down"].blackhole = True

        with pytest.raises(StoreUnavailable, match="늦음"):
            await asyncio.wait_for(store.read(SAMSUNG_DAYS, 0, EVER), 20)

        proxy.heal()
        proxy.reset_all()
        await asyncio.sleep(0.15)
        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
        await store.close()


async def test_a_server_that_only_reads_is_read(postgres_url: str, tmp_path: Path) -> None:
    place = store_place(postgres_url, tmp_path)
    store = SqlBarStore(place, REALM)
    await store.write(BARS, whole(BARS))
    await store.close()
    name = postgres_url.rpartition("/")[2]
    database = open_database(place)
    async with database.writing.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    await database.close()

    store = SqlBarStore(place, REALM)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="읽기 전용"):
            await store.write(BARS, whole(BARS))
        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await store.close()


async def test_tables_that_somebody_dropped_are_made_anew(
    place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars_module, "_FIRST_DELAY", 0.1)
    store = SqlBarStore(place, REALM)
    await store.write(BARS, whole(BARS))
    database = open_database(place)
    async with database.writing.begin() as connection:
        for table in (*METADATA.tables, VERSION_TABLE):
            await connection.execute(text(f"DROP TABLE {table}"))
    await database.close()

    with pytest.raises(StoreUnavailable, match="표가 없음"):
        await store.read(SAMSUNG_DAYS, 0, EVER)
    await asyncio.sleep(0.15)

    assert len(await store.read(SAMSUNG_DAYS, 0, EVER)) == 0
    await store.write(BARS, whole(BARS))
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await store.close()


async def test_an_address_is_read_as_libpq_reads_it(postgres_url: str, tmp_path: Path) -> None:
    store = SqlBarStore(store_place(f"{postgres_url}?sslmode=disable&application_name=mine", tmp_path), REALM)
    await store.write(BARS, whole(BARS))
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await store.close()

    for wrong in ("?sslmode=require", "?sslmode=whatever", "?connect_timeout=3"):
        store = SqlBarStore(store_place(f"{postgres_url}{wrong}", tmp_path), REALM)
        with pytest.raises(StoreUnavailable):
            await store.series()
        await store.close()
    store = SqlBarStore(store_place("postgresql://kis:canary@127.0.0.1:port/x", tmp_path), REALM)
    with pytest.raises(StoreUnavailable, match="DATABASE_URL의 주소") as refused:
        await store.series()
    assert "canary" not in str(refused.value)
    await store.close()


@pytest.mark.parametrize(("part", "why"), [("kis:", "암호가 맞지 않음"), ("/test_", "데이터베이스가 없음")])
async def test_a_wrong_password_or_name_is_said(
    postgres_url: str, tmp_path: Path, part: str, why: str
) -> None:
    store = SqlBarStore(store_place(postgres_url.replace(part, f"{part}canary"), tmp_path), REALM)

    with pytest.raises(StoreUnavailable, match=why) as refused:
        await store.series()

    assert part == "/test_" or "canary" not in str(refused.value)
    await store.close()


async def test_a_store_that_somebody_holds_is_said_and_goes_on_after(place: StorePlace) -> None:
    store = SqlBarStore(place, REALM, statement_seconds=0.4)
    await store.write(BARS, whole(BARS))
    other = open_database(place)
    async with other.writing.begin() as connection:
        await connection.execute(text("UPDATE ohlcv_series SET updated = 1"))
        with pytest.raises(StoreUnavailable, match="다른 프로그램이 오래 쓰고 있음"):
            await store.write(BARS, whole(BARS))
        assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await other.close()

    await store.write(BARS, whole(BARS))
    await store.close()


async def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    place = store_place(None, tmp_path)
    store = SqlBarStore(place, REALM)
    await store.write(BARS, whole(BARS))
    await store.close()
    store = SqlBarStore(place, REALM)

    def no_more(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA max_page_count = 1")  # SQLite makes it as many as there are
        cursor.close()

    event.listen(store._database.writing.sync_engine, "connect", no_more)
    many = [made_bars(key_of(f"{number:06}"), weekdays(2_500), seed=number) for number in range(20)]

    with pytest.raises(StoreUnavailable, match="디스크가 가득 참"):
        await store.write_many([(bars, whole(bars)) for bars in many])

    assert [status.key for status in await store.series()] == [SAMSUNG_DAYS]
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    event.remove(store._database.writing.sync_engine, "connect", no_more)
    await store.close()


_AS_NOBODY = """
import asyncio, os, sys, resource
from pathlib import Path
import aiosqlite, alembic.command, sqlalchemy.dialects.sqlite.aiosqlite
from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.errors import StoreUnavailable
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, weekdays, whole

async def main():
    store = SqlBarStore(store_place(None, Path(sys.argv[1])), "market")
    bars = made_bars(SAMSUNG_DAYS, weekdays(2500), seed=8)
    if sys.argv[2] == "nobody":
        os.setegid(65534)
        os.seteuid(65534)
    else:
        print(len(await store.read(SAMSUNG_DAYS, 0, 2**40)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    try:
        await store.write(bars, whole(bars))
    except StoreUnavailable as error:
        print(error)
    if sys.argv[2] != "nobody":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.write(bars, whole(bars))
        print(len(await store.read(SAMSUNG_DAYS, 0, 2**40)))
    await store.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
async def test_a_file_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    store = SqlBarStore(store_place(None, folder), REALM)
    await store.write(BARS, whole(BARS))
    await store.close()
    folder.chmod(0o500)
    (folder / "bars.sqlite").chmod(0o400)

    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(folder), "nobody"], capture_output=True, text=True, check=False
    )

    folder.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert "봉 저장소 SQLite" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
async def test_a_disk_that_refuses_a_write_is_said_and_written_to_again(tmp_path: Path) -> None:
    store = SqlBarStore(store_place(None, tmp_path), REALM)
    await store.write(BARS, whole(BARS))
    await store.close()

    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(tmp_path), "limit"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    before, refusal, after = done.stdout.strip().splitlines()
    assert (before, after) == ("1500", "2500")
    assert "봉 저장소 SQLite" in refusal


async def test_a_file_that_is_no_database_is_said_until_it_is_moved_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bars_module, "_FIRST_DELAY", 0.1)
    place = store_place(None, tmp_path)
    (tmp_path / "bars.sqlite").write_bytes(b"no database at all" * 1_000)
    store = SqlBarStore(place, REALM)

    with pytest.raises(StoreUnavailable, match="파일이 손상됨"):
        await store.read(SAMSUNG_DAYS, 0, EVER)

    assert (tmp_path / "bars.sqlite").read_bytes().startswith(b"no database")
    (tmp_path / "bars.sqlite").rename(tmp_path / "put-away")
    await asyncio.sleep(0.15)
    await store.write(BARS, whole(BARS))
    assert same(await store.read(SAMSUNG_DAYS, 0, EVER), BARS)
    await store.close()


def test_sqlite_itself_finds_the_file_sound_after_all_this(tmp_path: Path) -> None:
    place = store_place(None, tmp_path)

    async def fill() -> None:
        store = SqlBarStore(place, REALM)
        await write_shuffled(store, 4)
        await store.close()

    asyncio.run(fill())
    with closing(sqlite3.connect(tmp_path / "bars.sqlite")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    ("state", "why"),
    [("53100", "가득"), ("57P03", "준비"), ("53300", "연결 수"), ("42501", "권한"), ("99999", "Error")],
)
def test_what_a_server_refuses_with_is_told_in_words(state: str, why: str) -> None:
    error = OSError("address and password")
    error.sqlstate = state  # type: ignore[attr-defined]

    words = refusal_of(error).why
    assert why in words or (state == "99999" and words == "연결할 수 없음")
    assert "password" not in words
