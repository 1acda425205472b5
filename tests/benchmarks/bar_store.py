"""Measure the bar store against raw drivers in one run; prints JSON.

    python tests/benchmarks/bar_store.py [--small]

Upserts write 400 symbols x 2,500 days, first into empty tables, then over every row with other prices (the
figure that counts). Peers do the same with one SQL row a bar, as fast as is known: `sqlite3.executemany` into
a table without rowid, and asyncpg's COPY into a temporary table merged by `insert on conflict`. Loads read
2,500 days of one symbol (the store itself and over its process), and of 2,500 symbols in one go; peers read
their own rows into the same columns, 400 symbols of them, and are scaled to 2,500. PostgreSQL waits for its
disk (fsync on). Figures are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.adapters.storage.bar_process import BarStoreProcess
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.bar_columns import BarColumns, Span
from kis_terminal.ports import BarStore
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, weekdays, whole
from tests.support.servers import running_postgres

FLOORS = {"sqlite": 0.5, "postgres": 0.7}
ONE_SYMBOL_FLOOR, MANY_FLOOR = 4.0, 8.0
EVER = 2**40
_TABLE = (
    "CREATE TABLE bars (symbol {text} NOT NULL, time BIGINT NOT NULL, open {real}, high {real}, low {real}, "
    "close {real}, volume {real}, PRIMARY KEY (symbol, time)){tail}"
)
_MERGE = (
    " ON CONFLICT (symbol, time) DO UPDATE SET open = excluded.open, high = excluded.high, "
    "low = excluded.low, close = excluded.close, volume = excluded.volume"
)
_ONE = "SELECT time, open, high, low, close, volume FROM bars WHERE symbol = {} ORDER BY time"
_ALL = "SELECT symbol, time, open, high, low, close, volume FROM bars ORDER BY symbol, time"

Part = tuple[BarColumns, Sequence[Span]]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Sizes:
    """How much is written and read."""

    upserted: int
    loaded: int
    days: int
    rounds: int


def parts_of(symbols: int, days: int, seed: int) -> list[Part]:
    """Return the bars of many symbols; another seed gives other prices of the same days."""
    times = weekdays(days)
    keys = [replace(SAMSUNG_DAYS, symbol=f"{number:06}") for number in range(symbols)]
    made = [made_bars(key, times, seed=seed * 10_000 + number) for number, key in enumerate(keys)]
    return [(bars, whole(bars)) for bars in made]


def rows_of(parts: Sequence[Part]) -> list[Row]:
    """Return the same as rows of Python's numbers."""
    return [
        (bars.key.symbol, *row)
        for bars, _ in parts
        for row in zip(bars.times.tolist(), *bars.columns.tolist(), strict=True)
    ]


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """Return how long one run takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def columns_of(rows: Sequence[Row]) -> np.ndarray:
    """Turn rows of a driver into columns, as whoever uses them must."""
    return np.ascontiguousarray(np.array(rows, np.float64).T)


async def store_figures(place: StorePlace, sizes: Sizes) -> dict[str, Any]:
    """Measure our store at one place."""
    store = SqlBarStore(place, "market")
    await store.series()
    total = sizes.upserted * sizes.days
    writes = []
    for seed in range(sizes.rounds + 1):
        parts = parts_of(sizes.upserted, sizes.days, seed)
        writes.append(await seconds(lambda parts=parts: store.write_many(parts)))  # type: ignore[misc]
    single = parts_of(sizes.upserted, sizes.days, 77)[:40]
    one_by_one = [await seconds(lambda part=part: store.write(*part)) for part in single]  # type: ignore[misc]
    figures = {
        "fresh_rows_a_second": round(total / writes[0]),
        "upsert_rows_a_second": round(total / statistics.median(writes[1:])),
        "write_one_symbol_ms": round(statistics.median(one_by_one) * 1_000, 2),
        "read_one_symbol_ms": await one_symbol(store, sizes),
    }
    process = BarStoreProcess(place, "market")
    await process.series()
    figures["read_one_symbol_over_process_ms"] = await one_symbol(process, sizes)
    await process.close()
    rest = parts_of(sizes.loaded, sizes.days, 5)
    for first in range(0, len(rest), 500):
        await store.write_many(rest[first : first + 500])
    keys = [bars.key for bars, _ in rest]
    loads = []
    for _ in range(sizes.rounds):
        began = time.perf_counter()
        found = await store.read_many(keys, 0, EVER)
        loads.append(time.perf_counter() - began)
    assert all(np.array_equal(bars.columns, part[0].columns) for bars, part in zip(found, rest, strict=True))
    figures["load_all_seconds"] = round(statistics.median(loads), 3)
    await store.close()
    return figures


async def one_symbol(store: BarStore, sizes: Sizes) -> float:
    """Return the median milliseconds of one read."""
    keys = [replace(SAMSUNG_DAYS, symbol=f"{number % sizes.upserted:06}") for number in range(200)]
    taken = [await seconds(lambda key=key: store.read(key, 0, EVER)) for key in keys]  # type: ignore[misc]
    return round(statistics.median(taken[20:]) * 1_000, 3)


def sqlite_peer(folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Measure `executemany` of the standard library's sqlite3, one row a bar."""
    with closing(sqlite3.connect(folder / "peer.sqlite", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        file.execute(_TABLE.format(text="TEXT", real="REAL", tail=" WITHOUT ROWID"))
        writes = []
        for seed in range(sizes.rounds + 1):
            rows = rows_of(parts_of(sizes.upserted, sizes.days, seed))
            began = time.perf_counter()
            file.execute("BEGIN IMMEDIATE")
            file.executemany(f"INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?){_MERGE}", rows)  # noqa: S608
            file.execute("COMMIT")
            writes.append(time.perf_counter() - began)
            del rows
        reads = []
        for number in range(min(100, sizes.upserted)):
            began = time.perf_counter()
            columns_of(file.execute(_ONE.format("?"), (f"{number:06}",)).fetchall())
            reads.append(time.perf_counter() - began)
        began = time.perf_counter()
        columns_of([row[1:] for row in file.execute(_ALL).fetchall()])
        everything = time.perf_counter() - began
    return peer_figures(writes, reads, everything, sizes)


async def postgres_peer(url: str, sizes: Sizes) -> dict[str, Any]:
    """Measure asyncpg: COPY into a temporary table, merged into the rows."""
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE.format(text="TEXT", real="DOUBLE PRECISION", tail=""))
    await connection.execute("CREATE TEMPORARY TABLE fresh (LIKE bars)")
    writes = []
    for seed in range(sizes.rounds + 1):
        rows = rows_of(parts_of(sizes.upserted, sizes.days, seed))
        began = time.perf_counter()
        async with connection.transaction():
            await connection.execute("TRUNCATE fresh")
            await connection.copy_records_to_table("fresh", records=rows)
            await connection.execute(f"INSERT INTO bars SELECT * FROM fresh{_MERGE}")  # noqa: S608
        writes.append(time.perf_counter() - began)
        del rows
    reads = []
    for number in range(min(100, sizes.upserted)):
        began = time.perf_counter()
        columns_of(await connection.fetch(_ONE.format("$1"), f"{number:06}"))
        reads.append(time.perf_counter() - began)
    began = time.perf_counter()
    columns_of([tuple(row)[1:] for row in await connection.fetch(_ALL)])
    everything = time.perf_counter() - began
    await connection.close()
    return peer_figures(writes, reads, everything, sizes)


def peer_figures(
    writes: Sequence[float], reads: Sequence[float], everything: float, sizes: Sizes
) -> dict[str, Any]:
    """Return the figures of a peer under the names of ours."""
    total = sizes.upserted * sizes.days
    return {
        "fresh_rows_a_second": round(total / writes[0]),
        "upsert_rows_a_second": round(total / statistics.median(writes[1:])),
        "read_one_symbol_ms": round(statistics.median(reads) * 1_000, 3),
        "load_all_seconds_scaled": round(everything * sizes.loaded / sizes.upserted, 2),
    }


def judged(kind: str, ours: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Put a store beside its peer, and say whether it is above its floors."""
    ratio = ours["upsert_rows_a_second"] / peer["upsert_rows_a_second"]
    return {
        "ours": ours,
        "peer": peer,
        "upsert_ratio": round(ratio, 2),
        "is_above_floor": ratio >= FLOORS[kind]
        and ours["read_one_symbol_ms"] <= ONE_SYMBOL_FLOOR
        and ours["load_all_seconds"] <= MANY_FLOOR,
    }


async def measured(sizes: Sizes) -> dict[str, Any]:
    """Measure both databases, each peer in the same run."""
    with tempfile.TemporaryDirectory(prefix="kis-bars-") as name:
        folder = Path(name)
        sqlite = judged(
            "sqlite", await store_figures(store_place(None, folder), sizes), sqlite_peer(folder, sizes)
        )
    with running_postgres(is_durable=True) as server:
        place = store_place(server.create_database(), Path())
        ours = await store_figures(place, sizes)
        postgres = judged("postgres", ours, await postgres_peer(server.create_database(), sizes))
    return {
        "rows": sizes.upserted * sizes.days,
        "loaded_rows": sizes.loaded * sizes.days,
        "sqlite": sqlite,
        "postgres": postgres,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="a tenth of the symbols, for a look")
    small = parser.parse_args().small
    sizes = Sizes(40, 250, 2_500, 3) if small else Sizes(400, 2_500, 2_500, 3)
    print(json.dumps(asyncio.run(measured(sizes)), indent=2))


if __name__ == "__main__":
    main()
