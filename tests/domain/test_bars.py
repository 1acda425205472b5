"""Bars from prints equal a naive build; longer bars are a correct join of shorter ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.bars import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    VOLUME,
    BarSeries,
    bar_start,
    bar_starts,
    day_seconds,
    resample,
)
from kis_terminal.domain.market import Bar, Interval, Tick

DAY = day_seconds(date(2026, 11, 20))
MINUTES = [interval for interval in Interval if interval.minutes is not None]
LONGER = [interval for interval in Interval if interval.minutes is None]


def tick(seconds: int, price: int, size: int, volume: int, day: tuple[int, int, int] = (0, 0, 0)) -> Tick:
    zero = Decimal(0)
    start, high, low = (Decimal(value) for value in day)
    return Tick(
        "005930", seconds, Decimal(price), zero, zero, size, 0, volume, 0, zero, start, high, low, zero, zero,
        False,
    )  # fmt: skip


@st.composite
def prints(draw: st.DrawFn) -> list[Tick]:
    """Return prints of one session in order of time with their running volume."""
    count = draw(st.integers(1, 60))
    moments = sorted(draw(st.lists(st.integers(9 * 3600, 15 * 3600 + 1800), min_size=count, max_size=count)))
    volume, made = 0, []
    for moment in moments:
        size = draw(st.integers(1, 1_000))
        volume += size
        made.append(tick(moment, draw(st.integers(1_000, 2_000)), size, volume))
    return made


def naive(ticks: list[Tick], interval: Interval) -> dict[int, list[float]]:
    bars: dict[int, list[float]] = {}
    for item in ticks:
        price = float(item.price)
        bar = bars.setdefault(bar_start(interval, DAY, item.seconds), [price, price, price, price, 0.0])
        bar[HIGH], bar[LOW] = max(bar[HIGH], price), min(bar[LOW], price)
        bar[CLOSE] = price
        bar[VOLUME] += item.size
    return bars


@given(prints(), st.sampled_from(MINUTES), st.integers(1, 7))
def test_bars_equal_a_naive_build(ticks: list[Tick], interval: Interval, at_once: int) -> None:
    series = BarSeries("005930", interval)

    for begin in range(0, len(ticks), at_once):
        series.apply(ticks[begin : begin + at_once], DAY)

    assert dict(zip(series.times.tolist(), series.values.tolist(), strict=True)) == naive(ticks, interval)


@given(prints(), st.sampled_from(MINUTES))
def test_a_repeated_print_adds_nothing(ticks: list[Tick], interval: Interval) -> None:
    once, twice = BarSeries("005930", interval), BarSeries("005930", interval)

    once.apply(ticks, DAY)
    twice.apply([item for item in ticks for _ in range(2)], DAY)

    assert once.values.tolist() == twice.values.tolist()


def test_a_print_older_than_the_last_bar_is_ignored() -> None:
    series = BarSeries("005930", Interval.MINUTE_1)
    series.apply([tick(32_400, 100, 5, 5), tick(32_460, 101, 5, 10)], DAY)

    series.apply([tick(32_430, 250, 5, 15)], DAY)

    assert series.values[:, HIGH].tolist() == [100.0, 101.0]


def test_prints_carry_on_a_listed_bar() -> None:
    series = BarSeries("005930", Interval.MINUTE_5)
    series.replace(np.array([DAY + 32_400]), np.array([[100.0, 110.0, 95.0, 105.0, 50.0]]))

    series.apply([tick(32_410, 120, 7, 1_007), tick(32_420, 90, 3, 1_010)], DAY)

    assert series.values.tolist() == [[100.0, 120.0, 90.0, 90.0, 60.0]]


def test_a_day_takes_the_figures_of_the_day() -> None:
    series = BarSeries("005930", Interval.DAY)

    series.apply([tick(40_000, 105, 7, 1_007, (100, 110, 95))], DAY)

    assert series.values.tolist() == [[100.0, 110.0, 95.0, 105.0, 1_007.0]]


def test_a_print_without_the_figures_of_the_day_does_not_pull_the_low_to_zero() -> None:
    series = BarSeries("005930", Interval.DAY)
    series.replace(np.array([DAY]), np.array([[100.0, 110.0, 95.0, 105.0, 50.0]]))

    series.apply([tick(40_000, 94, 7, 57)], DAY)

    assert series.values.tolist() == [[100.0, 110.0, 94.0, 94.0, 57.0]]


def test_appending_is_no_change_of_structure() -> None:
    series = BarSeries("005930", Interval.MINUTE_1)
    series.replace(np.array([DAY + 32_400]), np.ones((1, 5)))
    structure = series.structure

    appended = series.apply([tick(32_460 + 60 * number, 100, 1, number + 1) for number in range(600)], DAY)

    assert appended == 600
    assert len(series) == 601
    assert series.structure == structure


def test_a_listing_overwrites_and_inserts() -> None:
    series = BarSeries("005930", Interval.DAY)
    series.replace(np.array([DAY]), np.ones((1, 5)))
    days = [date(2026, 11, 19), date(2026, 11, 20)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]

    series.merge([Bar(start, *(Decimal(value) for value in (5, 7, 4, 6)), 9, 0) for start in starts])

    assert series.times.tolist() == [DAY - 86_400, DAY]
    assert series.values[:, OPEN].tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    ("interval", "listed", "begins"),
    [
        (Interval.WEEK, date(2026, 11, 17), date(2026, 11, 16)),
        (Interval.MONTH, date(2026, 11, 2), date(2026, 11, 1)),
        (Interval.YEAR, date(2026, 1, 2), date(2026, 1, 1)),
    ],
)
def test_prints_carry_on_a_period_that_was_listed_by_its_first_day_of_trading(
    interval: Interval, listed: date, begins: date
) -> None:
    series = BarSeries("005930", interval)
    start = datetime(listed.year, listed.month, listed.day, tzinfo=UTC)
    series.merge([Bar(start, *(Decimal(value) for value in (5, 7, 4, 6)), 900, 0)])

    series.apply([tick(40_000, 9, 10, 510)], DAY)

    assert series.times.tolist() == [day_seconds(begins)]
    assert series.values.tolist() == [[5.0, 9.0, 4.0, 9.0, 910.0]]


def test_times_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        BarSeries("005930", Interval.DAY).replace(np.array([DAY, DAY]), np.ones((2, 5)))


@given(
    st.lists(st.integers(0, 60 * 366 * 1440), min_size=1, max_size=40, unique=True),
    st.sampled_from(list(Interval)),
)
def test_starts_of_a_column_are_those_of_each_time(minutes: list[int], interval: Interval) -> None:
    times = np.array(sorted(minutes), dtype=np.int64) * 60

    starts = bar_starts(interval, times)

    assert starts.tolist() == [bar_start(interval, t - t % 86_400, t % 86_400) for t in times.tolist()]


@given(st.data(), st.sampled_from(list(Interval)))
def test_resampling_is_a_correct_join(data: st.DataObject, interval: Interval) -> None:
    count = data.draw(st.integers(1, 50))
    step = 60 if interval.minutes is not None else 86_400
    offsets = data.draw(st.lists(st.integers(0, 400), min_size=count, max_size=count, unique=True))
    times = DAY + np.array(sorted(offsets), dtype=np.int64) * step
    rows = []
    for _ in range(count):
        first, last, room, volume = (data.draw(st.integers(1, 1_000)) for _ in range(4))
        rows.append([first, max(first, last) + room, min(first, last), last, volume])
    values = np.array(rows, dtype=np.float64)

    joined_times, joined = resample(times, values, interval)

    assert joined[:, VOLUME].sum() == values[:, VOLUME].sum()
    assert (np.diff(joined_times) > 0).all()
    for start, bar in zip(joined_times.tolist(), joined, strict=True):
        of_bar = values[bar_starts(interval, times) == start]
        assert bar[OPEN] == of_bar[0, OPEN]
        assert bar[CLOSE] == of_bar[-1, CLOSE]
        assert bar[HIGH] == of_bar[:, HIGH].max()
        assert bar[LOW] == of_bar[:, LOW].min()


def test_a_week_begins_on_monday() -> None:
    sunday = date(2026, 11, 22)

    start = int(bar_starts(Interval.WEEK, np.array([day_seconds(sunday)]))[0])

    assert start == day_seconds(sunday - timedelta(days=6))


@pytest.mark.parametrize("interval", LONGER)
def test_nothing_gives_nothing(interval: Interval) -> None:
    times, values = resample(np.empty(0, dtype=np.int64), np.empty((0, 5)), interval)

    assert len(times) == len(values) == 0


def test_prints_that_wait_for_a_listing_are_not_counted_twice() -> None:
    """Cause: prints that came while the listing was asked for were in its last bar and were added again."""
    series = BarSeries("005930", Interval.MINUTE_1)
    opening = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    series.merge([Bar(opening, Decimal(100), Decimal(100), Decimal(100), Decimal(100), 30, 0)])
    first, second = tick(9 * 3600 + 1, 100, 10, 20), tick(9 * 3600 + 2, 101, 10, 30)

    series.join([first, second], DAY)
    series.apply([tick(9 * 3600 + 3, 102, 5, 35)], DAY)

    assert series.values[0].tolist() == [100, 102, 100, 102, 35]


def test_prints_after_the_last_listed_bar_begin_the_next_one() -> None:
    series = BarSeries("005930", Interval.MINUTE_1)
    opening = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    series.merge([Bar(opening, Decimal(100), Decimal(100), Decimal(100), Decimal(100), 30, 0)])

    series.join([tick(9 * 3600 + 2, 101, 10, 30), tick(9 * 3600 + 60, 103, 7, 37)], DAY)

    assert series.values[:, VOLUME].tolist() == [30, 7]
