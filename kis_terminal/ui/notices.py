"""What calls the person back: fills, refusals, lost connections and the latch, in the tray and as sounds."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from time import monotonic

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMainWindow, QMenu

from kis_terminal.domain.orders import Fill, Order
from kis_terminal.domain.risk import TradingState
from kis_terminal.resource_files import resource_path
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import LinkState
from kis_terminal.ui.dialogs.reducing import is_loss_at_limit
from kis_terminal.ui.environment_band import environment_word
from kis_terminal.ui.formatting import number
from kis_terminal.ui.order_words import side_word
from kis_terminal.ui.shortcuts import Command
from kis_terminal.ui.sound_player import Play
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.tray import TrayNotice
from kis_terminal.ui.workspace import Workspace

_GATHER_MILLISECONDS = 1000
_SOUND_SECONDS = 1.0
_MOST_LINES = 4
_LEVELS = ("info", "warn", "danger")


class Switch(StrEnum):
    """What can be switched off; the value is the preference's name."""

    TRAY = "notices.tray"
    FILL = "notices.sound.fill"
    REFUSAL = "notices.sound.refusal"
    ALARM = "notices.sound.alarm"


_SWITCH_WORDS = {
    Switch.TRAY: "트레이 알림",
    Switch.FILL: "체결 소리",
    Switch.REFUSAL: "거부 소리",
    Switch.ALARM: "연결 끊김·주문 잠금 소리",
}
_SOUNDS = {Switch.FILL: "fill", Switch.REFUSAL: "refusal", Switch.ALARM: "alarm"}


class Notices(QObject):
    """Follow orders, connection and trading state from the start to `stop`, also while the window is hidden.

    At most one notice and one sound a second: what comes meanwhile is gathered into the next notice.
    """

    def __init__(
        self, window: QMainWindow, workspace: Workspace, tray: TrayNotice | None, play: Play | None
    ) -> None:
        super().__init__(window)
        self._workspace = workspace
        self._tray = tray
        self._play = play
        self._state = workspace.risk_gate.state
        self._was_connected = workspace.market_data.link_state is LinkState.CONNECTED
        self._has_connected = self._was_connected
        self._lines: list[str] = []
        self._level = _LEVELS[0]
        self._sounded_at = -_SOUND_SECONDS
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_GATHER_MILLISECONDS)
        self._timer.timeout.connect(self._show_gathered)
        self._subscriptions: list[Subscription] = [
            workspace.orders.filled.subscribe(self._filled),
            workspace.orders.refused.subscribe(self._refused),
            workspace.market_data.link.subscribe(lambda _: self._link_changed()),
            workspace.risk_gate.state_changed.subscribe(self._state_changed),
        ]

    def stop(self) -> None:
        """Follow nothing any more and leave the tray; may be called twice."""
        self._timer.stop()
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        if self._tray is not None:
            self._tray.remove()

    # -- the switches ---

    def is_on(self, switch: Switch) -> bool:
        """Tell whether a kind of notice is wanted."""
        return self._workspace.preferences.read(switch.value, True) is not False

    def toggle(self, switch: Switch) -> None:
        """Switch a kind of notice on or off, now and at the next start."""
        is_on = not self.is_on(switch)
        self._workspace.preferences.write(switch.value, is_on)
        words = tr("{what}: 켬") if is_on else tr("{what}: 끔")
        self._workspace.link.message.emit("info", words.format(what=tr(_SWITCH_WORDS[switch])))

    def commands(self) -> list[Command]:
        """Return one command for each switch."""
        return [
            Command(switch.value, tr("{what} 켜기·끄기", what=tr(word)), "", partial(self.toggle, switch))
            for switch, word in _SWITCH_WORDS.items()
        ]

    def fill_menu(self, menu: QMenu) -> None:
        """Add the switches, ticked where they are on."""
        inner = menu.addMenu(tr("알림", context="menu"))
        for switch, word in _SWITCH_WORDS.items():
            action = inner.addAction(tr(word))
            action.setCheckable(True)
            action.setChecked(self.is_on(switch))
            action.triggered.connect(lambda _=False, chosen=switch: self.toggle(chosen))

    # -- what happens ---

    def _filled(self, fill: Fill) -> None:
        words = tr(
            "{name} {side} 체결 {n}주, {price}원",
            name=self._workspace.instruments.name(fill.symbol),
            side=side_word(fill.side),
            n=number(fill.quantity),
            price=number(fill.price),
        )
        self._tell("info", words, Switch.FILL)

    def _refused(self, refusal: tuple[Order, str]) -> None:
        order, sentence = refusal
        name = self._workspace.instruments.name(order.symbol)
        self._tell("danger", f"{name} {side_word(order.side)}: {said(sentence)}", Switch.REFUSAL)

    def _link_changed(self) -> None:
        is_connected = self._workspace.market_data.link_state is LinkState.CONNECTED
        if is_connected is self._was_connected:
            return
        self._was_connected = is_connected
        if not self._has_connected:
            self._has_connected = True  # the first connection is no news
        elif is_connected:
            self._tell("info", tr("실시간 연결이 돌아왔습니다."), None)
        else:
            words = tr("실시간 연결이 끊겼습니다. 시세와 체결통보가 오지 않습니다.")
            self._tell("danger", words, Switch.ALARM)

    def _state_changed(self, state: TradingState) -> None:
        if state is self._state:
            return  # arming and limits are told on the same topic
        self._state = state
        if state is TradingState.HALTED:
            self._tell("danger", tr("새 주문이 잠겼습니다 (전체취소·정지)."), Switch.ALARM)
        elif state is TradingState.REDUCING:
            words = (
                tr("오늘 손실이 한도에 닿았습니다. 지금부터 보유를 줄이는 주문만 나갑니다.")
                if is_loss_at_limit(self._workspace)
                else tr("지금부터 보유를 줄이는 주문만 나갑니다.")
            )
            self._workspace.link.message.emit("warn", words)
            self._tell("warn", words, Switch.ALARM)
        else:
            self._tell("info", tr("주문이 다시 열렸습니다."), None)

    # -- telling ---

    def _tell(self, level: str, words: str, sound: Switch | None) -> None:
        if sound is not None:
            self._sound(sound)
        if self._tray is None or not self.is_on(Switch.TRAY):
            return
        self._lines.append(words)
        self._level = max(self._level, level, key=_LEVELS.index)
        if not self._timer.isActive():
            self._show_gathered()

    def _show_gathered(self) -> None:
        if not self._lines or self._tray is None:
            return
        lines, self._lines = self._lines, []
        level, self._level = self._level, _LEVELS[0]
        if len(lines) > _MOST_LINES:
            lines = [*lines[:_MOST_LINES], tr("… 외 {n}건", n=len(lines) - _MOST_LINES)]
        title = f"KIS Terminal · {environment_word(self._workspace.environment)}"
        self._tray.notify(level, title, "\n".join(lines))
        self._timer.start()

    def _sound(self, switch: Switch) -> None:
        now = monotonic()
        if self._play is None or not self.is_on(switch) or now - self._sounded_at < _SOUND_SECONDS:
            return
        self._sounded_at = now
        self._play(resource_path(f"sounds/{_SOUNDS[switch]}.wav"))
