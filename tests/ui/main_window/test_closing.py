"""Closing the window with orders open, and without."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from tests.support.desk import Desk
from tests.support.window import OpenWindow, buy, working

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform


def test_closing_without_orders_says_so_to_whoever_stops_the_services(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)

    with qtbot.waitSignal(window.closing):
        window.close()

    assert not window.isVisible()
    assert desk.feed.wanted == set()


def test_closing_with_orders_names_them_and_going_back_keeps_the_window(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    buy(desk)
    working(desk, qtbot)

    window.close()
    words = window.closing_sheet.text.text()
    qtbot.mouseClick(window.closing_sheet.back_button, Qt.MouseButton.LeftButton)

    assert "삼성전자  매수 5주  83,100  (0000041207)" in words
    assert "증권사에 그대로 남아" in words
    assert window.isVisible()
    assert not window.closing_sheet.isVisible()


def test_leaving_orders_at_the_broker_closes(desk: Desk, open_window: OpenWindow, qtbot: Any) -> None:
    window = open_window(desk)
    buy(desk)
    working(desk, qtbot)
    window.close()

    with qtbot.waitSignal(window.closing):
        qtbot.mouseClick(window.closing_sheet.leave_button, Qt.MouseButton.LeftButton)

    assert len(desk.workspace.orders.open_orders()) == 1


def test_cancelling_first_closes_when_nothing_is_open(
    desk: Desk, open_window: OpenWindow, qtbot: Any
) -> None:
    window = open_window(desk)
    buy(desk)
    working(desk, qtbot)
    window.close()

    with qtbot.waitSignal(window.closing):
        qtbot.mouseClick(window.closing_sheet.cancel_button, Qt.MouseButton.LeftButton)

    assert desk.workspace.orders.open_orders() == ()


def test_closing_twice_is_closing_once(desk: Desk, open_window: OpenWindow) -> None:
    window = open_window(desk)
    closed: list[None] = []
    window.closing.connect(lambda: closed.append(None))

    window.close_now()
    window.close_now()

    assert closed == [None]
