"""Bars that stood at their limit throughout."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.instruments import Market
from kis_terminal.domain.market import Interval
from kis_terminal.domain.price_limits import locked_bars
from kis_terminal.domain.wall_time import day_seconds
from tests.support.backtests import bars_of, key_of, krx_bars


@pytest.mark.parametrize(
    ("first", "market", "close", "is_locked"),
    [
        (date(2020, 1, 2), Market.KOSPI, 13_000, True),
        (date(2020, 1, 2), Market.KOSPI, 12_950, True),
        (date(2020, 1, 2), Market.KOSPI, 12_500, False),
        (date(2020, 1, 2), Market.KOSPI, 11_500, False),
        (date(2014, 1, 2), Market.KOSPI, 11_500, True),
        (date(2020, 1, 2), Market.KONEX, 11_500, True),
    ],
)
def test_one_price_at_the_upper_limit_of_its_date(
    first: date, market: Market, close: float, is_locked: bool
) -> None:
    bars = bars_of("000001", [(10_000, 10_050, 9_950, 10_000), (close,) * 4], first)

    upper, lower = locked_bars(bars, market)

    assert upper.tolist() == [False, is_locked]
    assert not lower.any()


def test_a_bar_that_moved_was_not_locked_and_a_small_step_of_a_cheap_share_is_no_limit() -> None:
    moved = bars_of("000001", [(10_000, 10_050, 9_950, 10_000), (12_900, 13_000, 12_900, 13_000)])
    cheap = bars_of("000001", [(3, 3, 3, 3), (3, 3, 3, 3), (4, 4, 4, 4)])

    assert not any(marks.any() for marks in locked_bars(moved, Market.KOSPI))
    assert [marks.tolist() for marks in locked_bars(cheap, Market.KOSPI)] == [
        [False, False, True],
        [False, False, False],
    ]


def test_minutes_are_held_against_the_close_of_the_day_before() -> None:
    day = day_seconds(date(2024, 1, 2))
    times = np.array([day + 86_400 * d + 60 * m for d in range(2) for m in range(2)], dtype=np.int64)
    closes = np.array([9_000.0, 10_000.0, 13_000.0, 13_000.0])
    columns = np.ascontiguousarray(np.stack([closes] * 4 + [np.full(4, 100.0)]))

    upper, _ = locked_bars(BarColumns(key_of("000001", Interval.MINUTE_1), times, columns), Market.KOSPI)

    assert upper.tolist() == [False, False, True, True]


def test_real_limit_days_are_found() -> None:
    bars = krx_bars("035720")
    traded = bars.has_traded
    bars = BarColumns(bars.key, bars.times[traded], np.ascontiguousarray(bars.columns[:, traded]))

    upper, _ = locked_bars(bars, Market.KOSDAQ)

    locked = set(bars.times[upper].tolist())
    # Two days at the limit when the merger with Daum was made known, 15 % each.
    assert {day_seconds(date(2014, 5, 27)), day_seconds(date(2014, 5, 28))} <= locked
