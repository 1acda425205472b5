"""월별: returns by year and month, painted as a table whose cells are tinted by gain and loss."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_COLUMNS = 14
_STRONGEST = 0.6
_YEAR_WIDTH = 56
_LEAST_CELL = 52


class MonthlyTable(QWidget):
    """Paint the months; a row a year, the newest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ink = Ink(theme.medium(theme.metrics.label))
        self._bold = Ink(theme.bold(theme.metrics.label))
        self._months: Mapping[str, float] = {}
        self._years: list[str] = []
        self.setAccessibleName(tr("월별 수익률"))

    def show_months(self, months: Mapping[str, float]) -> None:
        """Show returns as fractions by `YYYY-MM`."""
        self._months = months
        self._years = sorted({month[:4] for month in months}, reverse=True)
        row = self._theme.metrics.row
        self.setMinimumSize(_YEAR_WIDTH + 13 * _LEAST_CELL, row * (len(self._years) + 1))
        self.update()

    def year_return(self, year: str) -> float | None:
        """Return what the months of a year made together."""
        rates = [rate for month, rate in self._months.items() if month[:4] == year]
        if not rates:
            return None
        total = 1.0
        for rate in rates:
            total *= 1.0 + rate
        return total - 1.0

    def sizeHint(self) -> QSize:
        """Be as large as the years need."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible part."""
        painter = QPainter(self)
        colours, row = self._theme.colours, self._theme.metrics.row
        painter.fillRect(self.rect(), colours.bg1)
        width = (self.width() - _YEAR_WIDTH) // 13
        titles = [tr("{n}월", n=month) for month in range(1, 13)] + [tr("연간")]
        painter.fillRect(0, 0, self.width(), row, colours.bg2)
        painter.setFont(self._ink.font)
        for place, title in enumerate(titles):
            self._ink.draw(painter, self._cell(place, 0, width), _RIGHT, title, colours.muted)
        reach = max((abs(rate) for rate in self._months.values()), default=0.0) or 1.0
        for line, year in enumerate(self._years, 1):
            painter.setFont(self._bold.font)
            head = QRect(self._theme.metrics.inset, line * row, _YEAR_WIDTH, row)
            self._bold.draw(painter, head, _LEFT, year, colours.text)
            painter.setFont(self._ink.font)
            for month in range(1, 13):
                rate = self._months.get(f"{year}-{month:02d}")
                if rate is not None:
                    self._draw_rate(painter, self._cell(month - 1, line, width), rate, reach)
            total = self.year_return(year)
            if total is not None:
                painter.setFont(self._bold.font)
                cell = self._cell(12, line, width)
                colour = self._theme.direction(total)
                self._bold.draw(painter, cell, _RIGHT, f"{total * 100:+.2f}", colour)
            painter.fillRect(0, (line + 1) * row - 1, self.width(), 1, colours.line)

    def _cell(self, column: int, line: int, width: int) -> QRect:
        row = self._theme.metrics.row
        return QRect(_YEAR_WIDTH + column * width, line * row, width - self._theme.metrics.cell, row)

    def _draw_rate(self, painter: QPainter, cell: QRect, rate: float, reach: float) -> None:
        colour = self._theme.direction(rate)
        strength = _STRONGEST * min(1.0, abs(rate) / reach)
        ground = cell.adjusted(2, 1, self._theme.metrics.cell - 2, -2)
        painter.fillRect(ground, self._theme.tinted(colour, strength))
        self._ink.draw(painter, cell, _RIGHT, f"{rate * 100:+.2f}", self._theme.colours.text)


class MonthlyView(QScrollArea):
    """The table in a scroll area."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.table = MonthlyTable(theme)
        self.setWidget(self.table)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
