"""Bars for tests of the store, made from a seed, and how they are compared."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey, Span
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds

DAY = 86_400
SAMSUNG_DAYS = SeriesKey(Product.STOCK, "005930", Interval.DAY)


def weekdays(count: int, first: date = date(2016, 1, 4)) -> np.ndarray:
    """Return the midnights of `count` days from Monday to Friday, as wall seconds."""
    days = (first + timedelta(days=number) for number in range(count * 2))
    chosen = [day_seconds(day) for day in days if day.weekday() < 5][:count]
    return np.array(chosen, np.int64)


def made_bars(key: SeriesKey, times: np.ndarray, *, seed: int = 1, cents: bool = False) -> BarColumns:
    """Return bars of whole won, or of cents, at these times; equal for an equal seed."""
    random = np.random.default_rng(seed)
    close = np.abs(np.cumsum(random.normal(0, 500, len(times))) + 70_000)
    spread = random.uniform(0, 900, (2, len(times)))
    prices = np.rint(np.stack((close - spread[0] / 2, close + spread[1], close - spread[0], close)))
    if cents:
        prices = prices / 100
    volume = np.rint(random.uniform(0, 4e7, len(times)))
    return BarColumns(key, times, np.ascontiguousarray(np.vstack((prices, volume))))


def same(found: BarColumns, wanted: BarColumns) -> bool:
    """Tell whether two series hold the same bars, to the last bit."""
    return (
        found.key == wanted.key
        and np.array_equal(found.times, wanted.times)
        and np.array_equal(found.columns, wanted.columns)
    )


def whole(bars: BarColumns) -> list[Span]:
    """Return the span from the first bar to a day after the last."""
    return [Span(int(bars.times[0]), int(bars.times[-1]) + DAY)]
