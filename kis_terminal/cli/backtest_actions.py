"""What `kis-terminal backtest` does: strategy, bars, run or sweep, and what is printed and written."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from kis_terminal.adapters.bar_files.reading import read_bar_files
from kis_terminal.cli import backtest_parts
from kis_terminal.cli.account import Account, Output
from kis_terminal.cli.backtest_values import parameters_of, range_of, sizing_of
from kis_terminal.cli.bar_desk import bar_desk
from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.backtest import (
    BacktestRequest,
    BacktestResult,
    CostRule,
    FillRule,
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
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey, Span
from kis_terminal.domain.bar_import.report import Finding
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sweeps import (
    SweepKind,
    SweepRequest,
    SweepResult,
    WalkForwardRequest,
    WalkForwardResult,
)
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.figure_names import figure_groups, figure_text
from kis_terminal.services.bars.spans import day_of, weekdays
from kis_terminal.ui.translation import said, tr

_YEARS = 5
_LINE_SECONDS = 0.1
_BEST_SHOWN = 20
_MOST_VALUES = 100_000
_INDEX_DIGITS = 4
_LONGEST_HOLIDAYS = 5
"""Weekdays at an end of the period that a file may lack without lacking anything: nobody traded then."""
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
        sheet = backtest_parts.open_strategy(chosen.strategy, self._account.settings.home.data)
        if not self._tell_problems(sheet):
            return 2
        request, bars = await self._prepared(sheet)
        more: dict[str, Any] = {}
        if chosen.sweep:
            sweep = self._sweep_of(request)
            if chosen.walk_forward:
                walk = backtest_parts.walk_forward(
                    RunWalkForward(self._walk_of(sweep), bars, chosen.scheduler), bars, self._tell
                )
                self._end_line()
                self._print_walk(walk)
                more["walk_forward"] = _walk_json(walk)
            else:
                found = backtest_parts.sweep(RunSweep(sweep, bars, chosen.scheduler), bars, self._tell)
                self._end_line()
                self._print_sweep(found)
                more["sweep"] = _sweep_json(found)
                if found.best is not None:
                    best = {**request.parameters, **found.rows[found.best].parameters}
                    request = replace(request, parameters=best)
        result = backtest_parts.run(request, bars, self._tell)
        self._end_line()
        self._print_result(sheet, result)
        self._write(result, more)
        return 0

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

    async def _prepared(self, sheet: StrategySheet) -> tuple[BacktestRequest, BarSet]:
        chosen = self._chosen
        parameters = parameters_of(chosen.values, sheet)
        if chosen.bars is not None:
            keys, bars, benchmark = self._from_files(chosen.bars)
            first = min(int(bars[key].times[0]) for key in keys)
            last = max(int(bars[key].times[-1]) for key in keys)
            start, end = chosen.start or day_of(first), chosen.end or day_of(last)
            reports = [_report_of(key, bars[key], start, end) for key in keys]
            given = BarSet("files", bars, reports)
        else:
            keys, benchmark, start, end, given = await self._from_cache()
        request = BacktestRequest(
            strategy=sheet.source,
            series=tuple(keys),
            start=start,
            end=end,
            parameters=parameters,
            cash=chosen.cash,
            sizing=sizing_of(chosen.size),
            fill=FillRule(chosen.fill),
            costs=CostRule(chosen.commission, chosen.tax, chosen.slippage or 0.0),
            benchmark=benchmark,
            stops=StopRule(chosen.stops),
        )
        return request, given

    def _from_files(
        self, path: Path
    ) -> tuple[list[SeriesKey], dict[SeriesKey, BarColumns], SeriesKey | None]:
        chosen = self._chosen
        single = chosen.symbols[0] if path.is_file() and len(chosen.symbols) == 1 else ""
        files = read_bar_files(path, symbol=single)
        found = files.bars
        if chosen.raw:
            found = {key.symbol: one.bars for key, one in files.series.items() if not key.is_adjusted}
        wanted = chosen.symbols or [symbol for symbol in found if symbol != chosen.benchmark]
        missing = [symbol for symbol in wanted if symbol not in found or not len(found[symbol])]
        if missing or not wanted:
            raise CorrectionNeeded(
                Sentence(
                    "{path}에 없는 종목입니다: {missing}. 있는 종목: {found}",
                    path=path,
                    missing=", ".join(missing) or "-",
                    found=", ".join(list(found)[:_BEST_SHOWN]) or "-",
                )
            )
        self._tell_findings([one for one in (*files.refused, *files.repaired) if one.symbol in ("", *wanted)])
        keys = [found[symbol].key for symbol in wanted]
        bars = {found[symbol].key: found[symbol] for symbol in wanted}
        if not chosen.benchmark:
            return keys, bars, None
        if chosen.benchmark not in found:
            raise CorrectionNeeded(
                Sentence(
                    "{path}에 없는 종목입니다: {missing}. 있는 종목: {found}",
                    path=path,
                    missing=chosen.benchmark,
                    found=", ".join(list(found)[:_BEST_SHOWN]) or "-",
                )
            )
        index = found[chosen.benchmark]
        return keys, {**bars, index.key: index}, index.key

    def _tell_findings(self, findings: Sequence[Finding]) -> None:
        """Say what was repaired in the files or left out of them."""
        for finding in findings[:_BEST_SHOWN]:
            places = ", ".join(finding.places)
            where = " ".join(part for part in (finding.file, finding.symbol) if part)
            self._output.aside(f"{where}: {said(finding.kind.words)} {finding.count:,} ({places})")
        if len(findings) > _BEST_SHOWN:
            self._output.aside(tr("그 밖에 {n}건", n=len(findings) - _BEST_SHOWN))

    async def _from_cache(self) -> tuple[list[SeriesKey], SeriesKey | None, date, date, BarSet]:
        chosen = self._chosen
        interval = Interval(chosen.interval)
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

    def _sweep_of(self, request: BacktestRequest) -> SweepRequest:
        chosen = self._chosen
        ranges = [range_of(text) for text in chosen.sweep]
        return SweepRequest(request, ranges, SweepKind(chosen.method), chosen.samples, target=chosen.target)

    def _walk_of(self, sweep: SweepRequest) -> WalkForwardRequest:
        train, _, test = self._chosen.walk_forward.partition(":")
        if not (train.isdecimal() and test.isdecimal() and int(train) > 1 and int(test) > 0):
            raise CorrectionNeeded(
                Sentence(
                    "--walk-forward {text}: 504:126처럼 학습과 검증의 봉 수를 적으십시오.",
                    text=self._chosen.walk_forward,
                )
            )
        return WalkForwardRequest(sweep, int(train), int(test))

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

    def _print_result(self, sheet: StrategySheet, result: BacktestResult) -> None:
        request = result.request
        values = ", ".join(f"{name} {value}" for name, value in request.parameters.items())
        symbols = ", ".join(key.symbol for key in request.series[:8])
        rest = f" +{len(request.series) - 8}" if len(request.series) > 8 else ""
        self._output.line(f"{sheet.title} ({values})" if values else sheet.title)
        self._output.line(f"{symbols}{rest}  {request.start} ~ {request.end}")
        rows = [
            (said(name.label), figure_text(result.summary[name.key], name.unit))
            for group in figure_groups()
            for name in group.figures
            if name.key in result.summary
        ]
        for line in table((Heading(tr("지표")), Heading(tr("값"))), rows):
            self._output.line(line)
        for warning in result.warnings:
            self._output.aside(f"! {said(warning)}")

    def _print_sweep(self, found: SweepResult) -> None:
        names = [chosen.name for chosen in found.request.ranges]
        figures = tuple(dict.fromkeys((found.request.target, "total_return", "max_drawdown", "trades")))
        sign = -1.0 if found.request.target == "max_drawdown" else 1.0

        def rank(row: Any) -> float:
            value = row.figures.get(found.request.target)
            return float("inf") if value is None else -sign * float(value)

        rows = [
            [
                *(f"{row.parameters[name]:g}" for name in names),
                *(_short(row.figures.get(key)) for key in figures),
            ]
            for row in sorted(found.rows, key=rank)[:_BEST_SHOWN]
        ]
        headings = [Heading(name, is_number=True) for name in (*names, *figures)]
        self._output.line("\n".join(table([*headings, Heading("")], [[*row, ""] for row in rows])))
        self._output.line(tr("조합 {n:,}개, {seconds:.2f}초", n=len(found.rows), seconds=found.seconds))

    def _print_walk(self, walk: WalkForwardResult) -> None:
        rows = [
            [
                f"{window.test_start} ~ {window.test_end}",
                ", ".join(f"{name} {value}" for name, value in window.parameters.items()),
                _short(window.train_value),
                _short(window.test.get("total_return")),
            ]
            for window in walk.windows
        ]
        headings = [
            Heading(tr("검증")),
            Heading(tr("고른 값")),
            Heading(tr("학습 목표")),
            Heading(tr("수익률")),
        ]
        self._output.line("\n".join(table(headings, rows)))

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
        for form, path in (
            (ReportForm.HTML, chosen.html),
            (ReportForm.XLSX, chosen.xlsx),
            (ReportForm.CSV, chosen.csv),
        ):
            if path is not None:
                backtest_parts.write_report(result, form, path)


def _report_of(key: SeriesKey, bars: BarColumns, start: date, end: date) -> LoadReport:
    """Return how much of the asked weekdays lies between a file's first bar and its last."""
    asked = Span(day_seconds(start), day_seconds(end + timedelta(days=1)))
    within = bars.between(asked.start, asked.end)
    if not len(within):
        return LoadReport(key, start, end, None, None, 0.0, True, 0)
    first, last = day_of(int(within.times[0])), day_of(int(within.times[-1]))
    had = Span(day_seconds(first), day_seconds(last + timedelta(days=1)))
    ends = (Span(asked.start, had.start), Span(had.end, asked.end))
    lacking = sum(count for count in map(weekdays, ends) if count > _LONGEST_HOLIDAYS)
    coverage = 1.0 - lacking / max(1, weekdays(asked))
    return LoadReport(key, start, end, first, last, coverage, lacking > 0, 0)


def _short(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"


def _sweep_json(found: SweepResult) -> dict[str, Any]:
    return {
        "target": found.request.target,
        "method": str(found.request.kind),
        "seconds": round(found.seconds, 6),
        "best": None if found.best is None else dict(found.rows[found.best].parameters),
        "rows": [{"parameters": dict(row.parameters), **_plain(row.figures)} for row in found.rows],
    }


def _walk_json(walk: WalkForwardResult) -> dict[str, Any]:
    return {
        "summary": _plain(walk.summary),
        "windows": [
            {
                "train": [window.train_start.isoformat(), window.train_end.isoformat()],
                "test": [window.test_start.isoformat(), window.test_end.isoformat()],
                "parameters": dict(window.parameters),
                "train_value": window.train_value,
                **_plain(window.test),
            }
            for window in walk.windows
        ],
        "equity": [
            [int(moment), float(value)] for moment, value in zip(walk.times, walk.equity, strict=True)
        ],
    }


def _plain(figures: Mapping[str, float | int | None]) -> dict[str, float | int | None]:
    """Return figures for a JSON writer: what is no number is null."""
    return {name: value if value is None or value - value == 0 else None for name, value in figures.items()}
