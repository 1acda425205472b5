"""Which days KRX trades, and the exchange's own clock.

Closed weekdays 2015-2026 are facts of the KRX calendar (exchange_calendars 4.13.2 plus 2026-06-03 and
2026-07-17, see docs/kis-api.md); other years follow the fixed national holidays only, without the lunar ones.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from kis_terminal.adapters.simulator.model import HolidayRow
from kis_terminal.adapters.simulator.rules.trading_day import ALWAYS, CLOSED, Stage, stage_at, stages_of

SEOUL = timezone(timedelta(hours=9), "KST")
"""Korea has had no other offset since 1988, and a fixed one needs no zone database."""

_CLOSED_WEEKDAYS = {
    2015: "0101 0218 0219 0220 0501 0505 0525 0814 0928 0929 1009 1225 1231",
    2016: "0101 0208 0209 0210 0301 0413 0505 0506 0606 0815 0914 0915 0916 1003 1230",
    2017: "0127 0130 0301 0501 0503 0505 0509 0606 0815 1002 1003 1004 1005 1006 1009 1225 1229",
    2018: "0101 0215 0216 0301 0501 0507 0522 0606 0613 0815 0924 0925 0926 1003 1009 1225 1231",
    2019: "0101 0204 0205 0206 0301 0501 0506 0606 0815 0912 0913 1003 1009 1225 1231",
    2020: "0101 0124 0127 0415 0430 0501 0505 0817 0930 1001 1002 1009 1225 1231",
    2021: "0101 0211 0212 0301 0505 0519 0816 0920 0921 0922 1004 1011 1231",
    2022: "0131 0201 0202 0301 0309 0505 0601 0606 0815 0909 0912 1003 1010 1230",
    2023: "0123 0124 0301 0501 0505 0529 0606 0815 0928 0929 1002 1003 1009 1225 1229",
    2024: "0101 0209 0212 0301 0410 0501 0506 0515 0606 0815 0916 0917 0918 1001 1003 1009 1225 1231",
    2025: "0101 0127 0128 0129 0130 0303 0501 0505 0506 0603 0606 0815 1003 1006 1007 1008 1009 1225 1231",
    2026: "0101 0216 0217 0218 0302 0501 0505 0525 0603 0717 0817 0924 0925 1005 1009 1225 1231",
}
_FIXED = frozenset(
    {(1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (7, 17), (8, 15), (10, 3), (10, 9), (12, 25), (12, 31)}
)

OPEN_SECOND = 9 * 3600
"""Seconds after midnight of the opening, 09:00."""
CONTINUOUS_END_SECOND = 15 * 3600 + 20 * 60
"""15:20, when the closing auction starts."""
RESTART_SECOND = 10 * 3600 + 30 * 60
"""10:30, where an always-open session starts and where it returns to."""
WRAP_SECOND = 15 * 3600 + 19 * 60
"""15:19, where an always-open session jumps back to 10:30."""


class Calendar:
    """Answer for trading days; `extra_open` days (an always-open exchange's today) count as open."""

    def __init__(self) -> None:
        self._closed = {
            date(year, int(word[:2]), int(word[2:]))
            for year, words in _CLOSED_WEEKDAYS.items()
            for word in words.split()
        }
        self._extra_open: set[date] = set()

    def open_always(self, day: date) -> None:
        """Make `day` a trading day whatever the calendar says."""
        self._extra_open.add(day)

    def is_open_day(self, day: date) -> bool:
        """Say whether KRX trades on `day`."""
        return day in self._extra_open or self.is_regular_day(day)

    def is_regular_day(self, day: date) -> bool:
        """Say whether `day` is a trading day by the calendar alone."""
        if day.weekday() >= 5:
            return False
        if day.year in _CLOSED_WEEKDAYS:
            return day not in self._closed
        return (day.month, day.day) not in _FIXED

    def next_open_day(self, day: date, count: int = 1) -> date:
        """Return the `count`-th trading day after `day`."""
        while count:
            day += timedelta(days=1)
            count -= self.is_open_day(day)
        return day

    def previous_open_day(self, day: date) -> date:
        """Return the last trading day before `day`."""
        day -= timedelta(days=1)
        while not self.is_open_day(day):
            day -= timedelta(days=1)
        return day

    def open_days(self, start: date, end: date) -> list[date]:
        """Return regular trading days from `start` to `end`, both included, oldest first."""
        days = (start + timedelta(days=i) for i in range((end - start).days + 1))
        return [day for day in days if self.is_regular_day(day)]

    def holiday_rows(self, start: date, count: int) -> list[HolidayRow]:
        """Return `count` calendar days from `start` as chk-holiday lists them."""
        rows = []
        for offset in range(count):
            day = start + timedelta(days=offset)
            is_open = self.is_open_day(day)
            is_year_end = (day.month, day.day) == (12, 31)  # banks work on it, the exchange does not
            is_bank_day = is_open or (is_year_end and day.weekday() < 5)
            rows.append(
                HolidayRow(
                    day=day,
                    is_bank_day=is_bank_day,
                    is_trading_day=is_bank_day,
                    is_open=is_open,
                    is_settlement_day=is_open,
                )
            )
        return rows


class TradingClock:
    """Turn the caller's `now` into exchange time.

    Not `open_always`: exchange time is `now`. Otherwise it is `now` too when the exchange is started within
    the continuous session of a trading day; else it starts at 10:30:00 of today's date. It runs on with
    `now`, and from 15:19:00 jumps back to 10:30:00, so that it always lies in the continuous session. A new
    date starts at 09:00:00.
    """

    def __init__(self, now: datetime, *, open_always: bool, calendar: Calendar) -> None:
        self.open_always = open_always
        self._calendar = calendar
        local = now.astimezone(SEOUL)
        self._anchor = local
        second = _second_of_day(local)
        in_session = calendar.is_regular_day(local.date()) and OPEN_SECOND <= second < WRAP_SECOND
        self._anchor_second = second if in_session else float(RESTART_SECOND)

    def exchange_time(self, now: datetime) -> datetime:
        """Return the exchange's time for the caller's `now`."""
        local = now.astimezone(SEOUL)
        if not self.open_always:
            return local
        midnight = datetime.combine(local.date(), time(), SEOUL)
        if local.date() == self._anchor.date():
            second = self._anchor_second + (local - self._anchor).total_seconds()
        else:
            second = OPEN_SECOND + (local - midnight).total_seconds()
        if second >= WRAP_SECOND:
            second = RESTART_SECOND + (second - WRAP_SECOND) % (WRAP_SECOND - RESTART_SECOND)
        return midnight + timedelta(seconds=max(second, OPEN_SECOND))

    def phase(self, now: datetime) -> str:
        """Name KRX's phase: before, opening, continuous, closing, after_close, after_market or closed."""
        return self.stage(now).krx

    def stage(self, now: datetime) -> Stage:
        """Return the stretch of the day that `now` lies in."""
        if self.open_always:
            return ALWAYS
        moment = self.exchange_time(now)
        return stage_at(self.stages(moment.date()), _second_of_day(moment))

    def stages(self, day: date) -> tuple[Stage, ...]:
        """Return the stretches of `day`; a single one when nothing changes on it."""
        if self.open_always:
            return (ALWAYS,)
        if not self._calendar.is_open_day(day):
            return (CLOSED,)
        is_first = self._calendar.previous_open_day(day).year < day.year
        return stages_of(day, is_first_of_year=is_first)


def _second_of_day(moment: datetime) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
