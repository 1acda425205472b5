"""The arithmetic of one execution: prices, costs, share counts. One source for both engines.

Plain functions of numbers, so that the event loop calls them as they stand and the kernel compiles the very
same text: both get the same last bit. Amounts are won (or the currency abroad).
"""

from __future__ import annotations

import math

from kis_terminal.domain.tick_history import round_down_at, round_up_at

EQUAL_WEIGHT = 0
SHARES = 1
PERCENT = 2
AMOUNT = 3
"""Codes of SizingKind, in its order."""
_GRID = 4096.0
_HAIR = 1e-7


def on_grid(amount: float) -> float:
    """Return `amount` on a grid of 1/4096.

    Whole won stay as they are. Sums of such amounts are exact up to some 10^12, so that they do not depend on
    the order of adding: the two engines add in different orders.
    """
    return math.floor(amount * _GRID + 0.5) / _GRID


def cost_of(amount: float, rate: float, unit: float) -> float:
    """Return `amount * rate` cut to whole units (1 won, 0.01 abroad)."""
    return math.floor(amount * rate / unit + _HAIR) * unit


def buy_price(price: float, slippage: float, table: int, time: int) -> float:
    """Return what a buy pays where the market stands at `price`: more by `slippage`, up to the next tick."""
    if slippage == 0.0:
        return price
    return round_up_at(price * (1.0 + slippage), table, time)


def sell_price(price: float, slippage: float, table: int, time: int) -> float:
    """Return what a sale yields where the market stands at `price`: less by `slippage`, down to a tick."""
    if slippage == 0.0:
        return price
    lower = round_down_at(price * (1.0 - slippage), table, time)
    # Nothing is sold for nothing: below one tick there is no price.
    return lower if lower > 0.0 else price


def wanted_shares(kind: int, value: float, count: int, equity: float, price: float, held: int) -> int:
    """Return how many shares an entry without a quantity wants.

    `kind` is one of the codes above, `value` its shares, percent or won, `count` the number of symbols,
    `equity` and `price` those of the close on which it is decided, `held` what is held already.
    """
    if kind == SHARES:
        return int(value)
    if kind == EQUAL_WEIGHT:
        return target_shares(1.0 / count, equity, price, held)
    budget = value if kind == AMOUNT else equity * value / 100.0
    return max(math.floor(budget / price + _HAIR), 0)


def target_shares(weight: float, equity: float, price: float, held: int) -> int:
    """Return how many shares are missing to hold `weight` of the equity; 0 when there are more."""
    return max(math.floor(equity * weight / price + _HAIR) - held, 0)


def affordable_shares(cash: float, price: float, rate: float, unit: float) -> int:
    """Return how many shares `cash` pays for, commission included."""
    if cash <= 0.0:
        return 0
    shares = math.floor(cash / (price * (1.0 + rate)) + _HAIR) + 1
    while shares > 0 and on_grid(price * shares + cost_of(price * shares, rate, unit)) > cash:
        shares -= 1
    return shares
