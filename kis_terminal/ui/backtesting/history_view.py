"""기록: former runs; two or more that are selected stand side by side, figures and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from kis_terminal.domain.backtest_work import RunRecord
from kis_terminal.ui.backtesting.figure_words import HEADLINES, FigureWords, figure_column, run_column
from kis_terminal.ui.backtesting.form_rows import plain_label, splitter
from kis_terminal.ui.backtesting.parameters import value_text
from kis_terminal.ui.charts.curves import Curve, CurveChart
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_MOST_COMPARED = 6
_COMPARED = (*HEADLINES, "volatility", "sortino", "calmar", "exposure", "turnover", "total_costs")


_SETTING = "setting."
_SETTING_WORDS = {"strategy": "전략", "symbols": "종목", "period": "기간", "cash": "시작 금액"}


def _difference_word(key: str) -> str:
    """Return what a setting is called, "" for a figure."""
    if not key.startswith(_SETTING):
        return ""
    name = key.removeprefix(_SETTING)
    return name.removeprefix("$") if name.startswith("$") else tr(_SETTING_WORDS[name])


def _differing(told: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the settings in which runs differ, all of them once."""
    keys = dict.fromkeys(key for settings in told for key in settings)
    return [key for key in keys if len({settings.get(key) for settings in told}) > 1]


def _heading(record: RunRecord, place: int, is_one_of_many: bool) -> str:
    title = tr(record.title)
    return f"{place + 1}. {title}" if is_one_of_many else title


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
        self.hint = plain_label(self._theme, tr("기록을 둘 이상 고르면(Ctrl·Shift) 나란히 비교합니다."))
        self.hint.setContentsMargins(self._theme.metrics.inset, 2, self._theme.metrics.inset, 2)
        upper = QWidget()
        upper_layout = QVBoxLayout(upper)
        upper_layout.setContentsMargins(0, 0, 0, 0)
        upper_layout.setSpacing(0)
        upper_layout.addWidget(self.grid, 1)
        upper_layout.addWidget(self.hint)
        split = splitter(self._theme, Qt.Orientation.Vertical, (2, 3), upper, self._lower)
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
                172,
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
        self.hint.setVisible(len(self.grid.keys) > 1 and not many)
        self.chart.set_curves(
            [
                Curve(_heading(record, place, many), record.times, record.equity, colour)
                for place, (record, colour) in enumerate(zip(records, colours, strict=True))
            ]
        )
        identifiers = [record.identifier for record in records]
        if identifiers == self._shown:
            return
        self._shown = identifiers
        words, theme = self._words, self._theme
        told = [self._settings(record) for record in records]
        differing = _differing(told)
        columns = [
            Column(
                "figure",
                tr("지표", context="figure"),
                150,
                lambda key: _difference_word(key) or words.label(key),
                Align.LEFT,
                colour=lambda _: theme.colours.muted,
                tooltip=words.meaning,
                can_sort=False,
            ),
            *(
                run_column(words, record.identifier, _heading(record, place, many), record.summary, settings)
                for place, (record, settings) in enumerate(zip(records, told, strict=True))
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
        rows = [*differing, *_COMPARED] if records else []
        self.table.set_rows([(key, key) for key in rows])
        sizes = self._lower.sizes()
        self._lower.replaceWidget(self._lower.indexOf(old), self.table)
        old.deleteLater()
        self._lower.setSizes(sizes)

    def _settings(self, record: RunRecord) -> dict[str, str]:
        """Return what a run was asked for, in words by key."""
        names = self._workspace.instruments
        parameters = {f"{_SETTING}${name}": value_text(value) for name, value in record.parameters.items()}
        return {
            f"{_SETTING}strategy": tr(record.title),
            **parameters,
            f"{_SETTING}symbols": ", ".join(map(names.name, record.symbols)),
            f"{_SETTING}period": f"{record.start} ~ {record.end}",
            f"{_SETTING}cash": f"{record.cash:,.0f}",
        }

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = self.grid.selected
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        forget = menu.addAction(tr("기록 {n}건 지우기", n=len(selected)))
        forget.setEnabled(bool(selected))
        forget.triggered.connect(lambda: self.forget_wanted.emit(selected))
        menu.popup(at)
