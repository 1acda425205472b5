"""The page of limits: every limit, strict reading, disk, real money, and at once in force."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.services.risk_settings import RiskSettings
from kis_terminal.ui.dialogs.risk_limits import RiskLimitsSheet
from kis_terminal.ui.risk_words import LIMITS
from kis_terminal.ui.translation import set_language
from tests.support.desk import Desk, DeskBuilder
from tests.support.korean import is_korean


@pytest.fixture
def window(qtbot: Any) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    qtbot.waitExposed(window)
    return window


def opened(desk: Desk, window: QMainWindow) -> RiskLimitsSheet:
    sheet = RiskLimitsSheet(window, desk.workspace)
    sheet.open()
    return sheet


def type_into(sheet: RiskLimitsSheet, name: str, text: str, qtbot: Any) -> None:
    edit = sheet.rows[name].edit
    edit.setFocus()
    edit.selectAll()
    if text.isascii() and text:
        qtbot.keyClicks(edit, text)
        return
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    QApplication.clipboard().setText(text)  # there is no key for what other scripts write
    edit.paste()


def press(sheet: RiskLimitsSheet, key: Qt.Key, qtbot: Any) -> None:
    qtbot.keyClick(QApplication.focusWidget() or sheet, key)


def test_every_limit_has_a_name_a_unit_a_sense_its_value_and_its_default(
    desk: Desk, window: QMainWindow
) -> None:
    sheet = opened(desk, window)

    assert list(sheet.rows) == [field.name for field in fields(RiskLimits)] == list(LIMITS)
    assert sheet.rows["max_order_value"].edit.text() == "100,000,000"
    assert sheet.rows["duplicate_seconds"].edit.text() == "0.5"
    assert sheet.rows["soft_order_value"].note.text() == "이 금액을 넘는 주문은 보내기 전에 묻습니다."


def test_enter_saves_on_disk_and_the_gate_takes_it_at_once(
    desk: Desk, window: QMainWindow, qtbot: Any
) -> None:
    sheet = opened(desk, window)

    type_into(sheet, "max_quantity", "1,234", qtbot)
    type_into(sheet, "denied_symbols", "035420 0126z0", qtbot)
    press(sheet, Qt.Key.Key_Return, qtbot)

    assert desk.workspace.risk_gate.limits.max_quantity == 1234
    assert desk.workspace.risk_gate.limits.denied_symbols == {"035420", "0126Z0"}
    assert RiskSettings(desk.store).load() == desk.workspace.risk_gate.limits
    assert sheet.isHidden()
    assert desk.messages[-1][0] == "info"


@pytest.mark.parametrize("text", ["-3", "0", "NaN", "７０", "1e3x", "", "1.5"])
def test_a_text_that_is_no_limit_is_said_at_its_field_and_nothing_is_saved(
    desk: Desk, window: QMainWindow, qtbot: Any, text: str
) -> None:
    sheet = opened(desk, window)
    before = dict(desk.store.texts)

    type_into(sheet, "max_positions", "7", qtbot)
    type_into(sheet, "max_quantity", text, qtbot)
    press(sheet, Qt.Key.Key_Return, qtbot)

    row = sheet.rows["max_quantity"]
    assert "위험 한도" in row.note.text()
    assert "border" in row.edit.styleSheet()
    assert sheet.rows["max_positions"].note.text().startswith("지금 50종목")
    assert sheet.note.text() == "고칠 한도가 1개 있습니다. 저장하지 않았습니다."
    assert (sheet.isVisible(), row.edit.hasFocus()) == (True, True)
    assert desk.workspace.risk_gate.limits == RiskLimits()
    assert desk.store.texts == before


def test_a_disk_that_refuses_is_said_and_the_old_limits_hold(
    desk: Desk, window: QMainWindow, qtbot: Any
) -> None:
    sheet = opened(desk, window)
    desk.store.refusal = CorrectionNeeded("disk full")

    type_into(sheet, "max_quantity", "5", qtbot)
    press(sheet, Qt.Key.Key_Return, qtbot)

    assert "disk full" in sheet.note.text()
    assert sheet.isVisible()
    assert desk.workspace.risk_gate.limits == RiskLimits()


def test_defaults_are_filled_in_and_count_once_saved(desk: Desk, window: QMainWindow, qtbot: Any) -> None:
    desk.workspace.risk_gate.take_limits(RiskLimits(max_quantity=3))
    sheet = opened(desk, window)

    qtbot.mouseClick(sheet.default_button, Qt.MouseButton.LeftButton)
    held = desk.workspace.risk_gate.limits.max_quantity
    qtbot.mouseClick(sheet.save_button, Qt.MouseButton.LeftButton)

    assert held == 3
    assert desk.workspace.risk_gate.limits == RiskLimits()


def test_escape_leaves_the_limits_as_they_are(desk: Desk, window: QMainWindow, qtbot: Any) -> None:
    sheet = opened(desk, window)

    type_into(sheet, "max_quantity", "5", qtbot)
    press(sheet, Qt.Key.Key_Escape, qtbot)

    assert sheet.isHidden()
    assert desk.workspace.risk_gate.limits == RiskLimits()
    sheet.open()
    assert sheet.rows["max_quantity"].edit.text() == "100,000"


def test_with_real_money_a_looser_hard_limit_is_asked_about_once_more(
    desk_of: DeskBuilder, window: QMainWindow, qtbot: Any
) -> None:
    desk = desk_of(Environment.REAL)
    sheet = opened(desk, window)

    type_into(sheet, "max_daily_loss", "6000000", qtbot)
    press(sheet, Qt.Key.Key_Return, qtbot)
    asked, held = sheet.confirm.question.text(), desk.workspace.risk_gate.limits.max_daily_loss
    press(sheet, Qt.Key.Key_Return, qtbot)  # the cursor stands on the way back
    after_back = (sheet.confirm.isVisible(), desk.workspace.risk_gate.limits.max_daily_loss)
    sheet.save()
    qtbot.mouseClick(sheet.confirm.yes, Qt.MouseButton.LeftButton)

    assert asked == "실전투자에서 넘을 수 없는 한도를 풉니다: 하루 손실"
    assert (held, after_back) == (Decimal(5_000_000), (False, Decimal(5_000_000)))
    assert desk.workspace.risk_gate.limits.max_daily_loss == 6_000_000


def test_with_real_money_tighter_and_soft_limits_are_saved_at_once(
    desk_of: DeskBuilder, window: QMainWindow, qtbot: Any
) -> None:
    desk = desk_of(Environment.REAL)
    sheet = opened(desk, window)

    type_into(sheet, "max_daily_loss", "4000000", qtbot)
    type_into(sheet, "soft_order_value", "90000000", qtbot)
    press(sheet, Qt.Key.Key_Return, qtbot)

    assert sheet.isHidden()
    assert desk.workspace.risk_gate.limits.max_daily_loss == 4_000_000


def test_the_keyboard_reaches_every_field(desk: Desk, window: QMainWindow, qtbot: Any) -> None:
    sheet = opened(desk, window)
    reached = []

    for _ in sheet.rows:
        reached.append(QApplication.focusWidget())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)

    assert reached == [row.edit for row in sheet.rows.values()]


def test_the_page_is_english_where_the_window_is(desk: Desk, window: QMainWindow) -> None:
    set_language("en")
    try:
        sheet = opened(desk, window)
        texts = [row.title.text() + row.note.text() for row in sheet.rows.values()]
    finally:
        set_language("ko")

    assert [text for text in texts if is_korean(text)] == []
