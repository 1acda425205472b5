"""Workspace texts and the journal of orders, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kis_terminal.domain.errors import TerminalError


class MemoryStore:
    """Workspace texts in a dict."""

    def __init__(self, texts: dict[str, str] | None = None) -> None:
        self.texts = texts if texts is not None else {}
        self.refusal: TerminalError | None = None

    def read(self, key: str) -> str | None:
        """Return a text."""
        return self.texts.get(key)

    def write(self, key: str, text: str) -> None:
        """Keep a text, unless the disk refuses."""
        self.write_all({key: text})

    def write_all(self, texts: Mapping[str, str]) -> None:
        """Keep all of them, or none where the disk refuses."""
        if self.refusal is not None:
            raise self.refusal
        self.texts.update(texts)


@dataclass(frozen=True, slots=True)
class MemoryJournalEntry:
    """One line of the journal."""

    intent_id: str
    event: str
    at: datetime
    details: Mapping[str, str]


class MemoryJournal:
    """A journal in a list."""

    def __init__(self) -> None:
        self.lines: list[MemoryJournalEntry] = []

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        """Append one event."""
        self.lines.append(MemoryJournalEntry(intent_id, event, at, dict(details)))

    async def entries(self, since: datetime) -> Sequence[MemoryJournalEntry]:
        """Return the lines from `since` on."""
        return [line for line in self.lines if line.at >= since]

    async def last(self, event: str) -> MemoryJournalEntry | None:
        """Return the newest line of this event."""
        return next((line for line in reversed(self.lines) if line.event == event), None)

    async def close(self) -> None:
        """Do nothing: there is no file."""
