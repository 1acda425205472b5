from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from kis_terminal.ui.ladder.button_row import ButtonRow
from tests.support.desk import DeskBuilder, desk_of  # noqa: F401 - fixture


def test_buttons_stand_in_two_rows_where_their_words_do_not_fit_in_one(
    desk_of: DeskBuilder,  # noqa: F811 - fixture
    qtbot: Any,
) -> None:
    buttons = [QPushButton(word) for word in ("Cancel sells", "Cancel all", "Liquidate", "Cancel buys")]
    panel = QWidget()
    QVBoxLayout(panel).addWidget(ButtonRow(desk_of().workspace.theme, buttons))
    qtbot.addWidget(panel)

    panel.resize(500, 80)
    panel.show()
    qtbot.waitExposed(panel)
    assert len({button.y() for button in buttons}) == 1
    panel.resize(240, 120)
    qtbot.waitUntil(lambda: len({button.y() for button in buttons}) == 2)

    for button in buttons:
        assert button.fontMetrics().horizontalAdvance(button.text()) < button.width()
