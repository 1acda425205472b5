from __future__ import annotations

import stat
import sys
from datetime import date
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.exchange_address import (
    ExchangeEntrance,
    read_entrance,
    remove_entrance,
    write_entrance,
)
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.made_up_market import MadeUpMarket

MARKET = MadeUpMarket("1-1-261123-o", date(2026, 11, 23))
ENTRANCE = ExchangeEntrance("http://127.0.0.1:1", "ws://127.0.0.1:2", 4711, MARKET)


def test_what_was_written_is_read_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sim"

    write_entrance(folder, ENTRANCE)

    assert read_entrance(folder) == ENTRANCE
    (file,) = folder.iterdir()
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    remove_entrance(folder)
    remove_entrance(folder)
    assert read_entrance(folder) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"rest": "r", "ws": "w", "pid": "x"}'])
def test_a_file_that_says_nothing_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "exchange.json").write_text(text, encoding="utf-8")

    assert read_entrance(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")

    with pytest.raises(TerminalError, match=r"exchange\.json"):
        write_entrance(tmp_path / "data", ENTRANCE)
