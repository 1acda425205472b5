"""A file as a tree of values that know their line: what a strategy is read from, whatever parsed the text."""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value; a date has become its ISO text."""

    line: int
    value: Scalar


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    line: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value; `line` is the key's."""

    line: int
    key: str
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A map, its keys in the order of the file and each once."""

    line: int
    entries: tuple[Entry, ...]

    def entry(self, key: str) -> Entry | None:
        """Return the entry of a key, None without one."""
        return next((entry for entry in self.entries if entry.key == key), None)


Node = Leaf | Listing | Table


def is_null(node: Node) -> bool:
    """Tell whether a key has no value (`key:` or `key: null`)."""
    return isinstance(node, Leaf) and node.value is None
