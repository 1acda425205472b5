"""Find the Korean texts of the program's own source: what goes through `tr`, `Sentence`, or neither."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.support.source_tree import Module

_KOREAN = re.compile("[ㄱ-ㅎ가-힣]")


class Text(NamedTuple):
    """A text of the source and where it stands."""

    text: str
    place: str


def is_korean(text: str) -> bool:
    """Tell whether a text holds Korean letters."""
    return _KOREAN.search(text) is not None


@cache
def texts_given_to(module: Module, function: str) -> list[Text]:
    """Return the literal first argument of each call of `function`, with `@context` where it has one."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not node.args or _name(node.func) != function:
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.append(Text(first.value + _context(node), module.at(node.lineno)))
    return found


@cache
def korean_texts(module: Module) -> list[Text]:
    """Return every Korean text that is no docstring; parts of an f-string are marked by a leading `f:`."""
    docstrings = {id(node) for node in _docstrings(module.tree)}
    parts = {
        id(part) for node in ast.walk(module.tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        if is_korean(node.value):
            mark = "f:" if id(node) in parts else ""
            found.append(Text(mark + node.value, module.at(node.lineno)))
    return found


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    yield statement.value


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _context(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "context" and isinstance(keyword.value, ast.Constant):
            return f"@{keyword.value.value}"
    return ""
