"""A damaged journal is kept aside, what is left of it carried over, and what was lost is said."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.journal import SqliteOrderJournal
from kis_terminal.domain.errors import TerminalError
from tests.support.leftovers import ExpectLog

AT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
LINES = 120


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a closed journal of `LINES` lines over several pages."""
    import asyncio

    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"

    async def write() -> None:
        journal = SqliteOrderJournal(path)
        for number in range(LINES):
            await journal.record(f"intent-{number:03}", "intent", AT, {"text": f"{number:03}" * 40})
        await journal.close()

    asyncio.run(write())
    return path


async def opened(path: Path) -> tuple[list[str], list[str]]:
    """Return the notes about a file and the intents that are left, after another line was written."""
    journal = SqliteOrderJournal(path)
    notes = await journal.prepare()
    await journal.record("after", "intent", AT, {})
    entries = await journal.entries(AT)
    await journal.close()
    return [str(note) for note in notes], [entry.intent_id for entry in entries]


async def test_case_63_a_whole_journal_is_opened_without_a_word(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path))

    notes, intents = await opened(path)

    assert notes == []
    assert intents == [*(f"intent-{number:03}" for number in range(LINES)), "after"]


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.002, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
async def test_case_63_a_cut_journal_is_kept_aside_and_said(
    whole: Path, tmp_path: Path, share: float, expect_log: ExpectLog
) -> None:
    """Cause: a file cut to nothing looked like a new one, and a day of orders was gone without a word."""
    path = Path(shutil.copy(whole, tmp_path))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(int(size * share))
    expect_log("손상되어")

    notes, intents = await opened(path)

    (note,) = notes
    assert "journal.sqlite.damaged-1" in note
    assert f"{len(intents) - 1:,}줄" in note
    assert intents[-1] == "after"
    assert (tmp_path / "journal.sqlite.damaged-1").stat().st_size == int(size * share)
    assert (await opened(path))[0] == []


async def test_case_63_a_changed_byte_anywhere_is_noticed_or_harmless(
    whole: Path, tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Every line that is read is as it was written; nothing that was lost is lost without a word."""
    expect_log("손상되어")
    content = whole.read_bytes()
    written = {f"intent-{number:03}": {"text": f"{number:03}" * 40} for number in range(LINES)}
    lines = [found.start() for found in re.finditer(b"intent-", content)]
    places = [0, 18, 30, 63, 100, 101, 105, *(lines[turn * 2] + turn * 3 for turn in range(53))]
    told = 0
    for turn, place in enumerate(places):
        folder = tmp_path / str(turn)
        folder.mkdir()
        damaged = bytearray(content)
        damaged[place] ^= 0x15
        path = folder / "journal.sqlite"
        path.write_bytes(bytes(damaged))
        journal = SqliteOrderJournal(path)
        try:
            notes = await journal.prepare()
            kept = {entry.intent_id: entry.details for entry in await journal.entries(AT)}
        except TerminalError:
            # The number of the format looks like a newer program's, SQLite's own like a read-only file:
            # nothing is sent without a journal, and the file stays.
            assert place in (18, 63)
            continue
        finally:
            await journal.close()
        assert kept.items() <= written.items()
        assert notes or kept == written
        told += bool(notes)
    assert told > 50


async def test_case_63_a_journal_of_a_newer_program_is_left_alone(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    journal = SqliteOrderJournal(path)

    with pytest.raises(TerminalError, match="새 버전"):
        await journal.record("1", "intent", AT, {})
    await journal.close()

    assert path.read_bytes() == before
    assert [*tmp_path.glob("journal*")] == [path]


async def test_case_62_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = SqliteOrderJournal(tmp_path / "file" / "journal.sqlite")

    with pytest.raises(TerminalError, match="쓸 수 없습니다"):
        await journal.record("1", "intent", AT, {})
    await journal.close()


async def test_case_62_a_full_disk_refuses_the_line_and_takes_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteOrderJournal(path)
    await journal.record("1", "intent", AT, {})
    connection = journal._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(TerminalError, match="full"):
        await journal.record("2", "intent", AT, {"text": "x" * (8 << 20)})
    await journal.record("3", "intent", AT, {})
    entries = await journal.entries(AT)
    await journal.close()

    assert [entry.intent_id for entry in entries] == ["1", "3"]
