from __future__ import annotations

import csv
from datetime import date, datetime, timedelta

from kis_terminal.adapters.simulator.rules.calendar import SEOUL, Calendar, TradingClock
from tests.support.shared import shared_path


def moment(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=SEOUL)


def test_closed_weekdays_are_those_of_the_reference_table() -> None:
    with shared_path("data/holidays.csv").open(encoding="utf-8") as file:
        closed = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    calendar = Calendar()

    day = date(2015, 1, 1)
    while day <= date(2026, 12, 31):
        expected = day.weekday() < 5 and day not in closed
        assert calendar.is_open_day(day) is expected, day
        day += timedelta(days=1)


def test_settlement_skips_weekends_and_holidays() -> None:
    calendar = Calendar()

    assert calendar.next_open_day(date(2026, 9, 23), 2) == date(2026, 9, 29)
    assert calendar.previous_open_day(date(2026, 9, 28)) == date(2026, 9, 23)


def test_always_open_clock_starts_at_half_past_ten_on_a_sunday_and_runs_on() -> None:
    start = moment(22, 20, 15)
    clock = TradingClock(start, open_always=True, calendar=Calendar())

    assert clock.exchange_time(start) == moment(22, 10, 30)
    assert clock.exchange_time(start + timedelta(seconds=90)) == moment(22, 10, 31, 30)
    assert clock.phase(start) == "continuous"


def test_always_open_clock_keeps_real_time_within_a_real_session() -> None:
    start = moment(20, 13, 42, 7)

    assert TradingClock(start, open_always=True, calendar=Calendar()).exchange_time(start) == start


def test_always_open_clock_returns_before_the_closing_auction() -> None:
    start = moment(20, 15, 18, 50)
    clock = TradingClock(start, open_always=True, calendar=Calendar())

    assert clock.exchange_time(start + timedelta(seconds=10)) == moment(20, 10, 30)
    assert clock.exchange_time(start + timedelta(hours=5)).time() < moment(20, 15, 19).time()


def test_always_open_clock_opens_a_new_day_at_nine() -> None:
    start = moment(22, 23, 50)
    clock = TradingClock(start, open_always=True, calendar=Calendar())

    assert clock.exchange_time(moment(23, 0)) == moment(23, 9)
    assert clock.exchange_time(moment(23, 0, 5)) == moment(23, 9, 5)


def test_live_clock_names_the_phases_of_a_day() -> None:
    clock = TradingClock(moment(20, 8), open_always=False, calendar=Calendar())

    phases = [
        clock.phase(moment(20, hour, minute)) for hour, minute in ((8, 0), (8, 40), (9, 0), (15, 20), (17, 0))
    ]

    assert phases == ["before", "opening", "continuous", "closing", "after_market"]
    assert clock.phase(moment(22, 11)) == "closed"
    assert clock.phase(moment(20, 21)) == "closed"


def test_year_end_is_a_bank_day_without_trading() -> None:
    row = Calendar().holiday_rows(date(2026, 12, 31), 1)[0]

    assert (row.is_bank_day, row.is_open, row.is_settlement_day) == (True, False, False)
