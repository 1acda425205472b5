"""Tell traded prices from adjusted ones by KRX's tick tables, each at its own time.

Both boards' tables before 2023 are tried as a whole: KOSDAQ kept to 100 won where KOSPI went on to 500 and
1,000, and a share may have moved from one to the other. Tables hold for every genuine raw file known here
without one exception, so one price off them is enough to doubt a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_import.cleaning import CleanRows
from kis_terminal.domain.wall_time import day_seconds

_NEW_SINCE = day_seconds(date(2023, 1, 25))
_MIDDLE_SINCE = day_seconds(date(2025, 3, 1))
"""From here on traded prices may be half a tick off (mid-price orders), so they are no evidence."""


@dataclass(frozen=True, slots=True)
class _Table:
    steps: tuple[tuple[int, int], ...]
    top: int


_NEW = _Table(((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500)), 1_000)
_OLD_KOSPI = _Table(
    ((1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (100_000, 100), (500_000, 500)), 1_000
)
_OLD_KOSDAQ = _Table(((1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50)), 100)
_NEW_FUND, _OLD_FUND = _Table(((2_000, 1),), 5), _Table((), 5)
_SHARE_TABLES = ((_OLD_KOSPI, _NEW), (_OLD_KOSDAQ, _NEW))
_FUND_TABLES = ((_OLD_FUND, _NEW_FUND),)
_FEWEST_PRICES = 4
"""Prices above the ticks of one won that a file must have: whole won fit those, adjusted or not."""


@dataclass(frozen=True, slots=True)
class TickEvidence:
    """How the four prices of all traded rows lie on the tables."""

    off_rows: tuple[int, ...]
    """Rows with a price that no exchange quoted."""
    prices: int
    """Prices that could have been off: those of ticks above one won."""

    @property
    def is_off(self) -> bool:
        """Tell whether prices were adjusted."""
        return bool(self.off_rows)

    @property
    def is_known(self) -> bool:
        """Tell whether the prices say anything."""
        return self.is_off or self.prices >= _FEWEST_PRICES


def tick_evidence(clean: CleanRows, *, is_fund: bool) -> TickEvidence:
    """Hold every price against the tables of shares, or of ETF and ETN."""
    rows = clean.rows
    is_looked_at = clean.is_traded & (rows.times < _MIDDLE_SINCE)
    places = np.flatnonzero(is_looked_at)
    prices = np.stack((rows.open, rows.high, rows.low, rows.close))[:, places]
    is_new = rows.times[places] >= _NEW_SINCE
    best: tuple[int, ...] | None = None
    informative = 0
    for old, new in _FUND_TABLES if is_fund else _SHARE_TABLES:
        step = np.where(is_new, _steps(prices, new), _steps(prices, old))
        off = tuple(places[np.any(np.mod(prices, step) != 0, axis=0)].tolist())
        if best is None or len(off) < len(best):
            best, informative = off, int((step > 1).sum())
    return TickEvidence(best or (), informative)


def _steps(prices: NDArray[np.float64], table: _Table) -> NDArray[np.float64]:
    step = np.full(prices.shape, float(table.top))
    for ceiling, size in reversed(table.steps):
        step[prices < ceiling] = size
    return step
