"""Volume indicators; definitions in docs/indicators.md."""

from __future__ import annotations

import numpy as np
import talib

from kis_terminal.services.studies.rolling import ema, highest, quotient, shifted, sma, total
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study


def on_balance(bars: TradedBars) -> Column:
    """Return on-balance volume in shares, begun at the first bar's volume."""
    return talib.OBV(bars.close, bars.volume)


def accumulation(bars: TradedBars) -> Column:
    """Return the accumulation and distribution line in shares."""
    return talib.AD(bars.high, bars.low, bars.close, bars.volume)


def chaikin_money_flow(bars: TradedBars, *, period: int = 20) -> Column:
    """Return Chaikin's money flow, -1 to 1; NaN where the window has no volume."""
    multiplier = quotient((bars.close - bars.low) - (bars.high - bars.close), bars.high - bars.low, 0.0)
    return _per_volume(multiplier * bars.volume, bars.volume, period)


def money_flow(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the money flow index, 0 to 100."""
    return talib.MFI(bars.high, bars.low, bars.close, bars.volume, period)


def force(bars: TradedBars, *, period: int = 13) -> Column:
    """Return Elder's force index: the exponential average of change times volume."""
    return ema((bars.close - shifted(bars.close, 1)) * bars.volume, period)


def rolling_vwap(bars: TradedBars, *, period: int = 14) -> Column:
    """Return the average of the bars' mean prices weighted by volume; NaN where the window has none."""
    return _per_volume(
        (bars.open + bars.high + bars.low + bars.close) / 4.0 * bars.volume, bars.volume, period
    )


def volume_weighted(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the average close weighted by volume; NaN where the window has none."""
    return _per_volume(bars.close * bars.volume, bars.volume, period)


def ease_of_movement(bars: TradedBars, *, period: int = 14, scale: float = 10_000.0) -> Column:
    """Return how far the price moves for little volume; a bar without volume or range counts as 0."""
    middle = (bars.high + bars.low) / 2.0
    moved = middle - shifted(middle, 1)
    ease = quotient(moved * (bars.high - bars.low), bars.volume / scale, 0.0)
    # The first bar has no bar before it, also where it has no volume.
    ease[np.isnan(moved)] = np.nan
    return sma(ease, period)


def _per_volume(amounts: Column, volume: Column, period: int) -> Column:
    has_volume = highest(volume, period) > 0.0
    return quotient(total(amounts, period), np.where(has_volume, total(volume, period), 0.0), np.nan)


VOLUME = (
    ("obv", Study(on_balance, lambda: 0)),
    ("ad", Study(accumulation, lambda: 0)),
    ("adl", Study(accumulation, lambda: 0)),
    ("cmf", Study(chaikin_money_flow, lambda period: period - 1)),
    ("mfi", Study(money_flow, lambda period: period)),
    ("force", Study(force, lambda period: period)),
    ("vwap", Study(rolling_vwap, lambda period: period - 1)),
    ("vwma", Study(volume_weighted, lambda period: period - 1)),
    ("eom", Study(ease_of_movement, lambda period, scale: period)),
)
