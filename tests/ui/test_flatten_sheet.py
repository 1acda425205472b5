"""The sheet that sells what is held: nothing happens without the word, and twice for real money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QMainWindow

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderKind, Side
from kis_terminal.domain.risk import TradingState
from kis_terminal.services.flatten import Flatten
from kis_terminal.ui.dialogs.flatten import FlattenSheet
from tests.support.desk import Desk, DeskBuilder


@pytest.fixture
def window(qtbot: Any) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    return made


def sheet_of(desk: Desk, window: QMainWindow) -> FlattenSheet:
    workspace = desk.workspace
    flatten = Flatten(
        workspace.orders,
        workspace.portfolio,
        workspace.market_data,
        workspace.instruments,
        workspace.risk_gate,
        desk.clock,
        workspace.scope,
        is_panic_running=lambda: workspace.panic.is_running,
    )
    sheet = FlattenSheet(window, replace(workspace, flatten=flatten))
    sheet.open()
    return sheet


def test_nothing_is_sold_without_the_word(desk: Desk, window: QMainWindow) -> None:
    sheet = sheet_of(desk, window)

    assert [sheet.grid.row(key).held for key in sheet.grid.keys] == [400]
    assert "지정가(IOC)" in sheet.message.text()
    assert not sheet.start_button.isEnabled()
    sheet.word_edit.setText("청산해")
    assert not sheet.start_button.isEnabled()
    assert desk.broker.placed == []


def test_the_word_sells_by_a_limit_and_the_sheet_shows_what_became_of_it(
    desk: Desk, window: QMainWindow, qtbot: Any
) -> None:
    sheet = sheet_of(desk, window)
    sheet.word_edit.setText("청산")

    sheet.start_button.click()
    qtbot.waitUntil(lambda: len(desk.broker.rows) == 1)

    (placed,) = desk.broker.placed
    assert (placed.side, placed.kind, placed.quantity) == (Side.SELL, OrderKind.LIMIT_IOC, 400)
    assert desk.workspace.risk_gate.state is TradingState.REDUCING
    assert "팔고 있습니다" in sheet.message.text()
    assert not sheet.word_edit.isEnabled()
    desk.broker.fill(next(iter(desk.broker.rows)), 400)
    qtbot.waitUntil(lambda: "모두 팔았습니다" in sheet.message.text(), timeout=5_000)
    lines = [sheet.grid.row(key) for key in sheet.grid.keys]
    assert [(line.sold, line.left) for line in lines] == [(400, 0)]


def test_real_money_is_asked_for_twice_and_has_to_be_armed(desk_of: DeskBuilder, window: QMainWindow) -> None:
    desk = desk_of(Environment.REAL)
    locked = sheet_of(desk, window)
    assert "잠겨" in locked.message.text()
    assert not locked.word_edit.isEnabled()

    desk.workspace.risk_gate.arm(is_armed=True)
    sheet = sheet_of(desk, window)
    sheet.word_edit.setText("청산")
    sheet.start_button.click()

    assert "한 번 더" in sheet.start_button.text()
    assert desk.workspace.risk_gate.state is TradingState.ACTIVE
    sheet.word_edit.setText("청산 ")
    assert "한 번 더" not in sheet.start_button.text()
    assert desk.broker.placed == []
