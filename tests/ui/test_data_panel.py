"""The data panel over a real loader, a store in memory and files of a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from kis_terminal.adapters.bar_files.process import BarFileProcess
from kis_terminal.domain.bar_columns import BarColumns, BarPage, Product, SeriesKey, Span
from kis_terminal.domain.errors import StoreUnavailable, UnknownSymbol
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.bars.late import LateLibrary
from kis_terminal.services.bars.library import BarLibrary
from kis_terminal.services.bars.loader import BarLoader
from kis_terminal.ui.bars.coverage import covered_text
from kis_terminal.ui.panels.data import DataPanel
from tests.support.desk import Desk
from tests.support.leftovers import ExpectLog
from tests.support.memory_bar_store import MemoryBarStore
from tests.support.ports_in_memory import NAVER, SAMSUNG

_DAY = 86_400
DAYS = SeriesKey(Product.STOCK, SAMSUNG, Interval.DAY)


class WeekdaySource:
    """A broker that lists a bar a weekday, 100 at a time; waits while `gate` is closed."""

    def __init__(self) -> None:
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return the newest hundred weekdays."""
        await asyncio.sleep(0.001)
        await self.gate.wait()
        self.calls += 1
        if key.symbol == NAVER:
            raise UnknownSymbol("NAVER는 없는 종목입니다.")
        days = [end - timedelta(days=back) for back in range((end - start).days + 1)]
        chosen = sorted(day_seconds(day) for day in days if day.weekday() < 5)[-100:]
        first = chosen[0] if len(chosen) == 100 else day_seconds(start)
        columns = np.full((5, len(chosen)), 70_000.0)
        bars = BarColumns(key, np.array(chosen, dtype=np.int64), columns)
        return BarPage(bars, Span(first, day_seconds(end) + _DAY), reached_listing=False)


@dataclass
class Bench:
    """A shown panel and what lies behind it."""

    panel: DataPanel
    store: MemoryBarStore
    source: WeekdaySource

    @property
    def names(self) -> list[str]:
        """Return the series that are listed."""
        grid = self.panel.grid
        return [f"{grid.row(key).symbol} {grid.row(key).interval.value}" for key in grid.keys]


@pytest.fixture
def bench(desk: Desk, qtbot: object) -> Callable[..., Bench]:
    """Return a maker of shown panels."""

    def make(store: MemoryBarStore | None = None, *, is_made_up: bool = False) -> Bench:
        kept, source = store or MemoryBarStore(), WeekdaySource()
        scope, clock = desk.workspace.scope, desk.clock

        def build() -> BarLibrary:
            loader = BarLoader(source, kept, clock)
            return BarLibrary(kept, loader, BarFileProcess(), clock, scope, is_made_up=is_made_up)

        panel = DataPanel(desk.workspace, LateLibrary(build), lambda: clock.now().date())
        qtbot.addWidget(panel)  # type: ignore[attr-defined]
        panel.resize(900, 420)
        panel.show()
        return Bench(panel, kept, source)

    return make


def wait(qtbot: object, condition: Callable[[], bool]) -> None:
    """Let both worlds run until a condition holds."""
    qtbot.waitUntil(condition, timeout=10_000)  # type: ignore[attr-defined]


def test_fetch_lists_what_is_stored_and_says_what_it_took(bench: Callable[..., Bench], qtbot: object) -> None:
    it = bench()
    panel = it.panel
    assert panel.grid.keys == []
    panel.form.symbols.setText("삼성전자, KODEX 200")
    panel.form.start.setText("2024-11-21")
    qtbot.keyClick(panel.form.symbols, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    assert panel.form.button.text() == "멈춤"
    wait(qtbot, lambda: "종목 받음" in panel.strip_line.text)
    wait(qtbot, lambda: len(it.names) == 2)

    assert it.names == ["005930 1d", "069500 1d"]
    assert panel.form.button.text() == "받기"
    row = panel.grid.row(panel.grid.keys[0])
    assert row.name == "삼성전자"
    assert row.first == date(2024, 11, 21)
    assert covered_text(row.spans) == f"2024-11-21 ~ {row.last}"
    assert it.source.calls == 12
    assert "2개 계열" in panel.summary.text()
    calls = it.source.calls
    panel.form.press()
    wait(qtbot, lambda: "종목 받음" in panel.strip_line.text and not panel.form._is_running)
    assert it.source.calls <= calls + 2  # today's bars, which are never stored


def test_empty_symbols_mean_the_watchlist_and_wrong_ones_are_told(
    bench: Callable[..., Bench], desk: Desk, qtbot: object
) -> None:
    panel = bench().panel
    wish = panel.form.wish()
    assert wish is not None
    assert wish.symbols == desk.workspace.watchlists.symbols()
    panel.form.symbols.setText("없는이름")
    assert panel.form.wish() is None
    assert "없는이름" in panel.strip_line.text
    panel.form.symbols.setText(SAMSUNG)
    panel.form.start.setText("어제")
    assert panel.form.wish() is None
    assert "2026-11-23" in panel.strip_line.text
    panel.form.start.setText("2030-01-01")
    assert panel.form.wish() is None
    assert "늦습니다" in panel.strip_line.text


def test_stop_keeps_what_was_fetched(bench: Callable[..., Bench], qtbot: object) -> None:
    it = bench()
    panel = it.panel
    panel.form.symbols.setText(SAMSUNG)
    panel.form.start.setText("2010-01-04")
    panel.form.press()
    wait(qtbot, lambda: it.source.calls >= 2)
    it.source.gate.clear()
    panel.form.press()
    wait(qtbot, lambda: "멈췄습니다" in panel.strip_line.text)

    assert panel.form.button.text() == "받기"
    assert it.store.covered[DAYS]


def test_symbol_that_fails_is_in_the_report(bench: Callable[..., Bench], qtbot: object) -> None:
    it = bench()
    panel = it.panel
    panel.form.symbols.setText(f"{SAMSUNG} {NAVER}")
    panel.form.start.setText("2026-10-01")
    panel.form.press()
    wait(qtbot, lambda: "받지 못함 1" in panel.strip_line.text)

    assert panel.report.isVisible()
    row = panel.report.row(panel.report.keys[0])
    assert (row.symbol, row.text, row.is_refusal) == ("NAVER", "NAVER는 없는 종목입니다.", True)


def test_import_export_and_forget(bench: Callable[..., Bench], qtbot: object, tmp_path: Path) -> None:
    it = bench()
    panel = it.panel
    file = tmp_path / "005930.csv"
    file.write_text(
        "Date,Open,High,Low,Close,Volume\n2024-01-02,10000,11000,9000,10500,7\n2024-01-03,0,0,0,10500,0\n",
        encoding="utf-8",
    )
    panel.take_in(file)
    wait(qtbot, lambda: len(it.names) == 2)
    wait(qtbot, lambda: panel.report.isVisible())
    assert "새 봉 4개" in panel.strip_line.text
    assert any("거래정지" in panel.report.row(key).text for key in panel.report.keys)

    panel.grid.select(panel.grid.keys[1])
    keys = [panel.grid.row(panel.grid.keys[1]).series]
    panel.write_out(keys, tmp_path / "out")
    wait(qtbot, lambda: "파일 1개" in panel.strip_line.text)
    assert (tmp_path / "out" / "005930_1d.csv").exists()

    panel._ask_forget()
    assert panel.confirm.isVisible()
    panel.confirm.yes.click()
    wait(qtbot, lambda: len(it.names) == 1)
    assert "지웠습니다" in panel.strip_line.text


def test_file_never_joins_the_made_up_bars_of_the_simulation(
    bench: Callable[..., Bench], qtbot: object, tmp_path: Path
) -> None:
    it = bench(is_made_up=True)
    file = tmp_path / "005930.csv"
    file.write_text("Date,Open,High,Low,Close,Volume\n2024-01-02,1,1,1,1,7\n", encoding="utf-8")

    it.panel.take_in(file)
    wait(qtbot, lambda: "지어낸" in it.panel.strip_line.text)

    assert not it.store.covered


def test_store_that_cannot_be_reached_is_said_in_the_table(
    bench: Callable[..., Bench], qtbot: object, expect_log: ExpectLog
) -> None:
    store = MemoryBarStore()
    store.refusal = StoreUnavailable("PostgreSQL에 연결할 수 없습니다.")
    it = bench(store)
    wait(qtbot, lambda: it.panel._library is not None)
    wait(qtbot, lambda: "PostgreSQL" in it.panel.grid._empty_text)
    expect_log("without the store")
    it.panel.form.symbols.setText(SAMSUNG)
    it.panel.form.start.setText("2026-10-01")
    it.panel.form.press()
    wait(qtbot, lambda: "종목 받음" in it.panel.strip_line.text)

    assert any("저장소를 쓸 수 없어" in it.panel.report.row(key).text for key in it.panel.report.keys)


def test_hidden_panel_holds_no_subscription(bench: Callable[..., Bench], qtbot: object) -> None:
    panel = bench().panel
    wait(qtbot, lambda: panel._library is not None and bool(panel._subscriptions))
    library = panel._library
    assert library is not None
    panel.hide()

    assert not panel._subscriptions
    panel.show()
    wait(qtbot, lambda: bool(panel._subscriptions))
