"""Bounded memories that turn wire texts into values.

The one trick that makes frames cheap: a dictionary subclass is asked in C (`memo[text]`, `itemgetter`), and
its `__missing__` reads strictly, once for each distinct text. Prices, sizes and times repeat all day.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,8})?", re.ASCII)
_LONGEST_COUNT = 18
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])", re.ASCII)


def read_number(text: str) -> Decimal:
    """Return a price or rate; raises ValueError for anything but digits, sign and point (`nan` included)."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:24]!a} is not a number")
    return Decimal(text)


def read_count(text: str) -> int:
    """Return a number of shares; raises ValueError for anything but digits."""
    if not (text.isdecimal() and text.isascii() and len(text) <= _LONGEST_COUNT):
        raise ValueError(f"{text[:24]!a} is not a number of shares")
    return int(text)


def read_time(text: str) -> int:
    """Return the seconds since midnight of HHMMSS; raises ValueError for anything else."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:24]!a} is not a time of day")
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])


class NumberMemo(dict[str, Decimal]):
    """Remember texts as `Decimal`; forgets everything when `limit` is reached, which costs one slow round."""

    __slots__ = ("limit",)

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit

    def __missing__(self, text: str) -> Decimal:
        value = read_number(text)
        if len(self) >= self.limit:
            self.clear()
        self[text] = value
        return value


class CountMemo(dict[str, int]):
    """Remember texts as numbers of shares, as `NumberMemo` does."""

    __slots__ = ("limit",)

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit

    def __missing__(self, text: str) -> int:
        value = read_count(text)
        if len(self) >= self.limit:
            self.clear()
        self[text] = value
        return value


class TimeMemo(dict[str, int]):
    """Remember HHMMSS as seconds since midnight; a day has 86,400 of them, which bounds it."""

    __slots__ = ()

    def __missing__(self, text: str) -> int:
        value = self[text] = read_time(text)
        return value
