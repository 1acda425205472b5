"""로그 (9001): what the program did, with secrets taken out before it got here."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMenu, QToolButton

from kis_terminal.log import LogBuffer, LogLine
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_LOOK_MILLISECONDS = 250
_LEVELS = {logging.INFO: "전체", logging.WARNING: "주의 이상", logging.ERROR: "오류"}
_WORDS = {"DEBUG": "상세", "INFO": "알림", "WARNING": "주의", "ERROR": "오류", "CRITICAL": "중대"}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    line: LogLine


class LogPanel(Panel):
    """Show the ring buffer, newest first. Lines come from any thread, so the panel looks by itself."""

    panel_name = "log"
    screen_number = "9001"

    def __init__(self, workspace: Workspace, buffer: LogBuffer) -> None:
        super().__init__(workspace, tr("로그"))
        self._buffer = buffer
        self._seen = -1
        self._level = logging.INFO
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self.level_buttons: dict[int, QToolButton] = {}
        for level, word in _LEVELS.items():
            button = QToolButton()
            button.setText(tr(word))
            button.setAccessibleName(tr(word))
            button.setCheckable(True)
            button.setChecked(level == self._level)
            button.clicked.connect(lambda _=False, chosen=level: self.show_level(chosen))
            self.title_area.addWidget(button)
            self.level_buttons[level] = button
        muted = self.theme.colours.muted
        self.grid = Grid(
            "log",
            [
                Column("time", tr("시각"), 92, _time, Align.LEFT, colour=lambda r: muted),
                Column("level", tr("등급"), 52, _level_word, Align.LEFT, colour=self._level_colour),
                Column(
                    "text",
                    tr("내용"),
                    320,
                    lambda r: r.line.text,
                    Align.LEFT,
                    stretch=1,
                    colour=self._text_colour,
                    tooltip=lambda r: f"{r.line.text}\n{r.line.details}".strip(),
                ),
                Column(
                    "source",
                    tr("출처"),
                    150,
                    lambda r: r.line.source.removeprefix("kis_terminal."),
                    Align.LEFT,
                    colour=lambda r: muted,
                    priority=1,
                ),
            ],
            self.theme,
            workspace.preferences,
            title=tr("로그"),
            empty_text=tr("아직 기록이 없습니다"),
            is_multiple=True,
        )
        self.grid.menu_wanted.connect(self._open_menu)
        self.body.addWidget(self.grid, 1)

    def activate(self) -> None:
        """Show the buffer and look again a few times a second."""
        self._seen = -1
        self._look()
        self._timer.start()

    def deactivate(self) -> None:
        """Look no more."""
        self._timer.stop()

    def show_level(self, level: int) -> None:
        """Show lines of this level and above."""
        self._level = level
        for known, button in self.level_buttons.items():
            button.setChecked(known == level)
        self._seen = -1
        self._look()

    def _look(self) -> None:
        written = self._buffer.written
        if written == self._seen:
            return
        self._seen = written
        lines = self._buffer.lines
        first = written - len(lines)
        self.grid.set_rows(
            (str(number), _Row(number, line))
            for number, line in reversed(list(enumerate(lines, first)))
            if line.level >= self._level
        )

    def _level_colour(self, row: _Row) -> QColor:
        colours = self.theme.colours
        if row.line.level >= logging.ERROR:
            return colours.danger
        return colours.warn if row.line.level >= logging.WARNING else colours.muted

    def _text_colour(self, row: _Row) -> QColor:
        colours = self.theme.colours
        return self._level_colour(row) if row.line.level >= logging.WARNING else colours.text

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        menu.addAction(tr("찾기 (Ctrl+F)")).triggered.connect(self.grid.open_filter)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "log", self.grid.table, self.workspace.link)
        )
        menu.popup(at)


def _time(row: _Row) -> str:
    return f"{row.line.time:%H:%M:%S}.{row.line.time.microsecond // 1000:03d}"


def _level_word(row: _Row) -> str:
    return tr(_WORDS.get(row.line.level_name, row.line.level_name))
