"""Sentences for the user that are made outside the window: Korean texts that can still be said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self


class Sentence(str):
    """A Korean text that remembers its template and values.

    It is the text itself, for logs, comparisons and stores. Whoever shows it gives `said_with` a translator
    of templates; values that are sentences, or errors made of one, are said the same way.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Fill the `{places}` of `template`; without values it is the text as it stands."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template = template
        made.values = values
        return made

    def said_with(self, translated: Callable[[str], str]) -> str:
        """Return the text in the language that `translated` puts a template into."""
        template = translated(self.template)
        if not self.values:
            return template
        return template.format(**{name: _said(value, translated) for name, value in self.values.items()})


def sentence_of(error: BaseException) -> str:
    """Return what an error says, as the Sentence it was made of where it was."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Sentence) else str(error)


def _said(value: object, translated: Callable[[str], str]) -> object:
    if isinstance(value, BaseException):
        value = sentence_of(value)
    return value.said_with(translated) if isinstance(value, Sentence) else value
