"""The figures of a run: returns, risk, benchmark, trading. docs/backtesting.md defines each beside its name.

Rates are fractions (0.17 is 17 %), amounts won, lengths calendar days. What is not defined (no loss to divide
by, no closed trade, one day only) is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestTrade
from kis_terminal.services.backtest.figure_warnings import Course, warnings_about
from kis_terminal.services.backtest.trading_figures import days_held, trading_figures

Figure = float | int | None
Numbers = NDArray[np.float64]
DAY = 86_400
_YEAR_DAYS = 365.0
_BENCHMARK_FIGURES = (
    "benchmark_return",
    "benchmark_cagr",
    "excess_return",
    "alpha",
    "beta",
    "correlation",
    "information_ratio",
    "tracking_error",
    "treynor",
)
# Longest usual gap between two points in days -> how many of them make a year.
_PERIODS_A_YEAR = ((4.5, 252), (10.0, 52), (45.0, 12), (120.0, 4))


class Figures(NamedTuple):
    """What `figures` returns; the fields of BacktestResult of the same names."""

    summary: dict[str, Figure]
    drawdown: Numbers
    """`(n,)`: 0 to -1."""
    monthly: dict[str, float]
    warnings: tuple[str, ...]


class Returns(NamedTuple):
    """An equity curve by days (or weeks, months where the bars are)."""

    days: NDArray[np.int64]
    """`(m,)` days since 1970."""
    equity: Numbers
    """`(m,)` at the end of each."""
    rates: Numbers
    """`(m,)`; the first against what the run began with."""
    periods_a_year: int


def figures(
    times: NDArray[np.int64],
    equity: Numbers,
    fills: Sequence[BacktestFill],
    trades: Sequence[BacktestTrade],
    *,
    cash: float,
    benchmark: Numbers | None = None,
    risk_free: float = 0.0,
) -> Figures:
    """Return summary, drawdown, months and warnings of a run.

    `times` are the wall seconds of the equity curve's `(n,)` points, rising; `equity` is cash and holdings at
    each bar's end; `cash` is what the run began with; `benchmark` is `(n,)` in any unit, NaN before it began.
    `risk_free` is a fraction a year. Raises ValueError when times and equity differ in length.
    """
    if len(times) != len(equity):
        raise ValueError(f"{len(equity)} points of equity for {len(times)} times")
    drawdown = drawdown_of(equity, cash)
    if len(times) == 0:
        return Figures({"start_equity": cash, "final_equity": cash}, drawdown, {}, ())
    returns = returns_of(times, equity, cash)
    held = days_held(times, fills)
    summary: dict[str, Figure] = {
        **_growth(returns, cash),
        **_risk(returns, drawdown, times, cash, risk_free),
        **_against_benchmark(returns, times, benchmark, cash, risk_free),
        **trading_figures(fills, trades, equity=equity, years=_years(returns)),
        "exposure": float(np.mean(held)),
    }
    since_first = _since_first_fill(returns, fills)
    summary["sharpe_since_first_fill"] = None if since_first is None else sharpe(since_first, risk_free)
    course = Course(
        days=int(returns.days[-1] - returns.days[0]),
        points=len(returns.days),
        idle_points=None if since_first is None else len(returns.days) - len(since_first.days),
    )
    return Figures(summary, drawdown, monthly_of(returns, cash), warnings_about(summary, trades, course))


def drawdown_of(equity: Numbers, cash: float) -> Numbers:
    """Return `(n,)`, 0 to -1: how far each point lies under the highest so far, the beginning included."""
    if len(equity) == 0:
        return np.zeros(0)
    peak = np.maximum(np.maximum.accumulate(equity), cash)
    fallen: Numbers = np.maximum(equity / peak - 1.0, -1.0)
    return fallen


def returns_of(times: NDArray[np.int64], equity: Numbers, cash: float) -> Returns:
    """Return the curve by days: the last point of each, and what each earned."""
    days = times // DAY
    last_of_day = np.append(np.flatnonzero(days[1:] != days[:-1]), len(days) - 1)
    at_close = equity[last_of_day]
    before = np.concatenate(([cash], at_close[:-1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(before > 0, at_close / before - 1.0, 0.0)
    return Returns(days[last_of_day], at_close, rates, _periods_a_year(days[last_of_day]))


def monthly_of(returns: Returns, cash: float) -> dict[str, float]:
    """Return `YYYY-MM` -> what the month earned, the first against what the run began with."""
    months = returns.days.astype("datetime64[D]").astype("datetime64[M]")
    last_of_month = np.append(np.flatnonzero(months[1:] != months[:-1]), len(months) - 1)
    at_end = returns.equity[last_of_month]
    before = np.concatenate(([cash], at_end[:-1]))
    return {
        str(month): float(end / start - 1.0)
        for month, start, end in zip(months[last_of_month], before, at_end, strict=True)
        if start > 0
    }


def sharpe(returns: Returns, risk_free: float = 0.0) -> float | None:
    """Return the mean excess return over its sample deviation, both by the year; None without movement."""
    excess = returns.rates - _by_period(risk_free, returns.periods_a_year)
    deviation = _deviation(excess)
    return None if not deviation else float(excess.mean()) / deviation * math.sqrt(returns.periods_a_year)


def sortino(returns: Returns, risk_free: float = 0.0) -> float | None:
    """Return the mean excess return over the downside deviation; None where nothing fell."""
    excess = returns.rates - _by_period(risk_free, returns.periods_a_year)
    downside = math.sqrt(float(np.mean(np.square(np.minimum(excess, 0.0)))))
    if downside == 0:
        return None
    return float(excess.mean()) / downside * math.sqrt(returns.periods_a_year)


def annual_growth(start: float, end: float, years: float) -> float | None:
    """Return the compound growth a year; None for no time; -1 when all is lost."""
    if years <= 0 or start <= 0:
        return None
    if end <= 0:
        return -1.0
    growth = math.log(end / start) / years
    # A few days of gain grown over a year can leave the range of numbers.
    return math.expm1(growth) if growth < 700 else None


def _growth(returns: Returns, cash: float) -> dict[str, Figure]:
    final = float(returns.equity[-1])
    years = _years(returns)
    return {
        "start_equity": cash,
        "final_equity": final,
        "total_return": final / cash - 1.0 if cash > 0 else None,
        "cagr": annual_growth(cash, final, years),
        "years": years,
        "best_day": float(returns.rates.max()),
        "worst_day": float(returns.rates.min()),
    }


def _risk(
    returns: Returns, drawdown: Numbers, times: NDArray[np.int64], cash: float, risk_free: float
) -> dict[str, Figure]:
    deviation = _deviation(returns.rates)
    deepest = -float(drawdown.min())
    growth = annual_growth(cash, float(returns.equity[-1]), _years(returns))
    deepest_days, longest_days, recovered_days = _drawdown_lengths(times, drawdown)
    return {
        "volatility": None if deviation is None else deviation * math.sqrt(returns.periods_a_year),
        "sharpe": sharpe(returns, risk_free),
        "sortino": sortino(returns, risk_free),
        "calmar": None if growth is None or deepest == 0 else growth / deepest,
        "max_drawdown": abs(deepest),  # a curve that never falls has -0.0
        "max_drawdown_days": deepest_days,
        "longest_drawdown_days": longest_days,
        "drawdown_recovery_days": recovered_days,
        "risk_free_rate": risk_free,
    }


def _drawdown_lengths(times: NDArray[np.int64], drawdown: Numbers) -> tuple[int, int, int | None]:
    """Return in days how long the deepest and the longest fall lasted, and the longest that was made good.

    A fall lasts from its peak until the peak is reached again, or to the end where it never is.
    """
    under = drawdown < 0
    if not under.any():
        return 0, 0, None
    edges = np.diff(np.concatenate(([0], under.view(np.int8), [0])))
    first, after = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    days = times // DAY
    ends = days[np.minimum(after, len(days) - 1)]
    lengths = ends - days[np.maximum(first - 1, 0)]
    deepest = int(np.searchsorted(after, int(np.argmin(drawdown)), side="right"))
    made_good = lengths[after < len(days)]
    return int(lengths[deepest]), int(lengths.max()), int(made_good.max()) if len(made_good) else None


def _against_benchmark(
    returns: Returns,
    times: NDArray[np.int64],
    benchmark: Numbers | None,
    cash: float,
    risk_free: float,
) -> dict[str, Figure]:
    result: dict[str, Figure] = dict.fromkeys(_BENCHMARK_FIGURES)
    if benchmark is None or not np.isfinite(benchmark).any():
        return result
    # Both are compared where both are known: from the benchmark's first point on.
    known = np.isfinite(benchmark) & (benchmark > 0)
    index = returns_of(times[known], benchmark[known], float(benchmark[known][0]))
    begun = int(np.searchsorted(returns.days, index.days[0]))
    own = returns.rates[begun:]
    its = _on_days(index, returns.days[begun:])
    years = _years_between(returns.days[begun:])
    own_growth = annual_growth(1.0, float(np.prod(1.0 + own)), years)
    its_growth = annual_growth(1.0, float(np.prod(1.0 + its)), years)
    its_return = float(np.prod(1.0 + its)) - 1.0
    result["benchmark_return"] = its_return
    result["benchmark_cagr"] = its_growth
    result["excess_return"] = float(np.prod(1.0 + own)) - 1.0 - its_return
    if len(own) < 3 or own_growth is None or its_growth is None:
        return result
    variance, own_variance = float(np.var(its, ddof=1)), float(np.var(own, ddof=1))
    covariance = float(np.mean((own - own.mean()) * (its - its.mean()))) * len(own) / (len(own) - 1)
    away = _deviation(own - its)
    if away:
        tracking_error = away * math.sqrt(returns.periods_a_year)
        result["tracking_error"] = tracking_error
        result["information_ratio"] = (own_growth - its_growth) / tracking_error
    if variance > 0:
        beta = covariance / variance
        result["beta"] = beta
        result["alpha"] = own_growth - (risk_free + beta * (its_growth - risk_free))
        if beta != 0:
            result["treynor"] = (own_growth - risk_free) / beta
        if own_variance > 0:
            result["correlation"] = covariance / math.sqrt(variance * own_variance)
    return result


def _on_days(index: Returns, days: NDArray[np.int64]) -> Numbers:
    """Return what the index earned on each of `days`; a day it did not trade earned nothing."""
    level = index.equity[np.searchsorted(index.days, days, side="right") - 1]
    rates: Numbers = level / np.concatenate((level[:1], level[:-1])) - 1.0
    return rates


def _since_first_fill(returns: Returns, fills: Sequence[BacktestFill]) -> Returns | None:
    """Return the part of the curve from the day of the first execution on."""
    if not fills:
        return None
    first = int(np.searchsorted(returns.days, min(fill.time for fill in fills) // DAY))
    return returns._replace(
        days=returns.days[first:], equity=returns.equity[first:], rates=returns.rates[first:]
    )


def _deviation(values: Numbers) -> float | None:
    """Return the sample deviation; None for fewer than two values or none that differ."""
    if len(values) < 2:
        return None
    deviation = float(np.std(values, ddof=1))
    # Equal values differ by rounding alone.
    return deviation if deviation > 1e-14 else None


def _by_period(yearly: float, periods: int) -> float:
    return float((1.0 + yearly) ** (1.0 / periods) - 1.0)


def _years(returns: Returns) -> float:
    return _years_between(returns.days)


def _years_between(days: NDArray[np.int64]) -> float:
    return float(days[-1] - days[0]) / _YEAR_DAYS


def _periods_a_year(days: NDArray[np.int64]) -> int:
    gap = float(np.median(np.diff(days))) if len(days) > 1 else 1.0
    return next((periods for longest, periods in _PERIODS_A_YEAR if gap <= longest), 1)
