"""What the person has chosen for the chart, remembered from start to start."""

from __future__ import annotations

from typing import TypeVar

from kis_terminal.domain.market import Interval
from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.study_list import STUDIES, Study

Choice = TypeVar("Choice", Interval, ChartKind)


def _chosen(choices: type[Choice], value: object, default: Choice) -> Choice:
    """Return the member a preference names, `default` where it names none."""
    return next((member for member in choices if member.value == value), default)


class ChartChoices:
    """Own interval, kind, indicators and volume; every change is written down at once."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self.interval = _chosen(Interval, preferences.read("chart.interval"), Interval.MINUTE_5)
        self.kind = _chosen(ChartKind, preferences.read("chart.kind"), ChartKind.CANDLES)
        kept = preferences.read("chart.studies", ["ma"])
        names = kept if isinstance(kept, list) else []
        self.studies: list[Study] = [study for study in STUDIES if study.key in names]
        self.has_volume = preferences.read("chart.volume", True) is not False

    def choose_interval(self, interval: Interval) -> None:
        """Want bars of this length."""
        self.interval = interval
        self._preferences.write("chart.interval", interval.value)

    def choose_kind(self, kind: ChartKind) -> None:
        """Want bars drawn this way."""
        self.kind = kind
        self._preferences.write("chart.kind", kind.value)

    def toggle_study(self, key: str) -> None:
        """Want an indicator, or want it no more."""
        wanted = {study.key for study in self.studies} ^ {key}
        self.studies = [study for study in STUDIES if study.key in wanted]
        self._preferences.write("chart.studies", [study.key for study in self.studies])

    def toggle_volume(self) -> None:
        """Want volume columns, or want them no more."""
        self.has_volume = not self.has_volume
        self._preferences.write("chart.volume", self.has_volume)
