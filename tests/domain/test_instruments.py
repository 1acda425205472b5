"""Tick sizes and rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.instruments import (
    InstrumentKind,
    is_on_tick,
    move_ticks,
    round_down_to_tick,
    round_up_to_tick,
    tick_size,
)

prices = st.integers(min_value=1, max_value=3_000_000).map(Decimal)
kinds = st.sampled_from([InstrumentKind.STOCK, InstrumentKind.ETF])


@pytest.mark.parametrize(
    ("price", "step"),
    [
        (1_999, 1),
        (2_000, 5),
        (4_995, 5),
        (5_000, 10),
        (19_990, 10),
        (20_000, 50),
        (49_950, 50),
        (50_000, 100),
        (199_900, 100),
        (200_000, 500),
        (499_500, 500),
        (500_000, 1_000),
    ],
)
def test_tick_size_at_the_edges_of_the_table(price: int, step: int) -> None:
    assert tick_size(Decimal(price)) == step


def test_etf_ticks_are_one_below_2000_and_five_from_there() -> None:
    assert tick_size(Decimal(1_999), InstrumentKind.ETF) == 1
    assert tick_size(Decimal(45_815), InstrumentKind.ETF) == 5


@given(prices, kinds)
def test_rounding_brackets_the_price_and_lands_on_a_tick(price: Decimal, kind: InstrumentKind) -> None:
    down, up = round_down_to_tick(price, kind), round_up_to_tick(price, kind)

    assert down <= price <= up
    assert down == 0 or is_on_tick(down, kind)
    assert is_on_tick(up, kind)
    if is_on_tick(price, kind):
        assert down == up == price


@given(prices, kinds, st.integers(min_value=1, max_value=30))
def test_steps_up_and_the_same_steps_down_come_back(price: Decimal, kind: InstrumentKind, steps: int) -> None:
    begin = round_up_to_tick(price, kind)

    there = move_ticks(begin, steps, kind)

    assert there > begin
    assert is_on_tick(there, kind)
    assert move_ticks(there, -steps, kind) == begin


def test_a_price_never_steps_below_one_tick() -> None:
    assert move_ticks(Decimal(2), -10) == 1
