"""Read `--bars DIR`: daily bars of real symbols in the forms in which they lie about, oddities included.

Known forms: one CSV per symbol with a header (any case; Date/DAY, Open/CUR_PR, High/HIGH_PR, Low/LOW_PR,
Close/CLO_PR, Volume/ACC_VOL, Change or PR_DIFF), or without one (date, open, high, low, close, volume,
change). Dates as 2024-12-16, 20241216 or 16-Dec-24; a byte order mark, CRLF, decimals and any order of days
are fine. The symbol comes from the file name. What had to be repaired or left out is in
`BarHistory.findings`.
"""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from kis_terminal.adapters.simulator.history.daily_series import ImportedBars

_SYMBOL = re.compile(r"(?<![0-9A-Za-z])(Q\d{6}|[0-9][0-9A-Z]{5})(?![0-9A-Za-z])")
_ROLES = {
    "date": "date",
    "day": "date",
    "일자": "date",
    "날짜": "date",
    "open": "open",
    "cur_pr": "open",
    "시가": "open",
    "high": "high",
    "high_pr": "high",
    "고가": "high",
    "low": "low",
    "low_pr": "low",
    "저가": "low",
    "close": "close",
    "clo_pr": "close",
    "종가": "close",
    "volume": "volume",
    "acc_vol": "volume",
    "거래량": "volume",
    "change": "rate",
    "pr_diff": "difference",
}
_NEEDED = ("date", "open", "high", "low", "close", "volume")
_HEADERLESS = {"date": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "rate": 6}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_READ_FORMS = (".csv", ".txt")
_OTHER_FORMS = (".gz", ".zip", ".xls", ".xlsx", ".json", ".parquet", ".feather", ".pkl")
_FIVE = ("open", "high", "low", "close", "volume")
# Beyond any price or day's volume that KRX has seen; such a number is a broken file.
_HIGHEST_PRICE = 1e9
_LARGEST_VOLUME = 1e12
LIMIT_BEFORE_2015 = 0.155
LIMIT_SINCE_2015 = 0.305
_WIDE_LIMIT_DAY = date(2015, 6, 15)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was repaired (the bars are used) or refused (they are not), how often, an example."""

    file: str
    symbol: str
    kind: str
    count: int
    example: str
    is_refusal: bool = False

    def __str__(self) -> str:
        """Return one line for a report."""
        what = "refused" if self.is_refusal else "repaired"
        return f"{self.file}: {what}: {self.kind} ({self.count}x, e.g. {self.example})"


@dataclass(frozen=True, slots=True)
class BarHistory:
    """Imported bars by symbol, and the report."""

    symbols: dict[str, ImportedBars]
    findings: tuple[Finding, ...]
    sources: dict[str, str]
    """Which file each symbol's bars are from."""


@dataclass(slots=True)
class _Notes:
    """Counts findings of one file."""

    file: str
    symbol: str
    counts: dict[tuple[str, bool], tuple[int, str]] = field(default_factory=dict)

    def add(self, kind: str, example: str, *, refused: bool = False) -> None:
        count, first = self.counts.get((kind, refused), (0, example))
        self.counts[(kind, refused)] = (count + 1, first)

    def findings(self) -> list[Finding]:
        return [
            Finding(self.file, self.symbol, kind, count, example, refused)
            for (kind, refused), (count, example) in self.counts.items()
        ]


@dataclass(slots=True)
class _Row:
    """One day; `rate` and `difference` are its change as the file writes it, blank where it does not."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    rate: str
    difference: str


def load_bars(directory: Path) -> BarHistory:
    """Read every .csv under `directory`; of several files of a symbol the one that reaches farthest is used.

    Raises FileNotFoundError when there is no such directory. Bad files and rows are findings, never errors.
    """
    if not directory.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, f"--bars {directory}: 그런 폴더가 없습니다. / There is no such directory of bars."
        )
    findings: list[Finding] = []
    symbols: dict[str, ImportedBars] = {}
    sources: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        suffix = path.suffix.lower()
        name = path.relative_to(directory).as_posix()
        if suffix in _OTHER_FORMS and path.is_file():
            findings.append(Finding(name, "", "no plain .csv file of one symbol", 1, suffix, True))
        if suffix not in _READ_FORMS or path.is_dir():
            continue
        bars = _load_file(path, name, findings)
        if bars is None:
            continue
        rival = symbols.get(bars.symbol)
        if rival is None or (bars.ordinals[-1], len(bars.ordinals)) > (
            rival.ordinals[-1],
            len(rival.ordinals),
        ):
            symbols[bars.symbol] = bars
            loser, sources[bars.symbol] = sources.get(bars.symbol), name
        else:
            loser = name
        if loser is not None:
            kept = sources[bars.symbol]
            findings.append(
                Finding(loser, bars.symbol, f"another file reaches farther: {kept}", 1, loser, True)
            )
    return BarHistory(symbols, tuple(findings), sources)


def parse_bars(
    symbol: str, lines: Iterable[str], file: str = ""
) -> tuple[ImportedBars | None, list[Finding]]:
    """Read the lines of one symbol's file; None when it has no usable row."""
    notes = _Notes(file or symbol, symbol)
    rows: dict[date, _Row] = {}
    columns: dict[str, int] | None = None
    places: list[int] = []
    newest_first = False
    before: date | None = None
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if cells == [""]:
            continue
        if columns is None:
            columns = _columns(cells)
            missing = [role for role in _NEEDED if role not in columns]
            if missing:
                notes.add(f"no column for {', '.join(missing)}", line.strip()[:60], refused=True)
                return None, notes.findings()
            places = [columns[role] for role in _FIVE]
            if _parse_date(_cell(cells, columns, "date")) is None:
                continue
        row = _parse_row(cells, columns, places, notes, number)
        if row is None:
            continue
        if before is not None and row.day < before:
            newest_first = True
        before = row.day
        if row.day in rows:
            notes.add("same day twice, the later line is used", str(row.day))
        rows[row.day] = row
    if newest_first:
        notes.add("days not in ascending order, sorted", str(before))
    ordered = [rows[day] for day in sorted(rows)]
    if not ordered:
        notes.add("no usable row", file or symbol, refused=True)
        return None, notes.findings()
    return _assemble(symbol, ordered, notes), notes.findings()


def _load_file(path: Path, name: str, findings: list[Finding]) -> ImportedBars | None:
    match = _SYMBOL.search(path.stem)
    if match is None:
        findings.append(Finding(name, "", "no symbol in the file name", 1, path.name, True))
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp949", errors="replace")
    except OSError as error:
        findings.append(Finding(name, match[1], "cannot be read", 1, error.strerror or "", True))
        return None
    bars, found = parse_bars(match[1], text.splitlines(), name)
    findings.extend(found)
    return bars


def _columns(cells: list[str]) -> dict[str, int]:
    if _parse_date(cells[0].strip()) is not None:
        return {role: place for role, place in _HEADERLESS.items() if place < len(cells)}
    columns: dict[str, int] = {}
    for place, cell in enumerate(cells):
        role = _ROLES.get(cell.strip().lower())
        if role is not None:
            columns.setdefault(role, place)
    return columns


def _parse_date(text: str) -> date | None:
    try:
        if len(text) == 8 and text.isdigit():
            return date.fromisoformat(text)
        if len(text) >= 10 and text[4] in "-/.":
            return date(int(text[:4]), int(text[5:7]), int(text[8:10]))
        parts = text.split("-")
        if len(parts) == 3 and parts[1].lower() in _MONTHS:
            year = int(parts[2])
            if year < 100:
                year += 2000 if year < 70 else 1900
            return date(year, _MONTHS[parts[1].lower()], int(parts[0]))
    except ValueError:
        return None
    return None


def _cells(line: str) -> list[str]:
    """Split a line; a quoted cell may hold a comma, as "1,234" does."""
    line = line.lstrip("\ufeff").strip()
    if '"' in line:
        line = re.sub('"([^"]*)"', lambda quoted: quoted[1].replace(",", ""), line)
    return line.split(",")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _parse_row(
    cells: list[str], columns: dict[str, int], places: list[int], notes: _Notes, number: int
) -> _Row | None:
    """Read one line; `places` are the columns of open, high, low, close, volume. Runs for every line."""
    text = _cell(cells, columns, "date")
    day = _parse_date(text)
    if day is None:
        notes.add("date not understood", f"line {number}: {text[:20]!r}", refused=True)
        return None
    try:
        first, high, low, close, volume = [int(float(cells[place]) + 0.5) for place in places]
    except (ValueError, OverflowError, IndexError):  # OverflowError: infinity
        notes.add("price or volume not a number", f"{day}", refused=True)
        return None
    if min(first, high, low, close, volume) < 0:
        notes.add("price or volume not a number", f"{day}", refused=True)
        return None
    if max(first, high, low, close) > _HIGHEST_PRICE or volume > _LARGEST_VOLUME:
        notes.add("price or volume beyond anything traded", f"{day}", refused=True)
        return None
    if close == 0:
        if first == high == low == volume == 0:
            notes.add("closed day as a row of zeros, left out", f"{day}")
        else:
            notes.add("close of zero", f"{day}", refused=True)
        return None
    if not (volume and 0 < low <= first <= high and low <= close <= high):
        first, high, low, volume = _repair(day, first, high, low, close, volume, notes)
    rate, difference = _cell(cells, columns, "rate"), _cell(cells, columns, "difference")
    return _Row(day, first, high, low, close, volume, rate, difference)


def _cell(cells: list[str], columns: dict[str, int], role: str) -> str:
    place = columns.get(role)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _repair(
    day: date, first: int, high: int, low: int, close: int, volume: int, notes: _Notes
) -> tuple[int, int, int, int]:
    """Return open, high, low, volume such that no price is 0 and the range holds open and close."""
    if first == high == low == 0:
        if volume:
            notes.add("off-hours block trades only (prices 0), taken as a halt", f"{day}")
        else:
            notes.add("halt with prices of 0, the close is carried", f"{day}")
        return close, close, close, 0
    if 0 in (first, high, low):
        notes.add("a price of 0 beside others, taken from the rest of the day", f"{day}")
        first = first or close
        high = high or max(first, close)
        low = low or min(first, close)
    if high < max(first, close) or low > min(first, close):
        notes.add("high or low inside open and close, widened", f"{day}")
        high, low = max(high, first, close), min(low, first, close)
    if volume == 0 and not first == high == low == close:
        notes.add("prices move without volume, kept", f"{day}")
    return first, high, low, volume


def _references(close: int, rate: str, difference: str) -> tuple[float, ...]:
    """Return the base prices that the file's change may mean, the likelier first.

    Differences in won are unsigned on some days of real files, so both signs are candidates.
    """
    won = _number(difference) if difference else None
    if won is not None:
        return (close - won, close + won)
    part = _number(rate) if rate else None
    return () if part is None or part <= -1.0 else (close / (1.0 + part),)


def _base_after_change(row: _Row, before: int) -> int | None:
    """Return the base price of the first day after a split or the like, None when the jump is none.

    The file's own change decides; without one only a factor of two or more is believed, and the open is the
    base.
    """
    candidates = [price for price in _references(row.close, row.rate, row.difference) if price > 0]
    if not candidates:
        return row.open if not 0.5 < row.open / before < 2.0 else None
    reference = min(candidates, key=lambda price: not _is_whole_ratio(before / price))
    return round(reference) if abs(reference / before - 1.0) > 0.02 else None


def _is_whole_ratio(ratio: float) -> bool:
    """Say whether one share became a whole number of shares, or the other way round."""
    larger = max(ratio, 1.0 / ratio)
    return larger > 1.5 and abs(larger - round(larger)) < 0.001 * larger


def _assemble(symbol: str, rows: list[_Row], notes: _Notes) -> ImportedBars:
    """Build arrays and find capital changes: days whose base price is far from the close before."""
    count = len(rows)
    base = np.empty(count, dtype=np.int64)
    split = np.ones(count)
    base[0] = rows[0].open
    for index in range(1, count):
        row, before = rows[index], rows[index - 1].close
        limit = LIMIT_SINCE_2015 if row.day >= _WIDE_LIMIT_DAY else LIMIT_BEFORE_2015
        base[index] = before
        if abs(row.close / before - 1.0) <= limit:
            continue
        reference = _base_after_change(row, before)
        if reference is None:
            notes.add("jump beyond the daily limit, kept", f"{row.day}: {before:,} to {row.close:,}")
            continue
        base[index] = reference
        split[index] = reference / before
        notes.add(
            "capital change: adjusted prices scale what lies before",
            f"{row.day}: {before:,} to {reference:,}",
        )
    values = [[row.open, row.high, row.low, row.close, row.volume] for row in rows]
    return ImportedBars(
        symbol=symbol,
        ordinals=np.array([row.day.toordinal() for row in rows], dtype=np.int64),
        ohlcv=np.array(values, dtype=np.int64),
        base=base,
        split_factor=split,
    )
