"""거래: one row a round trip; choosing one shows its bar in the chart."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestTrade
from kis_terminal.ui.charts.curves import day_text
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_DAY = 86_400


def _price(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _days_held(trade: BacktestTrade) -> int | None:
    return None if trade.exit_time is None else (trade.exit_time - trade.entry_time) // _DAY


_REASONS = {
    "entry": "진입 조건",
    "exit": "청산 조건",
    "stop": "손절",
    "trailing": "추적 손절",
    "target": "익절",
}
"""What the engine calls the rules of a file; a Python strategy gives words of its own."""


def _reason(trade: BacktestTrade) -> str:
    parts = [part for part in (trade.entry_reason, trade.exit_reason) if part]
    return " → ".join(tr(_REASONS[part]) if part in _REASONS else said(part) for part in parts)


class TradesView(QWidget):
    """Show round trips. Signals, with a BacktestTrade: `trade_chosen`, `chart_wanted` (double click)."""

    trade_chosen = Signal(object)
    chart_wanted = Signal(object)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.grid = self._built()
        self.grid.chosen.connect(lambda key: self.trade_chosen.emit(self.grid.row(key)))
        self.grid.activated.connect(lambda key: self.chart_wanted.emit(self.grid.row(key)))
        self.grid.menu_wanted.connect(self._open_menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)

    def _built(self) -> Grid:
        theme, names = self._workspace.theme, self._workspace.instruments
        muted = theme.colours.muted
        columns = [
            Column("symbol", tr("종목"), 96, lambda t: names.name(t.symbol), Align.LEFT, stretch=1),
            Column(
                "entry_time", tr("진입"), 84, lambda t: day_text(t.entry_time), sort=lambda t: t.entry_time
            ),
            Column(
                "entry_price",
                tr("진입가"),
                74,
                lambda t: _price(t.entry_price),
                sort=lambda t: t.entry_price,
            ),
            Column(
                "exit_time",
                tr("청산"),
                84,
                lambda t: tr("보유 중") if t.exit_time is None else day_text(t.exit_time),
                sort=lambda t: t.exit_time,
                colour=lambda t: theme.colours.accent if t.exit_time is None else None,
            ),
            Column(
                "exit_price", tr("청산가"), 74, lambda t: _price(t.exit_price), sort=lambda t: t.exit_price
            ),
            Column("quantity", tr("수량"), 60, lambda t: f"{t.quantity:,}", sort=lambda t: t.quantity),
            Column(
                "profit",
                tr("손익"),
                88,
                lambda t: f"{t.profit:+,.0f}",
                sort=lambda t: t.profit,
                colour=lambda t: theme.direction(t.profit),
                is_bold=True,
            ),
            Column(
                "return_rate",
                tr("수익률"),
                66,
                lambda t: f"{t.return_rate * 100:+.2f}%",
                sort=lambda t: t.return_rate,
                colour=lambda t: theme.direction(t.return_rate),
            ),
            Column(
                "days",
                tr("보유일"),
                50,
                lambda t: "-" if _days_held(t) is None else f"{_days_held(t):,}",
                sort=_days_held,
            ),
            Column(
                "reason",
                tr("이유"),
                130,
                _reason,
                Align.LEFT,
                colour=lambda t: muted,
                stretch=2,
                priority=1,
                tooltip=_reason,
            ),
        ]
        return Grid(
            "backtest.trades",
            columns,
            theme,
            self._workspace.preferences,
            title=tr("백테스트 거래"),
            empty_text=tr("이 기간에 거래가 없습니다. 조건이 한 번도 맞지 않았습니다."),
            is_multiple=True,
        )

    def show_trades(self, trades: Sequence[BacktestTrade]) -> None:
        """Show these, the oldest first."""
        self.grid.set_rows([(str(place), trade) for place, trade in enumerate(trades)])

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if key:
            trade = self.grid.row(key)
            menu.addAction(tr("차트에서 보기")).triggered.connect(lambda: self.chart_wanted.emit(trade))
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "trades", self.grid.table, self._workspace.link)
        )
        menu.popup(at)
