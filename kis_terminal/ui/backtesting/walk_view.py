"""전진분석: the best parameters of each training window, tested on the window behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.sweeps import (
    SweepRequest,
    WalkForwardRequest,
    WalkForwardResult,
    WalkForwardWindow,
)
from kis_terminal.ui.backtesting.figure_words import FigureWords, figure_column
from kis_terminal.ui.backtesting.form_rows import FormRows, TextField, plain_label, splitter
from kis_terminal.ui.backtesting.parameters import value_text
from kis_terminal.ui.charts.curves import Curve, CurveChart
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_SHOWN = ("total_return", "sharpe", "max_drawdown")


class WalkView(QWidget):
    """Ask for a walk-forward study and show it; what is moved is set in 탐색. Signals: `wanted()`."""

    wanted = Signal()

    def __init__(self, workspace: Workspace, words: FigureWords) -> None:
        super().__init__()
        theme = workspace.theme
        self._theme, self._words = theme, words
        self._labels: dict[str, str] = {}
        side = QWidget()
        column = QVBoxLayout(side)
        inset, gutter = theme.metrics.inset, theme.metrics.gutter
        column.setContentsMargins(inset, gutter, inset, gutter)
        column.setSpacing(gutter)
        grid = QGridLayout()
        rows = FormRows(theme, grid)
        self.train = TextField(theme, tr("학습 봉"), "504")
        self.test = TextField(theme, tr("검증 봉"), "126")
        rows.add(tr("학습 봉"), self.train)
        rows.add(tr("검증 봉"), self.test)
        column.addLayout(grid)
        self.is_anchored = QCheckBox(tr("학습을 늘 처음부터"))
        column.addWidget(self.is_anchored)
        self.start = QPushButton(tr("전진분석 시작"))
        self.start.setAccessibleName(tr("전진분석 시작"))
        self.start.clicked.connect(lambda: self.wanted.emit())
        column.addWidget(self.start)
        self.note = plain_label(theme, tr("움직일 매개변수와 목표는 '탐색'에서 정합니다."))
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        column.addStretch(1)
        side.setFixedWidth(theme.metrics.search_side)
        self.chart = CurveChart(theme, tr("전진분석 수익곡선"))
        self.grid = self._windows()
        split = splitter(theme, Qt.Orientation.Vertical, (3, 2), self.chart, self.grid)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        layout.addWidget(split, 1)

    def _windows(self) -> Grid:
        words = self._words
        columns = [
            _span_column("train", tr("학습"), lambda w: (w.train_start, w.train_end)),
            _span_column("test", tr("검증"), lambda w: (w.test_start, w.test_end)),
            Column(
                "parameters",
                tr("고른 값"),
                120,
                lambda w: " · ".join(value_text(value) for value in w.parameters.values()),
                Align.LEFT,
                stretch=1,
                tooltip=self._chosen_words,
            ),
            Column(
                "value",
                tr("학습 목표"),
                70,
                lambda w: "-" if w.train_value is None else f"{w.train_value:,.2f}",
                sort=lambda w: w.train_value,
                priority=3,
            ),
            *(
                figure_column(words, key, 80, lambda w: w.test, priority=place)
                for place, key in enumerate(_SHOWN)
            ),
        ]
        return Grid(
            "backtest.walk",
            columns,
            self._theme,
            None,
            title=tr("전진분석 구간"),
            empty_text=tr("학습과 검증의 길이를 정하고 '전진분석 시작'을 누르십시오."),
            is_multiple=True,
        )

    def _chosen_words(self, window: WalkForwardWindow) -> str:
        """Return the chosen values with their names."""
        return "\n".join(
            f"{self._labels.get(name, name)}: {value_text(value)}"
            for name, value in window.parameters.items()
        )

    def request(self, sweep: SweepRequest) -> WalkForwardRequest:
        """Return what is asked for; raises WrongNumber."""
        return WalkForwardRequest(
            sweep,
            int(self.train.number(least=20, most=1e6, is_whole=True) or 0),
            int(self.test.number(least=5, most=1e6, is_whole=True) or 0),
            self.is_anchored.isChecked(),
        )

    def show_result(self, result: WalkForwardResult, labels: Mapping[str, str]) -> None:
        """Show a finished study; `labels` are what people read of the parameters."""
        self._labels = dict(labels)
        self.grid.set_rows([(str(place), window) for place, window in enumerate(result.windows)])
        label = tr("검증 구간만")
        self.chart.set_curves([Curve(label, result.times, result.equity, self._theme.colours.accent)])
        figures = [f"{self._words.label(k)} {self._words.text(k, result.summary.get(k))}" for k in _SHOWN]
        self.note.setText("\n".join([*figures, *(said(text) for text in result.warnings)]))


def _span_column(key: str, title: str, span: Callable[[WalkForwardWindow], tuple[date, date]]) -> Column:
    """Return a column of months; the days stand in the tooltip."""

    def months(window: WalkForwardWindow) -> str:
        start, end = span(window)
        return f"{start:%Y-%m} ~ {end:%Y-%m}"

    return Column(
        key, title, 136, months, Align.LEFT, sort=span, tooltip=lambda w: " ~ ".join(map(str, span(w)))
    )
