"""A backtest panel over a real worker process, bars in memory and records in a folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kis_terminal.adapters.backtest_process.client import BacktestProcess
from kis_terminal.adapters.storage.backtest_runs import FolderRunStore
from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtests import Backtests
from kis_terminal.ui.panels.backtest import BacktestPanel
from tests.support.desk import Desk
from tests.support.isolation import PROJECT

TODAY = date(2024, 12, 30)
FIRST = date(2019, 1, 2)
CROSSING = """
version: "1.0"
metadata:
  name: 이동평균 교차
  description: 짧은 이동평균이 긴 이동평균을 넘으면 사고 내려가면 팝니다.
strategy:
  id: crossing
  category: trend
  params:
    fast: {default: 5, min: 2, max: 60, step: 1, type: int}
    slow: {default: 20, min: 5, max: 240, step: 1, type: int}
  indicators:
    - {id: sma, alias: fast, params: {period: $fast}}
    - {id: sma, alias: slow, params: {period: $slow}}
    - {id: rsi, alias: rsi, params: {period: 14}}
  entry:
    logic: AND
    conditions:
      - {indicator: fast, operator: cross_above, compare_to: slow}
  exit:
    logic: OR
    conditions:
      - {indicator: fast, operator: cross_below, compare_to: slow}
      - {indicator: rsi, operator: greater_than, value: 85}
risk:
  stop_loss: {enabled: true, percent: 9}
"""


def waves(symbol: str, seed: int = 3, *, product: Product = Product.STOCK) -> BarColumns:
    """Return daily bars of six years that rise and fall enough for crossings."""
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(days=i) for i in range((TODAY - FIRST).days + 1)]
    days = [day for day in days if day.weekday() < 5]
    count = len(days)
    swing = np.sin(np.arange(count) / 23.0 + seed) * 0.012 + rng.normal(0.0003, 0.012, count)
    close = np.round(50_000 * np.exp(np.cumsum(swing * 0.5)), -2)
    open_ = np.round(close * (1 + rng.normal(0, 0.004, count)), -2)
    high, low = np.maximum(open_, close) * 1.006, np.minimum(open_, close) * 0.994
    columns = np.stack([open_, np.round(high, -2), np.round(low, -2), close, rng.integers(1e5, 1e6, count)])
    times = np.array([day_seconds(day) for day in days], dtype=np.int64)
    return BarColumns(SeriesKey(product, symbol, Interval.DAY), times, columns.astype(np.float64))


@dataclass
class MemoryLoader:
    """`services.backtests.BarLoading` over bars in memory; counts the calls that a broker would have had."""

    bars: Mapping[SeriesKey, BarColumns]
    covered: set[SeriesKey] = field(default_factory=set)
    calls: int = 0
    gate: asyncio.Event | None = None
    """A load waits for it, where there is one."""

    async def load(self, key: SeriesKey, start: date, end: date) -> tuple[BarColumns, LoadReport]:
        """Return the bars; the first load of a series costs calls."""
        if self.gate is not None:
            await self.gate.wait()
        if key not in self.bars:
            raise CorrectionNeeded(f"{key.symbol}: no such series")
        calls = 0 if key in self.covered else 13
        self.covered.add(key)
        self.calls += calls
        bars = self.bars[key].between(day_seconds(start), day_seconds(end + timedelta(days=1)))
        return bars, LoadReport(key, start, end, start, end, 1.0, False, calls)


@dataclass(frozen=True)
class Bench:
    """A shown panel and the ends of it that a test moves."""

    panel: BacktestPanel
    desk: Desk
    loader: MemoryLoader
    worker: BacktestProcess

    @property
    def view(self) -> Any:
        """Return the panel's inside."""
        return self.panel.view


def _shows_crossing(bench: Bench) -> bool:
    sheet = bench.view.setup.sheet
    return sheet is not None and sheet.source.name == "crossing.kis.yaml"


BenchBuilder = Callable[..., Bench]


@pytest.fixture
def bench_of(
    desk: Desk, qtbot: Any, qt_loop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BenchBuilder]:
    """Return a function that shows a panel with these series; its worker ends with the test."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    )
    built: list[Bench] = []

    def _is_quiet() -> bool:
        return not any("backtest" in task.get_name() for task in asyncio.all_tasks(qt_loop))

    def build(*symbols: str) -> Bench:
        series = [waves(symbol, place + 3) for place, symbol in enumerate(symbols)]
        series.append(waves("0001", 11, product=Product.INDEX))
        loader = MemoryLoader({bars.key: bars for bars in series})
        worker = BacktestProcess()
        backtests = Backtests(
            worker,
            loader,
            desk.workspace.instruments,
            FolderRunStore(tmp_path / "runs"),
            desk.clock,
            data_folder=tmp_path,
        )
        panel = BacktestPanel(desk.workspace, lambda: backtests, lambda: TODAY)
        bench = Bench(panel, desk, loader, worker)
        built.append(bench)
        qtbot.addWidget(panel, before_close_func=lambda _: qtbot.waitUntil(_is_quiet, timeout=10_000))
        panel.resize(1240, 720)
        panel.show()
        qtbot.waitUntil(lambda: panel.view is not None, timeout=30_000)
        strategy = tmp_path / "crossing.kis.yaml"
        strategy.write_text(CROSSING, encoding="utf-8")
        bench.view.setup.sheet_wanted.emit(str(strategy))
        qtbot.waitUntil(lambda: _shows_crossing(bench), timeout=30_000)
        bench.view.setup.symbols.set_symbols(symbols)
        return bench

    yield build
    for bench in built:
        bench.panel.hide()
        closing = qt_loop.create_task(bench.worker.close())
        qtbot.waitUntil(closing.done, timeout=10_000)
