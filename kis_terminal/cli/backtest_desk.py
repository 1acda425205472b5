"""What the worker does for the panel, work by work; the command does the same by `cli/backtest_parts`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kis_terminal.cli import backtest_parts, strategy_drafts
from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.domain.backtest_work import (
    BarSet,
    DescribeStrategy,
    ListPresets,
    OpenStrategy,
    RunBacktest,
    RunSweep,
    RunWalkForward,
    StrategySheet,
    WorkProgress,
    WriteReport,
)
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy_work import (
    DraftStrategy,
    JudgeParameters,
    ReadStrategyFile,
    ReadStrategyText,
    SaveStrategy,
)
from kis_terminal.domain.sweeps import SweepResult, WalkForwardResult
from kis_terminal.ui.translation import set_language, tr

if TYPE_CHECKING:
    # The compiled engine costs a second: not before something is swept.
    from kis_terminal.services.backtest.sweep_bench import SweepBench

Tell = Callable[[WorkProgress], None]


class BacktestDesk:
    """Do works one by one; keep the bars of the last one and the workers of sweeps."""

    def __init__(self) -> None:
        self._bars: BarSet | None = None
        self._bench: SweepBench | None = None
        self._acts: dict[type, Callable[[Any, Tell], Any]] = {
            ListPresets: self._presets,
            OpenStrategy: self._open,
            DescribeStrategy: self._describe,
            RunBacktest: self._run,
            RunSweep: self._sweep,
            RunWalkForward: self._walk_forward,
            WriteReport: self._write,
            DraftStrategy: lambda work, _: strategy_drafts.draft(work.name, work.plain, work.base),
            ReadStrategyText: lambda work, _: strategy_drafts.draft_of_text(work.name, work.text),
            ReadStrategyFile: lambda work, _: strategy_drafts.draft_of_file(work.path),
            SaveStrategy: lambda work, _: strategy_drafts.save(work.path, work.text),
            JudgeParameters: lambda work, _: strategy_drafts.judged(work.source, work.parameters),
        }

    def do(self, work: Any, on_progress: Tell) -> Any:
        """Return the answer to a work; raises TerminalError."""
        act = self._acts.get(type(work))
        if act is None:
            raise CorrectionNeeded(Sentence("할 수 없는 일입니다: {kind}", kind=type(work).__name__))
        return act(work, on_progress)

    def _bars_of(self, bars: BarSet) -> BarSet:
        """Return the set with its columns, which came with it or with an earlier work."""
        if bars.columns is not None:
            self._bars = bars
            return bars
        if self._bars is None or self._bars.token != bars.token:
            raise CorrectionNeeded(Sentence("봉 자료가 없습니다. 다시 실행하십시오."))
        return replace(bars, columns=self._bars.columns)

    def _presets(self, work: ListPresets, tell: Tell) -> Sequence[StrategySheet]:
        return [backtest_parts.open_strategy(str(path)) for path in backtest_parts.preset_files().values()]

    def _open(self, work: OpenStrategy, tell: Tell) -> StrategySheet:
        return backtest_parts.open_strategy(work.path, work.data_folder)

    def _describe(self, work: DescribeStrategy, tell: Tell) -> StrategySheet:
        return backtest_parts.describe(work.source)

    def _run(self, work: RunBacktest, tell: Tell) -> BacktestResult:
        return backtest_parts.run(work.request, self._bars_of(work.bars), tell)

    def _sweep(self, work: RunSweep, tell: Tell) -> SweepResult:
        return backtest_parts.sweep(work, self._bars_of(work.bars), tell, self._warm_bench())

    def _walk_forward(self, work: RunWalkForward, tell: Tell) -> WalkForwardResult:
        return backtest_parts.walk_forward(work, self._bars_of(work.bars), tell, self._warm_bench())

    def _warm_bench(self) -> SweepBench:
        if self._bench is None:
            self._bench = backtest_parts.a_bench()
        return self._bench

    def _write(self, work: WriteReport, tell: Tell) -> Path:
        translated = None
        if work.language != "ko":
            set_language(work.language)
            translated = tr
        return backtest_parts.write_report(work.result, work.form, work.path, translated)
