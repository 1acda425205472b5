"""Can the stores be used: a SQLite file in a folder, a PostgreSQL server, the order journal that is there."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

_LOCKED_SECONDS = 2.0
_ROUNDS = 5


def reach_sqlite(folder: Path) -> float:
    """Write a database like the program's into `folder` and remove it; return the slowest commit in ms.

    The folder must exist. Raises TerminalError when a file cannot be written durably there.
    """
    slowest = 0.0
    try:
        # Windows does not delete a file that is open, so the connection is closed before the folder goes.
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch:
            path = Path(scratch) / "probe.sqlite"
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("CREATE TABLE probe (number INTEGER) STRICT")
                for number in range(_ROUNDS):
                    began = time.perf_counter()
                    connection.execute("INSERT INTO probe VALUES (?)", (number,))
                    slowest = max(slowest, (time.perf_counter() - began) * 1000)
    except (sqlite3.Error, OSError) as error:
        raise TerminalError(
            Sentence(
                "{folder}에 데이터베이스를 쓸 수 없습니다({why}). 디스크와 권한을 확인하십시오.",
                folder=folder,
                why=str(error),
            )
        ) from error
    return slowest


async def reach_postgres(url: str, seconds: float = 5.0) -> tuple[float, str]:
    """Ask a PostgreSQL server something; return milliseconds and its version.

    Raises TerminalError; the URL, which may hold a password, is in no sentence.
    """
    import asyncpg

    plain = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    try:
        began = time.perf_counter()
        connection = await asyncpg.connect(plain, timeout=seconds, command_timeout=seconds)
        try:
            version = str(await connection.fetchval("SHOW server_version"))
            may_create = await connection.fetchval(
                "SELECT has_schema_privilege(current_schema(), 'CREATE') AND NOT pg_is_in_recovery()"
            )
        finally:
            await connection.close(timeout=seconds)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
        raise TerminalError(
            Sentence(
                "DATABASE_URL의 데이터베이스에 연결할 수 없습니다({why}). 서버가 켜져 있는지, "
                "주소·이름·암호가 맞는지 확인하십시오.",
                why=type(error).__name__,
            )
        ) from error
    if not may_create:
        raise TerminalError(
            Sentence("DATABASE_URL의 사용자에게 표를 만들 권한이 없습니다. CREATE 권한을 주십시오.")
        )
    return (time.perf_counter() - began) * 1000, version


@dataclass(frozen=True, slots=True)
class JournalState:
    """What an order journal on disk looks like."""

    name: str
    bytes: int
    """Write-ahead log included."""
    lines: int


def examine_journal(path: Path) -> JournalState:
    """Read a journal without changing it; raises TerminalError for one that is damaged or cannot be read."""
    size = sum(part.stat().st_size for part in (path, path.with_name(f"{path.name}-wal")) if part.exists())
    try:
        place = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(place, _LOCKED_SECONDS, uri=True)) as file:
            verdict = str(file.execute("PRAGMA quick_check(1)").fetchone()[0])
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            (lines,) = file.execute("SELECT count(*) FROM journal").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise TerminalError(
            Sentence(
                "주문 기록 {path}을(를) 읽을 수 없습니다({why}). 먼저 다른 곳에 복사해 두십시오. "
                "창을 다시 열면 읽을 수 있는 줄을 옮겨 새로 만듭니다.",
                path=path,
                why=str(error),
            )
        ) from error
    return JournalState(path.name, size, int(lines))
