"""A journal read for people: beside its writer, after a kill, damaged; the files stay as they are."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.adapters.storage.journal_reading import read_journal
from kis_terminal.domain.errors import TerminalError

AT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LINES = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    made = tmp_path / "files"
    made.mkdir()
    return made


async def write(path: Path, lines: int = LINES) -> SqliteOrderJournal:
    journal = SqliteOrderJournal(path)
    await journal.prepare()
    for number in range(lines):
        await journal.record(f"intent-{number:03}", "intent", AT, {"text": f"{number:03}" * 40})
    return journal


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file; the index of the log is a cache that any reader may fill."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


async def test_a_journal_is_read_while_it_is_written(folder: Path) -> None:
    path = folder / "journal.sqlite"
    journal = await write(path)

    reading = read_journal(path)
    await journal.record("after", "intent", AT, {})

    assert (len(reading.entries), reading.is_whole) == (LINES, True)
    assert reading.entries[3].details == {"text": "003" * 40}
    assert len(read_journal(path).entries) == LINES + 1
    await journal.close()


async def test_a_closed_journal_is_read_and_nothing_is_left_beside_it(folder: Path) -> None:
    path = folder / "journal.sqlite"
    await (await write(path)).close()
    before = contents(folder)

    assert read_journal(path).is_whole

    assert contents(folder) == before
    assert [file.name for file in folder.iterdir()] == ["journal.sqlite"]


@pytest.mark.parametrize("has_index", [True, False])
async def test_the_log_of_a_killed_program_is_read(folder: Path, has_index: bool) -> None:
    path, left = folder / "journal.sqlite", folder / "left"
    left.mkdir()
    journal = await write(path)
    for part in ("", "-wal", "-shm") if has_index else ("", "-wal"):
        shutil.copy(f"{path}{part}", left)
    await journal.close()
    before = contents(left)

    reading = read_journal(left / path.name)

    assert (len(reading.entries), reading.is_whole) == (LINES, True)
    assert contents(left) == before


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.1, 0.5, 0.9])
async def test_what_is_left_of_a_cut_journal_is_read_and_the_file_stays(folder: Path, share: float) -> None:
    path = folder / "journal.sqlite"
    await (await write(path)).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    before = contents(folder)

    reading = read_journal(path)

    assert not reading.is_whole
    assert len(reading.entries) < LINES
    assert contents(folder) == before


async def test_a_changed_line_is_left_out_and_said(folder: Path) -> None:
    path = folder / "journal.sqlite"
    await (await write(path)).close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute('UPDATE journal SET details = \'{"text": "other"}\' WHERE position = 7')

    reading = read_journal(path)

    assert (len(reading.entries), reading.is_whole) == (LINES - 1, False)


def test_a_file_that_cannot_be_read_is_a_sentence(folder: Path) -> None:
    with pytest.raises(TerminalError, match="journal"):
        read_journal(folder / "journal.sqlite")
