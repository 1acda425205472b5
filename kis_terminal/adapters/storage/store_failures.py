"""What a database's refusal means: which store, why, what to do. Never a word of the driver's own.

Drivers put addresses, and some of them passwords, into their messages; only codes are read here.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way in which a store fails."""

    why: Sentence
    remedy: Sentence
    is_out_of_reach: bool = False
    """Whether the next call would fail as well, and so waits for a while."""


_CHECK_SERVER = Sentence("서버가 켜져 있는지, DATABASE_URL의 주소·이름·암호가 맞는지 확인하십시오.")
_ASK_OWNER = Sentence("데이터베이스 관리자에게 쓰기 권한을 요청하십시오.")
_FREE_SPACE = Sentence("디스크에 자리를 만드십시오.")
_AGAIN = Sentence("저절로 다시 시도합니다.")

_UNREACHABLE = Refusal(Sentence("연결할 수 없음"), _CHECK_SERVER, True)
_LOST = Refusal(Sentence("연결이 끊어짐"), _AGAIN, True)
_LATE = Refusal(Sentence("응답이 너무 늦음"), _AGAIN, True)
_STARTING = Refusal(Sentence("서버가 아직 준비되지 않음"), _AGAIN, True)
_CROWDED = Refusal(Sentence("서버의 연결 수가 가득 참"), _AGAIN, True)
_STRANGER = Refusal(Sentence("이름이나 암호가 맞지 않음"), _CHECK_SERVER, True)
_NO_DATABASE = Refusal(Sentence("그런 데이터베이스가 없음"), _CHECK_SERVER, True)
_READ_ONLY = Refusal(Sentence("읽기 전용"), _ASK_OWNER)
_FORBIDDEN = Refusal(Sentence("권한이 없음"), _ASK_OWNER)
_FULL = Refusal(Sentence("디스크가 가득 참"), _FREE_SPACE)
_BUSY = Refusal(Sentence("다른 프로그램이 오래 쓰고 있음"), _AGAIN)
_NO_TABLE = Refusal(
    Sentence("표가 없음"),
    Sentence("`kis-terminal db upgrade`를 실행하거나 프로그램을 다시 시작하십시오."),
    True,
)
_FILE_READ_ONLY = Refusal(Sentence("읽기 전용"), Sentence("파일과 폴더의 쓰기 권한을 확인하십시오."))
_FILE_CLOSED = Refusal(
    Sentence("파일을 열 수 없음"), Sentence("폴더가 있는지, 쓰기 권한이 있는지 확인하십시오."), True
)
_FILE_DAMAGED = Refusal(
    Sentence("파일이 손상됨"),
    Sentence("파일을 다른 곳으로 옮기면 새로 만들고, 봉은 KIS에서 다시 받습니다."),
    True,
)
_FILE_FAILS = Refusal(Sentence("디스크 읽기·쓰기 오류"), Sentence("디스크를 확인하십시오."))

# SQLSTATE, or its class of two letters -> what it means.
_BY_STATE = {
    "08": _LOST,
    "28": _STRANGER,
    "3D": _NO_DATABASE,
    "25006": _READ_ONLY,
    "42501": _FORBIDDEN,
    "42P01": _NO_TABLE,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _BUSY,
    "57014": _LATE,
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _STARTING,
    "58": _FILE_FAILS,
}
# Head of SQLite's name of an error -> what it means.
_BY_NAME = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": _FILE_READ_ONLY,
    "SQLITE_PERM": _FILE_READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_CANTOPEN": _FILE_CLOSED,
    "SQLITE_CORRUPT": _FILE_DAMAGED,
    "SQLITE_NOTADB": _FILE_DAMAGED,
    "SQLITE_IOERR": _FILE_FAILS,
}


def refusal_of(error: BaseException) -> Refusal:
    """Return what an error of SQLAlchemy, a driver or a socket means for the user."""
    for cause in _causes(error):
        found = _known(cause)
        if found is not None:
            return found
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _LOST
    return Refusal(Sentence(type(error).__name__), _AGAIN)


def is_passing(error: BaseException) -> bool:
    """Tell whether the same work may succeed at once: an old connection, or another writer came first."""
    states = {getattr(cause, "sqlstate", None) for cause in _causes(error)}
    if states & {"40001", "40P01"}:
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_held(error: BaseException) -> bool:
    """Tell whether another program held the database for a moment."""
    return refusal_of(error) == _BUSY


def unavailable(label: str, refusal: Refusal) -> StoreUnavailable:
    """Return the error to raise for a store with this label."""
    return StoreUnavailable(
        Sentence(
            "봉 저장소 {store}을(를) 쓸 수 없습니다: {why}. {remedy}",
            store=label,
            why=refusal.why,
            remedy=refusal.remedy,
        )
    )


def newer_database(label: str, version: str) -> StoreUnavailable:
    """Return the refusal of a database that a later program has changed."""
    return StoreUnavailable(
        Sentence(
            "봉 저장소 {store}은(는) 더 새로운 KIS Terminal이 만들었습니다(판 {version}). 프로그램을 "
            "업데이트하거나 DATABASE_URL을 바꾸십시오.",
            store=label,
            version=version,
        )
    )


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error, what the driver raised below it, and what that came from."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        if isinstance(following, DBAPIError) and isinstance(following.orig, BaseException):
            following = following.orig
        else:
            following = following.__cause__
    return found


def _known(error: BaseException) -> Refusal | None:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _BY_STATE.get(state) or _BY_STATE.get(state[:2])
    name = getattr(error, "sqlite_errorname", None)
    if name == "SQLITE_ERROR" and str(error).startswith("no such table"):
        return _NO_TABLE
    if isinstance(name, str):
        # Extended codes have longer names: SQLITE_IOERR_WRITE, SQLITE_READONLY_DIRECTORY.
        return next((refusal for head, refusal in _BY_NAME.items() if name.startswith(head)), None)
    if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
        return _FILE_DAMAGED
    if isinstance(error, (TimeoutError, PoolTimeout)):
        return _LATE
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return _LOST
    if isinstance(error, (OSError, NoSuchModuleError)):
        return _UNREACHABLE
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _LOST
    return None
