"""Random sound strategies for property tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from kis_terminal.domain.strategy.binding import default_line
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import Feed, Indicator, indicators
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Logic,
    Metadata,
    Operator,
    ParamDef,
    ParamRef,
    PatternCondition,
    PatternSignal,
    PatternUse,
    PriceField,
    RiskRule,
    RiskRules,
    ScalarStep,
    StrategySpec,
)
from kis_terminal.domain.strategy.param_rules import param_fault, params_fault
from kis_terminal.domain.strategy.pattern_table import patterns

_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
_NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(float),
    st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-9),
)
_PERCENTS = st.one_of(st.none(), st.floats(0, 100, allow_nan=False))


@st.composite
def specs(draw: st.DrawFn) -> StrategySpec:
    """Draw a strategy that every rule of the format accepts."""
    params = {f"p{place}": _definition(draw, f"p{place}") for place in range(draw(st.integers(0, 3)))}
    uses = tuple(_use(draw, f"a{place}", params) for place in range(draw(st.integers(0, 3))))
    found = draw(st.lists(st.sampled_from(sorted(patterns())), max_size=2))
    candles = tuple(PatternUse(f"c{place}", id_) for place, id_ in enumerate(found))
    risk = RiskRules(*(draw(st.none() | st.builds(RiskRule, _PERCENTS, st.booleans())) for _ in range(3)))
    return StrategySpec(
        id=draw(_TEXTS.filter(bool)),
        metadata=Metadata(
            draw(_TEXTS), draw(_TEXTS), draw(_TEXTS.filter(bool)), tuple(draw(st.lists(_TEXTS, max_size=3)))
        ),
        version=draw(st.sampled_from(["1.0", "1.0.0", "2"])),
        category=draw(st.sampled_from(["trend", "custom", "내 것"])),
        params=params,
        indicators=uses,
        patterns=candles,
        entry=_group(draw, uses, candles, params),
        exit=_group(draw, uses, candles, params),
        risk=risk,
    )


def _definition(draw: st.DrawFn, name: str) -> ParamDef:
    if draw(st.booleans()):
        return ParamDef(name, draw(st.integers(2, 50)), 1, 100, 1, "int", draw(_TEXTS))
    return ParamDef(name, draw(st.floats(1.5, 9.5)), None, None, None, draw(st.sampled_from([None, "float"])))


def _use(draw: st.DrawFn, alias: str, params: Mapping[str, ParamDef]) -> IndicatorUse:
    indicator = indicators()[draw(st.sampled_from(sorted(indicators())))]
    given: dict[str, Parameter | ParamRef] = {}
    for param in indicator.params:
        if draw(st.booleans()):
            continue
        fitting = [
            one for one in params.values() if one.default is not None and not param_fault(param, one.default)
        ]
        if fitting and draw(st.booleans()):
            given[param.name] = ParamRef(draw(st.sampled_from(fitting)).name)
        elif param.choices:
            given[param.name] = draw(st.sampled_from(param.choices))
        elif param.is_whole:
            given[param.name] = draw(st.integers(2, 60))
    if not _fits(indicator, given, params):
        given = {}
    is_close = indicator.feed is Feed.CLOSE
    return IndicatorUse(
        alias,
        indicator.id,
        given,
        draw(st.sampled_from([None, *indicator.lines])),
        draw(_TEXTS),
        draw(st.integers(0, 3)),
        draw(st.sampled_from(list(PriceField))) if is_close else PriceField.CLOSE,
    )


def _fits(indicator: Indicator, given: Mapping[str, Any], params: Mapping[str, ParamDef]) -> bool:
    values = dict(indicator.defaults)
    for name, value in given.items():
        values[name] = params[value.name].default if isinstance(value, ParamRef) else value
    return params_fault(indicator, values) is None


def _group(
    draw: st.DrawFn,
    uses: tuple[IndicatorUse, ...],
    candles: tuple[PatternUse, ...],
    params: Mapping[str, ParamDef],
) -> ConditionGroup:
    count = draw(st.integers(1, 3))
    found = tuple(_condition(draw, uses, candles, params) for _ in range(count))
    return ConditionGroup(draw(st.sampled_from(list(Logic))), found)


def _condition(
    draw: st.DrawFn,
    uses: tuple[IndicatorUse, ...],
    candles: tuple[PatternUse, ...],
    params: Mapping[str, ParamDef],
) -> Condition:
    if candles and draw(st.booleans()):
        return PatternCondition(
            draw(st.sampled_from(candles)).alias, draw(st.sampled_from(list(PatternSignal)))
        )
    sides: list[Any] = [*PriceField]
    for use in uses:
        sides += [IndicatorLine(use.alias, line) for line in indicators()[use.id].lines]
        sides.append(IndicatorLine(use.alias, default_line(use)))
    numbers: list[Any] = [draw(_NUMBERS), *(ParamRef(name) for name in params)]
    operator = draw(st.sampled_from(list(Operator)))
    right = draw(st.sampled_from(sides + numbers))
    scalar = None
    if isinstance(right, (PriceField, IndicatorLine)) and not operator.is_cross and draw(st.booleans()):
        scalar = ScalarStep(draw(st.sampled_from(list(Arithmetic))), draw(_NUMBERS.filter(bool)))
    return Comparison(draw(st.sampled_from(sides)), operator, right, scalar)
