"""All keys in one searchable list, each of them changeable."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QKeySequenceEdit, QLineEdit, QMainWindow, QPushButton

from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.shortcuts import Command, Shortcuts
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


class ShortcutSheet(Sheet):
    """Choose a command, press the new keys, apply."""

    def __init__(self, window: QMainWindow, theme: Theme, shortcuts: Shortcuts) -> None:
        super().__init__(
            window, theme, tr("단축키"), width=theme.metrics.slip, border=theme.colours.accent.name()
        )
        self._shortcuts = shortcuts
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("명령이나 키로 찾기"))
        self.search.setAccessibleName(tr("명령이나 키로 찾기"))
        self.content.addWidget(self.search)
        accent = theme.colours.accent
        self.grid = Grid(
            "shortcuts",
            [
                Column("title", tr("명령"), 280, lambda c: c.title, Align.LEFT, stretch=1),
                Column("keys", tr("키"), 150, self._keys, Align.LEFT, is_bold=True, colour=lambda c: accent),
            ],
            theme,
            None,
            title=tr("단축키"),
            empty_text="",
        )
        self.grid.setMinimumHeight(theme.metrics.row * 14)
        self.search.textChanged.connect(self.grid.filter_rows)
        self.content.addWidget(self.grid, 1)
        line = QHBoxLayout()
        self.keys_edit = QKeySequenceEdit()
        self.keys_edit.setMaximumSequenceLength(1)
        self.keys_edit.setAccessibleName(tr("새 키"))
        for field in self.keys_edit.findChildren(QLineEdit):
            field.setPlaceholderText(tr("새 키를 누르십시오"))
        self.apply_button = QPushButton(tr("이 키로"))
        self.default_button = QPushButton(tr("처음대로"))
        line.addWidget(self.keys_edit, 1)
        line.addWidget(self.apply_button)
        line.addWidget(self.default_button)
        self.content.addLayout(line)
        self.note = self.sentence(tr("명령을 고르고 새 키를 누르십시오."))
        self.apply_button.clicked.connect(self._apply)
        self.default_button.clicked.connect(lambda: self._change(None))
        self.grid.chosen.connect(self._chosen)
        self.button(tr("닫기")).clicked.connect(self.hide)
        self.grid.set_rows(shortcuts.commands.items())

    def _keys(self, command: Command) -> str:
        sequence = QKeySequence(self._shortcuts.keys(command.id))
        return sequence.toString(QKeySequence.SequenceFormat.NativeText)

    def _chosen(self, command: str) -> None:
        self.keys_edit.setKeySequence(QKeySequence(self._shortcuts.keys(command)))

    def _apply(self) -> None:
        self._change(self.keys_edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _change(self, keys: str | None) -> None:
        command = self.grid.current
        if not command:
            return
        owner = self._shortcuts.change(command, keys)
        if owner:
            title = self._shortcuts.commands[owner].title
            self.note.setText(tr("이미 '{title}'에 쓰는 키입니다. 먼저 그 키를 바꾸십시오.", title=title))
        else:
            self.note.setText(tr("바꾸었습니다."))
            self._chosen(command)
        self.grid.touch_all()
