"""Has numba compile the engine before anybody waits for it: what it made lies on the disk afterwards.

A process of its own does this, since compiling holds up whatever else its process does for up to half a
minute, once on a machine and after each update. Where all lies on the disk it takes a second or two.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.market import Interval
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
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.rule_sweep import RuleSweep
from kis_terminal.services.backtest.run import Engine, run_backtest

_FIRST_DAY = date(2024, 1, 1)
_DAYS = 40
_PAIRS = ((2, 5), (3, 8))


def compile_engine() -> None:
    """Run and sweep a cross of two averages over a few bars, on one symbol and on two."""
    spec = _cross()
    for symbols in (("000001",), ("000001", "000002")):
        bars = {one.key: one for one in map(_bars, symbols)}
        request = BacktestRequest(
            strategy=StrategySource("", ""),
            series=tuple(bars),
            start=_FIRST_DAY,
            end=date(2024, 12, 31),
            cash=1e7,
        )
        run_backtest(request, bars, spec, engine=Engine.KERNEL)
        RuleSweep(request, bars, spec, ("fast", "slow"), instruments={}).answers(_PAIRS)


def _bars(symbol: str) -> BarColumns:
    """Return days of a price that goes up and down."""
    close = np.round(10_000 + 500 * np.sin(np.arange(_DAYS) / 2.0))
    times = day_seconds(_FIRST_DAY) + 86_400 * np.arange(_DAYS, dtype=np.int64)
    columns = np.stack([close, close + 10, close - 10, close, np.full(_DAYS, 1_000.0)])
    return BarColumns(SeriesKey(Product.STOCK, symbol, Interval.DAY), times, columns)


def _cross() -> StrategySpec:
    fast, slow = IndicatorLine("fast", "value"), IndicatorLine("slow", "value")
    uses = [IndicatorUse(name, "sma", {"period": ParamRef(name)}) for name in ("fast", "slow")]
    return StrategySpec(
        "warming",
        params={"fast": ParamDef("fast", 2), "slow": ParamDef("slow", 5)},
        indicators=tuple(uses),
        entry=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_ABOVE, slow),)),
        exit=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_BELOW, slow),)),
    )
