"""What `kis-terminal backtest` does: strategy, bars, run or sweep, and what is printed and written."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from kis_terminal.cli import backtest_parts
from kis_terminal.cli.account import Account, Output
from kis_terminal.cli.backtest_files import bars_of_files
from kis_terminal.cli.backtest_values import parameters_of, range_of, sizing_of, window_days_of
from kis_terminal.cli.backtest_words import (
    STRUNG,
    result_lines,
    strung_result,
    sweep_json,
    sweep_lines,
    walk_json,
    walk_lines,
)
from kis_terminal.cli.bar_desk import bar_desk
from kis_terminal.cli.finding_words import finding_text
from kis_terminal.cli.interruption import interruptible
from kis_terminal.domain.backtest import (
    BacktestRequest,
    BacktestResult,
    CostRule,
    FillRule,
    Sizing,
    StopRule,
)
from kis_terminal.domain.backtest_work import (
    BarSet,
    ReportForm,
    RunSweep,
    RunWalkForward,
    Stage,
    StrategySheet,
    WorkProgress,
)
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey
from kis_terminal.domain.bar_import.report import Finding
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sweeps import ParameterRange, SweepKind, SweepRequest, WalkForwardRequest
from kis_terminal.ui.translation import language, said, tr

_YEARS = 5
_LINE_SECONDS = 0.1
_FINDINGS_SHOWN = 20
_INDEX_DIGITS = 4
_WORDS = {
    Stage.BARS: "봉 받는 중 {done}/{total}",
    Stage.RUN: "계산 중 {done}/{total}",
    Stage.SWEEP: "탐색 중 {done}/{total}",
    Stage.WALK: "전진분석 중 {done}/{total}",
}


class BacktestCommand:
    """One run of the command."""

    def __init__(
        self, account: Account, output: Output, chosen: argparse.Namespace, json_out: str | None
    ) -> None:
        self._account = account
        self._output = output
        self._chosen = chosen
        self._json_out = json_out
        self._told_at = 0.0
        self._has_line = False

    async def run(self) -> int:
        """Do everything; raises CorrectionNeeded for what was asked wrongly."""
        chosen = self._chosen
        # Before anything is read: what is wrong with the words alone.
        sizing, ranges = sizing_of(chosen.size), [range_of(text) for text in chosen.sweep]
        days = window_days_of(chosen.walk_forward) if chosen.walk_forward else None
        with interruptible():
            sheet = backtest_parts.open_strategy(chosen.strategy, self._account.settings.home.data)
        if not self._tell_problems(sheet):
            return 2
        request, bars = await self._prepared(sheet, sizing)
        with interruptible():
            self._work(sheet, request, bars, ranges, days)
        return 0

    def _work(
        self,
        sheet: StrategySheet,
        request: BacktestRequest,
        bars: BarSet,
        ranges: Sequence[ParameterRange],
        days: tuple[int, int] | None,
    ) -> None:
        """Run, or search and run the best, or test in windows; print and write it."""
        chosen = self._chosen
        if not ranges:
            self._give(
                said(sheet.title), backtest_parts.run(request, bars, self._tell), {"summary_of": "run"}
            )
            return
        sweep = SweepRequest(request, ranges, SweepKind(chosen.method), chosen.samples, target=chosen.target)
        if days is not None:
            work = RunWalkForward(WalkForwardRequest(sweep, *days), bars, chosen.scheduler)
            walk = backtest_parts.walk_forward(work, bars, self._tell)
            self._end_line()
            self._print(walk_lines(walk))
            more = {"summary_of": "walk_forward_out_of_sample", "walk_forward": walk_json(walk)}
            self._give(said(sheet.title), strung_result(walk, sheet.title, bars.reports), more, said(STRUNG))
            return
        found = backtest_parts.sweep(RunSweep(sweep, bars, chosen.scheduler), bars, self._tell)
        self._end_line()
        self._print(sweep_lines(found))
        has_best = found.best is not None
        request = backtest_parts.best_request(found)
        label = (
            tr("가장 좋은 조합의 결과")
            if has_best
            else tr("기본값의 결과 (목표 지표가 나온 조합이 없습니다)")
        )
        result = backtest_parts.run(request, bars, self._tell)
        more = {"summary_of": "best_of_sweep" if has_best else "run", "sweep": sweep_json(found)}
        self._give(said(sheet.title), result, more, label)

    # -- what is asked for ---

    def _tell_problems(self, sheet: StrategySheet) -> bool:
        """Print every error of the strategy and what to mind; return whether it runs."""
        for problem in sheet.problems:
            if problem.severity == "note":
                continue
            word = tr("오류") if problem.severity == "error" else tr("주의")
            where = f"{sheet.source.name}:{problem.line}" if problem.line is not None else sheet.source.name
            self._output.problem(f"{where}: {word}: {said(problem.sentence)}")
        return sheet.is_runnable

    async def _prepared(self, sheet: StrategySheet, sizing: Sizing) -> tuple[BacktestRequest, BarSet]:
        chosen = self._chosen
        parameters = parameters_of(chosen.values, sheet)
        if chosen.bars is not None:
            with interruptible():
                files = bars_of_files(chosen.bars, chosen)
            self._tell_findings(files.findings)
            keys, benchmark, start, end = files.keys, files.benchmark, files.start, files.end
            given = BarSet("files", files.bars, files.reports, files.instruments)
        else:
            keys, benchmark, start, end, given = await self._from_cache()
        request = BacktestRequest(
            strategy=sheet.source,
            series=tuple(keys),
            start=start,
            end=end,
            parameters=parameters,
            cash=chosen.cash,
            sizing=sizing,
            fill=FillRule(chosen.fill),
            costs=CostRule(chosen.commission, chosen.tax, chosen.slippage or 0.0),
            benchmark=benchmark,
            stops=StopRule(chosen.stops),
        )
        return request, given

    def _tell_findings(self, findings: Sequence[Finding]) -> None:
        """Say what was repaired in the files or left out of them."""
        for finding in findings[:_FINDINGS_SHOWN]:
            self._output.aside(finding_text(finding))
        if len(findings) > _FINDINGS_SHOWN:
            self._output.aside(tr("그 밖에 {n}건", n=len(findings) - _FINDINGS_SHOWN))

    async def _from_cache(self) -> tuple[list[SeriesKey], SeriesKey | None, date, date, BarSet]:
        chosen = self._chosen
        interval = Interval(chosen.interval or "1d")
        keys = [
            SeriesKey(Product.STOCK, symbol.upper(), interval, not chosen.raw) for symbol in chosen.symbols
        ]
        benchmark = None
        if chosen.benchmark:
            is_index = len(chosen.benchmark) == _INDEX_DIGITS and chosen.benchmark.isdigit()
            product = Product.INDEX if is_index else Product.STOCK
            benchmark = SeriesKey(product, chosen.benchmark.upper(), interval)
        wanted = [*keys, *([benchmark] if benchmark is not None and benchmark not in keys else [])]
        async with bar_desk(self._account, self._output) as desk:
            end = chosen.end or desk.clock.now().date()
            start = chosen.start or end - timedelta(days=round(_YEARS * 365.25))
            columns: dict[SeriesKey, BarColumns] = {}
            reports: list[LoadReport] = []
            for place, key in enumerate(wanted):
                self._tell(WorkProgress(Stage.BARS, place, len(wanted)))
                columns[key], report = await desk.loader.load(key, start, end)
                reports.append(report)
                for note in report.notes:
                    self._output.aside(f"{key.symbol}: {said(note)}")
            instruments = await desk.instruments()
        self._end_line()
        if not any(len(columns[key]) for key in keys):
            raise CorrectionNeeded(
                Sentence(
                    "{start}부터 {end}까지 봉이 없습니다. 종목과 기간을 확인하십시오.", start=start, end=end
                )
            )
        known = {key.symbol for key in keys}
        of_run = {item.symbol: item for item in instruments if item.symbol in known}
        return keys, benchmark, start, end, BarSet("cache", columns, reports, of_run)

    # -- saying ---

    def _tell(self, progress: WorkProgress) -> None:
        """Show how far it is, where somebody watches."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._told_at < _LINE_SECONDS:
            return
        self._told_at, self._has_line = now, True
        text = tr(_WORDS[progress.stage], done=f"{progress.done:,}", total=f"{progress.total:,}")
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def _end_line(self) -> None:
        if self._has_line:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._has_line = False

    def _print(self, lines: Sequence[str]) -> None:
        self._output.line("\n".join(lines))

    def _give(self, title: str, result: BacktestResult, more: Mapping[str, Any], label: str = "") -> None:
        """Print a result and write it where that is asked."""
        self._end_line()
        self._print(result_lines(title, result, label))
        for warning in result.warnings:
            if warning is not STRUNG:
                self._output.aside(f"! {said(warning)}")
        self._write(result, more)

    # -- writing ---

    def _write(self, result: BacktestResult, more: Mapping[str, Any]) -> None:
        chosen = self._chosen
        if self._json_out is not None:
            from kis_terminal.services.backtest.report.json_form import to_json

            told = {**to_json(result), **more}
            if self._json_out == "-":
                self._output.told(told)
            else:
                backtest_parts.write_json(told, Path(self._json_out))
        translated = None if language() == "ko" else tr
        for form, path in (
            (ReportForm.HTML, chosen.html),
            (ReportForm.XLSX, chosen.xlsx),
            (ReportForm.CSV, chosen.csv),
        ):
            if path is not None:
                backtest_parts.write_report(result, form, path, translated)
