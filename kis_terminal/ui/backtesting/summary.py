"""요약: the figures that count in large letters, all of them with their meaning, and what to mind."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.ui.backtesting.figure_words import HEADLINES, Figure, FigureWords
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CARD = 104
_CARD_HEIGHT = 44
_WARNING_ROWS = 5


class Headlines(QWidget):
    """A row of figures in large letters, as many as fit."""

    def __init__(self, workspace: Workspace, words: FigureWords) -> None:
        super().__init__()
        theme = workspace.theme
        self._theme = theme
        self._words = words
        self._small, self._large = Ink(theme.font(theme.metrics.label)), Ink(theme.bold(theme.metrics.name))
        self._result: BacktestResult | None = None
        self.setAccessibleName(tr("주요 성과"))
        self.setFixedHeight(_CARD_HEIGHT + theme.metrics.gutter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_result(self, result: BacktestResult) -> None:
        """Show the figures of a run."""
        self._result = result
        parts = [f"{self._words.label(k)} {self._words.text(k, result.summary.get(k))}" for k in HEADLINES]
        self.setAccessibleDescription(", ".join(parts))
        self.update()

    def sizeHint(self) -> QSize:
        """Be content with any width."""
        return QSize(_CARD * 4, _CARD_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as many figures as fit."""
        painter = QPainter(self)
        colours = self._theme.colours
        painter.fillRect(self.rect(), colours.bg1)
        if self._result is None:
            return
        count = max(1, min(len(HEADLINES), self.width() // _CARD))
        width = self.width() // count
        inset = self._theme.metrics.inset
        for place, key in enumerate(HEADLINES[:count]):
            value = self._result.summary.get(key)
            left = place * width + inset
            painter.setFont(self._small.font)
            label = QRect(left, 4, width - inset, 16)
            self._small.draw(painter, label, _LEFT, self._words.label(key), colours.muted)
            painter.setFont(self._large.font)
            room = QRect(left, 20, width - inset, 24)
            self._large.draw(
                painter, room, _LEFT, self._words.text(key, value), self._words.colour(key, value)
            )
        painter.fillRect(0, self.height() - 1, self.width(), 1, colours.line)


@dataclass(frozen=True, slots=True)
class _Row:
    """One figure, or the title of a group."""

    key: str
    value: Figure = None
    benchmark: Figure = None
    title: str = ""


_OF_BENCHMARK = {"total_return": "benchmark_return", "cagr": "benchmark_cagr"}


class SummaryView(QWidget):
    """Show one result."""

    def __init__(self, workspace: Workspace, words: FigureWords) -> None:
        super().__init__()
        self._words = words
        theme = workspace.theme
        colours = theme.colours
        self.headlines = Headlines(workspace, words)
        muted = colours.muted
        self.grid = Grid(
            "backtest.summary",
            [
                Column(
                    "label",
                    tr("지표", context="figure"),
                    190,
                    lambda r: r.title or words.label(r.key),
                    Align.LEFT,
                    colour=lambda r: colours.text if r.title else muted,
                    can_sort=False,
                ),
                Column(
                    "value",
                    tr("값"),
                    110,
                    lambda r: "" if r.title else words.text(r.key, r.value),
                    colour=lambda r: words.colour(r.key, r.value),
                    is_bold=True,
                    can_sort=False,
                ),
                Column(
                    "benchmark",
                    tr("벤치마크"),
                    90,
                    lambda r: "" if r.title or r.benchmark is None else words.text(r.key, r.benchmark),
                    colour=lambda r: words.colour(r.key, r.benchmark),
                    can_sort=False,
                ),
                Column(
                    "meaning",
                    tr("뜻", context="limit"),
                    220,
                    lambda r: "" if r.title else words.meaning(r.key),
                    Align.LEFT,
                    colour=lambda r: colours.faint if r.title else muted,
                    stretch=1,
                    priority=1,
                    tooltip=lambda r: "" if r.title else words.meaning(r.key),
                    can_sort=False,
                ),
            ],
            theme,
            workspace.preferences,
            title=tr("백테스트 요약"),
            empty_text="",
            is_multiple=True,
            row_tint=lambda r: colours.bg2 if r.title else None,
        )
        warn = colours.warn
        self.warnings = Grid(
            "backtest.warnings",
            [
                Column("mark", "", 24, lambda _: "!", Align.CENTER, colour=lambda _: warn, is_bold=True),
                Column("sentence", tr("주의"), 200, said, Align.LEFT, stretch=1, tooltip=said),
            ],
            theme,
            None,
            title=tr("결과를 읽을 때 주의할 점"),
            empty_text="",
            is_multiple=True,
            has_header=False,
        )
        self._theme = theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.headlines)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.warnings)

    def show_result(self, result: BacktestResult) -> None:
        """Show the figures and warnings of a run."""
        self.headlines.show_result(result)
        rows: list[tuple[str, _Row]] = []
        for group in self._words.groups:
            known = [
                _Row(name.key, result.summary[name.key], result.summary.get(_OF_BENCHMARK.get(name.key, "")))
                for name in group.figures
                if name.key in result.summary
            ]
            if known:
                rows.append((f"group {group.title}", _Row("", title=said(group.title))))
                rows += [(row.key, row) for row in known]
        if [key for key, _ in rows] == list(self.grid.keys):
            for key, row in rows:
                self.grid.update_row(key, row)
        else:
            self.grid.set_rows(rows)
        self.warnings.set_rows([(str(i), text) for i, text in enumerate(result.warnings)])
        self.warnings.setVisible(bool(result.warnings))
        self._fit_warnings()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the warnings no more than a part of the room."""
        super().resizeEvent(event)
        self._fit_warnings()

    def _fit_warnings(self) -> None:
        row = self._theme.metrics.row
        most = max(1, min(_WARNING_ROWS, self.height() // (4 * row)))
        self.warnings.setFixedHeight(min(most, len(self.warnings.keys)) * row + 1)
