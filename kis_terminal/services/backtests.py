"""Backtests as the window runs them: bars through the cache, the computing in the worker, records kept.

Imported when the backtest panel is first shown (numpy is part of it), never at the window's start.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kis_terminal.domain.backtest import BacktestRequest, BacktestResult, StrategySource
from kis_terminal.domain.backtest_work import (
    BarSet,
    DescribeStrategy,
    ListPresets,
    OpenStrategy,
    ReportForm,
    RunBacktest,
    RunRecord,
    RunSweep,
    RunWalkForward,
    Stage,
    StrategySheet,
    Work,
    WorkProgress,
    WriteReport,
)
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy_work import (
    DraftStrategy,
    JudgeParameters,
    ReadStrategyFile,
    ReadStrategyText,
    SaveStrategy,
    StrategyDraft,
)
from kis_terminal.domain.sweeps import SweepRequest, SweepResult, WalkForwardRequest, WalkForwardResult
from kis_terminal.ports import BacktestWorker, Clock, RunStore
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments

T = TypeVar("T")
Progress = Callable[[WorkProgress], None]
_LOADS_AT_ONCE = 4


class BarLoading(Protocol):
    """Who gets bars: memory, store, broker, in this order (services/bars)."""

    async def load(self, key: SeriesKey, start: date, end: date) -> tuple[BarColumns, LoadReport]:
        """Return the bars of the days `start` to `end` and how complete they are; raises TerminalError."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result with the bars it was made of, for the chart."""

    result: BacktestResult
    bars: Mapping[SeriesKey, BarColumns]
    seconds: float
    """From the question to the answer, without loading bars."""


class Backtests:
    """Own the worker and the records. Topics: `recorded` (a record was added, or the list changed: None)."""

    def __init__(
        self,
        worker: BacktestWorker,
        loader: BarLoading,
        instruments: Instruments,
        runs: RunStore,
        clock: Clock,
        *,
        data_folder: Path | None = None,
    ) -> None:
        """`data_folder` is where trusted Python strategies are listed."""
        self._data_folder = data_folder
        self._worker = worker
        self._loader = loader
        self._instruments = instruments
        self._runs = runs
        self._clock = clock
        self._presets: Sequence[StrategySheet] | None = None
        self._set: BarSet | None = None
        self._sent: tuple[str, int] = ("", -1)
        """Token and worker generation of the set that the worker has."""
        self._count = 0
        self.recorded: Topic[RunRecord | None] = Topic("backtest recorded")

    def warm(self) -> None:
        """Start the worker, so that the first run finds it ready."""
        self._worker.warm()

    # -- strategies ---

    async def presets(self) -> Sequence[StrategySheet]:
        """Return the strategies that ship with the program."""
        if self._presets is None:
            self._presets = await self._worker.do(ListPresets())
        return self._presets

    async def open(self, path: str) -> StrategySheet:
        """Read a strategy file; what is wrong with it stands in the sheet."""
        return await self._worker.do(OpenStrategy(path, self._data_folder))

    async def describe(self, sheet: StrategySheet) -> StrategySheet:
        """Read a strategy's text anew."""
        return await self._worker.do(DescribeStrategy(sheet.source))

    async def judge(self, source: StrategySource, values: Mapping[str, Parameter]) -> Sequence[str]:
        """Return what values of parameters make conditions never or always true."""
        return await self._worker.do(JudgeParameters(source, values))

    # -- the editor ---

    async def draft(self, name: str, plain: Mapping[str, Any], base: str = "") -> StrategyDraft:
        """Write plain maps as a strategy file and check it; comments of `base` stay."""
        return await self._worker.do(DraftStrategy(name, plain, base))

    async def draft_of_text(self, name: str, text: str) -> StrategyDraft:
        """Check the text of a strategy file."""
        return await self._worker.do(ReadStrategyText(name, text))

    async def draft_of_file(self, path: str) -> StrategyDraft:
        """Open a strategy file, or a preset by its name; raises TerminalError."""
        return await self._worker.do(ReadStrategyFile(path))

    async def save_strategy(self, path: Path, text: str) -> Path:
        """Save a strategy file and return where; raises TerminalError."""
        return await self._worker.do(SaveStrategy(path, text))

    # -- runs ---

    async def run(
        self, request: BacktestRequest, on_progress: Progress, *, title: str = "", is_live: bool = False
    ) -> Outcome:
        """Run once; raises TerminalError. Cancelled, the worker is killed.

        A live run (a slider is being dragged) takes the bars of the last run where they fit, asks nobody for
        newer ones and leaves no record.
        """
        bars = await self._bars(request, on_progress, is_live=is_live)
        on_progress(WorkProgress(Stage.RUN, 0, 0))
        begun = self._clock.monotonic()
        result = await self._with_bars(bars, lambda given: RunBacktest(request, given), on_progress)
        outcome = Outcome(result, bars.columns or {}, self._clock.monotonic() - begun)
        if not is_live:
            await self._record(title or request.strategy.name, result)
        return outcome

    async def sweep(
        self, request: SweepRequest, on_progress: Progress, *, scheduler: str = "", is_live: bool = False
    ) -> SweepResult:
        """Try combinations of parameters; raises TerminalError."""
        bars = await self._bars(request.base, on_progress, is_live=is_live)
        return await self._with_bars(bars, lambda given: RunSweep(request, given, scheduler), on_progress)

    async def walk_forward(
        self, request: WalkForwardRequest, on_progress: Progress, *, scheduler: str = ""
    ) -> WalkForwardResult:
        """Sweep in windows and test behind them; raises TerminalError."""
        bars = await self._bars(request.sweep.base, on_progress)
        return await self._with_bars(
            bars, lambda given: RunWalkForward(request, given, scheduler), on_progress
        )

    async def write(self, result: BacktestResult, form: ReportForm, path: Path, language: str = "ko") -> Path:
        """Write a report in `language`; raises TerminalError."""
        return await self._worker.do(WriteReport(result, form, path, language))

    async def _with_bars(self, bars: BarSet, work: Callable[[BarSet], Work[T]], on_progress: Progress) -> T:
        """Have a work done, sending the bars only to a worker that does not have them."""
        has_them = self._sent == (bars.token, self._worker.generation)
        self._sent = ("", -1)  # until the answer is here: a work may be cancelled on its way
        answer = await self._worker.do(work(bars.without_columns() if has_them else bars), on_progress)
        self._sent = (bars.token, self._worker.generation)
        return answer

    # -- bars ---

    async def _bars(
        self, request: BacktestRequest, on_progress: Progress, *, is_live: bool = False
    ) -> BarSet:
        keys = list(request.series)
        if request.benchmark is not None and request.benchmark not in keys:
            keys.append(request.benchmark)
        held = self._set
        wanted = f"{request.start}:{request.end}"
        if (
            is_live
            and held is not None
            and held.token.startswith(wanted)
            and list(held.columns or ()) == keys
        ):
            return held
        done = 0
        gate = asyncio.Semaphore(_LOADS_AT_ONCE)
        on_progress(WorkProgress(Stage.BARS, 0, len(keys)))

        async def load(key: SeriesKey) -> tuple[BarColumns, LoadReport]:
            nonlocal done
            async with gate:
                loaded = await self._loader.load(key, request.start, request.end)
            done += 1
            on_progress(WorkProgress(Stage.BARS, done, len(keys)))
            return loaded

        loaded = await asyncio.gather(*(load(key) for key in keys))
        columns = {key: bars for key, (bars, _) in zip(keys, loaded, strict=True)}
        if not any(len(columns[key]) for key in request.series):
            raise CorrectionNeeded(
                Sentence(
                    "{start}부터 {end}까지 봉이 없습니다. 종목과 기간을 확인하십시오.",
                    start=request.start,
                    end=request.end,
                )
            )
        self._set = BarSet(
            f"{wanted}:{_fingerprint(columns)}",
            columns,
            tuple(report for _, report in loaded),
            self._known_instruments(keys),
        )
        return self._set

    def _known_instruments(self, keys: Sequence[SeriesKey]) -> dict[str, Instrument]:
        found = {
            key.symbol: self._instruments.get(key.symbol) for key in keys if key.product is Product.STOCK
        }
        return {symbol: item for symbol, item in found.items() if item is not None}

    # -- records ---

    async def _record(self, title: str, result: BacktestResult) -> None:
        request = result.request
        now = self._clock.now()
        self._count += 1
        record = RunRecord(
            identifier=f"{now:%Y%m%d%H%M%S%f}-{self._count}",
            made=now.isoformat(timespec="seconds"),
            title=title,
            parameters=dict(request.parameters),
            symbols=[key.symbol for key in request.series],
            start=request.start,
            end=request.end,
            cash=request.cash,
            summary=dict(result.summary),
            times=result.times,
            equity=result.equity,
        )
        await self._runs.add(record)
        self.recorded.publish(record)

    async def records(self) -> Sequence[RunRecord]:
        """Return what is kept of former runs, newest first; raises StoreUnavailable."""
        return await self._runs.all()

    async def forget(self, identifiers: Sequence[str]) -> None:
        """Delete records."""
        await self._runs.delete(identifiers)
        self.recorded.publish(None)

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()


def _fingerprint(columns: Mapping[SeriesKey, BarColumns]) -> str:
    """Return a text that is another one when any bar is another one."""
    digest = hashlib.blake2b(digest_size=12)
    for key, bars in columns.items():
        digest.update(repr(key).encode())
        digest.update(bars.times.tobytes())
        digest.update(bars.columns.tobytes())
    return digest.hexdigest()
