"""백테스트 (0700): the shell; its inside is built when it is first shown, since numpy comes with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from kis_terminal.ui.late_modules import import_late
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import tr
from kis_terminal.ui.wide_page import WidePage
from kis_terminal.ui.workspace import Workspace

if TYPE_CHECKING:
    from kis_terminal.services.backtests import Backtests
    from kis_terminal.ui.backtesting.view import BacktestView


_PARTS = tuple(
    f"kis_terminal.ui.{name}"
    for name in (
        *("charts.curves", "charts.heat_map", "backtesting.summary", "backtesting.history_view"),
        *("backtesting.sweep_view", "backtesting.results", "backtesting.setup_form", "backtesting.view"),
    )
)


class BacktestPanel(Panel):
    """Set up, run and read backtests. `build` makes the service; it is called once, beside the loop."""

    panel_name = "backtest"
    screen_number = "0700"

    def __init__(
        self, workspace: Workspace, build: Callable[[], Backtests], today: Callable[[], date]
    ) -> None:
        super().__init__(workspace, tr("백테스트"))
        self._build = build
        self._today = today
        self.view: BacktestView | None = None
        self._wanted: tuple[str, date] | None = None
        self.waiting = QLabel(tr("불러오는 중…"))
        self.waiting.setTextFormat(Qt.TextFormat.PlainText)
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.waiting.setStyleSheet(f"color: {self.theme.colours.muted.name()};")
        self.body.addWidget(self.waiting, 1)
        workspace.link.backtest_wanted.connect(self._backtest_wanted)

    def activate(self) -> None:
        """Build the inside at the first time."""
        if self.view is None:
            self.scope.spawn(self._fill(), name="backtest panel", replaces="backtest-panel")
        else:
            self.view.wake()

    def deactivate(self) -> None:
        """Follow no more."""
        if self.view is not None:
            self.view.sleep()

    async def _fill(self) -> None:
        backtests = await asyncio.to_thread(self._build)  # numpy comes with it
        module = await import_late(*_PARTS)
        if self.view is not None:
            return
        # Each part takes some 40 ms: the window paints in between.
        setup = module.SetupForm(self.workspace, self._today)
        await asyncio.sleep(0.01)
        results = module.Results(self.workspace)
        await asyncio.sleep(0.01)
        view: BacktestView = module.BacktestView(self.workspace, backtests, self._today, setup, results)
        self.body.removeWidget(self.waiting)
        self.waiting.hide()
        self.body.addWidget(WidePage(view), 1)
        self.view = view
        if self.is_active:
            view.wake()
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            view.begin_from(*wanted)

    def _backtest_wanted(self, symbol: str, seconds: int) -> None:
        day = datetime.fromtimestamp(seconds, UTC).date()
        if self.view is None:
            self._wanted = (symbol, day)
        else:
            self.view.begin_from(symbol, day)
