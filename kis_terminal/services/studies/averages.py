"""Moving averages; definitions in docs/indicators.md."""

from __future__ import annotations

from math import exp, floor, log, log2, sqrt

import numpy as np
import talib

from kis_terminal.services.studies.rolling import (
    ema,
    highest,
    linear_weighted,
    lowest,
    shifted,
    sma,
    summed,
    wilder,
)
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study

_FRAMA_LONG = 198


def simple(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the simple average of the closes."""
    return sma(bars.close, period)


def exponential(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the exponential average of the closes, seeded with the simple one."""
    return ema(bars.close, period)


def double_exponential(bars: TradedBars, *, period: int = 20) -> Column:
    """Return 2 EMA - EMA(EMA)."""
    return talib.DEMA(bars.close, period)


def triple_exponential(bars: TradedBars, *, period: int = 20) -> Column:
    """Return 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA))."""
    return talib.TEMA(bars.close, period)


def hull(bars: TradedBars, *, period: int = 20) -> Column:
    """Return Hull's average: linear weights over twice the short average less the long one."""
    short = linear_weighted(bars.close, round(period / 2))
    return linear_weighted(2.0 * short - linear_weighted(bars.close, period), round(sqrt(period)))


def kaufman(bars: TradedBars, *, period: int = 10) -> Column:
    """Return Kaufman's adaptive average; fast 2 and slow 30 are fixed."""
    return talib.KAMA(bars.close, period)


def arnaud_legoux(bars: TradedBars, *, period: int = 9, sigma: float = 6.0, offset: float = 0.85) -> Column:
    """Return the average with Gaussian weights around a whole place of the window."""
    centre, width = floor(offset * (period - 1)), period / sigma
    weights = [exp(-((place - centre) ** 2) / (2.0 * width * width)) for place in range(period)]
    whole = sum(weights)
    result = np.full(len(bars), np.nan)
    result[period - 1 :] = summed(
        lambda place: bars.close[place] * (weights[place.start] / whole), len(bars), period
    )
    return result


def linear(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the average with weights 1 … period."""
    return linear_weighted(bars.close, period)


def triangular(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the triangular average."""
    return talib.TRIMA(bars.close, period)


def tillson(bars: TradedBars, *, period: int = 10, volume_factor: float = 0.7) -> Column:
    """Return Tillson's T3."""
    return talib.T3(bars.close, period, volume_factor)


def zero_lag(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the exponential average of the close plus its change over half the period."""
    return ema(2.0 * bars.close - shifted(bars.close, _zero_lag(period)), period)


def wilders(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Wilder's average."""
    return wilder(bars.close, period)


def fractal(bars: TradedBars, *, period: int = 16) -> Column:
    """Return Ehlers' fractal adaptive average of the bars' middles; `period` is even."""
    half = period // 2
    spread = (highest(bars.high, half) - lowest(bars.low, half)) / half
    halves = spread + shifted(spread, half)
    whole = (highest(bars.high, period) - lowest(bars.low, period)) / period
    weight = log(2.0 / (1 + _FRAMA_LONG))
    middles = ((bars.high + bars.low) / 2.0).tolist()
    result = [np.nan] * len(middles)
    for bar in range(period - 1, len(middles)):
        before = middles[bar - 1] if bar < period else result[bar - 1]
        near, far = float(halves[bar]), float(whole[bar])
        dimension = log2(near) - log2(far) if near > 0.0 and far > 0.0 else 0.0
        alpha = min(1.0, max(0.01, exp(weight * (dimension - 1.0))))
        result[bar] = alpha * middles[bar] + (1.0 - alpha) * before
    return np.array(result, dtype=np.float64)


def variable_dynamic(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Chande's VIDYA: an average whose speed is the size of the momentum oscillator."""
    speeds = (np.abs(talib.CMO(bars.close, period)) * (0.02 / (period + 1))).tolist()
    closes = bars.close.tolist()
    result = np.full(len(bars), np.nan)
    if len(bars) > period:
        average = closes[period - 1]
        averages = []
        for close, speed in zip(closes[period:], speeds[period:], strict=True):
            average += speed * (close - average)
            averages.append(average)
        result[period:] = averages
    return result


def _zero_lag(period: int) -> int:
    return round((period - 1) / 2)


AVERAGES = (
    ("sma", Study(simple, lambda period: period - 1)),
    ("ema", Study(exponential, lambda period: period - 1)),
    ("dema", Study(double_exponential, lambda period: 2 * (period - 1))),
    ("tema", Study(triple_exponential, lambda period: 3 * (period - 1))),
    ("hma", Study(hull, lambda period: period + round(sqrt(period)) - 2)),
    ("kama", Study(kaufman, lambda period: period if period > 1 else 0)),
    ("alma", Study(arnaud_legoux, lambda period, sigma, offset: period - 1)),
    ("lwma", Study(linear, lambda period: period - 1)),
    ("trima", Study(triangular, lambda period: period - 1)),
    ("t3", Study(tillson, lambda period, volume_factor: 6 * (period - 1))),
    ("zlema", Study(zero_lag, lambda period: _zero_lag(period) + period - 1)),
    ("wma", Study(wilders, lambda period: period - 1)),
    ("frama", Study(fractal, lambda period: period - 1)),
    ("vidya", Study(variable_dynamic, lambda period: period)),
)
