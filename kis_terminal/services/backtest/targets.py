"""Which of several runs is the best by a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sweeps import SweepRow
from kis_terminal.services.backtest.figure_names import figure_names

LESS_IS_BETTER = frozenset(
    (
        *("max_drawdown", "max_drawdown_days", "longest_drawdown_days", "drawdown_recovery_days"),
        *("volatility", "turnover", "total_costs", "total_commission", "total_tax", "tracking_error"),
        *("longest_losing_run", "exposure"),
    )
)
"""Figures of which the best run has the least."""


def refuse_unknown(target: str) -> None:
    """Raise CorrectionNeeded for a figure that runs do not have."""
    if target not in figure_names():
        raise CorrectionNeeded(
            Sentence(
                "목표 지표 '{target}'을(를) 알 수 없습니다. 있는 것: {names}",
                target=target,
                names=", ".join(figure_names()),
            )
        )


def best_of(rows: Sequence[SweepRow], target: str) -> int | None:
    """Return the place of the best row, the first of several; None where the target is defined for none."""
    values = [worth(row.figures, target) for row in rows]
    best = max(values, default=-math.inf)
    return values.index(best) if best > -math.inf else None


def worth(figures: Mapping[str, float | int | None], target: str) -> float:
    """Return how good figures are: more is better; minus infinity where the target is not defined."""
    value = figures.get(target)
    if value is None or math.isnan(value):
        return -math.inf
    return -float(value) if target in LESS_IS_BETTER else float(value)
