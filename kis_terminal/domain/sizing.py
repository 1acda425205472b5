"""How large an entry is that names no quantity, in backtests and in the market. Imports no numpy."""

from __future__ import annotations

from enum import StrEnum


class SizingKind(StrEnum):
    """How many shares an entry without a quantity of its own buys."""

    EQUAL_WEIGHT = "equal"
    """1 / number of symbols of the equity, as KIS's own backtester does."""
    SHARES = "shares"
    PERCENT = "percent"
    """A percentage of the equity."""
    AMOUNT = "amount"
    """Won."""
