"""The menu's entry and the command that begin and end the recording of the session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMenu

from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.recording import Recording
from kis_terminal.ui.shortcuts import Command
from kis_terminal.ui.translation import said, tr

_MEGABYTE = 1 << 20


class RecordingEntry:
    """Toggle the recording and say what became of it. `tell` shows a level and a sentence."""

    def __init__(self, recording: Recording, tell: Callable[[str, str], object]) -> None:
        self._recording = recording
        self._tell = tell

    def command(self) -> Command:
        """Return the command that begins or ends a recording."""
        return Command("record", tr("세션 기록 시작·끝"), "", self.toggle)

    def fill_menu(self, menu: QMenu) -> None:
        """Add the entry, ticked while a recording runs."""
        action = menu.addAction(tr("세션 기록"))
        action.setCheckable(True)
        action.setChecked(self._recording.is_on)
        action.triggered.connect(self._triggered)

    def _triggered(self, is_checked: bool) -> None:
        self.toggle()

    def toggle(self) -> None:
        """Begin a recording, or end the one that runs."""
        if self._recording.is_on:
            self._recording.stop()
            path = Path(self._recording.status().path)
            self._tell("info", tr("세션 기록을 마쳤습니다: {path}", path=path))
            return
        try:
            self._recording.start()
        except TerminalError as error:
            self._tell("danger", said(error))
            return
        path = Path(self._recording.status().path)
        self._tell("info", tr("세션을 기록합니다. 비밀 정보는 지우고 씁니다: {path}", path=path))

    def refresh(self) -> None:
        """Say once why a recording ended by itself."""
        self._recording.tell_failure(lambda sentence: self._tell("danger", said(sentence)))

    def words(self) -> tuple[str, bool]:
        """Return what the status bar says, and whether it needs attention."""
        status = self._recording.status()
        if status.is_on:
            size = tr("기록 {size:.1f} MB", size=status.written / _MEGABYTE)
            return (
                (tr("{size}, 빠짐 {lost}", size=size, lost=status.lost), True)
                if status.lost
                else (size, False)
            )
        return (tr("기록 멈춤"), True) if status.failure else ("", False)
