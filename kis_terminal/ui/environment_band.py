"""The coloured line on top: which world this is, whose account, whether orders may leave, what time it is."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import Venue
from kis_terminal.domain.risk import TradingState
from kis_terminal.domain.sessions import Phase, phase_at
from kis_terminal.ui import formatting
from kis_terminal.ui.dialogs.reducing import reducing_reason
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_NAMES = {
    Environment.SIM: ("시뮬레이션", "내장 거래소"),
    Environment.PAPER: ("모의투자", "한국투자증권"),
    Environment.REAL: ("실전투자", "한국투자증권"),
}
_PHASES = {
    Phase.CLOSED: "장 마감",
    Phase.PRE_MARKET: "프리마켓",
    Phase.OPENING_AUCTION: "시가 동시호가",
    Phase.CONTINUOUS: "정규장",
    Phase.CLOSING_AUCTION: "종가 동시호가",
    Phase.AFTER_CLOSE: "장후 시간외",
    Phase.AFTER_MARKET: "애프터마켓",
}
_SECOND_THOUGHT_MILLISECONDS = 4000


def environment_word(environment: Environment) -> str:
    """Return the environment's name."""
    return tr(_NAMES[environment][0])


class EnvironmentBand(QWidget):
    """Say where orders go, and whether they may.

    Signals: `release_wanted()` and `reducing_release_wanted()`, the way out of the halt latch or of 줄이기만
    was asked for.
    """

    release_wanted = Signal()
    reducing_release_wanted = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        theme = workspace.theme
        colours, metrics = theme.colours, theme.metrics
        ground = theme.environment(workspace.environment).name()
        self.setObjectName("band")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(metrics.band)
        self.setStyleSheet(
            f"#band {{ background: {ground}; }} #band QLabel {{ color: {colours.on_colour.name()}; }}"
            f"#band QPushButton {{ min-height: {metrics.band - 8}px; padding: 0 8px;"
            f" background: transparent; color: {colours.on_colour.name()};"
            f" border: 1px solid {colours.on_colour.name()}; }}"
            f"#band QLabel#reducing {{ background: {colours.warn.name()}; color: {colours.bg0.name()};"
            f" padding: 1px 8px; border-radius: {metrics.radius}px; }}"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, 0, metrics.inset, 0)
        self.label, self.clock = QLabel(), QLabel()
        self.reducing = QLabel()
        self.reducing.setObjectName("reducing")
        for label in (self.label, self.reducing, self.clock):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setFont(theme.bold())
        self.lock_button = QPushButton()
        self.lock_button.setAutoDefault(False)
        self.lock_button.clicked.connect(self._lock_clicked)
        layout.addWidget(self.label)
        layout.addWidget(self.reducing)
        layout.addWidget(self.lock_button)
        layout.addStretch(1)
        layout.addWidget(self.clock)
        self._is_asking = False
        self._second_thought = QTimer(self)
        self._second_thought.setSingleShot(True)
        self._second_thought.setInterval(_SECOND_THOUGHT_MILLISECONDS)
        self._second_thought.timeout.connect(self._forget_question)
        self.refresh()

    def refresh(self) -> None:
        """Show the state as it is; cheap when nothing changed."""
        workspace = self._workspace
        name, server = _NAMES[workspace.environment]
        gate = workspace.risk_gate
        is_halted = gate.is_halted
        is_reducing = gate.state is TradingState.REDUCING and not is_halted
        if is_halted:
            orders, action = tr("주문 잠김 (전체취소·정지)"), tr("잠금 해제…")
        elif not gate.is_armed:
            orders = tr("주문 잠김")
            action = tr("한 번 더 누르면 실전 주문이 나갑니다") if self._is_asking else tr("실전 주문 켜기")
        else:
            orders = tr("주문 가능")
            action = tr("주문 잠그기") if workspace.environment is Environment.REAL else ""
            if is_reducing:
                orders, action = "", tr("줄이기만 해제…")
        parts = (tr(name), tr(server), tr("계좌 {account}", account=workspace.account_label), orders)
        _set_text(self.label, "  ·  ".join(part for part in parts if part))
        if is_reducing:
            words = tr("줄이기만 · {reason}", reason=reducing_reason(workspace))
            _set_text(self.reducing, words)
            self.reducing.setToolTip(tr("보유를 줄이는 주문과 취소만 나갑니다"))
        self.reducing.setVisible(is_reducing)
        if self.lock_button.text() != action:
            self.lock_button.setText(action)
            self.lock_button.setAccessibleName(action)
        self.lock_button.setVisible(bool(action))
        _set_text(self.clock, self._time_words())

    def _time_words(self) -> str:
        seconds = self._workspace.market_data.market_seconds()
        if seconds is None:
            return tr("시세를 기다리는 중")
        phase = phase_at(Venue.KRX, seconds)
        return f"{tr(_PHASES[phase])}   {formatting.time_of_day(seconds)}   KRX"

    def _lock_clicked(self) -> None:
        gate = self._workspace.risk_gate
        if gate.is_halted:
            self.release_wanted.emit()
        elif gate.is_armed and gate.state is TradingState.REDUCING:
            self.reducing_release_wanted.emit()
        elif gate.is_armed:
            gate.arm(is_armed=False)
        elif self._is_asking:
            self._forget_question()
            gate.arm(is_armed=True)
        else:
            self._is_asking = True
            self._second_thought.start()
        self.refresh()

    def _forget_question(self) -> None:
        self._is_asking = False
        self._second_thought.stop()
        self.refresh()


def _set_text(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
