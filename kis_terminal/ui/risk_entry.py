"""The ways to the limits, to the explanations and out of REDUCING: commands, menu entries, sheets."""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow, QMenu

from kis_terminal.domain.risk import TradingState
from kis_terminal.ui.dialogs.flatten import FlattenSheet
from kis_terminal.ui.dialogs.panic_rehearsal import PanicRehearsalSheet
from kis_terminal.ui.dialogs.reducing import ReducingSheet
from kis_terminal.ui.dialogs.risk_limits import RiskLimitsSheet
from kis_terminal.ui.shortcuts import Command
from kis_terminal.ui.translation import tr, unmarked
from kis_terminal.ui.workspace import Workspace


class RiskEntry:
    """Own the sheets about risk."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        self._workspace = workspace
        self.limits = RiskLimitsSheet(window, workspace)
        self.flatten = FlattenSheet(window, workspace)
        self.reducing = ReducingSheet(window, workspace, self.open_limits)
        rehearsal = workspace.rehearsal
        self.rehearsal = PanicRehearsalSheet(window, workspace, rehearsal) if rehearsal is not None else None

    def commands(self) -> list[Command]:
        """Return the commands of the palette."""
        link = self._workspace.link
        rehearsing = [] if self.rehearsal is None else [self.rehearsal.open]
        return [
            Command("risk.limits", tr("위험 한도 보기·바꾸기"), "Ctrl+Shift+L", self.open_limits),
            Command("risk.explain", tr("위험 점검: 주문창의 주문"), "", lambda: link.explain_wanted.emit("")),
            Command("risk.reduce", tr("줄이기만: 보유를 줄이는 주문만 허용"), "", self.reduce),
            Command("risk.shares", tr("주식 수 변경 확인: 자동 주문 다시 허용"), "", self.acknowledge_shares),
            Command("risk.flatten", tr("보유 종목 모두 청산…"), "", self.flatten.open),
            Command("risk.release", tr("줄이기만 해제…"), "", self.open_release),
            *(Command("panic.rehearse", tr("전체취소·정지 연습…"), "", act) for act in rehearsing),
        ]

    def fill_menu(self, menu: QMenu) -> None:
        """Add the limits."""
        menu.addAction(tr("위험 한도…")).triggered.connect(self.open_limits)
        menu.addAction(tr("보유 종목 모두 청산…")).triggered.connect(self.flatten.open)
        if self.rehearsal is not None:
            menu.addAction(unmarked(tr("전체취소·정지 연습…"))).triggered.connect(self.rehearsal.open)

    def open_limits(self) -> None:
        """Show the limits."""
        self.reducing.hide()
        self.limits.open()

    def reduce(self) -> None:
        """Let only those orders leave that lower what is held."""
        gate = self._workspace.risk_gate
        if gate.state is TradingState.ACTIVE:
            gate.reduce()

    def acknowledge_shares(self) -> None:
        """Let programs order symbols again whose shares were split or merged: a person has looked."""
        changes, link = self._workspace.share_changes, self._workspace.link
        waiting = changes.waiting if changes is not None else ()
        if changes is None or not waiting:
            link.message.emit("info", tr("확인할 주식 수 변경이 없습니다."))
            return
        for change in waiting:
            changes.acknowledge(change.symbol)
        names = ", ".join(change.name for change in waiting)
        link.message.emit("info", tr("자동 주문을 다시 허용했습니다: {names}", names=names))

    def open_release(self) -> None:
        """Show the way out of REDUCING, where the account is in it."""
        if self._workspace.risk_gate.state is TradingState.REDUCING:
            self.reducing.open()
        else:
            self._workspace.link.message.emit("info", tr("줄이기만 상태가 아닙니다."))

    def refresh(self) -> None:
        """Keep an open sheet at the figures of this moment; away once the state is another."""
        if self.reducing.isHidden():
            return
        if self._workspace.risk_gate.state is TradingState.REDUCING:
            self.reducing.refresh()
        else:
            self.reducing.hide()
