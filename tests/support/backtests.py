"""Bars, rules and requests for tests of the backtest engines."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.market import Interval
from kis_terminal.domain.strategy.model import (
    BoundIndicator,
    BoundStrategy,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    Logic,
    Operator,
    PatternUse,
    RiskRules,
)
from kis_terminal.domain.wall_time import day_seconds
from tests.support.shared import shared_path

FIRST_DAY = date(2022, 1, 3)
SOURCE = StrategySource("test.kis.yaml", "")


def key_of(symbol: str, interval: Interval = Interval.DAY, *, is_adjusted: bool = True) -> SeriesKey:
    """Return the key of a domestic share."""
    return SeriesKey(Product.STOCK, symbol, interval, is_adjusted)


def days_from(first: date, count: int) -> NDArray[np.int64]:
    """Return the wall seconds of `count` days in a row."""
    return np.array([day_seconds(first + timedelta(days=day)) for day in range(count)], dtype=np.int64)


def bars_of(
    symbol: str, rows: Sequence[Sequence[float]], first: date = FIRST_DAY, skipping: Sequence[int] = ()
) -> BarColumns:
    """Return daily bars of rows (open, high, low, close[, volume]); days in `skipping` have none."""
    days = [day for day in range(len(rows) + len(skipping)) if day not in skipping]
    times = np.array([day_seconds(first + timedelta(days=day)) for day in days], dtype=np.int64)
    values = np.array([[*row, 1000.0][:5] for row in rows], dtype=np.float64)
    return BarColumns(key_of(symbol), times, np.ascontiguousarray(values.T))


def flat_bars(symbol: str, closes: Sequence[float], first: date = FIRST_DAY) -> BarColumns:
    """Return daily bars that open at the former close and never move beyond open and close."""
    opens = [closes[0], *closes[:-1]]
    rows = [(o, max(o, c), min(o, c), c) for o, c in zip(opens, closes, strict=True)]
    return bars_of(symbol, rows, first)


def krx_bars(symbol: str, folder: str = "daily_adjusted_2000_2024") -> BarColumns:
    """Return real bars; skips the calling test where they are absent."""
    with shared_path(f"data/krx/{folder}/{symbol}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    times = [day_seconds(date.fromisoformat(row["Date"][:10])) for row in rows]
    names = ("Open", "High", "Low", "Close", "Volume")
    columns = np.array([[float(row[name]) for row in rows] for name in names])
    return BarColumns(key_of(symbol), np.array(times, dtype=np.int64), columns)


def by_key(*series: BarColumns) -> dict[SeriesKey, BarColumns]:
    """Return series as `run_backtest` takes them."""
    return {one.key: one for one in series}


def request_of(bars: Mapping[SeriesKey, BarColumns], **fields: Any) -> BacktestRequest:
    """Return a request over all of `bars` from first to last, other fields as given."""
    starts = min(int(one.times[0]) for one in bars.values()) // 86_400
    ends = max(int(one.times[-1]) for one in bars.values()) // 86_400
    epoch = date(1970, 1, 1)
    given: dict[str, Any] = {
        "strategy": SOURCE,
        "series": tuple(bars),
        "start": epoch + timedelta(days=starts),
        "end": epoch + timedelta(days=ends),
        "cash": 10_000_000.0,
        **fields,
    }
    return BacktestRequest(**given)


def shares(*symbols: str, market: Market = Market.KOSPI) -> dict[str, Instrument]:
    """Return instruments for symbols."""
    return {symbol: Instrument(symbol, symbol, market) for symbol in symbols}


def fund(symbol: str) -> dict[str, Instrument]:
    """Return one ETF."""
    return {symbol: Instrument(symbol, symbol, Market.KOSPI, InstrumentKind.ETF)}


def rules_of(
    entry: Sequence[Condition],
    exit: Sequence[Condition] = (),
    *,
    indicators: Sequence[BoundIndicator] = (),
    patterns: Sequence[PatternUse] = (),
    risk: RiskRules | None = None,
    entry_logic: Logic = Logic.AND,
    exit_logic: Logic = Logic.AND,
) -> BoundStrategy:
    """Return bound rules."""
    return BoundStrategy(
        id="test",
        name="test",
        indicators=tuple(indicators),
        patterns=tuple(patterns),
        entry=ConditionGroup(entry_logic, tuple(entry)),
        exit=ConditionGroup(exit_logic, tuple(exit)),
        risk=risk or RiskRules(),
        parameters={},
    )


def sma(alias: str, period: int) -> BoundIndicator:
    """Return a simple average."""
    return BoundIndicator(alias, "sma", {"period": period}, "value")


def sma_cross(fast: int, slow: int, risk: RiskRules | None = None) -> BoundStrategy:
    """Return the rules that hold while the fast average is above the slow one, from cross to cross."""
    left, right = IndicatorLine("fast", "value"), IndicatorLine("slow", "value")
    return rules_of(
        [Comparison(left, Operator.CROSS_ABOVE, right)],
        [Comparison(left, Operator.CROSS_BELOW, right)],
        indicators=[sma("fast", fast), sma("slow", slow)],
        risk=risk,
    )
