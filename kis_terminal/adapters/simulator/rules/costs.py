"""Commission and transaction tax of KRX orders, in whole won (fractions are cut)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kis_terminal.adapters.simulator.model import Side

# (first day, KOSPI and KOSDAQ sell tax in 1/100,000 of the amount), newest first; rural tax included.
# Source: PROTOCOL.md 8.3 of 2026-11-22; before 2023 the rates that the tax law had.
_SELL_TAX = (
    (date(2026, 1, 1), 200),
    (date(2025, 1, 1), 150),
    (date(2024, 1, 1), 180),
    (date(2023, 1, 1), 200),
    (date(2021, 1, 1), 230),
    (date(2019, 6, 3), 250),
    (date.min, 300),
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Reckon what an execution costs; `commission_rate` is in millionths of the amount (150 = 0.015 %)."""

    commission_rate: int = 150

    def commission(self, amount: int) -> int:
        """Return the fee on `amount`, either side."""
        return amount * self.commission_rate // 1_000_000

    def tax(self, side: Side, kind: str, amount: int, day: date) -> int:
        """Return the tax on `amount`: sellers of shares pay it, of funds not."""
        if side == "buy" or kind == "etf":
            return 0
        rate = next(rate for first, rate in _SELL_TAX if day >= first)
        return amount * rate // 100_000
