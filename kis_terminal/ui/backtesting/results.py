"""The results as tabs; what to do first while there are none."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.services.backtests import Outcome
from kis_terminal.ui.backtesting.bars_view import BarsView
from kis_terminal.ui.backtesting.figure_words import FigureWords
from kis_terminal.ui.backtesting.history_view import HistoryView
from kis_terminal.ui.backtesting.monthly import MonthlyView
from kis_terminal.ui.backtesting.summary import SummaryView
from kis_terminal.ui.backtesting.sweep_view import SweepView
from kis_terminal.ui.backtesting.trades import TradesView
from kis_terminal.ui.backtesting.walk_view import WalkView
from kis_terminal.ui.charts.curves import Curve, CurveChart
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace


class Results(QWidget):
    """A tab bar over one view each; a view is filled when it is seen."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._theme = workspace.theme
        self._outcome: Outcome | None = None
        self._filled: set[str] = set()
        words = FigureWords(workspace.theme)
        self.words = words
        self.summary = SummaryView(workspace, words)
        self.curves = CurveChart(workspace.theme, tr("수익곡선·낙폭"))
        self.monthly = MonthlyView(workspace.theme)
        self.trades = TradesView(workspace)
        self.bars = BarsView(workspace)
        self.sweep = SweepView(workspace, words)
        self.walk = WalkView(workspace, words)
        self.history = HistoryView(workspace, words)
        self.empty = QLabel(
            tr("전략과 종목, 기간을 고르고 '실행'(Ctrl+Enter)을 누르십시오.\n결과가 여기에 나옵니다.")
        )
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setStyleSheet(f"color: {workspace.theme.colours.muted.name()};")
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setAccessibleName(tr("백테스트 결과"))
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self._views: dict[str, QWidget] = {}
        for key, title, view in (
            ("summary", tr("요약"), self.summary),
            ("curves", tr("수익곡선·낙폭"), self.curves),
            ("monthly", tr("월별"), self.monthly),
            ("trades", tr("거래"), self.trades),
            ("bars", tr("차트"), self.bars),
            ("sweep", tr("탐색"), self.sweep),
            ("walk", tr("전진분석"), self.walk),
            ("history", tr("기록", context="runs"), self.history),
        ):
            self._views[key] = view
            self.tabs.addTab(title)
            self.pages.addWidget(view)
        self.tabs.currentChanged.connect(lambda _: self._show_current())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.pages, 1)
        self._show_current()

    @property
    def current(self) -> str:
        """Return the key of the tab that is shown."""
        return list(self._views)[self.tabs.currentIndex()]

    def show_tab(self, key: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex(list(self._views).index(key))

    def show_outcome(self, outcome: Outcome) -> None:
        """Take another result; only the tab that is seen is filled now."""
        self._outcome = outcome
        self._filled.clear()
        self.bars.show_outcome(outcome)  # costs nothing while it is not seen
        self._show_current()

    def _show_current(self) -> None:
        key = self.current
        needs_result = key not in ("sweep", "walk", "history")
        if needs_result and self._outcome is None:
            self.pages.setCurrentWidget(self.empty)
            return
        self.pages.setCurrentWidget(self._views[key])
        if self._outcome is not None and needs_result and key not in self._filled:
            self._filled.add(key)
            self._fill(key, self._outcome)
        if key == "bars":
            self.bars.wake()

    def _fill(self, key: str, outcome: Outcome) -> None:
        result = outcome.result
        match key:
            case "summary":
                self.summary.show_result(result)
            case "curves":
                self.curves.set_curves(self._curves(result))
            case "monthly":
                self.monthly.table.show_months(result.monthly)
            case "trades":
                self.trades.show_trades(result.trades)

    def _curves(self, result: BacktestResult) -> list[Curve]:
        curves = [Curve(tr("전략"), result.times, result.equity, self._theme.colours.accent)]
        if result.benchmark is not None:
            grey = self._theme.colours.muted
            curves.append(Curve(tr("벤치마크"), result.times, result.benchmark, grey, is_main=False))
        return curves
