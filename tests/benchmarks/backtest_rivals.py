"""The other side of `backtest.py`: vectorbt, backtesting.py and backtrader on the same bars; prints JSON.

    PYTHON tests/benchmarks/backtest_rivals.py BARS.npz [--backtrader-bars N]

Runs under an interpreter that has the three packages (`uv venv V; uv pip install --python V/bin/python
vectorbt backtesting backtrader`); they are needed for nothing else. One that is missing is left out.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

FAST, SLOW, FEE = 20, 60, 0.00015


def best_of(rounds: int, act: Callable[[], Any]) -> float:
    """Return the processor's seconds of the quickest of some rounds, after one that warms up."""
    act()
    gc.collect()
    gc.freeze()  # what imports left behind is not looked through again, on either side
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        taken.append(time.process_time() - begun)
    return min(taken)


def vectorbt_rows(market: Any, series: Any, windows: Any, rounds: int) -> dict[str, Any]:
    """Time the whole market (each column an account of its own: its quickest way) and a sweep."""
    import pandas as pd
    import vectorbt as vbt

    closes = pd.DataFrame(market)
    one = pd.Series(series)

    def run(value_too: bool) -> Any:
        fast, slow = vbt.MA.run(closes, FAST), vbt.MA.run(closes, SLOW)
        entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
        portfolio = vbt.Portfolio.from_signals(closes, entries, exits, init_cash=1e7, fees=FEE, freq="1D")
        return portfolio.value() if value_too else portfolio.final_value()

    def sweep() -> Any:
        fast = vbt.MA.run(one, [pair[0] for pair in windows], short_name="fast")
        slow = vbt.MA.run(one, [pair[1] for pair in windows], short_name="slow")
        entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
        portfolio = vbt.Portfolio.from_signals(one, entries, exits, init_cash=1e7, fees=FEE, freq="1D")
        return portfolio.total_return(), portfolio.max_drawdown(), portfolio.sharpe_ratio()

    portfolio = run(False)
    return {
        "market_seconds": best_of(rounds, lambda: run(False)),
        "market_with_equity_seconds": best_of(rounds, lambda: run(True)),
        "mean_final_value": float(portfolio.mean()),
        "sweep_seconds": best_of(1, sweep),
    }


def backtesting_rows(bars: Any) -> dict[str, Any]:
    """Time one series with backtesting.py."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    frame = pd.DataFrame(
        dict(zip(("Open", "High", "Low", "Close", "Volume"), bars, strict=True)),
        index=pd.date_range("2020-01-01", periods=bars.shape[1], freq="min"),
    )

    class Cross(Strategy):
        def init(self) -> None:
            closes = pd.Series(self.data.Close)
            self.fast = self.I(lambda: closes.rolling(FAST).mean())
            self.slow = self.I(lambda: closes.rolling(SLOW).mean())

        def next(self) -> None:
            if self.fast[-2] <= self.slow[-2] and self.fast[-1] > self.slow[-1]:
                self.buy()
            elif self.fast[-2] >= self.slow[-2] and self.fast[-1] < self.slow[-1]:
                self.position.close()

    test = Backtest(frame, Cross, cash=1e9, commission=FEE)
    begun = time.process_time()
    test.run()
    return {"bars_per_second": bars.shape[1] / (time.process_time() - begun)}


def backtrader_rows(bars: Any) -> dict[str, Any]:
    """Time one series with backtrader."""
    import backtrader as bt
    import pandas as pd

    frame = pd.DataFrame(
        dict(zip(("open", "high", "low", "close", "volume"), bars, strict=True)),
        index=pd.date_range("2020-01-01", periods=bars.shape[1], freq="min"),
    )

    class Cross(bt.Strategy):
        def __init__(self) -> None:
            self.cross = bt.indicators.CrossOver(
                bt.indicators.SMA(period=FAST), bt.indicators.SMA(period=SLOW)
            )

        def next(self) -> None:
            if self.cross > 0 and not self.position:
                self.buy(size=100)
            elif self.cross < 0 and self.position:
                self.close()

    engine = bt.Cerebro(stdstats=False)
    engine.adddata(bt.feeds.PandasData(dataname=frame))
    engine.addstrategy(Cross)
    engine.broker.setcash(1e9)
    engine.broker.setcommission(FEE)
    begun = time.process_time()
    engine.run()
    return {"bars_per_second": bars.shape[1] / (time.process_time() - begun)}


def main() -> None:
    """Print what each package took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bars")
    parser.add_argument("--backtrader-bars", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    data = np.load(given.bars)
    result: dict[str, Any] = {}
    warnings.simplefilter("ignore")
    if find_spec("vectorbt"):
        rows = vectorbt_rows(data["market"], data["series"], data["windows"].tolist(), given.rounds)
        result["vectorbt"] = rows
    if find_spec("backtesting"):
        result["backtesting.py"] = backtesting_rows(data["minutes"])
    if find_spec("backtrader"):
        result["backtrader"] = backtrader_rows(data["minutes"][:, : given.backtrader_bars])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
