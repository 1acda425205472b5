"""Measure both backtest engines against vectorbt, backtesting.py and backtrader, in one run; prints JSON.

    python tests/benchmarks/backtest.py [--long] [--rivals PYTHON]

`--rivals` names an interpreter that has the three packages (see `backtest_rivals.py`); without it, or where
one is missing, its ratios are null. The short form runs in a minute; `--long` is 2,500 symbols × 2,500 bars,
1,000,000 minute bars and 1,000 combinations. Times are the processor's, on both sides.

Rows: `market` is an SMA 20/60 cross over every symbol, filled at the close with commission: bars that lie in
memory to fills and equity curve, on **one** cash account; vectorbt gives each symbol an account of its own,
its quickest way. `against_vectorbt` counts its equity curve too, since ours is always made;
`against_vectorbt_final_value` leaves it out. `minutes_rules` is the same on one series of minutes,
`minutes_python` a Python `on_bar` with costs and equity curve. `sweep` answers return, drawdown, Sharpe and
trades for pairs of averages.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datetime import date

from kis_terminal.domain.backtest import BacktestRequest, CostRule, FillRule
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.market import Interval
from kis_terminal.domain.strategy.contract import Strategy, StrategyContext
from kis_terminal.domain.strategy.model import (
    Comparison,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Operator,
    ParamDef,
    ParamRef,
    StrategySpec,
)
from kis_terminal.services.backtest.event_loop import run_events
from kis_terminal.services.backtest.kernel_run import run_kernel
from kis_terminal.services.backtest.market import prepare_market
from kis_terminal.services.backtest.market_look import look_at
from kis_terminal.services.backtest.rule_sweep import RuleSweep
from tests.support.backtests import by_key, days_from, key_of, request_of, shares, sma_cross

FAST, SLOW, FEE = 20, 60, 0.00015
BARS = 2_500
FLOORS = {"market": 10.0, "python": 500_000.0, "sweep": 10_000.0}
GOALS = {"market": 80.0, "python": 1_500_000.0, "sweep": 100_000.0}
COSTS = CostRule(commission=FEE, tax=0.0)


class Cross(Strategy):
    """Buys and sells at crosses of two averages, as a person would write it."""

    def on_bar(self, context: StrategyContext, symbol: str) -> None:
        fast = context.indicator(symbol, "sma", period=FAST)
        slow = context.indicator(symbol, "sma", period=SLOW)
        if fast[-1] > slow[-1]:
            if not context.holding(symbol).quantity:
                context.buy(symbol)
        elif context.holding(symbol).quantity:
            context.sell(symbol)


def walk(randomness: np.random.Generator, bars: int, step: float) -> NDArray[np.float64]:
    """Return `(5, bars)` of a price that walks in whole won."""
    close = np.round(20_000 * np.exp(np.cumsum(randomness.normal(0, step, bars)))) + 100
    opened = np.concatenate((close[:1], close[:-1]))
    volume = np.full(bars, 1_000.0)
    rows = (opened, np.maximum(opened, close) + 10, np.minimum(opened, close) - 10, close, volume)
    return np.ascontiguousarray(np.stack(rows))


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


def run_rules(request: BacktestRequest, bars: dict[SeriesKey, BarColumns], listed: Any) -> Any:
    """Run the cross from bars to fills and equity."""
    return run_kernel(request, prepare_market(request, bars, listed, look_at), sma_cross(FAST, SLOW))


def spec() -> StrategySpec:
    """Return the cross with both periods as parameters."""
    fast, slow = IndicatorLine("fast", "value"), IndicatorLine("slow", "value")
    uses = [IndicatorUse(name, "sma", {"period": ParamRef(name)}) for name in ("fast", "slow")]
    return StrategySpec(
        "cross",
        params={"fast": ParamDef("fast", FAST), "slow": ParamDef("slow", SLOW)},
        indicators=tuple(uses),
        entry=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_ABOVE, slow),)),
        exit=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_BELOW, slow),)),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--rivals", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    symbols, minutes, pairs = (2_500, 1_000_000, 1_000) if given.long else (200, 100_000, 200)
    randomness = np.random.default_rng(1)
    days = days_from(date(2014, 1, 1), BARS)
    series = [walk(randomness, BARS, 0.02) for _ in range(symbols)]
    market = {
        key_of(f"{place:06}"): BarColumns(key_of(f"{place:06}"), days, columns)
        for place, columns in enumerate(series)
    }
    minute = walk(randomness, minutes, 0.0005)
    minute_key = key_of("000000", Interval.MINUTE_1)
    minute_times = days[0] + 60 * np.arange(minutes, dtype=np.int64)
    minute_bars = by_key(BarColumns(minute_key, minute_times, minute))
    windows = [(5 + pair % 25, 35 + pair // 25) for pair in range(pairs)]
    listed = shares(*(key.symbol for key in market))

    at_close = request_of(market, cash=1e7 * symbols, fill=FillRule.CLOSE, costs=COSTS)
    market_seconds = best_of(given.rounds, lambda: run_rules(at_close, market, listed))
    on_minutes = request_of(minute_bars, cash=1e9, costs=COSTS)
    rules_seconds = best_of(given.rounds, lambda: run_rules(on_minutes, minute_bars, listed))
    ready = prepare_market(on_minutes, minute_bars, listed)
    python_seconds = best_of(given.rounds, lambda: run_events(on_minutes, ready, Cross()))
    one = dict(list(market.items())[:1])
    sweep = RuleSweep(
        request_of(one, cash=1e7, fill=FillRule.CLOSE, costs=COSTS),
        one,
        spec(),
        ("fast", "slow"),
        instruments=listed,
    )
    sweep_seconds = best_of(given.rounds, lambda: sweep.table(windows))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.npz"
        closes = np.stack([columns[3] for columns in series], axis=1)
        np.savez(path, market=closes, series=series[0][3], minutes=minute, windows=np.array(windows))
        command = [given.rivals, str(Path(__file__).with_name("backtest_rivals.py")), str(path)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    rivals = json.loads(answer.stdout) if answer.returncode == 0 else {}
    if answer.returncode:
        print(answer.stderr[-2_000:], file=sys.stderr)
    vectorbt = rivals.get("vectorbt", {})

    def ratio(theirs: float | None, ours: float) -> float | None:
        return None if theirs is None else round(theirs / ours, 1)

    python_rate, sweep_rate = minutes / python_seconds, pairs / sweep_seconds
    market_ratio = ratio(vectorbt.get("market_with_equity_seconds"), market_seconds)
    result = {
        "symbols": symbols,
        "minutes": minutes,
        "combinations": pairs,
        "market": {
            "seconds": market_seconds,
            "bars_per_second": symbols * BARS / market_seconds,
            "against_vectorbt": market_ratio,
            "against_vectorbt_final_value": ratio(vectorbt.get("market_seconds"), market_seconds),
            "floor": FLOORS["market"],
            "goal": GOALS["market"],
        },
        "minutes_rules": {"bars_per_second": minutes / rules_seconds},
        "minutes_python": {
            "bars_per_second": python_rate,
            "against_backtesting.py": ratio(python_rate, rivals["backtesting.py"]["bars_per_second"])
            if "backtesting.py" in rivals
            else None,
            "against_backtrader": ratio(python_rate, rivals["backtrader"]["bars_per_second"])
            if "backtrader" in rivals
            else None,
            "floor": FLOORS["python"],
            "goal": GOALS["python"],
        },
        "sweep": {
            "combinations_per_second": sweep_rate,
            "against_vectorbt": ratio(vectorbt.get("sweep_seconds"), sweep_seconds),
            "floor": FLOORS["sweep"],
            "goal": GOALS["sweep"],
        },
        "rivals": rivals,
        "is_above_floor": (market_ratio is None or market_ratio >= FLOORS["market"])
        and python_rate >= FLOORS["python"]
        and sweep_rate >= FLOORS["sweep"],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
