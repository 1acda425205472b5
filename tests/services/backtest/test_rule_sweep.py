"""A sweep's quick answers are the figures of single runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kis_terminal.domain.backtest import BacktestRequest
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Logic,
    Operator,
    ParamDef,
    ParamRef,
    PriceField,
    RiskRule,
    RiskRules,
    ScalarStep,
    StrategySpec,
)
from kis_terminal.services.backtest.rule_sweep import FAST_FIGURES, RuleSweep
from kis_terminal.services.backtest.run import run_backtest
from tests.support.backtests import by_key, krx_bars, request_of, shares

FAST, SLOW, RSI = (IndicatorLine(alias, "value") for alias in ("fast", "slow", "rsi"))
SPEC = StrategySpec(
    "sweep",
    params={
        "fast": ParamDef("fast", 5, minimum=2, maximum=50),
        "slow": ParamDef("slow", 20),
        "floor": ParamDef("floor", 30.0),
        "unused": ParamDef("unused", 1, minimum=0, maximum=5),
    },
    indicators=(
        IndicatorUse("fast", "sma", {"period": ParamRef("fast")}),
        IndicatorUse("slow", "sma", {"period": ParamRef("slow")}),
        IndicatorUse("rsi", "rsi", {"period": 14}),
    ),
    entry=ConditionGroup(
        Logic.AND,
        (
            Comparison(FAST, Operator.CROSS_ABOVE, SLOW),
            Comparison(RSI, Operator.GREATER_THAN, ParamRef("floor")),
        ),
    ),
    exit=ConditionGroup(
        Logic.OR,
        (
            Comparison(FAST, Operator.CROSS_BELOW, SLOW),
            Comparison(PriceField.CLOSE, Operator.LESS_THAN, SLOW, ScalarStep(Arithmetic.MUL, 0.93)),
        ),
    ),
    risk=RiskRules(stop_loss=RiskRule(8.0, True)),
)
NAMES = ("fast", "slow", "floor", "unused")
COMBINATIONS = [(5, 20, 30.0, 1), (5, 60, 50.0, 1), (3, 20, 99.0, 0), (10, 20, 45.0, 5), (5, 20, 45.0, 2)]


def real_run() -> tuple[BacktestRequest, dict[object, BarColumns]]:
    bars = by_key(*(krx_bars(symbol) for symbol in ("005930", "012450")))
    start = request_of(bars).start.replace(year=2012)
    return replace(request_of(bars), start=start), dict(bars)


def test_every_figure_is_the_one_of_a_single_run() -> None:
    request, bars = real_run()
    instruments = shares("005930", "012450")
    sweep = RuleSweep(request, bars, SPEC, NAMES, instruments=instruments)  # type: ignore[arg-type]

    answers = sweep.answers(COMBINATIONS)
    table = sweep.table(COMBINATIONS)

    for place, (combination, answer) in enumerate(zip(COMBINATIONS, answers, strict=True)):
        parameters = dict(zip(NAMES, combination, strict=True))
        single = run_backtest(
            replace(request, parameters=parameters),
            bars,
            SPEC,
            instruments=instruments,  # type: ignore[arg-type]
        )
        assert isinstance(answer, dict)
        assert set(answer) == FAST_FIGURES
        for name, value in answer.items():
            expected = single.summary[name]
            assert value == (None if expected is None else pytest.approx(expected, rel=1e-9)), name
        assert table["final_equity"][place] == single.summary["final_equity"]
    assert len({str(answer) for answer in answers}) == len(COMBINATIONS)


def test_a_combination_that_cannot_run_is_answered_with_its_sentence() -> None:
    request, bars = real_run()
    sweep = RuleSweep(request, bars, SPEC, NAMES, instruments={})  # type: ignore[arg-type]

    answers = sweep.answers([(1, 20, 30.0, 1), (5, 0, 30.0, 1), (5, 20, 30.0, 9), (5, 20, 30.0, 1)])

    assert [isinstance(answer, str) for answer in answers] == [True, True, True, False]
    assert "fast" in str(answers[0])
    assert "unused" in str(answers[2])
