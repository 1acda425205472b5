"""The controls in the chart's title strip: interval buttons, and the menus of kinds and indicators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from kis_terminal.domain.market import Interval
from kis_terminal.ui.charts.choices import ChartChoices
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.study_list import STUDIES
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_INTERVALS: tuple[tuple[Interval, str], ...] = (
    (Interval.MINUTE_1, "1분"),
    (Interval.MINUTE_3, "3분"),
    (Interval.MINUTE_5, "5분"),
    (Interval.MINUTE_10, "10분"),
    (Interval.MINUTE_15, "15분"),
    (Interval.MINUTE_30, "30분"),
    (Interval.MINUTE_60, "60분"),
    (Interval.DAY, "일"),
    (Interval.WEEK, "주"),
    (Interval.MONTH, "월"),
    (Interval.YEAR, "년"),
)
_LONG_NAMES = {Interval.DAY: "일봉", Interval.WEEK: "주봉", Interval.MONTH: "월봉", Interval.YEAR: "년봉"}
_HIDDEN_FIRST = (
    Interval.YEAR,
    Interval.MINUTE_3,
    Interval.MINUTE_10,
    Interval.MINUTE_30,
    Interval.MONTH,
    Interval.MINUTE_15,
    Interval.WEEK,
    Interval.MINUTE_60,
    Interval.DAY,
    Interval.MINUTE_1,
    Interval.MINUTE_5,
)
"""Which buttons go first where the strip is narrow; all stay in the menu behind ⋯."""
_KINDS = ((ChartKind.CANDLES, "캔들"), (ChartKind.LINE, "선"), (ChartKind.HEIKIN_ASHI, "평균봉"))


def interval_name(interval: Interval) -> str:
    """Return how a title calls bars of this length."""
    return tr(_LONG_NAMES.get(interval) or dict(_INTERVALS)[interval])


class ChartStrip(QObject):
    """Put the controls into a title strip and tell what was pressed.

    Signals: `interval_wanted(Interval)`, `kind_wanted(ChartKind)`, `study_toggled(str)`, `volume_toggled()`.
    """

    interval_wanted = Signal(object)
    kind_wanted = Signal(object)
    study_toggled = Signal(str)
    volume_toggled = Signal()

    def __init__(self, theme: Theme, choices: ChartChoices, room: QWidget, layout: QHBoxLayout) -> None:
        super().__init__(room)
        self._choices = choices
        self._layout = layout
        self._room = room
        self._font = theme.medium(theme.metrics.label)
        self.menu = QMenu(room)
        # Its own wish for room must not keep the panel from being narrow; `fit` hides buttons instead.
        room.setMinimumWidth(1)
        layout.setSpacing(1)
        self.interval_buttons: dict[Interval, QToolButton] = {}
        for interval, name in _INTERVALS:
            button = self._button(tr(name), partial(self.interval_wanted.emit, interval))
            button.setCheckable(True)
            button.setAccessibleName(tr("{interval} 봉", interval=tr(name)))
            self.interval_buttons[interval] = button
        self.more_button = self._button("⋯", self._open_intervals)
        self.more_button.setAccessibleName(tr("봉 주기"))
        self.kind_button = self._button("", self._open_kinds)
        self.studies_button = self._button(f"{tr('지표')} ▾", self._open_studies)
        self.show_choices()

    def _button(self, text: str, act: Callable[[], None]) -> QToolButton:
        button = QToolButton(self._room)
        button.setText(text)
        button.setFont(self._font)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: act())
        self._layout.addWidget(button)
        return button

    def show_choices(self) -> None:
        """Mark the interval and name the kind that are in force."""
        for interval, button in self.interval_buttons.items():
            button.setChecked(interval is self._choices.interval)
        self.kind_button.setText(f"{tr(dict(_KINDS)[self._choices.kind])} ▾")

    def fit(self, room: int) -> None:
        """Hide the least used intervals where all of them need more than `room` pixels."""
        gap = self._layout.spacing()
        room -= sum(b.sizeHint().width() + gap for b in (self.kind_button, self.studies_button))
        widths = {key: button.sizeHint().width() + gap for key, button in self.interval_buttons.items()}
        needed = sum(widths.values())
        hidden: set[Interval] = set()
        if needed > room:
            room -= self.more_button.sizeHint().width() + gap
        for interval in _HIDDEN_FIRST:
            if needed <= room:
                break
            if interval is not self._choices.interval:
                hidden.add(interval)
                needed -= widths[interval]
        for interval, button in self.interval_buttons.items():
            button.setVisible(interval not in hidden)
        self.more_button.setVisible(bool(hidden))

    # -- menus ---

    def action(self, text: str, act: Callable[[], None], *, is_checked: bool | None = None) -> QAction:
        """Return an entry for `open`."""
        action = QAction(text, self.menu)
        if is_checked is not None:
            action.setCheckable(True)
            action.setChecked(is_checked)
        action.triggered.connect(lambda: act())
        return action

    def open(self, place: QPoint, actions: Sequence[QAction]) -> None:
        """Open the menu with these entries; those of the last time are deleted."""
        for action in self.menu.actions():
            action.deleteLater()
        self.menu.clear()
        self.menu.addActions(list(actions))
        self.menu.popup(place)

    def volume_action(self) -> QAction:
        """Return the entry that shows or hides volume."""
        is_shown = self._choices.has_volume
        return self.action(tr("거래량"), self.volume_toggled.emit, is_checked=is_shown)

    def _open_below(self, button: QToolButton, actions: Sequence[QAction]) -> None:
        self.open(button.mapToGlobal(QPoint(0, button.height())), actions)

    def _open_intervals(self) -> None:
        chosen = self._choices.interval
        actions = [
            self.action(tr(name), partial(self.interval_wanted.emit, key), is_checked=key is chosen)
            for key, name in _INTERVALS
        ]
        self._open_below(self.more_button, actions)

    def _open_kinds(self) -> None:
        chosen = self._choices.kind
        actions = [
            self.action(tr(name), partial(self.kind_wanted.emit, kind), is_checked=kind is chosen)
            for kind, name in _KINDS
        ]
        self._open_below(self.kind_button, actions)

    def _open_studies(self) -> None:
        actions = [
            self.action(
                f"{tr(study.title)}  {'·'.join(tr(label) for label in study.labels)}",
                partial(self.study_toggled.emit, study.key),
                is_checked=study in self._choices.studies,
            )
            for study in STUDIES
        ]
        self._open_below(self.studies_button, [*actions, self.volume_action()])
