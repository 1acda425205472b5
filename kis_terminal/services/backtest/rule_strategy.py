"""A rule strategy (`.kis.yaml`) as a Strategy: judged bar by bar, in backtests and in the market alike.

It is the reference for `rule_program`, which judges the same conditions over whole columns.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kis_terminal.domain.backtest import StopRule
from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.contract import FillEvent, Strategy, StrategyContext
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    BoundStrategy,
    Comparison,
    Condition,
    ConditionGroup,
    IndicatorLine,
    Logic,
    Operand,
    Operator,
    ParamRef,
    PatternCondition,
    PatternSignal,
    RiskRules,
    ScalarStep,
)

ENTRY, EXIT, STOP, TRAILING, TARGET = "entry", "exit", "stop", "trailing", "target"
REASONS = (ENTRY, EXIT, STOP, TRAILING, TARGET)
"""Why a rule strategy traded; the kernel names them by their place."""


class StopLevels(NamedTuple):
    """Factors of the entry price (of the highest close for `trailing`); 0 or infinity where there is none."""

    stop: float = 0.0
    trailing: float = 0.0
    target: float = math.inf

    @property
    def is_active(self) -> bool:
        """Tell whether any of them can be reached."""
        return self.stop > 0 or self.trailing > 0 or self.target < math.inf


def stop_levels(risk: RiskRules) -> StopLevels:
    """Return the levels of the rules that are in force."""
    stop, trailing, target = risk.stop_loss_percent, risk.trailing_stop_percent, risk.take_profit_percent
    return StopLevels(
        stop=0.0 if stop is None else 1.0 - stop / 100.0,
        trailing=0.0 if trailing is None else 1.0 - trailing / 100.0,
        target=math.inf if target is None else 1.0 + target / 100.0,
    )


class RuleStrategy(Strategy):
    """Runs a bound rule strategy.

    Flat, it buys where the entry is true; where only the exit is, it takes back a buy that still waits.
    Holding, it sells all where the exit is true or a stop is reached on the close.
    """

    def __init__(self, rules: BoundStrategy, stops: StopRule = StopRule.CLOSE) -> None:
        self.rules = rules
        self._levels = stop_levels(rules.risk) if stops is StopRule.CLOSE else StopLevels()
        self._uses = {use.alias: use for use in rules.indicators}
        self._patterns = {use.alias: use.id for use in rules.patterns}
        self._entries: dict[str, float] = {}
        self._peaks: dict[str, float] = {}

    def on_bar(self, context: StrategyContext, symbol: str) -> None:
        if context.holding(symbol).quantity == 0:
            if self._holds(context, symbol, self.rules.entry):
                context.buy(symbol, reason=ENTRY)
            elif self._holds(context, symbol, self.rules.exit):
                context.sell(symbol, reason=EXIT)
            return
        reason = self._stopped(symbol, float(context.bars(symbol).close[-1]))
        if not reason and self._holds(context, symbol, self.rules.exit):
            reason = EXIT
        if reason:
            context.sell(symbol, reason=reason)

    def on_fill(self, context: StrategyContext, fill: FillEvent) -> None:
        if fill.side is Side.BUY:
            self._entries[fill.symbol] = self._peaks[fill.symbol] = fill.price

    def _stopped(self, symbol: str, close: float) -> str:
        """Return which level the close has reached, "" for none; the highest close goes on counting."""
        entry = self._entries.get(symbol)
        if entry is None:
            return ""
        peak = self._peaks[symbol] = max(self._peaks[symbol], close)
        if close <= entry * self._levels.stop:
            return STOP
        if close <= peak * self._levels.trailing:
            return TRAILING
        return TARGET if close >= entry * self._levels.target else ""

    def _holds(self, context: StrategyContext, symbol: str, group: ConditionGroup) -> bool:
        if not group.conditions:
            return False
        judged = (self._is_true(context, symbol, condition) for condition in group.conditions)
        return all(judged) if group.logic is Logic.AND else any(judged)

    def _is_true(self, context: StrategyContext, symbol: str, condition: Condition) -> bool:
        if isinstance(condition, PatternCondition):
            value = float(context.indicator(symbol, self._patterns[condition.alias])[-1])
            if condition.signal is PatternSignal.BULLISH:
                return value > 0
            return value < 0 if condition.signal is PatternSignal.BEARISH else value != 0
        return self._compare(context, symbol, condition)

    def _compare(self, context: StrategyContext, symbol: str, condition: Comparison) -> bool:
        before, left = self._values(context, symbol, condition.left)
        right_before, right = self._values(context, symbol, condition.right)
        right = _scaled(right, condition.scalar)
        operator = condition.operator
        if math.isnan(left) or math.isnan(right):
            return False
        if operator is Operator.CROSS_ABOVE:
            return before <= right_before and left > right
        if operator is Operator.CROSS_BELOW:
            return before >= right_before and left < right
        if operator is Operator.GREATER_THAN:
            return left > right
        if operator is Operator.LESS_THAN:
            return left < right
        if operator is Operator.GREATER_EQUAL:
            return left >= right
        if operator is Operator.LESS_EQUAL:
            return left <= right
        return left == right if operator is Operator.EQUAL else left != right

    def _values(self, context: StrategyContext, symbol: str, operand: Operand) -> tuple[float, float]:
        """Return a side on the bar before (NaN without one) and on the bar being judged."""
        if isinstance(operand, float | int):
            # A number stands on both bars; the other side knows whether there is a former one.
            return float(operand), float(operand)
        if isinstance(operand, ParamRef):
            raise ValueError(f"${operand.name} was not bound")
        if isinstance(operand, IndicatorLine):
            use = self._uses[operand.alias]
            line = context.indicator(
                symbol, use.id, operand.line, **use.params, shift=use.shift, source=use.source.value
            )
        else:
            line = getattr(context.bars(symbol), operand.value)
        return (float(line[-2]) if len(line) > 1 else math.nan), float(line[-1])


def _scaled(right: float, scalar: ScalarStep | None) -> float:
    if scalar is None:
        return right
    if scalar.operation is Arithmetic.ADD:
        return right + scalar.value
    if scalar.operation is Arithmetic.SUB:
        return right - scalar.value
    if scalar.operation is Arithmetic.MUL:
        return right * scalar.value
    return right / scalar.value if scalar.value else math.nan
