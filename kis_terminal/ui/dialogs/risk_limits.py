"""위험 한도: every limit with its sense, read strictly, in force as soon as it is saved."""

from __future__ import annotations

import logging
from dataclasses import fields

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QScrollArea,
    QWidget,
)

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.services.risk_settings import SOFT_LIMITS, changed, loosened
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.risk_words import LIMITS, limit_text, limit_with_unit
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

log = logging.getLogger(__name__)

_ROWS_SHOWN = 16
_FIELD_WIDTH = 130
_LONGEST = 400


class _LimitRow:
    """One limit: name, grade, field, unit, default, and a line that explains it or says what is wrong."""

    def __init__(self, name: str, theme: Theme, grid: QGridLayout, row: int) -> None:
        self.name = name
        self._theme = theme
        words = LIMITS[name]
        is_soft = name in SOFT_LIMITS
        self.title = _label(tr(words.title, context="limit"), theme.colours.text)
        self.title.setFont(theme.medium())
        grade = _label(
            tr("확인", context="grade") if is_soft else tr("거부", context="grade"),
            self._grade_colour(is_soft=is_soft),
        )
        self.edit = QLineEdit()
        self.edit.setMaxLength(_LONGEST)
        self.edit.setFixedWidth(_FIELD_WIDTH)
        self.edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.edit.setAccessibleName(tr(words.title, context="limit"))
        self.edit.setAccessibleDescription(tr(words.sense))
        unit = _label(tr(words.unit, context="unit"), theme.colours.muted)
        default = _label(limit_with_unit(RiskLimits(), name), theme.colours.muted)
        default.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note = _label(tr(words.sense), theme.colours.muted)
        for place, widget in enumerate((self.title, grade, self.edit, unit, default, self.note)):
            grid.addWidget(widget, row, place)

    def _grade_colour(self, *, is_soft: bool) -> QColor:
        colours = self._theme.colours
        return colours.warn if is_soft else colours.danger

    def show_value(self, limits: RiskLimits) -> None:
        """Put the value of `limits` into the field."""
        self.edit.setText(limit_text(limits, self.name))
        self.edit.setCursorPosition(0)

    def explain(self, in_force: RiskLimits, problem: str = "") -> None:
        """Say what is wrong with the text; else the limit's sense, and what is in force where it differs."""
        colours = self._theme.colours
        sense = tr(LIMITS[self.name].sense)
        if problem:
            text, colour = problem, colours.danger
        elif self.edit.text().strip() != limit_text(in_force, self.name):
            text = tr("지금 {value} · {sense}", value=limit_with_unit(in_force, self.name), sense=sense)
            colour = colours.accent
        else:
            text, colour = sense, colours.muted
        self.note.setText(text)
        self.note.setToolTip(text)
        self.note.setStyleSheet(f"color: {colour.name()};")
        self.edit.setStyleSheet(
            f"QLineEdit {{ border: 1px solid {colours.danger.name()}; }}" if problem else ""
        )


class RiskLimitsSheet(Sheet):
    """Edit the limits: Enter saves, Esc leaves them as they are; never modal."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        theme = workspace.theme
        super().__init__(
            window, theme, tr("위험 한도"), width=theme.metrics.wide_sheet, border=theme.colours.accent.name()
        )
        self._workspace = workspace
        self.sentence(
            tr(
                "'거부' 한도는 누구도 넘을 수 없고, '확인' 한도는 물어본 뒤에 사람만 넘을 수 있습니다. "
                "저장하면 바로 적용됩니다."
            )
        )
        self.rows = self._build_rows()
        self.note = self.sentence()
        self.confirm = ConfirmStrip(theme, workspace.environment)
        self.content.addWidget(self.confirm)
        self.default_button = self.button(tr("기본값으로"))
        self.save_button = self.button(tr("저장 (Enter)"))
        self.leave_button = self.button(tr("돌아가기 (Esc)"))
        self.default_button.clicked.connect(self.show_defaults)
        self.save_button.clicked.connect(self.save)
        self.leave_button.clicked.connect(self.hide)

    def _build_rows(self) -> dict[str, _LimitRow]:
        metrics, colours = self.theme.metrics, self.theme.colours
        inner = QWidget()
        inner.setObjectName("limits")
        inner.setStyleSheet(f"#limits {{ background: {colours.bg1.name()}; }}")
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, metrics.inset, 0)
        grid.setHorizontalSpacing(metrics.inset)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(5, 1)
        for place, word in enumerate(
            (tr("한도"), tr("넘으면"), tr("값"), "", tr("기본값"), tr("뜻", context="limit"))
        ):
            head = _label(word, colours.muted)
            if place in (2, 4):
                head.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(head, 0, place)
        rows = {
            field.name: _LimitRow(field.name, self.theme, grid, place)
            for place, field in enumerate(fields(RiskLimits), 1)
        }
        grid.setRowStretch(len(rows) + 1, 1)
        for row in rows.values():
            row.edit.textEdited.connect(self._text_edited)
            row.edit.returnPressed.connect(self.save)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        height = metrics.header + _ROWS_SHOWN * (metrics.input + 4)
        area.setMinimumHeight(min(height, self._owner.height() * 3 // 5))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area, self._wanted_height = area, height
        self.content.addWidget(area, 1)
        return rows

    def open(self) -> None:
        """Show the limits in force."""
        self._area.setMinimumHeight(min(self._wanted_height, max(200, self._owner.height() - 320)))
        self._show(self._workspace.risk_gate.limits)
        self.note.setText("")
        self.confirm.leave()
        self.present()
        first = next(iter(self.rows.values())).edit
        first.setFocus()
        first.selectAll()

    def show_defaults(self) -> None:
        """Put the defaults into the fields; nothing is in force before it is saved."""
        self._show(RiskLimits())
        self.confirm.leave()
        self.note.setText(tr("기본값을 채웠습니다. 저장해야 적용됩니다."))

    def _show(self, limits: RiskLimits) -> None:
        for row in self.rows.values():
            row.show_value(limits)
        self._explain_all()

    def _explain_all(self) -> dict[str, str]:
        """Say beside each field what its text means; return what is wrong, by name."""
        in_force = self._workspace.risk_gate.limits
        problems = {name: problem for name in self.rows if (problem := self._problem(name))}
        for name, row in self.rows.items():
            row.explain(in_force, problems.get(name, ""))
        return problems

    def _problem(self, name: str) -> str:
        try:
            changed(self._workspace.risk_gate.limits, name, self.rows[name].edit.text())
        except CorrectionNeeded as error:
            return said(error)
        return ""

    def _text_edited(self) -> None:
        self.confirm.leave()
        self.note.setText("")
        self._explain_all()

    def typed(self) -> RiskLimits:
        """Return what the fields say; raises CorrectionNeeded with the first text that is no limit."""
        limits = self._workspace.risk_gate.limits
        for name, row in self.rows.items():
            limits = changed(limits, name, row.edit.text())
        return limits

    def save(self) -> None:
        """Keep what the fields say and put it in force; looser hard limits of real money are asked about."""
        problems = self._explain_all()
        if problems:
            wrong = self.rows[next(iter(problems))]
            wrong.edit.setFocus()
            wrong.edit.selectAll()
            self.note.setText(tr("고칠 한도가 {n}개 있습니다. 저장하지 않았습니다.", n=len(problems)))
            return
        limits = self.typed()
        laxer = loosened(self._workspace.risk_gate.limits, limits)
        if laxer and self._workspace.environment is Environment.REAL:
            names = ", ".join(tr(LIMITS[name].title, context="limit") for name in laxer)
            self.confirm.ask(
                tr("실전투자에서 넘을 수 없는 한도를 풉니다: {names}", names=names),
                tr("풀고 저장"),
                lambda: self._keep(limits),
            )
            return
        self._keep(limits)

    def _keep(self, limits: RiskLimits) -> None:
        before = self._workspace.risk_gate.limits
        try:
            self._workspace.risk_settings.save(limits)
        except TerminalError as error:
            self.note.setText(
                tr(
                    "저장하지 못해 한도를 바꾸지 않았습니다: {error} 디스크를 확인하십시오.",
                    error=said(error),
                )
            )
            return
        for name in self.rows:
            if getattr(before, name) != getattr(limits, name):
                log.info("limit %s: %s -> %s", name, limit_text(before, name), limit_text(limits, name))
        self._workspace.risk_gate.take_limits(limits)
        self._workspace.link.message.emit("info", tr("위험 한도를 저장했습니다. 지금부터 적용됩니다."))
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc drops the question first, then leaves."""
        if event.key() == Qt.Key.Key_Escape and self.confirm.isVisible():
            self.confirm.leave()
            return
        super().keyPressEvent(event)


def _label(text: str, colour: QColor) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setStyleSheet(f"color: {colour.name()};")
    return label
