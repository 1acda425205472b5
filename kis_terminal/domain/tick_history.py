"""Price steps of the Korean market by date, over floats: for backtests, where bars are `float64`.

Sources: KRX rules in force before and since 2023-01-25 (`domain/instruments` holds the present one over
`Decimal`). Before 2010-10-04 KOSPI had no step of 1 won; that is left out. ETF and ETN below 2,000 won are
taken to move by 5 won up to 2023-01-24 and by 1 won since.

Plain functions of numbers without state, so that the backtest's kernel can compile them.
"""

from __future__ import annotations

import math
from datetime import date

from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.wall_time import day_seconds

NO_TICKS = 0
KOSPI_TICKS = 1
KOSDAQ_TICKS = 2
FUND_TICKS = 3
ELW_TICKS = 4
NEW_TABLE_SINCE = day_seconds(date(2023, 1, 25))
"""Wall seconds from which the present table holds."""


def tick_table(instrument: Instrument | None) -> int:
    """Return which table an instrument's prices follow; `NO_TICKS` without an instrument (abroad, index)."""
    if instrument is None:
        return NO_TICKS
    if instrument.kind in (InstrumentKind.ETF, InstrumentKind.ETN):
        return FUND_TICKS
    if instrument.kind is InstrumentKind.ELW:
        return ELW_TICKS
    return KOSPI_TICKS if instrument.market is Market.KOSPI else KOSDAQ_TICKS


def tick_size_at(price: float, table: int, time: int) -> float:
    """Return the price step in won at `price`, at `time` (wall seconds); 0 for `NO_TICKS`."""
    if table == 0:
        return 0.0
    if table == 4:
        return 5.0
    is_new = time >= NEW_TABLE_SINCE
    if table == 3:
        return 1.0 if is_new and price < 2_000.0 else 5.0
    if is_new:
        return _new_tick(price)
    return _old_tick(price, table)


def round_up_at(price: float, table: int, time: int) -> float:
    """Return the lowest tick-true price that is not below `price`; the price itself without ticks."""
    step = tick_size_at(price, table, time)
    # A hair below a step is rounding of the arithmetic before, not a price.
    return price if step == 0.0 else math.ceil(price / step - 1e-9) * step


def round_down_at(price: float, table: int, time: int) -> float:
    """Return the highest tick-true price that is not above `price`; the price itself without ticks."""
    step = tick_size_at(price, table, time)
    return price if step == 0.0 else math.floor(price / step + 1e-9) * step


def _new_tick(price: float) -> float:
    if price < 2_000.0:
        return 1.0
    if price < 5_000.0:
        return 5.0
    if price < 20_000.0:
        return 10.0
    if price < 50_000.0:
        return 50.0
    if price < 200_000.0:
        return 100.0
    return 500.0 if price < 500_000.0 else 1_000.0


def _old_tick(price: float, table: int) -> float:
    if price < 1_000.0:
        return 1.0
    if price < 5_000.0:
        return 5.0
    if price < 10_000.0:
        return 10.0
    if price < 50_000.0:
        return 50.0
    if table == 2 or price < 100_000.0:
        return 100.0
    return 500.0 if price < 500_000.0 else 1_000.0
