"""What a strategy is to whoever runs it: the same object runs in backtests, sim, paper and real.

A strategy sees a bar when it is complete and says what it wants; it never sends. Whoever runs it turns
intents into orders: the backtest by its fill model, the terminal by its one order path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.orders import Side

Parameter = int | float | str | bool


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """One parameter that a person or a sweep may set."""

    name: str
    default: Parameter
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    description: str = ""


class Holding(NamedTuple):
    """What a strategy holds of one symbol."""

    quantity: int
    average_price: float
    """0 when nothing is held."""


class FillEvent(NamedTuple):
    """An execution of the strategy's own order; amounts in won."""

    symbol: str
    time: int
    """Wall seconds."""
    side: Side
    price: float
    quantity: int
    commission: float
    tax: float
    reason: str


class StrategyContext(Protocol):
    """What a strategy may ask and want; everything it sees ends with the bar being judged."""

    @property
    def symbols(self) -> Sequence[str]: ...

    @property
    def parameters(self) -> Mapping[str, Parameter]: ...

    @property
    def time(self) -> int:
        """Return the wall seconds of the bar being judged."""
        ...

    @property
    def cash(self) -> float: ...

    @property
    def equity(self) -> float:
        """Return cash and holdings at the last known closes."""
        ...

    def holding(self, symbol: str) -> Holding: ...

    def bars(self, symbol: str) -> BarColumns:
        """Return the bars up to and with the one being judged (read-only views)."""
        ...

    def indicator(
        self, symbol: str, indicator: str, output: str | None = None, **parameters: Parameter
    ) -> NDArray[np.float64]:
        """Return a line of an indicator over `bars(symbol)`; NaN where history is too short.

        Raises CorrectionNeeded for an unknown indicator, line or parameter.
        """
        ...

    def buy(
        self, symbol: str, *, quantity: int | None = None, weight: float | None = None, reason: str = ""
    ) -> None:
        """Want shares, or holdings worth `weight` of the equity; neither means the sizing rule of the run."""
        ...

    def sell(self, symbol: str, *, quantity: int | None = None, reason: str = "") -> None:
        """Want to sell `quantity` shares, all when None."""
        ...

    def say(self, text: str) -> None:
        """Write a line into the strategy's log."""
        ...


class Strategy:
    """Base of Python strategies; override what is needed. State lives on the object."""

    name: ClassVar[str] = ""
    parameter_rules: ClassVar[Sequence[ParameterRule]] = ()

    def on_start(self, context: StrategyContext) -> None:
        """Is called once, before the first bar."""

    def on_bar(self, context: StrategyContext, symbol: str) -> None:
        """Is called for each symbol whose bar has completed, in the order of `context.symbols`."""

    def on_fill(self, context: StrategyContext, fill: FillEvent) -> None:
        """Is called after each execution of the strategy's own orders."""

    def on_stop(self, context: StrategyContext) -> None:
        """Is called once, at the end."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.name = cls.__dict__.get("name") or cls.__name__
