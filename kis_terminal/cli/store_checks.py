"""What `doctor` looks at behind the program: its database and the shared cache."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from kis_terminal.adapters.cache.reach import reach_redis
from kis_terminal.adapters.storage.reach import reach_postgres, reach_sqlite
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.settings import Settings

_SLOW_COMMIT = 50.0
"""Milliseconds of a durable commit, which every order waits for."""
_SLOW_CACHE = 20.0


async def store_lines(settings: Settings) -> list[HealthLine]:
    """Reach every store; none of the lines holds a URL's password."""
    return list(await asyncio.gather(_local(settings), _database(settings), _cache(settings)))


async def _local(settings: Settings) -> HealthLine:
    """Write as the order journal does, where it does."""
    title = Sentence("SQLite")
    folder = settings.home.data
    while not folder.exists() and folder.parent != folder:
        folder = folder.parent
    try:
        slowest = await asyncio.to_thread(reach_sqlite, folder)
    except TerminalError as error:
        return HealthLine("sqlite", title, str(folder), Verdict.DANGER, sentence_of(error))
    value = Sentence("쓰기 {ms:.1f} ms", ms=slowest)
    if slowest > _SLOW_COMMIT:
        advice = Sentence(
            "주문은 기록이 디스크에 남은 뒤에 나갑니다. KIS_TERMINAL_HOME을 더 빠른 디스크로 옮기십시오."
        )
        return HealthLine("sqlite", title, value, Verdict.WARN, advice)
    return HealthLine("sqlite", title, value)


async def _database(settings: Settings) -> HealthLine:
    title = Sentence("데이터베이스")
    if settings.database_url is None:
        return HealthLine("database", title, Sentence("SQLite (DATABASE_URL 없음)"))
    url = settings.database_url.reveal()
    if url.startswith("sqlite"):
        return await asyncio.to_thread(_database_file, _path_of(url))
    place = _place_of(url)
    try:
        taken, version = await reach_postgres(url)
    except TerminalError as error:
        return HealthLine("database", title, place, Verdict.DANGER, sentence_of(error))
    return HealthLine("database", title, f"PostgreSQL {version}, {place}, {taken:.0f} ms")


def _database_file(path: Path) -> HealthLine:
    title = Sentence("데이터베이스")
    folder = path.absolute().parent
    if not folder.is_dir():
        advice = Sentence("{path} 폴더가 없습니다. 만들거나 DATABASE_URL을 고치십시오.", path=folder)
        return HealthLine("database", title, str(path), Verdict.DANGER, advice)
    try:
        slowest = reach_sqlite(folder)
    except TerminalError as error:
        return HealthLine("database", title, str(path), Verdict.DANGER, sentence_of(error))
    return HealthLine("database", title, Sentence("{path}, 쓰기 {ms:.1f} ms", path=path, ms=slowest))


def _path_of(url: str) -> Path:
    """Return the file of `sqlite:///relative` or `sqlite:////absolute`, as SQLAlchemy reads them."""
    return Path(url.partition(":///")[2] or url.partition("://")[2])


async def _cache(settings: Settings) -> HealthLine:
    title = Sentence("공유 캐시")
    if settings.redis_url is None:
        return HealthLine("cache", title, Sentence("쓰지 않음 (REDIS_URL 없음)"))
    url = settings.redis_url.reveal()
    try:
        taken = await reach_redis(url)
    except TerminalError as error:
        return HealthLine("cache", title, _place_of(url), Verdict.DANGER, sentence_of(error))
    value = f"Redis {_place_of(url)}, {taken:.1f} ms"
    if taken > _SLOW_CACHE:
        advice = Sentence("캐시가 느립니다. 더 가까운 서버를 쓰거나 REDIS_URL을 지우십시오.")
        return HealthLine("cache", title, value, Verdict.WARN, advice)
    return HealthLine("cache", title, value)


def _place_of(url: str) -> str:
    """Return host and port of a URL without user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or parts.path}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "?"
