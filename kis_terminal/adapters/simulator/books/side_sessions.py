"""Trading of one symbol beside KRX's regular book.

NXT and the KRX after-market share one continuous book (the crowd is the same, and thinner); 05 and 06 orders
queue at one price.
"""

from __future__ import annotations

import random

from kis_terminal.adapters.simulator.books.matching import PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.books.participants import Crowd, Hit
from kis_terminal.adapters.simulator.history.made_up_day import typical_trade
from kis_terminal.adapters.simulator.model import Listing, Side

EXTENDED_SHARE = 0.12
"""How much of the regular session's activity is left outside its hours."""
FIXED_SHARE = 0.05


class ExtendedSession:
    """A continuous market outside KRX's regular hours; `venue` and `name` are stamped on its prints."""

    def __init__(
        self,
        listing: Listing,
        rng: random.Random,
        base: int,
        limits: tuple[int, int],
        name: str,
        venue: str,
    ) -> None:
        """Open around `base`; `limits` are (upper, lower)."""
        self.book = PriceTimeBook()
        self.limits = limits
        self.last = base
        self.name = name
        self.venue = venue
        self.collects = False
        """True while orders are collected after a halt; they meet at one price at its end."""
        self._rng = rng
        self.crowd = Crowd(listing, rng, base, limits, base)
        self.crowd.populate(self.book, base)
        self._waited = 0.0
        self._moved = 0.0

    def act(self, seconds: float, market_move: float) -> Hit | None:
        """Let time pass and now and then do one thing."""
        self._waited += seconds
        self._moved += market_move
        if self._rng.random() > EXTENDED_SHARE:
            return None
        hit = self.crowd.act(self.book, self._waited, self._moved)
        self._waited = self._moved = 0.0
        return hit


class FixedSession:
    """A queue at one price: the last close before the opening, today's after the close."""

    def __init__(self, listing: Listing, rng: random.Random, price: int, name: str, *, trades: bool) -> None:
        """Open at `price`; with `trades` False orders queue but are not met yet."""
        self.book = PriceTimeBook()
        self.price = price
        self.name = name
        self.trades = trades
        self._rng = rng
        self._size = typical_trade(listing)
        side: Side = "buy" if rng.random() < 0.5 else "sell"
        self.book.side(side).add(RestingOrder(side, price, max(1, int(self._size * rng.uniform(5, 60)))))

    def act(self) -> Hit | None:
        """Now and then send somebody: returns what he takes at once, else he queues."""
        if self._rng.random() > FIXED_SHARE:
            return None
        side: Side = "buy" if self._rng.random() < 0.5 else "sell"
        size = max(1, int(self._size * self._rng.expovariate(1.0)))
        if self.trades and self.book.opposite(side).total:
            return Hit(side, size, self.price)
        self.book.side(side).add(RestingOrder(side, self.price, size))
        return None
