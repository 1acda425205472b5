"""Which days the Korean market opens, and which of them later: the calendar that asks nobody.

The broker's own answer (chk-holiday) wins over it. Source: KRX's closed days of 2026 as its notice lists
them; 2026-07-17, which one public list leaves out, is taken as closed. Of other years only the fixed holidays
are known here. Late openings: the year's first trading day, and the day of the college entrance exam, when
the close is later too.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from kis_terminal.domain.orders import Venue
from kis_terminal.domain.sessions import Phase, phase_at

_CLOSED = MappingProxyType(
    {
        2026: frozenset(
            {
                *((1, 1), (2, 16), (2, 17), (2, 18), (3, 2), (5, 1), (5, 5), (5, 25), (6, 3), (7, 17)),
                *((8, 17), (9, 24), (9, 25), (10, 5), (10, 9), (12, 25), (12, 31)),
            }
        )
    }
)
_FIXED = frozenset(
    {*((1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (7, 17), (8, 15), (10, 3), (10, 9), (12, 25), (12, 31))}
)
_EXAM_DAYS = frozenset({date(2025, 11, 13), date(2026, 11, 19), date(2027, 11, 18)})
_LATE = 3600
_CLOSING_AUCTION, _LAST = 15 * 3600 + 1200, 20 * 3600
DAY_BEGINS = time(7)
"""In Seoul: before it nothing of the new day trades, and yesterday's figures still stand."""


def is_trading_day(day: date) -> bool:
    """Tell whether the calendar has the market open on `day`."""
    return day.weekday() < 5 and (day.month, day.day) not in _CLOSED.get(day.year, _FIXED)


def trading_date(now: datetime) -> date:
    """Return the date whose trading `now` (aware, Seoul) belongs to: the day before until 07:00."""
    return now.date() if now.time() >= DAY_BEGINS else now.date() - timedelta(days=1)


def phase_on(venue: Venue, day: date, seconds: int) -> Phase:
    """Return the phase of an open `day` at `seconds` since midnight, late openings reckoned with."""
    if day in _EXAM_DAYS:
        return phase_at(venue, seconds - _LATE) if seconds < _LAST else Phase.CLOSED
    if _is_first_of_year(day) and seconds < _CLOSING_AUCTION:
        return phase_at(venue, seconds - _LATE)
    return phase_at(venue, seconds)


def _is_first_of_year(day: date) -> bool:
    days = (date(day.year, 1, 1) + timedelta(days=count) for count in range(day.timetuple().tm_yday - 1))
    return day.month == 1 and is_trading_day(day) and not any(is_trading_day(other) for other in days)
