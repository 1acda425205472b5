"""Conditions of the editor: one row each, and the group that joins them by AND or OR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from kis_terminal.ui.backtesting.form_rows import plain_label
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.strategy_editor.operands import (
    ARITHMETIC,
    OPERATORS,
    SIGNALS,
    Plain,
    Side,
    shown,
    typed,
    usual_line,
)
from kis_terminal.ui.strategy_editor.rows import EditorRow, ValueBox
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_SIDE, _OPERATOR, _ARITHMETIC, _SCALAR = 160, 146, 48, 64
_LOGICS = (("AND", "모두 맞을 때 (AND)"), ("OR", "하나라도 맞을 때 (OR)"))


class ConditionRow(EditorRow):
    """Left operator right, or a pattern and its signal."""

    def __init__(self, theme: Theme, plain: Plain, uses: Sequence[Plain]) -> None:
        super().__init__(theme, tr("조건"))
        self._sides: list[Side] = []
        self._left, self._right = self._read(plain, uses)
        self.left = Choice(theme, tr("왼쪽"))
        self.left.setFixedWidth(_SIDE)
        self.operator = Choice(theme, tr("비교"))
        self.operator.addItems([tr(word) for _, word in OPERATORS])
        self.operator.setFixedWidth(_OPERATOR)
        words = [word.value for word, _ in OPERATORS]
        operator = str(plain.get("operator", words[0]))
        self.operator.setCurrentIndex(words.index(operator) if operator in words else 0)
        self.right = ValueBox(theme, tr("오른쪽: 수, $매개변수, 가격이나 지표"), _SIDE)
        self.arithmetic = Choice(theme, tr("오른쪽에 더할 계산"))
        self.arithmetic.addItems([word for _, word in ARITHMETIC])
        self.arithmetic.setFixedWidth(_ARITHMETIC)
        operation = plain.get("compare_operation")
        if plain.get("compare_scalar") is not None:
            kinds = [None if kind is None else kind.value for kind, _ in ARITHMETIC]
            self.arithmetic.setCurrentIndex(kinds.index(operation) if operation in kinds[1:] else 1)
        self.scalar = self.text_field(tr("계산할 수"), _SCALAR)
        self.scalar.setText(shown(plain.get("compare_scalar")))
        self.signal = Choice(theme, tr("신호", context="pattern"))
        self.signal.addItems([tr(word) for _, word in SIGNALS])
        signals = [signal.value for signal, _ in SIGNALS]
        self.signal.setCurrentIndex(max(0, signals.index(plain.get("signal", "detected"))))
        for widget in (self.left, self.operator, self.right, self.arithmetic, self.scalar, self.signal):
            self.line.addWidget(widget)
        self.line.addStretch(1)
        self.finish()
        self.left.activated.connect(self._left_chosen)
        self.right.edited.connect(self._right_edited)
        for choice in (self.operator, self.signal, self.arithmetic):
            choice.activated.connect(lambda _: self._changed())

    @staticmethod
    def _read(plain: Plain, uses: Sequence[Plain]) -> tuple[Side, Side | str]:
        if plain.get("candlestick") is not None:
            alias = str(plain["candlestick"])
            return Side(alias, alias, is_pattern=True), ""
        word = str(plain.get("indicator", "close"))
        left = Side(word, word, str(plain.get("output") or usual_line(uses, word)))
        if plain.get("value") is not None:
            return left, shown(plain["value"])
        other = plain.get("compare_to")
        if other is None or not isinstance(other, str) or other.startswith("$"):
            return left, shown(other)
        return left, Side(other, other, str(plain.get("compare_output") or usual_line(uses, other)))

    # -- what may be chosen ---

    def offer(self, sides: Sequence[Side], found_patterns: Sequence[Side], parameters: Sequence[str]) -> None:
        """Offer what may be compared; what was chosen stays, also where it is not there any more."""
        self._sides = [*sides, *found_patterns]
        left = self._known(self._left)
        if left is None:
            self._sides.append(self._left)
        self.left.clear()
        self.left.addItems([side.label for side in self._sides])
        self.left.setCurrentIndex(self._sides.index(left or self._left))
        self.right.offer([*(side.label for side in sides), *(f"${name}" for name in parameters)])
        self.right.put(self._right_text())
        self._fit()

    def _known(self, side: Side) -> Side | None:
        """Return the offered side that means the same."""
        key = (side.word, side.line, side.is_pattern)
        return next((one for one in self._sides if (one.word, one.line, one.is_pattern) == key), None)

    def _right_text(self) -> str:
        if isinstance(self._right, str):
            return self._right
        known = self._known(self._right)
        return known.label if known is not None else self._right.word

    def _fit(self) -> None:
        """Show the inputs that this kind of condition has."""
        is_pattern = self._left.is_pattern
        self.signal.setVisible(is_pattern)
        for widget in (self.operator, self.right):
            widget.setVisible(not is_pattern)
        is_cross = OPERATORS[self.operator.currentIndex()][0].is_cross
        can_scale = not is_pattern and not is_cross and isinstance(self._right, Side)
        has_scalar = not is_pattern and self.arithmetic.currentIndex() > 0
        self.arithmetic.setVisible(can_scale or has_scalar)
        self.scalar.setVisible(has_scalar)

    # -- what is done ---

    def _left_chosen(self, place: int) -> None:
        self._left = self._sides[place]
        self._changed()

    def _right_edited(self) -> None:
        text = self.right.currentText().strip()
        found = next((side for side in self._sides if side.label == text and not side.is_pattern), None)
        self._right = found if found is not None else text
        self._changed()

    def _changed(self) -> None:
        self._fit()
        self.edited.emit()

    def rename(self, before: str, after: str) -> None:
        """Follow an alias that was renamed."""
        if self._left.word == before:
            self._left = Side(after, after, self._left.line, is_pattern=self._left.is_pattern)
        if isinstance(self._right, Side) and self._right.word == before:
            self._right = Side(after, after, self._right.line)

    def rename_parameter(self, before: str, after: str) -> None:
        """Follow a parameter that was renamed."""
        if self._right == f"${before}":
            self._right = f"${after}"

    def plain(self) -> dict[str, Any]:
        """Return the condition as the file has it."""
        if self._left.is_pattern:
            signal = SIGNALS[self.signal.currentIndex()][0].value
            return {"candlestick": self._left.word, "signal": signal}
        found: dict[str, Any] = {
            "indicator": self._left.word,
            "operator": OPERATORS[self.operator.currentIndex()][0].value,
        }
        right = self._right
        if isinstance(right, Side):
            found["compare_to"] = right.word
        else:
            value = typed(right)
            is_word = isinstance(value, str) and not value.startswith("$")
            if value is not None:
                found["compare_to" if is_word else "value"] = value
        for key, side in (("output", self._left), ("compare_output", right)):
            known = self._known(side) if isinstance(side, Side) else None
            if known is not None and known.is_named:
                found[key] = known.line
        operation = ARITHMETIC[self.arithmetic.currentIndex()][0]
        if operation is not None:
            scalar = typed(self.scalar.text())
            found["compare_scalar"] = 1 if scalar is None else scalar
            found["compare_operation"] = operation.value
        return found


class ConditionGroup(QWidget):
    """The conditions of entry or exit.

    Signals: `edited()`; `changed()` a row came or went; `added(QWidget)` the row that was added by hand.
    """

    edited = Signal()
    changed = Signal()
    added = Signal(object)

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self.rows: list[ConditionRow] = []
        self.title = plain_label(theme, title, is_muted=False)
        self.title.setFont(theme.bold(theme.metrics.body))
        self.logic = Choice(theme, tr("{title} 조건을 잇는 법", title=title))
        self.logic.addItems([tr(word) for _, word in _LOGICS])
        self.logic.setMinimumContentsLength(14)
        self.logic.activated.connect(lambda _: self.edited.emit())
        self.add_button = QToolButton()
        self.add_button.setText(tr("+ 조건"))
        self.add_button.setAccessibleName(tr("{title} 조건 더하기", title=title))
        self.add_button.clicked.connect(lambda: self._add_new())
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.logic)
        head.addWidget(self.add_button)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addLayout(head)
        self.nothing = plain_label(theme, tr("조건이 없습니다. '+ 조건'을 누르십시오."))
        self._layout.addWidget(self.nothing)

    def show_plain(self, plain: Plain, uses: Sequence[Plain]) -> None:
        """Show the group of a file."""
        for row in self.rows:
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        self.logic.setCurrentIndex(1 if str(plain.get("logic", "AND")).upper() == "OR" else 0)
        for condition in plain.get("conditions") or ():
            self._add(condition, uses)
        self.nothing.setVisible(not self.rows)

    def _add(self, plain: Plain, uses: Sequence[Plain]) -> ConditionRow:
        row = ConditionRow(self._theme, plain, uses)
        row.edited.connect(self.edited)
        row.remove_wanted.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._layout.addWidget(row)
        self.nothing.hide()
        return row

    def _add_new(self) -> None:
        self._add({"indicator": "close", "operator": "greater_than"}, ())
        self.changed.emit()
        self.added.emit(self.rows[-1])
        self.rows[-1].right.setFocus()

    def _remove(self, row: ConditionRow) -> None:
        self.rows.remove(row)
        self._layout.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.nothing.setVisible(not self.rows)
        self.changed.emit()

    def plain(self) -> dict[str, Any]:
        """Return the group as the file has it."""
        logic = _LOGICS[self.logic.currentIndex()][0]
        return {"logic": logic, "conditions": [row.plain() for row in self.rows]}
