"""탐색: which parameters to move, a heat map over two of them, and every combination as a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestRequest
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import ParameterRange, SweepKind, SweepRequest, SweepResult, SweepRow
from kis_terminal.services.backtest.targets import LESS_IS_BETTER
from kis_terminal.ui.backtesting.figure_words import FigureWords, figure_column, value_column
from kis_terminal.ui.backtesting.form_rows import FormRows, TextField, plain_label, splitter
from kis_terminal.ui.backtesting.parameters import label_of, value_text
from kis_terminal.ui.backtesting.ranges import RangeTable
from kis_terminal.ui.charts.heat_map import HeatMap
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

SYMBOL = "symbol"
"""A range of this name runs each symbol alone."""
KINDS = ((SweepKind.GRID, "모든 조합"), (SweepKind.RANDOM, "무작위"), (SweepKind.TPE, "TPE (학습하며 찾기)"))
TARGETS = ("sharpe", "total_return", "cagr", "calmar", "sortino", "profit_factor", "max_drawdown")
_ROW_FIGURES = ("total_return", "sharpe", "max_drawdown", "trades")
_MOST_ROWS = 2_000


class SweepView(QWidget):
    """Ask for a search and show it.

    Signals: `wanted()` the button was pressed; `chosen(dict)` parameters of a combination to run.
    """

    wanted = Signal()
    chosen = Signal(object)

    def __init__(self, workspace: Workspace, words: FigureWords) -> None:
        super().__init__()
        theme = workspace.theme
        self._theme, self._words = theme, words
        self._result: SweepResult | None = None
        self._cells: list[list[int | None]] = []
        self._columns: list[str] = []
        side = QWidget()
        column = QVBoxLayout(side)
        inset, gutter = theme.metrics.inset, theme.metrics.gutter
        column.setContentsMargins(inset, gutter, inset, gutter)
        column.setSpacing(gutter)
        self.ranges = RangeTable(theme)
        column.addWidget(self.ranges)
        self.by_symbol = QCheckBox(tr("종목마다 따로"))
        self.by_symbol.setToolTip(tr("종목 하나씩 자금 전부로 실행해 어느 종목에 맞는지 봅니다."))
        column.addWidget(self.by_symbol)
        grid = QGridLayout()
        rows = FormRows(theme, grid)
        self.kind = Choice(theme, tr("방법"))
        self.kind.addItems([tr(word) for _, word in KINDS])
        self.samples = TextField(theme, tr("표본 수"), "200")
        self.target = Choice(theme, tr("목표"))
        self.target.addItems([words.label(key) for key in TARGETS])
        self.target.activated.connect(lambda _: self._show())
        rows.add(tr("방법"), self.kind, self.samples)
        rows.add(tr("목표"), self.target)
        self.kind.currentIndexChanged.connect(lambda place: self.samples.setVisible(place > 0))
        self.samples.setVisible(False)
        column.addLayout(grid)
        self.start = QPushButton(tr("탐색 시작"))
        self.start.setAccessibleName(tr("탐색 시작"))
        self.start.clicked.connect(lambda: self.wanted.emit())
        column.addWidget(self.start)
        self.note = plain_label(theme)
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        column.addStretch(1)
        side.setFixedWidth(theme.metrics.search_side)
        self.map = HeatMap(theme, tr("탐색 지도"))
        self.map.chosen.connect(self._cell_chosen)
        self.table = Grid(
            "backtest.sweep",
            [],
            theme,
            None,
            title=tr("탐색한 조합"),
            empty_text=tr("매개변수의 범위를 정하고 '탐색 시작'을 누르십시오."),
            is_multiple=True,
        )
        self._split = splitter(theme, Qt.Orientation.Horizontal, (1, 1), self.map, self.table)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        layout.addWidget(self._split, 1)

    # -- asking ---

    @property
    def target_key(self) -> str:
        """Return the figure that is searched for."""
        return TARGETS[self.target.currentIndex()]

    @property
    def labels(self) -> dict[str, str]:
        """Return what people read of the parameters, by name."""
        labels = {row.rule.name: label_of(row.rule) for row in self.ranges.rows}
        return {SYMBOL: tr("종목"), **labels}

    def request(self, base: BacktestRequest) -> SweepRequest:
        """Return what is asked for; raises CorrectionNeeded."""
        kind = KINDS[self.kind.currentIndex()][0]
        samples = 200
        ranges = self.ranges.ranges()
        if self.by_symbol.isChecked():
            ranges.insert(0, ParameterRange(SYMBOL, [key.symbol for key in base.series]))
        if kind is SweepKind.GRID:
            self.ranges.combinations()
        else:
            samples = int(self.samples.number(least=1, most=100_000, is_whole=True) or 1)
        return SweepRequest(base, ranges, kind, samples, target=self.target_key)

    # -- showing ---

    def show_result(self, result: SweepResult) -> None:
        """Show a finished search."""
        self._result = result
        self._show()

    def _show(self) -> None:
        result = self._result
        if result is None:
            return
        speed = len(result.rows) / result.seconds if result.seconds else 0.0
        self.note.setText(
            tr(
                "조합 {n:,}개 · {seconds:.2f}초 · 초당 {speed:,.0f}개",
                n=len(result.rows),
                seconds=result.seconds,
                speed=speed,
            )
        )
        self._fill_map(result)
        self._fill_table(result)

    def _value(self, row: SweepRow) -> float:
        value = row.figures.get(self.target_key)
        if value is None:
            return float("nan")
        return -float(value) if self.target_key in LESS_IS_BETTER else float(value)

    def _words_of(self, value: float) -> str:
        shown = -value if self.target_key in LESS_IS_BETTER else value
        return self._words.text(self.target_key, shown)

    def _fill_map(self, result: SweepResult) -> None:
        names = [chosen.name for chosen in result.request.ranges][:2]
        labels = self.labels
        x_name = names[0]
        y_name = names[1] if len(names) > 1 else ""
        xs = _ordered(row.parameters.get(x_name, 0) for row in result.rows)
        ys = _ordered(row.parameters.get(y_name, 0) for row in result.rows) if y_name else [0]
        values: NDArray[np.float64] = np.full((len(ys), len(xs)), np.nan)
        self._cells = [[None] * len(xs) for _ in ys]
        x_places, y_places = {v: i for i, v in enumerate(xs)}, {v: i for i, v in enumerate(ys)}
        for place, row in enumerate(result.rows):
            y = y_places[row.parameters.get(y_name, 0)] if y_name else 0
            x = x_places[row.parameters.get(x_name, 0)]
            value = self._value(row)
            # Of combinations that differ in a third parameter the best is shown.
            if not values[y, x] >= value:
                values[y, x] = value
                self._cells[y][x] = place
        texts = [value_text(v) for v in ys] if y_name else [""]
        self.map.set_grid(
            labels.get(x_name, x_name),
            [value_text(v) for v in xs],
            labels.get(y_name, y_name),
            texts,
            values,
            self._words_of,
        )

    def _fill_table(self, result: SweepResult) -> None:
        names = [chosen.name for chosen in result.request.ranges]
        figures = tuple(dict.fromkeys((self.target_key, *_ROW_FIGURES)))
        keys = [*(self.labels.get(name, name) for name in names), *figures]
        if self._columns != keys:
            self._columns = keys
            self._rebuild_table(names, figures)
        ranked = sorted(
            range(len(result.rows)),
            key=lambda place: (np.isnan(v := self._value(result.rows[place])), -v),
        )
        self.table.set_rows([(str(place), result.rows[place]) for place in ranked[:_MOST_ROWS]])

    def _rebuild_table(self, names: Sequence[str], figures: Sequence[str]) -> None:
        words = self._words
        labels = self.labels
        columns = [value_column(name, labels.get(name, name)) for name in names]
        columns += [
            figure_column(words, key, 78, lambda row: row.figures, is_bold=place == 0, priority=place)
            for place, key in enumerate(figures)
        ]
        old = self.table
        self.table = Grid(
            "backtest.sweep",
            columns,
            self._theme,
            None,
            title=tr("탐색한 조합"),
            empty_text=tr("조합이 없습니다."),
            is_multiple=True,
        )
        self.table.activated.connect(lambda key: self.chosen.emit(self.table.row(key).parameters))
        sizes = self._split.sizes()
        self._split.replaceWidget(self._split.indexOf(old), self.table)
        old.deleteLater()
        self._split.setSizes(sizes)

    def _cell_chosen(self, row: int, column: int) -> None:
        place = self._cells[row][column] if row < len(self._cells) else None
        if place is not None and self._result is not None:
            parameters: Mapping[str, Parameter] = self._result.rows[place].parameters
            self.table.select(str(place))
            self.chosen.emit(parameters)


def _ordered(values: Iterable[Parameter]) -> list[Parameter]:
    return sorted(set(values), key=lambda value: (isinstance(value, str), value))
