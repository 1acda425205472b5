"""A strategy as plain maps and lists, in the order and the words that a file has them.

Three forms: ours, one for KIS's backtester and one for its strategy builder. The last two cannot hold
everything; what is lost is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import bind, default_line
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.model import (
    BoundIndicator,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Metadata,
    Operand,
    Operator,
    ParamDef,
    ParamRef,
    PatternCondition,
    PriceField,
    RiskRule,
    RiskRules,
    StrategySpec,
)
from kis_terminal.domain.strategy.pattern_table import patterns

Plain = dict[str, Any]
"""What YAML can hold: maps, lists, texts, numbers, true and false."""
_NEVER: Mapping[str, str | int] = {"indicator": "close", "operator": "less_than", "value": 0}
"""The backtester's own placeholder for "no exit"; an empty exit would sell on every bar."""


@dataclass(frozen=True, slots=True)
class Export:
    """A strategy for another program, and what that program will not do as written."""

    plain: Plain
    losses: tuple[Sentence, ...]


def plain_form(spec: StrategySpec) -> Plain:
    """Return our own form: references kept, params before indicators, every line that is not `value` "
    "named."""
    strategy: Plain = {"id": spec.id, "category": spec.category}
    if spec.params:
        strategy["params"] = {name: _definition(one) for name, one in spec.params.items()}
    strategy["indicators"] = [_use(use) for use in spec.indicators]
    return _document(spec, strategy)


def backtester_form(spec: StrategySpec) -> Export:
    """Return the form for KIS's backtester: complete parameters, words that it knows."""
    strategy: Plain = {"id": spec.id, "category": spec.category}
    if spec.params:
        strategy["params"] = {name: _definition(one) for name, one in spec.params.items()}
    strategy["indicators"] = [_use(use, is_complete=True) for use in spec.indicators]
    plain = _document(spec, strategy)
    plain["version"] = "1.0"
    if not spec.exit.conditions:
        strategy["exit"] = {"logic": "AND", "conditions": [dict(_NEVER)]}
    for use in strategy["indicators"]:
        for key in ("shift", "source"):
            use.get("params", {}).pop(key, None)
    return Export(plain, (*_lost_windows(spec), *_lost_patterns(spec)))


def builder_form(spec: StrategySpec, overrides: Mapping[str, Parameter] | None = None) -> Export:
    """Return the form for KIS's strategy builder: numbers in place of references, all under `compare_to`.

    Raises CorrectionNeeded as `bind` does.
    """
    bound = bind(spec, overrides)
    uses = {use.alias: use for use in spec.indicators}
    strategy: Plain = {
        "id": bound.id,
        "category": spec.category,
        "indicators": [_bound_use(one) for one in bound.indicators],
    }
    if bound.patterns:
        strategy["candlesticks"] = [{"id": one.id, "alias": one.alias} for one in bound.patterns]
    strategy["entry"] = _group(bound.entry, uses, for_builder=True)
    strategy["exit"] = _group(bound.exit, uses, for_builder=True)
    rules = {
        name: {"enabled": True, "percent": _number(rule.percent)}
        for name, rule in _rules(spec.risk)
        if rule.percent is not None and rule.is_enabled
    }
    plain = {"version": "1.0", "metadata": _metadata(spec.metadata), "strategy": strategy, "risk": rules}
    losses = [*_lost_windows(spec), *_lost_patterns(spec), *_lost_words(spec)]
    if not spec.exit.conditions:
        losses.append(Sentence("KIS 전략 빌더는 청산 조건이 없는 파일을 저장하지 못합니다."))
    return Export(plain, tuple(losses))


def _document(spec: StrategySpec, strategy: Plain) -> Plain:
    uses = {use.alias: use for use in spec.indicators}
    declared = [one for one in spec.patterns if one.is_declared]
    if declared:
        strategy["candlesticks"] = [{"id": one.id, "alias": one.alias} for one in declared]
    strategy["entry"] = _group(spec.entry, uses)
    strategy["exit"] = _group(spec.exit, uses)
    plain = {"version": spec.version, "metadata": _metadata(spec.metadata), "strategy": strategy}
    risk: Plain = {name: _rule(rule) for name, rule in _rules(spec.risk)}
    if spec.risk.max_position_size is not None:
        risk["max_position_size"] = _number(spec.risk.max_position_size)
    return plain | ({"risk": risk} if risk else {})


def _metadata(metadata: Metadata) -> Plain:
    found: Plain = {
        "name": metadata.name,
        "description": metadata.description,
        "author": metadata.author,
        "tags": list(metadata.tags),
    }
    times = {"created_at": metadata.created_at, "updated_at": metadata.updated_at}
    return found | {key: text for key, text in times.items() if text is not None}


def _definition(definition: ParamDef) -> Plain:
    found = {
        "default": definition.default,
        "min": definition.minimum,
        "max": definition.maximum,
        "step": definition.step,
        "type": definition.type,
        "description": definition.description or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _use(use: IndicatorUse, *, is_complete: bool = False) -> Plain:
    given: Mapping[str, Parameter | ParamRef] = use.params
    if is_complete:
        given = {**indicators()[use.id].defaults, **use.params}
    params: Plain = {name: _word(value) for name, value in given.items()}
    if use.shift != 0:
        params["shift"] = _word(use.shift)
    if use.source is not PriceField.CLOSE:
        params["source"] = use.source.value
    found: Plain = {"id": use.id, "alias": use.alias}
    if use.name:
        found["name"] = use.name
    if params:
        found["params"] = params
    if use.output is not None:
        found["output"] = use.output
    return found


def _bound_use(bound: BoundIndicator) -> Plain:
    found: Plain = {"id": bound.id, "alias": bound.alias, "params": dict(bound.params)}
    if bound.line != "value":
        found["output"] = bound.line
    return found


def _group(group: ConditionGroup, uses: Mapping[str, IndicatorUse], *, for_builder: bool = False) -> Plain:
    return {
        "logic": group.logic.value,
        "conditions": [_condition(one, uses, for_builder) for one in group.conditions],
    }


def _condition(condition: Condition, uses: Mapping[str, IndicatorUse], for_builder: bool) -> Plain:
    if isinstance(condition, PatternCondition):
        return {"candlestick": condition.alias, "signal": condition.signal.value}
    operator = condition.operator.value
    found: Plain = {
        "indicator": _side(condition.left),
        "operator": "equals" if for_builder and condition.operator is Operator.EQUAL else operator,
    }
    key = "compare_to" if for_builder or isinstance(condition.right, (PriceField, IndicatorLine)) else "value"
    found[key] = _side(condition.right)
    for key, side in (("output", condition.left), ("compare_output", condition.right)):
        if isinstance(side, IndicatorLine) and _is_named(side, uses[side.alias]):
            found[key] = side.line
    if condition.scalar is not None and not for_builder:
        found["compare_scalar"] = _number(condition.scalar.value)
        found["compare_operation"] = condition.scalar.operation.value
    return found


def _is_named(side: IndicatorLine, use: IndicatorUse) -> bool:
    """Tell whether a condition must name its line, so that every program reads the same one."""
    return side.line != "value" or default_line(use) != "value"


def _side(side: Operand) -> Any:
    if isinstance(side, IndicatorLine):
        return side.alias
    if isinstance(side, PriceField):
        return side.value
    return _word(side)


def _word(value: Parameter | ParamRef) -> Parameter:
    if isinstance(value, ParamRef):
        return f"${value.name}"
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float:
    """Return 30 for 30.0, as people write it."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def _rules(risk: RiskRules) -> list[tuple[str, RiskRule]]:
    named = (
        ("stop_loss", risk.stop_loss),
        ("take_profit", risk.take_profit),
        ("trailing_stop", risk.trailing_stop),
    )
    return [(name, rule) for name, rule in named if rule is not None]


def _rule(rule: RiskRule) -> Plain:
    percent = {} if rule.percent is None else {"percent": rule.percent}
    return {"enabled": rule.is_enabled, **percent}


def _lost_windows(spec: StrategySpec) -> list[Sentence]:
    return [
        Sentence(
            "지표 {alias}의 shift와 source는 KIS의 프로그램에 없어 빠집니다. 그곳에서는 다른 값과 "
            "비교합니다.",
            alias=use.alias,
        )
        for use in spec.indicators
        if use.shift != 0 or use.source is not PriceField.CLOSE
    ]


def _lost_patterns(spec: StrategySpec) -> list[Sentence]:
    return [
        Sentence("패턴 {id}은(는) KIS의 프로그램에서 실행되지 않습니다.", id=one.id)
        for one in spec.patterns
        if not patterns()[one.id].is_supported
    ]


def _lost_words(spec: StrategySpec) -> list[Sentence]:
    """Return what the strategy builder would read otherwise without saying so."""
    comparisons = [
        condition
        for group in (spec.entry, spec.exit)
        for condition in group.conditions
        if isinstance(condition, Comparison)
    ]
    losses = []
    if any(condition.scalar is not None for condition in comparisons):
        losses.append(Sentence("KIS 전략 빌더에는 compare_scalar가 없어 배율 없이 비교합니다."))
    if any(condition.operator is Operator.NOT_EQUAL for condition in comparisons):
        losses.append(Sentence("KIS 전략 빌더에는 not_equal이 없어 greater_than으로 읽습니다."))
    if any(PriceField.VOLUME in (condition.left, condition.right) for condition in comparisons):
        losses.append(Sentence("KIS 전략 빌더는 가격 이름 volume을 모릅니다."))
    return losses
