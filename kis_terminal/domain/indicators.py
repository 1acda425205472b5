"""Indicators over `(n,)` float64 columns, oldest first; positions without enough history are NaN.

The published series of DaveSkender/Stock.Indicators are the definition (each EMA starts from the mean of its
own first `period` values, also inside MACD; Bollinger uses the population deviation). TA-Lib would give the
same figures but imports pandas with it, which stalls the window for over a second (1.35 s, TA-Lib 0.8.2), so
the recursions are computed here: a linear recursion over a block is one cumulative sum of scaled inputs.
"""

from __future__ import annotations

from math import ceil, log

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

_SCALE_DECADES = 120.0
"""How far inputs are scaled within one block; float64 holds 308 decades, prices need a few of them."""
_BLOCK_LIMIT = 1 << 15
_DEVIATION_CHUNK = 1 << 15


def memory(keep: float) -> int:
    """Return after how many bars a recursion that keeps `keep` (0 to 1) of itself has forgotten its start."""
    return ceil(40.0 / -log(keep)) if keep > 0.0 else 1


def ema_memory(period: int) -> int:
    """Return how many earlier bars decide a value of `ema` to the last bit that float64 shows."""
    return memory((period - 1) / (period + 1)) + period


def wilder_memory(period: int) -> int:
    """Return the same for Wilder's smoothing, as `rsi` uses it."""
    return memory((period - 1) / period) + period


def _recursion(inputs: Column, start: float, keep: float) -> Column:
    """Return y with `y[i] = keep * y[i - 1] + inputs[i]` and `y[-1] = start`."""
    count = len(inputs)
    if keep <= 0.0 or not count:
        return inputs.copy()
    size = min(count, _BLOCK_LIMIT, max(1, int(_SCALE_DECADES * log(10) / -log(keep))))
    blocks = ceil(count / size)
    padded = np.zeros(blocks * size)
    padded[:count] = inputs
    powers = keep ** np.arange(1, size + 1)
    within = np.cumsum(padded.reshape(blocks, size) / powers, axis=1) * powers
    carried = start
    starts = np.empty(blocks)
    whole = float(powers[-1])
    for block, end in enumerate(within[:, -1].tolist()):
        starts[block] = carried
        carried = carried * whole + end
    within += starts[:, None] * powers
    result: Column = within.reshape(-1)[:count]
    return result


def sma(close: Column, period: int) -> Column:
    """Return the simple moving average."""
    result = np.full(len(close), np.nan)
    if len(close) >= period:
        # Sums of differences from the first value keep their digits over a million bars.
        base = float(close[0])
        total = np.empty(len(close) + 1)
        total[0] = 0.0
        np.subtract(close, base, out=total[1:])
        np.cumsum(total, out=total)
        averages = result[period - 1 :]
        np.subtract(total[period:], total[:-period], out=averages)
        averages /= period
        averages += base
    return result


def ema(close: Column, period: int) -> Column:
    """Return the exponential moving average, started from the first `period` values' mean."""
    result = np.full(len(close), np.nan)
    if len(close) < period:
        return result
    weight = 2.0 / (period + 1)
    start = float(np.mean(close[:period]))
    result[period - 1] = start
    result[period:] = _recursion(close[period:] * weight, start, 1.0 - weight)
    return result


def _deviation(close: Column, mean: Column, period: int) -> Column:
    """Return the population deviation; differences are squared around each mean, so flat stretches give 0."""
    result = np.full(len(close), np.nan)
    for begin in range(period - 1, len(close), _DEVIATION_CHUNK):
        end = min(begin + _DEVIATION_CHUNK, len(close))
        centre = mean[begin:end]
        total = np.zeros(end - begin)
        for back in range(period):
            difference = close[begin - back : end - back] - centre
            total += difference * difference
        result[begin:end] = np.sqrt(total / period)
    return result


def bollinger(close: Column, period: int = 20, width: float = 2.0) -> tuple[Column, Column, Column]:
    """Return the lower band, the middle and the upper band (population deviation)."""
    middle = sma(close, period)
    deviation = _deviation(close, middle, period)
    return middle - width * deviation, middle, middle + width * deviation


def rsi(close: Column, period: int = 14) -> Column:
    """Return Wilder's relative strength index, 0 to 100; 50 where nothing moved."""
    result = np.full(len(close), np.nan)
    if len(close) <= period:
        return result
    change = np.diff(close)
    keep = 1.0 - 1.0 / period
    averages = []
    for moves in (np.maximum(change, 0.0), np.maximum(-change, 0.0)):
        start = float(moves[:period].mean())
        later = _recursion(moves[period:] / period, start, keep)
        averages.append(np.concatenate(([start], later)))
    gain, loss = averages
    total = gain + loss
    with np.errstate(divide="ignore", invalid="ignore"):
        result[period:] = np.where(total > 0.0, 100.0 * gain / total, 50.0)
    return result


def macd(close: Column, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Column, Column, Column]:
    """Return the MACD line, its signal line and their difference."""
    line = ema(close, fast) - ema(close, slow)
    signal_line = np.full(len(close), np.nan)
    if len(close) >= slow:
        signal_line[slow - 1 :] = ema(line[slow - 1 :], signal)
    return line, signal_line, line - signal_line


HEIKIN_ASHI_MEMORY = memory(0.5)


def heikin_ashi(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `(n, 5)` averaged bars of `(n, 5)` bars (open, high, low, close, volume); volume is kept."""
    result = values.copy()
    if not len(values):
        return result
    opens, highs, lows, closes = (values[:, column] for column in range(4))
    close = (opens + highs + lows + closes) / 4.0
    first = float(opens[0] + closes[0]) / 2.0
    result[0, 0] = first
    result[1:, 0] = _recursion(close[:-1] / 2.0, first, 0.5)
    result[:, 1] = np.maximum(highs, np.maximum(result[:, 0], close))
    result[:, 2] = np.minimum(lows, np.minimum(result[:, 0], close))
    result[:, 3] = close
    return result
