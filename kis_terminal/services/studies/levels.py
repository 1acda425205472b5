"""Levels, changes and counts of prices; definitions in docs/indicators.md."""

from __future__ import annotations

import numpy as np
import talib

from kis_terminal.services.studies.rolling import (
    deviation,
    highest,
    lowest,
    percent_change,
    quotient,
    shifted,
    sma,
)
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study


def maximum(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the highest close, today's included."""
    return highest(bars.close, period)


def minimum(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the lowest close, today's included."""
    return lowest(bars.close, period)


def midpoint(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the middle between the highest and the lowest close."""
    return (highest(bars.close, period) + lowest(bars.close, period)) / 2.0


def midprice(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the middle between the highest high and the lowest low."""
    return (highest(bars.high, period) + lowest(bars.low, period)) / 2.0


def log_return(bars: TradedBars, *, period: int = 1) -> Column:
    """Return the logarithm of the close over the close of `period` bars ago."""
    return np.log(bars.close / shifted(bars.close, period))


def internal_strength(bars: TradedBars) -> Column:
    """Return where the close lies between low (0) and high (1); 0.5 where they are one."""
    return quotient(bars.close - bars.low, bars.high - bars.low, 0.5)


def balance_of_power(bars: TradedBars) -> Column:
    """Return the body over the range, -1 to 1."""
    return talib.BOP(bars.open, bars.high, bars.low, bars.close)


def regression(bars: TradedBars, *, period: int = 14) -> tuple[Column, Column, Column]:
    """Return the regression line's end, its slope a bar, and its value one bar before the window."""
    slope = talib.LINEARREG_SLOPE(bars.close, period)
    return talib.LINEARREG(bars.close, period), slope, talib.LINEARREG_INTERCEPT(bars.close, period) - slope


def pivot(bars: TradedBars, *, left_bars: int = 5, right_bars: int = 5) -> tuple[Column, Column]:
    """Return the last pivot high and low, each known `right_bars` bars after it."""
    peaks = _confirmed(bars.high, left_bars, right_bars)
    troughs = _confirmed(-bars.low, left_bars, right_bars)
    return peaks, -troughs


def augen_spike(bars: TradedBars, *, period: int = 3) -> Column:
    """Return today's change in deviations of the log returns up to yesterday; 0 where they did not move."""
    before = shifted(bars.close, 1)
    returns = np.log(bars.close / before)
    spread = np.full(len(bars), np.nan)
    spread[1:] = deviation(returns[1:], period)
    return quotient(bars.close - before, before * shifted(spread, 1), 0.0)


def consecutive(bars: TradedBars, *, direction: str = "up") -> Column:
    """Return how many closes in a row rose (or fell); an equal close counts from 0 again."""
    result = np.full(len(bars), np.nan)
    if len(bars) < 2:
        return result
    moves = np.diff(bars.close)
    goes_on = moves > 0.0 if direction == "up" else moves < 0.0
    places = np.arange(1, len(bars))
    last_break = np.maximum.accumulate(np.where(goes_on, 0, places))
    result[1:] = places - last_break
    return result


def disparity(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the close in percent of its average; 100 is at the average."""
    return bars.close / sma(bars.close, period) * 100.0


def daily_change(bars: TradedBars) -> Column:
    """Return the change since the bar before in percent."""
    return percent_change(bars.close, 1)


def period_return(bars: TradedBars, *, period: int = 60) -> Column:
    """Return the change over the period in percent."""
    return percent_change(bars.close, period)


def _confirmed(values: Column, left: int, right: int) -> Column:
    """Return the last value above `left` values before it and `right` after it, from when that is known."""
    result = np.full(len(values), np.nan)
    if len(values) <= left + right:
        return result
    candidate = values[left : len(values) - right]
    before = highest(values, left)[left - 1 : len(values) - right - 1]
    after = highest(values, right)[left + right :]
    is_peak = (candidate > before) & (candidate > after)
    last = np.maximum.accumulate(np.where(is_peak, np.arange(len(candidate)), -1))
    known = last >= 0
    result[left + right :][known] = candidate[last[known]]
    return result


LEVELS = (
    ("maximum", Study(maximum, lambda period: period - 1)),
    ("minimum", Study(minimum, lambda period: period - 1)),
    ("midpoint", Study(midpoint, lambda period: period - 1)),
    ("midprice", Study(midprice, lambda period: period - 1)),
    ("logr", Study(log_return, lambda period: period)),
    ("ibs", Study(internal_strength, lambda: 0)),
    ("bop", Study(balance_of_power, lambda: 0)),
    (
        "regression",
        Study(regression, lambda period: period - 1, ("value", "slope", "intercept")),
    ),
    ("pivot", Study(pivot, lambda left_bars, right_bars: left_bars + right_bars, ("high", "low"))),
    ("augen", Study(augen_spike, lambda period: period + 1)),
    ("consecutive", Study(consecutive, lambda direction: 1)),
    ("disparity", Study(disparity, lambda period: period - 1)),
    ("change", Study(daily_change, lambda: 1)),
    ("returns", Study(period_return, lambda period: period)),
)
