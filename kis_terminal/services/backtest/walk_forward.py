"""Walk-forward: a sweep on each training window, its best parameters on the bars behind it.

The test windows follow each other without a gap; each begins with the money that the one before left, in
cash: what was held at its end is valued at the last close. Windows count days that have bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestRequest, BacktestResult, BacktestTrade
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import SweepKind, WalkForwardRequest, WalkForwardResult, WalkForwardWindow
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.combinations import size_of
from kis_terminal.services.backtest.figures import figures
from kis_terminal.services.backtest.processes import LocalCores
from kis_terminal.services.backtest.run import run_backtest
from kis_terminal.services.backtest.scheduler import Scheduler
from kis_terminal.services.backtest.sweep import Progress, sweep_over
from kis_terminal.services.backtest.sweep_job import StrategyLoader, SweepData, request_of

_DAY = 86_400
_BEGINNING = date(1970, 1, 1)


class _Window(NamedTuple):
    """Days of one step, both ends included."""

    train: tuple[date, date]
    test: tuple[date, date]


class _Part(NamedTuple):
    """What a test window made."""

    window: WalkForwardWindow
    result: BacktestResult | None
    """None where nothing was traded for want of a best combination."""


def run_walk_forward(
    request: WalkForwardRequest,
    bars: Mapping[SeriesKey, BarColumns],
    load: StrategyLoader,
    *,
    instruments: Mapping[str, Instrument] | None = None,
    scheduler: Scheduler | None = None,
    progress: Progress | None = None,
) -> WalkForwardResult:
    """Return the windows and the equity of their test parts strung together.

    Raises CorrectionNeeded as `run_sweep` does, and where the bars do not fill one window.
    """
    data = SweepData(bars, instruments)
    if scheduler is not None:
        return walk_over(data, request, load, scheduler=scheduler, progress=progress)
    own = LocalCores()
    try:
        return walk_over(data, request, load, scheduler=own, progress=progress)
    finally:
        own.close()


def walk_over(
    data: SweepData,
    request: WalkForwardRequest,
    load: StrategyLoader,
    *,
    scheduler: Scheduler,
    progress: Progress | None = None,
) -> WalkForwardResult:
    """Do the same over bars that were made ready once, on a scheduler that stays."""
    windows = list(_windows(request, _days(request.sweep.base, data.columns)))
    if not windows:
        raise CorrectionNeeded(
            Sentence(
                "전진분석은 봉이 {train}일을 넘어야 합니다. 기간을 늘리거나 학습 기간을 줄이십시오.",
                train=request.train_days,
            )
        )
    return _strung(request, data.columns, list(_parts(request, data, load, windows, scheduler, progress)))


def _days(base: BacktestRequest, bars: Mapping[SeriesKey, BarColumns]) -> NDArray[np.int64]:
    """Return the days since 1970 on which any series has a bar, within the request's period."""
    found = [bars[key].times // _DAY for key in base.series if key in bars]
    days = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
    first, last = day_seconds(base.start) // _DAY, day_seconds(base.end) // _DAY
    return days[(days >= first) & (days <= last)]


def _windows(request: WalkForwardRequest, days: NDArray[np.int64]) -> Iterator[_Window]:
    if request.train_days < 2 or request.test_days < 1:
        raise CorrectionNeeded(
            Sentence(
                "전진분석의 학습 기간은 2일, 검증 기간은 1일 이상이어야 합니다: {train}일, {test}일",
                train=request.train_days,
                test=request.test_days,
            )
        )
    dates = [_BEGINNING + timedelta(days=day) for day in days.tolist()]
    for begin in range(request.train_days, len(dates), request.test_days):
        first = 0 if request.is_anchored else begin - request.train_days
        end = min(begin + request.test_days, len(dates)) - 1
        yield _Window((dates[first], dates[begin - 1]), (dates[begin], dates[end]))


def _parts(
    request: WalkForwardRequest,
    data: SweepData,
    load: StrategyLoader,
    windows: list[_Window],
    scheduler: Scheduler,
    progress: Progress | None,
) -> Iterator[_Part]:
    sweep = request.sweep
    strategy = load(sweep.base.strategy)
    each = size_of(sweep.ranges) if sweep.kind is SweepKind.GRID else sweep.samples
    cash = sweep.base.cash
    for number, (train, test) in enumerate(windows):

        def tell(done: int, _: int, number: int = number) -> None:
            if progress is not None:
                progress(number * each + min(done, each), len(windows) * each)

        trained = sweep_over(
            data,
            replace(sweep, base=replace(sweep.base, start=train[0], end=train[1])),
            load,
            scheduler=scheduler,
            progress=tell,
        )
        parameters: Mapping[str, Parameter] = {}
        value: float | None = None
        result: BacktestResult | None = None
        if trained.best is not None:
            best = trained.rows[trained.best]
            parameters, value = best.parameters, best.figures[sweep.target]
            tested = replace(sweep.base, start=test[0], end=test[1], cash=cash)
            one = request_of(tested, strategy, parameters)
            result = run_backtest(one, data.columns, strategy, instruments=data.instruments)
            cash = float(result.equity[-1])
        summary = {} if result is None else result.summary
        yield _Part(WalkForwardWindow(*train, *test, parameters, value, summary), result)
        if cash <= 0:
            return


def _strung(
    request: WalkForwardRequest, bars: Mapping[SeriesKey, BarColumns], parts: list[_Part]
) -> WalkForwardResult:
    cash = request.sweep.base.cash
    times: list[NDArray[np.int64]] = []
    equity: list[NDArray[np.float64]] = []
    fills: list[BacktestFill] = []
    trades: list[BacktestTrade] = []
    last, held, idle = cash, 0, 0
    for window, result in parts:
        if result is None:
            grid = _grid(request.sweep.base, bars, window)
            times.append(grid)
            equity.append(np.full(len(grid), last))
            idle += 1
            continue
        times.append(result.times)
        equity.append(result.equity)
        fills += result.fills
        trades += result.trades
        held += any(trade.exit_time is None for trade in result.trades)
        last = float(result.equity[-1])
    whole_times, whole_equity = np.concatenate(times), np.concatenate(equity)
    found = figures(whole_times, whole_equity, fills, trades, cash=cash)
    warnings = [*found.warnings]
    if held:
        warnings.append(
            Sentence(
                "{count}개 구간이 보유한 채 끝나 마지막 종가로 평가하고 다음 구간을 현금으로 시작했습니다.",
                count=held,
            )
        )
    if idle:
        warnings.append(
            Sentence("{count}개 구간은 학습에서 목표 지표가 나온 조합이 없어 쉬었습니다.", count=idle)
        )
    windows = [part.window for part in parts]
    return WalkForwardResult(
        request, windows, whole_times, whole_equity, found.summary, warnings, fills, trades
    )


def _grid(
    base: BacktestRequest, bars: Mapping[SeriesKey, BarColumns], window: WalkForwardWindow
) -> NDArray[np.int64]:
    """Return the times of the bars of a test window that was not traded."""
    times = np.unique(np.concatenate([bars[key].times for key in base.series if key in bars]))
    start, end = day_seconds(window.test_start), day_seconds(window.test_end) + _DAY
    return times[np.searchsorted(times, start) : np.searchsorted(times, end)]
