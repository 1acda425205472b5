"""Bars that `kis-terminal backtest` takes from files: which symbols, of what kind, which interval."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from kis_terminal.adapters.bar_files.reading import read_bar_files, read_index_files
from kis_terminal.adapters.simulator.listings import load_listings
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey, Span
from kis_terminal.domain.bar_import.report import BarFiles, Finding
from kis_terminal.domain.bar_import.symbol_words import symbol_of
from kis_terminal.domain.bars import resample
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.bars.spans import day_of, weekdays

_NAMES_SHOWN = 20
_LONGEST_HOLIDAYS = 5
"""Weekdays at an end of the period that a file may lack without lacking anything: nobody traded then."""
_LENGTHS = (Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR)
"""Intervals beyond a day, the shortest first."""


@dataclass(frozen=True, slots=True)
class FileBars:
    """What files gave for a run."""

    keys: list[SeriesKey]
    bars: dict[SeriesKey, BarColumns]
    benchmark: SeriesKey | None
    start: date
    end: date
    reports: list[LoadReport]
    instruments: dict[str, Instrument]
    """Of the symbols that the program knows; the others are taken for KOSPI shares."""
    findings: list[Finding]


def bars_of_files(path: Path, chosen: argparse.Namespace) -> FileBars:
    """Read what the options ask of a file or folder; raises CorrectionNeeded."""
    files = _files(path, chosen.symbols)
    found = files.bars
    if chosen.raw:
        found = {key.symbol: one.bars for key, one in files.series.items() if not key.is_adjusted}
    wanted = chosen.symbols or [symbol for symbol in found if symbol != chosen.benchmark]
    findings = [*files.refused, *files.repaired]
    if chosen.benchmark and chosen.benchmark not in found and symbol_of(chosen.benchmark, Product.INDEX):
        found = found | _index(path, chosen.benchmark, findings)
    asked = [*wanted, *([chosen.benchmark] if chosen.benchmark else [])]
    missing = [symbol for symbol in asked if symbol not in found or not len(found[symbol])]
    if missing or not wanted:
        raise CorrectionNeeded(
            Sentence(
                "{path}에 없는 종목입니다: {missing}. 있는 종목: {found}",
                path=path,
                missing=", ".join(missing) or "-",
                found=", ".join(list(found)[:_NAMES_SHOWN]) or "-",
            )
        )
    start = chosen.start or day_of(min(int(found[symbol].times[0]) for symbol in wanted))
    end = chosen.end or day_of(max(int(found[symbol].times[-1]) for symbol in wanted))
    interval = Interval(chosen.interval) if chosen.interval else None
    joined = {symbol: _joined(found[symbol], interval) for symbol in asked}
    keys = [joined[symbol].key for symbol in wanted]
    return FileBars(
        keys,
        {bars.key: bars for bars in joined.values()},
        joined[chosen.benchmark].key if chosen.benchmark else None,
        start,
        end,
        [
            replace(_report_of(found[symbol], start, end), key=key)
            for symbol, key in zip(wanted, keys, strict=True)
        ],
        known_instruments(wanted),
        [one for one in findings if one.symbol in ("", *asked)],
    )


def _index(path: Path, code: str, findings: list[Finding]) -> dict[str, BarColumns]:
    """Return an index out of the same files; what was said of its file as if it were a share's is taken back.

    Raises CorrectionNeeded where no file is its.
    """
    files = read_index_files(path, code)
    if files is None or not files.bars:
        raise CorrectionNeeded(
            Sentence(
                "--benchmark {code}: {path}에 이 지수의 파일이 없습니다. 파일 이름에 지수코드나 이름이 "
                "있어야 합니다(0001.csv, kospi.csv, kospi200_daily.csv). 종가만 있어도 됩니다.",
                code=code,
                path=path,
            )
        )
    own = {Path(one.file).name for one in (*files.refused, *files.repaired)}
    findings[:] = [one for one in findings if one.symbol or Path(one.file).name not in own]
    findings += [*files.refused, *files.repaired]
    return dict(files.bars)


def _files(path: Path, symbols: list[str]) -> BarFiles:
    """Read; `--symbols` names what a single file is of only where the file itself does not tell."""
    files = read_bar_files(path)
    if files.series or not path.is_file() or len(symbols) != 1:
        return files
    return read_bar_files(path, symbol=symbols[0])


def _joined(bars: BarColumns, interval: Interval | None) -> BarColumns:
    """Return the bars as longer ones where that is asked; raises CorrectionNeeded for shorter ones."""
    own = bars.key.interval
    if interval is None or interval is own:
        return bars
    if not _is_made_of(interval, own):
        raise CorrectionNeeded(
            Sentence(
                "--interval {asked}: {symbol}의 파일은 {own} 봉이라 {asked} 봉을 만들 수 없습니다. "
                "더 긴 주기를 고르거나 --interval을 빼십시오.",
                asked=str(interval),
                own=str(own),
                symbol=bars.key.symbol,
            )
        )
    # Bars that did not trade would bring their zeros, or an open that nobody paid.
    traded = bars.has_traded
    source = (
        BarColumns(bars.key, bars.times[traded], bars.columns[:, traded].copy()) if traded.any() else bars
    )
    times, values = resample(source.times, source.columns.T, interval)
    return BarColumns(replace(bars.key, interval=interval), times, values.T.copy())


def _is_made_of(longer: Interval, shorter: Interval) -> bool:
    if shorter.minutes is None:
        if shorter is Interval.WEEK:
            return False  # a week lies in two months, and in two years
        return longer in _LENGTHS and _LENGTHS.index(longer) > _LENGTHS.index(shorter)
    return longer.minutes is None or (
        longer.minutes > shorter.minutes and longer.minutes % shorter.minutes == 0
    )


def known_instruments(symbols: list[str]) -> dict[str, Instrument]:
    """Return those of the symbols that the embedded list knows: their market and whether they are funds."""
    return {
        one.symbol: Instrument(
            one.symbol, one.name, Market(one.market), InstrumentKind(one.kind), one.standard_code
        )
        for one in load_listings()
        if one.symbol in symbols
    }


def _report_of(bars: BarColumns, start: date, end: date) -> LoadReport:
    """Return how much of the asked weekdays lies between a file's first bar and its last."""
    asked = Span(day_seconds(start), day_seconds(end + timedelta(days=1)))
    within = bars.between(asked.start, asked.end)
    if not len(within):
        return LoadReport(bars.key, start, end, None, None, 0.0, True, 0)
    first, last = day_of(int(within.times[0])), day_of(int(within.times[-1]))
    had = Span(day_seconds(first), day_seconds(last + timedelta(days=1)))
    ends = (Span(asked.start, had.start), Span(had.end, asked.end))
    lacking = sum(count for count in map(weekdays, ends) if count > _LONGEST_HOLIDAYS)
    coverage = 1.0 - lacking / max(1, weekdays(asked))
    return LoadReport(bars.key, start, end, first, last, coverage, lacking > 0, 0)
