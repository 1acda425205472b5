"""Conditions that can never be true, or always are: bounds that today's own bar is part of, impossible "
"values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    Condition,
    IndicatorLine,
    IndicatorUse,
    Operand,
    Operator,
    ParamRef,
    PatternCondition,
    PatternSignal,
    PriceField,
    ScalarStep,
    StrategySpec,
)
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.domain.strategy.problems import Findings

_PRICES = frozenset({PriceField.OPEN, PriceField.HIGH, PriceField.LOW, PriceField.CLOSE})
_RANGES: Mapping[tuple[str, str], tuple[float, float]] = MappingProxyType(
    {(id_, "value"): (0.0, 100.0) for id_ in ("rsi", "mfi", "adx", "adxr", "ultosc")}
    | {(id_, line): (0.0, 100.0) for id_ in ("stochastic", "stochrsi") for line in ("k", "d")}
    | {("aroon", line): (0.0, 100.0) for line in ("aroon_up", "aroon_down")}
    | {(id_, "value"): (-100.0, 100.0) for id_ in ("cmo", "aroon", "tsi")}
    | {("williams_r", "value"): (-100.0, 0.0), ("ibs", "value"): (0.0, 1.0), ("bop", "value"): (-1.0, 1.0)}
)
"""Lines whose values never leave a range."""
_PERCENTS = frozenset({"roc", "momentum", "change", "returns"})
_MIRRORED: Mapping[Operator, Operator] = MappingProxyType(
    {
        Operator.GREATER_THAN: Operator.LESS_THAN,
        Operator.LESS_THAN: Operator.GREATER_THAN,
        Operator.GREATER_EQUAL: Operator.LESS_EQUAL,
        Operator.LESS_EQUAL: Operator.GREATER_EQUAL,
        Operator.CROSS_ABOVE: Operator.CROSS_BELOW,
        Operator.CROSS_BELOW: Operator.CROSS_ABOVE,
    }
)
_ONE_SIDED: Mapping[str, PatternSignal] = MappingProxyType(
    {
        "rising_three_methods": PatternSignal.BULLISH,
        "falling_three_methods": PatternSignal.BEARISH,
    }
)
"""Patterns of one direction whose function answers for both; the backtester does not filter."""
_ABOVE = (Operator.GREATER_THAN, Operator.CROSS_ABOVE)
_BELOW = (Operator.LESS_THAN, Operator.CROSS_BELOW)
_TRUE_OF_EQUALS = (Operator.EQUAL, Operator.GREATER_EQUAL, Operator.LESS_EQUAL)


def tell_traps(spec: StrategySpec, lines: Mapping[tuple[str, int], int], findings: Findings) -> None:
    """Warn of conditions that cannot do what they seem to; `lines` is part and position -> line."""
    for part, group in (("entry", spec.entry), ("exit", spec.exit)):
        for position, condition in enumerate(group.conditions):
            line = lines[part, position]
            if isinstance(condition, PatternCondition):
                _tell_pattern(spec, condition, line, findings)
            else:
                _tell_comparison(spec, condition, line, findings)


def bounding_use(spec: StrategySpec, condition: Condition) -> IndicatorUse | None:
    """Return the indicator whose window holds today's bar, so that the condition can never be true."""
    found = _bound(spec, condition)
    return found[0] if found and not found[1] else None


def _tell_comparison(spec: StrategySpec, condition: Comparison, line: int, findings: Findings) -> None:
    found = _bound(spec, condition)
    if found is not None:
        use, is_always = found
        if is_always:
            findings.warning(
                line,
                "always-true",
                Sentence(
                    "이 조건은 늘 참입니다: 지표 {alias}({id})의 구간에 오늘 봉이 들어 있습니다.",
                    alias=use.alias,
                    id=use.id,
                ),
            )
        else:
            findings.warning(
                line,
                "never-true",
                Sentence(
                    "이 조건은 결코 참이 되지 않습니다: 지표 {alias}({id})의 구간에 오늘 봉이 들어 있습니다. "
                    "어제까지의 구간과 비교하려면 params에 `shift: 1`을 적으십시오(자동으로 고칠 수 "
                    "있습니다).",
                    alias=use.alias,
                    id=use.id,
                ),
                can_fix=True,
            )
        return
    if not _tell_same_line(spec, condition, line, findings):
        _tell_range(spec, condition, line, findings)


def _tell_same_line(spec: StrategySpec, condition: Comparison, line: int, findings: Findings) -> bool:
    """Warn where both sides are one and the same line: averages of equal periods, a price and itself."""
    if condition.scalar is not None or _identity(spec, condition.left) != _identity(spec, condition.right):
        return False
    if condition.operator in _TRUE_OF_EQUALS:
        findings.warning(
            line, "always-true", Sentence("이 조건은 늘 참입니다: 양쪽이 같은 값입니다(기간 등이 같음).")
        )
    else:
        findings.warning(
            line,
            "never-true",
            Sentence("이 조건은 결코 참이 되지 않습니다: 양쪽이 같은 값입니다(기간 등이 같음)."),
        )
    return True


def _identity(spec: StrategySpec, operand: Operand) -> object:
    """Return what tells two lines apart that are computed differently, parameters at their defaults."""
    if not isinstance(operand, IndicatorLine):
        return operand
    use = next(use for use in spec.indicators if use.alias == operand.alias)
    given = {**indicators()[use.id].defaults, **use.params}
    values = {
        name: _default_of(spec, value) if isinstance(value, ParamRef) else value
        for name, value in given.items()
    }
    shift = _default_of(spec, use.shift) if isinstance(use.shift, ParamRef) else use.shift
    return use.id, operand.line, use.source, shift, frozenset(values.items())


def _default_of(spec: StrategySpec, reference: ParamRef) -> object:
    """Return the default; a parameter without one is like none but itself."""
    default = spec.params[reference.name].default
    return reference if default is None else default


def _bound(spec: StrategySpec, condition: Condition) -> tuple[IndicatorUse, bool] | None:
    """Return the indicator that bounds a price from above or below, and whether it is always so."""
    if not isinstance(condition, Comparison):
        return None
    left, operator, right = condition.left, condition.operator, condition.right
    if isinstance(left, IndicatorLine) and isinstance(right, PriceField) and condition.scalar is None:
        left, right, operator = right, left, _MIRRORED.get(operator, operator)
    if not isinstance(left, PriceField) or not isinstance(right, IndicatorLine):
        return None
    use = next(use for use in spec.indicators if use.alias == right.alias)
    if use.shift != 0:
        return None
    if left in _bounded_above(use, right.line) and _keeps(condition.scalar, is_above=True):
        if operator in _ABOVE:
            return use, False
        if operator is Operator.LESS_EQUAL:
            return use, True
    if left in _bounded_below(use, right.line) and _keeps(condition.scalar, is_above=False):
        if operator in _BELOW:
            return use, False
        if operator is Operator.GREATER_EQUAL:
            return use, True
    return None


def _bounded_above(use: IndicatorUse, line: str) -> frozenset[PriceField]:
    """Return the prices of today that a line never lies under."""
    if use.id == "donchian" and line == "upper":
        return _PRICES
    if use.id != "maximum":
        return frozenset()
    return {
        PriceField.HIGH: _PRICES,
        PriceField.CLOSE: frozenset({PriceField.CLOSE, PriceField.LOW}),
        PriceField.OPEN: frozenset({PriceField.OPEN, PriceField.LOW}),
    }.get(use.source, frozenset({use.source}))


def _bounded_below(use: IndicatorUse, line: str) -> frozenset[PriceField]:
    """Return the prices of today that a line never lies over."""
    if use.id == "donchian" and line == "lower":
        return _PRICES
    if use.id != "minimum":
        return frozenset()
    return {
        PriceField.LOW: _PRICES,
        PriceField.CLOSE: frozenset({PriceField.CLOSE, PriceField.HIGH}),
        PriceField.OPEN: frozenset({PriceField.OPEN, PriceField.HIGH}),
    }.get(use.source, frozenset({use.source}))


def _keeps(scalar: ScalarStep | None, *, is_above: bool) -> bool:
    """Tell whether a bound is one even after the scalar, prices being positive."""
    if scalar is None:
        return True
    value, operation = scalar.value, scalar.operation
    if operation in (Arithmetic.ADD, Arithmetic.SUB):
        added = value if operation is Arithmetic.ADD else -value
        return added >= 0 if is_above else added <= 0
    factor = value if operation is Arithmetic.MUL else 1 / value
    return factor >= 1 if is_above else factor <= 1


def _tell_range(spec: StrategySpec, condition: Comparison, line: int, findings: Findings) -> None:
    if not isinstance(condition.left, IndicatorLine):
        return
    alias, name = condition.left.alias, condition.left.line
    use = next(use for use in spec.indicators if use.alias == alias)
    limits, value = _RANGES.get((use.id, name)), _number(spec, condition.right)
    if value is not None:
        _tell_unit(use, value, line, findings)
    if limits is None or value is None or _is_reachable(condition.operator, value, limits):
        return
    findings.warning(
        line,
        "never-true",
        Sentence(
            "이 조건은 결코 참이 되지 않습니다: {alias}({id})의 값은 {low:g}~{high:g}인데 {value:g}과(와) "
            "비교합니다.",
            alias=alias,
            id=use.id,
            low=limits[0],
            high=limits[1],
            value=value,
        ),
    )


def _tell_unit(use: IndicatorUse, value: float, line: int, findings: Findings) -> None:
    """Say in which unit a line counts where the number looks like another one."""
    if use.id in _PERCENTS and 0 < abs(value) < 0.5:
        unit = Sentence("퍼센트입니다(5 = 5%)")
    elif use.id == "disparity" and abs(value) <= 10:
        unit = Sentence("이동평균과 같을 때 100입니다")
    elif use.id == "volatility_ind" and value >= 1:
        unit = Sentence("비율입니다(0.02 = 2%)")
    else:
        return
    findings.warning(
        line,
        "unit",
        Sentence(
            "{value:g}과(와) 비교하는 지표 {alias}({id})의 단위는 {unit}. 단위를 확인하십시오.",
            value=value,
            alias=use.alias,
            id=use.id,
            unit=unit,
        ),
    )


def _number(spec: StrategySpec, right: Operand) -> float | None:
    if isinstance(right, ParamRef):
        default = spec.params[right.name].default
        return float(default) if isinstance(default, (int, float)) else None
    return right if isinstance(right, float) else None


def _is_reachable(operator: Operator, value: float, limits: tuple[float, float]) -> bool:
    low, high = limits
    if operator in _ABOVE:
        return value < high
    if operator in _BELOW:
        return value > low
    if operator is Operator.GREATER_EQUAL:
        return value <= high
    if operator is Operator.LESS_EQUAL:
        return value >= low
    return operator is Operator.NOT_EQUAL or low <= value <= high


def _tell_pattern(spec: StrategySpec, condition: PatternCondition, line: int, findings: Findings) -> None:
    use = next(use for use in spec.patterns if use.alias == condition.alias)
    pattern = patterns()[use.id]
    wanted = {PatternSignal.BULLISH: "+", PatternSignal.BEARISH: "-"}.get(condition.signal, "")
    if wanted and wanted not in pattern.signs:
        findings.warning(
            line,
            "never-true",
            Sentence(
                "이 조건은 결코 참이 되지 않습니다: 패턴 {id}은(는) {signal} 신호를 내지 않습니다. "
                "detected를 쓰십시오.",
                id=use.id,
                signal=condition.signal.value,
            ),
        )
    if use.id in _ONE_SIDED and condition.signal is PatternSignal.DETECTED:
        findings.warning(
            line,
            "backtester-differs",
            Sentence(
                "KIS 백테스터는 {id}의 detected를 반대 방향의 패턴에도 참으로 봅니다. {signal}(으)로 적으면 "
                "같아집니다.",
                id=use.id,
                signal=_ONE_SIDED[use.id].value,
            ),
        )
    if pattern.builder_signs != pattern.signs:
        findings.note(
            line,
            "builder-pattern",
            Sentence("패턴 {id}의 신호 방향을 KIS 전략 빌더는 다르게 봅니다.", id=use.id),
        )
    if not pattern.is_supported:
        findings.warning(
            line,
            "pattern-not-in-kis",
            Sentence("패턴 {id}은(는) KIS의 프로그램에서 실행되지 않습니다. 여기서는 실행됩니다.", id=use.id),
        )
