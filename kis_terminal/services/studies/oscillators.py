"""Oscillators; definitions in docs/indicators.md."""

from __future__ import annotations

import numpy as np
import talib
from talib._ta_lib import MA_Type

from kis_terminal.services.studies.rolling import ema, percent_change, quotient, shifted, sma
from kis_terminal.services.studies.series import Column, TradedBars
from kis_terminal.services.studies.study import Study

_PPO_SIGNAL = 9
_SMA = MA_Type.SMA


def relative_strength(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Wilder's relative strength index, 0 to 100."""
    return talib.RSI(bars.close, period)


def stochastic(bars: TradedBars, *, k_period: int = 14, d_period: int = 3) -> tuple[Column, Column]:
    """Return the fast stochastic, %K and its simple average %D."""
    return talib.STOCHF(bars.high, bars.low, bars.close, k_period, d_period, _SMA)


def stochastic_of_strength(
    bars: TradedBars, *, rsi_period: int = 14, stoch_period: int = 14, k_period: int = 3, d_period: int = 3
) -> tuple[Column, Column]:
    """Return the stochastic of the relative strength index, with %K smoothed."""
    strength = talib.RSI(bars.close, rsi_period)
    return talib.STOCH(strength, strength, strength, stoch_period, k_period, _SMA, d_period, _SMA)


def convergence(
    bars: TradedBars, *, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[Column, Column, Column]:
    """Return MACD, its signal line and their difference; each average has its own seed."""
    line = ema(bars.close, fast) - ema(bars.close, slow)
    signal_line = ema(line, signal)
    return line, signal_line, line - signal_line


def commodity_channel(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the commodity channel index."""
    return talib.CCI(bars.high, bars.low, bars.close, period)


def williams(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Williams' %R, -100 to 0."""
    return talib.WILLR(bars.high, bars.low, bars.close, period)


def rate_of_change(bars: TradedBars, *, period: int = 10) -> Column:
    """Return the change over the period in percent."""
    return percent_change(bars.close, period)


def price_oscillator(bars: TradedBars, *, fast: int = 12, slow: int = 26) -> Column:
    """Return the difference of two exponential averages, in the price's unit."""
    return ema(bars.close, fast) - ema(bars.close, slow)


def percent_price_oscillator(
    bars: TradedBars, *, fast: int = 12, slow: int = 26
) -> tuple[Column, Column, Column]:
    """Return the same in percent of the slow average, its signal line and their difference."""
    base = ema(bars.close, slow)
    line = (ema(bars.close, fast) - base) / base * 100.0
    signal_line = ema(line, _PPO_SIGNAL)
    return line, signal_line, line - signal_line


def aroon(bars: TradedBars, *, up_period: int = 25, down_period: int = 25) -> tuple[Column, Column, Column]:
    """Return up less down, and both, 0 to 100."""
    up = talib.AROON(bars.high, bars.low, up_period)[1]
    down = talib.AROON(bars.high, bars.low, down_period)[0]
    return up - down, up, down


def chande_momentum(bars: TradedBars, *, period: int = 14) -> Column:
    """Return Chande's momentum oscillator, smoothed as Wilder does, -100 to 100."""
    return talib.CMO(bars.close, period)


def awesome(bars: TradedBars, *, fast: int = 5, slow: int = 34) -> Column:
    """Return the difference of two simple averages of the bars' middles."""
    middle = (bars.high + bars.low) / 2.0
    return sma(middle, fast) - sma(middle, slow)


def chaikin(bars: TradedBars, *, fast: int = 3, slow: int = 10) -> Column:
    """Return the difference of two exponential averages of accumulation and distribution."""
    return talib.ADOSC(bars.high, bars.low, bars.close, bars.volume, fast, slow)


def ultimate(bars: TradedBars, *, period1: int = 7, period2: int = 14, period3: int = 28) -> Column:
    """Return the ultimate oscillator, 0 to 100."""
    return talib.ULTOSC(bars.high, bars.low, bars.close, period1, period2, period3)


def triple_smoothed_change(bars: TradedBars, *, period: int = 15) -> Column:
    """Return the change of the triple exponential average in percent."""
    return talib.TRIX(bars.close, period)


def true_strength(
    bars: TradedBars, *, long_period: int = 25, short_period: int = 13, signal_period: int = 7
) -> tuple[Column, Column]:
    """Return the true strength index, -100 to 100, and its signal line; 0 where nothing moved."""
    change = bars.close - shifted(bars.close, 1)
    moved = ema(ema(change, long_period), short_period)
    size = ema(ema(np.abs(change), long_period), short_period)
    line = quotient(100.0 * moved, size, 0.0)
    return line, ema(line, signal_period)


def relative_vigor(bars: TradedBars, *, period: int = 10) -> Column:
    """Return the relative vigor index; 0 where the bars have no range."""
    return quotient(
        sma(_weighted(bars.close - bars.open), period), sma(_weighted(bars.high - bars.low), period), 0.0
    )


def detrended(bars: TradedBars, *, period: int = 20) -> Column:
    """Return the close of half a period ago less today's average."""
    return shifted(bars.close, period // 2 + 1) - sma(bars.close, period)


def klinger(bars: TradedBars, *, fast: int = 34, slow: int = 55, signal: int = 13) -> tuple[Column, Column]:
    """Return Klinger's volume oscillator and its signal line."""
    force = _volume_force(bars)
    line = ema(force, fast) - ema(force, slow)
    return line, ema(line, signal)


def _weighted(values: Column) -> Column:
    return (values + 2.0 * shifted(values, 1) + 2.0 * shifted(values, 2) + shifted(values, 3)) / 6.0


def _volume_force(bars: TradedBars) -> Column:
    """Return the volume weighted by trend and by the part of the trend's range that the bar adds."""
    typical = bars.high + bars.low + bars.close
    trends = np.where(typical[1:] > typical[:-1], 1.0, -1.0).tolist()
    ranges = (bars.high - bars.low).tolist()
    forces = [np.nan] * len(ranges)
    cumulated, trend_before = 0.0, 0.0
    for bar, trend in enumerate(trends, start=1):
        cumulated = ranges[bar] + (cumulated if trend == trend_before else ranges[bar - 1])
        trend_before = trend
        part = 2.0 * (ranges[bar] / cumulated - 1.0) if cumulated else 0.0
        forces[bar] = abs(part) * trend * 100.0
    return bars.volume * np.array(forces, dtype=np.float64)


def _slower(fast: int, slow: int) -> int:
    return max(fast, slow) - 1


OSCILLATORS = (
    ("rsi", Study(relative_strength, lambda period: period)),
    ("stochastic", Study(stochastic, lambda k_period, d_period: k_period + d_period - 2, ("k", "d"))),
    (
        "stochrsi",
        Study(
            stochastic_of_strength,
            lambda rsi_period, stoch_period, k_period, d_period: (
                rsi_period + stoch_period + k_period + d_period - 3
            ),
            ("k", "d"),
        ),
    ),
    (
        "macd",
        Study(
            convergence,
            lambda fast, slow, signal: slow + signal - 2,
            ("value", "signal", "histogram"),
        ),
    ),
    ("cci", Study(commodity_channel, lambda period: period - 1)),
    ("williams_r", Study(williams, lambda period: period - 1)),
    ("momentum", Study(rate_of_change, lambda period: period)),
    ("roc", Study(rate_of_change, lambda period: period)),
    ("apo", Study(price_oscillator, _slower)),
    (
        "ppo",
        Study(
            percent_price_oscillator,
            lambda fast, slow: _slower(fast, slow) + _PPO_SIGNAL - 1,
            ("value", "signal", "histogram"),
        ),
    ),
    (
        "aroon",
        Study(
            aroon,
            lambda up_period, down_period: max(up_period, down_period),
            ("value", "aroon_up", "aroon_down"),
        ),
    ),
    ("cmo", Study(chande_momentum, lambda period: period)),
    ("ao", Study(awesome, _slower)),
    ("cho", Study(chaikin, _slower)),
    ("ultosc", Study(ultimate, lambda period1, period2, period3: max(period1, period2, period3))),
    ("trix", Study(triple_smoothed_change, lambda period: 3 * (period - 1) + 1)),
    (
        "tsi",
        Study(
            true_strength,
            lambda long_period, short_period, signal_period: long_period + short_period + signal_period - 2,
            ("value", "signal"),
        ),
    ),
    ("rvi", Study(relative_vigor, lambda period: period + 2)),
    ("dpo", Study(detrended, lambda period: max(period - 1, period // 2 + 1))),
    (
        "kvo",
        Study(klinger, lambda fast, slow, signal: max(fast, slow) + signal - 1, ("value", "signal")),
    ),
)
