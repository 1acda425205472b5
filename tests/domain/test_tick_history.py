"""Price steps by date."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market, tick_size
from kis_terminal.domain.tick_history import (
    KOSDAQ_TICKS,
    KOSPI_TICKS,
    NO_TICKS,
    round_down_at,
    round_up_at,
    tick_size_at,
    tick_table,
)
from kis_terminal.domain.wall_time import day_seconds
from tests.support.shared import shared_path

OLD, NEW = day_seconds(date(2023, 1, 24)), day_seconds(date(2023, 1, 25))


@given(st.integers(1, 2_000_000), st.sampled_from(InstrumentKind))
def test_the_present_table_is_the_one_of_orders(price: int, kind: InstrumentKind) -> None:
    table = tick_table(Instrument("000000", "", Market.KOSPI, kind))

    assert tick_size_at(float(price), table, NEW) == tick_size(Decimal(price), kind)


@pytest.mark.parametrize(
    ("price", "table", "time", "step"),
    [
        (1_500, KOSPI_TICKS, OLD, 5),
        (1_500, KOSPI_TICKS, NEW, 1),
        (15_000, KOSPI_TICKS, OLD, 50),
        (15_000, KOSPI_TICKS, NEW, 10),
        (150_000, KOSPI_TICKS, OLD, 500),
        (150_000, KOSDAQ_TICKS, OLD, 100),
        (150_000, KOSDAQ_TICKS, NEW, 100),
        (600_000, KOSPI_TICKS, OLD, 1_000),
        (123.4, NO_TICKS, OLD, 0),
    ],
)
def test_steps_of_both_tables(price: float, table: int, time: int, step: float) -> None:
    assert tick_size_at(price, table, time) == step


@given(st.floats(1, 1_500_000), st.sampled_from((KOSPI_TICKS, KOSDAQ_TICKS)), st.sampled_from((OLD, NEW)))
def test_rounding_goes_to_the_nearest_tick_of_its_side(price: float, table: int, time: int) -> None:
    step = tick_size_at(price, table, time)
    lower, upper = round_down_at(price, table, time), round_up_at(price, table, time)

    assert lower <= price * (1 + 1e-8)
    assert upper >= price * (1 - 1e-8)
    assert upper - lower <= step
    assert lower % step == upper % step == 0


@pytest.mark.parametrize("year", [2022, 2024])
def test_no_traded_price_of_the_whole_market_is_off_the_table_of_its_date(year: int) -> None:
    path = shared_path(f"data/krx/market_wide/marcap-{year}-janfeb.csv.gz")
    wrong, seen = [], 0
    with gzip.open(path, "rt", encoding="utf-8-sig") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            if number % 7 or row["Market"] not in ("KOSPI", "KOSDAQ") or not float(row["Volume"] or 0):
                continue
            table = KOSPI_TICKS if row["Market"] == "KOSPI" else KOSDAQ_TICKS
            time = day_seconds(date.fromisoformat(row["Date"][:10]))
            prices = [float(row[name]) for name in ("Open", "High", "Low", "Close")]
            seen += 1
            wrong += [
                (row["Code"], price) for price in prices if price and price % tick_size_at(price, table, time)
            ]

    assert seen > 5_000
    assert wrong == []
