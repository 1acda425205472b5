"""An order journal read for people: nothing is mended, put aside or written, whatever its state."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kis_terminal.adapters.storage.journal import Entry
from kis_terminal.adapters.storage.journal_file import Row, read_rows
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

_LOCKED_SECONDS = 2.0
_PARTS = ("", "-wal")


@dataclass(frozen=True, slots=True)
class JournalReading:
    """Every line that can be read and is as it was written, oldest first."""

    entries: tuple[Entry, ...]
    is_whole: bool
    """False where lines are missing, changed, or behind damaged pages."""


def read_journal(path: Path) -> JournalReading:
    """Read a journal beside whoever writes it; raises TerminalError when the disk refuses.

    A window that was killed leaves a write-ahead log that can only be read by whoever may carry it over:
    a copy is read then.
    """
    try:
        rows, is_whole = _rows_in_place(path)
        if not is_whole:
            copied, is_copy_whole = _rows_of_copy(path)
            if is_copy_whole or len(copied) > len(rows):
                rows, is_whole = copied, is_copy_whole
    except OSError as error:
        raise TerminalError(
            Sentence(
                "주문 기록 {path}을(를) 읽을 수 없습니다({why}). 파일과 폴더의 권한을 확인하십시오.",
                path=path,
                why=error.strerror or type(error).__name__,
            )
        ) from error
    entries = tuple(_entry(row) for row in rows)
    return JournalReading(tuple(entry for entry in entries if entry is not None), is_whole)


def _rows_in_place(path: Path) -> tuple[list[Row], bool]:
    if path.stat().st_size == 0:
        return [], False
    log, index = (Path(f"{path}{part}") for part in ("-wal", "-shm"))
    if log.exists() and log.stat().st_size and not index.exists():
        return [], False  # reading would begin by writing: see `_rows_of_copy`
    # A file without a log is read as it stands: SQLite would else make a log to say that there is none.
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return _rows_at(f"{path.resolve().as_uri()}?{how}")


def _rows_of_copy(path: Path) -> tuple[list[Row], bool]:
    with tempfile.TemporaryDirectory(prefix="kis-terminal-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / path.name
        for part in _PARTS:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{part}", f"{copy}{part}")
        return _rows_at(str(copy)) if copy.stat().st_size else ([], False)


def _rows_at(place: str) -> tuple[list[Row], bool]:
    try:
        with closing(sqlite3.connect(place, _LOCKED_SECONDS, uri=place.startswith("file:"))) as file:
            return read_rows(file)
    except sqlite3.Error:
        return [], False  # not even its header can be read


def _entry(row: Row) -> Entry | None:
    """Return a sealed row as the program wrote it; None for one that another program sealed."""
    try:
        return Entry(row[1], row[2], datetime.fromisoformat(row[3]), dict(json.loads(row[4])))
    except (ValueError, TypeError):
        return None
