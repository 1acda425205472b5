"""The order journal: one SQLite file per environment and account, on disk before anything is sent.

Uses the standard library's sqlite3 in one thread of its own: WAL and synchronous FULL make a commit an fsync.
Independent of `DATABASE_URL`: orders go on when a shared database is down.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

T = TypeVar("T")
_PATIENCE_SECONDS = 0.008
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    position INTEGER PRIMARY KEY,
    intent_id TEXT NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; `at` is aware."""

    intent_id: str
    event: str
    at: datetime
    details: Mapping[str, str]


class SqliteOrderJournal:
    """`ports.OrderJournal` in one file. Raises TerminalError when the disk refuses; then no order leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(_SCHEMA)
            self._connection = connection
        return self._connection

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        def guarded() -> T:
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

        return self._thread.submit(guarded)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    async def prepare(self) -> None:
        """Open the file, so that the first order does not pay for it."""
        await self._run(lambda connection: None)

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        """Append one event; it is on disk when this returns."""
        row = (intent_id, event, at.isoformat(), json.dumps(dict(details), ensure_ascii=False))
        written = self._submit(
            lambda connection: connection.execute(
                "INSERT INTO journal (intent_id, event, at, details) VALUES (?, ?, ?, ?)", row
            )
        )
        # A line is on a good disk in less than a millisecond; to let the loop turn meanwhile would put the
        # order behind whatever is painted in that turn. A slow disk does not hold the window up for longer.
        try:
            written.result(_PATIENCE_SECONDS)
        except TimeoutError:
            await asyncio.wrap_future(written)

    async def entries(self, since: datetime) -> Sequence[Entry]:
        """Return the events from `since` on, oldest first."""
        rows = await self._run(
            lambda connection: connection.execute(
                "SELECT intent_id, event, at, details FROM journal WHERE at >= ? ORDER BY position",
                (since.isoformat(),),
            ).fetchall()
        )
        return [Entry(row[0], row[1], datetime.fromisoformat(row[2]), json.loads(row[3])) for row in rows]

    async def close(self) -> None:
        """Close the file after everything asked for has been written."""
        if self._connection is not None:
            await self._run(lambda connection: connection.close())
            self._connection = None
        self._thread.shutdown()
