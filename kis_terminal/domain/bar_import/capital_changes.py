"""Find splits and the like in a file's own prices.

A day's close outside the daily limit around the close before it means that KRX set a new base price, that a
share trades without a limit (its first day, 정리매매), or that the file mixes two scales. The file's own
change column says which: a change counted from another price than the close before gives that price, exact as
KRX rounded it (558,000 to 112,000 is 0.20072, not a fifth). Differences in won are unsigned on some days
of real files, so the sign is believed only where the days around agree, or where the ratio is a whole number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_import.cleaning import CleanRows
from kis_terminal.domain.bar_import.tick_evidence import TickEvidence, tick_evidence
from kis_terminal.domain.wall_time import day_seconds

_WIDE_LIMIT_SINCE = day_seconds(date(2015, 6, 15))
_LIMIT, _LIMIT_BEFORE = 0.305, 0.155
"""Daily limits of KRX with room for the rounding to ticks."""
_ROUNDING = 0.002
"""A base price that differs less from the close before is rounding of the file's change column."""
_SMALLEST_CHANGE = 0.012
"""A base price told by a rate that differs less is no base price: the row before is not the day's last
state (real files hold rows that were saved before the close). KRX's smallest known ones, stock dividends, are
2 %."""
_AROUND = 20


@dataclass(frozen=True, slots=True)
class CapitalChange:
    """A new base price on the row `place`; `factor` is base over the close before, None where not known."""

    place: int
    before: float
    after: float
    """Close of the row itself."""
    factor: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the prices say of themselves."""

    changes: tuple[CapitalChange, ...]
    unexplained: tuple[int, ...]
    """Rows beyond the limit that no new base price explains."""
    stale: tuple[int, ...]
    """Rows whose close is not the one that the next day counts from."""
    ticks: TickEvidence


def examine(clean: CleanRows, *, has_limits: bool, is_fund: bool = False) -> Evidence:
    """Look for base prices and ticks; `has_limits` is False for indices and shares abroad."""
    rows = clean.rows
    if not has_limits:
        return Evidence((), (), (), TickEvidence((), 0))
    ticks = tick_evidence(clean, is_fund=is_fund)
    if len(rows.times) < 2:
        return Evidence((), (), (), ticks)
    before, close = rows.close[:-1], rows.close[1:]
    limit = np.where(rows.times[1:] >= _WIDE_LIMIT_SINCE, _LIMIT, _LIMIT_BEFORE)
    beyond = np.abs(close / before - 1.0) > limit
    told = _told_bases(clean)
    # The file says itself that the day counted from another price, well beyond its rounding.
    with np.errstate(invalid="ignore"):
        apart = np.abs(told[1:] / before - 1.0)
        is_other = (apart > _ROUNDING) & clean.is_traded[1:]
    by_rate = np.isnan(rows.difference[1:])
    is_stale = is_other & by_rate & (apart <= _SMALLEST_CHANGE)
    changes: list[CapitalChange] = []
    unexplained: list[int] = []
    for place in (np.flatnonzero(beyond | (is_other & ~is_stale)) + 1).tolist():
        found = _base_at(clean, place, told, is_beyond=bool(beyond[place - 1]))
        if found is None:
            if beyond[place - 1]:
                unexplained.append(place)
        else:
            changes.append(found)
    stale = tuple(np.flatnonzero(is_stale & clean.is_traded[:-1]).tolist())
    return Evidence(tuple(changes), tuple(unexplained), stale, ticks)


def _told_bases(clean: CleanRows) -> NDArray[np.float64]:
    """Return the base price that each row's own signed change gives, NaN where it has none."""
    rows = clean.rows
    base = np.where(np.isnan(rows.difference), np.nan, rows.close - rows.difference)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_rate = np.where(rows.rate > -1.0, rows.close / (1.0 + rows.rate), np.nan)
    return np.where(np.isnan(base), by_rate, base)


def _base_at(
    clean: CleanRows, place: int, told: NDArray[np.float64], *, is_beyond: bool
) -> CapitalChange | None:
    rows = clean.rows
    before, close = float(rows.close[place - 1]), float(rows.close[place])
    if not np.isnan(rows.difference[place]):
        won = abs(float(rows.difference[place]))
        signed = close - float(rows.difference[place])
        if _is_sign_believed(clean, place):
            candidates = [signed]
        elif before in (close - won, close + won):
            return None  # unsigned: the other sign gives the close before
        else:
            candidates = [base for base in (close - won, close + won) if _is_whole(before / base)]
        if before in candidates:
            return None  # the day counts from the close before, however far it went
        if len(candidates) == 1 and candidates[0] > 0:
            return CapitalChange(place, before, close, candidates[0] / before)
        return CapitalChange(place, before, close, None) if is_beyond else None
    if np.isnan(told[place]):
        return CapitalChange(place, before, close, None) if is_beyond and _looks_split(clean, place) else None
    base = float(round(told[place]))
    if base <= 0:
        return CapitalChange(place, before, close, None)
    if abs(base / before - 1.0) <= _SMALLEST_CHANGE:
        return None
    return CapitalChange(place, before, close, base / before)


def _is_sign_believed(clean: CleanRows, place: int) -> bool:
    """Tell whether the days around carry signed differences, some of them negative."""
    rows = clean.rows
    first, last = max(1, place - _AROUND), min(len(rows.close), place + _AROUND + 1)
    around = np.array([at for at in range(first, last) if at != place], dtype=np.int64)
    if not len(around):
        return True
    change, said = rows.close[around] - rows.close[around - 1], rows.difference[around]
    falls = change < 0
    return not bool(falls.any()) or bool(np.mean(said[falls] == change[falls]) > 0.8)


def _looks_split(clean: CleanRows, place: int) -> bool:
    """Tell whether a jump without a change column is a split: from the limit's reach of a whole ratio."""
    rows = clean.rows
    ratio = float(rows.close[place - 1] / rows.open[place])
    larger = max(ratio, 1.0 / ratio)
    return larger > 1.8 and (not clean.is_traded[place - 1] or abs(larger - round(larger)) < 0.15 * larger)


def _is_whole(ratio: float) -> bool:
    """Tell whether one share became a whole number of shares, or the other way round."""
    if ratio <= 0:
        return False
    larger = max(ratio, 1.0 / ratio)
    return larger > 1.5 and abs(larger - round(larger)) < 0.001 * larger
