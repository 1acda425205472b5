"""차트: the bars of a run with its entries, exits and indicator lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestFill
from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.bars import CLOSE, BarSeries
from kis_terminal.services.backtests import Outcome
from kis_terminal.ui.backtesting.form_rows import plain_label
from kis_terminal.ui.charts.drawn import FillMark
from kis_terminal.ui.charts.study_list import Study
from kis_terminal.ui.late_modules import import_plot
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

if TYPE_CHECKING:
    from kis_terminal.ui.charts.plot import ChartPlot
    from kis_terminal.ui.charts.studies import StudyValues

_FAR = 4.0
"""A line that leaves the prices' range by more than this factor has a pane of its own."""
_COLOURS = 6


def is_near_prices(line: NDArray[np.float64], closes: NDArray[np.float64]) -> bool:
    """Tell whether a line is of the prices' size, so that it is drawn over them."""
    known = line[np.isfinite(line)]
    priced = closes[closes > 0]
    if not len(known) or not len(priced):
        return True
    low, high = float(priced.min()) / _FAR, float(priced.max()) * _FAR
    return bool(np.mean((known >= low) & (known <= high)) > 0.9)


class BarsView(QWidget):
    """Show one symbol of a run; the plot is built when the tab is first seen, since pyqtgraph takes time."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.plot: ChartPlot | None = None
        self._outcome: Outcome | None = None
        self._keys: list[SeriesKey] = []
        self._key: SeriesKey | None = None
        self._moment: int | None = None
        theme = workspace.theme
        self.choice = Choice(theme, tr("차트 종목"))
        self.choice.activated.connect(lambda place: self.show_symbol(self._keys[place].symbol))
        self.note = plain_label(theme)
        top = QHBoxLayout()
        top.setContentsMargins(theme.metrics.inset, 2, theme.metrics.inset, 2)
        top.setSpacing(theme.metrics.inset)
        self.choice.setMinimumWidth(theme.metrics.narrow_panel // 2)
        top.addWidget(self.choice)
        top.addWidget(self.note, 1)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addLayout(top)
        self._layout.addStretch(1)

    def show_outcome(self, outcome: Outcome) -> None:
        """Take the bars of another run; drawn only while it is seen."""
        self._outcome = outcome
        keys = [key for key in outcome.result.request.series if key in outcome.bars]
        if keys != self._keys:
            self._keys = keys
            self.choice.clear()
            names = self._workspace.instruments
            self.choice.addItems([f"{names.name(key.symbol)} {key.symbol}" for key in keys])
            self.choice.setVisible(len(keys) > 1)
        if self._key not in keys:
            self._key = keys[0] if keys else None
        if self.isVisible():
            self._draw(keeps_place=True)

    def wake(self) -> None:
        """Draw, since the tab is seen now."""
        if self.plot is None:
            self._workspace.scope.spawn(self._build(), name="backtest plot", replaces="backtest-plot")
        else:
            self._draw(keeps_place=True)

    async def _build(self) -> None:
        module = await import_plot()
        if self.plot is not None:
            return
        plot: ChartPlot = module.ChartPlot(self._workspace.theme, self)
        self._layout.takeAt(1)
        self._layout.addWidget(plot, 1)
        self.plot = plot
        self._draw(keeps_place=False)

    def show_symbol(self, symbol: str, moment: int | None = None) -> None:
        """Show a symbol, with the bar of `moment` (wall seconds) in the middle."""
        found = next((key for key in self._keys if key.symbol == symbol), None)
        if found is None:
            return
        is_other = found != self._key
        self._key, self._moment = found, moment
        self.choice.setCurrentIndex(self._keys.index(found))
        if self.isVisible():
            self._draw(keeps_place=not is_other)

    def _draw(self, *, keeps_place: bool) -> None:
        plot, outcome, key = self.plot, self._outcome, self._key
        if plot is None or outcome is None or key is None:
            return
        bars = outcome.bars[key]
        priced = bars.close > 0
        shown = plot.shown.series
        is_same = (
            shown is not None and shown.symbol == key.symbol and len(shown) == int(np.count_nonzero(priced))
        )
        if not (keeps_place and is_same):
            plot.set_series(_series_of(bars, priced))
        lines = outcome.result.lines.get(key.symbol, {})
        plot.set_values(_values_of(lines, bars, priced))
        fills = [fill for fill in outcome.result.fills if fill.symbol == key.symbol]
        plot.set_fills(_marks(fills))
        self.note.setText(tr("체결 {n}건", n=len(fills)))
        if self._moment is not None:
            QTimer.singleShot(0, self, self._show_moment)  # a plot just built gets its size first

    def _show_moment(self) -> None:
        moment, self._moment = self._moment, None
        series = self.plot.shown.series if self.plot is not None else None
        if self.plot is not None and moment is not None and series is not None and len(series):
            self.plot.show_bar(int(np.searchsorted(series.times, moment, side="right")) - 1)


def _series_of(bars: BarColumns, priced: NDArray[np.bool_]) -> BarSeries:
    """Return the bars as charts take them; a halt without prices has no bar to draw."""
    series = BarSeries(bars.key.symbol, bars.key.interval)
    series.replace(bars.times[priced], np.ascontiguousarray(bars.columns[:, priced].T))
    return series


def _values_of(
    lines: Mapping[str, NDArray[np.float64]], bars: BarColumns, priced: NDArray[np.bool_]
) -> list[StudyValues]:
    """Group lines by the indicator that they belong to: near prices over them, else in a pane each."""
    from kis_terminal.ui.charts.studies import GivenValues

    groups: dict[str, list[str]] = {}
    for name in lines:
        groups.setdefault(name.partition(".")[0], []).append(name)
    closes = bars.columns[CLOSE]
    values: list[StudyValues] = []
    place = 0
    for alias, names in groups.items():
        table = np.stack([np.asarray(lines[name], dtype=np.float64) for name in names])
        if table.shape[1] != len(bars):
            continue
        has_pane = not is_near_prices(table[0], closes)
        colours = tuple((place + i) % _COLOURS for i in range(len(names)))
        place += len(names)
        labels = tuple(name.partition(".")[2] or alias for name in names)
        study = Study(
            f"given.{alias}", alias, "" if len(names) == 1 else alias, labels, colours, has_pane=has_pane
        )
        values.append(GivenValues(study, np.ascontiguousarray(table[:, priced])))
    return values


def _marks(fills: Sequence[BacktestFill]) -> list[FillMark]:
    return [FillMark(fill.side, fill.quantity, fill.price, fill.time) for fill in fills]
