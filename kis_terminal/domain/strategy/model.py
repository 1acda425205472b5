"""What a `.kis.yaml` file says, as values: indicators, conditions, stops. Picklable.

`StrategySpec` is the file with its `$name` references; `binding.bind` puts values in their place, and the
`BoundStrategy` that comes out is what a backtest or a live strategy runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kis_terminal.domain.strategy.contract import Parameter


class PriceField(StrEnum):
    """A column of the bar, usable in a condition without declaration (`price` is read as the close)."""

    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"


class Operator(StrEnum):
    """How two sides compare; t is the bar being judged, t-1 the bar judged before it.

    `CROSS_ABOVE` is L(t-1) <= R(t-1) and L(t) > R(t); `CROSS_BELOW` its mirror. Without a real former bar
    nothing crosses. Equality is exact.
    """

    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    GREATER_EQUAL = "greater_equal"
    LESS_EQUAL = "less_equal"
    CROSS_ABOVE = "cross_above"
    CROSS_BELOW = "cross_below"
    EQUAL = "equal"
    NOT_EQUAL = "not_equal"

    @property
    def is_cross(self) -> bool:
        return self in (Operator.CROSS_ABOVE, Operator.CROSS_BELOW)


class Logic(StrEnum):
    """How the conditions of a group combine."""

    AND = "AND"
    OR = "OR"


class Arithmetic(StrEnum):
    """What a scalar does to the right side."""

    MUL = "mul"
    DIV = "div"
    ADD = "add"
    SUB = "sub"


class PatternSignal(StrEnum):
    """Which values of a candlestick pattern count: above zero, below zero, not zero."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    DETECTED = "detected"


@dataclass(frozen=True, slots=True)
class ParamRef:
    """A `$name`, not yet a value."""

    name: str


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """A line of a declared indicator; `line` is always one that the indicator has."""

    alias: str
    line: str


Side = PriceField | IndicatorLine
"""What can stand on the left."""
BoundOperand = PriceField | IndicatorLine | float
Operand = PriceField | IndicatorLine | float | ParamRef


@dataclass(frozen=True, slots=True)
class ScalarStep:
    """Turns the right side R into `R operation value`; never with cross operators or plain numbers."""

    operation: Arithmetic
    value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Left operator right; in a `BoundStrategy` the right side is never a `ParamRef`."""

    left: Side
    operator: Operator
    right: Operand
    scalar: ScalarStep | None = None


@dataclass(frozen=True, slots=True)
class PatternCondition:
    """A declared candlestick pattern shows on the bar."""

    alias: str
    signal: PatternSignal = PatternSignal.DETECTED


Condition = Comparison | PatternCondition


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """All (AND) or any (OR) of the conditions; without conditions it is never true."""

    logic: Logic = Logic.AND
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ParamDef:
    """A parameter as the file defines it; None is what the file does not say."""

    name: str
    default: Parameter | None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    type: str | None = None
    """`int` or `float`, None when not given."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorUse:
    """An entry of `indicators`.

    `params` are those that the file gives; missing ones take the table's defaults when bound. `shift` and
    `source` are keys of ours inside `params` (docs/strategies.md): the line as it stood `shift` bars ago, and
    the column that an indicator of closes is fed with instead.
    """

    alias: str
    id: str
    """Canonical: `maximum` where the file says `max`."""
    params: Mapping[str, Parameter | ParamRef] = field(default_factory=dict)
    output: str | None = None
    """The line that the entry names, None where it names none."""
    name: str = ""
    shift: int | ParamRef = 0
    source: PriceField = PriceField.CLOSE


@dataclass(frozen=True, slots=True)
class BoundIndicator:
    """An indicator ready to be computed: `params` is complete and holds values only."""

    alias: str
    id: str
    params: Mapping[str, Parameter]
    line: str
    """The line that stands for the alias where none is named (charts, labels)."""
    shift: int = 0
    """Every line is taken as it stood so many bars ago; 0 is today."""
    source: PriceField = PriceField.CLOSE
    """Fed in place of the close, for indicators that are fed with the close only."""


@dataclass(frozen=True, slots=True)
class PatternUse:
    """A candlestick pattern and its alias; patterns that a condition names undeclared are in the list too."""

    alias: str
    id: str
    is_declared: bool = True


@dataclass(frozen=True, slots=True)
class RiskRule:
    """A stop or target; `percent` is percent (5.0 = 5 %), None where the file gives none."""

    percent: float | None = None
    is_enabled: bool = False

    @property
    def active(self) -> float | None:
        """Return the percent in force, None when the rule is off."""
        return self.percent if self.is_enabled else None


@dataclass(frozen=True, slots=True)
class RiskRules:
    """The stops of a file; None where it has no such key. KIS never uses `max_position_size`, a fraction."""

    stop_loss: RiskRule | None = None
    take_profit: RiskRule | None = None
    trailing_stop: RiskRule | None = None
    max_position_size: float | None = None

    @property
    def stop_loss_percent(self) -> float | None:
        return self.stop_loss.active if self.stop_loss else None

    @property
    def take_profit_percent(self) -> float | None:
        return self.take_profit.active if self.take_profit else None

    @property
    def trailing_stop_percent(self) -> float | None:
        return self.trailing_stop.active if self.trailing_stop else None

    @property
    def closes_positions(self) -> bool:
        """Tell whether any rule is in force."""
        percents = (self.stop_loss_percent, self.take_profit_percent, self.trailing_stop_percent)
        return any(percent is not None for percent in percents)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What people call the strategy; times are ISO texts as the file has them."""

    name: str = ""
    description: str = ""
    author: str = "user"
    tags: tuple[str, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy file with its references."""

    id: str
    metadata: Metadata = Metadata()
    version: str = "1.0"
    category: str = "custom"
    params: Mapping[str, ParamDef] = field(default_factory=dict)
    indicators: tuple[IndicatorUse, ...] = ()
    patterns: tuple[PatternUse, ...] = ()
    entry: ConditionGroup = ConditionGroup()
    exit: ConditionGroup = ConditionGroup()
    risk: RiskRules = RiskRules()

    @property
    def name(self) -> str:
        """Return the name for people, the id where there is none."""
        return self.metadata.name or self.id


@dataclass(frozen=True, slots=True)
class BoundStrategy:
    """A strategy whose every reference is a value; what runs."""

    id: str
    name: str
    indicators: tuple[BoundIndicator, ...]
    patterns: tuple[PatternUse, ...]
    entry: ConditionGroup
    exit: ConditionGroup
    risk: RiskRules
    parameters: Mapping[str, Parameter]
    """Every parameter with the value in force, overrides included."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return all conditions, those of the entry first."""
        return self.entry.conditions + self.exit.conditions

    def used_lines(self) -> tuple[IndicatorLine, ...]:
        """Return every indicator line that a condition reads, each once, in the order of reading."""
        sides = [
            side
            for condition in self.conditions
            if isinstance(condition, Comparison)
            for side in (condition.left, condition.right)
        ]
        return tuple(dict.fromkeys(side for side in sides if isinstance(side, IndicatorLine)))
