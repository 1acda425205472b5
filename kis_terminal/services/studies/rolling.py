"""Windows that several indicators are made of: thin over TA-Lib, with a period of 1 where it refuses it.

Every value is computed in the order of the bars, so that a later bar never changes the last bit of an earlier
one. Leading NaN of an input are skipped, as TA-Lib does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import talib

from kis_terminal.services.studies.series import Column


def sma(values: Column, period: int) -> Column:
    """Return the simple average."""
    return talib.SMA(values, period)


def ema(values: Column, period: int) -> Column:
    """Return the exponential average, started from the simple one of the first `period` values."""
    return talib.EMA(values, period)


def linear_weighted(values: Column, period: int) -> Column:
    """Return the average with weights 1 … period, the newest the heaviest."""
    return talib.WMA(values, period)


def wilder(values: Column, period: int) -> Column:
    """Return Wilder's average, `y += (x - y) / period`, started from the simple one of the first values."""
    result = np.full(len(values), np.nan)
    first = leading_unknown(values) + period - 1
    if first >= len(values):
        return result
    average = float(talib.SMA(values[: first + 1], period)[-1])
    averages = [average]
    for value in values[first + 1 :].tolist():
        average += (value - average) / period
        averages.append(average)
    result[first:] = averages
    return result


def total(values: Column, period: int) -> Column:
    """Return the sum over the window."""
    return values.copy() if period == 1 else talib.SUM(values, period)


def highest(values: Column, period: int) -> Column:
    """Return the highest value of the window, today's included."""
    return values.copy() if period == 1 else talib.MAX(values, period)


def lowest(values: Column, period: int) -> Column:
    """Return the lowest value of the window, today's included."""
    return values.copy() if period == 1 else talib.MIN(values, period)


def summed(term: Callable[[slice], Column], count: int, period: int) -> Column:
    """Return for each whole window the sum of `term` over its places, `(count - period + 1,)`.

    `term` gets, for the oldest place of all windows first, the slice of the values at that place.
    """
    windows = max(0, count - period + 1)
    result = np.zeros(windows)
    for place in range(period if windows else 0):
        result += term(slice(place, place + windows))
    return result


def deviation(values: Column, period: int) -> Column:
    """Return the population standard deviation.

    Differences are squared around each window's own mean. TA-Lib subtracts the square of the mean from the
    mean of the squares, which leaves some hundredths of a won of a flat price of a million won.
    """
    return np.sqrt(variance(values, period))


def variance(values: Column, period: int) -> Column:
    """Return the population variance, as `deviation` does."""
    result = np.full(len(values), np.nan)
    means = sma(values, period)[period - 1 :]
    result[period - 1 :] = (
        summed(lambda place: np.square(values[place] - means), len(values), period) / period
    )
    return result


def shifted(values: Column, bars: int) -> Column:
    """Return the values of `bars` bars ago, NaN where there is none."""
    result = np.full(len(values), np.nan)
    if bars < len(values):
        result[bars:] = values[: len(values) - bars]
    return result


def quotient(numerator: Column, denominator: Column, otherwise: float | Column) -> Column:
    """Return the quotient, `otherwise` where the denominator is 0; NaN stays NaN."""
    result = np.broadcast_to(np.asarray(otherwise, dtype=np.float64), numerator.shape).copy()
    return np.divide(numerator, denominator, out=result, where=denominator != 0.0)


def leading_unknown(values: Column) -> int:
    """Return how many values come before the first that is known."""
    known = ~np.isnan(values)
    return int(known.argmax()) if known.any() else len(values)


def true_range(high: Column, low: Column, close: Column) -> Column:
    """Return the widest of high - low and both distances from the close before; NaN on the first bar."""
    return talib.TRANGE(high, low, close)


def percent_change(values: Column, bars: int) -> Column:
    """Return the change over `bars` bars in percent."""
    return talib.ROC(values, bars)
