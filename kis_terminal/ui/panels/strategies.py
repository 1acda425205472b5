"""전략 (0710): strategies in the market, what they want, what became of it, their settings and their log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.strategy.plan import LeftOrders, SignalState, StrategyMode, StrategyPlan, Value
from kis_terminal.services.strategies import Strategies, StrategyView
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.strategies.adding import Adding, StrategySources
from kis_terminal.ui.strategies.left_orders import LeftOrdersStrip
from kis_terminal.ui.strategies.settings_form import SettingsForm
from kis_terminal.ui.strategies.tables import signal_grid, strategy_grid
from kis_terminal.ui.strategies.words import title_word
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

if TYPE_CHECKING:
    from kis_terminal.domain.backtest_work import StrategySheet
    from kis_terminal.domain.strategy.contract import ParameterRule

__all__ = ["StrategiesPanel", "StrategySources"]

_TABS = ("신호", "전략 기록", "설정")
_FIRST_BUDGET = Decimal(10_000_000)


class StrategiesPanel(Panel):
    """Set up, start, approve, stop. Everything that may lose money is asked in the strip at the foot."""

    panel_name = "strategies"
    screen_number = "0710"

    def __init__(self, workspace: Workspace, strategies: Strategies, sources: StrategySources) -> None:
        super().__init__(workspace, tr("전략", context="panel"))
        self._strategies = strategies
        self._sources = sources
        self._key = ""
        self._labels: dict[str, dict[str, str]] = {}
        """What people read of parameters, by the text of the strategy."""
        self._rules: dict[str, Sequence[ParameterRule]] = {}
        """What values a file's parameters may have, by its text."""
        self._filled: tuple[StrategyPlan, frozenset[str]] | None = None
        """What the form was filled with: a plan and the names of its parameters."""
        self.add_button = self._button(
            tr("추가 ▾"), tr("전략 추가"), lambda: self.adding.open_menu(self.add_button)
        )
        self.edit_button = self._button(tr("만들기·편집"), tr("전략 만들기와 편집"), self._open_editor)
        self.start_button = self._button(tr("시작"), tr("전략 시작"), self.start)
        self.stop_button = self._button(tr("멈춤"), tr("전략 멈춤"), self.stop)
        self.arm_button = self._button(tr("자동 주문 잠금"), tr("자동 주문 잠금"), self._arm)
        self.arm_button.setCheckable(True)
        self.remove_button = self._button(tr("지우기"), tr("전략 지우기"), self.remove)
        self.grid = strategy_grid(self.theme, workspace.preferences, workspace.instruments.name)
        self.signals = signal_grid(self.theme, workspace.preferences, workspace.instruments.name)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(1_000)
        self.log.setAccessibleName(tr("전략 기록"))
        self.log.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.form = SettingsForm(self.theme)
        self.confirm = ConfirmStrip(self.theme, workspace.environment)
        self.left_orders = LeftOrdersStrip(self.theme)
        self.adding = Adding(self, workspace, sources, self.confirm, self.add_sheet)
        self._lay_out()
        self.grid.chosen.connect(self._choose)
        self.grid.activated.connect(lambda _: self.tabs.setCurrentIndex(0))
        self.grid.delete_wanted.connect(lambda _: self.remove())
        self.signals.activated.connect(self._ask_approval)
        self.signals.chosen.connect(self._ask_approval)
        self.form.take_wanted.connect(self._take_settings)
        self.left_orders.decided.connect(self._decided)
        workspace.link.strategy_to_add.connect(self.add_sheet)
        self._refresh()

    def _button(self, text: str, name: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(name)
        button.clicked.connect(lambda: act())
        self.title_area.addWidget(button)
        return button

    def _lay_out(self) -> None:
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.pages = QStackedWidget()
        for word, page in zip(_TABS, (self.signals, self.log, self.form), strict=True):
            self.tabs.addTab(tr(word, context="tab"))
            self.pages.addWidget(page)
        self.tabs.currentChanged.connect(self._tab_changed)
        lower = QWidget()
        layout = QVBoxLayout(lower)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.pages, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.grid)
        split.addWidget(lower)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        self.body.addWidget(split, 1)
        self.body.addWidget(self.left_orders)
        self.body.addWidget(self.confirm)

    def _tab_changed(self, place: int) -> None:
        self.pages.setCurrentIndex(place)
        if self.pages.currentWidget() is self.form:
            self._want_labels()

    # -- life ---

    def activate(self) -> None:
        """Show what there is and follow it."""
        self.keep(self._strategies.changed.subscribe(lambda _: self._dirty()))
        self._refresh()

    def deactivate(self) -> None:
        """Draw no more."""
        self.workspace.frame_clock.forget(self._refresh)

    def _dirty(self) -> None:
        self.workspace.frame_clock.request(self._refresh)

    def _refresh(self) -> None:
        views = {key: self._strategies.view(key) for key in self._strategies.keys}
        if self._key not in views:
            self._key = next(iter(views), "")
        if list(self.grid.keys) != list(views):
            self.grid.set_rows(list(views.items()))
            if self._key:
                self.grid.select(self._key)
        else:
            for key, view in views.items():
                if self.grid.row(key) != view:
                    self.grid.update_row(key, view)
        self._show(views.get(self._key))

    def _show(self, view: StrategyView | None) -> None:
        alive = view is not None and view.state.is_alive
        self.start_button.setEnabled(view is not None and not alive)
        self.stop_button.setEnabled(alive)
        self.remove_button.setEnabled(view is not None)
        is_real = self.workspace.environment is Environment.REAL
        is_automatic = view is not None and view.plan.mode is StrategyMode.AUTOMATIC
        self.arm_button.setVisible(is_real and is_automatic)
        self.form.setVisible(view is not None)
        if view is None:
            self.signals.set_rows([])
            self.log.clear()
            self._filled = None
            return
        self.arm_button.setChecked(view.is_armed)
        self.arm_button.setText(tr("자동 주문 켜짐") if view.is_armed else tr("자동 주문 잠금"))
        self.signals.set_rows([(str(signal.number), signal) for signal in reversed(view.signals)])
        lines = [f"! {said(view.reason)}"] if view.reason else []
        lines += [f"{name} = {text}" for name, text in view.shown.items()]
        text = "\n".join([*map(said, view.log), *lines])
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())
        wanted = (view.plan, frozenset(view.parameters))
        if self._filled != wanted:
            self._filled = wanted
            self.form.show_plan(view.plan, view.parameters)
            self.form.label_parameters(self._labels.get(view.plan.text, {}))
        waiting = sum(signal.state is SignalState.ASKED for signal in view.signals)
        words = tr("신호 ({count}건 승인 대기)", count=waiting) if waiting else tr(_TABS[0], context="tab")
        self.tabs.setTabText(0, words)

    def _choose(self, key: str) -> None:
        self._key = key
        self.left_orders.leave()
        self._show(self._strategies.view(key))

    def _want_labels(self) -> None:
        """Ask what the chosen strategy calls its parameters; nobody needs it before the settings are seen."""
        plan = self._strategies.view(self._key).plan if self._key else None
        if plan is None or plan.kind == "python" or plan.text in self._labels:
            return
        self.scope.spawn(self._label(plan), name="strategy labels", replaces="strategy-labels")

    async def _label(self, plan: StrategyPlan) -> None:
        backtests = await asyncio.to_thread(self._sources.backtests)
        try:
            draft = await backtests.draft_of_text(plan.name, plan.text)
        except TerminalError:
            return  # the names stand as they are
        self._keep_labels(draft.sheet)

    def add_file(self, path: str) -> None:
        """Read a file and add it; what is wrong with it is said, Python code is asked about."""
        self.adding.add_file(path)

    def _keep_labels(self, sheet: StrategySheet) -> None:
        words = {rule.name: tr(rule.description) for rule in sheet.parameters if rule.description}
        self._labels[sheet.source.text] = words
        if sheet.source.kind != "python":
            self._rules[sheet.source.text] = sheet.parameters
        if self._key and self._strategies.view(self._key).plan.text == sheet.source.text:
            self.form.label_parameters(words)

    # -- acts ---

    def _tell(self, grade: str, words: str) -> None:
        self.workspace.link.message.emit(grade, words)

    def start(self) -> None:
        """Start the chosen strategy; one that sends orders by itself is asked about first."""
        if not self._key:
            return
        view = self._strategies.view(self._key)
        if view.plan.mode is StrategyMode.AUTOMATIC:
            question = tr(
                "전략 '{title}'이(가) 투자금 {budget}원까지 스스로 주문합니다. 시작합니까?",
                title=title_word(view.plan.title),
                budget=f"{view.plan.budget:,.0f}",
            )
            self.confirm.ask(question, tr("시작"), lambda: self._start(view.plan.key))
        else:
            self._start(view.plan.key)

    def _start(self, key: str) -> None:
        try:
            self._strategies.start(key)
        except TerminalError as error:
            self._tell("danger", said(error))
        self._refresh()

    def stop(self) -> None:
        """Stop the chosen strategy; its open orders are asked about."""
        if self._key and not self._strategies.stop(self._key):
            self._ask_left_orders(is_removal=False)
        self._refresh()

    def remove(self) -> None:
        """Delete the chosen strategy, after a question; its open orders are asked about."""
        if not self._key:
            return
        view = self._strategies.view(self._key)
        question = tr(
            "전략 '{title}'을(를) 지웁니까? 보유 주식은 계좌에 남습니다.", title=title_word(view.plan.title)
        )
        self.confirm.ask(question, tr("지우기"), lambda: self._remove(view.plan.key))

    def _remove(self, key: str) -> None:
        if not self._strategies.remove(key):
            self._ask_left_orders(is_removal=True)
        self._refresh()

    def _ask_left_orders(self, *, is_removal: bool) -> None:
        count = len(self._strategies.open_orders(self._key))
        self.left_orders.ask(self._key, count, is_removal=is_removal)

    def _decided(self, key: str, answer: str, is_removal: bool) -> None:
        if key not in self._strategies.keys:
            return
        if not answer:
            self._strategies.go_on(key)
        elif is_removal:
            self._strategies.remove(key, LeftOrders(answer))
        else:
            self._strategies.stop(key, LeftOrders(answer))
        self._refresh()

    def _arm(self) -> None:
        key = self._key
        if not key:
            return
        if self._strategies.view(key).is_armed:
            self._strategies.arm(key, is_armed=False)
            return
        self.arm_button.setChecked(False)
        question = tr("이 전략이 승인 없이 실전투자 주문을 내게 합니까? 다시 시작하면 잠깁니다.")
        self.confirm.ask(question, tr("자동 주문 켜기"), lambda: self._strategies.arm(key, is_armed=True))

    def _ask_approval(self, number: str) -> None:
        view = self._strategies.view(self._key)
        signal = next((item for item in view.signals if str(item.number) == number), None)
        if signal is None or signal.state not in (SignalState.ASKED, SignalState.KEPT):
            return
        key, chosen = self._key, signal.number
        if signal.state is SignalState.KEPT:
            self.confirm.ask(
                tr("다시 시도하는 매도를 그만둡니까?"),
                tr("그만두기"),
                lambda: self._strategies.decline(key, chosen),
            )
            return
        words = tr(
            "{name} {quantity}주 {side} 주문을 지금 가격으로 보냅니까?",
            name=self.workspace.instruments.name(signal.symbol),
            quantity=f"{signal.quantity:,}",
            side=_side(signal.side.value),
        )
        self.confirm.ask(words, tr("보내기"), lambda: self._approve(key, chosen))

    def _approve(self, key: str, number: int) -> None:
        if not self._strategies.approve(key, number):
            self._tell("warn", tr("이 신호는 더 기다리지 않습니다."))

    def _take_settings(self) -> None:
        try:
            plan = self.form.plan()
            self._check_parameters(plan)
            self._strategies.change(plan)
        except WrongNumber as wrong:
            self._tell("warn", str(wrong))
        except TerminalError as error:
            self._tell("warn", said(error))
        self._refresh()

    def _check_parameters(self, plan: StrategyPlan) -> None:
        """Raise CorrectionNeeded for a value that the strategy would refuse when it starts."""
        from kis_terminal.domain.strategy.binding import override_fault
        from kis_terminal.domain.strategy.model import ParamDef

        words = self._labels.get(plan.text, {})
        for rule in self._rules.get(plan.text, ()):
            type_ = "int" if isinstance(rule.default, int) else None
            name = words.get(rule.name, rule.name)
            definition = ParamDef(name, rule.default, rule.minimum, rule.maximum, rule.step, type_)
            fault = override_fault(definition, plan.parameters.get(rule.name, rule.default))
            if fault is not None:
                raise CorrectionNeeded(fault)

    # -- adding ---

    def _open_presets(self) -> None:
        self.adding.open_menu(self.add_button)

    def _open_editor(self) -> None:
        """Open the editor on the chosen strategy, on an empty one where there is none to edit."""
        view = self._strategies.view(self._key) if self._key else None
        self.adding.open_editor(None if view is None else view.plan)

    def add_sheet(self, sheet: StrategySheet) -> None:
        """Add what the worker has read: its parameters begin with their defaults."""
        source = sheet.source
        parameters = {rule.name: rule.default for rule in sheet.parameters}
        self._keep_labels(sheet)
        self._add(source.name, source.text, source.kind, str(sheet.title), parameters)

    def _add(self, name: str, text: str, kind: str, title: str, parameters: Mapping[str, Value]) -> None:
        symbol = self.workspace.link.symbol
        try:
            if not symbol:
                raise CorrectionNeeded(tr("먼저 종목을 하나 고르십시오."))
            plan = StrategyPlan(
                "", title, name, text, kind, (symbol,), parameters=parameters, budget=_FIRST_BUDGET
            )
            self._key = self._strategies.add(plan)
        except TerminalError as error:
            self._tell("warn", said(error))
            return
        self._refresh()
        self.grid.select(self._key)
        self.tabs.setCurrentIndex(len(_TABS) - 1)


def _side(side: str) -> str:
    return tr("매수") if side == "buy" else tr("매도")
