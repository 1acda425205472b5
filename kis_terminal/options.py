"""What the command line asked of the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    environment: str = "sim"
    config: Path | None = None
    language: str | None = None
    layout: str | None = None
    screenshot: Path | None = None
    size: tuple[int, int] | None = None
    """None keeps the size of the last close; a picture is then as large as a first start."""
    exit_after: float | None = None
    bars: Path | None = None
    seed: int | None = None
    exchange_words: tuple[str, ...] = ()
    """What else the embedded exchange is told: which recording, hour or day it plays, and how fast."""
    record: Path | None = None
    record_limit: int = 512
    """Megabytes of all files of one recording."""

    def exchange_arguments(self) -> list[str]:
        """Return the child's arguments."""
        words: list[str] = []
        if self.bars is not None:
            words += ["--bars", str(self.bars)]
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        return [*words, *self.exchange_words]
