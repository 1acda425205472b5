"""What a backtest is asked for and what comes out of it: plain values that cross process borders.

Amounts are won, rates are fractions (0.00015 is 0.015 %), times are wall seconds of Seoul.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import LoadReport, SeriesKey
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.contract import Parameter


class FillRule(StrEnum):
    """When an order that a closed bar gave rise to is filled."""

    NEXT_OPEN = "next-open"
    """At the open of the symbol's next bar that traded."""
    CLOSE = "close"
    """At the close of the very bar, as KIS's own backtester does."""


class StopRule(StrEnum):
    """How the stops and targets of a rule strategy are judged."""

    CLOSE = "close"
    """On each bar's close, like an exit condition, as KIS's own backtester does."""
    INTRABAR = "intrabar"
    """As orders that lie in the market; docs/backtesting.md says what happens within a bar."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The sizing rule of a run; `value` is shares, percent or won, unused for EQUAL_WEIGHT."""

    kind: SizingKind = SizingKind.EQUAL_WEIGHT
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class CostRule:
    """Costs of a run; None takes the dated KRX table (domain/costs)."""

    commission: float | None = None
    tax: float | None = None
    slippage: float = 0.0
    """Fraction of the price, rounded against us to the next tick."""


@dataclass(frozen=True, slots=True)
class StrategySource:
    """Where the strategy comes from: text of a `.kis.yaml`, or a Python file and the class in it."""

    name: str
    """File name, for messages."""
    text: str
    kind: str = "yaml"
    """`yaml` or `python`."""
    title: str = ""
    """The strategy's own name, for reports; empty where only the file's is known."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """One run."""

    strategy: StrategySource
    series: Sequence[SeriesKey]
    start: date
    end: date
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    cash: float = 100_000_000.0
    sizing: Sizing = Sizing()
    fill: FillRule = FillRule.NEXT_OPEN
    costs: CostRule = CostRule()
    benchmark: SeriesKey | None = None
    is_short_allowed: bool = False
    """Only for comparisons with other engines."""
    stops: StopRule = StopRule.CLOSE


@dataclass(frozen=True, slots=True)
class BacktestFill:
    """One execution."""

    symbol: str
    time: int
    side: Side
    price: float
    quantity: int
    commission: float
    tax: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BacktestTrade:
    """One round trip; where `exit_time` is None, an open position, valued at the last close without costs."""

    symbol: str
    quantity: int
    entry_time: int
    entry_price: float
    exit_time: int | None
    exit_price: float
    profit: float
    """Won, all costs of both sides included."""
    return_rate: float
    """Profit over what the entry cost."""
    bars_held: int
    entry_reason: str = ""
    exit_reason: str = ""


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Everything that a run yields.

    `summary` holds the metrics of docs/backtesting.md by name, None where undefined.
    """

    request: BacktestRequest
    summary: Mapping[str, float | int | None]
    fills: Sequence[BacktestFill]
    trades: Sequence[BacktestTrade]
    times: NDArray[np.int64]
    """`(n,)`: days (or bars) of the equity curve."""
    equity: NDArray[np.float64]
    """`(n,)`."""
    drawdown: NDArray[np.float64]
    """`(n,)`: 0 to -1."""
    benchmark: NDArray[np.float64] | None
    """`(n,)`: the benchmark scaled to the starting cash, None without one."""
    monthly: Mapping[str, float]
    """`YYYY-MM` -> return."""
    data: Sequence[LoadReport]
    warnings: Sequence[str] = ()
    """Sentences for the user: traps of the figures, differences to KIS's programs, bars that never traded."""
    lines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Symbol -> alias of an indicator -> `(m,)` line over the symbol's bars, for the chart."""
    log: Sequence[str] = ()
