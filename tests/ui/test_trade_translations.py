from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_UI = _ROOT / "kis_terminal" / "ui"
_SOURCES = [
    *(_UI / "ladder").glob("*.py"),
    *(_UI / "ordering").glob("*.py"),
    _UI / "panels" / "order_book.py",
    _UI / "panels" / "order_entry.py",
    _UI / "dialogs" / "confirmation.py",
]


def _english() -> dict[str, str]:
    table: dict[str, str] = {}
    for path in (_ROOT / "resources" / "translations").glob("en*.json"):
        table |= json.loads(path.read_text(encoding="utf-8"))
    return table


def _texts(path: Path) -> set[str]:
    return {
        node.args[0].value + _context(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "tr"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def _context(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "context" and isinstance(keyword.value, ast.Constant):
            return f"@{keyword.value.value}"
    return ""


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.name)
def test_every_text_of_the_trading_panels_has_its_english(path: Path) -> None:
    english = _english()

    assert sorted(text for text in _texts(path) if text not in english) == []


def test_english_texts_have_the_places_of_the_korean_ones() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    wrong = [korean for korean, english in _english().items() if places(korean) != places(english)]

    assert wrong == []


def test_one_korean_word_has_two_english_ones_by_context() -> None:
    english = _english()

    assert (english["취소"], english["취소@act"]) == ("Cancelled", "Cancel")
