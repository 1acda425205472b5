"""Rows of text to columns of numbers: which column is what, whatever its header calls it, or without one.

Forms met: headers of FinanceDataReader, of KIS and Naver exports, of marcap; any case; Korean names; no
header (date, open, high, low, close, volume, change); dates as 2024-12-16, 20241216, 2024/12/16, 16-Dec-24,
each with a time behind it or not; thousands separators; a byte order mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_import.report import FindingKind, Notes, line_text
from kis_terminal.domain.wall_time import wall_seconds

_HEADERLESS = ("date", "open", "high", "low", "close", "volume", "rate")
PRICES = ("open", "high", "low", "close")
_NEEDED = ("date", *PRICES, "volume")
_MONTHS = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
        )
    }
)
_PLAIN_DATE = re.compile(
    r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:\.0*)?)?"
)
_NAMED_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{2}|\d{4})")
_CENTURY_TURNS = 70
_UNREADABLE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows of one symbol as the file has them: `(n,)` each, in the file's order, NaN where there is nothing.

    `times` are wall seconds; `rate` is the day's change as a fraction, `difference` the same in won.
    """

    times: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    rate: NDArray[np.float64]
    difference: NDArray[np.float64]
    lines: NDArray[np.int64]

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> RawRows:
        """Return some rows, in the order asked for."""
        return RawRows(
            self.times[chosen],
            self.open[chosen],
            self.high[chosen],
            self.low[chosen],
            self.close[chosen],
            self.volume[chosen],
            self.rate[chosen],
            self.difference[chosen],
            self.lines[chosen],
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each role's column is, and whether the first row is its header."""

    places: dict[str, int]
    has_header: bool
    is_close_only: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the needed roles without a column."""
        return tuple(role for role in _NEEDED if role not in self.places)


def layout_of(first: Sequence[str], role_of: Mapping[str, str]) -> Layout:
    """Tell what the columns are from the first row; `role_of` knows the headers' names in lower case."""
    if first and read_time(first[0]) is not None:
        return Layout(dict(zip(_HEADERLESS, range(len(first)), strict=False)), has_header=False)
    places: dict[str, int] = {}
    for place, cell in enumerate(first):
        role = role_of.get(cell.strip().strip("\ufeff").lower())
        if role is not None:
            places.setdefault(role, place)
    is_close_only = "close" in places and not any(
        role in places for role in ("open", "high", "low", "volume")
    )
    return Layout(places, has_header=True, is_close_only=is_close_only)


def read_rows(
    columns: Mapping[str, Sequence[str]], lines: NDArray[np.int64], *, is_close_only: bool = False
) -> RawRows:
    """Convert the texts of each role's column; `sound_rows` tells what could not be read."""
    nothing = np.full(len(lines), np.nan)
    close = numbers(columns["close"])
    if is_close_only:
        opening = high = low = close
        volume = np.zeros(len(lines))
    else:
        opening, high, low = (numbers(columns[role]) for role in ("open", "high", "low"))
        volume = numbers(columns["volume"])
    return RawRows(
        _times(columns["date"]),
        opening,
        high,
        low,
        close,
        volume,
        numbers(columns["rate"]) if "rate" in columns else nothing,
        numbers(columns["difference"]) if "difference" in columns else nothing,
        lines,
    )


def sound_rows(rows: RawRows, notes: Notes) -> RawRows:
    """Leave out the rows whose date or numbers cannot be read, and note their lines."""
    is_dated = rows.times != _UNREADABLE
    five = np.stack((rows.open, rows.high, rows.low, rows.close, rows.volume))
    # NaN compares as False, so that what could not be read falls out here.
    is_sound = np.all((five >= 0) & (five < 1e15), axis=0)
    for kind, wrong in (
        (FindingKind.DATE_UNREADABLE, ~is_dated),
        (FindingKind.NUMBER_UNREADABLE, is_dated & ~is_sound),
    ):
        if bool(wrong.any()):
            notes.add_all(kind, (line_text(int(line)) for line in rows.lines[wrong]), int(wrong.sum()))
    return rows.take(is_dated & is_sound)


def read_time(text: str) -> int | None:
    """Return the wall seconds of a date, with or without a time; None for anything else."""
    text = text.strip().strip("\ufeff").strip('"')
    plain = _PLAIN_DATE.fullmatch(text)
    named = _NAMED_MONTH.fullmatch(text) if plain is None else None
    try:
        if plain is not None:
            year, month, day, hour, minute, second = (int(part or 0) for part in plain.groups())
        elif named is not None:
            day, year = int(named[1]), int(named[3])
            month, hour, minute, second = _MONTHS.get(named[2].lower(), 0), 0, 0, 0
            if year < 100:
                year += 2000 if year < _CENTURY_TURNS else 1900
        else:
            return None
        # A naive reading of the wall clock is what bar times are.
        return wall_seconds(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001
    except ValueError:
        return None


def numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return numbers of texts, NaN for those that are none; `1,234` is a number."""
    try:
        return np.array(texts, dtype=np.float64)
    except ValueError:
        return np.array([_number(text) for text in texts], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "")) if text.strip() else float("nan")
    except ValueError:
        return float("nan")


def _times(texts: Sequence[str]) -> NDArray[np.int64]:
    # A market-wide file has a few dozen days on hundreds of thousands of rows.
    known: dict[str, int] = {}
    times = np.empty(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        value = known.get(text)
        if value is None:
            found = read_time(text)
            value = known[text] = _UNREADABLE if found is None else found
        times[place] = value
    return times


def columns_of(rows: Sequence[Sequence[str]], layout: Layout) -> dict[str, Sequence[str]]:
    """Return the texts of each role; a row that is too short has empty cells."""
    width = max(layout.places.values(), default=0) + 1
    whole = [row if len(row) >= width else [*row, *[""] * (width - len(row))] for row in rows]
    return {role: [row[place] for row in whole] for role, place in layout.places.items()}
