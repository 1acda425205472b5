"""기록: former runs; two or more that are selected stand side by side, figures and curves."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from kis_terminal.domain.backtest_work import RunRecord
from kis_terminal.ui.backtesting.figure_words import HEADLINES, FigureWords, figure_column, run_column
from kis_terminal.ui.backtesting.form_rows import splitter
from kis_terminal.ui.backtesting.parameters import value_text
from kis_terminal.ui.charts.curves import Curve, CurveChart
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_MOST_COMPARED = 6
_COMPARED = (*HEADLINES, "volatility", "sortino", "calmar", "exposure", "turnover", "total_costs")


def run_name(record: RunRecord) -> str:
    """Return what tells a run from others in a line."""
    values = ", ".join(f"{name} {value_text(value)}" for name, value in record.parameters.items())
    title = tr(record.title)  # the shipped strategies are translated, others stand as they are
    return f"{title} ({values})" if values else title


class HistoryView(QWidget):
    """Show records. Signals: `forget_wanted(list)` of identifiers."""

    forget_wanted = Signal(list)

    def __init__(self, workspace: Workspace, words: FigureWords) -> None:
        super().__init__()
        self._workspace = workspace
        self._theme, self._words = workspace.theme, words
        self._shown: list[str] = []
        self.grid = self._runs()
        self.grid.chosen.connect(lambda _: self._compare())
        self.grid.menu_wanted.connect(self._open_menu)
        self.grid.delete_wanted.connect(lambda keys: self.forget_wanted.emit(keys))
        self.chart = CurveChart(self._theme, tr("비교하는 수익곡선"))
        self.table = Grid(
            "backtest.compare",
            [],
            self._theme,
            None,
            title=tr("실행 비교"),
            empty_text=tr("기록을 둘 이상 고르면(Ctrl·Shift) 나란히 비교합니다."),
        )
        self._lower = splitter(self._theme, Qt.Orientation.Horizontal, (3, 2), self.chart, self.table)
        split = splitter(self._theme, Qt.Orientation.Vertical, (2, 3), self.grid, self._lower)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def _runs(self) -> Grid:
        words, names = self._words, self._workspace.instruments
        muted = self._theme.colours.muted

        def symbols(record: RunRecord) -> str:
            first = names.name(record.symbols[0]) if record.symbols else ""
            rest = len(record.symbols) - 1
            return tr("{name} 외 {n}", name=first, n=rest) if rest > 0 else first

        columns = [
            Column(
                "made",
                tr("실행"),
                106,
                lambda r: r.made[5:16].replace("T", " "),
                Align.LEFT,
                sort=lambda r: r.identifier,
                colour=lambda r: muted,
            ),
            Column("title", tr("전략"), 150, run_name, Align.LEFT, stretch=2, tooltip=run_name),
            Column(
                "symbols",
                tr("종목"),
                110,
                symbols,
                Align.LEFT,
                stretch=1,
                tooltip=lambda r: ", ".join(map(names.name, r.symbols)),
            ),
            Column(
                "period",
                tr("기간"),
                148,
                lambda r: f"{r.start} ~ {r.end}",
                Align.LEFT,
                priority=1,
                colour=lambda r: muted,
            ),
            *(
                figure_column(words, key, 82, lambda r: r.summary, priority=0 if place < 3 else 2)
                for place, key in enumerate(HEADLINES[:6])
            ),
        ]
        return Grid(
            "backtest.history",
            columns,
            self._theme,
            self._workspace.preferences,
            title=tr("백테스트 기록"),
            empty_text=tr("아직 실행한 백테스트가 없습니다. 왼쪽에서 전략과 종목을 고르고 실행하십시오."),
            is_multiple=True,
        )

    def show_records(self, records: Sequence[RunRecord]) -> None:
        """Show these, the newest first."""
        self.grid.set_rows([(record.identifier, record) for record in records])
        self._compare()

    def _compare(self) -> None:
        """Put the selected runs side by side; the newest alone where none is selected."""
        chosen = [key for key in self.grid.keys if key in set(self.grid.selected)] or self.grid.keys[:1]
        records: list[RunRecord] = [self.grid.row(key) for key in chosen[:_MOST_COMPARED]]
        colours = [self._theme.study(place) for place in range(len(records))]
        many = len(records) > 1
        self.chart.set_curves(
            [
                Curve(
                    f"{place + 1}. {record.title}" if many else record.title,
                    record.times,
                    record.equity,
                    colour,
                )
                for place, (record, colour) in enumerate(zip(records, colours, strict=True))
            ]
        )
        identifiers = [record.identifier for record in records]
        if identifiers == self._shown:
            return
        self._shown = identifiers
        words, theme = self._words, self._theme
        columns = [
            Column(
                "figure",
                tr("지표"),
                110,
                words.label,
                Align.LEFT,
                colour=lambda _: theme.colours.muted,
                tooltip=words.meaning,
                can_sort=False,
            ),
            *(
                run_column(
                    words,
                    record.identifier,
                    f"{place + 1}. {record.title}" if many else record.title,
                    record.summary,
                )
                for place, record in enumerate(records)
            ),
        ]
        old = self.table
        self.table = Grid(
            "backtest.compare",
            columns,
            theme,
            None,
            title=tr("실행 비교"),
            empty_text=tr("기록을 둘 이상 고르면(Ctrl·Shift) 나란히 비교합니다."),
            is_multiple=True,
        )
        self.table.set_rows([(key, key) for key in _COMPARED] if records else [])
        sizes = self._lower.sizes()
        self._lower.replaceWidget(self._lower.indexOf(old), self.table)
        old.deleteLater()
        self._lower.setSizes(sizes)

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = self.grid.selected
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        forget = menu.addAction(tr("기록 {n}건 지우기", n=len(selected)))
        forget.setEnabled(bool(selected))
        forget.triggered.connect(lambda: self.forget_wanted.emit(selected))
        menu.popup(at)
