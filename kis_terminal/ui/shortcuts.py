"""Everything that a key or the palette can do, and the keys in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from kis_terminal.services.preferences import Preferences

_KEY = "shortcuts"


@dataclass(frozen=True, slots=True)
class Command:
    """Something the window does; `keys` is the default in Qt's portable form, "" for none."""

    id: str
    title: str
    keys: str
    run: Callable[[], object]


class Shortcuts:
    """Install the keys of commands for the whole program, floating panels included; they can be changed."""

    def __init__(self, window: QWidget, preferences: Preferences, commands: Sequence[Command]) -> None:
        self._preferences = preferences
        self.commands = {command.id: command for command in commands}
        kept = preferences.read(_KEY)
        self._own: dict[str, str] = {}
        if isinstance(kept, dict):
            self._own = {key: str(value) for key, value in kept.items() if key in self.commands}
        self._installed: dict[str, QShortcut] = {}
        for command in commands:
            shortcut = QShortcut(window)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setKey(QKeySequence(self.keys(command.id)))
            shortcut.activated.connect(command.run)
            self._installed[command.id] = shortcut

    def keys(self, command: str) -> str:
        """Return the keys in force for a command, "" for none."""
        return self._own.get(command, self.commands[command].keys)

    def taken_by(self, keys: str) -> str | None:
        """Return the command that has these keys."""
        wanted = QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText)
        return next((name for name in self.commands if wanted and self.keys(name) == wanted), None)

    def change(self, command: str, keys: str | None) -> str:
        """Give a command other keys (None: its default); return "" or the command that has them already."""
        wanted = self.commands[command].keys if keys is None else keys
        wanted = QKeySequence(wanted).toString(QKeySequence.SequenceFormat.PortableText)
        owner = self.taken_by(wanted)
        if owner is not None and owner != command:
            return owner
        if wanted == self.commands[command].keys:
            self._own.pop(command, None)
        else:
            self._own[command] = wanted
        self._preferences.write(_KEY, dict(self._own))
        self._installed[command].setKey(QKeySequence(wanted))
        return ""
