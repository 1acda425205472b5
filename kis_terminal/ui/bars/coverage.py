"""Covered days as a picture: one box a year, filled where the days are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ui.theme import Theme

Spans = Sequence[tuple[int, int]]
"""Covered wall seconds, from and to before, in order."""
_HEIGHT = 10
_LEAST_GAP_WIDTH = 4
"""Years narrower than this stand without a gap between them."""


def paint_coverage(
    painter: QPainter, cell: QRect, spans: Spans, first_year: int, last_year: int, theme: Theme
) -> None:
    """Paint the years from `first_year` to `last_year` over the cell's width."""
    years = last_year - first_year + 1
    if years < 1 or cell.width() < years:
        return
    colours = theme.colours
    top = cell.top() + (cell.height() - _HEIGHT) // 2
    step = cell.width() / years
    gap = 1 if step > _LEAST_GAP_WIDTH else 0
    ground, filled = colours.line, theme.tinted(colours.accent, 0.85)
    for place in range(years):
        left, right = cell.left() + round(place * step), cell.left() + round((place + 1) * step) - gap
        box = QRect(left, top, max(1, right - left), _HEIGHT)
        painter.fillRect(box, ground)
        begin, end = _year(first_year + place), _year(first_year + place + 1)
        for start, stop in spans:
            from_here, to_here = max(start, begin), min(stop, end)
            if to_here <= from_here:
                continue
            scale = box.width() / (end - begin)
            x = box.left() + int((from_here - begin) * scale)
            behind = box.left() + max(1, round((to_here - begin) * scale))
            painter.fillRect(QRect(x, top, max(1, behind - x), _HEIGHT), filled)


def covered_text(spans: Spans, most: int = 12) -> str:
    """Return the spans as days, a line each."""
    lines = [f"{_day(start)} ~ {_day(stop - 1)}" for start, stop in spans]
    return "\n".join([*lines[:most], "…"] if len(lines) > most else lines)


def _year(year: int) -> int:
    return day_seconds(date(year, 1, 1))


def _day(time: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + time // 86_400)
