"""Volatility indicators and bands; definitions in docs/indicators.md."""

from __future__ import annotations

from math import sqrt

import numpy as np
import talib

from kis_terminal.services.studies.rolling import (
    deviation,
    highest,
    lowest,
    quotient,
    shifted,
    sma,
    summed,
    true_range,
    variance,
)
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study

Bands = tuple[Column, Column, Column]
_BANDS = ("upper", "middle", "lower")


def average_range(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the simple average of the true range, in the price's unit."""
    return sma(true_range(bars.high, bars.low, bars.close), period)


def normalised_range(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Wilder's average of the true range in percent of the close."""
    return talib.NATR(bars.high, bars.low, bars.close, period)


def bollinger(bars: TradedBars, *, period: int = 20, std: float = 2.0) -> Bands:
    """Return the simple average and `std` population deviations on both sides."""
    middle, distance = sma(bars.close, period), std * deviation(bars.close, period)
    return middle + distance, middle, middle - distance


def keltner(bars: TradedBars, *, period: int = 20, multiplier: float = 2.0) -> Bands:
    """Return the average of the typical price and multiples of the average true range on both sides."""
    middle = sma((bars.high + bars.low + bars.close) / 3.0, period)
    distance = multiplier * average_range(bars, period=period)
    return middle + distance, middle, middle - distance


def donchian(bars: TradedBars, *, period: int = 20) -> tuple[Column, Column]:
    """Return the highest high and the lowest low, today's included."""
    return highest(bars.high, period), lowest(bars.low, period)


def standard_deviation(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the population deviation of the closes."""
    return deviation(bars.close, period)


def closes_variance(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the population variance of the closes."""
    return variance(bars.close, period)


def acceleration_bands(bars: TradedBars, *, period: int = 20, width: float = 4.0) -> Bands:
    """Return Headley's bands; TA-Lib's have width 4."""
    spread = width * (bars.high - bars.low) / (bars.high + bars.low)
    return (
        sma(bars.high * (1.0 + spread), period),
        sma(bars.close, period),
        sma(bars.low * (1.0 - spread), period),
    )


def market_beta(bars: TradedBars, *, period: int = 252) -> Column:
    """Return the slope of the returns against those of the market; NaN without a market index."""
    result = np.full(len(bars), np.nan)
    if bars.market is None or len(bars) <= period:
        return result
    ours, theirs = _returns(bars.close)[1:], _returns(bars.market)[1:]
    our_mean, their_mean = sma(ours, period)[period - 1 :], sma(theirs, period)[period - 1 :]
    shared = summed(lambda place: (ours[place] - our_mean) * (theirs[place] - their_mean), len(ours), period)
    own = summed(lambda place: np.square(theirs[place] - their_mean), len(theirs), period)
    result[period:] = quotient(shared, own, np.nan)
    return result


def market_alpha(bars: TradedBars, *, period: int = 252) -> Column:
    """Return the return over the period less beta times the market's, a fraction; NaN without an index."""
    if bars.market is None:
        return np.full(len(bars), np.nan)
    ours = bars.close / shifted(bars.close, period) - 1.0
    theirs = bars.market / shifted(bars.market, period) - 1.0
    return ours - market_beta(bars, period=period) * theirs


def return_volatility(bars: TradedBars, *, period: int = 10) -> Column:
    """Return the sample deviation of the last returns, a fraction."""
    returns = _returns(bars.close)
    result = np.full(len(bars), np.nan)
    result[1:] = deviation(returns[1:], period) * sqrt(period / (period - 1))
    return result


def _returns(closes: Column) -> Column:
    return closes / shifted(closes, 1) - 1.0


VOLATILITY = (
    ("atr", Study(average_range, lambda period: period)),
    ("natr", Study(normalised_range, lambda period: period)),
    ("bollinger", Study(bollinger, lambda period, std: period - 1, _BANDS)),
    ("keltner", Study(keltner, lambda period, multiplier: period, _BANDS)),
    ("donchian", Study(donchian, lambda period: period - 1, ("upper", "lower"))),
    ("std", Study(standard_deviation, lambda period: period - 1)),
    ("variance", Study(closes_variance, lambda period: period - 1)),
    ("accbands", Study(acceleration_bands, lambda period, width: period - 1, _BANDS)),
    ("beta", Study(market_beta, lambda period: period)),
    ("alpha", Study(market_alpha, lambda period: period)),
    ("volatility_ind", Study(return_volatility, lambda period: period)),
)
