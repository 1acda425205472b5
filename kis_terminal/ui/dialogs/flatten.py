"""보유 청산: what would be sold and how, the typed word that starts it, and what became of each holding."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMainWindow, QPushButton

from kis_terminal.domain.environment import Environment
from kis_terminal.services.flatten import FlattenLine, FlattenReport
from kis_terminal.services.hub import Subscription
from kis_terminal.ui import formatting
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_ROWS_SHOWN = 7


class FlattenSheet(Sheet):
    """Ask for the word, twice where it is real money; show the run as it goes on."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        theme = workspace.theme
        super().__init__(
            window,
            theme,
            tr("보유 종목 모두 청산"),
            width=theme.metrics.sheet,
            border=theme.colours.danger.name(),
        )
        self._workspace = workspace
        self._is_asked_again = False
        self.message = self.sentence()
        self.grid = Grid(
            "flatten",
            self._columns(),
            theme,
            None,
            title=tr("청산 결과"),
            empty_text=tr("팔 수 있는 보유 종목이 없습니다."),
        )
        self.grid.setMinimumHeight(theme.metrics.header + theme.metrics.row * _ROWS_SHOWN)
        self.content.addWidget(self.grid, 1)
        self.word = tr("청산")
        line = QHBoxLayout()
        self.word_edit = QLineEdit()
        self.word_edit.setPlaceholderText(tr("모두 팔려면 '{word}'이라고 입력하십시오", word=self.word))
        self.word_edit.setAccessibleName(tr("청산 확인"))
        self.word_edit.textChanged.connect(self._word_changed)
        self.start_button = QPushButton(tr("모두 팔기"))
        self.start_button.setEnabled(False)
        self.start_button.clicked.connect(self._start)
        line.addWidget(self.word_edit, 1)
        line.addWidget(self.start_button)
        self.content.addLayout(line)
        self.button(tr("닫기 (Esc)")).clicked.connect(self.hide)
        self._following: Subscription | None = None

    def _columns(self) -> list[Column]:
        colours = self.theme.colours
        return [
            Column("name", tr("종목"), 120, lambda p: p.name, Align.LEFT, is_bold=True, stretch=1),
            Column("held", tr("보유"), 64, lambda p: formatting.number(p.held)),
            Column("sold", tr("매도"), 64, lambda p: formatting.number(p.sold)),
            Column("left", tr("남음"), 64, lambda p: formatting.number(p.left)),
            Column("price", tr("평균가"), 80, lambda p: formatting.number(p.average_price)),
            Column(
                "reason",
                tr("이유"),
                160,
                lambda p: said(p.reason),
                Align.LEFT,
                stretch=2,
                colour=lambda p: colours.muted,
            ),
        ]

    def open(self) -> None:
        """Come up with what is held now; a run that goes on is shown as it stands."""
        flatten = self._workspace.flatten
        if flatten is None:
            return
        if self._following is None:
            self._following = flatten.changed.subscribe(self._show)
        self.word_edit.clear()
        self._is_asked_again = False
        self.start_button.setText(tr("모두 팔기"))
        if flatten.is_running and flatten.report is not None:
            self._show(flatten.report)
        else:
            self._show_question()
        self.present()
        self.word_edit.setFocus()

    def _show_question(self) -> None:
        flatten, positions = self._workspace.flatten, self._workspace.portfolio.positions
        assert flatten is not None  # noqa: S101 - `open` has looked
        terms = flatten.terms
        lines = [FlattenLine(item.symbol, item.name, item.quantity, 0, None, False, "") for item in positions]
        self.grid.set_rows([(line.symbol, line) for line in lines])
        words = tr(
            "보유 {count}종목을 매수호가보다 {ticks}호가 낮은 지정가(IOC)로 {attempts}번까지 나누어 팝니다. "
            "처음 매수호가보다 {percent}% 넘게 낮은 값에는 팔지 않습니다. "
            "이 종목의 미체결 주문은 먼저 취소하고, 끝난 뒤에는 줄이기만 상태가 됩니다.",
            count=len(positions),
            ticks=terms.ticks_under_bid,
            attempts=terms.attempts,
            percent=terms.floor_percent,
        )
        why = flatten.why_not()
        self.message.setText(said(why) if why else words)
        self.word_edit.setEnabled(not why)

    def _show(self, report: FlattenReport) -> None:
        if report.is_running:
            text = tr("보유 종목을 팔고 있습니다.")
        elif report.is_flat:
            text = tr("보유 종목을 모두 팔았습니다.")
        else:
            text = tr("다 팔지 못했습니다. 남은 수량과 이유를 확인하십시오.")
        self.message.setText(text)
        self.grid.set_rows([(line.symbol, line) for line in report.lines])
        self.word_edit.setEnabled(not report.is_running)

    def _word_changed(self, text: str) -> None:
        self._is_asked_again = False
        self.start_button.setText(tr("모두 팔기"))
        self.start_button.setEnabled(text.strip() == self.word)

    def _start(self) -> None:
        flatten = self._workspace.flatten
        if flatten is None or self.word_edit.text().strip() != self.word:
            return
        if self._workspace.environment is Environment.REAL and not self._is_asked_again:
            self._is_asked_again = True
            self.start_button.setText(tr("실전: 한 번 더 누르면 팝니다"))
            return
        why = flatten.start()
        self.word_edit.clear()
        if why:
            self.message.setText(said(why))
