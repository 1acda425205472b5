"""The path of a recorded day: its four prices and its volume exactly, whatever the bar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.history.day_play import DayPlan, Hours, PlayedBar, PlayedPrint
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick, round_to_tick, tick_size

HOURS = Hours(9 * 3600, 15 * 3600 + 1200, 15 * 3600 + 1800)
NEW_TABLE, OLD_TABLE = date(2024, 9, 12), date(2022, 2, 9)


@st.composite
def bars_on_tick(draw: st.DrawFn) -> tuple[PlayedBar, date, str]:
    """Draw a possible day: four prices on the tick table of its date, within 30 % of each other."""
    day = draw(st.sampled_from([NEW_TABLE, OLD_TABLE]))
    market = draw(st.sampled_from(["KOSPI", "KOSDAQ"]))
    middle = draw(st.integers(min_value=150, max_value=1_500_000))

    def price() -> int:
        rate = draw(st.floats(min_value=0.7, max_value=1.3))
        return round_to_tick(middle * rate, "stock", day, market)

    first, last, *others = price(), price(), price(), price()
    prices = [first, last, *others]
    needed = len({first, last, max(prices), min(prices)}) + 2
    volume = draw(st.integers(min_value=needed, max_value=30_000_000))
    return PlayedBar(first, max(prices), min(prices), last, volume, first), day, market


def plan(
    bar: PlayedBar, day: date = NEW_TABLE, market: str = "KOSPI", trades: int = 900, seed: int = 1
) -> DayPlan:
    return DayPlan(bar, HOURS, trades, seed, lambda price: tick_size(price, "stock", day, market))


def bar_of(prints: list[PlayedPrint]) -> tuple[int, int, int, int, int]:
    prices = [one.price for one in prints]
    return prices[0], max(prices), min(prices), prices[-1], sum(one.quantity for one in prints)


@settings(deadline=None)
@given(bars_on_tick(), st.integers(min_value=1, max_value=3_000), st.integers(min_value=0, max_value=2**32))
def test_the_path_is_the_day(drawn: tuple[PlayedBar, date, str], trades: int, seed: int) -> None:
    bar, day, market = drawn

    prints = plan(bar, day, market, trades, seed).all_prints()

    assert bar_of(prints) == (bar.open, bar.high, bar.low, bar.close, bar.volume)
    assert all(is_on_tick(one.price, "stock", day, market) for one in prints)
    assert all(one.quantity > 0 for one in prints)
    seconds = [one.second for one in prints]
    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[-1]) == (HOURS.opens, HOURS.ends)
    assert all(HOURS.opens <= second <= HOURS.closes for second in seconds[1:-1])


@settings(deadline=None)
@given(
    st.lists(st.integers(min_value=1, max_value=3_000_000), min_size=4, max_size=4),
    st.integers(min_value=1, max_value=50),
    st.integers(min_value=0, max_value=2**32),
)
def test_a_bar_off_the_tick_table_keeps_its_own_prices(prices: list[int], volume: int, seed: int) -> None:
    """Adjusted bars: only what lies between their four prices is on the table."""
    bar = PlayedBar(prices[0], max(prices), min(prices), prices[1], volume, prices[0])

    planned = plan(bar, seed=seed)

    *found, total = bar_of(planned.all_prints())
    assert found == [bar.open, bar.high, bar.low, bar.close]
    assert total == planned.volume == max(volume, planned.volume)
    own = {bar.open, bar.high, bar.low, bar.close}
    assert all(one.price in own or is_on_tick(one.price) for one in planned.all_prints())


@pytest.mark.parametrize(
    ("bar", "prices"),
    [
        (PlayedBar(5_000, 5_000, 5_000, 5_000, 1, 5_000), [5_000]),
        (PlayedBar(5_000, 5_000, 5_000, 5_000, 2, 5_000), [5_000, 5_000]),
        (PlayedBar(5_000, 5_100, 5_000, 5_100, 2, 5_000), [5_000, 5_100]),
        (PlayedBar(5_000, 5_100, 4_900, 5_000, 4, 5_000), [5_000, 4_900, 5_100, 5_000]),
        (PlayedBar(5_010, 5_100, 4_900, 5_000, 4, 5_000), [5_010, 5_100, 4_900, 5_000]),
    ],
)
def test_a_day_of_a_few_shares_trades_just_them(bar: PlayedBar, prices: list[int]) -> None:
    prints = plan(bar).all_prints()

    assert [one.price for one in prints] == prices
    assert {one.quantity for one in prints} == {1}


def test_the_same_seed_plays_the_same_day_and_another_seed_another() -> None:
    bar = PlayedBar(70_000, 71_500, 69_100, 70_800, 12_000_000, 69_900)
    first, again, other = (plan(bar, seed=seed).all_prints() for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_large_day_has_about_the_trades_that_were_asked_for_and_is_busy_at_the_opening() -> None:
    bar = PlayedBar(70_000, 71_500, 69_100, 70_800, 12_000_000, 69_900)
    prints = plan(bar, trades=8_000).all_prints()
    early = sum(one.quantity for one in prints if one.second < HOURS.opens + 1_800)

    assert 7_000 < len(prints) < 9_000
    assert early > 0.1 * bar.volume
