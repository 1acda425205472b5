"""The figures against empyrical-reloaded, an independent reckoning, on real prices of the exchange."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.figures import figures, returns_of
from tests.support.shared import shared_path

CASH = 100_000_000.0


@pytest.fixture(scope="module")
def oracle() -> Any:
    return pytest.importorskip("empyrical")


def closes(relative: str) -> tuple[np.ndarray, np.ndarray]:
    with shared_path(f"data/krx/{relative}").open(encoding="utf-8-sig") as file:
        rows = [(row["Date"], float(row["Close"])) for row in csv.DictReader(file) if float(row["Close"]) > 0]
    times = np.array([day_seconds(date.fromisoformat(day)) for day, _ in rows], dtype=np.int64)
    return times, np.array([close for _, close in rows])


def shares_and_index(symbol: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the days both traded, what buying for all the cash was worth, and the index."""
    times, prices = closes(f"daily_adjusted_2000_2024/{symbol}.csv")
    index_times, index = closes("kospi200_index_daily.csv")
    common, own, its = np.intersect1d(times, index_times, return_indices=True)
    return common, prices[own] / prices[own][0] * CASH, index[its]


@pytest.mark.parametrize("symbol", ["005930", "000660", "035420"])
def test_risk_figures_equal_the_oracle(symbol: str, oracle: Any) -> None:
    times, equity, _ = shares_and_index(symbol)

    ours = figures(times, equity, [], [], cash=CASH).summary
    rates = returns_of(times, equity, CASH).rates

    checks: dict[str, Callable[[Any], float]] = {
        "sharpe": oracle.sharpe_ratio,
        "sortino": oracle.sortino_ratio,
        "volatility": oracle.annual_volatility,
        "max_drawdown": lambda values: -oracle.max_drawdown(values),
        "total_return": oracle.cum_returns_final,
    }
    for name, theirs in checks.items():
        assert ours[name] == pytest.approx(float(theirs(rates)), rel=1e-9), name


@pytest.mark.parametrize("symbol", ["005930", "068270"])
def test_benchmark_figures_equal_the_oracle(symbol: str, oracle: Any) -> None:
    times, equity, index = shares_and_index(symbol)

    ours = figures(times, equity, [], [], cash=CASH, benchmark=index).summary
    own = returns_of(times, equity, CASH).rates
    its = returns_of(times, index, float(index[0])).rates

    assert ours["beta"] == pytest.approx(float(oracle.beta(own, its)), rel=1e-9)
    assert ours["tracking_error"] == pytest.approx(float(oracle.annual_volatility(own - its)), rel=1e-9)
    assert ours["benchmark_return"] == pytest.approx(float(oracle.cum_returns_final(its)), rel=1e-9)


def test_growth_a_year_differs_from_the_oracle_by_the_calendar_alone(oracle: Any) -> None:
    times, equity, _ = shares_and_index("005930")

    ours = figures(times, equity, [], [], cash=CASH).summary
    rates = returns_of(times, equity, CASH).rates

    # The oracle counts 252 points a year, we count the calendar.
    per_year = len(rates) / ours["years"]
    assert ours["cagr"] == pytest.approx(float(oracle.cagr(rates, annualization=per_year)), rel=1e-9)


def test_a_risk_free_rate_lowers_sharpe_as_the_oracle_says(oracle: Any) -> None:
    times, equity, _ = shares_and_index("005930")

    ours = figures(times, equity, [], [], cash=CASH, risk_free=0.03).summary
    rates = returns_of(times, equity, CASH).rates

    a_day = 1.03 ** (1 / 252) - 1
    assert ours["sharpe"] == pytest.approx(float(oracle.sharpe_ratio(rates, risk_free=a_day)), rel=1e-9)
    assert ours["sortino"] == pytest.approx(
        float(oracle.sortino_ratio(rates, required_return=a_day)), rel=1e-9
    )
