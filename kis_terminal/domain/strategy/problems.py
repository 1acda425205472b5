"""What a reader has to say about a strategy file, with the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from kis_terminal.domain.sentences import Sentence


class Severity(StrEnum):
    """How much a problem matters."""

    ERROR = "error"
    """The file does not run until this is corrected."""
    WARNING = "warning"
    """It runs, perhaps not as its author thinks, or otherwise than in KIS's programs."""
    NOTE = "note"
    """Worth knowing; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; `line` counts from 1."""

    line: int
    severity: Severity
    code: str
    """A short name that does not change: `unknown-indicator`, `never-true`, …"""
    sentence: Sentence
    can_fix: bool = False
    """Whether `fixes.fixed` mends it."""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


@dataclass(slots=True)
class Findings:
    """Collects problems while a file is read; iterates by line, errors first on each."""

    _found: list[Problem] = field(default_factory=list)

    def error(self, line: int, code: str, sentence: Sentence) -> None:
        """Add what keeps the file from running."""
        self._add(Problem(line, Severity.ERROR, code, sentence))

    def warning(self, line: int, code: str, sentence: Sentence, *, can_fix: bool = False) -> None:
        """Add what the author should know before trusting the file."""
        self._add(Problem(line, Severity.WARNING, code, sentence, can_fix))

    def note(self, line: int, code: str, sentence: Sentence) -> None:
        """Add what is worth knowing."""
        self._add(Problem(line, Severity.NOTE, code, sentence))

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self._found)

    def __iter__(self) -> Iterator[Problem]:
        order = list(Severity)
        return iter(sorted(self._found, key=lambda one: (one.line, order.index(one.severity))))

    def _add(self, problem: Problem) -> None:
        if problem not in self._found:
            self._found.append(problem)
