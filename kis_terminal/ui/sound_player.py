"""Play a short sound with what the system has; where it has nothing, its own beep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QProcess, QStandardPaths
from PySide6.QtWidgets import QApplication

_PLAYERS = ("afplay", "pw-play", "paplay", "aplay")
"""macOS, PipeWire, PulseAudio, ALSA; each plays the file it is given and ends."""

Play = Callable[[Path], object]


def sound_player() -> Play | None:
    """Return a function that plays a WAV file without waiting for it; None where there is nobody to hear."""
    if QApplication.platformName() in ("offscreen", "minimal"):
        return None
    if sys.platform == "win32":
        return _play_on_windows
    found = next((path for name in _PLAYERS if (path := QStandardPaths.findExecutable(name))), "")
    return (lambda path: _play_by(found, path)) if found else (lambda path: QApplication.beep())


def _play_by(player: str, path: Path) -> None:
    if not QProcess.startDetached(player, [str(path)])[0]:
        QApplication.beep()


def _play_on_windows(path: Path) -> None:
    if sys.platform == "win32":
        import winsound

        winsound.PlaySound(str(path), winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT)
