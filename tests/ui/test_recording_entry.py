"""The menu's recording: begun, ended, and a failure told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kis_terminal.adapters.recording.recorder import SessionRecorder
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.services.recording import Recording
from kis_terminal.ui.recording_entry import RecordingEntry


class FullDisk:
    """A file that takes its header and nothing more."""

    def __init__(self) -> None:
        self._writes = 0

    def write(self, data: bytes) -> int:
        self._writes += 1
        if self._writes > 1:
            raise OSError(28, "No space left on device")
        return len(data)

    def close(self) -> None:
        self._writes = 0


async def test_the_entry_begins_and_ends_a_recording_in_the_folder_of_recordings(tmp_path: Path) -> None:
    recorder = SessionRecorder(SystemClock(), "sim")
    told: list[tuple[str, str]] = []
    entry = RecordingEntry(
        Recording(recorder, SystemClock(), tmp_path / "recordings"), lambda *words: told.append(words)
    )

    entry.toggle()
    is_on, words = recorder.is_on, entry.words()
    entry.toggle()
    await recorder.close()
    entry.refresh()

    assert is_on
    assert words == ("기록 0.0 MB", False)
    assert entry.words() == ("", False)
    assert [level for level, _ in told] == ["info", "info"]
    assert len(list((tmp_path / "recordings").glob("session-*.kisrec"))) == 1


async def test_a_recording_that_ended_by_itself_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = SessionRecorder(SystemClock(), "sim", opener=lambda path: FullDisk())
    told: list[tuple[str, str]] = []
    entry = RecordingEntry(Recording(recorder, SystemClock(), tmp_path), lambda *words: told.append(words))

    entry.toggle()
    recorder.received(b"0|H0STCNT0|001|005930^1")
    await recorder.close()
    entry.refresh()
    entry.refresh()

    assert told[1:] == [("danger", "기록을 멈췄습니다. 파일에 쓸 수 없습니다: No space left on device")]
    assert entry.words() == ("기록 멈춤", True)
    assert "the recording has ended" in caplog.text
    caplog.clear()
