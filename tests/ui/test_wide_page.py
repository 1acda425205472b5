"""A page that is wider than its panel scrolls."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLabel

from kis_terminal.ui.wide_page import WidePage


def test_a_wide_page_takes_no_room_from_its_neighbours(qtbot: Any) -> None:
    """Cause: the backtest panel behind a tab made the middle of the window 799 pixels wide at the least."""
    page = QLabel("x")
    page.setMinimumSize(799, 40)
    wide = WidePage(page)
    qtbot.addWidget(wide)
    wide.resize(300, 200)
    wide.show()

    assert wide.minimumSizeHint().width() < 120
    assert page.width() >= 799
    assert wide.horizontalScrollBar().maximum() > 0
    wide.resize(1000, 200)
    assert page.width() >= 990


def test_a_low_page_keeps_its_height_and_room_for_the_bar(qtbot: Any) -> None:
    page = QLabel("x")
    page.setMinimumSize(700, 34)
    wide = WidePage(page, is_low=True)
    qtbot.addWidget(wide)
    wide.resize(300, 100)
    wide.show()

    narrow = wide.minimumSizeHint().height()
    wide.resize(900, 100)

    assert narrow > wide.minimumSizeHint().height() >= 34
