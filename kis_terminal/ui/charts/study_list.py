"""The indicators a chart offers; importable without numpy, since the window is built before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass

MOVING_AVERAGES = (5, 20, 60, 120)
EXPONENTIAL = (12, 26)


@dataclass(frozen=True, slots=True)
class Study:
    """One indicator: how it is called, and where its lines are drawn; `studies.py` knows the values."""

    key: str
    title: str
    """Korean; passed through `tr` where it is shown."""
    legend: str
    labels: tuple[str, ...]
    colours: tuple[int, ...]
    """Place of each line's colour in `Theme.study`."""
    has_pane: bool = False
    guides: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None
    """Fixed scale of a pane."""
    histogram: int | None = None
    """Which line is drawn as columns from zero."""


STUDIES: tuple[Study, ...] = (
    Study("ma", "이동평균", "MA", tuple(map(str, MOVING_AVERAGES)), (0, 1, 2, 3)),
    Study(
        "ema",
        "지수이동평균",
        "EMA",
        tuple(map(str, EXPONENTIAL)),
        (4, 5),
    ),
    Study("bollinger", "볼린저밴드", "BB", ("하단", "20", "상단"), (4, 5, 4)),
    Study(
        "rsi",
        "RSI",
        "RSI",
        ("14",),
        (1,),
        has_pane=True,
        guides=(30.0, 50.0, 70.0),
        bounds=(0.0, 100.0),
    ),
    Study(
        "macd",
        "MACD",
        "MACD",
        ("12·26", "9", "차"),
        (0, 4, 1),
        has_pane=True,
        guides=(0.0,),
        histogram=2,
    ),
)
STUDY_BY_KEY = {study.key: study for study in STUDIES}
