"""The sheet of a rehearsed panic: it follows the run, shows its figures, and never touches the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit, QMainWindow, QPushButton

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.risk import TradingState
from kis_terminal.services.panic_rehearsal import PanicRehearsal
from kis_terminal.ui.dialogs.panic_rehearsal import PanicRehearsalSheet
from kis_terminal.ui.grid.filter_line import FilterLine
from kis_terminal.ui.panic_report import PanicSheet
from kis_terminal.ui.risk_entry import RiskEntry
from tests.services.test_panic_rehearsal import told
from tests.support.desk import Desk


@dataclass
class Runner:
    """A rehearsal whose answer the test gives."""

    answer: asyncio.Future[str]
    languages: list[str] = field(default_factory=list)
    say: Callable[[str], None] | None = None

    async def run(self, language: str, on_line: Callable[[str], None]) -> str:
        self.languages.append(language)
        self.say = on_line
        return await self.answer


@pytest.fixture
def window(qtbot: Any) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    return made


@pytest.fixture
def runner(qt_loop: asyncio.AbstractEventLoop) -> Runner:
    return Runner(qt_loop.create_future())


@pytest.fixture
def sheet(desk: Desk, window: QMainWindow, runner: Runner) -> PanicRehearsalSheet:
    rehearsal = PanicRehearsal(runner, desk.workspace.scope)
    entry = RiskEntry(window, replace(desk.workspace, rehearsal=rehearsal))
    (command,) = [command for command in entry.commands() if command.id == "panic.rehearse"]
    command.run()
    assert entry.rehearsal is not None
    return entry.rehearsal


def test_a_rehearsal_is_followed_and_shown_and_the_real_panic_knows_nothing(
    sheet: PanicRehearsalSheet, desk: Desk, runner: Runner, qtbot: Any
) -> None:
    assert sheet.isVisible()
    assert not sheet.save_button.isEnabled()

    sheet.start_button.click()
    qtbot.waitUntil(lambda: runner.say is not None)
    assert not sheet.start_button.isEnabled()
    assert runner.say is not None
    runner.say("[연습] 연습 주문 0000040001")
    assert sheet.message.text() == "[연습] 연습 주문 0000040001"
    runner.answer.set_result(told())
    qtbot.waitUntil(lambda: sheet.start_button.isEnabled())

    assert runner.languages == ["ko"]
    assert "연습 통과" in sheet.title_label.text()
    assert "1.5 ms" in sheet.figures.text()
    assert [sheet.grid.cell_text(key, "outcome") for key in sheet.grid.keys] == ["취소", "체결"]
    table = sheet.table()
    assert "실제 계좌 아님" in table[0][0]
    assert all(row[0] == "연습" for row in table[-2:])
    assert not any(desk.workspace.account_label in cell for row in table for cell in row)
    assert desk.workspace.panic.report is None
    assert desk.workspace.risk_gate.state is TradingState.ACTIVE


def test_a_rehearsal_without_a_result_is_said(sheet: PanicRehearsalSheet, runner: Runner, qtbot: Any) -> None:
    sheet.start_button.click()
    qtbot.waitUntil(lambda: runner.say is not None)
    runner.answer.set_exception(TerminalError("no exchange"))
    qtbot.waitUntil(lambda: sheet.start_button.isEnabled())

    assert "연습 실패" in sheet.title_label.text()
    assert sheet.message.text() == "no exchange"
    assert list(sheet.grid.keys) == []
    assert not sheet.save_button.isEnabled()
    assert sheet.table() == []


def test_no_button_of_it_presses_or_unlocks_anything_real(sheet: PanicRehearsalSheet) -> None:
    words = {button.text() for button in sheet.findChildren(QPushButton)}

    assert words == {"연습 시작", "CSV로 저장", "닫기 (Esc)"}
    assert {type(edit) for edit in sheet.findChildren(QLineEdit)} == {FilterLine}, "no word is asked for"


def test_a_failed_one_is_called_so(sheet: PanicRehearsalSheet, runner: Runner, qtbot: Any) -> None:
    sheet.start_button.click()
    qtbot.waitUntil(lambda: runner.say is not None)
    runner.answer.set_result(json.dumps({**json.loads(told()), "has_passed": False}))
    qtbot.waitUntil(lambda: sheet.start_button.isEnabled())

    assert "연습 실패" in sheet.title_label.text()


def test_a_real_panic_is_not_covered_by_its_rehearsal(
    sheet: PanicRehearsalSheet, desk: Desk, window: QMainWindow, qtbot: Any
) -> None:
    report = PanicSheet(window, desk.workspace)
    desk.workspace.panic.changed.subscribe(report.show_report)
    assert sheet.isVisible()

    desk.workspace.panic.press()

    qtbot.waitUntil(report.isVisible)
    assert not sheet.isVisible()
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)
    assert not sheet.isVisible()
