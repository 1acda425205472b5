"""전체취소·정지 연습: what it does and does not touch, the run as it goes, its figures and one line an order.

It has no button that presses the real panic, and none that unlocks: only the real report has those.
"""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow

from kis_terminal.services.hub import Subscription
from kis_terminal.services.panic_rehearsal import PanicRehearsal, RehearsalReport
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.panic_columns import panic_columns
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import language, said, tr
from kis_terminal.ui.workspace import Workspace

_ROWS_SHOWN = 9


class PanicRehearsalSheet(Sheet):
    """Start a rehearsal and show it; every title, file and first line says that it is one."""

    def __init__(self, window: QMainWindow, workspace: Workspace, rehearsal: PanicRehearsal) -> None:
        theme = workspace.theme
        super().__init__(
            window,
            theme,
            tr("전체취소·정지 연습"),
            width=theme.metrics.sheet,
            border=theme.colours.accent.name(),
        )
        self._workspace = workspace
        self._rehearsal = rehearsal
        self.message = self.sentence()
        self.message.setFont(theme.medium(theme.metrics.entry))
        self.figures = self.sentence()
        self._columns = panic_columns(theme, workspace.instruments.name)
        self.grid = Grid(
            "panic-rehearsal",
            self._columns,
            theme,
            None,
            title=tr("연습 결과"),
            empty_text=tr("아직 연습하지 않았습니다."),
            is_multiple=True,
        )
        self.grid.setMinimumHeight(theme.metrics.header + theme.metrics.row * _ROWS_SHOWN)
        self.content.addWidget(self.grid, 1)
        self.start_button = self.button(tr("연습 시작"))
        self.start_button.clicked.connect(self._start)
        self.save_button = self.button(tr("CSV로 저장"))
        self.save_button.clicked.connect(self._save)
        self.button(tr("닫기 (Esc)")).clicked.connect(self.hide)
        self._following: tuple[Subscription, ...] = ()
        """Of the real panic too: its report is never looked for among rehearsals."""

    def open(self) -> None:
        """Come up with the last rehearsal, or with what one would do."""
        if not self._following:
            self._following = (
                self._rehearsal.changed.subscribe(self._show),
                self._workspace.panic.changed.subscribe(lambda _: self.hide()),
            )
        report = self._rehearsal.report
        if report is not None:
            self._show(report)
        else:
            self.message.setText(
                tr(
                    "따로 띄운 내장 거래소에 여러 종류의 주문을 내고, 취소 응답 하나를 잃은 채로 "
                    "전체취소·정지를 끝까지 밟아 봅니다. 20초쯤 걸리며 계좌와 주문 잠금, 주문 기록은 "
                    "건드리지 않습니다."
                )
            )
            self.save_button.setEnabled(False)
        self.present()
        self.start_button.setFocus()

    def _start(self) -> None:
        self._rehearsal.start(language())

    def _show(self, report: RehearsalReport) -> None:
        if report.is_running:
            title = tr("전체취소·정지 연습 중 (실제 계좌 아님)")
        elif report.has_passed:
            title = tr("전체취소·정지 연습 통과 (실제 계좌 아님)")
        else:
            title = tr("전체취소·정지 연습 실패 (실제 계좌 아님)")
        self.title_label.setText(title)
        self.message.setText(said(report.sentence))
        self.figures.setText("\n".join(report.figures))
        lines = report.panic.lines if report.panic is not None else ()
        self.grid.set_rows([(line.order.key, line) for line in lines])
        self.start_button.setEnabled(not report.is_running)
        self.save_button.setEnabled(report.panic is not None)
        if self.isVisible():
            self.place()  # the figures have made it higher

    def _save(self) -> None:
        report = self._rehearsal.report
        if report is not None and report.panic is not None:
            name = report.panic.started_at.strftime("rehearsal-%Y%m%d-%H%M%S")
            save_table(self, name, self.table, self._workspace.link)

    def table(self) -> list[list[str]]:
        """Return the rehearsal for a file, whose first line says what it is; without an account."""
        report = self._rehearsal.report
        if report is None or report.panic is None:
            return []
        head = [
            [tr("전체취소·정지 연습 (실제 계좌 아님)")],
            [tr("시작"), report.panic.started_at.isoformat(timespec="seconds")],
            [tr("결과"), said(report.sentence)],
            *([figure] for figure in report.figures),
        ]
        mark = tr("연습")
        rows = [[mark, *(column.text(line) for column in self._columns)] for line in report.panic.lines]
        return [*head, ["", *(column.title for column in self._columns)], *rows]
