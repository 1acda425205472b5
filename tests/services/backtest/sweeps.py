"""A strategy and requests that the tests of sweeps share; workers import this module by its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.strategy.contract import ParameterRule, Strategy, StrategyContext
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
from kis_terminal.domain.sweeps import ParameterRange, SweepKind, SweepRequest
from tests.services.studies.bars import bars_of, random_bars

BARS = random_bars(700, seed=3)
KEY = BARS.key
OTHER = bars_of(random_bars(700, seed=4).columns, "000660")
SOURCE = StrategySource("교차.kis.yaml", "")


def crossing(source: StrategySource) -> StrategySpec:
    """Return a strategy that buys where the fast average crosses the slow one from below."""
    fast, slow = IndicatorLine("fast", "value"), IndicatorLine("slow", "value")
    return StrategySpec(
        id="crossing",
        params={
            "fast": ParamDef("fast", 5, 2, 200, 1, "int"),
            "slow": ParamDef("slow", 20, 2, 300, 1, "int"),
        },
        indicators=(
            IndicatorUse("fast", "sma", {"period": ParamRef("fast")}),
            IndicatorUse("slow", "sma", {"period": ParamRef("slow")}),
        ),
        entry=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_ABOVE, slow),)),
        exit=ConditionGroup(conditions=(Comparison(fast, Operator.CROSS_BELOW, slow),)),
    )


class Holder(Strategy):
    """Buys on a bar that a parameter names and sells some bars later."""

    parameter_rules: Sequence[ParameterRule] = (
        ParameterRule("entry", 5),
        ParameterRule("length", 10, 1, 100),
    )

    def on_start(self, context: StrategyContext) -> None:
        self.count = 0

    def on_bar(self, context: StrategyContext, symbol: str) -> None:
        self.count += 1
        if self.count == context.parameters["entry"]:
            context.buy(symbol)
        if self.count == int(context.parameters["entry"]) + int(context.parameters["length"]):
            context.sell(symbol)


def holding(source: StrategySource) -> type[Strategy]:
    """Return a strategy in Python."""
    return Holder


def ending(source: StrategySource) -> StrategySpec:
    """End the process that asks, as a crash would."""
    os._exit(3)


def base(**changes: object) -> BacktestRequest:
    """Return a run over all bars."""
    values: dict[str, object] = {
        "strategy": SOURCE,
        "series": [KEY],
        "start": date(1970, 1, 1),
        "end": date(1980, 1, 1),
    }
    return BacktestRequest(**(values | changes))  # type: ignore[arg-type]


def sweep(
    fast: Sequence[int] = (3, 5, 8, 12),
    slow: Sequence[int] = (15, 20, 40),
    kind: SweepKind = SweepKind.GRID,
    **changes: object,
) -> SweepRequest:
    """Return a search over both averages."""
    ranges = [ParameterRange("fast", list(fast)), ParameterRange("slow", list(slow))]
    return SweepRequest(base(), ranges, kind, **changes)  # type: ignore[arg-type]
