"""The workspace file: whole or old, never half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.preferences import Preferences


def test_texts_are_read_back_by_the_next_start(tmp_path: Path) -> None:
    FileWorkspaceStore(tmp_path / "layout" / "w.json").write("layout", "단타")

    assert FileWorkspaceStore(tmp_path / "layout" / "w.json").read("layout") == "단타"


def test_a_damaged_file_is_kept_aside_and_said(tmp_path: Path, expect_log: Any) -> None:
    expect_log(r"cannot be read")
    (tmp_path / "w.json").write_text('{"layout": ', encoding="utf-8")

    store = FileWorkspaceStore(tmp_path / "w.json")

    assert store.read("layout") is None
    assert (tmp_path / "w.damaged").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence_with_its_path(tmp_path: Path, expect_log: Any) -> None:
    """Cause: an unwritable KIS_TERMINAL_HOME ended the start with a traceback."""
    expect_log(r"cannot be read")
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    store = FileWorkspaceStore(tmp_path / "file" / "w.json")

    with pytest.raises(TerminalError, match=r"w\.json"):
        store.write("layout", "단타")

    assert store.read("layout") == "단타"


def test_choices_that_cannot_be_kept_are_said_once_and_go_on(tmp_path: Path, expect_log: Any) -> None:
    expect_log(r"cannot be read")
    expect_log(r"choices are not kept")
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    preferences = Preferences(FileWorkspaceStore(tmp_path / "file" / "w.json"))

    preferences.write("a", 1)
    preferences.write("b", [2])

    assert (preferences.read("a"), preferences.read("b")) == (1, [2])


def test_a_shared_file_is_read_again_when_another_program_wrote_it(tmp_path: Path, expect_log: Any) -> None:
    """Cause: `kis-terminal panic` beside an open window must lock the window's orders too."""
    expect_log("cannot be read")
    path = tmp_path / "trading.json"
    window = FileWorkspaceStore(path, is_shared=True)
    assert window.read("trading-state") is None

    FileWorkspaceStore(path).write("trading-state", "halted")
    assert window.read("trading-state") == "halted"

    path.write_text('{"trading-state": "act', encoding="utf-8")
    assert window.read("trading-state") == "halted"  # what cannot be read opens nothing


def test_what_another_program_changed_does_not_pass_for_written(tmp_path: Path) -> None:
    """Cause: a latch opened from the shell was not written again when the window dropped it once more."""
    path = tmp_path / "trading.json"
    here, elsewhere = (FileWorkspaceStore(path, is_shared=True) for _ in range(2))
    here.write("trading-state", "halted")
    elsewhere.write("trading-state", "active")

    here.write("trading-state", "halted")

    assert FileWorkspaceStore(path).read("trading-state") == "halted"
