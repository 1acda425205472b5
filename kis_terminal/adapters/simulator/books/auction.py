"""A single-price auction: the price at which most shares change hands, and the executions at it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

from kis_terminal.adapters.simulator.books.matching import BookSide, Execution, PriceTimeBook
from kis_terminal.adapters.simulator.model import BookLevel
from kis_terminal.adapters.simulator.rules.tick_rules import tick_down, tick_size, tick_up

AUCTION_LEVELS = 3
"""Levels a side that the book shows during an auction."""


class Clearing(NamedTuple):
    """What an auction would do now; both are 0 when nothing meets."""

    price: int
    quantity: int


class Uncrossing(NamedTuple):
    """What an auction did: every order met, all at the one price."""

    price: int
    quantity: int
    executions: list[Execution]


def clearing(book: PriceTimeBook, lower: int, upper: int, reference: int, kind: str = "stock") -> Clearing:
    """Return the price between `lower` and `upper` that moves most shares, and how many.

    Market orders stand beyond the limits; `kind` of listing gives the tick table. Among prices that move as
    many: the least left over; then the highest when buyers are left at all of them, the lowest when sellers
    are, else the nearest to `reference` (KRX: the matching price closest to the price before).
    """
    bid, ask = book.bids.best, book.asks.best
    if bid is None or ask is None or bid < ask:
        return Clearing(0, 0)
    wanted, offered = _Depth(book.bids), _Depth(book.asks)
    scored: list[tuple[int, int, int]] = []  # price, shares that would move, buyers' shares left over
    for price in _candidates(book, max(ask, lower), min(bid, upper), reference, kind):
        buys, sells = wanted.at_or_better(price), offered.at_or_better(price)
        scored.append((price, min(buys, sells), buys - sells))
    most = max((moved for _, moved, _ in scored), default=0)
    if most == 0:
        return Clearing(0, 0)
    least = min(abs(left) for _, moved, left in scored if moved == most)
    best = [(price, left) for price, moved, left in scored if moved == most and abs(left) == least]
    if all(left > 0 for _, left in best):
        return Clearing(best[-1][0], most)
    if all(left < 0 for _, left in best):
        return Clearing(best[0][0], most)
    return Clearing(min(best, key=lambda row: (abs(row[0] - reference), row[0]))[0], most)


def uncross(book: PriceTimeBook, lower: int, upper: int, reference: int, kind: str = "stock") -> Uncrossing:
    """Match everything that an auction matches; what is left in the book does not cross any more."""
    price, quantity = clearing(book, lower, upper, reference, kind)
    if quantity == 0:
        return Uncrossing(0, 0, [])
    met = [*book.bids.take(quantity, price), *book.asks.take(quantity, price)]
    return Uncrossing(price, quantity, [Execution(one.resting, price, one.quantity) for one in met])


def remaining_levels(side: BookSide, met: int, lower: int, upper: int) -> tuple[BookLevel, ...]:
    """Return the three levels of `side` that would be left if `met` of its best shares were matched."""
    levels: list[BookLevel] = []
    for rank in range(len(side.prices)):
        price = side.nth_price(rank)
        size = side.size_at(price)
        taken = min(met, size)
        met -= taken
        if size > taken and lower <= price <= upper:
            levels.append(BookLevel(price, size - taken))
            if len(levels) == AUCTION_LEVELS:
                break
    return tuple(levels)


def _candidates(book: PriceTimeBook, low: int, high: int, reference: int, kind: str) -> list[int]:
    """Return the prices from `low` to `high` that can win, ascending.

    What would move changes at the prices of orders only: between two of them all prices are alike, so that
    their ends and the one nearest to `reference` stand for the rest.
    """
    below = reference - reference % tick_size(reference, kind)
    found = {low, high, below, tick_up(below, kind)}
    for price in (*book.bids.prices, *book.asks.prices):
        if low <= price <= high:
            found |= {price, tick_down(price, kind), tick_up(price, kind)}
    return sorted(price for price in found if low <= price <= high)


class _Depth:
    """Tell the shares of one side that an auction price would reach."""

    def __init__(self, side: BookSide) -> None:
        self._is_ask = side.is_ask
        self._prices = side.prices
        self._sums = [0, *accumulate(side.size_at(price) for price in side.prices)]

    def at_or_better(self, price: int) -> int:
        if self._is_ask:
            return self._sums[bisect_right(self._prices, price)]
        return self._sums[-1] - self._sums[bisect_left(self._prices, price)]
