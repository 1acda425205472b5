"""Listed things, the tick-size table and price limits of the Korean market.

Source of the table: KRX rule in force since 2023-01-25 (KOSPI, KOSDAQ and KONEX alike; ETF and ETN apart).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum


class Market(StrEnum):
    """The list on which an instrument stands."""

    KOSPI = "KOSPI"
    KOSDAQ = "KOSDAQ"
    KONEX = "KONEX"


class InstrumentKind(StrEnum):
    """What is traded, as far as ticks, taxes and sessions depend on it."""

    STOCK = "stock"
    ETF = "etf"
    ETN = "etn"
    ELW = "elw"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One row of today's master."""

    symbol: str
    name: str
    market: Market
    kind: InstrumentKind = InstrumentKind.STOCK
    standard_code: str = ""
    base_price: Decimal | None = None
    is_halted: bool = False
    is_liquidation: bool = False

    @property
    def is_taxed(self) -> bool:
        """Tell whether a sale bears the transaction tax (ETF, ETN and ELW do not)."""
        return self.kind is InstrumentKind.STOCK


_STOCK_TICKS: tuple[tuple[int, int], ...] = (
    (2_000, 1),
    (5_000, 5),
    (20_000, 10),
    (50_000, 50),
    (200_000, 100),
    (500_000, 500),
)
_STOCK_TOP_TICK = 1_000


def tick_size(price: Decimal, kind: InstrumentKind = InstrumentKind.STOCK) -> int:
    """Return the price step in won at `price`."""
    if kind in (InstrumentKind.ETF, InstrumentKind.ETN):
        return 1 if price < 2_000 else 5
    if kind is InstrumentKind.ELW:
        return 5
    for ceiling, step in _STOCK_TICKS:
        if price < ceiling:
            return step
    return _STOCK_TOP_TICK


def is_on_tick(price: Decimal, kind: InstrumentKind = InstrumentKind.STOCK) -> bool:
    """Tell whether an order may carry `price`."""
    return price > 0 and price % tick_size(price, kind) == 0


def round_down_to_tick(price: Decimal, kind: InstrumentKind = InstrumentKind.STOCK) -> Decimal:
    """Return the highest tick-true price that is not above `price` (the way a buy is rounded)."""
    step = tick_size(price, kind)
    return (price / step).to_integral_value(ROUND_FLOOR) * step


def round_up_to_tick(price: Decimal, kind: InstrumentKind = InstrumentKind.STOCK) -> Decimal:
    """Return the lowest tick-true price that is not below `price` (the way a sell is rounded)."""
    step = tick_size(price, kind)
    return (price / step).to_integral_value(ROUND_CEILING) * step


def move_ticks(price: Decimal, steps: int, kind: InstrumentKind = InstrumentKind.STOCK) -> Decimal:
    """Return the price `steps` ticks above (or below, when negative); never below one tick.

    Each step uses the size of the band that it moves through, so 50,000 down is 49,950 and up is 50,100.
    """
    result = round_down_to_tick(price, kind)
    for _ in range(abs(steps)):
        if steps > 0:
            result += tick_size(result, kind)
        else:
            lower = result - tick_size(result - 1, kind)
            if lower <= 0:
                break
            result = lower
    return result
