"""Typed access to the keys of a table, with a finding for everything that does not fit."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.tree import Entry, Leaf, Listing, Node, Scalar, Table, is_null

_MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Fields:
    """One table of the file; `place` names it for people: `strategy.entry`.

    A key that is absent or null reads as None. A value of a wrong kind is reported and reads as None too.
    """

    table: Table
    place: str
    findings: Findings

    def line(self, key: str) -> int:
        """Return the line of a key, the table's own where it is absent."""
        entry = self.table.entry(key)
        return entry.line if entry else self.table.line

    def has(self, key: str) -> bool:
        """Tell whether a key is there, with a value or without."""
        return self.table.entry(key) is not None

    def node(self, key: str) -> Node | None:
        """Return the value of a key, None when absent or null."""
        entry = self.table.entry(key)
        return None if entry is None or is_null(entry.node) else entry.node

    def scalar(self, key: str) -> Scalar:
        """Return a single value as it is."""
        node = self.node(key)
        if node is None or isinstance(node, Leaf):
            return node.value if node else None
        self._wrong(key, Sentence("값 하나"))
        return None

    def text(self, key: str) -> str | None:
        """Return a text; a number that should have been quoted is taken with a warning."""
        value = self.scalar(key)
        if value is None or isinstance(value, str):
            return value
        self.findings.warning(
            self.line(key),
            "unquoted-text",
            Sentence(
                "{place}.{key}: {value}은(는) 따옴표가 없어 문자열이 아닙니다. 문자열로 읽었지만 KIS "
                "백테스터는 "
                "거부합니다. 따옴표로 묶으십시오.",
                place=self.place,
                key=key,
                value=value,
            ),
        )
        return str(value)

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self.scalar(key)
        if value is None:
            return None
        if isinstance(value, (bool, str)) or not math.isfinite(value):
            self._wrong(key, Sentence("숫자 값"))
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        """Return true or false."""
        value = self.scalar(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, Sentence("true 또는 false"))
        return None

    def fields(self, key: str) -> Fields | None:
        """Return the table under a key."""
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node, Table):
            return Fields(node, f"{self.place}.{key}" if self.place else key, self.findings)
        self._wrong(key, Sentence("키와 값의 묶음"))
        return None

    def listing(self, key: str) -> tuple[Node, ...]:
        """Return the items of a list, none when absent or null."""
        node = self.node(key)
        if node is None:
            return ()
        if isinstance(node, Listing):
            return node.nodes
        self._wrong(key, Sentence("값의 목록"))
        return ()

    def tables(self, key: str) -> tuple[Fields, ...]:
        """Return the items of a list of tables."""
        found = []
        for position, node in enumerate(self.listing(key)):
            place = f"{self._path(key)}[{position}]"
            if isinstance(node, Table):
                found.append(Fields(node, place, self.findings))
            else:
                self.findings.error(
                    node.line,
                    "wrong-kind",
                    Sentence("{place}에는 키와 값의 묶음이 와야 합니다.", place=place),
                )
        return tuple(found)

    def warn_of_unknown(self, known: Collection[str]) -> None:
        """Report keys that the format does not have; they are kept in the file and mean nothing."""
        for entry in self.table.entries:
            if entry.key not in known:
                self._unknown(entry, known)

    def _unknown(self, entry: Entry, known: Collection[str]) -> None:
        if entry.key == "not":
            sentence = Sentence(
                "{place}: 형식에 부정(not)은 없습니다. 이 키는 무시되고 조건은 그대로 적용됩니다. 반대 "
                "연산자를 "
                "쓰십시오.",
                place=self.place,
            )
        else:
            sentence = Sentence(
                "{place}: 알 수 없는 키 '{key}'은(는) 무시됩니다(파일에는 남겨 둡니다). 가까운 이름: {near}.",
                place=self.place or "-",
                key=entry.key,
                near=near(entry.key, known),
            )
        self.findings.warning(entry.line, "unknown-key", sentence)

    def _wrong(self, key: str, wanted: Sentence) -> None:
        self.findings.error(
            self.line(key),
            "wrong-kind",
            Sentence("{place}에는 {wanted}이(가) 와야 합니다.", place=self._path(key), wanted=wanted),
        )

    def _path(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key


def near(word: str, names: Iterable[str]) -> str:
    """Return names that look like `word`, `-` where none does."""
    return ", ".join(get_close_matches(word.lower(), list(names), 3, 0.5)) or "-"


def nearest_first(word: str, names: Iterable[str]) -> str:
    """Return names to choose from, those that look like `word` first; after a dozen an ellipsis."""
    every = list(dict.fromkeys(names))
    close = get_close_matches(word.lower(), every, 3, 0.5)
    ordered = [*close, *(name for name in every if name not in close)]
    return ", ".join([*ordered[:_MOST_NAMES], *(["…"] if len(ordered) > _MOST_NAMES else [])])
