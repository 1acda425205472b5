"""Stops and targets of rule strategies: on the close as KIS judges them, and as orders within the bar."""

from __future__ import annotations

from typing import Any

import pytest

from kis_terminal.domain.backtest import CostRule, FillRule, Sizing, StopRule
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.model import (
    BoundStrategy,
    Comparison,
    Operator,
    PriceField,
    RiskRule,
    RiskRules,
)
from kis_terminal.services.backtest.run import Engine, run_backtest
from tests.support.backtests import bars_of, by_key, request_of, rules_of, shares

A = "000001"
FREE = CostRule(0.0, 0.0)
ENTRY = Comparison(PriceField.VOLUME, Operator.EQUAL, 7.0)
"""A bar with a volume of 7 is the signal to buy."""
SIGNAL = (10_000, 10_000, 10_000, 10_000, 7)
ENGINES = pytest.mark.parametrize("engine", list(Engine))


def stops(
    stop: float | None = None, target: float | None = None, trailing: float | None = None
) -> BoundStrategy:
    rules = RiskRules(
        stop_loss=RiskRule(stop, stop is not None),
        take_profit=RiskRule(target, target is not None),
        trailing_stop=RiskRule(trailing, trailing is not None),
    )
    return rules_of([ENTRY], risk=rules)


def sales(rules: BoundStrategy, engine: Engine, *rows: tuple[float, ...], **fields: Any) -> list[Any]:
    bars = by_key(bars_of(A, [SIGNAL, *rows]))
    given = {"costs": FREE, "sizing": Sizing(SizingKind.SHARES, 10), **fields}
    result = run_backtest(request_of(bars, **given), bars, rules, instruments=shares(A), engine=engine)
    start = int(next(iter(bars.values())).times[0])
    return [
        ((fill.time - start) // 86_400, fill.price, fill.reason)
        for fill in result.fills
        if fill.side.value == "sell"
    ]


BOUGHT = (10_000, 10_100, 9_900, 10_000)


@ENGINES
@pytest.mark.parametrize(("close", "is_sold"), [(9_500, True), (9_510, False)])
def test_a_stop_on_the_close_is_inclusive_and_sells_at_the_next_open(
    engine: Engine, close: int, is_sold: bool
) -> None:
    found = sales(stops(stop=5.0), engine, BOUGHT, (9_900, 9_950, 9_000, close), (9_300, 9_400, 9_200, 9_600))

    assert found == ([(3, 9_300, "stop")] if is_sold else [])


@ENGINES
def test_a_target_on_the_close_is_inclusive(engine: Engine) -> None:
    found = sales(
        stops(target=5.0), engine, BOUGHT, (10_400, 11_000, 10_400, 10_500), (10_700,) * 2 + (10_600,) * 2
    )

    assert found == [(3, 10_700, "target")]


@ENGINES
def test_a_trailing_stop_hangs_on_the_highest_close(engine: Engine) -> None:
    rows = [
        BOUGHT,
        (10_900, 12_500, 10_900, 11_000),
        (11_000, 11_000, 10_400, 10_450),
        (10_400,) * 3 + (10_450,),
    ]

    assert sales(stops(trailing=5.0), engine, *rows) == [(4, 10_400, "trailing")]


@ENGINES
def test_fill_at_close_sells_on_the_bar_that_reaches_the_stop(engine: Engine) -> None:
    rows = [BOUGHT, (9_900, 9_950, 9_000, 9_400)]

    assert sales(stops(stop=5.0), engine, *rows, fill=FillRule.CLOSE) == [(2, 9_400, "stop")]


@ENGINES
@pytest.mark.parametrize(
    ("bar", "sale"),
    [
        ((9_900, 9_950, 9_490, 9_900), (9_500, "stop")),
        ((9_300, 9_950, 9_200, 9_900), (9_300, "stop")),
        ((10_100, 10_600, 10_000, 10_200), (10_500, "target")),
        ((10_800, 10_900, 10_700, 10_800), (10_800, "target")),
        ((10_000, 10_700, 9_400, 10_000), (9_500, "stop")),
        ((10_600, 10_700, 9_400, 10_000), (10_600, "target")),
        ((10_000, 10_490, 9_510, 10_000), None),
    ],
    ids=[
        *("low reaches the stop", "gap through the stop", "high reaches the target", "gap over the target"),
        *("both: the stop", "the open comes first", "neither"),
    ],
)
def test_stops_within_the_bar(engine: Engine, bar: tuple[int, ...], sale: tuple[int, str] | None) -> None:
    found = sales(stops(stop=5.0, target=5.0), engine, BOUGHT, bar, stops=StopRule.INTRABAR)

    assert found == ([(2, *sale)] if sale else [])


@ENGINES
def test_a_stop_within_the_bar_may_be_reached_on_the_day_of_the_entry(engine: Engine) -> None:
    rows = [(10_000, 10_100, 9_400, 9_900)]

    assert sales(stops(stop=5.0), engine, *rows, stops=StopRule.INTRABAR) == [(1, 9_500, "stop")]
    at_close = sales(stops(stop=5.0), engine, *rows, stops=StopRule.INTRABAR, fill=FillRule.CLOSE)
    assert at_close == [(1, 9_500, "stop")]


@ENGINES
def test_a_trailing_level_within_the_bar_knows_only_closes_before_it(engine: Engine) -> None:
    rows = [BOUGHT, (10_000, 12_000, 9_900, 11_000), (11_000, 11_200, 10_440, 11_000)]

    found = sales(stops(trailing=5.0), engine, *rows, stops=StopRule.INTRABAR)

    assert found == [(3, 10_450, "trailing")]


@ENGINES
def test_levels_within_the_bar_are_on_ticks_and_the_stop_slips(engine: Engine) -> None:
    rows = [BOUGHT, (9_900, 9_950, 9_000, 9_100)]

    found = sales(
        stops(stop=3.33),
        engine,
        *rows,
        stops=StopRule.INTRABAR,
        costs=CostRule(0.0, 0.0, slippage=0.001),
    )

    # Bought at 10,050 (0.1 % up, to the step of 50 won); 3.33 % below is 9,715.3, cut to 9,710 and slipped.
    assert found == [(2, 9_700, "stop")]


@ENGINES
def test_a_locked_bar_takes_no_stop(engine: Engine) -> None:
    rows = [BOUGHT, (7_000,) * 4, (6_500, 6_600, 6_400, 6_500)]

    assert sales(stops(stop=5.0), engine, *rows, stops=StopRule.INTRABAR) == [(3, 6_500, "stop")]
