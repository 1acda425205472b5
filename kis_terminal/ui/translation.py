"""What the user reads: Korean in the source, English from one table."""

from __future__ import annotations

import json
from functools import cache

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.resource_files import resource_path

_language = ["ko"]


def set_language(language: str) -> None:
    """Choose `ko` or `en`; called once by `app.py` before widgets are built."""
    _language[0] = language


def language() -> str:
    """Return the language in force."""
    return _language[0]


def unmarked(text: str) -> str:
    """Return `text` for a button or menu, where a single & would underline the next letter."""
    return text.replace("&", "&&")


@cache
def _english() -> dict[str, str]:
    loaded: dict[str, str] = json.loads(resource_path("translations/en.json").read_text(encoding="utf-8"))
    return loaded


def _in_english(korean: str) -> str:
    return _english().get(korean, korean)


def tr(korean: str, context: str = "", **values: object) -> str:
    """Return the text in the user's language, with `{name}` places filled.

    `context` tells apart what Korean says with one word and English with two (취소: cancelled, to cancel);
    the English table then has it as `취소@context`. Values that are sentences or errors are said likewise.
    """
    if _language[0] == "ko":
        return korean.format(**values) if values else korean
    english = _english()
    text = english.get(f"{korean}@{context}", english.get(korean, korean))
    if not values:
        return text
    return text.format(
        **{
            name: said(value) if isinstance(value, (Sentence, BaseException)) else value
            for name, value in values.items()
        }
    )


def said_in_log(value: object) -> object:
    """Return a value of a log record: sentences and expected errors in the user's language."""
    return said(value) if isinstance(value, (Sentence, TerminalError)) else value


def said(what: str | BaseException) -> str:
    """Return a sentence, or what an error says, in the user's language; a text of others as it stands."""
    text = sentence_of(what) if isinstance(what, BaseException) else what
    if _language[0] != "ko" and isinstance(text, Sentence):
        return text.said_with(_in_english)
    return text
