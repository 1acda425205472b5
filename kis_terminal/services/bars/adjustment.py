"""Notice that the broker adjusted a series anew: the same bar has another price than when it was stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class AdjustedAnew:
    """What was seen: the factor is the price now over the stored one."""

    time: int
    """Wall seconds of the newest bar that differs."""
    factor: float


def compare(stored: BarColumns, listed: BarColumns) -> AdjustedAnew | None:
    """Compare the closes of the bars that both have; None where they agree or share none.

    Only closes are looked at: volumes are corrected after the day, closes are not. Both are of final bars.
    """
    _, ours, theirs = np.intersect1d(stored.times, listed.times, assume_unique=True, return_indices=True)
    if not len(ours):
        return None
    before, now = stored.close[ours], listed.close[theirs]
    differs = np.abs(now - before) > _SAME * np.abs(before)
    if not bool(differs.any()):
        return None
    factors = now[differs] / before[differs]
    return AdjustedAnew(int(stored.times[ours[differs][-1]]), float(np.median(factors)))
