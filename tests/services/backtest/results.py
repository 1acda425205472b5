"""Results of runs as reports meet them, built without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from kis_terminal.domain.backtest import (
    BacktestFill,
    BacktestRequest,
    BacktestResult,
    BacktestTrade,
    StrategySource,
)
from kis_terminal.domain.bar_columns import LoadReport, Product, SeriesKey
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Side
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.figures import figures

FIRST = date(2022, 1, 3)
CASH = 100_000_000.0
KEY = SeriesKey(Product.STOCK, "005930", Interval.DAY)


def a_result(
    days: int = 700,
    *,
    name: str = "골든크로스.kis.yaml",
    reason: str = "5일선이 20일선을 위로",
    with_benchmark: bool = True,
    trades: int = 40,
) -> BacktestResult:
    """Return a run over `days` days with `trades` round trips and one open position."""
    rng = np.random.default_rng(11)
    times = np.array([day_seconds(FIRST + timedelta(days=i)) for i in range(days)], dtype=np.int64)
    equity = CASH * np.cumprod(1 + rng.normal(0.0006, 0.011, days))
    benchmark = CASH * np.cumprod(1 + rng.normal(0.0003, 0.009, days)) if with_benchmark else None
    made = _trades(times.tolist(), trades, reason, rng)
    fills = [fill for trade in made for fill in _fills(trade)]
    found = figures(times, equity, fills, made, cash=CASH, benchmark=benchmark)
    request = BacktestRequest(
        strategy=StrategySource(name, ""),
        series=[KEY],
        start=FIRST,
        end=FIRST + timedelta(days=max(days - 1, 0)),
        parameters={"fast": 5, "slow": 20},
        cash=CASH,
    )
    return BacktestResult(
        request=request,
        times=times,
        equity=equity,
        benchmark=benchmark,
        fills=fills,
        trades=made,
        data=[LoadReport(KEY, FIRST, FIRST, FIRST, request.end, 1.0, False, 7)],
        log=["전략을 시작합니다"],
        **found._asdict(),
    )


def _trades(times: Sequence[int], count: int, reason: str, rng: np.random.Generator) -> list[BacktestTrade]:
    if len(times) < 2 * count + 2:
        return []
    step = (len(times) - 2) // max(count, 1)
    made = []
    for i in range(count):
        rate = float(rng.normal(0.01, 0.04))
        entry, leave = times[i * step], times[i * step + step // 2]
        is_open = i == count - 1
        made.append(
            BacktestTrade(
                symbol="005930",
                quantity=100,
                entry_time=entry,
                entry_price=70_000.0,
                exit_time=None if is_open else leave,
                exit_price=70_000.0 * (1 + rate),
                profit=7_000_000.0 * rate,
                return_rate=rate,
                bars_held=step // 2,
                entry_reason=reason,
                exit_reason="" if is_open else "손절 5%",
            )
        )
    return made


def _fills(trade: BacktestTrade) -> list[BacktestFill]:
    bought = BacktestFill(
        trade.symbol,
        trade.entry_time,
        Side.BUY,
        trade.entry_price,
        trade.quantity,
        1050.0,
        0.0,
        trade.entry_reason,
    )
    if trade.exit_time is None:
        return [bought]
    sold = BacktestFill(
        trade.symbol,
        trade.exit_time,
        Side.SELL,
        trade.exit_price,
        trade.quantity,
        1050.0,
        12600.0,
        trade.exit_reason,
    )
    return [bought, sold]
