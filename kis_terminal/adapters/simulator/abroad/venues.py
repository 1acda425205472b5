"""Exchanges abroad: their hours in their own time, what their prices look like, when they are closed.

Holidays are those with a rule of their own; days that a government moves, and the lunar ones, are not known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from types import MappingProxyType

from kis_terminal.adapters.simulator.rules.calendar import SEOUL

STEP_SECONDS = 10
"""Prices abroad change every ten seconds."""
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class OverseasVenue:
    """One exchange; `sessions` are (from, to) in minutes of its own day."""

    code: str
    name: str
    order_code: str
    nation: str
    nation_code: str
    nation_name: str
    product_type: str
    currency: str
    currency_name: str
    places: int
    hours_from_utc: int
    sessions: tuple[tuple[int, int], ...]
    ticks: tuple[tuple[float, float], ...]
    """(price from which on, step), ascending."""
    settlement_days: int
    lot: int = 1
    has_summer_time: bool = False

    def tick(self, price: float) -> float:
        """Return the price step at `price`."""
        return self.ticks[max(bisect_right(self.ticks, price, key=lambda row: row[0]) - 1, 0)][1]

    def zone(self, day: date) -> timezone:
        """Return the offset on the local `day`."""
        shift = 1 if self.has_summer_time and _is_us_summer(day) else 0
        return timezone(timedelta(hours=self.hours_from_utc + shift))

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the exchange's own time."""
        winter = moment.astimezone(timezone(timedelta(hours=self.hours_from_utc)))
        return moment.astimezone(self.zone(winter.date()))

    def is_open_day(self, day: date) -> bool:
        """Say whether the exchange trades on the local `day`."""
        return day.weekday() < 5 and not _is_holiday(self.nation, day)

    def previous_open_day(self, day: date) -> date:
        """Return the last trading day before `day`."""
        day -= timedelta(days=1)
        while not self.is_open_day(day):
            day -= timedelta(days=1)
        return day

    def next_open_day(self, day: date, count: int = 1) -> date:
        """Return the `count`-th trading day after `day`."""
        while count:
            day += timedelta(days=1)
            count -= self.is_open_day(day)
        return day


@dataclass(frozen=True, slots=True)
class Position:
    """Where a venue stands: its trading day, how many steps of it are over, and the time of the last one."""

    day: date
    steps: int
    is_open: bool


class OverseasClock:
    """Tell where each venue stands; with `open_always` all trade around the clock of the Korean day."""

    def __init__(self, *, open_always: bool) -> None:
        self._open_always = open_always

    def count(self, venue: OverseasVenue) -> int:
        """Return the steps of a trading day."""
        if self._open_always:
            return _DAY_SECONDS // STEP_SECONDS
        return sum(end - begin for begin, end in venue.sessions) * 60 // STEP_SECONDS

    def position(self, venue: OverseasVenue, moment: datetime) -> Position:
        """Return where `venue` stands at `moment`: before the opening that is the end of the day before."""
        if self._open_always:
            seoul = moment.astimezone(SEOUL)
            return Position(seoul.date(), _second(seoul) // STEP_SECONDS, True)
        local = venue.local(moment)
        second, day = _second(local), local.date()
        if not venue.is_open_day(day) or second < venue.sessions[0][0] * 60:
            return Position(venue.previous_open_day(day), self.count(venue), False)
        passed = 0
        for begin, end in venue.sessions:
            passed += min(max(second - begin * 60, 0), (end - begin) * 60)
        is_open = any(begin * 60 <= second < end * 60 for begin, end in venue.sessions)
        return Position(day, passed // STEP_SECONDS, is_open)

    def moment_of(self, venue: OverseasVenue, day: date, step: int) -> datetime:
        """Return when a step of a trading day begins, in the venue's own time."""
        seconds = step * STEP_SECONDS
        if self._open_always:
            return venue.local(datetime.combine(day, time(), SEOUL) + timedelta(seconds=seconds))
        midnight = datetime.combine(day, time(), venue.zone(day))
        for begin, end in venue.sessions[:-1]:
            if seconds < (end - begin) * 60:
                return midnight + timedelta(seconds=begin * 60 + seconds)
            seconds -= (end - begin) * 60
        return midnight + timedelta(seconds=venue.sessions[-1][0] * 60 + seconds)

    def is_open_day(self, venue: OverseasVenue, day: date, today: date) -> bool:
        """Say whether `venue` trades on `day`; an exchange that is always open trades today."""
        return (self._open_always and day == today) or venue.is_open_day(day)


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _is_us_summer(day: date) -> bool:
    """Say whether summer time holds in New York: second Sunday of March to first Sunday of November."""
    march, november = date(day.year, 3, 8), date(day.year, 11, 1)
    begin = march + timedelta(days=(6 - march.weekday()) % 7)
    end = november + timedelta(days=(6 - november.weekday()) % 7)
    return begin <= day < end


_FIXED: Mapping[str, frozenset[tuple[int, int]]] = MappingProxyType(
    {
        "US": frozenset({(1, 1), (6, 19), (7, 4), (12, 25)}),
        "HK": frozenset({(1, 1), (7, 1), (10, 1), (12, 25), (12, 26)}),
        "JP": frozenset(
            {(1, 1), (1, 2), (1, 3), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11)}
            | {(11, 3), (11, 23), (12, 31)}
        ),
        "CN": frozenset({(1, 1), (5, 1), (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6), (10, 7)}),
        "VN": frozenset({(1, 1), (4, 30), (5, 1), (9, 2)}),
    }
)
_US_MONDAYS = {1: 3, 2: 3, 9: 1}
"""Which Monday of a month is a holiday in the US; May has the last one."""


def _is_holiday(nation: str, day: date) -> bool:
    if (day.month, day.day) in _FIXED.get(nation, ()):
        return True
    if nation != "US":
        return False
    week = (day.day - 1) // 7 + 1
    if day.weekday() == 0:
        is_last = (day + timedelta(days=7)).month != day.month
        return _US_MONDAYS.get(day.month) == week or (day.month == 5 and is_last)
    return day.month == 11 and day.weekday() == 3 and week == 4


def _venues() -> dict[str, OverseasVenue]:
    nasdaq = OverseasVenue(
        code="NAS",
        name="나스닥",
        order_code="NASD",
        nation="US",
        nation_code="840",
        nation_name="미국",
        product_type="512",
        currency="USD",
        currency_name="미국 달러",
        places=4,
        hours_from_utc=-5,
        sessions=((570, 960),),
        ticks=((0.0, 0.0001), (1.0, 0.01)),
        settlement_days=1,
        has_summer_time=True,
    )
    hong_kong = OverseasVenue(
        code="HKS",
        name="홍콩",
        order_code="SEHK",
        nation="HK",
        nation_code="344",
        nation_name="홍콩",
        product_type="501",
        currency="HKD",
        currency_name="홍콩 달러",
        places=3,
        hours_from_utc=8,
        sessions=((570, 720), (780, 960)),
        ticks=(
            (0.0, 0.01),
            (10.0, 0.02),
            (20.0, 0.05),
            (100.0, 0.1),
            (200.0, 0.2),
            (500.0, 0.5),
            (1_000.0, 1.0),
        ),
        settlement_days=2,
        lot=100,
    )
    tokyo = replace(
        hong_kong,
        code="TSE",
        name="도쿄",
        order_code="TKSE",
        nation="JP",
        nation_code="392",
        nation_name="일본",
        product_type="515",
        currency="JPY",
        currency_name="일본 엔",
        places=1,
        hours_from_utc=9,
        sessions=((540, 690), (750, 930)),
        ticks=((0.0, 1.0), (3_000.0, 5.0), (5_000.0, 10.0), (30_000.0, 50.0), (50_000.0, 100.0)),
    )
    shanghai = replace(
        hong_kong,
        code="SHS",
        name="상해",
        order_code="SHAA",
        nation="CN",
        nation_code="156",
        nation_name="중국",
        product_type="551",
        currency="CNY",
        currency_name="중국 위안",
        sessions=((570, 690), (780, 900)),
        ticks=((0.0, 0.01),),
        settlement_days=1,
    )
    hanoi = replace(
        hong_kong,
        code="HNX",
        name="하노이",
        order_code="HASE",
        nation="VN",
        nation_code="704",
        nation_name="베트남",
        product_type="507",
        currency="VND",
        currency_name="베트남 동",
        places=0,
        hours_from_utc=7,
        sessions=((540, 690), (780, 885)),
        ticks=((0.0, 100.0),),
    )
    rows = (
        nasdaq,
        replace(nasdaq, code="NYS", name="뉴욕", order_code="NYSE", product_type="513"),
        replace(nasdaq, code="AMS", name="아멕스", order_code="AMEX", product_type="529"),
        hong_kong,
        tokyo,
        shanghai,
        replace(shanghai, code="SZS", name="심천", order_code="SZAA", product_type="552"),
        hanoi,
        replace(
            hanoi,
            code="HSX",
            name="호치민",
            order_code="VNSE",
            product_type="508",
            ticks=((0.0, 10.0), (10_000.0, 50.0), (50_000.0, 100.0)),
        ),
        # Currencies trade around the clock; their day is Korea's, and nobody lists shares there.
        replace(
            tokyo,
            code="FX",
            name="외환",
            order_code="",
            nation="KR",
            product_type="",
            currency="",
            currency_name="",
            sessions=((0, 1_440),),
        ),
    )
    return {row.code: row for row in rows}


VENUES: Mapping[str, OverseasVenue] = MappingProxyType(_venues())
"""By the code that quotes use."""
US_CODES = frozenset({"NAS", "NYS", "AMS"})
