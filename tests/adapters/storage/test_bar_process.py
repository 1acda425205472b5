"""The store in its process: the same answers, several questions at once, and a process that dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kis_terminal.adapters.simulator.parent_watch import ParentWatch
from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.bar_process import BarStoreProcess, StoreProcessFailed
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import BarStore
from tests.adapters.storage import test_bars
from tests.adapters.storage.conftest import REALM
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, same, weekdays, whole

EVER = 2**40
Check = Callable[[BarStore], Awaitable[None]]
CHECKS: list[Check] = [check for name, check in vars(test_bars).items() if name.startswith("test_")]


async def test_every_call_answers_as_the_store_itself_does(process_store: BarStoreProcess) -> None:
    assert len(CHECKS) > 8
    for check in CHECKS:
        await check(process_store)
        for status in await process_store.series():
            await process_store.forget(status.key)


async def test_a_process_that_is_killed_is_started_again(
    process_store: BarStoreProcess, expect_log: Callable[[str], None]
) -> None:
    expect_log("the store's process ended")
    bars = made_bars(SAMSUNG_DAYS, weekdays(500))
    await process_store.write(bars, whole(bars))
    first = process_store.pid
    assert first is not None

    waiting = [asyncio.ensure_future(process_store.read(SAMSUNG_DAYS, 0, EVER)) for _ in range(5)]
    await asyncio.sleep(0)
    os.kill(first, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    for found in await asyncio.gather(*waiting):
        assert same(found, bars)
    assert same(await process_store.read(SAMSUNG_DAYS, 0, EVER), bars)
    assert process_store.pid not in (None, first)


async def test_a_process_that_cannot_start_is_said_and_not_tried_at_every_call(
    tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the store's process ended with 3")
    command = (
        sys.executable,
        "-c",
        f"open({str(tmp_path / 'starts')!r}, 'a').write('x'); raise SystemExit(3)",
    )
    store = BarStoreProcess(store_place(None, tmp_path), REALM, command=command)

    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="저장소 프로세스"):
            await store.read(SAMSUNG_DAYS, 0, EVER)

    assert (tmp_path / "starts").read_text() == "x"
    await store.close()
    with pytest.raises(StoreUnavailable, match="끝나는 중"):
        await store.series()


async def test_a_refusal_keeps_its_sentence_and_a_bug_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "stored").write_text("a file where the folder should be")
    store = BarStoreProcess(store_place(None, tmp_path / "stored"), REALM)

    with pytest.raises(StoreUnavailable, match="봉 저장소 SQLite"):
        await store.series()
    with pytest.raises(StoreProcessFailed, match="AttributeError"):
        await store.read("005930", 0, 1)  # type: ignore[arg-type]

    await store.close()


async def test_what_was_asked_for_is_written_though_nobody_waits(tmp_path: Path) -> None:
    place = store_place(None, tmp_path / "stored")
    store = BarStoreProcess(place, REALM)
    bars = made_bars(SAMSUNG_DAYS, weekdays(2_500))
    await store.series()

    leaving = asyncio.ensure_future(store.write(bars, whole(bars)))
    await asyncio.sleep(0)
    leaving.cancel()
    await store.close()
    await store.close()

    direct = SqlBarStore(place, REALM)
    assert same(await direct.read(SAMSUNG_DAYS, 0, EVER), bars)
    await direct.close()


_PARENT = """
import asyncio, sys
from pathlib import Path
from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.bar_process import BarStoreProcess

async def main():
    store = BarStoreProcess(store_place(None, Path(sys.argv[1])), "market")
    await store.series()
    print(store.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_process_ends_with_its_parent_though_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    deadline = asyncio.get_running_loop().time() + 20
    while not ParentWatch(child).is_gone():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    parent.stdout.close()


def test_the_client_loads_no_database_library() -> None:
    code = (
        "import sys, kis_terminal.adapters.storage.bar_process\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'aiosqlite', 'asyncpg', 'pandas') "
        "if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
