"""What the worker does for the strategy editor: plain maps to a checked file, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kis_terminal.adapters.strategy_files.parsing import Unreadable, parsed
from kis_terminal.adapters.strategy_files.reader import SUFFIXES, StrategyDocument, read_file, read_text
from kis_terminal.adapters.strategy_files.writer import plain_text, rewritten, save_file
from kis_terminal.cli import backtest_parts
from kis_terminal.domain.backtest import StrategySource
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.form import plain_form
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.tree import Listing, Node, Table
from kis_terminal.domain.strategy.value_traps import traps_of_values
from kis_terminal.domain.strategy_work import StrategyDraft


def draft(name: str, plain: Mapping[str, Any], base: str = "") -> StrategyDraft:
    """Return the file that says what `plain` says; what `base` had beside it stays."""
    document = read_text(plain_text(plain), name)
    before = read_text(base, name) if base else None
    if document.spec is not None and before is not None and before.spec is not None:
        document = read_text(rewritten(before, document.spec), name)
    return _draft(document)


def draft_of_text(name: str, text: str) -> StrategyDraft:
    """Return what a text says."""
    return _draft(read_text(text, name))


def draft_of_file(path: str) -> StrategyDraft:
    """Return what a file or preset says; raises CorrectionNeeded where there is none to read."""
    return _draft(read_file(backtest_parts.find_strategy(path)))


def save(path: Path, text: str) -> Path:
    """Write a strategy file; its name gets the ending that strategy files have. Raises StoreUnavailable."""
    if not path.name.endswith(SUFFIXES):
        path = path.with_name(path.name + SUFFIXES[0])
    if path.resolve() in {preset.resolve() for preset in backtest_parts.preset_files().values()}:
        raise CorrectionNeeded(
            Sentence("기본 전략 파일에는 저장하지 않습니다. 다른 이름으로 저장하십시오: {path}", path=path)
        )
    save_file(path, text)
    return path


def judged(source: StrategySource, values: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Return what values do to the conditions of a rule strategy; nothing of a Python one is known."""
    spec = read_text(source.text, source.name).spec if source.kind != "python" else None
    return traps_of_values(spec, values) if isinstance(spec, StrategySpec) else ()


def _draft(document: StrategyDocument) -> StrategyDraft:
    plain = None if document.spec is None else plain_form(document.spec)
    return StrategyDraft(
        document.text, backtest_parts.sheet_of(document), plain, dict(_places(document.text))
    )


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Yield the places of a file with their lines."""
    try:
        tree = parsed(text, Findings())
    except Unreadable:
        return
    strategy = _inside(tree, "strategy")
    for table in (tree, strategy):
        if isinstance(table, Table):
            yield from ((entry.key, entry.line) for entry in table.entries)
    for part in ("indicators", "candlesticks"):
        yield from _items(part, _inside(strategy, part))
    for part in ("entry", "exit"):
        yield from _items(part, _inside(_inside(strategy, part), "conditions"))
    for part, node in (("params", _inside(strategy, "params")), ("risk", _inside(tree, "risk"))):
        if isinstance(node, Table):
            yield from ((f"{part}.{entry.key}", entry.line) for entry in node.entries)


def _inside(node: Node | None, key: str) -> Node | None:
    entry = node.entry(key) if isinstance(node, Table) else None
    return None if entry is None else entry.node


def _items(part: str, node: Node | None) -> Iterator[tuple[str, int]]:
    if isinstance(node, Listing):
        yield from ((f"{part}.{place}", item.line) for place, item in enumerate(node.nodes))
