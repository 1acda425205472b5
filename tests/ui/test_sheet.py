"""Sheets over the window: which of several lies in front."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.theme import Theme


def _front(window: QMainWindow) -> Any:
    """Return the sheet in front: Qt keeps the children of a widget in the order in which they are painted."""
    return [child for child in window.children() if isinstance(child, Sheet) and child.isVisible()][-1]


def test_what_came_up_last_stays_in_front_whichever_was_made_first(qtbot: Any) -> None:
    window, theme = QMainWindow(), Theme()
    qtbot.addWidget(window)
    window.show()
    first, second = (Sheet(window, theme, name, width=300, border="#888888") for name in ("one", "two"))

    for under, over in ((first, second), (second, first)):
        under.present()
        over.present()
        QApplication.sendEvent(window, QEvent(QEvent.Type.LayoutRequest))
        assert _front(window) is over
        window.resize(window.width() + 10, window.height())
        assert _front(window) is over
        over.hide()
        QApplication.sendEvent(window, QEvent(QEvent.Type.LayoutRequest))
        assert _front(window) is under
        under.hide()
