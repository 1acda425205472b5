"""A strategy file as a form: names, parameters, indicators, patterns, entry, exit, stops."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.strategy.indicator_table import Category, indicators
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.ui.backtesting.form_rows import FormRows, plain_label
from kis_terminal.ui.strategy_editor.conditions import ConditionGroup
from kis_terminal.ui.strategy_editor.operands import Plain, free_name, pattern_sides, shown, sides_of, typed
from kis_terminal.ui.strategy_editor.rows import (
    NAME,
    NUMBER,
    PARAMETER_NUMBERS,
    EditorRow,
    IndicatorRow,
    ParameterRow,
    PatternRow,
)
from kis_terminal.ui.strategy_editor.section import Section
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr, unmarked

NEW: Plain = {
    "version": "1.0",
    "metadata": {"name": "", "description": "", "author": "user", "tags": []},
    "strategy": {
        "id": "my_strategy",
        "category": "custom",
        "indicators": [],
        "entry": {"logic": "AND", "conditions": []},
        "exit": {"logic": "AND", "conditions": []},
    },
    "risk": {"stop_loss": {"enabled": True, "percent": 5}},
}
"""What a new strategy begins with."""
_STOPS = (("stop_loss", "손절 %"), ("take_profit", "익절 %"), ("trailing_stop", "추적 손절 %"))
_PERCENT = 64
_BARS_IN_GROUPS = ((1, "봉 하나"), (2, "봉 둘"), (3, "봉 셋"), (9, "봉 넷 이상"))


class EditorForm(QScrollArea):
    """Show the plain form of a file and give it back as it is changed. Signals: `edited()` by hand."""

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._plain: dict[str, Any] = copy.deepcopy(dict(NEW))
        inside = QWidget()
        inside.setObjectName("editor")
        inside.setStyleSheet(f"#editor {{ background: {theme.colours.bg1.name()}; }}")
        column = QVBoxLayout(inside)
        inset, gutter = theme.metrics.inset, theme.metrics.gutter
        column.setContentsMargins(inset, inset, inset, inset)
        column.setSpacing(gutter + 4)
        grid = QGridLayout()
        rows = FormRows(theme, grid)
        self.name, self.id, self.description = (
            self._field(tr(word)) for word in ("전략 이름", "전략 id", "설명")
        )
        rows.add(tr("이름", context="strategy"), self.name)
        rows.add("id", self.id)
        rows.add(tr("설명"), self.description)
        column.addLayout(grid)
        self.parameters = Section(theme, tr("매개변수"), tr("+ 매개변수"), lambda _: self._new_parameter())
        self.parameters.set_heads(
            theme,
            [
                (tr("이름", context="parameter"), NAME),
                *((tr(word), NUMBER) for _, word in PARAMETER_NUMBERS),
            ],
        )
        self.indicators = Section(theme, tr("지표"), tr("+ 지표 ▾"), self._open_indicators)
        self.patterns = Section(theme, tr("캔들 패턴"), tr("+ 패턴 ▾"), self._open_patterns)
        self.entry = ConditionGroup(theme, tr("진입 (매수)"))
        self.exit = ConditionGroup(theme, tr("청산 (매도)"))
        for part in (self.parameters, self.indicators, self.patterns, self.entry, self.exit):
            column.addWidget(self._line())
            column.addWidget(part)
        for group in (self.entry, self.exit):
            group.edited.connect(self.edited)
            group.changed.connect(self._structure_changed)
            group.added.connect(self._show_added)
        column.addWidget(self._line())
        self.stops: dict[str, tuple[QCheckBox, QLineEdit]] = {}
        column.addLayout(self._stop_line())
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("전략 편집"))

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.textEdited.connect(lambda _: self.edited.emit())
        return field

    def _line(self) -> QFrame:
        line = QFrame()
        line.setFixedHeight(1)
        line.setStyleSheet(f"background: {self._theme.colours.line.name()};")
        return line

    def _stop_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        title = plain_label(self._theme, tr("위험 관리"), is_muted=False)
        title.setFont(self._theme.bold(self._theme.metrics.body))
        line.addWidget(title)
        line.addStretch(1)
        for key, word in _STOPS:
            box, field = QCheckBox(tr(word)), self._field(tr(word))
            field.setFixedWidth(_PERCENT)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            box.toggled.connect(field.setEnabled)
            box.clicked.connect(lambda _: self.edited.emit())
            field.setEnabled(False)
            line.addWidget(box)
            line.addWidget(field)
            self.stops[key] = (box, field)
        return line

    # -- file to form ---

    def show_plain(self, plain: Plain) -> None:
        """Show a file."""
        self._plain = copy.deepcopy(dict(plain))
        metadata, strategy = self._part("metadata"), self._part("strategy")
        self.name.setText(str(metadata.get("name", "")))
        self.description.setText(str(metadata.get("description", "")).strip())
        self.id.setText(str(strategy.get("id", "")))
        for section in (self.parameters, self.indicators, self.patterns):
            section.clear()
        for name, definition in dict(strategy.get("params") or {}).items():
            self._add_parameter(name, definition)
        uses = list(strategy.get("indicators") or ())
        for use in uses:
            self._add_declared(self.indicators, IndicatorRow(self._theme, use))
        for pattern in strategy.get("candlesticks") or ():
            self._add_declared(self.patterns, PatternRow(self._theme, pattern))
        self.entry.show_plain(strategy.get("entry") or {}, uses)
        self.exit.show_plain(strategy.get("exit") or {}, uses)
        risk = self._part("risk")
        for key, (box, field) in self.stops.items():
            rule = dict(risk.get(key) or {})
            box.setChecked(bool(rule.get("enabled", False)))
            field.setText(shown(rule.get("percent")))
        self._offer()

    def _part(self, key: str) -> dict[str, Any]:
        part = self._plain.get(key)
        return dict(part) if isinstance(part, Mapping) else {}

    # -- form to file ---

    def plain(self) -> dict[str, Any]:
        """Return the file as the form has it; what the form does not show stays."""
        metadata = self._part("metadata") | {
            "name": self.name.text().strip(),
            "description": self.description.text().strip(),
        }
        kept = {
            key: value
            for key, value in self._part("strategy").items()
            if key not in ("params", "indicators", "candlesticks", "entry", "exit")
        }
        strategy: dict[str, Any] = kept | {"id": self.id.text().strip()}
        if self.parameters.rows:
            strategy["params"] = {row.name.text().strip(): row.plain() for row in self.parameters.rows}
        strategy["indicators"] = [row.plain() for row in self.indicators.rows]
        if self.patterns.rows:
            strategy["candlesticks"] = [row.plain() for row in self.patterns.rows]
        strategy["entry"], strategy["exit"] = self.entry.plain(), self.exit.plain()
        plain = {**self._plain, "metadata": metadata, "strategy": strategy}
        plain.pop("risk", None)
        risk = self._risk()
        return plain | ({"risk": risk} if risk else {})

    def _risk(self) -> dict[str, Any]:
        risk = self._part("risk")
        for key, (box, field) in self.stops.items():
            percent = typed(field.text())
            if box.isChecked() or key in risk:
                rule = {"enabled": box.isChecked()}
                risk[key] = rule if percent is None else {**rule, "percent": percent}
        return risk

    # -- what may be chosen ---

    @property
    def _names(self) -> list[str]:
        return [row.name.text().strip() for row in self.parameters.rows]

    @property
    def _aliases(self) -> list[str]:
        return [row.alias.text().strip() for row in (*self.indicators.rows, *self.patterns.rows)]

    def _offer(self) -> None:
        """Offer every condition what is declared now."""
        sides = sides_of([row.plain() for row in self.indicators.rows])
        found = pattern_sides([row.plain() for row in self.patterns.rows])
        names = self._names
        for row in self.indicators.rows:
            row.offer(names)
        for condition in (*self.entry.rows, *self.exit.rows):
            condition.offer(sides, found, names)

    def _structure_changed(self) -> None:
        self._offer()
        self.edited.emit()

    # -- adding, renaming, removing ---

    def _show_added(self, row: QWidget) -> None:
        """Scroll to a row once it has its place."""
        QTimer.singleShot(0, row, lambda: self.ensureWidgetVisible(row))

    def _new_parameter(self) -> None:
        name = free_name("period", self._names)
        row = self._add_parameter(name, {"default": 20, "min": 1, "max": 200, "step": 1, "type": "int"})
        self._structure_changed()
        self._show_added(row)
        row.name.setFocus()
        row.name.selectAll()

    def _add_parameter(self, name: str, definition: Plain) -> ParameterRow:
        row = ParameterRow(self._theme, name, definition)
        row.name.textEdited.connect(lambda _: self._parameter_renamed(row))
        self._follow(self.parameters, row)
        return row

    def _add_declared(self, section: Section, row: IndicatorRow | PatternRow) -> None:
        row.alias.textEdited.connect(lambda _: self._alias_renamed(row))
        self._follow(section, row)

    def _follow(self, section: Section, row: EditorRow) -> None:
        row.edited.connect(self.edited)
        row.remove_wanted.connect(lambda: self._removed(section, row))
        section.add(row)

    def _removed(self, section: Section, row: EditorRow) -> None:
        section.remove(row)
        self._structure_changed()

    def _parameter_renamed(self, row: ParameterRow) -> None:
        before, after = row.known, row.name.text().strip()
        if after and self._names.count(after) == 1:
            row.known = after
            for use in self.indicators.rows:
                use.rename_parameter(before, after)
            for condition in (*self.entry.rows, *self.exit.rows):
                condition.rename_parameter(before, after)
            self._offer()

    def _alias_renamed(self, row: IndicatorRow | PatternRow) -> None:
        before, after = row.known, row.alias.text().strip()
        if after and self._aliases.count(after) == 1:
            row.known = after
            for condition in (*self.entry.rows, *self.exit.rows):
                condition.rename(before, after)
            self._offer()

    def _open_indicators(self, button: QToolButton) -> None:
        menu = self._menu()
        for category in Category:
            inner = menu.addMenu(said(category.label))
            for one in indicators().values():
                if one.category is category:
                    action = inner.addAction(unmarked(f"{said(one.name)}  {one.id}"))
                    action.triggered.connect(partial(self._indicator_chosen, one.id))
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _open_patterns(self, button: QToolButton) -> None:
        menu = self._menu()
        least = 1
        for most, word in _BARS_IN_GROUPS:
            inner = menu.addMenu(tr(word))
            for one in patterns().values():
                if least <= one.bars <= most:
                    action = inner.addAction(unmarked(f"{said(one.name)}  {one.id}"))
                    action.triggered.connect(partial(self._pattern_chosen, one.id))
            least = most + 1
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _indicator_chosen(self, id_: str, is_checked: bool = False) -> None:
        self.add_indicator(id_)

    def add_indicator(self, id_: str) -> None:
        """Declare an indicator with its usual parameters."""
        use = {"id": id_, "alias": free_name(id_, self._aliases), "params": indicators()[id_].defaults}
        self._add_declared(self.indicators, IndicatorRow(self._theme, use))
        self._structure_changed()
        self._show_added(self.indicators.rows[-1])

    def _pattern_chosen(self, id_: str, is_checked: bool = False) -> None:
        self.add_pattern(id_)

    def add_pattern(self, id_: str) -> None:
        """Declare a candlestick pattern."""
        plain = {"id": id_, "alias": free_name(id_, self._aliases)}
        self._add_declared(self.patterns, PatternRow(self._theme, plain))
        self._structure_changed()
        self._show_added(self.patterns.rows[-1])

    # -- what is wrong ---

    def _places(self) -> dict[str, EditorRow]:
        parts: dict[str, Sequence[EditorRow]] = {
            "indicators": self.indicators.rows,
            "candlesticks": self.patterns.rows,
            "entry": self.entry.rows,
            "exit": self.exit.rows,
        }
        rows = {f"{part}.{i}": row for part, found in parts.items() for i, row in enumerate(found)}
        return rows | {f"params.{row.name.text().strip()}": row for row in self.parameters.rows}

    def mark(self, problems: Mapping[str, tuple[str, str]]) -> None:
        """Show severity and sentence at the places that have problems."""
        for place, row in self._places().items():
            row.mark(*problems.get(place, ("", "")))

    def show_place(self, place: str) -> None:
        """Scroll to a place."""
        row = self._places().get(place)
        if row is not None:
            self.ensureWidgetVisible(row)
