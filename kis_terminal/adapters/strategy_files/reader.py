"""Read `.kis.yaml` files: the strategy, every problem with its line, and the text itself for writing back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kis_terminal.adapters.strategy_files.parsing import MAX_BYTES, Unreadable, decoded, parsed
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.domain.strategy.problems import Findings, Problem
from kis_terminal.domain.strategy.reading import Reading, read_tree

SUFFIXES = (".kis.yaml", ".yaml", ".yml")
"""Endings of strategy files; the first is the one that is written."""


@dataclass(frozen=True, slots=True)
class StrategyDocument:
    """A file as it was read; picklable."""

    name: str
    """File name, for messages."""
    text: str
    """The text without a byte-order mark, empty where it could not be decoded."""
    spec: StrategySpec | None
    """None as soon as one problem is an error."""
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)

    def sound(self) -> StrategySpec:
        """Return the strategy; raises CorrectionNeeded that names the first errors and their lines."""
        if self.spec is not None:
            return self.spec
        raise CorrectionNeeded(
            Sentence(
                "{name}: 오류 {count}개. {line}행: {first}",
                name=self.name,
                count=len(self.errors),
                line=self.errors[0].line,
                first=self.errors[0].sentence,
            )
        )


def read_text(text: str, name: str = "strategy.kis.yaml") -> StrategyDocument:
    """Read the text of a file."""
    findings = Findings()
    text = text.removeprefix("\ufeff")
    try:
        reading = read_tree(parsed(text, findings))
    except Unreadable:
        reading = Reading(None, tuple(findings))
    return StrategyDocument(name, text, reading.spec, reading.problems)


def read_bytes(content: bytes, name: str = "strategy.kis.yaml") -> StrategyDocument:
    """Read the content of a file; an encoding that nobody reads is explained."""
    findings = Findings()
    try:
        text = decoded(content, findings)
    except Unreadable:
        return StrategyDocument(name, "", None, tuple(findings))
    return read_text(text, name)


def read_file(path: Path) -> StrategyDocument:
    """Read a file; raises CorrectionNeeded where there is none to read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CorrectionNeeded(Sentence("전략 파일이 없습니다: {path}", path=path)) from None
    except OSError as error:
        raise CorrectionNeeded(
            Sentence("전략 파일을 읽을 수 없습니다: {path} ({reason})", path=path, reason=error.strerror)
        ) from error
    return read_bytes(content, path.name)
