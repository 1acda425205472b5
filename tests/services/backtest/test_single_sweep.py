"""The compiled sweep over one series against whole backtests by the event loop: the same figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.domain.backtest import BacktestRequest, CostRule, FillRule, Sizing, StopRule
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.model import Arithmetic as By
from kis_terminal.domain.strategy.model import (
    Comparison,
    ConditionGroup,
    IndicatorLine,
    Logic,
    Operator,
    PriceField,
    RiskRule,
    RiskRules,
    ScalarStep,
    StrategySpec,
)
from kis_terminal.services.backtest.rule_sweep import RuleSweep
from kis_terminal.services.backtest.run import Engine, run_backtest
from tests.services.backtest.sweeps import KEY, base, crossing
from tests.services.studies.bars import bars_of, random_bars, real_bars

_COMBINATIONS = [(2, 5), (3, 20), (8, 40), (30, 3)]


@st.composite
def _bars(draw: st.DrawFn) -> BarColumns:
    """Return bars with halts in all codings, and days that stood at their limit."""
    columns = random_bars(160, draw(st.integers(0, 10_000))).columns.copy()
    halts = draw(st.lists(st.integers(0, 159), max_size=12))
    columns[:4, halts] = 0.0
    for bar in draw(st.lists(st.integers(1, 159), max_size=12)):
        up = draw(st.booleans())
        columns[:4, bar:] *= (1.3 if up else 0.7) if columns[3, bar - 1] > 0 else 1.0
        columns[:4, bar] = round(columns[3, bar - 1] * (1.3 if up else 0.7))
    columns[:4] = np.round(columns[:4])
    return bars_of(columns)


@st.composite
def _specs(draw: st.DrawFn) -> StrategySpec:
    spec = crossing(base().strategy)
    fast = IndicatorLine("fast", "value")
    if draw(st.booleans()):
        above = Comparison(fast, Operator.GREATER_THAN, PriceField.CLOSE, ScalarStep(By.MUL, 0.99))
        logic = draw(st.sampled_from(Logic))
        spec = replace(spec, entry=ConditionGroup(logic, (*spec.entry.conditions, above)))

    def rule() -> RiskRule | None:
        return draw(st.none() | st.floats(0.5, 12.0).map(lambda percent: RiskRule(percent, is_enabled=True)))

    return replace(spec, risk=RiskRules(rule(), rule(), rule()))


@st.composite
def _requests(draw: st.DrawFn) -> BacktestRequest:
    kind = draw(st.sampled_from(SizingKind))
    size = {SizingKind.SHARES: 70.0, SizingKind.PERCENT: 60.0, SizingKind.AMOUNT: 3_000_000.0}.get(kind, 0.0)
    rates = st.sampled_from([None, 0.0, 0.003])
    return base(
        cash=draw(st.sampled_from([40_000.0, 4_000_000.0, 1e8])),
        sizing=Sizing(kind, size),
        fill=draw(st.sampled_from(FillRule)),
        stops=draw(st.sampled_from(StopRule)),
        costs=CostRule(draw(rates), draw(rates), draw(st.sampled_from([0.0, 0.002]))),
    )


def _compare(request: BacktestRequest, bars: BarColumns, spec: StrategySpec) -> None:
    sweep = RuleSweep(request, {bars.key: bars}, spec, ("fast", "slow"), instruments={})

    found = sweep.answers(_COMBINATIONS)

    for (fast, slow), figures in zip(_COMBINATIONS, found, strict=True):
        one = replace(request, parameters={"fast": fast, "slow": slow})
        summary = run_backtest(one, {bars.key: bars}, spec, engine=Engine.EVENTS).summary
        assert isinstance(figures, dict)
        for name, value in figures.items():
            expected = summary[name]
            assert value is expected or value == pytest.approx(expected, rel=1e-9, abs=1e-11), name


@given(bars=_bars(), spec=_specs(), request=_requests())
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
def test_figures_are_those_of_the_event_loop(
    bars: BarColumns, spec: StrategySpec, request: BacktestRequest
) -> None:
    _compare(request, bars, spec)


@pytest.mark.parametrize("symbol", ["012450", "005930"])
def test_figures_of_real_bars_with_halts_and_a_split_are_those_of_the_event_loop(symbol: str) -> None:
    bars = real_bars(symbol).between(1_400_000_000, 1_800_000_000)

    _compare(base(series=[bars.key], end=base().end.replace(year=2030)), bars, crossing(base().strategy))


def test_bars_that_never_trade_end_in_the_cash_of_the_beginning() -> None:
    bars = bars_of(np.zeros((5, 30)))
    sweep = RuleSweep(base(), {KEY: bars}, crossing(base().strategy), ("fast", "slow"), instruments={})

    (figures,) = sweep.answers([(2, 5)])

    assert isinstance(figures, dict)
    assert (figures["total_return"], figures["trades"], figures["sharpe"]) == (0.0, 0, None)
