"""The backtest panel's inside: setup at the left, results at the right, and what happens between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestTrade
from kis_terminal.domain.backtest_work import ReportForm, RunRecord, StrategySheet, WorkProgress
from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.backtests import Backtests, Outcome
from kis_terminal.services.hub import Subscription
from kis_terminal.ui.backtesting.results import Results
from kis_terminal.ui.backtesting.run_strip import RunStrip
from kis_terminal.ui.backtesting.setup_form import SetupForm
from kis_terminal.ui.backtesting.sweep_view import SYMBOL
from kis_terminal.ui.newest import Newest
from kis_terminal.ui.strategy_editor.window import StrategyEditor
from kis_terminal.ui.translation import language, said, tr
from kis_terminal.ui.workspace import Workspace

FAST_SECONDS = 1.0
"""A run that takes no longer follows a slider while it is dragged: one at a time, with the newest values."""
_SYMBOLS, _STRATEGY = "backtest.symbols", "backtest.strategy"


class BacktestView(QWidget):
    """Run backtests and show them; nothing is computed in this process."""

    def __init__(
        self,
        workspace: Workspace,
        backtests: Backtests,
        today: Callable[[], date],
        setup: SetupForm,
        results: Results,
    ) -> None:
        """`setup` and `results` are made before, each in a turn of the loop: both take some 40 ms."""
        super().__init__()
        self._workspace = workspace
        self._backtests = backtests
        self._theme = workspace.theme
        self._task: asyncio.Task[None] | None = None
        self._live = Newest(workspace.scope, self._follow, "backtest live")
        self._live_runs = 0
        self._judgement = Newest(workspace.scope, self._judge, "backtest judge")
        self._progress: WorkProgress | None = None
        self._flush_bound = self._flush
        self.outcome: Outcome | None = None
        self._sweep_seconds: float | None = None
        self.setup = setup
        self.setup.setFixedWidth(self._theme.metrics.setup)
        self.strip = RunStrip(self._theme)
        self.results = results
        self._today = today
        self._lay_out()
        self._connect()
        self._subscriptions: list[Subscription] = []
        self._restore()
        self._spawn(self._load(), "backtest load")

    def _lay_out(self) -> None:
        line = QFrame()
        line.setFixedWidth(1)
        line.setStyleSheet(f"background: {self._theme.colours.line.name()};")
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.strip)
        right.addWidget(self.results, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.setup)
        layout.addWidget(line)
        layout.addLayout(right, 1)

    def _connect(self) -> None:
        self.strip.run_wanted.connect(self.run)
        self.strip.stop_wanted.connect(self.stop)
        self.strip.export_wanted.connect(self._export)
        self.setup.run_wanted.connect(self.run)
        self.setup.live_wanted.connect(self._want_live)
        self.setup.parameters.changed.connect(self._want_live)
        self.setup.live_wanted.connect(self._judgement.want)
        self.setup.changed.connect(self._judgement.want)
        self.setup.sheet_wanted.connect(lambda path: self._spawn(self._open(path), "backtest open"))
        self.setup.changed.connect(self._setup_changed)
        self.setup.edit_wanted.connect(self._edit)
        self._workspace.link.strategy_to_test.connect(self._test)
        self.setup.symbols.changed.connect(self._remember)
        self.results.trades.trade_chosen.connect(self._trade_chosen)
        self.results.trades.chart_wanted.connect(self._chart_wanted)
        self.results.sweep.wanted.connect(self.sweep)
        self.results.sweep.chosen.connect(self._run_with)
        self.results.walk.wanted.connect(self.walk)
        self.results.history.forget_wanted.connect(
            lambda keys: self._spawn(self._forget(keys), "backtest forget")
        )
        run = QShortcut(QKeySequence("Ctrl+Return"), self)
        run.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        run.activated.connect(self.run)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self._workspace.scope.spawn(work, name=name)

    # -- life ---

    def wake(self) -> None:
        """Follow what others do to the records and names while the panel is seen."""
        self._backtests.warm()
        self._subscriptions = [
            self._backtests.recorded.subscribe(self._recorded),
            self._workspace.instruments.loaded.subscribe(lambda _: self.setup.symbols.refresh()),
        ]
        self.setup.symbols.refresh()

    def sleep(self) -> None:
        """Follow no more; what runs goes on."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        self._workspace.frame_clock.forget(self._flush_bound)

    def _restore(self) -> None:
        kept = self._workspace.preferences.read(_SYMBOLS)
        symbols = [str(symbol) for symbol in kept] if isinstance(kept, list) else []
        shown = self._workspace.link.symbol
        self.setup.symbols.set_symbols(symbols or ([shown] if shown else []))

    def _remember(self) -> None:
        self._workspace.preferences.write(_SYMBOLS, list(self.setup.symbols.symbols))

    def _recorded(self, record: RunRecord | None) -> None:
        self._spawn(self._load_records(), "backtest records")

    async def _load(self) -> None:
        try:
            sheets = await self._backtests.presets()
        except TerminalError as error:
            self._say_problem(said(error))
            return
        self.setup.set_sheets(sheets)
        name = self._workspace.preferences.read(_STRATEGY)
        chosen = next((sheet for sheet in sheets if sheet.source.name == name), None)
        if chosen is not None:
            self.setup.show_sheet(chosen)
        if self._workspace.link.tested_strategy is not None:
            self._test(self._workspace.link.tested_strategy)
        await self._load_records()

    async def _load_records(self) -> None:
        try:
            self.results.history.show_records(await self._backtests.records())
        except TerminalError as error:
            self._workspace.link.message.emit("warn", said(error))

    async def _forget(self, keys: list[str]) -> None:
        try:
            await self._backtests.forget(keys)
        except TerminalError as error:
            self._workspace.link.message.emit("danger", said(error))

    async def _open(self, path: str) -> None:
        try:
            sheet = await self._backtests.open(path)
        except TerminalError as error:
            self._workspace.link.message.emit("danger", said(error))
            return
        self.setup.show_sheet(sheet)

    # -- the editor ---

    def _test(self, sheet: StrategySheet) -> None:
        """Take a strategy that was built; whoever asks presses run."""
        self.setup.show_sheet(sheet)
        self._say(tr("'{title}' 전략을 실행할 준비가 되었습니다.", title=said(sheet.title)))

    def _edit(self) -> None:
        sheet = self.setup.sheet
        if sheet is not None and sheet.source.kind == "python":
            self._say_problem(
                tr("파이썬 전략은 여기서 편집하지 않습니다. 규칙 전략(.kis.yaml)만 편집합니다.")
            )
            return
        editor = StrategyEditor(self._workspace, self._backtests, self)
        if sheet is None:
            editor.begin_new()
        else:
            editor.begin_text(sheet.source.name, sheet.source.text)
        editor.show()

    # -- saying ---

    def _say_problem(self, text: str) -> None:
        self.strip.progress.say(text, self._theme.colours.danger)

    def _say(self, text: str) -> None:
        self.strip.progress.say(text, self._theme.colours.muted)

    def _take_progress(self, progress: WorkProgress) -> None:
        self._progress = progress
        self._workspace.frame_clock.request(self._flush_bound)

    def _flush(self) -> None:
        if self._progress is not None and self.strip.is_busy:
            self.strip.show_progress(self._progress)

    def _setup_changed(self) -> None:
        sheet = self.setup.sheet
        rules = sheet.parameters if sheet is not None else ()
        if [row.rule for row in self.results.sweep.ranges.rows] != [
            r for r in rules if _is_number(r.default)
        ]:
            self.results.sweep.ranges.set_rules(rules)
        if sheet is not None:
            self._workspace.preferences.write(_STRATEGY, sheet.source.name)
        if self.outcome is not None and not self.strip.is_busy:
            self._say(tr("바꾼 값은 다음 실행부터 반영됩니다."))

    # -- running ---

    def run(self) -> None:
        """Run what is set up."""
        self._start(lambda: self._run(), "backtest run")

    def sweep(self) -> None:
        """Search over parameters."""
        self._start(lambda: self._sweep(is_live=False), "backtest sweep")

    def walk(self) -> None:
        """Make a walk-forward study."""
        self._start(lambda: self._walk(), "backtest walk")

    def stop(self) -> None:
        """Stop at once whatever runs."""
        if self._task is not None:
            self._task.cancel()

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        if self.strip.is_busy:
            return
        self._progress = None
        self.strip.show_busy(is_busy=True)
        self._task = self._workspace.scope.spawn(self._guarded(work), name=name, replaces="backtest-run")

    async def _guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do a work, say what went wrong with it, and give the button back."""
        try:
            await work()
        except TerminalError as error:
            self._say_problem(said(error))
        except asyncio.CancelledError:
            self._say(tr("멈췄습니다."))
            raise
        finally:
            self.strip.show_busy(is_busy=False)

    async def _run(self) -> None:
        request = self.setup.request()
        title = self.setup.sheet.title if self.setup.sheet is not None else ""
        outcome = await self._backtests.run(request, self._take_progress, title=str(title))
        self._take_outcome(outcome)
        if self.setup.sheet is not None:
            self.strip.name = self.setup.sheet.source.name
        if self.results.current in ("sweep", "walk", "history"):
            self.results.show_tab("summary")

    def _take_outcome(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.results.show_outcome(outcome)
        self.strip.export_button.setEnabled(True)
        calls = sum(report.calls for report in outcome.result.data)
        bars = sum(len(outcome.bars[key]) for key in outcome.result.request.series if key in outcome.bars)
        self._say(
            tr(
                "{n:,}봉 · {seconds:.0f} ms · 조회 {calls}회",
                n=bars,
                seconds=outcome.seconds * 1000,
                calls=calls,
            )
        )

    async def _sweep(self, *, is_live: bool) -> None:
        request = self.results.sweep.request(self.setup.request())
        result = await self._backtests.sweep(request, self._take_progress, is_live=is_live)
        self._sweep_seconds = result.seconds
        self.results.sweep.show_result(result)
        self._say(tr("탐색을 마쳤습니다."))

    async def _walk(self) -> None:
        sweep = self.results.sweep.request(self.setup.request())
        result = await self._backtests.walk_forward(self.results.walk.request(sweep), self._take_progress)
        self.results.walk.show_result(result, self.results.sweep.labels)
        self._say(tr("전진분석을 마쳤습니다."))

    # -- what the values make impossible ---

    async def _judge(self) -> None:
        """Have the values of the parameters looked at."""
        sheet = self.setup.sheet
        told: Sequence[str] = ()
        if sheet is not None and sheet.is_runnable:
            try:
                told = await self._backtests.judge(sheet.source, self.setup.parameters.values())
            except TerminalError:
                told = ()  # a value that is no number is told when it is run
        if self.setup.sheet is sheet:
            self.setup.show_value_problems(told)

    # -- while a slider moves ---

    @property
    def is_fast(self) -> bool:
        """Tell whether the last run was fast enough to follow a slider."""
        return self.outcome is not None and self.outcome.seconds < FAST_SECONDS

    @property
    def live_runs(self) -> int:
        """Return how often a slider has redrawn the result."""
        return self._live_runs

    def _want_live(self) -> None:
        """Follow the sliders."""
        if self.is_fast and not self.strip.is_busy:
            self._live.want()

    async def _follow(self) -> None:
        if self.strip.is_busy:
            return
        try:
            request = self.setup.request()
            outcome = await self._backtests.run(request, lambda _: None, is_live=True)
            if self.results.current == "sweep" and (self._sweep_seconds or 1.0) < FAST_SECONDS:
                await self._sweep(is_live=True)
        except TerminalError as error:
            self._say_problem(said(error))
            return
        self._live_runs += 1
        self._take_outcome(outcome)

    def _run_with(self, parameters: dict[str, Any]) -> None:
        """Run with the values of a combination."""
        self.setup.parameters.show_values(parameters)
        if SYMBOL in parameters and SYMBOL not in self.setup.parameters.rows:
            self.setup.symbols.set_symbols([str(parameters[SYMBOL])])
            return
        if self.is_fast:
            self._want_live()
        else:
            self._setup_changed()

    # -- what others want ---

    def begin_from(self, symbol: str, day: date) -> None:
        """Set up a run of one symbol from a day on; whoever asks presses run."""
        self.setup.symbols.set_symbols([symbol])
        self.setup.set_period(min(day, self._today() - timedelta(days=1)), self._today())
        self._say(tr("{name}: {day}부터 실행할 준비가 되었습니다.", name=self._name(symbol), day=day))

    def _name(self, symbol: str) -> str:
        return self._workspace.instruments.name(symbol)

    def _trade_chosen(self, trade: BacktestTrade) -> None:
        self.results.bars.show_symbol(trade.symbol, trade.entry_time)
        self._workspace.link.moment_wanted.emit(trade.symbol, trade.entry_time)

    def _chart_wanted(self, trade: BacktestTrade) -> None:
        """Show a trade in the chart of the run."""
        self.results.bars.show_symbol(trade.symbol, trade.entry_time)
        self.results.show_tab("bars")

    def _export(self, form: ReportForm, path: str) -> None:
        outcome = self.outcome
        if outcome is not None:
            self._spawn(self._write(outcome, form, Path(path)), "backtest export")

    async def _write(self, outcome: Outcome, form: ReportForm, path: Path) -> None:
        try:
            written = await self._backtests.write(outcome.result, form, path, language())
        except TerminalError as error:
            self._workspace.link.message.emit("danger", said(error))
            return
        self._workspace.link.message.emit("info", tr("{path} 파일에 저장했습니다.", path=written))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
