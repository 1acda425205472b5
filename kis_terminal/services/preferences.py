"""The user's small choices, kept as JSON texts in the workspace store."""

from __future__ import annotations

import json
import logging

from kis_terminal.domain.errors import TerminalError
from kis_terminal.ports import WorkspaceStore

log = logging.getLogger(__name__)
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Preferences:
    """Own settings of panels and window by key, e.g. `chart.interval`, `layout.default`."""

    def __init__(self, store: WorkspaceStore) -> None:
        self._store = store
        self._has_complained = False

    def read(self, key: str, default: Json = None) -> Json:
        """Return a choice; one that cannot be read is said in the log and taken as `default`."""
        text = self._store.read(key)
        if text is None:
            return default
        try:
            value: Json = json.loads(text)
        except ValueError:
            log.warning("preference %s is damaged and was set back: %.80r", key, text)
            return default
        return value

    def write(self, key: str, value: Json) -> None:
        """Keep a choice; where the disk refuses, until the program ends, and the log says so once."""
        try:
            self._store.write(key, json.dumps(value, ensure_ascii=False))
        except TerminalError as error:
            if not self._has_complained:
                self._has_complained = True
                log.warning("choices are not kept: %s", error)
