"""Panic by key and button: the sheet, its report, the way back."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from kis_terminal.domain.errors import BrokerUnreachable, OrderRefused
from tests.support.desk import Desk, DeskBuilder
from tests.support.ports_in_memory import NAVER, SAMSUNG
from tests.support.window import CTRL, SHIFT, WATCHED, OpenWindow, buy, working

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform


def test_panic_key_cancels_everything_and_shows_a_line_for_each(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    keys = [buy(desk), buy(desk, NAVER, 213_000)]
    working(desk, qtbot, 2)

    qtbot.keyClick(window, Qt.Key.Key_X, CTRL | SHIFT)

    assert desk.workspace.risk_gate.is_halted
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)
    sheet = window.panic_sheet
    assert sheet.isVisible()
    assert {sheet.grid.cell_text(key, "outcome") for key in keys} == {"취소"}
    assert {sheet.grid.cell_text(key, "number") for key in keys} == {"0000041207", "0000041208"}
    assert "열린 주문이 없음을 두 번 확인" in sheet.message.text()
    assert "주문 잠김" in window.band.label.text()


def test_panic_report_is_saved_with_number_time_outcome_and_desk(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    buy(desk)
    working(desk, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_X, CTRL | SHIFT)
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)

    table = window.panic_sheet.table()
    titles = next(line for line in table if line[0] == "주문번호")
    row = dict(zip(titles, table[-1], strict=True))

    assert (row["주문번호"], row["결과"]) == ("0000041207", "취소")
    assert row["시각"].count(":") == 2
    assert any("1544-5000" in cell for line in table for cell in line)


def test_panic_sheet_says_why_an_order_could_not_be_cancelled(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    key = buy(desk)
    working(desk, qtbot)
    cancel = desk.broker.cancel

    async def refuse(order: Any) -> Any:
        raise OrderRefused("장종료로 취소할 수 없습니다", code="40330000")

    desk.broker.cancel = refuse  # type: ignore[method-assign]
    qtbot.mouseClick(window.toolbar.panic_button, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: window.panic_sheet.grid.cell_text(key, "reason") == "장종료로 취소할 수 없습니다")
    assert window.panic_sheet.grid.cell_text(key, "outcome") == "미확인"
    desk.broker.cancel = cancel  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)


def test_panic_without_connection_says_what_may_be_left(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    listing = desk.broker.orders

    async def unreachable(day: Any) -> Any:
        raise BrokerUnreachable("응답이 없습니다")

    desk.broker.orders = unreachable  # type: ignore[method-assign]
    qtbot.keyClick(window, Qt.Key.Key_X, CTRL | SHIFT)

    qtbot.waitUntil(lambda: "연결할 수 없습니다" in window.panic_sheet.message.text())
    desk.broker.orders = listing  # type: ignore[method-assign]
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)


def test_release_needs_the_word(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    qtbot.keyClick(window, Qt.Key.Key_X, CTRL | SHIFT)
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)
    sheet = window.panic_sheet

    qtbot.keyClick(sheet.word_edit, Qt.Key.Key_Return)
    still_halted = desk.workspace.risk_gate.is_halted
    assert not sheet.release_button.isEnabled()
    sheet.word_edit.setText("해제")
    qtbot.mouseClick(sheet.release_button, Qt.MouseButton.LeftButton)

    assert still_halted
    assert not desk.workspace.risk_gate.is_halted
    assert not sheet.isVisible()


def test_a_latch_from_the_last_run_comes_up_at_once(desk_of: DeskBuilder, open_window: OpenWindow) -> None:
    desk = desk_of(texts={**WATCHED, "trading-state": "halted"})

    window = open_window(desk)

    assert window.panic_sheet.isVisible()
    assert "잠겨 있습니다" in window.panic_sheet.message.text()


def test_panic_sheet_stands_over_floating_panels(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    window.docks["positions"].setFloating(True)

    qtbot.keyClick(window, Qt.Key.Key_X, CTRL | SHIFT)

    assert window.panic_sheet.isVisible()
    assert window.panic_sheet.isWindow()
    qtbot.waitUntil(lambda: not desk.workspace.panic.is_running)


def test_key_cancels_orders_of_the_linked_symbol_only(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    mine, other = buy(desk), buy(desk, NAVER, 213_000)
    working(desk, qtbot, 2)
    desk.workspace.link.choose(SAMSUNG)

    qtbot.keyClick(window, Qt.Key.Key_C, CTRL | SHIFT)

    qtbot.waitUntil(lambda: [o.key for o in desk.workspace.orders.open_orders()] == [other])
    assert mine != other
    assert window.messages.shown == ["삼성전자: 주문 1건을 취소합니다."]
