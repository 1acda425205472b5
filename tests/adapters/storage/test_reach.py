from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.reach import reach_postgres, reach_sqlite
from kis_terminal.domain.errors import TerminalError


def test_sqlite_is_written_and_nothing_stays(terminal_home: Path) -> None:
    assert reach_sqlite(terminal_home) >= 0
    assert list(terminal_home.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no device folder")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    # A file in the place of the folder: permissions do not stop an administrator.
    (tmp_path / "file").touch()

    with pytest.raises(TerminalError, match="데이터베이스를 쓸 수 없습니다"):
        reach_sqlite(tmp_path / "file")


async def test_postgres_answers_with_its_version(postgres_url: str) -> None:
    for url in (postgres_url, postgres_url.replace("postgresql://", "postgresql+asyncpg://")):
        taken, version = await reach_postgres(url)

        assert taken > 0
        assert version[0].isdigit()


async def test_a_wrong_password_is_said_without_it(postgres_url: str) -> None:
    head, _, place = postgres_url.rpartition("@")
    user = head.rpartition(":")[0]

    with pytest.raises(TerminalError, match="DATABASE_URL") as refused:
        await reach_postgres(f"{user}:canary@{place}")

    assert "canary" not in str(refused.value)
