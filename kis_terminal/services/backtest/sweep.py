"""A search over parameters: chooses combinations, has them run, and finds the best."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sweeps import SweepKind, SweepRequest, SweepResult, SweepRow
from kis_terminal.services.backtest.combinations import Combination, chosen
from kis_terminal.services.backtest.processes import LocalCores
from kis_terminal.services.backtest.scheduler import Scheduler
from kis_terminal.services.backtest.sweep_job import Answer, StrategyLoader, SweepData, SweepJob
from kis_terminal.services.backtest.targets import best_of, refuse_unknown
from kis_terminal.services.backtest.tpe import tried_by_tpe

Progress = Callable[[int, int], None]
"""Is told combinations done and combinations in all."""
LEAST_FIGURES = ("total_return", "max_drawdown", "sharpe", "trades")
"""Figures that every row has, None where it could not run."""


def run_sweep(
    request: SweepRequest,
    bars: Mapping[SeriesKey, BarColumns],
    load: StrategyLoader,
    *,
    instruments: Mapping[str, Instrument] | None = None,
    scheduler: Scheduler | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Try combinations of parameters over `bars`, which hold every series of the base request.

    `load` turns the request's strategy source into what runs, once a worker. Without a scheduler few
    combinations run here and many on all cores. A combination that cannot run has figures of None; raises
    CorrectionNeeded where none can, or where the request is wrong.
    """
    data = SweepData(bars, instruments)
    return sweep_over(data, request, load, scheduler=scheduler, progress=progress)


def sweep_over(
    data: SweepData,
    request: SweepRequest,
    load: StrategyLoader,
    *,
    scheduler: Scheduler | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Do the same over bars that were made ready once for several sweeps."""
    refuse_unknown(request.target)
    begun = time.perf_counter()
    job = SweepJob(request.base, tuple(one.name for one in request.ranges), load, request.target)
    used = scheduler or LocalCores()
    try:
        tried = _tried(data, job, request, used, progress)
    finally:
        if scheduler is None:
            used.close()
    return _result(request, tried, time.perf_counter() - begun)


Tried = Sequence[tuple[Combination, Answer]]


def _tried(
    data: SweepData, job: SweepJob, request: SweepRequest, scheduler: Scheduler, progress: Progress | None
) -> Tried:
    def run(combinations: Sequence[Combination], tell: Callable[[int], None]) -> Sequence[Answer]:
        return scheduler.run(data, job, combinations, tell)

    if request.kind is SweepKind.TPE:
        return tried_by_tpe(request, run, progress)
    combinations = chosen(request)
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, len(combinations))

    return list(zip(combinations, run(combinations, tell), strict=True))


def _result(request: SweepRequest, tried: Tried, seconds: float) -> SweepResult:
    names = [one.name for one in request.ranges]
    rows, refusals = [], []
    for combination, answer in tried:
        if isinstance(answer, str):
            refusals.append(answer)
            answer = dict.fromkeys(LEAST_FIGURES)
        rows.append(SweepRow(dict(zip(names, combination, strict=True)), answer))
    if rows and len(refusals) == len(rows):
        raise CorrectionNeeded(refusals[0])
    return SweepResult(request, rows, best_of(rows, request.target), seconds)
