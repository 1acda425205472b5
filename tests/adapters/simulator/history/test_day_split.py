from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.history.day_split import split_day
from kis_terminal.adapters.simulator.history.made_up_day import ticks_of_minute

MINUTES = [*range(380), 390]


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[int, int, int, int], int, int]:
    """Draw (open, high, low, close), volume and turnover of a possible day."""
    low = 100 * draw(st.integers(min_value=500, max_value=900))
    high = low + 100 * draw(st.integers(min_value=0, max_value=60))
    first = draw(st.integers(min_value=low // 100, max_value=high // 100)) * 100
    last = draw(st.integers(min_value=low // 100, max_value=high // 100)) * 100
    volume = draw(st.integers(min_value=2, max_value=2_000_000))
    return (first, high, low, last), volume, volume * (first + last) // 2


@given(days(), st.integers(min_value=0, max_value=2**32))
def test_minutes_add_up_to_the_day(day: tuple[tuple[int, int, int, int], int, int], seed: int) -> None:
    ohlc, volume, turnover = day

    rows = split_day(ohlc, volume, turnover, MINUTES, seed, "stock")

    assert (rows[0].open, rows[-1].close) == (ohlc[0], ohlc[3])
    assert (max(row.high for row in rows), min(row.low for row in rows)) == (ohlc[1], ohlc[2])
    assert sum(row.volume for row in rows) == volume
    assert sum(row.turnover for row in rows) == turnover
    assert all(row.volume > 0 and row.low <= min(row.open, row.close) for row in rows)
    assert all(max(row.open, row.close) <= row.high for row in rows)
    assert [row.minute for row in rows] == sorted({row.minute for row in rows})


def test_prices_turn_back_at_the_extremes_and_do_not_stand_on_them() -> None:
    _, high, low, _ = day = (56_500, 58_200, 55_000, 55_600)
    for seed in range(20):
        rows = split_day(day, 6_000_000, 6_000_000 * 56_000, MINUTES, seed, "stock")

        still = [row for row in rows if row.high == row.low and row.close in (high, low)]
        assert len(still) < 0.1 * len(rows)


def test_a_halted_day_has_no_minutes() -> None:
    assert split_day((100, 100, 100, 100), 0, 0, MINUTES, 1, "stock") == []


@given(days(), st.integers(min_value=0, max_value=2**32))
def test_ticks_add_up_to_their_minute(day: tuple[tuple[int, int, int, int], int, int], seed: int) -> None:
    row = split_day(*day, MINUTES, seed, "stock")[0]

    ticks = ticks_of_minute(row, "005930")

    assert sum(quantity for _, _, quantity, _ in ticks) == row.volume
    assert all(row.low <= price <= row.high and quantity > 0 for _, price, quantity, _ in ticks)
    assert ticks[-1][1] == row.close
    assert [second for second, *_ in ticks] == sorted(second for second, *_ in ticks)
