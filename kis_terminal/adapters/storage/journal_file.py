"""The journal's file: checked when it is opened, what is left of a damaged one carried over and told.

A file that cannot be read is never replaced by an empty one without a word: it is kept aside, its readable
lines go into the new file, and whoever opened it is told what was lost.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from contextlib import closing
from pathlib import Path

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

FORMAT = 1
"""`PRAGMA user_version` of the files that this program writes."""
_LOCKED_SECONDS = 0.25
"""How long another program that writes to the file is waited for."""
_MAKING_SECONDS = 1.0
"""How long a guest waits for a window that is making the file."""
_ROOM_BYTES = 2 << 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    position INTEGER PRIMARY KEY,
    intent_id TEXT NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    details TEXT NOT NULL,
    seal INTEGER NOT NULL
) STRICT
"""
_COLUMNS = "position, intent_id, event, at, details, seal"
_READ = f"SELECT {_COLUMNS} FROM journal ORDER BY position"  # noqa: S608 - our own names
_PARTS = ("", "-wal", "-shm")

Row = tuple[int, str, str, str, str, int]
"""Position from 1 on without a gap, intent id, event, time (ISO 8601), details (JSON), seal (`seal_of`)."""


class _Damaged(Exception):
    """The file stands but is no whole journal."""


def open_journal(path: Path, *, is_guest: bool = False) -> tuple[sqlite3.Connection, Sentence | None]:
    """Return a connection to a sound journal, and what has to be told about the file.

    A guest opens a file that a window may be using: it mends nothing, puts nothing aside and makes no room,
    since each of them would hold up or mislead the window's next order.
    Raises TerminalError for a file of a newer program, sqlite3.Error and OSError where the disk refuses.
    """
    if is_guest and path.exists():
        return _connect_guest(path), None
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return _connect(path), None
    try:
        _check(path)
    except (_Damaged, sqlite3.DatabaseError) as error:
        if _is_of_the_moment(error):
            raise
        return _salvage(path)
    return _connect(path), None


def append(connection: sqlite3.Connection, intent_id: str, event: str, at: str, details: str) -> None:
    """Write one line; it is on disk when this returns."""
    connection.execute(
        "INSERT INTO journal (intent_id, event, at, details, seal) VALUES (?, ?, ?, ?, ?)",
        (intent_id, event, at, details, seal_of(intent_id, event, at, details)),
    )


def seal_of(*texts: str) -> int:
    """Return a checksum of a line's texts: SQLite notices a damaged page, not a changed letter."""
    return zlib.crc32("\x1f".join(texts).encode())


def read_rows(connection: sqlite3.Connection) -> tuple[list[Row], bool]:
    """Return every line that can be read and is as it was written, in order, and whether these are all.

    A damaged page stops a scan; the lines behind it are reached from the end.
    """
    rows: dict[int, Row] = {}
    is_whole = True
    for direction in ("", " DESC"):
        try:
            for row in connection.execute(_READ + direction):
                if _is_sound(row):
                    rows[row[0]] = row
                else:
                    is_whole = False
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            is_whole = False
        else:
            break
    positions = sorted(rows)
    return [rows[position] for position in positions], is_whole and positions == [*range(1, len(rows) + 1)]


def _is_sound(row: tuple[object, ...]) -> bool:
    position, *texts, seal = row
    return (
        isinstance(position, int)
        and all(isinstance(text, str) for text in texts)
        and (seal == seal_of(*map(str, texts)))
    )


def _is_of_the_moment(error: Exception) -> bool:
    """Tell a file that another program holds, or a full disk, from a damaged one."""
    return isinstance(error, sqlite3.OperationalError) and not str(error).startswith(
        ("no such table", "no such column", "malformed", "database disk image")
    )


def _check(path: Path) -> None:
    """Raise for a damaged or newer file."""
    if path.stat().st_size == 0:
        # SQLite would take it for a new file: a day of orders would be gone without a word.
        raise _Damaged("the file is empty")
    connection = sqlite3.connect(path, _LOCKED_SECONDS, isolation_level=None)
    try:
        _refuse_newer(connection, path)
        if connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise _Damaged("quick_check found errors")
        if not read_rows(connection)[1]:
            raise _Damaged("a line is missing or is not as it was written")
    finally:
        connection.close()


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > FORMAT:
        raise TerminalError(
            Sentence(
                "주문 기록 {path}은(는) 더 새로운 KIS Terminal이 쓴 것입니다(형식 {found}, 이 프로그램은 "
                "{known}까지). 새 버전으로 여십시오. 그 전에는 주문을 보내지 않습니다.",
                path=path,
                found=found,
                known=FORMAT,
            )
        )


def _connect_guest(path: Path) -> sqlite3.Connection:
    end = time.monotonic() + _MAKING_SECONDS
    while (why := _unmade(path)) and time.monotonic() < end:
        time.sleep(0.01)
    if why:
        raise sqlite3.DatabaseError(why)
    connection = sqlite3.connect(path, _LOCKED_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _refuse_newer(connection, path)
        _set_durable(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _unmade(path: Path) -> str:
    """Say what a window that makes the file in this moment has not come to; empty for one that is made."""
    if path.stat().st_size == 0:
        return "the file is empty"
    with closing(sqlite3.connect(path, _LOCKED_SECONDS)) as connection:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone()
    return "" if found else "no such table: journal"


def _salvage(path: Path) -> tuple[sqlite3.Connection, Sentence]:
    aside = _aside(path)
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{part}").replace(f"{aside}{part}")
    rows: list[Row] = []
    with contextlib.suppress(sqlite3.DatabaseError):  # not even its header can be read
        damaged = sqlite3.connect(aside, _LOCKED_SECONDS)
        try:
            rows, _ = read_rows(damaged)
        finally:
            damaged.close()
    connection = _connect(path)
    connection.execute("BEGIN")
    for row in rows:
        append(connection, *row[1:5])
    connection.execute("COMMIT")
    return connection, Sentence(
        "주문 기록이 손상되어 {aside}(으)로 따로 보관하고 읽을 수 있는 {count:,}줄을 옮겼습니다. "
        "그 밖의 줄은 잃었습니다. 오늘 주문은 증권사에 조회해 확인하십시오.",
        aside=aside.name,
        count=len(rows),
    )


def _aside(path: Path) -> Path:
    for number in range(1, 1_000):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            return aside
    raise OSError(f"{path}: too many damaged files beside it")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, _LOCKED_SECONDS, isolation_level=None, check_same_thread=False)
    _set_durable(connection)
    connection.execute(_SCHEMA)
    connection.execute(f"PRAGMA user_version={FORMAT}")
    _make_room(connection)
    return connection


def _set_durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")  # never while an order waits; see `SqliteOrderJournal`


def _make_room(connection: sqlite3.Connection) -> None:
    """Lengthen the write-ahead log beforehand: a commit that has to do it takes half as long again."""
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE room (bytes BLOB)")
    connection.execute("INSERT INTO room VALUES (zeroblob(?))", (_ROOM_BYTES,))
    connection.execute("DROP TABLE room")
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
