"""What an engine hands back: executions, and the equity that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill


@dataclass(frozen=True, slots=True)
class Skips:
    """Orders that came to nothing or to less."""

    without_cash: int = 0
    """Buys for which the cash did not pay a single share."""
    cut: int = 0
    """Buys that were made smaller for want of cash."""
    waiting: int = 0
    """Orders still waiting at the end."""


@dataclass(frozen=True, slots=True)
class EngineOutcome:
    """One run of an engine."""

    fills: Sequence[BacktestFill]
    """In the order of execution."""
    equity: NDArray[np.float64]
    """`(t,)` over the grid of the run: cash and holdings at the last close of each bar that traded."""
    skips: Skips = Skips()
    log: Sequence[str] = ()
    lines: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    """Symbol -> name -> line over the bars that traded."""
