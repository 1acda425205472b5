"""Binding: references become values, overrides stay inside the file's limits."""

from __future__ import annotations

import pickle

import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.binding import bind, used_names
from kis_terminal.domain.strategy.model import (
    BoundIndicator,
    Comparison,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Operator,
    ParamDef,
    ParamRef,
    PriceField,
    StrategySpec,
)


def crossing(**changes: object) -> StrategySpec:
    """Return a strategy of two averages and a threshold that a parameter sets."""
    fields: dict[str, object] = {
        "id": "crossing",
        "params": {
            "fast_period": ParamDef("fast_period", 5, 2, 50, type="int"),
            "threshold": ParamDef("threshold", 100.0, type="float"),
            "unused": ParamDef("unused", 1.0),
        },
        "indicators": (
            IndicatorUse("fast", "sma", {"period": ParamRef("fast_period")}),
            IndicatorUse("slow", "sma", {}),
        ),
        "entry": ConditionGroup(
            conditions=(
                Comparison(
                    IndicatorLine("fast", "value"), Operator.CROSS_ABOVE, IndicatorLine("slow", "value")
                ),
                Comparison(PriceField.CLOSE, Operator.GREATER_THAN, ParamRef("threshold")),
            )
        ),
    }
    return StrategySpec(**(fields | changes))  # type: ignore[arg-type]


def test_references_take_defaults_and_missing_parameters_the_table() -> None:
    bound = bind(crossing())

    assert bound.indicators == (
        BoundIndicator("fast", "sma", {"period": 5}, "value"),
        BoundIndicator("slow", "sma", {"period": 20}, "value"),
    )
    assert bound.entry.conditions[1] == Comparison(PriceField.CLOSE, Operator.GREATER_THAN, 100.0)
    assert bound.used_lines() == (IndicatorLine("fast", "value"), IndicatorLine("slow", "value"))
    assert bound.parameters == {"fast_period": 5, "threshold": 100.0, "unused": 1.0}
    assert pickle.loads(pickle.dumps(bound)) == bound  # noqa: S301 - our own value


def test_override_of_a_whole_parameter_may_come_as_a_float() -> None:
    bound = bind(crossing(), {"fast_period": 8.0})

    assert bound.indicators[0].params == {"period": 8}
    assert isinstance(bound.indicators[0].params["period"], int)


@pytest.mark.parametrize(
    "overrides",
    [
        {"fast_period": 1},
        {"fast_period": 51},
        {"fast_period": 5.5},
        {"fast_period": "5"},
        {"fast_period": True},
        {"threshold": float("nan")},
        {"no_such": 1},
    ],
)
def test_override_outside_the_limits_or_without_a_name_is_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(CorrectionNeeded, match=next(iter(overrides))):
        bind(crossing(), overrides)  # type: ignore[arg-type]


def test_values_that_an_indicator_cannot_take_are_refused() -> None:
    macd = IndicatorUse("m", "macd", {"fast": 30, "slow": 26})

    with pytest.raises(CorrectionNeeded, match="지표 m: macd"):
        bind(crossing(indicators=(macd,), entry=ConditionGroup()))


def test_parameter_without_a_default_needs_an_override() -> None:
    spec = crossing(
        params={"fast_period": ParamDef("fast_period", None), "threshold": ParamDef("threshold", 1)}
    )

    with pytest.raises(CorrectionNeeded, match="fast_period"):
        bind(spec)
    assert bind(spec, {"fast_period": 7}).indicators[0].params == {"period": 7}


@pytest.mark.parametrize(
    ("default", "operand"),
    [("price", PriceField.CLOSE), ("slow", IndicatorLine("slow", "value")), ("30", 30.0)],
)
def test_reference_may_hold_a_word(default: str, operand: object) -> None:
    spec = crossing(
        params={"fast_period": ParamDef("fast_period", 5), "threshold": ParamDef("threshold", default)}
    )

    condition = bind(spec).entry.conditions[1]

    assert isinstance(condition, Comparison)
    assert condition.right == operand


def test_used_names_leave_out_what_nothing_refers_to() -> None:
    assert used_names(crossing()) == {"fast_period", "threshold"}
