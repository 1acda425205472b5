"""The recording of the session: begun and ended by the user, told when it ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kis_terminal.domain.recording import RecordingStatus
from kis_terminal.ports import Clock, Recorder

SUFFIX = ".kisrec"


class Recording:
    """Start and stop the recorder; new files lie in one folder, named by the time they were begun."""

    def __init__(self, recorder: Recorder, clock: Clock, folder: Path) -> None:
        self._recorder = recorder
        self._clock = clock
        self._folder = folder
        self._told_failure = ""

    @property
    def is_on(self) -> bool:
        """Say whether a recording runs."""
        return self._recorder.status().is_on

    def status(self) -> RecordingStatus:
        """Return the figures of the recording that runs, or of the last one."""
        return self._recorder.status()

    def start(self, path: Path | None = None) -> None:
        """Record to `path`, or to a new file of the folder; raises CorrectionNeeded."""
        now = self._clock.now()
        self._recorder.start(path or self._folder / f"session-{now:%Y%m%d-%H%M%S}{SUFFIX}")

    def stop(self) -> None:
        """End the recording, if one runs."""
        self._recorder.stop()

    def tell_failure(self, tell: Callable[[str], object]) -> None:
        """Tell once why a recording ended by itself."""
        failure = self._recorder.status().failure
        if failure != self._told_failure:
            self._told_failure = failure
            if failure:
                tell(failure)
