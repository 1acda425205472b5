"""The backtest panel over a real worker: run, read, search, compare, stop, export."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStyle, QStyleOptionSlider

from kis_terminal.adapters.strategy_files.python_files import examine
from kis_terminal.adapters.strategy_files.trust import TrustStore
from kis_terminal.cli import backtest_parts
from kis_terminal.cli.strategy import TRUST_FILE
from kis_terminal.domain.backtest_work import BarSet, ReportForm
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.backtest.report.json_form import to_json
from kis_terminal.ui.backtesting.view import BacktestView
from tests.support.backtest_bench import TODAY, Bench, BenchBuilder
from tests.support.ports_in_memory import NAVER, SAMSUNG

_PATIENCE = 40_000


def view_of(bench: Bench) -> BacktestView:
    """Return the panel's inside."""
    view = bench.panel.view
    assert isinstance(view, BacktestView)
    return view


def run(bench: Bench, qtbot: Any) -> BacktestView:
    """Press run and wait for the result."""
    view = view_of(bench)
    qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.strip.is_busy, timeout=_PATIENCE)
    return view


def test_a_run_shows_its_figures_as_tabs_and_a_second_one_makes_no_call(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG, NAVER)

    view = run(bench, qtbot)

    calls = bench.loader.calls
    assert view.outcome is not None
    result = view.outcome.result
    assert "조회 39회" in view.strip.progress.text
    assert view.results.summary.grid.cell_text("trades", "value") == str(result.summary["trades"])
    view.results.show_tab("trades")
    assert len(view.results.trades.grid.keys) == len(result.trades) > 3
    view.results.show_tab("curves")
    assert [curve.label for curve in view.results.curves.curves] == ["전략", "벤치마크"]
    view.results.show_tab("monthly")
    months = [rate for month, rate in result.monthly.items() if month.startswith("2022")]
    assert view.results.monthly.table.year_return("2022") == np.prod([1 + rate for rate in months]) - 1
    run(bench, qtbot)
    assert bench.loader.calls == calls
    assert "조회 0회" in view.strip.progress.text


def test_the_panel_gives_the_numbers_that_the_command_gives(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)
    assert view.outcome is not None
    result = view.outcome.result

    same = backtest_parts.run(
        result.request,
        BarSet("here", view.outcome.bars, result.data, {SAMSUNG: _instrument(bench)}),
        lambda _: None,
    )

    assert to_json(same) == to_json(result)


def _instrument(bench: Bench) -> Any:
    return bench.desk.workspace.instruments.require(SAMSUNG)


def test_problems_of_a_file_are_listed_and_what_is_wrong_in_the_form_is_said(
    bench_of: BenchBuilder, qtbot: Any, tmp_path: Path
) -> None:
    bench = bench_of(SAMSUNG)
    view = view_of(bench)
    broken = tmp_path / "broken.kis.yaml"
    broken.write_text("version: '1.0'\nstrategy:\n  id: x\n  indicators: [{id: nothing}]\n", encoding="utf-8")
    sheet = view.setup.sheet

    view.setup.sheet_wanted.emit(str(broken))
    qtbot.waitUntil(lambda: view.setup.sheet is not sheet, timeout=_PATIENCE)
    grid = view.setup.problems
    said = {(grid.cell_text(key, "kind"), grid.cell_text(key, "line")) for key in grid.keys}
    run(bench, qtbot)

    assert ("오류", "4") in said
    assert "오류가 있어" in view.strip.progress.text
    assert sheet is not None
    view.setup.show_sheet(sheet)
    view.setup.start.setText("2024-13-01")
    run(bench, qtbot)
    assert "2024-13-01" in view.strip.progress.text
    view.setup.set_years(3)
    view.setup.symbols.set_symbols([])
    run(bench, qtbot)
    assert "종목" in view.strip.progress.text
    assert view.outcome is None


def test_stopping_while_bars_come_gives_the_button_back(
    bench_of: BenchBuilder, qtbot: Any, qt_loop: Any
) -> None:
    bench = bench_of(SAMSUNG)
    bench.loader.gate = asyncio.Event()
    view = view_of(bench)

    view.run()
    qtbot.waitUntil(lambda: "봉 받는 중 0/2" in view.strip.progress.text)
    busy_word = view.strip.run_button.text()
    qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.strip.is_busy)

    assert (busy_word, view.strip.run_button.text()) == ("멈춤", "실행")
    assert view.strip.progress.text == "멈췄습니다."
    bench.loader.gate = None
    assert run(bench, qtbot).outcome is not None


def test_stopping_a_search_kills_the_worker_and_the_next_run_has_its_bars(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG, NAVER)
    view = run(bench, qtbot)
    pid = bench.worker.pid
    view.results.show_tab("sweep")
    for row, span in zip(view.results.sweep.ranges.rows, (("2", "60", "1"), ("5", "240", "1")), strict=True):
        for field, text in zip((row.first, row.last, row.step), span, strict=True):
            field.setText(text)

    view.results.sweep.start.click()
    qtbot.waitUntil(lambda: "탐색 중" in view.strip.progress.text, timeout=_PATIENCE)
    view.stop()
    qtbot.waitUntil(lambda: not view.strip.is_busy)

    assert bench.worker.pid not in (None, pid)
    assert run(bench, qtbot).outcome is not None


def test_a_sweep_is_shown_as_a_map_and_its_cells_run(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)
    view.results.show_tab("sweep")
    for row, span in zip(view.results.sweep.ranges.rows, (("3", "6", "1"), ("10", "30", "10")), strict=True):
        for field, text in zip((row.first, row.last, row.step), span, strict=True):
            field.setText(text)

    view.results.sweep.start.click()
    qtbot.waitUntil(lambda: not view.strip.is_busy, timeout=_PATIENCE)

    heat = view.results.sweep.map
    assert len(view.results.sweep.table.keys) == 12
    assert heat.best is not None
    best = view.results.sweep.table.row(view.results.sweep.table.keys[0])
    fast, slow = heat.best[1] + 3, heat.best[0] * 10 + 10
    assert best.parameters == {"fast": fast, "slow": slow}
    row, column = heat.best
    heat.chosen.emit(row, column)
    assert view.setup.parameters.values() == {"fast": fast, "slow": slow}


def test_dragging_a_slider_redraws_the_result_with_the_newest_values(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)
    assert view.outcome is not None
    assert view.is_fast  # the desk's clock stands still
    loads = bench.loader.calls
    before = view.results.summary.grid.cell_text("total_return", "value")
    row = view.setup.parameters.rows["slow"]
    option = QStyleOptionSlider()
    row.slider.initStyleOption(option)
    handle = row.slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, row.slider
    )

    qtbot.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=handle.center())
    for step in range(1, 40):
        qtbot.mouseMove(row.slider, handle.center() + QPoint(step, 0))
    qtbot.waitUntil(lambda: view.live_runs >= 1, timeout=_PATIENCE)  # while the button is held
    qtbot.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=handle.center() + QPoint(39, 0))
    chosen = row.value()
    qtbot.waitUntil(
        lambda: view.outcome is not None and view.outcome.result.request.parameters["slow"] == chosen,
        timeout=_PATIENCE,
    )

    assert chosen > 60
    assert 1 <= view.live_runs < 40
    shown = view.results.summary.grid.cell_text("total_return", "value")
    assert view.outcome is not None
    assert shown == view.results.words.text("total_return", view.outcome.result.summary["total_return"])
    assert shown != before
    assert bench.loader.calls == loads
    qtbot.waitUntil(lambda: len(view.results.history.grid.keys) == 1)  # a drag leaves no record


def test_values_that_can_never_trade_are_told_before_and_after_a_run(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG)
    view = view_of(bench)
    field = view.setup.parameters.rows["fast"].field

    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "20")
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: "진입 조건 1" in view.setup.value_note.text(), timeout=_PATIENCE)
    run(bench, qtbot)

    warnings = view.results.summary.warnings
    assert any("진입 조건 1" in warnings.cell_text(key, "sentence") for key in warnings.keys)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "5")
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: not view.setup.value_note.text(), timeout=_PATIENCE)


def test_runs_are_kept_and_stand_side_by_side(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)
    view.setup.parameters.rows["slow"].show(40)
    run(bench, qtbot)
    history = view.results.history
    qtbot.waitUntil(lambda: len(history.grid.keys) == 2)
    view.results.show_tab("history")

    history.grid.setFocus()
    first, second = (history.grid.row_rect(key).center() for key in history.grid.keys)
    qtbot.mouseClick(history.grid.viewport(), Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseClick(
        history.grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, pos=second
    )

    assert len(history.chart.curves) == 2
    figures = [history.table.cell_text("total_return", key) for key in history.grid.keys]
    assert len(set(figures)) == 2
    settings = [key for key in history.table.keys if key.startswith("setting.")]
    assert [history.table.cell_text(key, "figure") for key in settings] == ["slow"]  # what differs
    history.forget_wanted.emit(history.grid.keys[:1])
    qtbot.waitUntil(lambda: len(history.grid.keys) == 1)


def test_a_trade_jumps_the_charts_to_its_bar(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    moments: list[tuple[str, int]] = []
    bench.desk.workspace.link.moment_wanted.connect(lambda symbol, moment: moments.append((symbol, moment)))
    view = run(bench, qtbot)
    view.results.show_tab("trades")
    grid = view.results.trades.grid

    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.row_rect("2").center())
    qtbot.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.row_rect("2").center())
    assert view.results.current == "bars"
    qtbot.waitUntil(lambda: view.results.bars.plot is not None, timeout=_PATIENCE)

    assert view.outcome is not None
    trade = view.outcome.result.trades[2]
    assert set(moments) == {(SAMSUNG, trade.entry_time)}
    plot = view.results.bars.plot
    assert plot is not None
    series = plot.shown.series
    assert series is not None
    bar = int(np.searchsorted(series.times, trade.entry_time))
    window = plot.window_of_time
    qtbot.waitUntil(lambda: abs(window.first + window.span / 2 - bar) <= 1)
    panes = {values.study.title: values.study.has_pane for values in plot.studies}
    assert panes == {"fast": False, "slow": False, "rsi": True}


def test_a_chart_bar_sets_up_a_run_from_its_day(bench_of: BenchBuilder) -> None:
    bench = bench_of(NAVER)
    view = view_of(bench)

    bench.desk.workspace.link.backtest_wanted.emit(SAMSUNG, day_seconds(date(2022, 3, 2)) + 34_200)

    assert view.setup.symbols.symbols == [SAMSUNG]
    assert (view.setup.start.text(), view.setup.end.text()) == ("2022-03-02", TODAY.isoformat())
    assert not view.strip.is_busy


def test_a_result_is_written_by_the_worker(bench_of: BenchBuilder, qtbot: Any, tmp_path: Path) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)

    for form, name in ((ReportForm.JSON, "a.json"), (ReportForm.HTML, "a.html"), (ReportForm.XLSX, "a.xlsx")):
        view.strip.export_wanted.emit(form, str(tmp_path / name))
        count = len(bench.desk.messages)
        qtbot.waitUntil(lambda count=count: len(bench.desk.messages) > count, timeout=_PATIENCE)
        assert bench.desk.messages[-1] == ("info", f"{tmp_path / name} 파일에 저장했습니다.")

    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert view.outcome is not None
    assert told["summary"]["final_equity"] == view.outcome.result.summary["final_equity"]
    view.strip.export_wanted.emit(ReportForm.HTML, str(tmp_path / "a.json" / "a.html"))
    qtbot.waitUntil(lambda: bench.desk.messages[-1][0] == "danger", timeout=_PATIENCE)


def test_walk_forward_strings_its_test_windows(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    view = run(bench, qtbot)
    for row, span in zip(view.results.sweep.ranges.rows, (("4", "5", "1"), ("20", "30", "10")), strict=True):
        for field, text in zip((row.first, row.last, row.step), span, strict=True):
            field.setText(text)
    view.results.show_tab("walk")
    view.results.walk.test.setText("250")

    view.results.walk.start.click()
    qtbot.waitUntil(lambda: not view.strip.is_busy, timeout=_PATIENCE)

    assert view.strip.progress.text == "전진분석을 마쳤습니다."
    assert len(view.results.walk.grid.keys) >= 2
    assert len(view.results.walk.chart.curves) == 1


def test_each_symbol_alone_is_a_range_and_its_cell_chooses_the_symbol(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG, NAVER)
    view = run(bench, qtbot)
    view.results.show_tab("sweep")
    view.results.sweep.by_symbol.setChecked(True)
    fast, slow = view.results.sweep.ranges.rows
    slow.box.setChecked(False)
    for field, text in zip((fast.first, fast.last, fast.step), ("3", "5", "1"), strict=True):
        field.setText(text)

    view.results.sweep.start.click()
    qtbot.waitUntil(lambda: not view.strip.is_busy, timeout=_PATIENCE)
    view.results.sweep.map.chosen.emit(0, 1)

    assert len(view.results.sweep.table.keys) == 6
    assert view.setup.symbols.symbols == [sorted((SAMSUNG, NAVER))[1]]
    assert view.setup.parameters.values()["fast"] == 3


def test_python_runs_in_the_panel_once_its_content_is_trusted(
    bench_of: BenchBuilder, qtbot: Any, tmp_path: Path
) -> None:
    bench = bench_of(SAMSUNG)
    view = view_of(bench)
    code = tmp_path / "mine.py"
    code.write_text(
        "from kis_terminal.domain.strategy.contract import Strategy\n"
        "class Mine(Strategy):\n"
        "    def on_bar(self, context, symbol):\n"
        "        print('a strategy that talks')\n"
        "        if not context.holding(symbol).quantity:\n"
        "            context.buy(symbol, quantity=2, reason='because')\n",
        encoding="utf-8",
    )
    crossing = view.setup.sheet

    view.setup.sheet_wanted.emit(str(code))
    qtbot.waitUntil(lambda: view.setup.sheet is not crossing, timeout=_PATIENCE)
    untrusted = view.setup.sheet
    TrustStore(tmp_path / TRUST_FILE).trust(examine(code).digest, code.name, datetime.now(UTC))
    view.setup.sheet_wanted.emit(str(code))
    qtbot.waitUntil(lambda: view.setup.sheet is not untrusted, timeout=_PATIENCE)
    run(bench, qtbot)

    assert untrusted is not None
    assert not untrusted.is_runnable
    assert view.outcome is not None
    assert [fill.quantity for fill in view.outcome.result.fills] == [2]
