"""What modes, states and signals of strategies are called and which colour they have."""

from __future__ import annotations

from PySide6.QtGui import QColor

from kis_terminal.domain.market import Interval
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.plan import (
    MODE_WORDS,
    LeftOrders,
    RunState,
    SignalState,
    StrategyMode,
)
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr

_STATES = {
    RunState.STOPPED: "멈춰 있음",
    RunState.WAITING: "계좌 확인 대기",
    RunState.STARTING: "시작하는 중",
    RunState.RUNNING: "실행 중",
    RunState.SUSPENDED: "오류로 멈춤",
}
_SIGNALS = {
    SignalState.SAID: "신호",
    SignalState.ASKED: "승인 대기",
    SignalState.SENT: "주문함",
    SignalState.KEPT: "다시 시도 중",
    SignalState.DROPPED: "보내지 않음",
}
_SIZINGS = {
    SizingKind.EQUAL_WEIGHT: "종목 균등",
    SizingKind.SHARES: "주식 수",
    SizingKind.PERCENT: "평가금액의 %",
    SizingKind.AMOUNT: "원",
}
_LEFT = {LeftOrders.CANCEL: "오류 때 열린 주문 취소", LeftOrders.KEEP: "오류 때 열린 주문 유지"}
_INTERVALS = {
    Interval.MINUTE_1: "1분",
    Interval.MINUTE_3: "3분",
    Interval.MINUTE_5: "5분",
    Interval.MINUTE_10: "10분",
    Interval.MINUTE_15: "15분",
    Interval.MINUTE_30: "30분",
    Interval.MINUTE_60: "60분",
    Interval.DAY: "일",
}
INTERVALS = tuple(_INTERVALS)
"""Bars that a strategy may run on."""


def title_word(title: str) -> str:
    """Return a strategy's title; those of the shipped files are translated, others stand as they are."""
    return tr(title)


def mode_word(mode: StrategyMode) -> str:
    """Return how far a strategy may go."""
    return said(MODE_WORDS[mode])


def state_word(state: RunState) -> str:
    """Return where a strategy is in its life."""
    return tr(_STATES[state])


def signal_word(state: SignalState) -> str:
    """Return what became of a signal."""
    return tr(_SIGNALS[state])


def sizing_word(sizing: SizingKind) -> str:
    """Return the unit of a sizing rule."""
    return tr(_SIZINGS[sizing])


def left_word(left: LeftOrders) -> str:
    """Return what happens to open orders after a failure."""
    return tr(_LEFT[left])


def interval_word(interval: Interval) -> str:
    """Return the name of a bar's length."""
    return tr(_INTERVALS.get(interval, interval.value))


def state_colour(state: RunState, theme: Theme) -> QColor:
    """Return the colour of a state; the word says it too."""
    colours = theme.colours
    if state is RunState.RUNNING:
        return colours.ok
    if state is RunState.SUSPENDED:
        return colours.danger
    return colours.warn if state.is_alive else colours.muted


def signal_colour(state: SignalState, theme: Theme) -> QColor:
    """Return the colour of what became of a signal."""
    colours = theme.colours
    if state in (SignalState.ASKED, SignalState.KEPT):
        return colours.warn
    return colours.text if state is SignalState.SENT else colours.muted
