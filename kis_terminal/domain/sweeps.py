"""What a search over parameters is asked for and what comes out of it: plain values that cross processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestRequest, BacktestTrade
from kis_terminal.domain.strategy.contract import Parameter


class SweepKind(StrEnum):
    """How the combinations are chosen."""

    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"


@dataclass(frozen=True, slots=True)
class ParameterRange:
    """The values that one parameter takes, in rising order."""

    name: str
    values: Sequence[Parameter]


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Many runs of one backtest that differ in their parameters."""

    base: BacktestRequest
    ranges: Sequence[ParameterRange]
    kind: SweepKind = SweepKind.GRID
    samples: int = 200
    """How many combinations RANDOM and TPE try."""
    seed: int = 1
    target: str = "sharpe"
    """The figure that the best combination has the most of, or the least where it is a risk or a cost."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One combination; `figures` holds at least total_return, max_drawdown, sharpe and trades."""

    parameters: Mapping[str, Parameter]
    figures: Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """All combinations in the order they were chosen; a grid's last range turns fastest."""

    request: SweepRequest
    rows: Sequence[SweepRow]
    best: int | None
    """Place of the best row, None where the target is defined for none."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WalkForwardRequest:
    """A sweep on each training window, its best parameters on the test window behind it."""

    sweep: SweepRequest
    train_days: int = 504
    """Calendar-free: bars of the window, 252 a year."""
    test_days: int = 126
    is_anchored: bool = False
    """Whether every training window begins at the start."""


@dataclass(frozen=True, slots=True)
class WalkForwardWindow:
    """One step."""

    train_start: date
    train_end: date
    test_start: date
    test_end: date
    parameters: Mapping[str, Parameter]
    train_value: float | None
    """The target in the training window."""
    test: Mapping[str, float | int | None]
    """Figures of the test window."""


@dataclass(frozen=True, slots=True)
class WalkForwardResult:
    """The windows and what stringing their test parts together would have made."""

    request: WalkForwardRequest
    windows: Sequence[WalkForwardWindow]
    times: NDArray[np.int64]
    equity: NDArray[np.float64]
    """`(n,)`: out-of-sample equity, beginning at the request's cash."""
    summary: Mapping[str, float | int | None]
    warnings: Sequence[str] = ()
    fills: Sequence[BacktestFill] = ()
    """Of the test windows, in their order; trades likewise."""
    trades: Sequence[BacktestTrade] = ()
