"""Raw rows of one symbol to its series: raw, adjusted or both, by the evidence in the rows.

Rules, told to the user as findings:

- A price off the tick table of its day makes all of them adjusted ones: the adjusted series only.
- Prices that say nothing (all of ticks of one won) are adjusted ones too, unless the file holds a split or
  the other symbols of the same file (a whole market) are raw without exception.
- Any other file on ticks gives the raw series. Where it has no new base price, it is the adjusted series as
  well, as of its last day.
- A new base price that the file itself gives exactly scales all that lies before it for the adjusted series
  (prices by the factor, volumes against it).
- A split whose base price is not known exactly cuts the adjusted series: what lies before is left out. A
  ratio is never guessed, since KRX rounds base prices to ticks.
- A day whose close is not the one that the next day's change counts from was saved too early: left out.
- Off-tick prices with such a jump inside are of two scales: no raw series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey, Span
from kis_terminal.domain.bar_import.capital_changes import CapitalChange, Evidence, examine
from kis_terminal.domain.bar_import.cleaning import DAY, CleanRows, clean, day_texts
from kis_terminal.domain.bar_import.report import FindingKind, ImportedSeries, Notes
from kis_terminal.domain.bar_import.table import RawRows
from kis_terminal.domain.bar_import.tick_evidence import tick_evidence
from kis_terminal.domain.market import Interval
from kis_terminal.domain.spans import joined

_LONGEST_CLOSURE = 12
"""Days from one row to the next that holidays alone explain (the turn of 1980: twelve)."""
_FEWEST_WITNESSES = 2
_FEWEST_RAW = 20
"""Symbols with raw prices, and none with others, that make a file one of raw prices."""
_ROUNDING = 1.0
"""Won by which prices that two programs adjusted may differ."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which series the rows are said to be of."""

    symbol: str
    product: Product = Product.STOCK
    exchange: str = ""
    is_fund: bool = False
    """Whether it is known as an ETF or ETN, whose ticks are others than those of shares."""


@dataclass(frozen=True, slots=True)
class CleanedSymbol:
    """One symbol of one file, cleaned, before its holes are known."""

    subject: Subject
    clean: CleanRows
    interval: Interval
    notes: Notes


def cleaned(
    subject: Subject, raw: RawRows, notes: Notes, *, is_close_only: bool = False
) -> CleanedSymbol | None:
    """Clean the rows of one symbol; None, and a finding, when none is left."""
    made = clean(raw, notes, is_close_only=is_close_only)
    if not len(made.rows.times):
        notes.add(FindingKind.NO_ROWS, "")
        return None
    return CleanedSymbol(subject, made, _interval_of(made.rows.times), notes)


def market_days(symbols: Sequence[CleanedSymbol]) -> NDArray[np.int64]:
    """Return the days on which at least two symbols have a row: days on which the market was open."""
    days = [np.unique(one.clean.rows.times // DAY * DAY) for one in symbols]
    if len(days) < _FEWEST_WITNESSES:
        return np.empty(0, dtype=np.int64)
    found, witnesses = np.unique(np.concatenate(days), return_counts=True)
    return found[witnesses >= _FEWEST_WITNESSES]


def raw_files(symbols: Sequence[CleanedSymbol]) -> frozenset[str]:
    """Return the names of files of many symbols, all of whose prices are raw where they say anything."""
    raw, other = Counter[str](), set[str]()
    for one in symbols:
        if one.subject.product is Product.STOCK and one.interval is Interval.DAY:
            ticks = tick_evidence(one.clean, is_fund=one.subject.is_fund)
            if ticks.is_off:
                other.add(one.notes.file)
            elif ticks.is_known:
                raw[one.notes.file] += 1
    return frozenset(file for file, count in raw.items() if count >= _FEWEST_RAW and file not in other)


def series_of(
    one: CleanedSymbol, open_days: NDArray[np.int64], *, is_of_raw_file: bool = False
) -> dict[SeriesKey, ImportedSeries]:
    """Return the raw and the adjusted series of one symbol as far as the evidence goes."""
    subject, rows, notes = one.subject, one.clean.rows, one.notes
    is_stock = subject.product is Product.STOCK
    is_daily_stock = is_stock and one.interval is Interval.DAY
    evidence = examine(one.clean, has_limits=is_daily_stock, is_fund=subject.is_fund)
    ticks = evidence.ticks
    is_raw = not ticks.is_off and (ticks.is_known or bool(evidence.changes) or is_of_raw_file)
    is_sound = np.ones(len(rows.times), dtype=bool)
    is_sound[list(evidence.stale)] = False
    spans = _covered(one, open_days, rows.times[~is_sound])
    columns = np.ascontiguousarray(np.stack((rows.open, rows.high, rows.low, rows.close, rows.volume)))
    _tell(one, evidence, is_raw=is_raw)
    found: dict[SeriesKey, ImportedSeries] = {}

    def put(first_row: int, values: NDArray[np.float64], *, is_adjusted: bool) -> None:
        chosen = is_sound & (np.arange(len(is_sound)) >= first_row)
        if not chosen.any():
            return
        times, values = rows.times[chosen], np.ascontiguousarray(values[:, chosen])
        key = SeriesKey(subject.product, subject.symbol, one.interval, is_adjusted, subject.exchange)
        first = int(times[0]) // DAY * DAY
        kept = tuple(Span(max(span.start, first), span.end) for span in spans if span.end > first)
        found[key] = ImportedSeries(BarColumns(key, times, values), kept, notes.file)

    if is_stock and (is_raw or not is_daily_stock):
        put(0, columns, is_adjusted=False)
    put(*_adjusted(columns, evidence.changes), is_adjusted=True)
    return found


def united(older: ImportedSeries, newer: ImportedSeries) -> ImportedSeries | None:
    """Return two files of one series as one; None where they are of different scales, or may be.

    Raw prices of different days belong together; adjusted ones only where common days prove it, since each
    file is adjusted as of its own last day.
    """
    first, second = older.bars, newer.bars
    _, ours, theirs = np.intersect1d(first.times, second.times, assume_unique=True, return_indices=True)
    rounding = _ROUNDING if first.key.is_adjusted else 0.0
    if bool(np.any(np.abs(first.close[ours] - second.close[theirs]) > rounding)):
        return None
    if not len(ours) and first.key.is_adjusted and first.key.product is Product.STOCK:
        return None
    is_own = np.ones(len(first.times), dtype=bool)
    is_own[ours] = False
    times = np.concatenate((first.times[is_own], second.times))
    order = np.argsort(times)
    columns = np.concatenate((first.columns[:, is_own], second.columns), axis=1)[:, order]
    bars = BarColumns(first.key, times[order], np.ascontiguousarray(columns))
    return ImportedSeries(bars, tuple(joined([*older.covered, *newer.covered])), newer.file)


def _adjusted(
    columns: NDArray[np.float64], changes: Sequence[CapitalChange]
) -> tuple[int, NDArray[np.float64]]:
    """Scale what lies before each change; return the first row to use, after any unknown factor, and all."""
    first = max((change.place for change in changes if change.factor is None), default=0)
    scale = np.ones(columns.shape[1])
    for change in changes:
        if change.factor is not None:
            scale[: change.place] *= change.factor
    values = columns.copy()
    values[:4] *= scale
    values[4] /= scale
    is_scaled = scale != 1.0
    values[:, is_scaled] = np.round(values[:, is_scaled], 6)
    return first, values


def _tell(one: CleanedSymbol, evidence: Evidence, *, is_raw: bool) -> None:
    rows, notes = one.clean.rows, one.notes

    def day(place: int) -> str:
        return next(iter(day_texts(rows.times[place : place + 1])))

    stale = rows.times[list(evidence.stale)]
    notes.add_all(FindingKind.STALE_CLOSE, day_texts(stale), len(stale))
    for place in evidence.unexplained:
        jump = f"{rows.close[place - 1]:,.10g} → {rows.close[place]:,.10g}"
        notes.add(FindingKind.JUMP_KEPT, f"{day(place)} {jump}")
    for change in evidence.changes:
        jump = f"{change.before:,.10g} → {change.after:,.10g}"
        if change.factor is None:
            left_out = f"{day(change.place)} {jump} ({day(0)} ~ {day(change.place - 1)})"
            notes.add(FindingKind.SPLIT_UNKNOWN, left_out)
        else:
            notes.add(FindingKind.SPLIT_SCALED, f"{day(change.place)} {jump} ×{change.factor:.6g}")
    if one.subject.product is not Product.STOCK or one.interval is not Interval.DAY:
        return
    if is_raw:
        kind = FindingKind.RAW_BY_EVIDENCE if evidence.changes else FindingKind.SAME_RAW_AND_ADJUSTED
        notes.add(kind, "")
    elif not evidence.ticks.is_off:
        notes.add(FindingKind.RAW_UNKNOWN, "")
    elif evidence.changes:
        notes.add(FindingKind.MIXED_PRICES, day(evidence.changes[-1].place))
    else:
        off = evidence.ticks.off_rows
        notes.add_all(FindingKind.ADJUSTED_BY_EVIDENCE, (day(place) for place in off), len(off))


def _interval_of(times: NDArray[np.int64]) -> Interval:
    """Tell days from minutes, and minutes from longer ones by their shortest step."""
    if not bool(np.any(times % DAY)):
        steps = np.diff(times)
        if len(steps) >= 4 and int(steps.min()) >= 27 * DAY:
            return Interval.MONTH
        return Interval.WEEK if len(steps) >= 4 and int(steps.min()) >= 6 * DAY else Interval.DAY
    steps = np.diff(times)
    shortest = int(steps.min()) // 60 if len(steps) else 1
    lengths = {interval.minutes: interval for interval in Interval if interval.minutes is not None}
    return lengths.get(shortest, Interval.MINUTE_1)


def _covered(one: CleanedSymbol, open_days: NDArray[np.int64], stale: NDArray[np.int64]) -> tuple[Span, ...]:
    """Return the spans that the rows answer for; what is missing is told and not covered."""
    rows, made = one.clean.rows, one.clean
    days = np.unique(rows.times // DAY * DAY)
    first, last = int(days[0]), int(days[-1])
    if one.interval in (Interval.WEEK, Interval.MONTH):
        return (Span(first, last + DAY),)
    missing: set[int] = set((np.concatenate((made.left_out, stale)) // DAY * DAY).tolist())
    known = np.union1d(days, made.closed)
    if len(open_days):
        within = open_days[(open_days > first) & (open_days < last)]
        lost = np.setdiff1d(within, known)
        missing |= set(lost.tolist())
        one.notes.add_all(FindingKind.HOLES, day_texts(lost), len(lost))
    gaps = np.flatnonzero(np.diff(known) > _LONGEST_CLOSURE * DAY)
    for place in gaps.tolist():
        begin, end = int(known[place]) + DAY, int(known[place + 1])
        missing |= set(range(begin, end, DAY))
        if not len(open_days):
            texts = list(day_texts(np.array([begin, end - DAY], dtype=np.int64)))
            one.notes.add(FindingKind.HOLES, " ~ ".join(texts))
    spans: list[Span] = []
    start = first
    for day in sorted(time for time in missing if first <= time <= last):
        if day > start:
            spans.append(Span(start, day))
        start = day + DAY
    if start <= last:
        spans.append(Span(start, last + DAY))
    return tuple(spans)
