"""What the compiled engine knows: the series of a run, the rules, and the arithmetic of fills, compiled.

Prices are read where they lie, through addresses: `(5, n)` columns whose rows are `stride` apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain import tick_history
from kis_terminal.services.backtest import fills
from kis_terminal.services.backtest.compiled import array_at, compiled, pointer

ENTRY_MARK, EXIT_MARK, NO_BUY_MARK, NO_SELL_MARK = 1, 2, 4, 8
"""Bits of a bar's mark: entry true, exit true, a buy is not filled, a sale is not filled."""
BUY, SELL = 0, 1
_ENTRY, _EXIT, _STOP, _TRAILING, _TARGET = range(5)
_NEVER = -1
_OPEN_PHASE, _MIDDLE_PHASE, _CLOSE_PHASE = range(3)
_PHASES = 3

new_tick = compiled(tick_history._new_tick)
old_tick = compiled(tick_history._old_tick)
tick_size_at = compiled(tick_history.tick_size_at, new_tick, old_tick)
round_up_at = compiled(tick_history.round_up_at, tick_size_at)
round_down_at = compiled(tick_history.round_down_at, tick_size_at)
on_grid = compiled(fills.on_grid)
cost_of = compiled(fills.cost_of)
buy_price = compiled(fills.buy_price, round_up_at)
sell_price = compiled(fills.sell_price, round_down_at)
target_shares = compiled(fills.target_shares)
wanted_shares = compiled(fills.wanted_shares, target_shares)
affordable_shares = compiled(fills.affordable_shares, on_grid, cost_of)


class Symbols(NamedTuple):
    """The series of a run, `(m,)` each where nothing else is said; bars are counted from each first."""

    address: NDArray[np.int64]
    """Of `(5, n)` float64 columns."""
    stride: NDArray[np.int64]
    """Values from one row of the columns to the next."""
    size: NDArray[np.int64]
    first: NDArray[np.int64]
    """The first bar of the run."""
    shift: NDArray[np.int64]
    """Step less bar where a series has a bar at every step from its first to its last."""
    steps: NDArray[np.int64]
    """Steps of all bars of the series that have gaps, one series after the other."""
    steps_at: NDArray[np.int64]
    """Where each series' steps begin; below 0 for one without gaps."""
    marks: NDArray[np.uint8]
    """Marks of all bars, one series after the other."""
    marks_at: NDArray[np.int64]
    table: NDArray[np.int64]
    commission: NDArray[np.float64]
    unit: NDArray[np.float64]
    tax_times: NDArray[np.int64]
    """Changes of all series, one after the other."""
    tax_rates: NDArray[np.float64]
    tax_at: NDArray[np.int64]
    """`(m + 1,)`: where each series' changes begin."""


class Rules(NamedTuple):
    """What is the same for all symbols."""

    at_close: bool
    is_intrabar: bool
    stop: float
    trailing: float
    target: float
    sizing: int
    size: float
    slippage: float
    cash: float


class KernelFills(NamedTuple):
    """`(k,)` each, in the order of execution."""

    place: NDArray[np.int32]
    bar: NDArray[np.int32]
    step: NDArray[np.int32]
    side: NDArray[np.int8]
    reason: NDArray[np.int8]
    price: NDArray[np.float64]
    quantity: NDArray[np.int64]
    commission: NDArray[np.float64]
    tax: NDArray[np.float64]


def _row(symbols: Symbols, place: int, row: int) -> NDArray[np.float64]:
    """Return one column of a series where it lies."""
    begin = symbols.address[place] + row * symbols.stride[place] * 8
    column: NDArray[np.float64] = array_at(pointer(begin), symbols.size[place])
    return column


def _step_of(symbols: Symbols, place: int, bar: int) -> int:
    at = symbols.steps_at[place]
    return int(symbols.steps[at + bar] if at >= 0 else bar + symbols.shift[place])


row_of = compiled(_row)
step_of = compiled(_step_of)
