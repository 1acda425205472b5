"""What `kis-terminal bars` does, and how it is printed."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from kis_terminal.adapters.bar_files.writing import file_name, write_bar_file
from kis_terminal.cli.account import Account, Output
from kis_terminal.cli.bar_desk import bar_desk, bar_store, environments_with_bars
from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.bar_columns import LoadReport, Product, SeriesKey, SeriesStatus
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.bars.fetch_job import FetchJob, FetchOutcome, FetchProgress
from kis_terminal.services.bars.spans import day_of
from kis_terminal.ui.translation import said, tr

_YEARS = 10
_LINE_SECONDS = 0.2


def keys_of(chosen: argparse.Namespace) -> list[SeriesKey]:
    """Return the series that the command line names; raises CorrectionNeeded."""
    product = Product(chosen.product)
    exchange = chosen.exchange if product is Product.OVERSEAS else ""
    is_adjusted = not chosen.raw or product is Product.INDEX
    keys = []
    for word in dict.fromkeys(chosen.symbols):
        symbol = word.strip().upper()
        if not (symbol.isascii() and symbol.replace(".", "").replace("-", "").isalnum()):
            raise CorrectionNeeded(Sentence("'{text}'은(는) 종목코드가 아닙니다.", text=word))
        keys.append(SeriesKey(product, symbol, Interval(chosen.interval), is_adjusted, exchange))
    return keys


# -- fetch ---


async def fetch(account: Account, output: Output, chosen: argparse.Namespace) -> int:
    """Fetch and print what became of each series."""
    keys = keys_of(chosen)
    begun = time.monotonic()
    async with bar_desk(account, output) as desk:
        today = desk.clock.now().date()
        end = min(chosen.end or today, today)
        start = chosen.start or _years_before(end, _YEARS)
        line = _ProgressLine()
        job = FetchJob(desk.loader, desk.clock, keys, start, end, on_progress=line.show)
        try:
            outcomes = await job.run()
        finally:
            line.clear()
    headings = [
        Heading(tr("종목")),
        Heading(tr("기간")),
        Heading(tr("봉 수"), is_number=True),
        Heading(tr("커버리지"), is_number=True),
        Heading(tr("호출"), is_number=True),
        Heading(tr("비고"), least=12),
    ]
    output.line("\n".join(table(headings, [_outcome_cells(outcome) for outcome in outcomes])))
    output.told(
        {
            **account.told(),
            "from": start.isoformat(),
            "to": end.isoformat(),
            "calls": sum(outcome.report.calls for outcome in outcomes if outcome.report is not None),
            "seconds": round(time.monotonic() - begun, 3),
            "series": [_outcome_told(outcome) for outcome in outcomes],
        }
    )
    is_whole = all(outcome.report is not None and not outcome.report.is_truncated for outcome in outcomes)
    return 0 if is_whole else 1


def _years_before(day: date, years: int) -> date:
    return date(day.year - years, day.month, min(day.day, 28))


def _outcome_cells(outcome: FetchOutcome) -> list[str]:
    report = outcome.report
    if report is None:
        return [outcome.key.symbol, "-", "0", "-", "-", said(outcome.problem)]
    notes = [said(note) for note in report.notes]
    return [
        outcome.key.symbol,
        _period(report.actual_start, report.actual_end),
        f"{outcome.bars:,}",
        f"{report.coverage:.1%}",
        str(report.calls),
        " · ".join(([tr("끊김")] if report.is_truncated else []) + notes),
    ]


def _outcome_told(outcome: FetchOutcome) -> dict[str, Any]:
    return {
        **key_told(outcome.key),
        "bars": outcome.bars,
        **(report_told(outcome.report) if outcome.report is not None else {"error": said(outcome.problem)}),
    }


def key_told(key: SeriesKey) -> dict[str, Any]:
    """Return a key for JSON."""
    return {
        "product": key.product.value,
        "symbol": key.symbol,
        "interval": key.interval.value,
        "adjusted": key.is_adjusted,
        **({"exchange": key.exchange} if key.exchange else {}),
    }


def report_told(report: LoadReport) -> dict[str, Any]:
    """Return a load report for JSON."""
    return {
        "actual_start": None if report.actual_start is None else report.actual_start.isoformat(),
        "actual_end": None if report.actual_end is None else report.actual_end.isoformat(),
        "coverage": round(report.coverage, 6),
        "truncated": report.is_truncated,
        "calls": report.calls,
        "notes": [said(note) for note in report.notes],
    }


def _period(start: date | None, end: date | None) -> str:
    return "-" if start is None or end is None else f"{start} ~ {end}"


class _ProgressLine:
    """One line of a terminal that is written over; nothing where the errors go to a file."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = 0.0
        self._width = 0

    def show(self, progress: FetchProgress) -> None:
        """Write how far the fetch is."""
        now = time.monotonic()
        if not self._is_shown or (now < self._next and progress.done < progress.total):
            return
        self._next = now + _LINE_SECONDS
        rest = "" if progress.rest is None else tr(" · 남은 시간 {time}", time=_clock(progress.rest))
        text = tr(
            "{done}/{total}종목 {part:.0%} · 호출 {calls} ({rate:.1f}/초){rest} · {current}",
            done=progress.done,
            total=progress.total,
            part=progress.part,
            calls=progress.calls,
            rate=progress.rate,
            rest=rest,
            current=" ".join(progress.current),
        )
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            sys.stderr.write("\r" + " " * (2 * self._width) + "\r")
            sys.stderr.flush()


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )


# -- status ---


async def status(account: Account, output: Output, chosen: argparse.Namespace) -> int:
    """List what is stored: of every environment, unless one is named."""
    environments = environments_with_bars(account) if chosen.is_every else [account.access.environment]
    wanted = {symbol.strip().upper() for symbol in chosen.symbols}
    found: list[tuple[Environment, SeriesStatus]] = []
    for environment in environments:
        async with bar_store(account, output, environment) as store:
            listed = await store.series()
        found += [(environment, one) for one in listed if not wanted or one.key.symbol in wanted]
    series = [one for _, one in found]
    missing = sorted(wanted - {one.key.symbol for one in series})
    if missing:
        output.problem(tr("저장된 봉이 없는 종목: {symbols}", symbols=", ".join(missing)))
    if not series and not wanted:
        output.line(
            tr("저장된 봉이 없습니다. `kis-terminal bars fetch 종목`으로 받거나 import로 넣으십시오.")
        )
    elif series:
        headings = [
            Heading(tr("환경")),
            Heading(tr("종목")),
            Heading(tr("주기")),
            Heading(tr("가격")),
            Heading(tr("기간")),
            Heading(tr("봉 수"), is_number=True),
            Heading(tr("크기"), is_number=True),
            Heading(tr("받은 구간"), is_number=True),
        ]
        output.line("\n".join(table(headings, [[env.value, *_status_cells(one)] for env, one in found])))
        size = sum(one.bytes_used for one in series)
        output.line(
            tr(
                "{series}개 계열, 봉 {bars}개, {size}",
                series=len(series),
                bars=f"{sum(one.bars for one in series):,}",
                size=size_text(size),
            )
        )
    output.told(
        {**account.told(), "series": [{"environment": env.value, **_status_told(one)} for env, one in found]}
    )
    return 1 if missing else 0


def _status_cells(one: SeriesStatus) -> list[str]:
    key = one.key
    symbol = f"{key.exchange}:{key.symbol}" if key.exchange else key.symbol
    period = "-" if not one.spans else f"{day_of(one.spans[0].start)} ~ {day_of(one.spans[-1].end - 1)}"
    price = tr("수정주가") if key.is_adjusted else tr("원주가")
    return [
        symbol,
        key.interval.value,
        price,
        period,
        f"{one.bars:,}",
        size_text(one.bytes_used),
        str(len(one.spans)),
    ]


def _status_told(one: SeriesStatus) -> dict[str, Any]:
    return {
        **key_told(one.key),
        "bars": one.bars,
        "bytes": one.bytes_used,
        "updated": str(np.datetime64(one.updated, "s")),
        "covered": [[day_of(span.start).isoformat(), day_of(span.end - 1).isoformat()] for span in one.spans],
    }


def size_text(size: int) -> str:
    """Return bytes for people."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


# -- export ---


async def export(account: Account, output: Output, chosen: argparse.Namespace) -> int:
    """Write stored series to files."""
    keys = keys_of(chosen)
    out: Path = chosen.out
    suffix = out.suffix.lower().removeprefix(".")
    file_format = chosen.format or (suffix if suffix in ("csv", "parquet") else "csv")
    is_folder = await asyncio.to_thread(out.is_dir)
    is_file = len(keys) == 1 and suffix in ("csv", "parquet") and not is_folder
    written: list[dict[str, Any]] = []
    missing: list[str] = []
    async with bar_store(account, output) as store:
        for key in keys:
            bars = await store.read(key, 0, 2**40)
            if not len(bars):
                missing.append(key.symbol)
                continue
            file = out if is_file else out / file_name(bars, file_format)
            await asyncio.to_thread(write_bar_file, file, bars, file_format)
            output.line(tr("{path}: 봉 {bars}개", path=file, bars=f"{len(bars):,}"))
            written.append({**key_told(replace(key)), "file": str(file), "bars": len(bars)})
    _tell_missing(output, missing)
    output.told({**account.told(), "written": written, "missing": missing})
    return 1 if missing else 0


def _tell_missing(output: Output, missing: Sequence[str]) -> None:
    if missing:
        output.problem(
            tr(
                "저장된 봉이 없는 종목: {symbols}. 어느 환경에 있는지는 bars status로 봅니다.",
                symbols=", ".join(missing),
            )
        )
