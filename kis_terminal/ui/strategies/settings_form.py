"""The settings of one strategy as a form: symbols, bars, mode, size, budget, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.plan import LeftOrders, StrategyMode, StrategyPlan, Value
from kis_terminal.ui.backtesting.form_rows import FormRows, TextField
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.strategies.words import INTERVALS, interval_word, left_word, mode_word, sizing_word
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class SettingsForm(QScrollArea):
    """Shows a plan and reads it back. Signals: `take_wanted()` the person wants it in force."""

    take_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._plan: StrategyPlan | None = None
        self.parameters: dict[str, QLineEdit] = {}
        self._labels: dict[str, QLabel] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        inset = theme.metrics.inset
        layout.setContentsMargins(inset, inset, inset, inset)
        grid = QGridLayout()
        rows = FormRows(theme, grid)
        self.symbols = QLineEdit()
        self.symbols.setAccessibleName(tr("전략의 종목"))
        self.symbols.setPlaceholderText("005930 000660")
        self.interval = self._choice(tr("봉 길이"), [(item, interval_word(item)) for item in INTERVALS])
        self.mode = self._choice(tr("주문 방식"), [(item, mode_word(item)) for item in StrategyMode])
        self.sizing = self._choice(tr("매수 크기의 단위"), [(item, sizing_word(item)) for item in SizingKind])
        self.amount = TextField(theme, tr("매수 크기"))
        self.budget = TextField(theme, tr("투자금"), unit=tr("원"))
        self.left = self._choice(tr("오류 때의 열린 주문"), [(item, left_word(item)) for item in LeftOrders])
        self.rate = TextField(theme, tr("1분 주문 수"))
        rows.add(tr("종목"), self.symbols)
        rows.add(tr("봉"), self.interval)
        rows.add(tr("방식"), self.mode)
        rows.add(tr("매수 크기"), self.amount, self.sizing)
        rows.add(tr("투자금"), self.budget)
        rows.add(tr("오류 때"), self.left)
        rows.add(tr("1분 주문 수"), self.rate)
        layout.addLayout(grid)
        self._own = QGridLayout()
        layout.addLayout(self._own)
        self.take_button = QPushButton(tr("적용"))
        self.take_button.setAccessibleName(tr("전략 설정 적용"))
        self.take_button.clicked.connect(lambda: self.take_wanted.emit())
        layout.addWidget(self.take_button)
        layout.addStretch(1)
        self.setWidget(inside)

    def _choice(self, name: str, items: list[tuple[StrEnum, str]]) -> Choice:
        box = Choice(self._theme, name)
        for value, word in items:
            box.addItem(word, value.value)
        return box

    def show_plan(self, plan: StrategyPlan, parameters: Mapping[str, str]) -> None:
        """Fill the form; `parameters` are those in force as far as the strategy has told them."""
        self._plan = plan
        self.symbols.setText(" ".join(plan.symbols))
        for box, value in (
            (self.interval, plan.interval),
            (self.mode, plan.mode),
            (self.sizing, plan.sizing),
            (self.left, plan.left_orders),
        ):
            box.setCurrentIndex(max(0, box.findData(value.value)))
        self.amount.setText(f"{plan.size:g}" if plan.size else "")
        self.budget.setText(f"{plan.budget:,.0f}")
        self.rate.setText(str(plan.orders_a_minute))
        self._show_parameters({**parameters, **{name: str(value) for name, value in plan.parameters.items()}})

    def _show_parameters(self, parameters: Mapping[str, str]) -> None:
        while (item := self._own.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        rows = FormRows(self._theme, self._own)
        self.parameters, self._labels = {}, {}
        for name, value in parameters.items():
            field = QLineEdit(value)
            field.setAccessibleName(name)
            self._labels[name] = rows.add(name, field)
            self.parameters[name] = field

    def label_parameters(self, words: Mapping[str, str]) -> None:
        """Call the parameters what the file calls them for people; their names stand in the tooltips."""
        for name, label in self._labels.items():
            if name in words:
                label.setText(words[name])
                label.setToolTip(name)
                self.parameters[name].setAccessibleName(words[name])
                self.parameters[name].setToolTip(name)

    def plan(self) -> StrategyPlan:
        """Return the plan as the form has it; raises WrongNumber or CorrectionNeeded."""
        assert self._plan is not None  # noqa: S101 - the form is hidden without a strategy
        before = self._plan
        sizing = SizingKind(self.sizing.currentData())
        is_equal = sizing is SizingKind.EQUAL_WEIGHT
        size = self.amount.number(least=0, can_be_empty=is_equal, is_whole=sizing is SizingKind.SHARES)
        budget = self.budget.number(least=1) or 0
        rate = self.rate.number(least=1, most=600, is_whole=True) or 1
        interval = next(item for item in INTERVALS if item.value == self.interval.currentData())
        texts = {name: field.text().strip() for name, field in self.parameters.items()}
        return replace(
            before,
            symbols=tuple(self.symbols.text().replace(",", " ").split()),
            interval=interval,
            mode=StrategyMode(self.mode.currentData()),
            sizing=sizing,
            size=float(size or 0),
            budget=Decimal(str(budget)),
            left_orders=LeftOrders(self.left.currentData()),
            orders_a_minute=int(rate),
            parameters={name: _value(text) for name, text in texts.items() if text},
        )


def _value(text: str) -> Value:
    """Return what a person typed as a number where it is one, else as the text or the yes or no it is."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
