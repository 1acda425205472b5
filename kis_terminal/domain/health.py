"""How one part of the program is doing: a figure, a verdict, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How serious a figure is."""

    OK = "ok"
    WARN = "warn"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One line of the health panel or of `doctor`; texts are sentences for the user, never secrets."""

    key: str
    """Stable identity, e.g. `clock_skew`."""
    title: str
    value: str
    verdict: Verdict = Verdict.OK
    advice: str = ""
    """What to do, in one sentence; empty where nothing is to be done."""
