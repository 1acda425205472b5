"""Indicators over `(n,)` float64 columns, oldest first; positions without enough history are NaN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def sma(close: Column, period: int) -> Column:
    """Return the simple moving average."""
    result = np.full(len(close), np.nan)
    if len(close) >= period:
        total = np.cumsum(np.concatenate(([0.0], close)))
        result[period - 1 :] = (total[period:] - total[:-period]) / period
    return result


def ema(close: Column, period: int) -> Column:
    """Return the exponential moving average, started from the first `period` values' mean."""
    result = np.full(len(close), np.nan)
    if len(close) < period:
        return result
    weight = 2.0 / (period + 1)
    value = float(np.mean(close[:period]))
    result[period - 1] = value
    for i in range(period, len(close)):
        value += weight * (float(close[i]) - value)
        result[i] = value
    return result


def bollinger(close: Column, period: int = 20, width: float = 2.0) -> tuple[Column, Column, Column]:
    """Return the lower band, the middle and the upper band (population deviation)."""
    middle = sma(close, period)
    deviation = np.full(len(close), np.nan)
    if len(close) >= period:
        windows = np.lib.stride_tricks.sliding_window_view(close, period)
        deviation[period - 1 :] = windows.std(axis=1)
    return middle - width * deviation, middle, middle + width * deviation


def rsi(close: Column, period: int = 14) -> Column:
    """Return Wilder's relative strength index, 0 to 100; 50 where nothing moved."""
    result = np.full(len(close), np.nan)
    if len(close) <= period:
        return result
    change = np.diff(close)
    gains, losses = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    gain, loss = float(gains[:period].mean()), float(losses[:period].mean())
    for i in range(period, len(close)):
        if i > period:
            gain += (float(gains[i - 1]) - gain) / period
            loss += (float(losses[i - 1]) - loss) / period
        total = gain + loss
        result[i] = 50.0 if total == 0.0 else 100.0 * gain / total
    return result


def macd(close: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Column, Column, Column]:
    """Return the MACD line, its signal line and their difference."""
    line = ema(close, fast) - ema(close, slow)
    signal_line = np.full(len(close), np.nan)
    if len(close) >= slow:
        signal_line[slow - 1 :] = ema(line[slow - 1 :], signal)
    return line, signal_line, line - signal_line
