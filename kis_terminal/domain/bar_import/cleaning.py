"""Make bars of raw rows: order, duplicates, closed days, halts, ranges. Never a price of zero.

Rules, in this order:

1. Rows are sorted by time. Repeated times with equal values are one row; with different values the day is
   left out, since nobody knows which is right.
2. A row of zeros only is a closed day: no bar, but the day is known to be without trading.
3. Open, high and low of zero beside a close are a halt (block trades off hours may give it a volume): the bar
   is flat at the close without volume, which `BarColumns.has_traded` knows as not tradable. A flat row
   without volume is one already. Any other price of zero makes the row unusable.
4. High and low are widened to hold open and close (providers round them apart).
5. Volume zero with moving prices is a provider's loss: kept, and tradable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_import.report import FindingKind, Notes, line_text
from kis_terminal.domain.bar_import.table import RawRows

DAY = 86_400


@dataclass(frozen=True, slots=True)
class CleanRows:
    """Rows that can be bars, oldest first, and what else the file says."""

    rows: RawRows
    is_traded: NDArray[np.bool_]
    """`(n,)`: whether an order could be filled on the row; halts could not."""
    closed: NDArray[np.int64]
    """Days without trading, wall seconds."""
    left_out: NDArray[np.int64]
    """Times of rows that could not be used."""


def clean(raw: RawRows, notes: Notes, *, is_close_only: bool = False) -> CleanRows:
    """Apply the rules above; closes alone, without volumes, are no halts."""
    rows, left_out = _one_a_time(raw, notes)
    prices = np.stack((rows.open, rows.high, rows.low, rows.close))
    has_no_range = np.all(prices[:3] == 0, axis=0)
    is_closed = has_no_range & (rows.close == 0) & (rows.volume == 0)
    is_halt = has_no_range & (rows.close > 0)
    is_broken = np.any(prices == 0, axis=0) & ~is_closed & ~is_halt
    is_block = is_halt & (rows.volume > 0)
    _note(notes, FindingKind.CLOSED_DAYS, rows.times, is_closed)
    _note(notes, FindingKind.HALT_ZERO_PRICES, rows.times, is_halt & ~is_block)
    _note(notes, FindingKind.HALT_BLOCK_TRADES, rows.times, is_block)
    _note(notes, FindingKind.PRICE_OF_ZERO, rows.times, is_broken)
    closed, left_out = rows.times[is_closed], np.concatenate((left_out, rows.times[is_broken]))
    filled = replace(
        rows,
        open=np.where(is_halt, rows.close, rows.open),
        high=np.where(is_halt, rows.close, rows.high),
        low=np.where(is_halt, rows.close, rows.low),
        volume=np.where(is_halt, 0.0, rows.volume),
    )
    is_kept = ~(is_closed | is_broken)
    kept, was_halt = _widened(filled.take(is_kept), notes), is_halt[is_kept]
    is_flat = (kept.volume == 0) & (kept.high == kept.low)
    if is_close_only:
        is_flat = np.zeros(len(kept.times), dtype=bool)
    else:
        _note(notes, FindingKind.HALT_FLAT, kept.times, is_flat & ~was_halt)
        _note(notes, FindingKind.VOLUME_LOST, kept.times, (kept.volume == 0) & ~is_flat)
    return CleanRows(kept, ~is_flat, closed, left_out)


def day_texts(times: NDArray[np.int64]) -> Iterable[str]:
    """Return `2021-04-15`, or with the minute where it is not midnight, as they are asked for."""
    for time in times.tolist():
        text = str(np.datetime64(time, "s"))
        yield text[:10] if time % DAY == 0 else text[:16].replace("T", " ")


def _one_a_time(raw: RawRows, notes: Notes) -> tuple[RawRows, NDArray[np.int64]]:
    """Return the rows sorted, one a time, and the times that are left out."""
    if len(raw.times) > 1 and bool(np.any(raw.times[1:] < raw.times[:-1])):
        turns = np.flatnonzero(raw.times[1:] < raw.times[:-1])
        notes.add(FindingKind.NEWEST_FIRST, line_text(int(raw.lines[turns[0] + 1])))
        raw = raw.take(np.argsort(raw.times, kind="stable"))
    is_again = np.concatenate(([False], raw.times[1:] == raw.times[:-1]))
    if not bool(is_again.any()):
        return raw, np.empty(0, dtype=np.int64)
    five = np.stack((raw.open, raw.high, raw.low, raw.close, raw.volume))
    group = np.cumsum(~is_again) - 1
    first = np.flatnonzero(~is_again)
    differs = np.any(five != five[:, first[group]], axis=0)
    is_torn = np.zeros(len(first), dtype=bool)
    is_torn[group[differs]] = True
    same = is_again & ~is_torn[group]
    _note(notes, FindingKind.DUPLICATE_SAME, raw.times, same)
    torn = raw.times[first[is_torn]]
    notes.add_all(FindingKind.DUPLICATE_DIFFERENT, day_texts(torn), len(torn))
    return raw.take(first[~is_torn]), torn


def _widened(rows: RawRows, notes: Notes) -> RawRows:
    high = np.maximum(rows.high, np.maximum(rows.open, rows.close))
    low = np.minimum(rows.low, np.minimum(rows.open, rows.close))
    # A high under the low, too, is inside open and close by now or was no range at all.
    _note(notes, FindingKind.RANGE_WIDENED, rows.times, (high != rows.high) | (low != rows.low))
    return replace(rows, high=high, low=low)


def _note(notes: Notes, kind: FindingKind, times: NDArray[np.int64], met: NDArray[np.bool_]) -> None:
    if bool(met.any()):
        notes.add_all(kind, day_texts(times[met]), int(met.sum()))
