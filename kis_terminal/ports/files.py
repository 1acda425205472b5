"""What is written down beside the bars: orders, the workspace, the session.

Implementations: `adapters/storage` (OrderJournal, WorkspaceStore), `adapters/recording` (Recorder).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kis_terminal.domain.recording import RecordingStatus


class JournalEntry(Protocol):
    """One line of the journal."""

    @property
    def intent_id(self) -> str: ...

    @property
    def event(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def details(self) -> Mapping[str, str]: ...


class OrderJournal(Protocol):
    """What was intended, sent and answered, durable before `record` returns (fsync)."""

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        """Append one event; returns only when it is on disk. Raises TerminalError if it cannot be written."""
        ...

    async def entries(self, since: datetime) -> Sequence[JournalEntry]: ...

    async def last(self, event: str) -> JournalEntry | None:
        """Return the newest line of this event, None where there is none."""
        ...

    async def close(self) -> None: ...


class WorkspaceStore(Protocol):
    """Small texts that make up the user's workspace: layouts, watchlists, panel settings."""

    def read(self, key: str) -> str | None: ...

    def write(self, key: str, text: str) -> None: ...

    def write_all(self, texts: Mapping[str, str]) -> None:
        """Keep several texts at once: after a crash all of them are there, or none."""
        ...


class Recorder(Protocol):
    """Whatever can write down a session; begins and ends at once, writes in the background."""

    def start(self, path: Path) -> None:
        """Begin a new file; raises CorrectionNeeded where it exists or cannot be made."""
        ...

    def stop(self) -> None:
        """End it; what is queued is still written."""
        ...

    def status(self) -> RecordingStatus:
        """Return the figures of the recording that runs, or of the last one."""
        ...
