"""The line at the foot: how the connection is doing, and the window's own choices."""

from __future__ import annotations

from datetime import datetime
from time import monotonic

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from kis_terminal.services.health_rules import SKEW_WARN, is_played
from kis_terminal.services.market_data import LinkState
from kis_terminal.ui.translation import said, tr, unmarked
from kis_terminal.ui.workspace import Workspace

_LINK_WORDS = {
    LinkState.CONNECTED: "연결됨",
    LinkState.CONNECTING: "연결 중",
    LinkState.WAITING: "다시 연결을 기다리는 중",
    LinkState.CLOSED: "연결 끊김",
}
_SLOW_FRAME_SECONDS = 0.05
_QUIET_SECONDS = 10.0
_SAMPLE_SECONDS = 1.5


class StatusBar(QWidget):
    """Read the figures a few times a second.

    Signals: `layout_menu_wanted(QPoint)` where the menu belongs; `language_wanted(str)`.
    """

    layout_menu_wanted = Signal(QPoint)
    language_wanted = Signal(str)

    def __init__(self, workspace: Workspace, language: str) -> None:
        super().__init__()
        self._workspace = workspace
        self._colours = workspace.theme.colours
        metrics = workspace.theme.metrics
        self._labels: dict[str, QLabel] = {}
        self._looks: dict[str, str] = {}
        self._longest = 0.0
        self._longest_since = monotonic()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, 0, metrics.inset, 0)
        layout.setSpacing(metrics.inset)
        for key in ("lamp", "rest", "ws", "slots", "budget", "token", "database", "ui", "record"):
            layout.addWidget(self._label(key))
        layout.addStretch(1)
        layout.addWidget(self._label("skew"))
        self.layout_button = QToolButton()
        self.layout_button.setAccessibleName(tr("화면 배치"))
        self.layout_button.clicked.connect(self._menu_clicked)
        layout.addWidget(self.layout_button)
        self.language_button = QToolButton()
        self._other_language = "en" if language == "ko" else "ko"
        self.language_button.setText("한국어" if language == "ko" else "English")
        self.language_button.setToolTip(tr("다음 시작부터 English로 / Korean again"))
        self.language_button.setAccessibleName(tr("언어"))
        self.language_button.clicked.connect(lambda: self.language_wanted.emit(self._other_language))
        layout.addWidget(self.language_button)
        self._explain()
        self.show_layout("")
        self.refresh()

    def _label(self, key: str) -> QLabel:
        label = QLabel()
        label.setFont(self._workspace.theme.font(self._workspace.theme.metrics.label))
        self._labels[key] = label
        return label

    def _explain(self) -> None:
        for key, words in (
            ("rest", "마지막 REST 호출이 걸린 시간"),
            ("ws", "마지막 실시간 프레임이 온 뒤로 지난 시간"),
            ("slots", "쓰고 있는 실시간 등록 / 한도"),
            ("budget", "지금 남은 초당 호출 / 한도"),
            ("token", "접근토큰의 남은 시간"),
            ("database", "저장소"),
            ("ui", "지난 몇 초 동안 화면 그리기에 가장 오래 걸린 시간"),
            ("record", "세션을 기록한 파일의 크기"),
            ("skew", "증권사 서버 시각에서 이 컴퓨터 시각을 뺀 값"),
        ):
            self._labels[key].setToolTip(tr(words))

    def text(self, key: str) -> str:
        """Return what a field says (`rest`, `ws`, `slots`, ...)."""
        return self._labels[key].text()

    def _menu_clicked(self) -> None:
        self.layout_menu_wanted.emit(self.layout_button.mapToGlobal(QPoint(0, 0)))

    def show_layout(self, name: str) -> None:
        """Show which layout is in force."""
        self.layout_button.setText(tr("화면 {name} ▾", name=unmarked(name)).replace("  ", " "))

    def show_recording(self, words: str, needs_attention: bool) -> None:
        """Show how the recording of the session does; nothing where none runs."""
        self._set("record", words, needs_attention)

    def refresh(self) -> None:
        """Read every figure."""
        status, market = self._workspace.status, self._workspace.market_data
        health = status.broker()
        link, is_connected = market.link_state, market.link_state is LinkState.CONNECTED
        colours = self._colours
        lamp = colours.ok if is_connected else colours.warn
        if link is LinkState.CLOSED:
            lamp = colours.danger
        word = tr(_LINK_WORDS[link])
        self._set("lamp", "●" if is_connected else f"● {word}", lamp.name())
        self._labels["lamp"].setToolTip(plain_tip(said(market.link_text) or word))
        rest = health.rest_milliseconds
        self._set("rest", "REST -" if rest is None else f"REST {rest:.0f} ms")
        self._set("ws", *self._frame_age(health.last_frame_at, is_connected=is_connected))
        used, total = status.slots
        self._set("slots", tr("실시간 {used}/{total}", used=used, total=total), used >= total)
        free, limit = health.calls_available, health.calls_limit
        self._set("budget", tr("호출여유 {free}/{limit}", free=free, limit=limit), free == 0)
        self._set("token", *self._token(health.token_expires_at, health.clock_skew_seconds))
        self._set("database", f"DB {status.database}")
        longest = self._longest_flush()
        self._set("ui", f"UI {longest * 1000:.0f} ms", longest > _SLOW_FRAME_SECONDS)
        skew = health.clock_skew_seconds
        if is_played(skew, self._workspace.environment):
            self._set("skew", tr("거래소 시각 재생"))
        else:
            words = "-" if skew is None else f"{skew:+.2f} s"
            self._set("skew", tr("서버시각차 {skew}", skew=words), skew is not None and abs(skew) > SKEW_WARN)
        layout = self.layout()
        if layout is not None:
            layout.activate()  # at once: a figure that grew is not painted cut until the next turn

    def _frame_age(self, last_frame_at: float | None, *, is_connected: bool) -> tuple[str, bool]:
        if last_frame_at is None:
            return "WS -", not is_connected
        age = self._workspace.market_data.seconds_since(last_frame_at)
        # The feed notes the time of its last frame about once a second.
        text = "WS <1 s" if age < _SAMPLE_SECONDS else f"WS {age:.0f} s"
        return text, age > _QUIET_SECONDS or not is_connected

    def _token(self, expires_at: datetime | None, skew: float | None) -> tuple[str, bool]:
        if expires_at is None:
            return tr("토큰 -"), False
        # The end is told by the broker's clock.
        left = ((expires_at - datetime.now(expires_at.tzinfo)).total_seconds() - (skew or 0.0)) / 3600
        if left < 1:
            return tr("토큰 {n}분", n=max(0, int(left * 60))), True
        return tr("토큰 {n}시간", n=int(left)), False

    def _longest_flush(self) -> float:
        """Return the longest repaint of the last few seconds."""
        latest = self._workspace.frame_clock.take_longest()
        if monotonic() - self._longest_since > _QUIET_SECONDS:
            self._longest, self._longest_since = latest, monotonic()
        self._longest = max(self._longest, latest)
        return self._longest

    def _set(self, key: str, text: str, look: bool | str = False) -> None:
        """Show a text; `look` is a colour, or True for one that needs attention."""
        label = self._labels[key]
        if label.text() != text:
            label.setText(text)
        colour = (
            look if isinstance(look, str) else (self._colours.warn if look else self._colours.muted).name()
        )
        if self._looks.get(key) != colour:
            self._looks[key] = colour
            label.setStyleSheet(f"color: {colour};")


def plain_tip(text: str) -> str:
    """Return a text for a tool tip that shows it as it is: Qt takes what looks like markup for markup."""
    return Qt.convertFromPlainText(text) if Qt.mightBeRichText(text) else text
