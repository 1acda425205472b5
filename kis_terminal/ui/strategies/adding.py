"""Where strategies come from: the shipped ones, files, Python code that a person trusts, the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.strategy.plan import StrategyPlan
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

if TYPE_CHECKING:
    # numpy comes with them: not before the window is up.
    from kis_terminal.domain.backtest_work import StrategySheet
    from kis_terminal.services.backtests import Backtests

_FULL_RIGHTS = (
    "{name}은(는) 파이썬 코드입니다. 실행하면 이 컴퓨터에서 당신이 할 수 있는 모든 일을 할 수 있습니다. "
    "내용을 아는 파일입니까?"
)


@dataclass(frozen=True, slots=True)
class StrategySources:
    """What the panel needs to add strategies; nothing of it is called before a person asks."""

    backtests: Callable[[], Backtests]
    """Made once, beside the loop; it reads strategy files in its worker."""
    trust: Callable[[str, str], None]
    """Name and text of Python code that a person lets run; raises TerminalError."""


class Adding:
    """Ask for strategies on behalf of a panel; `take` is given what the worker has read of one."""

    def __init__(
        self,
        panel: QWidget,
        workspace: Workspace,
        sources: StrategySources,
        confirm: ConfirmStrip,
        take: Callable[[StrategySheet], None],
    ) -> None:
        self._panel, self._workspace, self._sources = panel, workspace, sources
        self._confirm, self._take = confirm, take

    def _tell(self, grade: str, words: str) -> None:
        self._workspace.link.message.emit(grade, words)

    def open_editor(self, plan: StrategyPlan | None) -> None:
        """Open the editor on a strategy, on an empty one where there is none to edit."""
        work = self._show_editor(plan)
        self._workspace.scope.spawn(work, name="strategy editor", replaces="strategy-editor")

    async def _show_editor(self, plan: StrategyPlan | None) -> None:
        backtests = await asyncio.to_thread(self._sources.backtests)
        # Imported here, in the window's own thread: it defines Qt classes and is not needed at the start.
        from kis_terminal.ui.strategy_editor.window import StrategyEditor

        editor = StrategyEditor(self._workspace, backtests, self._panel)
        if plan is None or plan.kind == "python":
            editor.begin_new()
        else:
            editor.begin_text(plan.name, plan.text)
        editor.show()

    def open_menu(self, button: QToolButton) -> None:
        """Offer the shipped strategies and files under a button."""
        self._workspace.scope.spawn(
            self._show_presets(button), name="strategy presets", replaces="strategy-presets"
        )

    async def _show_presets(self, button: QToolButton) -> None:
        menu = QMenu(self._panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("파일…")).triggered.connect(self._open_file)
        try:
            backtests = await asyncio.to_thread(self._sources.backtests)
            sheets = await backtests.presets()
        except TerminalError as error:
            self._tell("warn", said(error))
            sheets = ()
        menu.addSeparator()
        for sheet in sheets:
            action = menu.addAction(said(sheet.title).replace("&", "&&"))
            action.triggered.connect(lambda _=False, chosen=sheet: self._take(chosen))
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _open_file(self) -> None:
        dialog = QFileDialog(self._panel, tr("전략 파일"), "", tr("전략 (*.kis.yaml *.yaml *.yml *.py)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.add_file)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_file(self, path: str) -> None:
        """Read a file and add it; what is wrong with it is said, Python code is asked about."""
        self._workspace.scope.spawn(
            self._add_file(Path(path)), name="strategy file", replaces="strategy-file"
        )

    async def _add_file(self, path: Path) -> None:
        try:
            if path.suffix == ".py":
                text = await asyncio.to_thread(_read, path)
                question = tr(_FULL_RIGHTS, name=path.name)
                self._confirm.ask(question, tr("믿고 추가"), lambda: self._trust_and_add(path.name, text))
                return
            backtests = await asyncio.to_thread(self._sources.backtests)
            sheet = await backtests.open(str(path))
        except TerminalError as error:
            self._tell("warn", said(error))
            return
        for problem in sheet.problems:
            if problem.severity == "note":
                continue
            line = "" if problem.line is None else tr("{line}행: ", line=problem.line)
            grade = "danger" if problem.severity == "error" else "warn"
            self._tell(grade, f"{path.name} {line}{said(problem.sentence)}")
        if sheet.is_runnable:
            self._take(sheet)

    def _trust_and_add(self, name: str, text: str) -> None:
        try:
            self._sources.trust(name, text)
        except TerminalError as error:
            self._tell("danger", said(error))
            return
        # Made here, since the worker runs no Python before a person trusts it.
        from kis_terminal.domain.backtest import StrategySource
        from kis_terminal.domain.backtest_work import StrategySheet

        self._take(StrategySheet(StrategySource(name, text, "python"), name.removesuffix(".py")))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorrectionNeeded(
            tr("{path} 파일을 읽을 수 없습니다: {problem}", path=path, problem=error)
        ) from error
