from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.storage.bar_place import realm_of, store_place
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.environment import Environment
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, weekdays, whole

FILE = Path("data") / "sim" / "bars.sqlite"


def test_status_makes_nothing(terminal_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "status"]) == 0

    assert "처음 쓸 때 만듭니다" in capsys.readouterr().out
    assert list(terminal_home.iterdir()) == []


def test_upgrade_makes_the_tables_and_status_counts_what_is_in_them(
    terminal_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade"]) == 0
    assert "표를 올렸습니다" in capsys.readouterr().out

    async def fill() -> None:
        store = SqlBarStore(store_place(None, terminal_home / FILE.parent), realm_of(Environment.SIM))
        bars = made_bars(SAMSUNG_DAYS, weekdays(300))
        await store.write(bars, whole(bars))
        await store.close()

    asyncio.run(fill())
    assert main(["db", "status", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["is_current"], told["series"], told["bars"]) == ("0001", True, 1, 300)


def test_a_newer_database_is_refused(terminal_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrade"]) == 0
    with closing(sqlite3.connect(terminal_home / FILE)) as file, file:
        file.execute("UPDATE kis_terminal_version SET version_num = '0999'")

    assert main(["db", "status"]) == 1
    assert main(["db", "upgrade"]) == 1

    told = capsys.readouterr()
    assert "더 새로운 프로그램" in told.out
    assert "더 새로운 KIS Terminal이 만들었습니다(판 0999)" in told.err


def test_a_server_that_is_away_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:canary@127.0.0.1:1/bars")

    assert main(["db", "status", "--language", "en", "--json"]) == 1

    told = capsys.readouterr()
    assert "PostgreSQL 127.0.0.1:1/bars cannot be used: cannot be reached" in told.err
    assert "canary" not in told.err + told.out
    assert "someone" not in told.err + told.out


def test_postgres_is_brought_up_to_date(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)

    assert main(["db", "upgrade", "--json"]) == 0

    told = json.loads(capsys.readouterr().out.partition("\n}")[0] + "}")
    assert (told["version_before"], told["version"]) == (None, "0001")


def test_usage_is_told() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["db"])
