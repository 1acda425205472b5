"""상태 (9002): how every part of the program is doing, and what to do where it is not well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QMenu, QSplitter, QToolButton

from kis_terminal.services.health import (
    STALL_SPAN,
    Health,
    HealthLine,
    StreamLine,
    SubscriptionState,
    Verdict,
)
from kis_terminal.services.market_data import Stream
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.loop_gauge import LoopGauge
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_LOOK_MILLISECONDS = 1000
_STREAM_WORDS = {
    Stream.TICKS: "체결",
    Stream.BOOK: "호가",
    Stream.NOTICES: "체결통보",
    Stream.STATUS: "장운영",
}
_STATE_WORDS = {
    SubscriptionState.WANTED: "대기",
    SubscriptionState.CONFIRMED: "확인",
    SubscriptionState.REFUSED: "거절",
    SubscriptionState.POLLED: "조회",
}
_WORST_FIRST = (Verdict.DANGER, Verdict.WARN, Verdict.OK)


class HealthView(Enum):
    """Which of the two lists is shown."""

    BOTH = "both"
    FIGURES = "figures"
    STREAMS = "streams"


_VIEW_WORDS = {HealthView.BOTH: "전체", HealthView.FIGURES: "항목", HealthView.STREAMS: "실시간"}


class HealthPanel(Panel):
    """List figures and streams; reads once a second while visible, nothing while hidden."""

    panel_name = "health"
    screen_number = "9002"

    def __init__(self, workspace: Workspace, health: Health) -> None:
        super().__init__(workspace, tr("상태", context="screen"))
        self._health = health
        self._gauge = LoopGauge(self)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        self._advised = ""
        kept = workspace.preferences.read("health.view")
        self._view = HealthView(kept) if kept in [view.value for view in HealthView] else HealthView.BOTH
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setFont(self.theme.font(self.theme.metrics.label))
        self.title_area.insertWidget(1, self.summary)
        self.view_buttons: dict[HealthView, QToolButton] = {}
        for view, word in _VIEW_WORDS.items():
            button = QToolButton()
            button.setText(tr(word))
            button.setAccessibleName(tr(word))
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, chosen=view: self.choose_view(chosen))
            self.title_area.addWidget(button)
            self.view_buttons[view] = button
        self.grid = self._figures()
        self.streams = self._streams()
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.grid)
        self.split.addWidget(self.streams)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setHandleWidth(self.theme.metrics.gutter)
        self.split.setStyleSheet(f"QSplitter::handle {{ background: {self.theme.colours.bg0.name()}; }}")
        self.body.addWidget(self.split, 1)
        self.advice = QLabel()
        self.advice.setTextFormat(Qt.TextFormat.PlainText)
        self.advice.setWordWrap(True)
        self.advice.setMargin(self.theme.metrics.gutter)
        self.advice.setIndent(self.theme.metrics.inset - self.theme.metrics.gutter)
        self.body.addWidget(self.advice)
        self.grid.chosen.connect(lambda _: self._advise())
        self._show_view(self._view)

    # -- building ---

    def _figures(self) -> Grid:
        grid = Grid(
            "health",
            [
                Column(
                    "title", tr("항목"), 92, lambda line: said(line.title), Align.LEFT, colour=self._muted
                ),
                Column(
                    "verdict", tr("판정"), 66, _verdict_word, Align.LEFT, colour=self._colour, is_bold=True
                ),
                Column(
                    "value",
                    tr("값"),
                    190,
                    lambda line: said(line.value),
                    Align.LEFT,
                    stretch=2,
                    tooltip=lambda line: said(line.value),
                ),
                Column(
                    "advice",
                    tr("할 일"),
                    240,
                    lambda line: said(line.advice),
                    Align.LEFT,
                    stretch=3,
                    priority=1,
                    colour=self._colour,
                    tooltip=lambda line: said(line.advice),
                ),
            ],
            self.theme,
            self.workspace.preferences,
            title=tr("상태", context="screen"),
            empty_text="",
            is_multiple=True,
        )
        grid.menu_wanted.connect(partial(self._open_menu, grid, "health"))
        return grid

    def _streams(self) -> Grid:
        grid = Grid(
            "health.streams",
            [
                Column(
                    "name",
                    tr("종목"),
                    110,
                    self._name,
                    Align.LEFT,
                    stretch=2,
                    tooltip=lambda line: line.status.symbol,
                ),
                Column(
                    "stream", tr("구분", context="stream"), 88, _stream_word, Align.LEFT, colour=self._muted
                ),
                Column("state", tr("상태"), 66, _state_word, Align.LEFT, colour=self._colour, is_bold=True),
                Column(
                    "age",
                    tr("최근"),
                    52,
                    _age,
                    colour=self._muted,
                    sort=lambda line: line.age,
                ),
                Column(
                    "reason",
                    tr("이유"),
                    180,
                    lambda line: said(line.status.reason),
                    Align.LEFT,
                    stretch=3,
                    priority=1,
                    tooltip=lambda line: said(line.status.reason),
                ),
            ],
            self.theme,
            self.workspace.preferences,
            title=tr("실시간 등록"),
            empty_text=tr("등록한 실시간이 없습니다. 관심종목에 종목을 넣으면 여기에 나타납니다."),
            is_multiple=True,
        )
        grid.activated.connect(self._follow)
        grid.menu_wanted.connect(partial(self._open_menu, grid, "streams"))
        return grid

    # -- life ---

    def activate(self) -> None:
        """Read, and go on once a second."""
        self._gauge.start()
        self.refresh()
        self._timer.start()

    def deactivate(self) -> None:
        """Read no more."""
        self._timer.stop()
        self._gauge.stop()

    def refresh(self) -> None:
        """Read every figure and repaint what changed."""
        clock = self.workspace.frame_clock
        stall = max(clock.longest_within(STALL_SPAN), self._gauge.longest_within(STALL_SPAN))
        lines, streams = self._health.lines(stall), self._health.streams()
        _show(self.grid, {line.key: line for line in lines})
        _show(self.streams, {line.key: line for line in streams})
        self._summarise(lines)
        self._advise()
        word = f"{tr(_VIEW_WORDS[HealthView.STREAMS])} {len(streams)}"
        self.view_buttons[HealthView.STREAMS].setText(word)

    def _summarise(self, lines: Sequence[HealthLine]) -> None:
        counts = Counter(line.verdict for line in lines)
        worst = next(verdict for verdict in _WORST_FIRST if counts[verdict] or verdict is Verdict.OK)
        parts = [
            f"{_word(verdict)} {counts[verdict]}" for verdict in reversed(_WORST_FIRST) if counts[verdict]
        ]
        self.summary.setText(" · ".join(parts))
        self.summary.setStyleSheet(f"color: {self._verdict_colour(worst).name()};")

    def _advise(self) -> None:
        """Say in whole what the narrow column cuts: of the chosen line, else of the worst."""
        lines = [self.grid.row(key) for key in self.grid.keys]
        chosen = self.grid.row(self.grid.current) if self.grid.current in self.grid.keys else None
        if chosen is None or not chosen.advice:
            told = [line for line in lines if line.advice]
            chosen = min(told, key=lambda line: _WORST_FIRST.index(line.verdict), default=None)
        text = f"{said(chosen.title)}: {said(chosen.advice)}" if chosen is not None else ""
        if text != self._advised:
            self._advised = text
            self.advice.setText(text)
            if chosen is not None:
                self.advice.setStyleSheet(f"color: {self._verdict_colour(chosen.verdict).name()};")
        self.advice.setVisible(bool(text) and self._view is not HealthView.STREAMS)

    # -- what is shown ---

    def choose_view(self, view: HealthView) -> None:
        """Show one list or both, now and at the next start."""
        self.workspace.preferences.write("health.view", view.value)
        self._show_view(view)

    def _show_view(self, view: HealthView) -> None:
        self._view = view
        for known, button in self.view_buttons.items():
            button.setChecked(known is view)
        self.grid.setVisible(view is not HealthView.STREAMS)
        self.streams.setVisible(view is not HealthView.FIGURES)
        self.advice.setVisible(bool(self._advised) and view is not HealthView.STREAMS)

    def _name(self, line: StreamLine) -> str:
        symbol = line.status.symbol
        return self.workspace.instruments.name(symbol) if symbol else tr("모든 종목")

    def _follow(self, key: str) -> None:
        self.workspace.link.choose(self.streams.row(key).status.symbol)

    def _muted(self, line: object) -> QColor:
        return self.theme.colours.muted

    def _colour(self, line: HealthLine | StreamLine) -> QColor:
        return self._verdict_colour(line.verdict)

    def _verdict_colour(self, verdict: Verdict) -> QColor:
        colours = self.theme.colours
        return {Verdict.OK: colours.ok, Verdict.WARN: colours.warn, Verdict.DANGER: colours.danger}[verdict]

    def _open_menu(self, grid: Grid, name: str, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(grid.copy_selection)
        menu.addAction(tr("찾기 (Ctrl+F)")).triggered.connect(grid.open_filter)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, name, grid.table, self.workspace.link)
        )
        menu.popup(at)


def _show(grid: Grid, rows: Mapping[str, Any]) -> None:
    """Hand rows over; repaint only the ones that changed while the list is the same."""
    if set(grid.keys) != set(rows):
        grid.set_rows(rows.items())
        return
    for key, row in rows.items():
        if grid.row(key) != row:
            grid.update_row(key, row)


def _word(verdict: Verdict) -> str:
    words = {Verdict.OK: tr("정상", context="verdict"), Verdict.WARN: tr("주의"), Verdict.DANGER: tr("위험")}
    return words[verdict]


def _verdict_word(line: HealthLine) -> str:
    return _word(line.verdict)


def _stream_word(line: StreamLine) -> str:
    return tr(_STREAM_WORDS[line.status.stream], context="stream")


def _state_word(line: StreamLine) -> str:
    return tr(_STATE_WORDS[line.status.state], context="subscription")


def _age(line: StreamLine) -> str:
    if line.age is None:
        return "-"
    return tr("{n}초", n=int(line.age)) if line.age < 60 else tr("{n}분", n=int(line.age // 60))
