"""What `doctor` says of the bar store."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.database import upgrade
from kis_terminal.cli.store_checks import store_lines
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.settings import load_settings


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
