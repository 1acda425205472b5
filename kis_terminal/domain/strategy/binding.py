"""From a file with `$name` references to a strategy that runs: every reference replaced by a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.model import (
    BoundIndicator,
    BoundOperand,
    BoundStrategy,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Operand,
    ParamDef,
    ParamRef,
    PriceField,
    StrategySpec,
)
from kis_terminal.domain.strategy.param_rules import LONGEST, param_fault, params_fault, whole

_PRICE_WORDS: Mapping[str, PriceField] = {
    **{field.value: field for field in PriceField},
    "price": PriceField.CLOSE,
}


def price_field(word: str) -> PriceField | None:
    """Return the column that a price word means, None for any other word."""
    return _PRICE_WORDS.get(word)


def default_line(use: IndicatorUse) -> str:
    """Return the line that an alias means where a condition names none."""
    return use.output or indicators()[use.id].default_line


def bind(spec: StrategySpec, overrides: Mapping[str, Parameter] | None = None) -> BoundStrategy:
    """Return the strategy with values in place of references: the override, else the default.

    Indicator parameters that the file leaves out take the table's defaults. Raises CorrectionNeeded for an
    override that no parameter of the file has or that lies outside its limits, and for values that an
    indicator cannot take. `spec` comes from the reader without errors.
    """
    values = _values(spec, overrides or {})
    return BoundStrategy(
        id=spec.id,
        name=spec.name,
        indicators=tuple(_indicator(use, values) for use in spec.indicators),
        patterns=spec.patterns,
        entry=_group(spec, spec.entry, values),
        exit=_group(spec, spec.exit, values),
        risk=spec.risk,
        parameters=values,
    )


def used_names(spec: StrategySpec) -> frozenset[str]:
    """Return the parameters that something in the file refers to."""
    given = [value for use in spec.indicators for value in (*use.params.values(), use.shift)]
    rights = [
        condition.right
        for group in (spec.entry, spec.exit)
        for condition in group.conditions
        if isinstance(condition, Comparison)
    ]
    return frozenset(item.name for item in (*given, *rights) if isinstance(item, ParamRef))


def override_fault(definition: ParamDef, value: Parameter) -> Sentence | None:
    """Return why a parameter cannot have this value, None when it can."""
    if isinstance(definition.default, str):
        return None if isinstance(value, str) else _fault(definition, value)
    if isinstance(value, (bool, str)) or not math.isfinite(value):
        return _fault(definition, value)
    if definition.type == "int" and value != int(value):
        return Sentence(
            "매개변수 {name}의 값 {value}은(는) 정수여야 합니다.", name=definition.name, value=value
        )
    low = -math.inf if definition.minimum is None else definition.minimum
    high = math.inf if definition.maximum is None else definition.maximum
    if low <= value <= high:
        return None
    return Sentence(
        "매개변수 {name}의 값 {value}이(가) 파일이 정한 범위 {low}~{high} 밖입니다.",
        name=definition.name,
        value=value,
        low=f"{low:g}",
        high=f"{high:g}",
    )


def _fault(definition: ParamDef, value: Parameter) -> Sentence:
    return Sentence("매개변수 {name}에 쓸 수 없는 값입니다: '{value}'.", name=definition.name, value=value)


def _values(spec: StrategySpec, overrides: Mapping[str, Parameter]) -> dict[str, Parameter]:
    for name, value in overrides.items():
        if name not in spec.params:
            raise CorrectionNeeded(
                Sentence(
                    "전략 '{strategy}'에는 매개변수 {name}이(가) 없습니다. 있는 것: {names}.",
                    strategy=spec.name,
                    name=name,
                    names=", ".join(spec.params) or "-",
                )
            )
        fault = override_fault(spec.params[name], value)
        if fault is not None:
            raise CorrectionNeeded(fault)
    values: dict[str, Parameter] = {}
    for name, definition in spec.params.items():
        chosen = overrides.get(name)
        if chosen is None:
            chosen = definition.default
        if chosen is not None:
            values[name] = whole(chosen) if definition.type == "int" else chosen
    return values


def _value(given: Parameter | ParamRef, values: Mapping[str, Parameter]) -> Parameter:
    if not isinstance(given, ParamRef):
        return given
    if given.name not in values:
        raise CorrectionNeeded(
            Sentence("${name}에 값이 없습니다. params에 {name}의 default를 적으십시오.", name=given.name)
        )
    return values[given.name]


def _indicator(use: IndicatorUse, values: Mapping[str, Parameter]) -> BoundIndicator:
    indicator = indicators()[use.id]
    params: dict[str, Parameter] = {}
    for param in indicator.params:
        value = _value(use.params.get(param.name, param.default), values)
        fault = param_fault(param, value)
        if fault is not None:
            raise _at(use, fault)
        params[param.name] = whole(value) if param.is_whole else value
    fault = params_fault(indicator, params)
    if fault is not None:
        raise _at(use, fault)
    shift = whole(_value(use.shift, values))
    if isinstance(shift, bool) or not isinstance(shift, int) or not 0 <= shift <= LONGEST:
        raise _at(
            use,
            Sentence(
                "shift의 값 {value}은(는) 0~{longest} 사이의 정수여야 합니다.", value=shift, longest=LONGEST
            ),
        )
    return BoundIndicator(use.alias, use.id, params, default_line(use), shift, use.source)


def _at(use: IndicatorUse, fault: Sentence) -> CorrectionNeeded:
    return CorrectionNeeded(Sentence("지표 {alias}: {fault}", alias=use.alias, fault=fault))


def _group(spec: StrategySpec, group: ConditionGroup, values: Mapping[str, Parameter]) -> ConditionGroup:
    return replace(group, conditions=tuple(_condition(spec, one, values) for one in group.conditions))


def _condition(spec: StrategySpec, condition: Condition, values: Mapping[str, Parameter]) -> Condition:
    if not isinstance(condition, Comparison):
        return condition
    return replace(condition, right=_right(spec, condition.right, values))


def _right(spec: StrategySpec, right: Operand, values: Mapping[str, Parameter]) -> BoundOperand:
    if not isinstance(right, ParamRef):
        return right
    value = _value(right, values)
    if not isinstance(value, str):
        return float(value)
    field = price_field(value)
    if field is not None:
        return field
    use = next((use for use in spec.indicators if use.alias == value), None)
    if use is not None:
        return IndicatorLine(use.alias, default_line(use))
    try:
        return float(value)
    except ValueError:
        raise CorrectionNeeded(
            Sentence(
                "${name}의 값 '{value}'은(는) 숫자도, 가격 이름도, 지표 별칭도 아닙니다.",
                name=right.name,
                value=value,
            )
        ) from None
