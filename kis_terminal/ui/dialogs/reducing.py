"""줄이기만: why only exposure may be lowered now, and the guarded way back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMainWindow, QPushButton

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.risk import TradingState
from kis_terminal.ui.formatting import number, signed
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace


def is_loss_at_limit(workspace: Workspace) -> bool:
    """Tell whether the day's loss stands at its limit now."""
    profit = workspace.portfolio.day_profit
    return profit is not None and profit <= -workspace.risk_gate.limits.max_daily_loss


def reducing_reason(workspace: Workspace) -> str:
    """Return in a few words why only exposure may be lowered."""
    if is_loss_at_limit(workspace):
        return tr("하루 손실 한도")
    return tr("해제를 기다림")


class ReducingSheet(Sheet):
    """Say the day's figures; open trading again by the typed word or by the plain button.

    While the loss stands at its limit neither does: the gate would fall back at once, and no buy would pass.
    """

    def __init__(self, window: QMainWindow, workspace: Workspace, open_limits: Callable[[], None]) -> None:
        theme = workspace.theme
        super().__init__(
            window,
            theme,
            tr("줄이기만 — 보유를 줄이는 주문만 나갑니다"),
            width=theme.metrics.slip,
            border=theme.colours.warn.name(),
        )
        self._workspace = workspace
        self.text = self.sentence()
        self.release_word = tr("해제")
        line = QHBoxLayout()
        self.word_edit = QLineEdit()
        self.word_edit.setPlaceholderText(
            tr("다시 주문하려면 '{word}'라고 입력하십시오", word=self.release_word)
        )
        self.word_edit.setAccessibleName(tr("줄이기만 해제 확인"))
        self.word_edit.textChanged.connect(lambda _: self._show_ways())
        self.word_edit.returnPressed.connect(self._release_by_word)
        self.release_button = QPushButton(tr("줄이기만 해제"))
        self.release_button.clicked.connect(self._release_by_word)
        line.addWidget(self.word_edit, 1)
        line.addWidget(self.release_button)
        self.content.addLayout(line)
        self.confirm_button = self.button(tr("손실 한도를 확인했습니다"))
        self.limits_button = self.button(tr("위험 한도…"))
        self.back_button = self.button(tr("닫기 (Esc)"))
        self.confirm_button.clicked.connect(self._release)
        self.limits_button.clicked.connect(open_limits)
        self.back_button.clicked.connect(self.hide)

    def open(self) -> None:
        """Come up with the figures of this moment."""
        self.word_edit.clear()
        self.refresh()
        self.present()
        (self.back_button if is_loss_at_limit(self._workspace) else self.word_edit).setFocus()

    def refresh(self) -> None:
        """Show the figures as they are now, and which way back is open."""
        workspace = self._workspace
        limits, profit = workspace.risk_gate.limits, workspace.portfolio.day_profit
        figures = tr(
            "오늘 손익 {profit}원 (비용 포함) · 한도 -{limit}원",
            profit=signed(profit),
            limit=number(limits.max_daily_loss),
        )
        if is_loss_at_limit(workspace):
            words = tr(
                "오늘 손실이 한도에 닿아 있는 동안은 풀 수 없습니다. 매도와 취소는 그대로 됩니다. "
                "한도를 넓히려면 위험 한도를 바꾸십시오."
            )
        else:
            words = tr(
                "손실이 한도 안으로 돌아왔거나 지난번 상태가 남아 있습니다. "
                "미체결과 잔고를 확인한 뒤에 푸십시오."
            )
        self.text.setText(f"{figures}\n\n{words}")
        self._show_ways()

    def _show_ways(self) -> None:
        can_release = not is_loss_at_limit(self._workspace)
        self.word_edit.setEnabled(can_release)
        self.confirm_button.setEnabled(can_release)
        self.release_button.setEnabled(can_release and self._has_word())

    def _has_word(self) -> bool:
        return self.word_edit.text().strip() == self.release_word

    def _release_by_word(self) -> None:
        if self._has_word():
            self._release()

    def _release(self) -> None:
        gate = self._workspace.risk_gate
        if gate.is_halted or gate.state is not TradingState.REDUCING or is_loss_at_limit(self._workspace):
            self.refresh()
            return
        try:
            gate.release()
        except TerminalError as error:
            self.text.setText(tr("풀 수 없습니다: {error}", error=said(error)))
            return
        self._workspace.link.message.emit("info", tr("줄이기만을 해제했습니다. 모든 주문이 다시 나갑니다."))
        self.hide()
