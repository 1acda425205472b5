"""Conditions of a rule strategy as columns: on which bars its entry and its exit are true.

A comparison with what is not known (NaN) is false, `not_equal` too; a cross needs a real former bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    BoundStrategy,
    Condition,
    ConditionGroup,
    IndicatorLine,
    Logic,
    Operand,
    Operator,
    ParamRef,
    PatternCondition,
    PatternSignal,
    PriceField,
    ScalarStep,
)
from kis_terminal.services.backtest.lines import LineBook

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]


class RuleSignals(NamedTuple):
    """`(n,)` each, over the bars that traded: judged at each bar's close, stops not included."""

    entry: Marks
    exit: Marks


def rule_signals(strategy: BoundStrategy, bars: BarColumns, lines: LineBook) -> RuleSignals:
    """Return where entry and exit of `strategy` are true over `bars`, which all traded."""
    judge = _Judge(strategy, bars, lines)
    return RuleSignals(judge.group(strategy.entry), judge.group(strategy.exit))


def field_column(bars: BarColumns, field: PriceField) -> Numbers:
    """Return the column of a price word."""
    if field is PriceField.OPEN:
        return bars.open
    if field is PriceField.HIGH:
        return bars.high
    if field is PriceField.LOW:
        return bars.low
    return bars.close if field is PriceField.CLOSE else bars.volume


class _Judge:
    """Evaluates conditions over whole columns."""

    def __init__(self, strategy: BoundStrategy, bars: BarColumns, lines: LineBook) -> None:
        self._bars = bars
        self._lines = lines
        self._uses = {use.alias: use for use in strategy.indicators}
        self._patterns = {use.alias: use.id for use in strategy.patterns}

    def group(self, group: ConditionGroup) -> Marks:
        if not group.conditions:
            return np.zeros(len(self._bars), dtype=np.bool_)
        combine = np.logical_and if group.logic is Logic.AND else np.logical_or
        result = self._condition(group.conditions[0])
        for condition in group.conditions[1:]:
            combine(result, self._condition(condition), out=result)
        return result

    def _condition(self, condition: Condition) -> Marks:
        if isinstance(condition, PatternCondition):
            return self._pattern(condition)
        left = self._operand(condition.left)
        right = self._scaled(self._operand(condition.right), condition.scalar)
        return self._compare(left, condition.operator, right)

    def _pattern(self, condition: PatternCondition) -> Marks:
        values = self._lines.pattern(self._patterns[condition.alias])
        if condition.signal is PatternSignal.BULLISH:
            return values > 0
        return values < 0 if condition.signal is PatternSignal.BEARISH else values != 0

    def _operand(self, operand: Operand) -> Numbers | float:
        if isinstance(operand, PriceField):
            return field_column(self._bars, operand)
        if isinstance(operand, IndicatorLine):
            return self._lines.of(self._uses[operand.alias], operand.line)
        if isinstance(operand, ParamRef):
            raise ValueError(f"${operand.name} was not bound")
        return float(operand)

    @staticmethod
    def _scaled(right: Numbers | float, scalar: ScalarStep | None) -> Numbers | float:
        if scalar is None:
            return right
        if scalar.operation is Arithmetic.ADD:
            return right + scalar.value
        if scalar.operation is Arithmetic.SUB:
            return right - scalar.value
        if scalar.operation is Arithmetic.MUL:
            return right * scalar.value
        # What is divided by zero is not known.
        return right / scalar.value if scalar.value else right * float("nan")

    def _compare(self, left: Numbers | float, operator: Operator, right: Numbers | float) -> Marks:
        if operator.is_cross:
            return self._cross(left, operator, right)
        result: Marks
        with np.errstate(invalid="ignore"):
            if operator is Operator.GREATER_THAN:
                result = np.greater(left, right)
            elif operator is Operator.LESS_THAN:
                result = np.less(left, right)
            elif operator is Operator.GREATER_EQUAL:
                result = np.greater_equal(left, right)
            elif operator is Operator.LESS_EQUAL:
                result = np.less_equal(left, right)
            elif operator is Operator.EQUAL:
                result = np.equal(left, right)
            else:
                result = np.not_equal(left, right) & ~np.isnan(left) & ~np.isnan(right)
        return result

    def _cross(self, left: Numbers | float, operator: Operator, right: Numbers | float) -> Marks:
        size = len(self._bars)
        above = np.zeros(size, dtype=np.bool_)
        one, other = (left, right) if operator is Operator.CROSS_ABOVE else (right, left)
        now, before = _now_and_before(one, size), _now_and_before(other, size)
        with np.errstate(invalid="ignore"):
            np.logical_and(now[1] <= before[1], now[0] > before[0], out=above[1:])
        return above


def _now_and_before(side: Numbers | float, size: int) -> tuple[Numbers | float, Numbers | float]:
    """Return a side on the bars from the second on, and on the bars before them."""
    if isinstance(side, float):
        return side, side
    return side[1:size], side[: size - 1]
