"""What `doctor` looks at behind the program: its database and the shared cache."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kis_terminal.adapters.cache.reach import lease_taken_at, reach_redis
from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.adapters.storage.reach import reach_postgres, reach_sqlite
from kis_terminal.adapters.system_clock import KST
from kis_terminal.domain.errors import StoreUnavailable, TerminalError
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.settings import KisAccess, Settings

if TYPE_CHECKING:
    from kis_terminal.adapters.storage.database import StoreState

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
    url = None if settings.database_url is None else settings.database_url.reveal()
    place = store_place(url, settings.home.data)
    if url is None:
        return await _with_contents(place, Sentence("SQLite (DATABASE_URL 없음)"))
    if place.file is not None:
        line = await asyncio.to_thread(_database_file, place.file)
        return line if line.verdict is Verdict.DANGER else await _with_contents(place, line.value)
    server = _place_of(url)
    try:
        taken, version = await reach_postgres(url)
    except TerminalError as error:
        return HealthLine("database", title, server, Verdict.DANGER, sentence_of(error))
    return await _with_contents(place, f"PostgreSQL {version}, {server}, {taken:.0f} ms")


async def _with_contents(place: StorePlace, words: str) -> HealthLine:
    """Say which version the bar store has and how much lies in it; it is not changed."""
    title = Sentence("데이터베이스")
    if place.file is not None and not place.file.exists():
        return HealthLine("database", title, words)
    from kis_terminal.adapters.storage.database import state_of  # loads SQLAlchemy: a second

    try:
        state = await state_of(place)
    except StoreUnavailable as error:
        return HealthLine("database", title, words, Verdict.DANGER, sentence_of(error))
    value = Sentence("{place}. {contents}", place=words, contents=version_words(state))
    if state.is_newer:
        advice = Sentence("프로그램을 업데이트하거나 DATABASE_URL을 바꾸십시오.")
        return HealthLine("database", title, value, Verdict.DANGER, advice)
    return HealthLine("database", title, value)


def version_words(state: StoreState) -> Sentence:
    """Return what to say of a bar store's version and size."""
    if state.version is None:
        return Sentence("봉 저장소는 처음 쓸 때 만듭니다.")
    if state.is_newer:
        return Sentence("더 새로운 프로그램이 만든 봉 저장소입니다(판 {version}).", version=state.version)
    if not state.is_current:
        return Sentence("봉 저장소의 판 {version}: 처음 쓸 때 올립니다.", version=state.version)
    return Sentence(
        "봉 저장소의 판 {version}, 계열 {series:,}개, 봉 {bars:,}개 ({size:.1f} MB)",
        version=state.version,
        series=state.series,
        bars=state.bars,
        size=state.bytes_used / 1e6,
    )


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


async def _cache(settings: Settings) -> HealthLine:
    title = Sentence("공유 캐시")
    if settings.redis_url is None:
        return HealthLine("cache", title, Sentence("쓰지 않음 (REDIS_URL 없음)"))
    url = settings.redis_url.reveal()
    try:
        taken = await reach_redis(url)
    except TerminalError as error:
        return HealthLine("cache", title, _place_of(url), Verdict.DANGER, sentence_of(error))
    value: str = f"Redis {_place_of(url)}, {taken:.1f} ms"
    if settings.access is not None:
        value = await _with_holder(value, url, settings.access)
    if taken > _SLOW_CACHE:
        advice = Sentence("캐시가 느립니다. 더 가까운 서버를 쓰거나 REDIS_URL을 지우십시오.")
        return HealthLine("cache", title, value, Verdict.WARN, advice)
    return HealthLine("cache", title, value)


async def _with_holder(words: str, url: str, access: KisAccess) -> Sentence:
    """Say whether a program of this app key has the stream's one connection, and since when."""
    from kis_terminal.adapters.kis.feed_relay import lease_place  # with a cache only

    since = await lease_taken_at(url, lease_place(access))
    if since is None:
        return Sentence("{place}. 이 앱키로 실시간을 연결한 프로그램 없음", place=words)
    return Sentence(
        "{place}. 이 앱키로 실시간을 연결한 프로그램 있음({since:%m-%d %H:%M:%S}부터)",
        place=words,
        since=since.astimezone(KST),
    )


def _place_of(url: str) -> str:
    """Return host and port of a URL without user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or parts.path}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "?"
