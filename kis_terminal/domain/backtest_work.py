"""What the window asks of its backtest worker: each kind of work names what it answers with.

Everything here is pickled between two processes of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestRequest, BacktestResult, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, SeriesKey
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.strategy.contract import ParameterRule
from kis_terminal.domain.sweeps import SweepRequest, SweepResult, WalkForwardRequest, WalkForwardResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StrategyProblem:
    """Something about a strategy file that its user has to know."""

    line: int | None
    severity: str
    """`error` (it cannot run), `warning` or `note`."""
    sentence: str


@dataclass(frozen=True, slots=True)
class StrategySheet:
    """What a person sees of a strategy before it runs."""

    source: StrategySource
    title: str
    description: str = ""
    parameters: Sequence[ParameterRule] = ()
    problems: Sequence[StrategyProblem] = ()

    @property
    def is_runnable(self) -> bool:
        """Tell whether nothing about it is an error."""
        return all(problem.severity != "error" for problem in self.problems)


class Stage(StrEnum):
    """What is being done."""

    BARS = "bars"
    RUN = "run"
    SWEEP = "sweep"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class WorkProgress:
    """How far it is; `total` 0 where nobody knows."""

    stage: Stage
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BarSet:
    """The bars of a run. A worker keeps the set it was sent last, so that it is sent once.

    `columns` is None where the worker has the set of this `token` already.
    """

    token: str
    columns: Mapping[SeriesKey, BarColumns] | None
    reports: Sequence[LoadReport] = ()
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def without_columns(self) -> BarSet:
        """Return what names the set to a worker that has it."""
        return BarSet(self.token, None, self.reports, self.instruments)


class Work(Generic[T]):
    """Something a worker does; answered with a `T` or a TerminalError."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ListPresets(Work[Sequence[StrategySheet]]):
    """The strategies that ship with the program."""


@dataclass(frozen=True, slots=True)
class DescribeStrategy(Work[StrategySheet]):
    """Read a strategy and say what is wrong with it; what cannot be read is a problem too."""

    source: StrategySource


@dataclass(frozen=True, slots=True)
class OpenStrategy(Work[StrategySheet]):
    """Read a strategy file from disk; `path` may also be the name of a preset."""

    path: str
    data_folder: Path | None = None
    """Where it is listed which Python files a person has trusted; without it none runs."""


@dataclass(frozen=True, slots=True)
class RunBacktest(Work[BacktestResult]):
    """One run."""

    request: BacktestRequest
    bars: BarSet


@dataclass(frozen=True, slots=True)
class RunSweep(Work[SweepResult]):
    """A search over parameters; `scheduler` is the address of a cluster, "" for this machine's cores."""

    request: SweepRequest
    bars: BarSet
    scheduler: str = ""


@dataclass(frozen=True, slots=True)
class RunWalkForward(Work[WalkForwardResult]):
    """A walk-forward study."""

    request: WalkForwardRequest
    bars: BarSet
    scheduler: str = ""


class ReportForm(StrEnum):
    """In which form a result is written."""

    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class WriteReport(Work[Path]):
    """Write a result to a file (a folder for CSV); answers with the path written."""

    result: BacktestResult
    form: ReportForm
    path: Path
    language: str = "ko"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is kept of a run for comparing: no fills, no bars."""

    identifier: str
    """Unique and rising: wall time and a counter."""
    made: str
    """ISO time of Seoul, to the second."""
    title: str
    parameters: Mapping[str, int | float | str | bool]
    symbols: Sequence[str]
    start: date
    end: date
    cash: float
    summary: Mapping[str, float | int | None]
    times: NDArray[np.int64]
    equity: NDArray[np.float64]
