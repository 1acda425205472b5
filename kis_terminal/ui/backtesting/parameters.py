"""The parameters of a strategy: a slider and a field each, following one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QSizePolicy, QSlider, QWidget

from kis_terminal.domain.strategy.contract import Parameter, ParameterRule
from kis_terminal.ui.backtesting.form_rows import TextField, plain_label
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr, unmarked

_STEPS = 100
"""How finely a slider moves a parameter whose file names no step."""


def is_whole(rule: ParameterRule) -> bool:
    """Tell whether a parameter takes whole numbers."""
    return isinstance(rule.default, int) and not isinstance(rule.default, bool)


def limits_of(rule: ParameterRule) -> tuple[float, float, float]:
    """Return least, most and step of a number; where the file names none, what its default suggests."""
    assert not isinstance(rule.default, str | bool)  # noqa: S101 - texts and switches have no slider
    default = float(rule.default)
    least = rule.minimum if rule.minimum is not None else min(0.0 if default >= 0 else 4 * default, default)
    if is_whole(rule) and rule.minimum is None and default >= 1:
        least = 1.0
    most = rule.maximum if rule.maximum is not None else max(4 * abs(default), least + 10.0)
    step = rule.step or (1.0 if is_whole(rule) else (most - least) / _STEPS)
    return float(least), float(most), float(step)


def value_text(value: Parameter) -> str:
    """Return a parameter's value as it is typed."""
    if isinstance(value, bool):
        return tr("예") if value else tr("아니요")
    return f"{value:g}" if isinstance(value, float) else str(value)


def label_of(rule: ParameterRule) -> str:
    """Return what a person reads of a parameter: its description, without one its name."""
    return said(rule.description) or rule.name


class ParameterRow:
    """One parameter that is a number."""

    def __init__(self, theme: Theme, rule: ParameterRule) -> None:
        self.rule = rule
        self.least, self.most, self.step = limits_of(rule)
        self.label = plain_label(theme, label_of(rule))
        self.label.setWordWrap(True)
        self.label.setToolTip(rule.name)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(label_of(rule))
        self.slider.setMinimumWidth(40)
        self.slider.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.slider.setRange(0, max(1, round((self.most - self.least) / self.step)))
        self.field = TextField(theme, label_of(rule))
        self.field.setToolTip(rule.name)
        self.show(rule.default)

    def value(self) -> Parameter:
        """Return the value of the field; raises WrongNumber."""
        value = self.field.number(
            least=self.rule.minimum, most=self.rule.maximum, is_whole=is_whole(self.rule)
        )
        assert value is not None  # noqa: S101 - only where empty is allowed
        return int(value) if is_whole(self.rule) else value

    def show(self, value: Parameter) -> None:
        """Put a value into field and slider."""
        self.field.setText(value_text(value))
        self.follow()

    def follow(self) -> None:
        """Move the slider to the field's value, where it is one."""
        try:
            value = float(self.field.text().replace(",", ""))
        except ValueError:
            return
        self.slider.blockSignals(True)
        self.slider.setValue(round((value - self.least) / self.step))
        self.slider.blockSignals(False)

    def take_slider(self, place: int) -> None:
        """Put the slider's value into the field."""
        value = self.least + place * self.step
        self.field.setText(str(round(value)) if is_whole(self.rule) else f"{round(value, 10):g}")


class ParameterFields(QWidget):
    """All parameters of a strategy.

    Signals: `moved()` a slider is being dragged, `changed()` a value was set (the drag has ended, a field).
    """

    moved = Signal()
    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: dict[str, ParameterRow] = {}
        self.switches: dict[str, QCheckBox] = {}
        self._others: dict[str, Parameter] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.metrics.gutter)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._nothing = plain_label(theme, tr("바꿀 매개변수가 없는 전략입니다."))
        self._nothing.setWordWrap(True)
        self._grid.addWidget(self._nothing, 0, 0, 1, 3)

    def set_rules(self, rules: Sequence[ParameterRule]) -> None:
        """Show the parameters of another strategy with their defaults."""
        for widget in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if widget is not self._nothing:
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        self.rows, self.switches, self._others = {}, {}, {}
        self._nothing.setVisible(not rules)
        for place, rule in enumerate(rules, 1):
            self._add(place, rule)

    def _add(self, place: int, rule: ParameterRule) -> None:
        if isinstance(rule.default, bool):
            switch = QCheckBox(unmarked(label_of(rule)))
            switch.setToolTip(rule.name)
            switch.setChecked(rule.default)
            switch.toggled.connect(lambda _: self.changed.emit())
            self.switches[rule.name] = switch
            self._grid.addWidget(switch, place, 0, 1, 3)
            return
        if isinstance(rule.default, str):
            self._others[rule.name] = rule.default
            text = QLabel(f"{label_of(rule)}: {rule.default}")
            text.setToolTip(rule.name)
            text.setTextFormat(Qt.TextFormat.PlainText)
            self._grid.addWidget(text, place, 0, 1, 3)
            return
        row = ParameterRow(self._theme, rule)
        row.label.setFixedWidth(self._theme.metrics.form_label)
        row.field.setFixedWidth(self._theme.metrics.form_number)
        row.field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._grid.addWidget(row.label, place, 0)
        self._grid.addWidget(row.slider, place, 1)
        self._grid.addWidget(row.field, place, 2)
        row.slider.valueChanged.connect(lambda value, row=row: self._slid(row, value))
        row.slider.sliderReleased.connect(self.changed.emit)
        row.field.textEdited.connect(lambda _, row=row: row.follow())
        row.field.editingFinished.connect(self.changed.emit)
        self.rows[rule.name] = row

    def _slid(self, row: ParameterRow, place: int) -> None:
        row.take_slider(place)
        self.moved.emit()

    def values(self) -> dict[str, Parameter]:
        """Return every value; raises WrongNumber."""
        values: dict[str, Parameter] = {name: row.value() for name, row in self.rows.items()}
        values |= {name: switch.isChecked() for name, switch in self.switches.items()}
        return values | self._others

    def show_values(self, values: Mapping[str, Parameter]) -> None:
        """Put values in; names that the strategy has not are left out."""
        for name, value in values.items():
            if name in self.rows:
                self.rows[name].show(value)
            elif name in self.switches:
                self.switches[name].setChecked(bool(value))
