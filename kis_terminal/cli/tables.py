"""Tables of a terminal, in which Hangul takes two columns a letter."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

USUAL_WIDTH, LEAST_ROOM = 100, 40
"""Columns of an output that is no terminal, and of a text however narrow the terminal is."""
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a table; its width is that of its longest text, and never under `least`."""

    title: str
    is_number: bool = False
    """Numbers stand at the right."""
    least: int = 0


def table(headings: Sequence[Heading], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table with its titles; the last column is broken where the terminal ends."""
    widths = [
        max([heading.least, width(heading.title), *(width(row[place]) for row in rows)])
        for place, heading in enumerate(headings)
    ]
    titles = [heading.title for heading in headings]
    return [line for row in (titles, *rows) for line in _lines(headings, widths, row)]


def row_lines(headings: Sequence[Heading], row: Sequence[str]) -> list[str]:
    """Return the lines of one row whose table is not known as a whole; every column has its least width."""
    return _lines(headings, [max(heading.least, width(heading.title)) for heading in headings], row)


def _lines(headings: Sequence[Heading], widths: Sequence[int], row: Sequence[str]) -> list[str]:
    *heads, last = row
    cells = [
        " " * (room - width(text)) + text if heading.is_number else padded(text, room)
        for heading, room, text in zip(headings, widths, heads, strict=False)
    ]
    begin = sum(max(width(cell), room) + len(_GAP) for cell, room in zip(cells, widths, strict=False))
    first, *more = wrapped(last, room_after(begin))
    return [_GAP.join([*cells, first]).rstrip(), *(" " * begin + text for text in more)]


def room_after(begin: int) -> int:
    """Return how many columns a text has that begins in column `begin`."""
    return max(LEAST_ROOM, shutil.get_terminal_size((USUAL_WIDTH, 0)).columns - begin - 1)


def wrapped(text: str, room: int) -> list[str]:
    """Break a text at its spaces into lines of `room` columns; a longer word stands as it is."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Hangul takes two each."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text: str, room: int) -> str:
    """Return a text with spaces up to `room` columns."""
    return text + " " * (room - width(text))
