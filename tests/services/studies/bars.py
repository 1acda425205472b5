"""Bars that the tests of indicators are run on."""

from __future__ import annotations

import csv
from datetime import datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from tests.support.shared import shared_path

DAY = 86_400


def bars_of(columns: NDArray[np.float64], symbol: str = "005930") -> BarColumns:
    """Return daily bars with `(5, n)` columns."""
    key = SeriesKey(Product.STOCK, symbol, Interval.DAY)
    return BarColumns(key, np.arange(columns.shape[1], dtype=np.int64) * DAY, np.ascontiguousarray(columns))


def random_bars(count: int, seed: int = 7) -> BarColumns:
    """Return bars of a price that walks, in whole won, with volume, wicks and now and then no move at all."""
    numbers = np.random.default_rng(seed)
    close = np.round(50_000 * np.exp(np.cumsum(numbers.normal(0.0, 0.02, count))))
    opens = np.round(close * (1.0 + numbers.normal(0.0, 0.01, count)))
    high = np.maximum(opens, close) + numbers.integers(0, 800, count)
    low = np.minimum(opens, close) - numbers.integers(0, 800, count)
    volume = numbers.integers(1, 100_000, count).astype(np.float64)
    return bars_of(np.stack([opens, high, low, close, volume]))


@cache
def real_bars(symbol: str) -> BarColumns:
    """Return twenty years of adjusted daily bars of a share on KRX, halts as the provider codes them.

    Read once; nobody writes into them.
    """
    path = shared_path(f"data/krx/daily_adjusted_2000_2024/{symbol}.csv")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = [day_seconds(datetime.strptime(row["Date"], "%Y-%m-%d").date()) for row in rows]  # noqa: DTZ007
    columns = [[float(row[name]) for row in rows] for name in ("Open", "High", "Low", "Close", "Volume")]
    key = SeriesKey(Product.STOCK, symbol, Interval.DAY)
    values = np.array(columns)
    values.flags.writeable = False
    return BarColumns(key, np.array(times, dtype=np.int64), values)


def published_bars(name: str = "default") -> BarColumns:
    """Return the quotes that the published indicator series are computed of."""
    path = shared_path(f"data/indicators/quotes-{name}.csv")
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    fields = ("open", "high", "low", "close", "volume")
    return bars_of(np.array([[float(row[field] or "nan") for row in rows] for field in fields]))
