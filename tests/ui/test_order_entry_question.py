"""The question before an order: when it is asked, and which answer is the way back."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

from kis_terminal.domain.environment import Environment
from tests.support.desk import DeskBuilder
from tests.support.entry_form import EntryForm


def test_question_comes_first_when_it_is_switched_on_and_enter_confirms_outside_real(
    desk_of: DeskBuilder, qtbot: Any
) -> None:
    form = EntryForm(desk_of(texts={"order_entry.confirm": "true"}), qtbot)
    form.fill("83700", "50")

    form.enter()
    assert form.desk.broker.placed == []
    text = form.panel.sheet.text
    for word in ("시뮬레이션", "삼성전자", "매수", "50주", "83,700", "4,185,000", "627"):
        assert word in text
    qtbot.keyClick(form.panel.sheet.confirm_button, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: form.result.startswith("접수"))
    form.panel.hide()


def test_escape_leaves_the_question_and_nothing_is_sent(desk_of: DeskBuilder, qtbot: Any) -> None:
    form = EntryForm(desk_of(texts={"order_entry.confirm": "true"}), qtbot)
    form.fill("83700", "50")
    form.enter()

    qtbot.keyClick(form.panel.sheet.confirm_button, Qt.Key.Key_Escape)

    assert not form.panel.sheet.is_open
    assert form.orders == []
    assert form.price.text() == "83,700"
    form.panel.hide()


def test_real_money_is_disarmed_at_first_and_then_asks_with_the_way_back_as_default(
    desk_of: DeskBuilder, qtbot: Any
) -> None:
    form = EntryForm(desk_of(Environment.REAL), qtbot)
    form.fill("83700", "50")
    assert not form.panel.send_button.isEnabled()
    form.enter()
    assert "잠금" in form.result

    form.desk.workspace.risk_gate.arm(is_armed=True)
    qtbot.waitUntil(form.panel.send_button.isEnabled)
    form.enter()

    assert "실전투자 · 5000-01**-01" in form.panel.sheet.text
    assert form.panel.sheet.leave_button.hasFocus()
    qtbot.keyClick(form.panel.sheet.leave_button, Qt.Key.Key_Return)
    assert form.desk.broker.placed == []

    form.enter()
    qtbot.keyClick(form.panel.sheet.leave_button, Qt.Key.Key_Tab)
    qtbot.keyClick(form.panel.sheet.confirm_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(form.desk.broker.placed) == 1)
    form.panel.hide()


def test_order_that_is_disarmed_while_the_question_waits_is_not_sent(
    desk_of: DeskBuilder, qtbot: Any
) -> None:
    form = EntryForm(desk_of(Environment.REAL), qtbot)
    form.desk.workspace.risk_gate.arm(is_armed=True)
    form.fill("83700", "50")
    form.enter()
    form.desk.workspace.risk_gate.arm(is_armed=False)

    qtbot.mouseClick(form.panel.sheet.confirm_button, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: form.result.startswith("거부: 실전투자 주문이 잠겨"))
    assert form.desk.broker.placed == []
    form.panel.hide()
