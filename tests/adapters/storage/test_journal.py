"""The order journal on a real disk: what was recorded is there, in order, whichever way it was written."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.domain.errors import TerminalError
from tests.support.leftovers import ExpectLog

AT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


async def test_lines_stay_in_order_whoever_wrote_them(tmp_path: Path) -> None:
    """Cause: a quick disk is written to at once, a slow one through a thread; neither may overtake."""
    journal = SqliteOrderJournal(tmp_path / "journal.sqlite")
    await journal.prepare()
    for number in range(40):
        if number % 7 == 0:  # what is asked of the thread stands before the next line
            reading = asyncio.ensure_future(journal.entries(AT))
            await asyncio.sleep(0)
        await journal.record(f"{number:02}", "intent", AT, {"number": str(number)})
    await reading
    kept = await journal.entries(AT)
    await journal.close()

    assert [entry.intent_id for entry in kept] == [f"{number:02}" for number in range(40)]
    assert kept[3].details == {"number": "3"}


async def test_the_newest_line_of_an_event_is_found_among_others(tmp_path: Path) -> None:
    journal = SqliteOrderJournal(tmp_path / "journal.sqlite")
    await journal.prepare()
    for number, event in enumerate(("settled", "intent", "settled", "accepted")):
        await journal.record(str(number), event, AT, {})

    newest, absent = await journal.last("settled"), await journal.last("unknown")
    await journal.close()

    assert newest is not None
    assert (newest.intent_id, newest.at) == ("2", AT)
    assert absent is None


async def test_a_line_is_in_the_file_when_record_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteOrderJournal(path)
    for number in range(3):
        await journal.record(str(number), "intent", AT, {})
        with sqlite3.connect(path) as other:
            (count,) = other.execute("SELECT count(*) FROM journal").fetchone()
        other.close()
        assert count == number + 1
    await journal.close()


async def test_a_file_that_another_program_writes_to_says_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteOrderJournal(path)
    await journal.record("1", "intent", AT, {})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TerminalError, match="locked"):
        await journal.record("2", "intent", AT, {})
    other.execute("ROLLBACK")
    other.close()
    await journal.record("3", "intent", AT, {})
    kept = await journal.entries(AT)
    await journal.close()

    assert [entry.intent_id for entry in kept] == ["1", "3"]


async def test_the_log_is_carried_over_when_orders_pause(tmp_path: Path) -> None:
    """Cause: carried over every thousand pages, the order of that moment waited for several fsyncs."""
    path = tmp_path / "journal.sqlite"
    journal = SqliteOrderJournal(path)
    await journal.prepare()
    for number in range(5):
        await journal.record(str(number), "intent", AT, {})
    before = path.stat().st_mtime_ns
    async with asyncio.timeout(10):
        while path.stat().st_mtime_ns == before:
            await asyncio.sleep(0.05)
    await journal.close()


async def test_a_guest_writes_beside_the_owner_and_holds_nothing_up(tmp_path: Path) -> None:
    """Cause: opening made room in the log, which an order of the window had to wait for."""
    path = tmp_path / "journal.sqlite"
    owner, guest = SqliteOrderJournal(path), SqliteOrderJournal(path, is_guest=True)
    await owner.prepare()
    await owner.record("1", "intent", AT, {})
    log_size = Path(f"{path}-wal").stat().st_size

    assert await guest.prepare() == []
    await guest.record("2", "cancel intent", AT, {})
    await owner.record("3", "intent", AT, {})
    await guest.close()
    await owner.record("4", "intent", AT, {})

    assert Path(f"{path}-wal").stat().st_size == log_size
    assert [entry.intent_id for entry in await owner.entries(AT)] == ["1", "2", "3", "4"]
    await owner.close()


async def test_a_guest_waits_for_a_window_that_makes_the_file(tmp_path: Path) -> None:
    """Cause: a command run while a window came up took the file of that moment for a damaged one."""
    path, made = tmp_path / "journal.sqlite", tmp_path / "made.sqlite"
    path.touch()
    owner, guest = SqliteOrderJournal(made), SqliteOrderJournal(path, is_guest=True)
    await owner.record("1", "intent", AT, {})
    await owner.close()
    preparing = asyncio.ensure_future(guest.prepare())
    await asyncio.sleep(0.1)
    assert not preparing.done()

    made.replace(path)

    assert await preparing == []
    assert [entry.intent_id for entry in await guest.entries(AT)] == ["1"]
    await guest.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
async def test_a_guest_leaves_a_damaged_file_to_its_owner(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "files" / "journal.sqlite"
    path.parent.mkdir()
    path.write_bytes(content)
    guest = SqliteOrderJournal(path, is_guest=True)

    with pytest.raises(TerminalError, match="journal"):
        await guest.prepare()
    await guest.close()

    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite"]


async def test_a_changed_line_is_not_taken_for_what_was_written(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("not as they were written")
    path = tmp_path / "journal.sqlite"
    journal = SqliteOrderJournal(path)
    for number in range(3):
        await journal.record(str(number), "intent", AT, {})
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE journal SET details = '{broken' WHERE position = 2")

    assert [entry.intent_id for entry in await journal.entries(AT)] == ["0", "2"]
    await journal.close()
