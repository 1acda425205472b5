"""Indicators against the published series, against the plain recursion, and on inputs nobody wishes for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kis_terminal.domain import indicators
from tests.support.shared import shared_path

Column = NDArray[np.float64]


def closes(name: str) -> Column:
    with shared_path(f"data/indicators/{name}.csv").open(encoding="utf-8") as file:
        rows = [row["close"] for row in csv.DictReader(file)]
    return np.array([float(text) for text in rows if text])


def published(name: str, field: str) -> Column:
    rows = json.loads(shared_path(f"data/indicators/{name}.standard.json").read_text(encoding="utf-8"))
    return np.array([np.nan if row[field] is None else row[field] for row in rows])


@pytest.mark.parametrize(
    ("name", "field", "compute"),
    [
        ("sma", "sma", lambda close: indicators.sma(close, 20)),
        ("ema", "ema", lambda close: indicators.ema(close, 20)),
        ("rsi", "rsi", lambda close: indicators.rsi(close, 14)),
        ("bb", "lowerBand", lambda close: indicators.bollinger(close)[0]),
        ("bb", "sma", lambda close: indicators.bollinger(close)[1]),
        ("bb", "upperBand", lambda close: indicators.bollinger(close)[2]),
        ("macd", "macd", lambda close: indicators.macd(close)[0]),
        ("macd", "signal", lambda close: indicators.macd(close)[1]),
        ("macd", "histogram", lambda close: indicators.macd(close)[2]),
    ],
)
def test_published_series(name: str, field: str, compute: Callable[[Column], Column]) -> None:
    expected = published(name, field)

    computed = compute(closes("quotes-default"))

    np.testing.assert_allclose(computed, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("name", ["quotes-bad", "quotes-zeros", "quotes-penny", "quotes-toobig"])
def test_odd_inputs_give_no_infinity(name: str) -> None:
    close = closes(name)

    results = [
        indicators.sma(close, 20),
        indicators.ema(close, 20),
        indicators.rsi(close),
        *indicators.bollinger(close),
        *indicators.macd(close),
    ]

    assert not any(np.isinf(result).any() for result in results)
    assert all(len(result) == len(close) for result in results)


@pytest.mark.parametrize("count", [0, 1, 2, 13, 14, 25])
def test_too_short_history_is_unknown(count: int) -> None:
    close = np.linspace(100.0, 120.0, count)

    for result in (indicators.ema(close, 26), indicators.sma(close, 26), *indicators.macd(close)):
        assert len(result) == count
        assert np.isnan(result).all()


def test_nothing_moved_is_neither_strong_nor_weak() -> None:
    assert indicators.rsi(np.full(20, 70_000.0))[-1] == 50.0


def test_flat_prices_have_bands_without_width() -> None:
    lower, middle, upper = indicators.bollinger(np.full(50_000, 71_300.0))

    assert lower[-1] == middle[-1] == upper[-1] == 71_300.0


def plain_ema(close: Column, period: int) -> list[float]:
    value = float(np.mean(close[:period]))
    result = [float("nan")] * (period - 1) + [value]
    for price in close[period:]:
        value += 2.0 / (period + 1) * (float(price) - value)
        result.append(value)
    return result


@given(
    st.lists(st.floats(min_value=1.0, max_value=5e6), min_size=1, max_size=300),
    st.integers(min_value=1, max_value=60),
)
def test_ema_equals_the_plain_recursion(prices: list[float], period: int) -> None:
    close = np.array(prices)
    expected = plain_ema(close, period) if len(close) >= period else [float("nan")] * len(close)

    # Beside a price a million times larger the last digits of a small one are lost in either way of adding.
    np.testing.assert_allclose(
        indicators.ema(close, period), expected, rtol=1e-10, atol=1e-13 * close.max(), equal_nan=True
    )


@pytest.mark.parametrize("period", [2, 5, 26, 200])
def test_ema_over_many_blocks_equals_the_plain_recursion(period: int) -> None:
    close = 80_000 + np.cumsum(np.random.default_rng(3).normal(0, 50, 70_000))

    np.testing.assert_allclose(indicators.ema(close, period), plain_ema(close, period), rtol=1e-11)


@pytest.mark.parametrize("period", [9, 14, 26])
def test_bars_beyond_the_memory_do_not_show(period: int) -> None:
    """A chart computes the visible stretch only, with so many bars before it."""
    close = 80_000 + np.cumsum(np.random.default_rng(4).normal(0, 50, 3_000))
    for compute, reach in (
        (indicators.ema, indicators.ema_memory(period)),
        (indicators.rsi, indicators.wilder_memory(period)),
    ):
        tail = compute(close[-(reach + 1) :], period)[-1]

        assert tail == pytest.approx(compute(close, period)[-1], rel=1e-12)


def test_averaged_bars_follow_their_definition() -> None:
    bars = np.array(
        [[100, 110, 95, 105, 7], [105, 120, 104, 118, 8], [118, 119, 100, 101, 9]], dtype=np.float64
    )

    averaged = indicators.heikin_ashi(bars)

    assert averaged[0].tolist() == [102.5, 110.0, 95.0, 102.5, 7.0]
    assert averaged[1].tolist() == [102.5, 120.0, 102.5, 111.75, 8.0]
    assert averaged[2].tolist() == [107.125, 119.0, 100.0, 109.5, 9.0]
