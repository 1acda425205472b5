from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.rules.tick_rules import (
    daily_limits,
    is_on_tick,
    round_to_tick,
    tick_down,
    tick_size,
    tick_up,
)


@pytest.mark.parametrize(
    ("price", "step"),
    [
        (1_999, 1),
        (2_000, 5),
        (4_995, 5),
        (5_000, 10),
        (20_000, 50),
        (50_000, 100),
        (199_900, 100),
        (200_000, 500),
        (500_000, 1_000),
    ],
)
def test_table_since_january_2023(price: int, step: int) -> None:
    assert tick_size(price) == step


def test_table_before_january_2023_depends_on_the_market() -> None:
    day = date(2023, 1, 24)

    assert tick_size(1_500, day=day) == 5
    assert tick_size(300_000, day=day) == 500
    assert tick_size(300_000, day=day, market="KOSDAQ") == 100


def test_funds_step_by_one_below_two_thousand_and_by_five_above() -> None:
    assert (tick_size(1_999, "etf"), tick_size(45_435, "etf")) == (1, 5)


def test_limits_are_rounded_inward_as_in_the_sample_of_000660() -> None:
    assert daily_limits(128_500) == (167_000, 90_000)


@given(st.integers(min_value=2, max_value=3_000_000), st.sampled_from(["stock", "etf"]))
def test_stepping_up_and_down_comes_back(price: int, kind: str) -> None:
    start = round_to_tick(price, kind)

    assert is_on_tick(start, kind)
    assert is_on_tick(tick_up(start, kind), kind)
    assert tick_down(tick_up(start, kind), kind) == start


@given(st.integers(min_value=100, max_value=2_000_000), st.sampled_from(["stock", "etf"]))
def test_limits_are_on_tick_and_within_thirty_percent(base: int, kind: str) -> None:
    upper, lower = daily_limits(base, kind)

    assert is_on_tick(upper, kind)
    assert is_on_tick(lower, kind)
    assert 0.7 * base <= lower <= base <= upper <= 1.3 * base
