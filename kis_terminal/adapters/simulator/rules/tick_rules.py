"""Tick sizes and daily limits of KRX by date (PROTOCOL.md 8.2 of 2026-11-22).

Prices are int won. The exchange's own table: it is on purpose not shared with the terminal.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

NEW_TABLE_DATE = date(2023, 1, 25)
"""First day of the table that KOSPI and KOSDAQ share."""

ONE_WON_ETF_DATE = date(2023, 12, 11)
"""First day on which ETFs below 2,000 won trade by one won."""

_BOUNDS = (2_000, 5_000, 20_000, 50_000, 200_000, 500_000)
_TICKS = (1, 5, 10, 50, 100, 500, 1_000)
_OLD_BOUNDS = (1_000, 5_000, 10_000, 50_000, 100_000, 500_000)
_OLD_TICKS_KOSPI = (1, 5, 10, 50, 100, 500, 1_000)
_OLD_TICKS_KOSDAQ = (1, 5, 10, 50, 100, 100, 100)


def tick_size(price: int, kind: str = "stock", day: date | None = None, market: str = "KOSPI") -> int:
    """Return the price step at `price`; without `day` that of today's table."""
    if kind == "etf":
        if price >= 2_000 or (day is not None and day < ONE_WON_ETF_DATE):
            return 5
        return 1
    if day is not None and day < NEW_TABLE_DATE:
        ticks = _OLD_TICKS_KOSDAQ if market == "KOSDAQ" else _OLD_TICKS_KOSPI
        return ticks[bisect_right(_OLD_BOUNDS, price)]
    return _TICKS[bisect_right(_BOUNDS, price)]


def is_on_tick(price: int, kind: str = "stock", day: date | None = None, market: str = "KOSPI") -> bool:
    """Say whether an order may carry `price`."""
    return price > 0 and price % tick_size(price, kind, day, market) == 0


def tick_down(price: int, kind: str = "stock") -> int:
    """Return the next allowed price below `price` (which may be off the grid)."""
    below = price - 1
    return max(1, below - below % tick_size(below, kind))


def tick_up(price: int, kind: str = "stock") -> int:
    """Return the next allowed price above `price` (which may be off the grid)."""
    size = tick_size(price, kind)
    return price - price % size + size


def round_to_tick(price: float, kind: str = "stock", day: date | None = None, market: str = "KOSPI") -> int:
    """Return the allowed price nearest to `price`, at least one won."""
    size = tick_size(int(price), kind, day, market)
    return max(1, int(price / size + 0.5) * size)


def daily_limits(base: int, kind: str = "stock", rate: float = 0.30) -> tuple[int, int]:
    """Return (upper, lower) limit of the day, rounded inward to the tick.

    Leveraged and inverse-2X funds pass their own `rate`.
    """
    per_thousand = round(rate * 1000)
    upper = base * (1000 + per_thousand) // 1000
    upper -= upper % tick_size(upper, kind)
    lower = -(-base * (1000 - per_thousand) // 1000)
    step = tick_size(lower, kind)
    lower = -(-lower // step) * step
    return upper, max(lower, 1)
