"""From the text of a strategy to what runs: rules of a `.kis.yaml`, or the class of a Python file."""

from __future__ import annotations

from kis_terminal.adapters.strategy_files.python_files import strategy_class
from kis_terminal.adapters.strategy_files.reader import read_text
from kis_terminal.domain.strategy.contract import Strategy
from kis_terminal.domain.strategy.model import StrategySpec


def load_source(name: str, text: str, kind: str) -> StrategySpec | type[Strategy]:
    """Return what a source says; runs the code of a Python file, and lets through what it raises."""
    return strategy_class(name, text) if kind == "python" else read_text(text, name).sound()
