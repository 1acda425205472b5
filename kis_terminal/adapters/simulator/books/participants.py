"""The other traders of one symbol: they quote, cancel and hit around a fair value that wanders.

The fair value is a random walk of the symbol's own plus its share of the market's. Quotes crowd around it;
when it leaves the touch, informed traders take what stands in the way. The crowd's orders have no owner.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from kis_terminal.adapters.simulator.books.matching import BookSide, PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.history.made_up_day import (
    SESSION_SECONDS,
    trades_per_second,
    typical_trade,
)
from kis_terminal.adapters.simulator.listings import market_beta, own_volatility
from kis_terminal.adapters.simulator.model import Listing, Side
from kis_terminal.adapters.simulator.rules.tick_rules import round_to_tick, tick_down, tick_up

DEPTH = 14
"""Levels that the crowd keeps on each side while the daily limit leaves room."""
MOST_LEVELS = 20
MOST_ORDERS_A_LEVEL = 14
LIVELINESS = 1.5
"""Intraday moves are this much stronger than a day's volatility alone would make them."""
REVERSION_A_DAY = 0.35
"""Share of the distance to the base price that the fair value loses in a session: it must not drift away."""


class Hit(NamedTuple):
    """What a trader wants to take from the book at once."""

    side: Side
    quantity: int
    limit: int


class Crowd:
    """Trade one symbol; all chance comes from `rng`."""

    def __init__(
        self, listing: Listing, rng: random.Random, base: int, limits: tuple[int, int], last: int
    ) -> None:
        """Start at `last`; `limits` are (upper, lower) of the day."""
        self._kind = listing.kind
        self._rng = rng
        self._base = base
        self.upper, self.lower = limits
        self.fair = float(last)
        self.beta = market_beta(listing)
        self._sigma = own_volatility(listing) * LIVELINESS / math.sqrt(SESSION_SECONDS)
        self._trade_rate = trades_per_second(listing)
        self._rate = self._trade_rate + max(1.4 * self._trade_rate, 0.35)
        self._trade_part = self._trade_rate / self._rate
        self._trade_size = typical_trade(listing)
        # Busy names are always one tick wide, quiet ones stay open for a while.
        self._tightness = min(0.25 + 1.2 * self._trade_rate, 1.0)
        self._level_size = max(listing.average_volume * 0.0012, 4.0)

    def next_delay(self) -> int:
        """Return the microseconds until this crowd acts again."""
        return int(self._rng.expovariate(self._rate) * 1_000_000) + 1

    def populate(self, book: PriceTimeBook, last: int) -> None:
        """Fill an empty book around `last`."""
        if self._rng.random() < 0.5:
            bid, ask = last, tick_up(last, self._kind)
        else:
            bid, ask = tick_down(last, self._kind), last
        price = ask
        for rank in range(DEPTH):
            if price > self.upper:
                break
            self._stack(book.asks, "sell", price, rank)
            price = tick_up(price, self._kind)
        price = bid
        for rank in range(DEPTH):
            if price < self.lower:
                break
            self._stack(book.bids, "buy", price, rank)
            price = tick_down(price, self._kind)

    def act(self, book: PriceTimeBook, seconds: float, market_move: float) -> Hit | None:
        """Let `seconds` pass and do one thing; what is returned is to be executed, then `repair` called.

        `market_move` is the market's log return in that time.
        """
        self._wander(seconds, market_move)
        bid, ask = book.bids.best, book.asks.best
        if bid is None or ask is None:
            self.repair(book)
            return self._hit_one_side(book)
        if self.fair > ask + 0.55 * (tick_up(ask, self._kind) - ask):
            return self._informed(book.asks, "buy", ask)
        if self.fair < bid - 0.55 * (bid - tick_down(bid, self._kind)):
            return self._informed(book.bids, "sell", bid)
        if self._rng.random() < self._trade_part:
            return self._noise(book, bid, ask)
        self._quote(book)
        return None

    def bid_in_auction(self, book: PriceTimeBook, seconds: float, market_move: float) -> None:
        """Let `seconds` pass and put an order into a collecting auction, or take one out of a full price."""
        self._wander(seconds, market_move)
        rng = self._rng
        side: Side = "buy" if rng.random() < 0.5 else "sell"
        step = tick_up(int(self.fair), self._kind) - int(self.fair)
        lean = rng.gauss(0.7 if side == "buy" else -0.7, 2.5) * max(step, self.fair * 0.0004)
        price = min(max(round_to_tick(self.fair + lean, self._kind), self.lower), self.upper)
        standing = book.side(side).orders_at(price)
        if len(standing) >= MOST_ORDERS_A_LEVEL:
            order = standing[int(rng.random() * len(standing))]
            if order.owner is None:
                book.side(side).remove(order)
            return
        size = max(1, int(self._trade_size * rng.expovariate(0.5)))
        book.side(side).add(RestingOrder(side, price, size))

    def repair(self, book: PriceTimeBook) -> None:
        """Close the gap between the best prices, keep the depth, drop the far end."""
        self._close_gap(book)
        self._keep_depth(book, book.asks, "sell")
        self._keep_depth(book, book.bids, "buy")

    def _wander(self, seconds: float, market_move: float) -> None:
        seconds = min(seconds, 600.0)
        pull = REVERSION_A_DAY * seconds / SESSION_SECONDS * math.log(self.fair / self._base)
        step = self._sigma * math.sqrt(seconds) * self._rng.gauss(0.0, 1.0)
        fair = self.fair * math.exp(step + self.beta * market_move * LIVELINESS - pull)
        self.fair = min(max(fair, self.lower * 1.002), self.upper * 0.998)

    def _informed(self, side: BookSide, hitting: Side, price: int) -> Hit:
        """Clear a level that the fair value has left: most of the crowd withdraws, the rest is taken."""
        remaining = self._trade_size * self._rng.uniform(2.0, 12.0)
        for order in side.orders_at(price):
            if side.size_at(price) <= remaining:
                break
            if order.owner is None:
                side.remove(order)
        quantity = min(side.size_at(price), int(remaining * 3) + 1)
        return Hit(hitting, max(quantity, 1), price)

    def _noise(self, book: PriceTimeBook, bid: int, ask: int) -> Hit:
        middle, half = (bid + ask) / 2, (ask - bid) / 2
        lean = min(max((self.fair - middle) / half, -1.0), 1.0)
        side: Side = "buy" if self._rng.random() < 0.5 + 0.3 * lean else "sell"
        wanted = self._trade_size * math.exp(self._rng.gauss(-0.72, 1.2))
        touch = book.opposite(side)
        price = ask if side == "buy" else bid
        return Hit(side, max(1, min(int(wanted + self._rng.random()), touch.size_at(price))), price)

    def _hit_one_side(self, book: PriceTimeBook) -> Hit | None:
        """Trade a little against a limit-up or limit-down queue, where only one side is left."""
        if self._rng.random() > self._trade_part:
            return None
        size = max(1, int(self._trade_size * self._rng.random() * 2))
        if book.bids.best is not None and book.asks.best is None:
            return Hit("sell", size, book.bids.best)
        if book.asks.best is not None and book.bids.best is None:
            return Hit("buy", size, book.asks.best)
        return None

    def _quote(self, book: PriceTimeBook) -> None:
        """Add to a thin level or take from a thick one, mostly near the touch."""
        rng = self._rng
        self._close_gap(book)
        is_ask = rng.random() < 0.5
        side = book.asks if is_ask else book.bids
        rank = min(int(rng.expovariate(0.45)), len(side.prices) - 1)
        price = side.nth_price(rank)
        target = self._target(rank)
        orders = side.orders_at(price)
        if side.size_at(price) < target and len(orders) < MOST_ORDERS_A_LEVEL:
            size = max(1, int(target * rng.uniform(0.05, 0.3)))
            side.add(RestingOrder("sell" if is_ask else "buy", price, size))
            return
        order = orders[int(rng.random() * len(orders))]
        if order.owner is None and len(orders) > 1:
            side.reduce(order, order.rest if rng.random() < 0.7 else max(1, order.rest // 2))

    def _close_gap(self, book: PriceTimeBook) -> None:
        for _ in range(DEPTH):
            bid, ask = book.bids.best, book.asks.best
            if bid is None or ask is None:
                return
            above, below = tick_up(bid, self._kind), tick_down(ask, self._kind)
            if above >= ask or self._rng.random() > self._tightness:
                return
            # The side that the fair value leaves room for steps forward.
            if self.fair - bid > ask - self.fair:
                self._stack(book.bids, "buy", above, 0, fresh=True)
            else:
                self._stack(book.asks, "sell", below, 0, fresh=True)

    def _keep_depth(self, book: PriceTimeBook, side: BookSide, orders_side: Side) -> None:
        if not side.prices:
            self._restart_side(book, side, orders_side)
        while len(side.prices) < DEPTH:
            worst = side.worst
            if worst is None:
                return
            price = tick_up(worst, self._kind) if side.is_ask else tick_down(worst, self._kind)
            if price > self.upper or price < self.lower or price == worst:
                return
            self._stack(side, orders_side, price, len(side.prices))
        while len(side.prices) > MOST_LEVELS:
            worst = side.worst
            if worst is None:
                return
            far = side.orders_at(worst)
            if any(order.owner is not None for order in far):
                return
            for order in far:
                side.remove(order)

    def _restart_side(self, book: PriceTimeBook, side: BookSide, orders_side: Side) -> None:
        """Quote again on a side that was swept empty: around the fair value, never across the other side."""
        fair = int(self.fair)
        other = book.opposite(orders_side).best
        if side.is_ask:
            price = tick_up(max(fair, other or 0), self._kind)
        else:
            price = tick_down(min(fair, other or fair), self._kind)
        if self.lower <= price <= self.upper:
            self._stack(side, orders_side, price, 0)

    def _stack(
        self, side: BookSide, orders_side: Side, price: int, rank: int, *, fresh: bool = False
    ) -> None:
        """Put a handful of orders on one price; a fresh level inside the spread starts thin."""
        rng = self._rng
        total = self._target(rank) * (0.4 if fresh else 1.0)
        count = rng.randint(1, 3) if fresh else rng.randint(2, 5)
        for _ in range(count):
            size = int(total / count * rng.uniform(0.4, 1.6)) or 1
            side.add(RestingOrder(orders_side, price, size))

    def _target(self, rank: int) -> float:
        shape = 0.65 + 0.09 * min(rank, 6)
        return self._level_size * shape * math.exp(self._rng.gauss(-0.1, 0.6))
