"""The order journal: one SQLite file per environment and account, on disk before anything is sent.

Uses the standard library's sqlite3, on a slow disk in a thread of its own: WAL and synchronous FULL make a
commit an fsync.
Independent of `DATABASE_URL`: orders go on when a shared database is down.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from kis_terminal.adapters.storage.journal_file import append, open_journal, seal_of
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

T = TypeVar("T")
log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 0.008
"""How long a line holds the loop up at most."""
_QUICK_SECONDS, _FORGETTING = 0.003, 0.9
"""A disk whose recent lines took no longer is written to at once; how much an earlier delay still counts."""
_QUIET_SECONDS = 2.0
"""Without a new line, before the log is carried over into the file: that takes several fsyncs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; `at` is aware."""

    intent_id: str
    event: str
    at: datetime
    details: Mapping[str, str]


class SqliteOrderJournal:
    """`ports.OrderJournal` in one file. Raises TerminalError when the disk refuses; then no order leaves."""

    def __init__(self, path: Path, *, is_guest: bool = False) -> None:
        """A guest writes beside the window that owns the file, see `open_journal`."""
        self._path = path
        self._is_guest = is_guest
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None
        self._tidying: asyncio.TimerHandle | None = None
        self._notes: list[Sentence] = []
        self._counting = threading.Lock()
        self._in_thread = 0
        self._lately_seconds = _PATIENCE_SECONDS
        """What a line took, the longer ones remembered for a while."""
        self.last_write_seconds: float | None = None
        """What the last line took, None before the first."""

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection, note = open_journal(self._path, is_guest=self._is_guest)
            if note is not None:
                log.error("%s", note)
                self._notes.append(note)
        return self._connection

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._open())
        except (sqlite3.Error, OSError) as error:
            raise TerminalError(
                Sentence(
                    "주문 기록 {path}을(를) 쓸 수 없습니다({error}). 디스크와 권한을 확인하십시오.",
                    path=self._path,
                    error=str(error),
                )
            ) from error

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        future = self._thread.submit(self._guarded, work)
        with self._counting:
            self._in_thread += 1
        future.add_done_callback(self._left_thread)
        return future

    def _left_thread(self, _: Future[Any]) -> None:
        with self._counting:
            self._in_thread -= 1

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    async def prepare(self) -> list[Sentence]:
        """Open the file, so that the first order does not pay for it; return what has to be said of it."""
        await self._run(lambda connection: None)
        notes, self._notes = self._notes, []
        return notes

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        """Append one event; it is on disk when this returns."""
        row = (intent_id, event, at.isoformat(), json.dumps(dict(details), ensure_ascii=False))
        if self._tidying is not None:
            self._tidying.cancel()
        if not self._is_guest:
            self._tidying = asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._tidy)
        # A line is on a good disk in less than a millisecond. To let the loop turn meanwhile would put the
        # order behind whatever is painted in that turn, and to hand it to a thread behind whatever else the
        # machine runs. A slow disk gets the thread, and does not hold the window up for long.
        if self._lately_seconds < _QUICK_SECONDS and not self._in_thread:
            self._guarded(lambda connection: self._append(connection, row))
            return
        written = self._submit(lambda connection: self._append(connection, row))
        try:
            written.result(_PATIENCE_SECONDS)
        except TimeoutError:
            await asyncio.wrap_future(written)

    def _append(self, connection: sqlite3.Connection, row: tuple[str, str, str, str]) -> None:
        begun = time.perf_counter()
        append(connection, *row)
        taken = time.perf_counter() - begun
        self._lately_seconds = max(taken, self._lately_seconds * _FORGETTING)
        self.last_write_seconds = taken

    def _tidy(self) -> None:
        """Carry the write-ahead log over into the file; an order that comes meanwhile waits for it."""
        self._tidying = None
        self._submit(lambda connection: connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())

    async def entries(self, since: datetime) -> Sequence[Entry]:
        """Return the events from `since` on, oldest first."""
        return await self._entries(
            "SELECT intent_id, event, at, details, seal FROM journal WHERE at >= ? ORDER BY position",
            since.isoformat(),
        )

    async def last(self, event: str) -> Entry | None:
        """Return the newest line of this event, None where there is none."""
        found = await self._entries(
            "SELECT intent_id, event, at, details, seal FROM journal WHERE event = ?"
            " ORDER BY position DESC LIMIT 1",
            event,
        )
        return found[0] if found else None

    async def _entries(self, statement: str, value: str) -> list[Entry]:
        """Return the lines that a statement finds and that are as they were written."""
        rows = await self._run(lambda connection: connection.execute(statement, (value,)).fetchall())
        sound = [row[:4] for row in rows if seal_of(*row[:4]) == row[4]]
        if len(sound) < len(rows):
            log.error("%d lines of the journal are not as they were written", len(rows) - len(sound))
        return [
            Entry(intent_id, event, datetime.fromisoformat(at), json.loads(details))
            for intent_id, event, at, details in sound
        ]

    async def close(self) -> None:
        """Close the file after everything asked for has been written."""
        if self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None
        if self._connection is not None:
            await self._run(lambda connection: connection.close())
            self._connection = None
        self._thread.shutdown()
