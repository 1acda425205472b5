"""A text that is laid out once looks as it did when it was drawn."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from kis_terminal.ui.grid.columns import Align
from kis_terminal.ui.grid.laid_out_ink import LaidOutInk
from kis_terminal.ui.theme import Theme

TEXTS = ("83,200", "+0.36%", "삼성전자", "87.7", "1,234,567", "-", "▲ 300", "", "아주 긴 이름의 종목 하나")
RIGHT = Qt.AlignmentFlag.AlignRight
PLACES = (*Align, RIGHT | Qt.AlignmentFlag.AlignTop, RIGHT | Qt.AlignmentFlag.AlignBottom)


def drawn(ink: LaidOutInk, place: int, text: str, height: int) -> tuple[bytes, bool]:
    image = QImage(100, 30, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(ink.font)
    is_whole = ink.draw(painter, QRect(3, 2, 90, height), place, text, QColor("white"))
    painter.end()
    return bytes(image.constBits()), is_whole


@pytest.mark.parametrize("place", [int(place) for place in PLACES])
@pytest.mark.parametrize("height", [22, 24, 25])
def test_the_second_drawing_is_the_first(qapp: QApplication, place: int, height: int) -> None:
    theme = Theme()
    for font in (theme.font(), theme.bold(), theme.font(theme.metrics.label)):
        ink = LaidOutInk(font)
        for text in TEXTS:
            first = drawn(ink, place, text, height)
            assert drawn(ink, place, text, height) == first, text


def test_the_memory_of_texts_is_bounded(qapp: QApplication) -> None:
    ink = LaidOutInk(Theme().font())
    for number in range(4_000):
        drawn(ink, int(Align.RIGHT), str(number), 24)

    assert len(ink._laid_out) <= 3_000
