"""What the strategy editor asks of the worker that reads and writes strategy files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kis_terminal.domain.backtest import StrategySource
from kis_terminal.domain.backtest_work import StrategySheet, Work
from kis_terminal.domain.strategy.contract import Parameter


@dataclass(frozen=True, slots=True)
class StrategyDraft:
    """A strategy while it is being edited."""

    text: str
    """The file as it would be saved."""
    sheet: StrategySheet
    """What the checker says of `text`, as `strategy check` does."""
    plain: Mapping[str, Any] | None
    """The file as maps and lists (domain/strategy/form.py); None where it has errors."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where things stand in `text`, from 1: `entry`, `entry.0`, `indicators.2`, `params.period`."""


@dataclass(frozen=True, slots=True)
class DraftStrategy(Work[StrategyDraft]):
    """Write plain maps as a file and check it; they may still be wrong.

    Comments and unknown keys of `base` stay (the file that was opened, "" for a new one).
    """

    name: str
    plain: Mapping[str, Any]
    base: str = ""


@dataclass(frozen=True, slots=True)
class ReadStrategyText(Work[StrategyDraft]):
    """Check a text that a person wrote."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadStrategyFile(Work[StrategyDraft]):
    """Open a file, or a preset by its name; answered with CorrectionNeeded where there is none to read."""

    path: str


@dataclass(frozen=True, slots=True)
class SaveStrategy(Work[Path]):
    """Put a text into a file in one step; answered with StoreUnavailable where it cannot be written."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class JudgeParameters(Work[Sequence[str]]):
    """Say what values make conditions never or always true."""

    source: StrategySource
    parameters: Mapping[str, Parameter]
