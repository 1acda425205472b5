"""Case 7: one program trades an account; who is killed leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.instance_lock import InstanceLock
from kis_terminal.domain.errors import TerminalError

HOLD = """
import sys, pathlib
from kis_terminal.adapters.storage.instance_lock import InstanceLock
lock = InstanceLock(pathlib.Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_case_07_a_second_program_is_refused_with_process_and_path_and_a_killed_one_is_followed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data" / "account.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with pytest.raises(TerminalError) as refused:
            InstanceLock(path).take()
        assert str(other.pid) in str(refused.value)
        assert str(path) in str(refused.value)

        other.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        other.wait(10)
    with InstanceLock(path):
        assert path.with_suffix(".pid").read_text() == str(os.getpid())
        with pytest.raises(TerminalError):
            InstanceLock(path).take()
    with InstanceLock(path):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(TerminalError, match="쓸 수 없습니다"):
        InstanceLock(tmp_path / "file" / "account.lock").take()
