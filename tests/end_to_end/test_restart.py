"""What a person arranged is there again at the next start."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu

from kis_terminal.domain.market import Interval
from tests.end_to_end.conftest import OpenTerminal
from tests.end_to_end.person import CTRL, SHIFT, Person

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def pick(person: Person, beginning: str) -> None:
    """Choose from the menu that is open."""
    menu: Any = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(action for action in menu.actions() if action.text().startswith(beginning))
    person.click(menu, menu.actionGeometry(action).center())


def docks(person: Person) -> dict[str, tuple[int, int]]:
    """Return about how large each panel is that stands in front."""
    return {
        name: (dock.width() // 20, dock.height() // 20)
        for name, dock in person.window.docks.items()
        if dock.panel.is_active
    }


def about_equal(now: dict[str, tuple[int, int]], kept: dict[str, tuple[int, int]]) -> bool:
    """Tell whether the same panels stand there, each as large as before but for a few pixels."""
    return now.keys() == kept.keys() and all(
        abs(a - b) <= 1 for name in kept for a, b in zip(now[name], kept[name], strict=True)
    )


def test_layout_and_watchlist_groups_are_kept(open_terminal: OpenTerminal) -> None:
    first = open_terminal()
    first.key(Qt.Key.Key_2, CTRL, on=first.window)
    first.until(lambda: first.window.layouts.current == "차트")
    first.click(first.chart.controls.interval_buttons[Interval.DAY])
    first.click(first.watchlist.group_button)
    pick(first, "새 그룹")
    first.type("반도체")
    first.key(Qt.Key.Key_Return)
    assert first.watchlist.grid.keys == []
    for name in ("ㅅㅅㅈㅈ", "ㅇㅅㅅㅇㅎㅇㄴㅅ", "000660"):
        first.watchlist.start_adding()
        first.type(name)
        first.key(Qt.Key.Key_Return)
    kept_symbols, kept_docks = first.watchlist.grid.keys, docks(first)
    assert kept_symbols[0] == "005930"
    assert set(kept_docks) == {"watchlist", "chart", "orders", "order_entry", "positions"}
    first.leave()

    second = open_terminal()

    assert second.window.layouts.current == "차트"
    second.until(lambda: about_equal(docks(second), kept_docks))
    assert second.watchlist.group_button.text() == "반도체 ▾"
    assert second.watchlist.grid.keys == kept_symbols
    second.until(lambda: "일봉" in second.chart.title_label.text())
    second.click(second.watchlist.group_button)
    pick(second, "단타")
    second.until(lambda: len(second.watchlist.grid.keys) > 10)


def test_the_lock_of_a_panic_holds_over_a_restart(open_terminal: OpenTerminal) -> None:
    first = open_terminal()
    first.key(Qt.Key.Key_X, CTRL | SHIFT, on=first.window)
    first.until(lambda: first.terminal.panic.report is not None and first.terminal.panic.report.is_proven)
    first.leave()

    second = open_terminal()

    assert second.terminal.risk_gate.is_halted
    assert second.window.panic_sheet.isVisible()
    assert "주문 잠김" in second.window.band.label.text()
