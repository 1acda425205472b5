"""A strategy in words, for `kis-terminal strategy show`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kis_terminal.domain.strategy.binding import default_line
from kis_terminal.domain.strategy.form import plain_form
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    IndicatorUse,
    Logic,
    Operand,
    Operator,
    ParamDef,
    ParamRef,
    PriceField,
    StrategySpec,
)
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.ui.translation import said, tr

_SIGNS: Mapping[Operator, str] = {
    Operator.GREATER_THAN: ">",
    Operator.LESS_THAN: "<",
    Operator.GREATER_EQUAL: "≥",
    Operator.LESS_EQUAL: "≤",
    Operator.EQUAL: "=",
    Operator.NOT_EQUAL: "≠",
    Operator.CROSS_ABOVE: "↗",
    Operator.CROSS_BELOW: "↘",
}
_ARITHMETIC: Mapping[Arithmetic, str] = {
    Arithmetic.MUL: "×",
    Arithmetic.DIV: "÷",
    Arithmetic.ADD: "+",
    Arithmetic.SUB: "-",
}


@dataclass(frozen=True, slots=True)
class StrategyWords:
    """What is shown of a strategy."""

    spec: StrategySpec

    def lines(self) -> list[str]:
        """Return the lines for people."""
        spec = self.spec
        lines = [f"{spec.name}  ({spec.id})", spec.metadata.description, ""]
        if spec.params:
            lines += [tr("매개변수"), *(f"  {_definition(one)}" for one in spec.params.values())]
        if spec.indicators:
            lines += [tr("지표"), *(f"  {_use(one)}" for one in spec.indicators)]
        if spec.patterns:
            named = [f"  {one.alias}: {said(patterns()[one.id].name)}" for one in spec.patterns]
            lines += [tr("캔들 패턴"), *named]
        lines += [tr("사는 때"), *self._group(spec.entry), tr("파는 때"), *self._group(spec.exit)]
        stops = (
            (tr("손절"), spec.risk.stop_loss_percent),
            (tr("익절"), spec.risk.take_profit_percent),
            (tr("추적 손절"), spec.risk.trailing_stop_percent),
        )
        lines += [f"  {tr('또는')} {name} {percent:g}%" for name, percent in stops if percent is not None]
        return lines

    def told(self) -> dict[str, Any]:
        """Return the same for programs: the file's own form."""
        return plain_form(self.spec)

    def _group(self, group: ConditionGroup) -> list[str]:
        joint = tr("그리고") if group.logic is Logic.AND else tr("또는")
        words = [_condition(self.spec, one) for one in group.conditions]
        return [f"  {word}" if place == 0 else f"  {joint} {word}" for place, word in enumerate(words)]


def parts(spec: StrategySpec) -> StrategyWords:
    """Return the words of a strategy."""
    return StrategyWords(spec)


def _definition(definition: ParamDef) -> str:
    limits = ""
    if definition.minimum is not None and definition.maximum is not None:
        limits = f" ({definition.minimum:g}~{definition.maximum:g})"
    return f"{definition.name} = {definition.default}{limits}  {definition.description}".rstrip()


def _use(use: IndicatorUse) -> str:
    params: dict[str, object] = {**indicators()[use.id].defaults, **use.params}
    if use.source is not PriceField.CLOSE:
        params["source"] = use.source.value
    if use.shift != 0:
        params["shift"] = use.shift
    given = ", ".join(f"{name}={_value(value)}" for name, value in params.items())
    return f"{use.alias}: {said(indicators()[use.id].name)}({given})"


def _value(value: object) -> str:
    return f"${value.name}" if isinstance(value, ParamRef) else str(value)


def _condition(spec: StrategySpec, condition: Condition) -> str:
    if not isinstance(condition, Comparison):
        return f"{condition.alias} {condition.signal.value}"
    right = _side(spec, condition.right)
    if condition.scalar is not None:
        right = f"{right} {_ARITHMETIC[condition.scalar.operation]} {condition.scalar.value:g}"
    return f"{_side(spec, condition.left)} {_SIGNS[condition.operator]} {right}"


def _side(spec: StrategySpec, side: Operand) -> str:
    if isinstance(side, IndicatorLine):
        use = next(one for one in spec.indicators if one.alias == side.alias)
        is_plain = side.line == default_line(use) == indicators()[use.id].default_line
        return side.alias if is_plain else f"{side.alias}.{side.line}"
    if isinstance(side, PriceField):
        return side.value
    return f"{side:g}" if isinstance(side, float) else _value(side)
