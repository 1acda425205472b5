"""A single-price auction: the price at which most shares change hands, and the executions at it."""

from __future__ import annotations

from typing import NamedTuple

from kis_terminal.adapters.simulator.matching import BookSide, Execution, PriceTimeBook
from kis_terminal.adapters.simulator.model import BookLevel

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


def clearing(book: PriceTimeBook, lower: int, upper: int, reference: int) -> Clearing:
    """Return the price between `lower` and `upper` that moves most shares, and how many.

    Market orders stand beyond the limits. Among prices that move as many: the least left over; then the
    highest when buyers are left at all of them, the lowest when sellers are, else the nearest to `reference`.
    """
    bid, ask = book.bids.best, book.asks.best
    if bid is None or ask is None or bid < ask:
        return Clearing(0, 0)
    prices = sorted(
        {
            min(max(price, lower), upper)
            for price in (*book.bids.prices, *book.asks.prices, reference)
            if ask <= price <= bid
        }
        | {min(max(reference, lower, ask), upper, bid)}
    )
    scored = [_score(book, price) for price in prices]
    most = max(moved for moved, _ in scored)
    if most == 0:
        return Clearing(0, 0)
    least = min(abs(left) for moved, left in scored if moved == most)
    best = [
        (price, left)
        for price, (moved, left) in zip(prices, scored, strict=True)
        if moved == most and abs(left) == least
    ]
    if all(left > 0 for _, left in best):
        return Clearing(best[-1][0], most)
    if all(left < 0 for _, left in best):
        return Clearing(best[0][0], most)
    return Clearing(min(best, key=lambda row: (abs(row[0] - reference), row[0]))[0], most)


def uncross(book: PriceTimeBook, lower: int, upper: int, reference: int) -> Uncrossing:
    """Match everything that an auction matches; what is left in the book does not cross any more."""
    price, quantity = clearing(book, lower, upper, reference)
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


def _score(book: PriceTimeBook, price: int) -> tuple[int, int]:
    """Return (shares that would move, buyers' shares left over, negative for sellers') at `price`."""
    wanted, offered = book.bids.available(price), book.asks.available(price)
    return min(wanted, offered), wanted - offered
