"""Fault case 79: the log is bounded, rotates, and nobody waits for its disk."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path

import pytest

from kis_terminal import log as log_module
from kis_terminal.log import FILE_COUNT, LONGEST_MESSAGE, QUEUE_LINES, Logging, set_up_logging

log = logging.getLogger("kis_terminal.test")


class HangingDisk(io.StringIO):
    """A stream that keeps whoever writes until the disk is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached, self.may_go = threading.Event(), threading.Event()
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        self.is_reached.set()
        self.may_go.wait(30)
        self.lines += text.splitlines()
        return len(text)


def hang(running: Logging) -> HangingDisk:
    disk = HangingDisk()
    assert running._listener is not None
    (file,) = running._listener.handlers
    assert isinstance(file, logging.StreamHandler)
    earlier = file.setStream(disk)
    if earlier is not None:
        earlier.close()
    return disk


def test_case_79_whoever_logs_never_waits_for_a_disk_that_hangs(tmp_path: Path) -> None:
    running = set_up_logging(tmp_path / "logs")
    disk = hang(running)
    log.info("first")
    assert disk.is_reached.wait(10)

    for number in range(QUEUE_LINES + 500):
        log.info("line %d", number)  # would wait for ever if anybody waited

    assert running.buffer.written == QUEUE_LINES + 501  # the panel has them all
    disk.may_go.set()
    assert running._listener is not None
    while not running._listener.queue.empty():  # type: ignore[attr-defined]
        threading.Event().wait(0.01)
    log.info("last")
    running.close()
    assert len(disk.lines) == QUEUE_LINES + 1 + 2
    assert "500 lines are missing here" in disk.lines[-2]
    assert disk.lines[-1].endswith("last")


def test_case_79_closing_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_CLOSE_SECONDS", 0.05)
    running = set_up_logging(tmp_path / "logs")
    disk = hang(running)
    log.info("first")
    assert disk.is_reached.wait(10)
    for number in range(QUEUE_LINES + 1):
        log.info("line %d", number)  # the queue is full: even the wish to end has to find its place

    running.close()

    assert logging.getLogger().handlers.count(running.buffer) == 0
    disk.may_go.set()


def test_case_79_the_files_are_bounded_whatever_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "FILE_BYTES", 100_000)
    running = set_up_logging(tmp_path / "logs")
    for number in range(3_000):
        log.info("line %d %s", number, "x" * 10_000)
    running.close()

    files = list((tmp_path / "logs").iterdir())

    assert len(files) == FILE_COUNT + 1
    assert sum(file.stat().st_size for file in files) <= (FILE_COUNT + 1) * 100_000
    newest = (tmp_path / "logs" / "kis-terminal.log").read_text(encoding="utf-8").splitlines()
    assert "line 2999" in newest[-1]
    assert max(map(len, newest)) < LONGEST_MESSAGE + 200


def test_case_79_a_disk_that_fills_up_is_no_error_of_whoever_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    running = set_up_logging(tmp_path / "logs")
    disk = hang(running)
    disk.may_go.set()
    monkeypatch.setattr(disk, "write", _full)

    log.info("nobody can write this")
    running.close()

    assert running.buffer.lines[-1].text == "nobody can write this"
    assert capsys.readouterr().err == ""


def _full(text: str) -> int:
    raise OSError(28, "No space left on device")
