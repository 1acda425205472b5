"""The two tables of the strategies panel: the strategies, and the signals of one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QColor

from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.plan import Signal, SignalState, StrategyMode
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.strategies import StrategyView
from kis_terminal.ui.formatting import number, signed
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.order_words import side_word
from kis_terminal.ui.strategies.words import (
    interval_word,
    mode_word,
    signal_colour,
    signal_word,
    state_colour,
    state_word,
    title_word,
)
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr


def strategy_grid(theme: Theme, preferences: Preferences, name_of: Callable[[str], str]) -> Grid:
    """Return the list of strategies; rows are `StrategyView`s."""
    muted = theme.colours.muted
    return Grid(
        "strategies",
        [
            Column(
                "title",
                tr("전략"),
                130,
                lambda v: title_word(v.plan.title),
                Align.LEFT,
                stretch=2,
                is_bold=True,
            ),
            Column(
                "state",
                tr("상태"),
                96,
                lambda v: state_word(v.state),
                Align.LEFT,
                colour=lambda v: state_colour(v.state, theme),
                tooltip=lambda v: said(v.reason),
            ),
            Column("mode", tr("방식"), 84, _mode, Align.LEFT),
            Column(
                "symbols", tr("종목"), 110, lambda v: _names(v, name_of), Align.LEFT, stretch=1, tooltip=_all
            ),
            Column(
                "interval", tr("봉"), 44, lambda v: interval_word(v.plan.interval), Align.LEFT, priority=2
            ),
            Column("held", tr("보유"), 60, _held, priority=1),
            Column(
                "realised",
                tr("실현손익"),
                86,
                lambda v: signed(v.realised),
                colour=lambda v: theme.direction(v.realised),
                sort=lambda v: v.realised,
            ),
            Column("open", tr("열린 주문"), 66, lambda v: number(v.open_orders), priority=1),
            Column(
                "last",
                tr("마지막 신호"),
                130,
                _last,
                Align.LEFT,
                colour=lambda v: muted,
                priority=3,
                stretch=1,
            ),
        ],
        theme,
        preferences,
        title=tr("전략"),
        empty_text=tr("전략이 없습니다. 위의 추가에서 기본 전략이나 파일을 고르십시오."),
        row_tint=lambda v: _tint(v, theme),
    )


def signal_grid(theme: Theme, preferences: Preferences, name_of: Callable[[str], str]) -> Grid:
    """Return the signals of a strategy; rows are `Signal`s."""
    muted = theme.colours.muted
    return Grid(
        "strategy-signals",
        [
            Column("at", tr("시각"), 70, lambda s: f"{s.at:%H:%M:%S}", Align.LEFT, colour=lambda s: muted),
            Column("symbol", tr("종목"), 100, lambda s: name_of(s.symbol), Align.LEFT, stretch=1),
            Column(
                "side",
                tr("매매", context="side"),
                46,
                lambda s: side_word(s.side),
                Align.LEFT,
                colour=lambda s: theme.colours.up if s.side is Side.BUY else theme.colours.down,
            ),
            Column("quantity", tr("수량"), 64, lambda s: number(s.quantity)),
            Column("reason", tr("까닭"), 90, lambda s: s.reason, Align.LEFT, stretch=1, priority=1),
            Column(
                "state",
                tr("결과"),
                84,
                lambda s: signal_word(s.state),
                Align.LEFT,
                colour=lambda s: signal_colour(s.state, theme),
                is_bold=True,
            ),
            Column(
                "words",
                tr("이유", context="outcome"),
                160,
                lambda s: said(s.words),
                Align.LEFT,
                stretch=3,
                priority=2,
                colour=lambda s: muted,
                tooltip=lambda s: said(s.words),
            ),
        ],
        theme,
        preferences,
        title=tr("신호"),
        empty_text=tr("아직 신호가 없습니다. 전략은 봉이 끝날 때마다 판단합니다."),
        row_tint=lambda s: _signal_tint(s, theme),
    )


def _mode(view: StrategyView) -> str:
    word = mode_word(view.plan.mode)
    if view.is_armed or view.plan.mode is not StrategyMode.AUTOMATIC:
        return word
    return tr("{mode} (잠김)", mode=word)


def _names(view: StrategyView, name_of: Callable[[str], str]) -> str:
    first = name_of(view.plan.symbols[0])
    rest = len(view.plan.symbols) - 1
    return tr("{name} 외 {count}", name=first, count=rest) if rest else first


def _all(view: StrategyView) -> str:
    return ", ".join(view.plan.symbols)


def _held(view: StrategyView) -> str:
    return number(sum(quantity for quantity, _ in view.holdings.values()))


def _last(view: StrategyView) -> str:
    if not view.signals:
        return ""
    signal = view.signals[-1]
    return f"{signal.at:%H:%M:%S} {side_word(signal.side)} {signal_word(signal.state)}"


def _tint(view: StrategyView, theme: Theme) -> QColor | None:
    if view.reason:
        return theme.tinted(theme.colours.danger, theme.unknown_share)
    waits = any(signal.state is SignalState.ASKED for signal in view.signals)
    return theme.tinted(theme.colours.warn, theme.unknown_share) if waits else None


def _signal_tint(signal: Signal, theme: Theme) -> QColor | None:
    if signal.state not in (SignalState.ASKED, SignalState.KEPT):
        return None
    return theme.tinted(theme.colours.warn, theme.unknown_share)
