"""From the text of a strategy to what runs: rules of a `.kis.yaml`, or the class of a Python file."""

from __future__ import annotations

import linecache
from types import ModuleType

from kis_terminal.adapters.strategy_files.reader import read_text
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Strategy
from kis_terminal.domain.strategy.model import StrategySpec


def load_source(name: str, text: str, kind: str) -> StrategySpec | type[Strategy]:
    """Return what a source says; runs the code of a Python file, and lets through what it raises."""
    return python_class(name, text) if kind == "python" else read_text(text, name).sound()


def python_class(name: str, text: str) -> type[Strategy]:
    """Return the one strategy class of a Python file; raises CorrectionNeeded for none or several."""
    module = ModuleType("strategy_file")
    # So that a trace shows the lines of the file, which may have changed or gone on disk.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), module.__dict__)  # noqa: S102 - the person's own code, in its own process
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Strategy) and item.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise CorrectionNeeded(
            Sentence(
                "{name}에는 Strategy를 상속한 클래스가 하나 있어야 합니다. 찾은 수: {count}",
                name=name,
                count=len(found),
            )
        )
    return found[0]
