"""Trend indicators; definitions in docs/indicators.md."""

from __future__ import annotations

from math import log, log10

import numpy as np
import talib

from kis_terminal.services.studies.rolling import (
    ema,
    highest,
    linear_weighted,
    lowest,
    percent_change,
    quotient,
    shifted,
    sma,
    total,
    true_range,
)
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study

_SENKOU_B_DELAY = 26
_KST_SMOOTHING = (10, 10, 10, 15)
_KST_SIGNAL = 9
_SCHAFF_SMOOTHING = 3
_FISHER_LIMIT = 0.999


def directional(bars: TradedBars, *, period: int = 14) -> tuple[Column, Column, Column]:
    """Return the average directional index, +DI and -DI, 0 to 100."""
    prices = (bars.high, bars.low, bars.close)
    return talib.ADX(*prices, period), talib.PLUS_DI(*prices, period), talib.MINUS_DI(*prices, period)


def directional_rating(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the average of ADX and the ADX of `period - 1` bars ago."""
    return talib.ADXR(bars.high, bars.low, bars.close, period)


def ichimoku(
    bars: TradedBars, *, tenkan: int = 9, kijun: int = 26, senkou_b: int = 52
) -> tuple[Column, Column, Column, Column, Column]:
    """Return tenkan, kijun, the senkou lines that lie over today's bar, and the close of `kijun` bars ago."""
    turning, base = _middle(bars, tenkan), _middle(bars, kijun)
    return (
        turning,
        base,
        shifted((turning + base) / 2.0, kijun),
        shifted(_middle(bars, senkou_b), _SENKOU_B_DELAY),
        shifted(bars.close, kijun),
    )


def parabolic(
    bars: TradedBars, *, af_start: float = 0.02, af_step: float = 0.02, af_max: float = 0.2
) -> Column:
    """Return Wilder's parabolic stop, a price."""
    if af_start == af_step:
        return talib.SAR(bars.high, bars.low, af_step, af_max)
    extended = talib.SAREXT(
        bars.high, bars.low, 0.0, 0.0, af_start, af_step, af_max, af_start, af_step, af_max
    )
    return np.abs(extended)


def vortex(bars: TradedBars, *, period: int = 14) -> tuple[Column, Column]:
    """Return +VI and -VI; NaN where the window has no range."""
    ranges = total(true_range(bars.high, bars.low, bars.close), period)
    up = total(np.abs(bars.high - shifted(bars.low, 1)), period)
    down = total(np.abs(bars.low - shifted(bars.high, 1)), period)
    return quotient(up, ranges, np.nan), quotient(down, ranges, np.nan)


def choppiness(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the choppiness index, 0 to 100; 100 where the window has no range."""
    ranges = total(true_range(bars.high, bars.low, bars.close), period)
    span = highest(bars.high, period) - lowest(bars.low, period)
    ratio = quotient(ranges, np.where(ranges > 0.0, span, np.nan), np.nan)
    result = 100.0 * np.log10(ratio) / log10(period)
    return np.where((span <= 0.0) & ~np.isnan(ranges), 100.0, result)


def know_sure_thing(
    bars: TradedBars, *, roc1: int = 10, roc2: int = 15, roc3: int = 20, roc4: int = 30
) -> tuple[Column, Column]:
    """Return Pring's sum of four smoothed changes in percent, weights 1 to 4, and its signal line."""
    line = np.zeros(len(bars))
    for weight, (bars_back, smoothing) in enumerate(
        zip((roc1, roc2, roc3, roc4), _KST_SMOOTHING, strict=True), start=1
    ):
        line = line + weight * sma(percent_change(bars.close, bars_back), smoothing)
    return line, sma(line, _KST_SIGNAL)


def coppock(bars: TradedBars, *, short_roc: int = 11, long_roc: int = 14, wma: int = 10) -> Column:
    """Return the linearly weighted average of the sum of two changes in percent."""
    changes = percent_change(bars.close, short_roc) + percent_change(bars.close, long_roc)
    return linear_weighted(changes, wma)


def supertrend(bars: TradedBars, *, period: int = 10, multiplier: float = 3.0) -> Column:
    """Return a price: the trailing lower band while rising, the upper one while falling; falling at first."""
    distance = multiplier * talib.ATR(bars.high, bars.low, bars.close, period)
    middle = (bars.high + bars.low) / 2.0
    highs, lows, closes = (middle + distance).tolist(), (middle - distance).tolist(), bars.close.tolist()
    result = np.full(len(bars), np.nan)
    if len(bars) <= period:
        return result
    upper, lower, is_rising = highs[period], lows[period], False
    levels = []
    for bar in range(period, len(closes)):
        before = closes[bar - 1]
        upper = highs[bar] if highs[bar] < upper or before > upper else upper
        lower = lows[bar] if lows[bar] > lower or before < lower else lower
        is_rising = closes[bar] >= lower if is_rising else closes[bar] > upper
        levels.append(lower if is_rising else upper)
    result[period:] = levels
    return result


def mass(bars: TradedBars, *, ema_period: int = 9, sum_period: int = 25) -> Column:
    """Return Dorsey's mass index; a range that stays 0 counts as unchanged."""
    once = ema(bars.high - bars.low, ema_period)
    twice = ema(once, ema_period)
    return total(quotient(once, twice, 1.0), sum_period)


def schaff(bars: TradedBars, *, cycle: int = 10, fast: int = 23, slow: int = 50) -> Column:
    """Return Schaff's trend cycle, 0 to 100; a flat window repeats its former place."""
    line = ema(bars.close, fast) - ema(bars.close, slow)
    for _ in range(2):
        line = ema(_place_in_window(line, cycle), _SCHAFF_SMOOTHING)
    return line


def fisher(bars: TradedBars, *, period: int = 10) -> Column:
    """Return Ehlers' Fisher transform of the bars' middles; a flat window counts as its middle."""
    middle = (bars.high + bars.low) / 2.0
    low = lowest(middle, period)
    places = quotient(middle - low, highest(middle, period) - low, 0.5).tolist()
    result = np.full(len(bars), np.nan)
    position, value = 0.0, 0.0
    values = []
    for place in places[period - 1 :]:
        position = 0.33 * 2.0 * (place - 0.5) + 0.67 * position
        position = min(_FISHER_LIMIT, max(-_FISHER_LIMIT, position))
        value = 0.5 * log((1.0 + position) / (1.0 - position)) + 0.5 * value
        values.append(value)
    if values:
        result[period - 1 :] = values
    return result


def _middle(bars: TradedBars, period: int) -> Column:
    return (highest(bars.high, period) + lowest(bars.low, period)) / 2.0


def _place_in_window(values: Column, period: int) -> Column:
    """Return where each value stands between the window's lowest (0) and highest (100)."""
    low = lowest(values, period)
    span = highest(values, period) - low
    place = 100.0 * quotient(values - low, span, np.nan)
    is_flat = (span == 0.0).tolist()
    before = 50.0
    for bar, flat in enumerate(is_flat):
        if flat:
            place[bar] = before
        elif not np.isnan(place[bar]):
            before = float(place[bar])
    return place


TREND = (
    (
        "adx",
        Study(
            directional,
            lambda period: 2 * period - 1,
            ("value", "plus_di", "minus_di"),
        ),
    ),
    ("adxr", Study(directional_rating, lambda period: 3 * period - 2)),
    (
        "ichimoku",
        Study(
            ichimoku,
            lambda tenkan, kijun, senkou_b: max(
                kijun + max(tenkan, kijun) - 1, _SENKOU_B_DELAY + senkou_b - 1
            ),
            ("tenkan", "kijun", "senkou_a", "senkou_b", "chikou"),
        ),
    ),
    ("sar", Study(parabolic, lambda af_start, af_step, af_max: 1)),
    ("vortex", Study(vortex, lambda period: period, ("plus_vi", "minus_vi"))),
    ("chop", Study(choppiness, lambda period: period)),
    (
        "kst",
        Study(
            know_sure_thing,
            lambda roc1, roc2, roc3, roc4: (
                max(a + b for a, b in zip((roc1, roc2, roc3, roc4), _KST_SMOOTHING, strict=True))
                + _KST_SIGNAL
                - 2
            ),
            ("value", "signal"),
        ),
    ),
    (
        "coppock",
        Study(coppock, lambda short_roc, long_roc, wma: max(short_roc, long_roc) + wma - 1),
    ),
    ("supertrend", Study(supertrend, lambda period, multiplier: period)),
    (
        "mass_index",
        Study(mass, lambda ema_period, sum_period: 2 * (ema_period - 1) + sum_period - 1),
    ),
    (
        "schaff",
        Study(
            schaff,
            lambda cycle, fast, slow: max(fast, slow) - 1 + 2 * (cycle + _SCHAFF_SMOOTHING - 2),
        ),
    ),
    ("fisher", Study(fisher, lambda period: period - 1)),
)
