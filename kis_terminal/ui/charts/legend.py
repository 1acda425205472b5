"""The line over the chart: prices of the bar under the pointer, else of the last one, and the indicators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from kis_terminal.domain.bars import CLOSE, HIGH, LOW, OPEN, VOLUME
from kis_terminal.ui import formatting
from kis_terminal.ui.charts.study_list import Study
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

Piece = tuple[str, QColor]
_WHOLE_FROM = 1_000.0
"""Values from which decimals say nothing."""


def price_text(value: float) -> str:
    """Return a price with decimals only where it has some."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _study_text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:,.2f}"


class Legend:
    """Put together and draw pieces of text in colours, cut at the right edge of their room."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.font = theme.medium(theme.metrics.label)
        self._metrics = QFontMetricsF(self.font)
        self._gap = theme.metrics.inset - 2

    def bar_pieces(self, values: NDArray[np.float64], bar: int) -> list[Piece]:
        """Return the prices of a bar, its change from the bar before, and its volume."""
        colours = self._theme.colours
        row = values[bar]
        before = float(values[bar - 1, CLOSE]) if bar else float(row[OPEN])
        change = float(row[CLOSE]) - before
        pieces: list[Piece] = []
        for name, column in ((tr("시"), OPEN), (tr("고"), HIGH), (tr("저"), LOW), (tr("종"), CLOSE)):
            value = float(row[column])
            ink = self._theme.direction(value - before)
            pieces += [(name, colours.muted), (price_text(value), ink)]
        if before:
            ink = self._theme.direction(change)
            pieces.append((f"{formatting.percent(change / before * 100)}", ink))
        pieces += [(tr("거래량"), colours.muted), (formatting.number(float(row[VOLUME])), colours.text)]
        return pieces

    def study_pieces(self, study: Study, row: Sequence[float], *, has_values: bool) -> list[Piece]:
        """Return the name of a study and its lines in their colours, with values or with their periods."""
        pieces: list[Piece] = [(study.legend, self._theme.colours.muted)]
        for label, place, value in zip(study.labels, study.colours, row, strict=True):
            known = "-" if np.isnan(value) else _study_text(value)
            text = known if has_values else tr(label)
            pieces.append((text, self._theme.study(place)))
        return pieces

    def draw(self, painter: QPainter, pieces: Sequence[Piece], room: QRectF) -> None:
        """Draw from the left; a piece that does not fit ends the line."""
        painter.setFont(self.font)
        x = room.left()
        for text, colour in pieces:
            width = self._metrics.horizontalAdvance(text)
            if x + width > room.right():
                return
            painter.setPen(QPen(colour))
            painter.drawText(
                QRectF(x, room.top(), width + 1, room.height()), int(Qt.AlignmentFlag.AlignVCenter), text
            )
            x += width + self._gap * (0.6 if len(text) == 1 else 1.0)
