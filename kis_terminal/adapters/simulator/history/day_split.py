"""Split a daily bar into minutes that add up to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kis_terminal.adapters.simulator.history.made_up_day import SESSION_MINUTES, MinuteRow
from kis_terminal.adapters.simulator.rules.tick_rules import tick_size

Prices = NDArray[np.int64]


def split_day(
    ohlc: tuple[int, int, int, int],
    volume: int,
    turnover: int,
    indices: list[int],
    seed: int,
    kind: str,
    *,
    high_index: int | None = None,
    low_index: int | None = None,
) -> list[MinuteRow]:
    """Split a bar into minutes; first open, highest high, lowest low, last close and both sums are exact.

    `indices` are the minutes that may trade, ascending; a thin day uses fewer of them. `high_index` and
    `low_index` wish for the minutes of the extremes.
    """
    if volume <= 0 or not indices:
        return []
    rng = np.random.default_rng(seed)
    count = min(len(indices), max(1, volume // 2))
    chosen = indices
    if count < len(indices):
        chosen = sorted(indices[i] for i in rng.choice(len(indices), size=count, replace=False))
    highs = _nearest(chosen, high_index, rng)
    lows = _nearest(chosen, low_index, rng)
    path = _pinned_path(ohlc, count, highs, lows, rng, kind).reshape(count, 4)
    weights = np.array([_busy(index) for index in chosen]) * rng.gamma(2.2, 1.0, count)
    volumes = np.ones(count, dtype=np.int64) + _shares(volume - count, weights)
    amounts = _shares(turnover, volumes * path.mean(axis=1))
    tops, bottoms = path.max(axis=1), path.min(axis=1)
    return [
        MinuteRow(
            chosen[i],
            int(path[i, 0]),
            int(tops[i]),
            int(bottoms[i]),
            int(path[i, 3]),
            int(volumes[i]),
            int(amounts[i]),
        )
        for i in range(count)
    ]


def _nearest(chosen: list[int], wish: int | None, rng: np.random.Generator) -> int:
    if wish is None:
        return int(rng.integers(0, len(chosen)))
    return min(range(len(chosen)), key=lambda i: abs(chosen[i] - wish))


def _busy(index: int) -> float:
    """Weigh minutes as volume falls on them: the opening and the closing auction are heavy."""
    if index >= SESSION_MINUTES:
        return 22.0
    return 1.0 + 2.6 * math.exp(-index / 14.0) + 0.5 * math.exp(-(SESSION_MINUTES - index) / 25.0)


def _shares(total: int, weights: NDArray[np.float64]) -> Prices:
    """Split the integer `total` by `weights`; the parts sum to it exactly."""
    if total <= 0 or not len(weights):
        return np.zeros(len(weights), dtype=np.int64)
    edges = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    edges[-1] = total
    parts: Prices = np.diff(edges, prepend=0)
    return parts


def _folded(path: NDArray[np.float64], low: int, high: int) -> NDArray[np.float64]:
    """Turn a path back at the day's extremes; cut off there, it would stand still on them for hours."""
    width = max(high - low, 1)
    beyond = np.mod(path - low, 2 * width)
    result: NDArray[np.float64] = low + np.minimum(beyond, 2 * width - beyond)
    return result


def _pinned_path(
    ohlc: tuple[int, int, int, int], count: int, highs: int, lows: int, rng: np.random.Generator, kind: str
) -> Prices:
    """Return 4 prices a minute, open first and close last, that touch high and low and stay inside."""
    first, high, low, last = ohlc
    size = 4 * count
    pins = {0: first, size - 1: last}
    at_high, at_low = 4 * highs + 1, 4 * lows + 2
    if high not in (first, last):
        pins[at_high] = high
    if low not in (first, last):
        pins[at_low] = low
    places = sorted(pins)
    values = [pins[place] for place in places]
    noise = np.cumsum(rng.standard_normal(size)) * (high - low) / math.sqrt(size) * 0.8
    grid = np.arange(size)
    bridge = noise - np.interp(grid, places, noise[places])
    path = _folded(np.interp(grid, places, values) + bridge, low, high)
    step = tick_size(min(first, last), kind)
    on_grid = (np.rint(path / step) * step).astype(np.int64)
    on_grid = np.clip(on_grid, low, high)
    on_grid[places] = values
    return on_grid
