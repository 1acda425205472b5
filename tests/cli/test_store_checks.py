"""What `doctor` says of the bar store."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.adapters.kis.feed_relay import lease_place
from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.database import upgrade
from kis_terminal.cli.store_checks import store_lines
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.settings import Secret, load_settings


def database_line() -> HealthLine:
    settings = load_settings(
        environment=Environment.SIM, config=None, language=None, environ=os.environ, cwd=Path.cwd()
    )
    return next(line for line in asyncio.run(store_lines(settings)) if line.key == "database")


def test_a_store_that_is_not_there_yet_is_no_fault(terminal_home: Path) -> None:
    line = database_line()

    assert (line.verdict, line.value) == (Verdict.OK, "SQLite (DATABASE_URL 없음)")
    assert list(terminal_home.iterdir()) == []


def test_version_and_contents_are_shown(terminal_home: Path) -> None:
    asyncio.run(upgrade(store_place(None, terminal_home / "data" / "sim")))

    line = database_line()

    assert line.verdict is Verdict.OK
    assert "봉 저장소의 판 0001, 계열 0개" in line.value


def test_a_store_of_a_newer_program_is_a_fault(terminal_home: Path) -> None:
    place = store_place(None, terminal_home / "data" / "sim")
    asyncio.run(upgrade(place))
    assert place.file is not None
    with closing(sqlite3.connect(place.file)) as file, file:
        file.execute("UPDATE kis_terminal_version SET version_num = '0999'")

    line = database_line()

    assert line.verdict is Verdict.DANGER
    assert "판 0999" in line.value


def test_a_server_is_shown_with_what_is_in_it(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    assert "처음 쓸 때 만듭니다" in database_line().value

    asyncio.run(upgrade(store_place(postgres_url, Path())))

    line = database_line()
    assert line.value.startswith("PostgreSQL ")
    assert "계열 0개" in line.value
    assert postgres_url.split(":")[2].split("@")[0] not in line.value


async def test_it_is_said_whether_a_program_has_the_stream(redis_url: str, terminal_home: Path) -> None:
    settings = load_settings(
        environment=Environment.SIM, config=None, language=None, environ=os.environ, cwd=Path.cwd()
    )
    access = settings.access_for_sim("http://127.0.0.1:1", "ws://127.0.0.1:1")
    settings = replace(settings, access=access, redis_url=Secret(redis_url))
    cache = RedisCache(redis_url, patience=5.0)
    try:
        before = next(line for line in await store_lines(settings) if line.key == "cache")
        assert await cache.ready(10)
        await cache.hold(lease_place(access), b"program", 30.0)
        after = next(line for line in await store_lines(settings) if line.key == "cache")
    finally:
        await cache.close()

    assert "프로그램 없음" in before.value
    assert "프로그램 있음(" in after.value
    assert access.appkey.reveal() not in after.value
