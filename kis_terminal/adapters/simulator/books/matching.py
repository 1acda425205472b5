"""A price-time book: the best price first, at one price the oldest first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from kis_terminal.adapters.simulator.model import BookLevel, Side


@dataclass(slots=True, eq=False)
class RestingOrder:
    """One order that stands, or would stand, in a book; `owner` is None for the other traders."""

    side: Side
    price: int
    rest: int
    owner: str | None = None


class Execution(NamedTuple):
    """A resting order met: `quantity` shares at its own price."""

    resting: RestingOrder
    price: int
    quantity: int


class _Level:
    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders: deque[RestingOrder] = deque()
        self.total = 0


class BookSide:
    """One side of a book. Prices are kept ascending; `is_ask` tells at which end the best one is."""

    __slots__ = ("_levels", "is_ask", "prices", "total")

    def __init__(self, *, is_ask: bool) -> None:
        self.is_ask = is_ask
        self.prices: list[int] = []
        self.total = 0
        self._levels: dict[int, _Level] = {}

    @property
    def best(self) -> int | None:
        """Return the best price, or None when nothing stands here."""
        if not self.prices:
            return None
        return self.prices[0] if self.is_ask else self.prices[-1]

    @property
    def worst(self) -> int | None:
        """Return the price farthest from the touch."""
        if not self.prices:
            return None
        return self.prices[-1] if self.is_ask else self.prices[0]

    def nth_price(self, rank: int) -> int:
        """Return the price of the level `rank` (0 is the best)."""
        return self.prices[rank] if self.is_ask else self.prices[-1 - rank]

    def size_at(self, price: int) -> int:
        """Return the shares that wait at `price`."""
        level = self._levels.get(price)
        return level.total if level else 0

    def orders_at(self, price: int) -> tuple[RestingOrder, ...]:
        """Return the queue at `price`, first in line first."""
        level = self._levels.get(price)
        return tuple(level.orders) if level else ()

    def top(self, depth: int) -> tuple[BookLevel, ...]:
        """Return up to `depth` levels, best first."""
        prices = self.prices[:depth] if self.is_ask else self.prices[: -depth - 1 : -1]
        levels = self._levels
        return tuple([BookLevel(price, levels[price].total) for price in prices])

    def add(self, order: RestingOrder, *, first: bool = False) -> None:
        """Put `order` at the end of the queue of its price, or at its head."""
        level = self._levels.get(order.price)
        if level is None:
            level = self._levels[order.price] = _Level()
            insort(self.prices, order.price)
        if first:
            level.orders.appendleft(order)
        else:
            level.orders.append(order)
        level.total += order.rest
        self.total += order.rest

    def reduce(self, order: RestingOrder, quantity: int) -> None:
        """Take `quantity` shares off a standing order; it keeps its place in the queue."""
        if not 0 < quantity <= order.rest:
            raise ValueError(f"cannot take {quantity} of {order.rest} shares")
        level = self._levels[order.price]
        order.rest -= quantity
        level.total -= quantity
        self.total -= quantity
        if order.rest == 0:
            level.orders.remove(order)
            if not level.orders:
                self._drop(order.price)

    def remove(self, order: RestingOrder) -> None:
        """Take a standing order out whole."""
        self.reduce(order, order.rest)

    def take(self, quantity: int, limit: int | None) -> list[Execution]:
        """Fill up to `quantity` at `limit` or better (None: any price), best price first, oldest first."""
        executions: list[Execution] = []
        while quantity > 0 and self.prices:
            price = self.prices[0] if self.is_ask else self.prices[-1]
            if limit is not None and (price > limit if self.is_ask else price < limit):
                break
            level = self._levels[price]
            while quantity > 0 and level.orders:
                resting = level.orders[0]
                filled = min(quantity, resting.rest)
                resting.rest -= filled
                level.total -= filled
                self.total -= filled
                quantity -= filled
                executions.append(Execution(resting, price, filled))
                if resting.rest == 0:
                    level.orders.popleft()
            if not level.orders:
                self._drop(price)
        return executions

    def available(self, limit: int | None) -> int:
        """Return the shares that `take` could fill at `limit` or better."""
        if limit is None:
            return self.total
        if self.is_ask:
            prices = [price for price in self.prices if price <= limit]
        else:
            prices = [price for price in self.prices if price >= limit]
        return sum(self._levels[price].total for price in prices)

    def _drop(self, price: int) -> None:
        del self._levels[price]
        del self.prices[bisect_left(self.prices, price)]


class PriceTimeBook:
    """Both sides of one symbol."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.asks = BookSide(is_ask=True)
        self.bids = BookSide(is_ask=False)

    def side(self, side: Side) -> BookSide:
        """Return where orders of `side` rest."""
        return self.bids if side == "buy" else self.asks

    def opposite(self, side: Side) -> BookSide:
        """Return what orders of `side` are filled against."""
        return self.asks if side == "buy" else self.bids
