from __future__ import annotations

from datetime import date, datetime

import pytest

from kis_terminal.adapters.simulator.rules.calendar import SEOUL, Calendar, TradingClock

DAY = date(2026, 11, 20)


def stage_names(day: date, hour: int, minute: int, second: int = 0) -> tuple[str, str]:
    clock = TradingClock(
        datetime(day.year, day.month, day.day, tzinfo=SEOUL), open_always=False, calendar=Calendar()
    )
    stage = clock.stage(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SEOUL))
    return stage.krx, stage.nxt


@pytest.mark.parametrize(
    ("hour", "minute", "second", "krx", "nxt"),
    [
        (7, 59, 59, "before", "closed"),
        (8, 0, 0, "before", "pre"),
        (8, 30, 0, "opening", "pre"),
        (8, 50, 0, "opening", "break"),
        (9, 0, 29, "continuous", "break"),
        (9, 0, 30, "continuous", "main"),
        (15, 20, 0, "closing", "break"),
        (15, 30, 0, "after_close", "break"),
        (15, 40, 0, "after_close", "after"),
        (16, 0, 0, "after_market", "after"),
        (20, 0, 0, "closed", "closed"),
    ],
)
def test_both_venues_have_their_hours(hour: int, minute: int, second: int, krx: str, nxt: str) -> None:
    assert stage_names(DAY, hour, minute, second) == (krx, nxt)


def test_the_after_market_begins_on_its_first_day_only() -> None:
    assert stage_names(date(2026, 9, 11), 17, 0) == ("closed", "after")
    assert stage_names(date(2026, 9, 14), 17, 0) == ("after_market", "after")


def test_the_first_day_of_a_year_opens_late_and_closes_as_ever() -> None:
    first = date(2026, 1, 2)

    assert stage_names(first, 9, 15) == ("before", "pre")
    assert stage_names(first, 9, 45) == ("opening", "pre")
    assert stage_names(first, 10, 1) == ("continuous", "main")
    assert stage_names(first, 15, 25) == ("closing", "break")


def test_the_day_of_the_entrance_exam_is_an_hour_late_at_both_ends() -> None:
    exam = date(2026, 11, 19)

    assert stage_names(exam, 9, 59) == ("opening", "break")
    assert stage_names(exam, 16, 19) == ("continuous", "main")
    assert stage_names(exam, 16, 29) == ("closing", "break")
    assert stage_names(exam, 17, 0) == ("after_market", "after")


def test_holidays_are_closed_all_day() -> None:
    assert {stage_names(date(2026, 12, 25), hour, 0) for hour in range(24)} == {("closed", "closed")}
