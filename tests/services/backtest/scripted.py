"""A Python strategy that does what a test says, bar by bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kis_terminal.domain.backtest import BacktestRequest, BacktestResult
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.strategy.contract import Strategy, StrategyContext
from kis_terminal.services.backtest.run import run_backtest
from tests.support.backtests import by_key, request_of, shares

Act = Callable[[StrategyContext], None]


def scripted(acts: Mapping[tuple[str, int], Act]) -> type[Strategy]:
    """Return a strategy that acts on the n-th traded bar of a symbol, counted from 0."""

    class Scripted(Strategy):
        def on_bar(self, context: StrategyContext, symbol: str) -> None:
            act = acts.get((symbol, len(context.bars(symbol)) - 1))
            if act is not None:
                act(context)

    return Scripted


def run_script(acts: Mapping[tuple[str, int], Act], *series: BarColumns, **fields: Any) -> BacktestResult:
    """Run a script over series of KOSPI shares."""
    bars = by_key(*series)
    instruments = fields.pop("instruments", shares(*(key.symbol for key in bars)))
    request = fields.pop("request", None) or request_of(bars, **fields)
    return run_request(acts, request, bars, instruments)


def run_request(
    acts: Mapping[tuple[str, int], Act],
    request: BacktestRequest,
    bars: Mapping[SeriesKey, BarColumns],
    instruments: Mapping[str, Any],
) -> BacktestResult:
    """Run a script."""
    return run_backtest(request, bars, scripted(acts), instruments=instruments)


def buy(symbol: str, **wish: Any) -> Act:
    """Return an act that buys."""
    return lambda context: context.buy(symbol, **wish)


def sell(symbol: str, **wish: Any) -> Act:
    """Return an act that sells."""
    return lambda context: context.sell(symbol, **wish)
