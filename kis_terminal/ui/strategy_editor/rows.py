"""Rows of the editor: what is common to all, and those of parameters, indicators and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.strategy.indicator_table import Feed, canonical_id, indicators
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.ui.backtesting.form_rows import plain_label
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.strategy_editor.operands import PRICES, Plain, shown, typed
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr

NAME, NUMBER = 112, 56
_VALUE = 124
_PAIRS_IN_LINE = 3


PARAMETER_NUMBERS = (("default", "값"), ("min", "최소"), ("max", "최대"), ("step", "간격"))


class ValueBox(Choice):
    """A value: a number, or one of the file's `$parameters`. Signals: `edited()` by hand."""

    edited = Signal()

    def __init__(self, theme: Theme, name: str, width: int = _VALUE) -> None:
        super().__init__(theme, name)
        self.entry = QLineEdit()
        self.entry.setAccessibleName(name)
        self.entry.setStyleSheet("QLineEdit { border: 0; padding: 0; background: transparent; }")
        self.setLineEdit(self.entry)
        self.setInsertPolicy(Choice.InsertPolicy.NoInsert)
        self.setFixedWidth(width)
        self.setToolTip(name)
        self.setCompleter(None)  # type: ignore[arg-type]
        self.entry.textEdited.connect(lambda _: self.edited.emit())
        self.activated.connect(lambda _: self.edited.emit())

    def offer(self, words: Sequence[str]) -> None:
        """Offer words; what is typed stays."""
        text = self.currentText()
        self.blockSignals(True)
        self.clear()
        self.addItems(list(words))
        self.put(text)
        self.blockSignals(False)

    def put(self, text: str) -> None:
        """Show a value."""
        self.setCurrentIndex(self.findText(text))
        self.setEditText(text)
        self.entry.setCursorPosition(0)


class EditorRow(QFrame):
    """One thing of the file, with what the checker says of it. Signals: `edited()`, `remove_wanted()`."""

    edited = Signal()
    remove_wanted = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.problem = plain_label(theme)
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.line = QHBoxLayout()
        self.line.setSpacing(4)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(0, 2, 0, 2)
        self.content.setSpacing(2)
        self.content.addLayout(self.line)
        self.remove_button = QToolButton()
        self.remove_button.setText("✕")
        self.remove_button.setAccessibleName(tr("{name} 지우기", name=name))
        self.remove_button.clicked.connect(lambda: self.remove_wanted.emit())

    def finish(self) -> None:
        """Close the row: the button that removes it, and the place for problems."""
        self.line.addWidget(self.remove_button)
        self.content.addWidget(self.problem)

    def text_field(self, name: str, width: int = 0) -> QLineEdit:
        """Return a field for a word; it takes the room that is left without a width."""
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(name)
        field.setToolTip(name)
        if width:
            field.setFixedWidth(width)
        field.textEdited.connect(lambda _: self.edited.emit())
        return field

    def mark(self, severity: str, text: str) -> None:
        """Show what is wrong with it; nothing for an empty text."""
        colours = self.theme.colours
        colour = colours.danger if severity == "error" else colours.warn
        self.problem.setStyleSheet(f"color: {colour.name()};")
        self.problem.setText(text)
        self.problem.setVisible(bool(text))


class ParameterRow(EditorRow):
    """A parameter that a person or a sweep may change. Signals: `renamed(str, str)`."""

    renamed = Signal(str, str)

    def __init__(self, theme: Theme, name: str, plain: Plain) -> None:
        super().__init__(theme, tr("매개변수"))
        self._plain = dict(plain)
        self.known = name
        self.name = self.text_field(tr("이름", context="parameter"), NAME)
        self.name.setText(name)
        self.line.addWidget(self.name)
        self.numbers: dict[str, QLineEdit] = {}
        for key, word in PARAMETER_NUMBERS:
            field = self.text_field(tr(word), NUMBER)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            field.setText(shown(plain.get(key)))
            self.numbers[key] = field
            self.line.addWidget(field)
        self.is_whole = QCheckBox(tr("정수"))
        self.is_whole.setChecked(plain.get("type") == "int")
        self.is_whole.toggled.connect(lambda _: self.edited.emit())
        self.line.addWidget(self.is_whole)
        self.description = self.text_field(tr("설명"))
        self.description.setText(str(plain.get("description", "")))
        self.line.addWidget(self.description, 1)
        self.finish()

    def plain(self) -> dict[str, Any]:
        """Return the definition as the file has it."""
        numbers = {key: typed(field.text()) for key, field in self.numbers.items()}
        kind = "int" if self.is_whole.isChecked() else self._plain.get("type")
        if not self.is_whole.isChecked() and kind == "int":
            kind = "float"
        found = {**self._plain, **numbers, "type": kind, "description": self.description.text() or None}
        return {key: value for key, value in found.items() if value is not None}


class IndicatorRow(EditorRow):
    """A declared indicator with its parameters."""

    def __init__(self, theme: Theme, plain: Plain) -> None:
        super().__init__(theme, tr("지표"))
        self._plain = dict(plain)
        self.known = str(plain.get("alias", ""))
        indicator = indicators().get(canonical_id(str(plain.get("id", ""))))
        self.alias = self.text_field(tr("별칭"), NAME)
        self.alias.setText(self.known)
        self.line.addWidget(self.alias)
        title = said(indicator.name) if indicator is not None else str(plain.get("id", ""))
        label = plain_label(theme, f"{title} ({plain.get('id', '')})", is_muted=False)
        self.line.addWidget(label, 1)
        self.finish()
        given = dict(plain.get("params") or {})
        self.values: dict[str, ValueBox] = {}
        self.choices: dict[str, Choice] = {}
        pairs: list[tuple[str, QWidget]] = []
        for param in indicator.params if indicator is not None else ():
            if param.choices:
                pairs.append((param.name, self._choice(param.name, param.choices, given.get(param.name))))
            else:
                pairs.append((param.name, self._value(param.name, given.get(param.name), param.default)))
        shift = self._value("shift", given.get("shift"), 0)
        shift.setToolTip(tr("모든 선을 그만큼 전의 봉에서 읽습니다. 0은 오늘입니다."))
        pairs.append(("shift", shift))
        if indicator is not None and indicator.feed is Feed.CLOSE:
            pairs.append(
                ("source", self._choice("source", [word for word, _ in PRICES], given.get("source")))
            )
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        for place, (name, box) in enumerate(pairs):
            line, column = divmod(place, _PAIRS_IN_LINE)
            label = plain_label(theme, name)
            label.setMinimumWidth(label.sizeHint().width())
            grid.addWidget(label, line, 2 * column)
            grid.addWidget(box, line, 2 * column + 1)
        grid.setColumnStretch(2 * _PAIRS_IN_LINE, 1)
        self.content.insertLayout(1, grid)

    def _value(self, name: str, value: Any, default: object) -> ValueBox:
        box = ValueBox(self.theme, name)
        box.put(shown(value))
        box.entry.setPlaceholderText(shown(default))
        box.edited.connect(self.edited)
        self.values[name] = box
        return box

    def _choice(self, name: str, words: Sequence[str], value: Any) -> Choice:
        box = Choice(self.theme, name)
        box.addItems(list(words))
        box.setCurrentIndex(max(0, box.findText(str(value or words[0]))))
        box.activated.connect(lambda _: self.edited.emit())
        self.choices[name] = box
        return box

    def plain(self) -> dict[str, Any]:
        """Return the entry as the file has it; values that are left out stay out."""
        given = dict(self._plain.get("params") or {})
        for name, box in self.values.items():
            value = typed(box.currentText())
            if value is None or (name == "shift" and value == 0 and name not in given):
                given.pop(name, None)
            else:
                given[name] = value
        for name, choice in self.choices.items():
            if name in given or choice.currentIndex() > 0:
                given[name] = choice.currentText()
        found = {**self._plain, "alias": self.alias.text().strip()}
        found.pop("params", None)
        return found | ({"params": given} if given else {})

    def offer(self, parameters: Sequence[str]) -> None:
        """Offer the file's parameters as values."""
        for box in self.values.values():
            box.offer([f"${name}" for name in parameters])

    def rename_parameter(self, before: str, after: str) -> None:
        """Follow a parameter that was renamed."""
        for box in self.values.values():
            if box.currentText() == f"${before}":
                box.put(f"${after}")


class PatternRow(EditorRow):
    """A declared candlestick pattern."""

    def __init__(self, theme: Theme, plain: Plain) -> None:
        super().__init__(theme, tr("캔들 패턴"))
        self._plain = dict(plain)
        self.known = str(plain.get("alias", ""))
        self.alias = self.text_field(tr("별칭"), NAME)
        self.alias.setText(self.known)
        self.line.addWidget(self.alias)
        pattern = patterns().get(str(plain.get("id", "")))
        name = said(pattern.name) if pattern is not None else ""
        label = QLabel(f"{name} ({plain.get('id', '')})")
        label.setTextFormat(Qt.TextFormat.PlainText)
        self.line.addWidget(label, 1)
        self.finish()

    def plain(self) -> dict[str, Any]:
        """Return the entry as the file has it."""
        return {**self._plain, "alias": self.alias.text().strip()}
