"""The sheet that proves a panic: one line for each order, and the guarded way to trading again."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMainWindow, QPushButton

from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.panic import PanicReport
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.columns import Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.panic_columns import panic_columns
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_ROWS_SHOWN = 9


class PanicSheet(Sheet):
    """Show the run as it goes on; new orders stay locked until the word is typed."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        theme = workspace.theme
        super().__init__(
            window,
            theme,
            tr("전체취소·정지"),
            width=theme.metrics.sheet,
            border=theme.colours.danger.name(),
        )
        self._workspace = workspace
        self.message = self.sentence()
        self.message.setFont(theme.medium(theme.metrics.entry))
        self.grid = Grid(
            "panic",
            self._columns(),
            theme,
            None,
            title=tr("전체취소 결과"),
            empty_text=tr("취소할 주문이 없었습니다."),
            is_multiple=True,
        )
        self.grid.setMinimumHeight(theme.metrics.header + theme.metrics.row * _ROWS_SHOWN)
        self.content.addWidget(self.grid, 1)
        self.release_word = tr("해제")
        line = QHBoxLayout()
        self.word_edit = QLineEdit()
        self.word_edit.setPlaceholderText(
            tr("다시 주문하려면 '{word}'라고 입력하십시오", word=self.release_word)
        )
        self.word_edit.setAccessibleName(tr("잠금 해제 확인"))
        self.word_edit.textChanged.connect(self._word_changed)
        self.word_edit.returnPressed.connect(self._release)
        self.release_button = QPushButton(tr("잠금 해제"))
        self.release_button.setEnabled(False)
        self.release_button.clicked.connect(self._release)
        line.addWidget(self.word_edit, 1)
        line.addWidget(self.release_button)
        self.content.addLayout(line)
        self.left_out_button = self.button("")
        self.left_out_button.hide()
        self.left_out_button.clicked.connect(self._leave_out)
        self.button(tr("CSV로 저장")).clicked.connect(self._save)
        again = self.button(tr("다시 취소"))
        again.clicked.connect(workspace.panic.press)
        self.button(tr("닫기 (Esc)")).clicked.connect(self.hide)

    def _columns(self) -> list[Column]:
        return panic_columns(self.theme, self._workspace.instruments.name)

    def show_report(self, report: PanicReport) -> None:
        """Take the state of a run and come up."""
        if report.is_running:
            self.title_label.setText(tr("전체취소·정지 진행 중"))
        elif report.is_proven:
            self.title_label.setText(tr("전체취소·정지 완료 — 열린 주문 없음"))
        else:
            self.title_label.setText(tr("전체취소·정지 — 확인되지 않음"))
        self.message.setText(said(report.message))
        self._show_failing(report)
        self.grid.set_rows([(line.order.key, line) for line in report.lines])
        if self.isHidden():
            self.word_edit.clear()
        self.present()

    def _show_failing(self, report: PanicReport) -> None:
        """Offer to leave out a product whose list fails: only a person knows that nothing is there."""
        others = self._workspace.panic.others
        failing = others.failing if others is not None and report.is_running else ()
        self.left_out_button.setVisible(bool(failing))
        if failing:
            words = tr("{product}: 이 계좌는 거래하지 않음", product=said(failing[0][0].words))
            self.left_out_button.setText(words)
            self.left_out_button.setAccessibleName(words)

    def _leave_out(self) -> None:
        others = self._workspace.panic.others
        if others is not None and others.failing:
            self._workspace.scope.spawn(others.leave_out(others.failing[0][0]), name="product left out")
            self.left_out_button.hide()

    def open_for_release(self) -> None:
        """Come up for unlocking, with the last run where there is one."""
        report = self._workspace.panic.report
        if report is not None:
            self.show_report(report)
        else:
            self.title_label.setText(tr("주문 잠김"))
            self.message.setText(
                tr("지난번 전체취소·정지로 새 주문이 잠겨 있습니다. 미체결 주문을 확인한 뒤에 해제하십시오.")
            )
            self.grid.set_empty_text("")
            self.present()
        self.word_edit.setFocus()

    def _save(self) -> None:
        report = self._workspace.panic.report
        if report is not None:
            save_table(
                self, report.started_at.strftime("panic-%Y%m%d-%H%M%S"), self.table, self._workspace.link
            )

    def table(self) -> list[list[str]]:
        """Return the run as a claim needs it: when, what became of each order, and whom to call."""
        report = self._workspace.panic.report
        if report is None:
            return []
        head = [
            [tr("시작"), report.started_at.isoformat(timespec="seconds")],
            [tr("계좌"), self._workspace.account_label],
            [tr("결과"), said(report.message)],
            [tr("문의"), tr("한국투자증권 고객센터 1544-5000")],
        ]
        columns = self._columns()
        rows = [[column.text(line) for column in columns] for line in report.lines]
        return [*head, [column.title for column in columns], *rows]

    def _word_changed(self, text: str) -> None:
        self.release_button.setEnabled(text.strip() == self.release_word)

    def _release(self) -> None:
        if self.word_edit.text().strip() != self.release_word:
            return
        if self._workspace.panic.is_running:
            self.message.setText(tr("아직 취소가 진행 중입니다. 끝난 뒤에 해제하십시오."))
            return
        try:
            self._workspace.risk_gate.release()
        except TerminalError as error:
            self.message.setText(tr("풀 수 없습니다: {error}", error=said(error)))
            return
        self._workspace.link.message.emit("info", tr("주문 잠금을 해제했습니다."))
        self.hide()
