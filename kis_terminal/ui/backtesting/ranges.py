"""Which parameters a search moves, from where to where: a row each, shared by 탐색 and 전진분석."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.contract import Parameter, ParameterRule
from kis_terminal.domain.sweeps import ParameterRange
from kis_terminal.ui.backtesting.form_rows import TextField, plain_label
from kis_terminal.ui.backtesting.parameters import is_whole, label_of, limits_of
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr, unmarked

MOST_COMBINATIONS = 1_000_000
_USUAL_STEPS = 20
_MOST_VALUES = 2_000


def values_between(first: float, last: float, step: float, *, whole: bool) -> list[Parameter]:
    """Return `first`, `first + step`, … up to and with `last`; whole numbers where the parameter is one."""
    count = int((last - first) / step + 1e-9) + 1
    if whole:
        return list(dict.fromkeys(round(first + i * step) for i in range(count)))
    return [round(first + i * step, 10) for i in range(count)]


class _Row:
    def __init__(self, theme: Theme, rule: ParameterRule) -> None:
        self.rule = rule
        least, most, step = limits_of(rule)
        default = float(rule.default)
        low, high = max(least, default / 2), min(most, default * 2)
        if high <= low:
            low, high = least, most
        step = max(step, _rounded((high - low) / _USUAL_STEPS, is_whole=is_whole(rule)))
        self.box = QCheckBox(unmarked(label_of(rule)))
        self.box.setToolTip(rule.name)
        fields = []
        for word, value in ((tr("부터"), low), (tr("까지"), high), (tr("간격"), step)):
            text = str(round(value)) if is_whole(rule) else f"{value:g}"
            fields.append(TextField(theme, f"{label_of(rule)} {word}", text))
        self.first, self.last, self.step = fields

    def values(self) -> list[Parameter]:
        """Return the values; raises WrongNumber or CorrectionNeeded."""
        whole = is_whole(self.rule)
        first = self.first.number(least=self.rule.minimum, most=self.rule.maximum, is_whole=whole) or 0.0
        last = self.last.number(least=self.rule.minimum, most=self.rule.maximum, is_whole=whole) or 0.0
        step = self.step.number(least=1e-9, is_whole=whole) or 1.0
        if last < first:
            self.last.mark(is_wrong=True)
            raise CorrectionNeeded(tr("{name}: 끝이 처음보다 작습니다.", name=label_of(self.rule)))
        if (last - first) / step > _MOST_VALUES:
            self.step.mark(is_wrong=True)
            raise CorrectionNeeded(tr("{name}: 간격이 너무 촘촘합니다.", name=label_of(self.rule)))
        return values_between(first, last, step, whole=whole)


def _rounded(step: float, *, is_whole: bool) -> float:
    """Return a step of one significant digit."""
    if is_whole:
        return float(max(1, round(step)))
    return float(f"{step:.1g}")


class RangeTable(QWidget):
    """Rows of a strategy's numbers. Signals: `changed()`."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: list[_Row] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(2)

    def set_rules(self, rules: Sequence[ParameterRule]) -> None:
        """Show the numbers of another strategy; the first two are moved."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        numbers = [rule for rule in rules if isinstance(rule.default, int | float)]
        numbers = [rule for rule in numbers if not isinstance(rule.default, bool)]
        if not numbers:
            self._grid.addWidget(
                plain_label(self._theme, tr("탐색할 매개변수가 없는 전략입니다.")), 0, 0, 1, 3
            )
        else:
            for column, word in enumerate((tr("부터"), tr("까지"), tr("간격"))):
                self._grid.addWidget(plain_label(self._theme, word), 0, column)
        for place, rule in enumerate(numbers):
            row = _Row(self._theme, rule)
            row.box.setChecked(place < 2)
            row.box.toggled.connect(lambda _: self.changed.emit())
            # A name may be long: it has a line of its own over its fields.
            self._grid.addWidget(row.box, 2 * place + 1, 0, 1, 3)
            for column, field in enumerate((row.first, row.last, row.step)):
                field.editingFinished.connect(self.changed.emit)
                self._grid.addWidget(field, 2 * place + 2, column)
            self.rows.append(row)
        self._grid.setRowStretch(2 * len(numbers) + 1, 1)
        self.changed.emit()

    def ranges(self) -> list[ParameterRange]:
        """Return what is moved; raises CorrectionNeeded."""
        chosen = [ParameterRange(row.rule.name, row.values()) for row in self.rows if row.box.isChecked()]
        if not chosen:
            raise CorrectionNeeded(tr("움직일 매개변수를 하나 이상 고르십시오."))
        return chosen

    def combinations(self) -> int:
        """Return how many runs a grid takes; raises CorrectionNeeded over a million."""
        count = 1
        for chosen in self.ranges():
            count *= len(chosen.values)
        if count > MOST_COMBINATIONS:
            raise CorrectionNeeded(
                tr("조합이 {n:,}개입니다. {most:,}개 이하로 줄이십시오.", n=count, most=MOST_COMBINATIONS)
            )
        return count
