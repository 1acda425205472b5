"""The page on strategy files says what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from kis_terminal.adapters.strategy_files.reader import read_text
from kis_terminal.domain.strategy.operator_words import OPERATOR_WORDS
from kis_terminal.domain.strategy.problems import Severity
from tests.support.source_tree import modules

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "strategies.md").read_text(encoding="utf-8")
_REPORTS = {"error", "warning", "note", "_refuse"}


def codes() -> set[str]:
    """Return every code that the reader can give."""
    found = set()
    for name, module in modules().items():
        if not name.startswith(("domain.strategy", "adapters.strategy_files")):
            continue
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") in _REPORTS
                and len(node.args) > 2
            ):
                code = node.args[1]
                # A code that is passed on is a constant where it came from.
                found |= {str(code.value)} if isinstance(code, ast.Constant) else set()
    return found


def test_every_code_is_on_the_page_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z0-9 -]+)` \| (?:error|warning|note)", PAGE, re.MULTILINE)

    assert {code for row in rows for code in row.split()} == codes()


def test_the_example_is_sound() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None

    document = read_text(example[1])

    assert [problem.code for problem in document.problems if problem.severity is not Severity.NOTE] == []
    assert document.spec is not None


def test_every_operator_word_is_on_the_page() -> None:
    table = PAGE[PAGE.index("**Operators.**") : PAGE.index("`between` is refused")]

    assert [
        word for word in OPERATOR_WORDS if not re.search(rf"(?<![\w=<>!]){re.escape(word)}(?![\w=])", table)
    ] == []
