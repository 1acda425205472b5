"""전략 편집: a window where a strategy file is built, checked while it is typed, and saved."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QFont, QFontDatabase, QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.backtest_work import StrategyProblem, StrategySheet
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.strategy_work import StrategyDraft
from kis_terminal.services.backtests import Backtests
from kis_terminal.ui.backtesting.form_rows import plain_label, splitter
from kis_terminal.ui.backtesting.problem_grid import problem_grid
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.newest import Newest
from kis_terminal.ui.strategy_editor.form import NEW, EditorForm
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_PAUSE = 250
"""Milliseconds without a key before what was typed is checked."""
_SUFFIX = ".kis.yaml"
_SIZE = (1160, 680)
_SEVERITIES = ("error", "warning", "note")


class StrategyEditor(QDialog):
    """Edit one strategy file; the form and the text follow one another.

    What is built goes on by `link.strategy_to_test` and `link.strategy_to_add`.
    """

    def __init__(self, workspace: Workspace, backtests: Backtests, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._backtests = workspace, backtests
        self._theme = theme = workspace.theme
        self._path: Path | None = None
        self._base = ""
        """The text that was opened or saved last: its comments stay."""
        self._is_changed = False
        self._is_text_newer = False
        self._checks = Newest(workspace.scope, self._check, "strategy check")
        self._is_gone = False
        self.draft: StrategyDraft | None = None
        """What the checker said last; None before it has."""
        self.form = EditorForm(theme)
        self.problems = problem_grid(theme, "editor.problems")
        self.problems.chosen.connect(self._problem_chosen)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(tr("전략 파일의 내용"))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        mono.setPixelSize(theme.metrics.body)
        mono.setStyleHint(QFont.StyleHint.Monospace)
        self.text.setFont(mono)
        self.status = plain_label(theme)
        self.confirm = ConfirmStrip(theme, workspace.environment)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._checks.want)
        self._lay_out()
        self.form.edited.connect(self._form_edited)
        self.text.textChanged.connect(self._text_edited)
        self.resize(min(_SIZE[0], parent.window().width()), min(_SIZE[1], parent.window().height()))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)

    def _lay_out(self) -> None:
        metrics = self._theme.metrics
        right = splitter(self._theme, Qt.Orientation.Vertical, (2, 5), self.problems, self.text)
        split = splitter(self._theme, Qt.Orientation.Horizontal, (13, 8), self.form, right)
        self.new_button = self._tool(tr("새로"), self.begin_new)
        self.open_button = self._tool(tr("열기 ▾"), self._open_menu)
        self.test_button = self._push(tr("백테스트"), self._test)
        self.add_button = self._push(tr("전략에 추가"), self._add)
        self.save_button = self._push(tr("저장"), self.save)
        self.save_as_button = self._push(tr("다른 이름으로…"), self._ask_place)
        foot = QHBoxLayout()
        foot.setContentsMargins(metrics.inset, metrics.gutter, metrics.inset, metrics.gutter)
        foot.setSpacing(metrics.gutter)
        foot.addWidget(self.new_button)
        foot.addWidget(self.open_button)
        foot.addWidget(self.status, 1)
        for button in (self.test_button, self.add_button, self.save_button, self.save_as_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(split, 1)
        layout.addWidget(self.confirm)
        layout.addLayout(foot)
        save = QShortcut(QKeySequence("Ctrl+S"), self)
        save.activated.connect(self.save)

    def _tool(self, text: str, act: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda: act())
        return button

    def _push(self, text: str, act: Any) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.setEnabled(False)
        button.clicked.connect(lambda: act())
        return button

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._workspace.scope.spawn(work, name=name)

    # -- opening ---

    def begin_new(self) -> None:
        """Begin an empty strategy, after a question where something would be lost."""
        self._after_question(self._begin_new)

    def _begin_new(self) -> None:
        self._path, self._base, self._is_changed = None, "", False
        self.form.setEnabled(True)
        self.form.show_plain(NEW)
        self._is_text_newer = False
        self._show_title()
        self._checks.want()

    def begin_text(self, name: str, text: str) -> None:
        """Begin with a text, as of a strategy that was added or shipped; saved, it is a file of its own."""
        self._spawn(self._open(self._backtests.draft_of_text(name, text), None), "strategy text")

    def open_file(self, path: str) -> None:
        """Open a file, after a question where something would be lost."""
        work = self._open(self._backtests.draft_of_file(path), Path(path))
        self._spawn(work, "strategy file")

    async def _open(self, reading: Coroutine[Any, Any, StrategyDraft], path: Path | None) -> None:
        try:
            draft = await reading
        except TerminalError as error:
            if not self._is_gone:
                self._say(said(error), is_wrong=True)
            return
        if self._is_gone:
            return
        self._path, self._base, self._is_changed = path, draft.text, False
        self._is_text_newer = draft.plain is None
        self._show_text(draft.text)
        if draft.plain is not None:
            self.form.show_plain(draft.plain)
        self.form.setEnabled(draft.plain is not None)
        self._take(draft)
        self._show_title()

    def _open_menu(self) -> None:
        self._spawn(self._show_open_menu(), "strategy presets")

    async def _show_open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("파일…")).triggered.connect(lambda: self._after_question(self._ask_file))
        menu.addSeparator()
        try:
            sheets = await self._backtests.presets()
        except TerminalError as error:
            self._workspace.link.message.emit("warn", said(error))
            sheets = ()
        if self._is_gone:
            return
        for sheet in sheets:
            source = sheet.source
            action = menu.addAction(said(sheet.title).replace("&", "&&"))
            action.triggered.connect(
                lambda _=False, source=source: self._after_question(
                    lambda: self.begin_text(source.name, source.text)
                )
            )
        menu.popup(self.open_button.mapToGlobal(QPoint(0, 0)))

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, tr("전략 파일 열기"), "", tr("전략 파일 (*.kis.yaml *.yaml *.yml)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open_file)
        dialog.open()

    # -- editing and checking ---

    def _form_edited(self) -> None:
        self._is_changed, self._is_text_newer = True, False
        self._show_title()
        self._timer.start()

    def _text_edited(self) -> None:
        self._is_changed, self._is_text_newer = True, True
        self._show_title()
        self._timer.start()

    async def _check(self) -> None:
        if self._is_gone:
            return
        try:
            await self._check_once()
        except TerminalError as error:
            if not self._is_gone:
                self._say(said(error), is_wrong=True)

    async def _check_once(self) -> None:
        name = self._file_name()
        if self._is_text_newer:
            text = self.text.toPlainText()
            draft = await self._backtests.draft_of_text(name, text)
            if self._is_gone or not self._is_text_newer or text != self.text.toPlainText():
                return
            if draft.plain is not None:
                self._base = draft.text
                self.form.show_plain(draft.plain)
            self.form.setEnabled(draft.plain is not None)
        else:
            plain = self.form.plain()
            draft = await self._backtests.draft(name, plain, self._base)
            if self._is_gone or self._is_text_newer or plain != self.form.plain():
                return
            self._show_text(draft.text)
        self._take(draft)

    def _show_text(self, text: str) -> None:
        """Put another text in; what is read of it stays where it is."""
        if text == self.text.toPlainText():
            return
        bar = self.text.verticalScrollBar()
        place = bar.value()
        with QSignalBlocker(self.text):
            self.text.setPlainText(text)
        bar.setValue(place)

    def _take(self, draft: StrategyDraft) -> None:
        """Show what the checker says."""
        self.draft = draft
        problems = sorted(draft.sheet.problems, key=lambda one: _SEVERITIES.index(one.severity))
        self.problems.set_rows([(str(place), problem) for place, problem in enumerate(problems)])
        self.form.mark(self._by_place(draft))
        is_sound = draft.sheet.is_runnable
        for button in (self.test_button, self.add_button, self.save_button, self.save_as_button):
            button.setEnabled(is_sound)
        count = sum(one.severity == "error" for one in problems)
        if not self.form.isEnabled():
            self._say(tr("오류를 글에서 고치면 다시 양식으로 편집할 수 있습니다."), is_wrong=True)
        elif count:
            self._say(tr("오류 {n}개를 고치면 저장하고 실행할 수 있습니다.", n=count), is_wrong=True)
        else:
            self._say(tr("오류가 없습니다."))

    def _by_place(self, draft: StrategyDraft) -> dict[str, tuple[str, str]]:
        """Return the worst problem of each place, by the lines that they stand on."""
        found: dict[str, tuple[str, str]] = {}
        for severity in ("error", "warning"):
            for problem in draft.sheet.problems:
                place = _place_of(problem, draft.lines)
                if place and problem.severity == severity:
                    found.setdefault(place, (severity, said(problem.sentence)))
        return found

    def _problem_chosen(self, key: str) -> None:
        problem: StrategyProblem = self.problems.row(key)
        if problem.line is None:
            return
        block = self.text.document().findBlockByNumber(problem.line - 1)
        cursor = QTextCursor(block)
        cursor.select(QTextCursor.SelectionType.LineUnderCursor)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()
        if self.draft is not None:
            self.form.show_place(_place_of(problem, self.draft.lines))

    # -- saving and using ---

    def _file_name(self) -> str:
        if self._path is not None:
            return self._path.name
        return f"{self.form.id.text().strip() or 'strategy'}{_SUFFIX}"

    def save(self) -> None:
        """Save where it was opened; ask where for a new one. What has errors is not saved."""
        if self._is_sound() and self._path is not None:
            self._spawn(self._save(self._path), "strategy save")
        elif self._is_sound():
            self._ask_place()

    @property
    def is_checked(self) -> bool:
        """Tell whether the checker has seen what is there now."""
        return self.draft is not None and not (self._timer.isActive() or self._checks.is_busy)

    def _is_sound(self) -> bool:
        return self.is_checked and self.draft is not None and self.draft.sheet.is_runnable

    def _ask_place(self) -> None:
        dialog = QFileDialog(self, tr("전략 파일 저장"), self._file_name(), tr("전략 파일 (*.kis.yaml)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.open()

    def save_to(self, path: Path) -> None:
        """Save to a file."""
        self._spawn(self._save(path), "strategy save")

    async def _save(self, path: Path) -> None:
        draft = self.draft
        if draft is None:
            return
        try:
            written = await self._backtests.save_strategy(path, draft.text)
        except TerminalError as error:
            self._workspace.link.message.emit("danger", said(error))
            return
        self._workspace.link.message.emit("info", tr("{path} 파일에 저장했습니다.", path=written))
        if not self._is_gone:
            self._path, self._base = written, draft.text
            self._is_changed = self.text.toPlainText() != draft.text or self._timer.isActive()
            self._show_title()

    def _sheet(self) -> StrategySheet | None:
        """Return what was built, under the name of its file; None while it is not sound."""
        if self.draft is None or not self._is_sound():
            return None
        sheet = self.draft.sheet
        return replace(sheet, source=replace(sheet.source, name=self._file_name()))

    def _test(self) -> None:
        sheet = self._sheet()
        if sheet is not None:
            self._workspace.link.test_strategy(sheet)

    def _add(self) -> None:
        sheet = self._sheet()
        if sheet is not None:
            self._workspace.link.strategy_to_add.emit(sheet)

    # -- the end ---

    def _say(self, text: str, *, is_wrong: bool = False) -> None:
        colour = self._theme.colours.danger if is_wrong else self._theme.colours.muted
        self.status.setStyleSheet(f"color: {colour.name()};")
        self.status.setText(text)
        self.status.setToolTip(text)

    def _show_title(self) -> None:
        name = self._path.name if self._path is not None else tr("저장하지 않은 전략")
        self.setWindowTitle(tr("전략 편집 - {name}", name=name) + (" *" if self._is_changed else ""))

    def _after_question(self, act: Any) -> None:
        """Do what loses changes; asked first where there are any."""
        if not self._is_changed:
            act()
            return
        self.confirm.ask(tr("저장하지 않은 변경이 있습니다. 버립니까?"), tr("버리기"), act)

    def reject(self) -> None:
        """Close by Esc, as by the window's own button."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask before changes are lost."""
        if self._is_changed:
            event.ignore()
            self._after_question(self._close_anyway)
            return
        self._is_gone = True
        self._timer.stop()
        super().closeEvent(event)

    def _close_anyway(self) -> None:
        self._is_changed = False
        self.close()


def _place_of(problem: StrategyProblem, lines: Mapping[str, int]) -> str:
    """Return the place that a problem stands in: the last one that begins at or before its line."""
    if problem.line is None:
        return ""
    before = [(line, place) for place, line in lines.items() if line <= problem.line]
    return max(before)[1] if before else ""
