"""Backtests in the real window over the real exchange: run twice, stop, and the same from the shell."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, write_entrance
from kis_terminal.domain.environment import Environment
from kis_terminal.services.backtest.report.json_form import to_json
from kis_terminal.settings import HomePaths
from kis_terminal.ui.backtesting.view import BacktestView
from tests.end_to_end.conftest import OpenTerminal, StartProgram
from tests.end_to_end.person import Person

_PATIENCE = 60_000


def panel_of(person: Person) -> BacktestView:
    """Open the backtest panel as a person does and wait for its presets."""
    person.window.show_panel("backtest")
    panel: Any = person.window.docks["backtest"].panel
    person.qtbot.waitUntil(
        lambda: panel.view is not None and len(panel.view.setup.sheets) >= 10, timeout=_PATIENCE
    )
    view: BacktestView = panel.view
    return view


def settled(person: Person, view: BacktestView) -> str:
    """Wait until nothing runs; return what the strip says."""
    person.qtbot.waitUntil(lambda: not view.strip.is_busy, timeout=_PATIENCE)
    return view.strip.progress.text


def test_a_preset_is_run_from_the_window_and_the_shell_gives_the_same(
    open_terminal: OpenTerminal,
    start_program: StartProgram,
    exchange: ExchangeAddress,
    terminal_home: Path,
    tmp_path: Path,
) -> None:
    person = open_terminal()
    view = panel_of(person)
    golden = next(sheet for sheet in view.setup.sheets if sheet.source.name.startswith("golden_cross"))

    view.setup.strategy.setCurrentIndex(view.setup.sheets.index(golden))
    view.setup.strategy.activated.emit(view.setup.sheets.index(golden))
    view.setup.symbols.set_symbols(["005930", "069500"])
    today = person.terminal.research.today()
    # Up to yesterday: today's prices go on while the shell starts.
    view.setup.set_period(today - timedelta(days=500), today - timedelta(days=1))
    person.qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    first = settled(person, view)
    assert view.outcome is not None, first
    shown = view.results.summary.grid.cell_text("total_return", "value")
    person.qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    second = settled(person, view)

    result = view.outcome.result
    assert "조회 0회" not in first
    assert "조회 0회" in second
    assert shown not in ("", "-")
    home = HomePaths.under(terminal_home, Environment.SIM)
    write_entrance(home.data, ExchangeEntrance(exchange.rest, exchange.ws, exchange.pid, exchange.market))
    out = tmp_path / "out.json"
    program = start_program(
        *("backtest", "golden_cross", "--symbols", "005930", "069500", "--benchmark", "0001"),
        *("--from", result.request.start.isoformat(), "--to", result.request.end.isoformat()),
        *("--json", str(out)),
        **dict(os.environ),
    )
    # The window lives on meanwhile: one that stood still would say so.
    person.qtbot.waitUntil(lambda: program.process.poll() is not None, timeout=_PATIENCE)
    ended = program.wait()
    assert ended.code == 0, ended.err
    shell = json.loads(out.read_text(encoding="utf-8"))
    window = to_json(result)
    for part in ("summary", "fills", "trades", "equity", "monthly", "parameters"):
        assert shell[part] == json.loads(json.dumps(window[part])), part


def test_a_run_that_is_stopped_leaves_the_window_as_it_was(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    view = panel_of(person)
    view.setup.symbols.set_symbols([item.symbol for item in person.terminal.instruments.find("0", 30)])
    view.setup.set_years(10)

    person.qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    person.qtbot.waitUntil(lambda: "봉 받는 중" in view.strip.progress.text, timeout=_PATIENCE)
    person.qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)

    assert settled(person, view) == "멈췄습니다."
    view.setup.symbols.set_symbols(["005930"])
    view.setup.set_years(1)
    person.qtbot.mouseClick(view.strip.run_button, Qt.MouseButton.LeftButton)
    settled(person, view)
    assert view.outcome is not None
