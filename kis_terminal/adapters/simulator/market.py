"""One symbol's market: its book, its tape, its crowd, and what an order does to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from kis_terminal.adapters.simulator.archive import morning_minutes
from kis_terminal.adapters.simulator.calendar import CONTINUOUS_END_SECOND, OPEN_SECOND
from kis_terminal.adapters.simulator.history import (
    DaySketch,
    previous_volume,
    quiet_sketch,
    seed_for,
    sketch_until,
    volume_share,
)
from kis_terminal.adapters.simulator.listings import limit_rate
from kis_terminal.adapters.simulator.matching import Execution, PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.model import (
    BookSnapshot,
    DailyBar,
    Listing,
    QuoteSnapshot,
    Side,
    TradePrinted,
)
from kis_terminal.adapters.simulator.participants import Crowd
from kis_terminal.adapters.simulator.tape import DayTape
from kis_terminal.adapters.simulator.tick_rules import daily_limits, round_to_tick, tick_size

VISIBLE_LEVELS = 10
VI_RATE = 0.10
"""A static volatility interruption starts this far from its reference price."""


class SymbolMarket:
    """Run one symbol through one day at a time.

    `emit` gets a print for each trade, `on_execution` each resting order of an account that was met.
    """

    def __init__(
        self,
        listing: Listing,
        seed: int,
        opened_at: datetime,
        next_sequence: Callable[[], int],
        emit: Callable[[TradePrinted], None],
        on_execution: Callable[[Execution, datetime], None],
    ) -> None:
        """Open the market at `opened_at` (exchange time), with a morning behind it."""
        self.listing = listing
        self._seed = seed
        self._next_sequence = next_sequence
        self._emit = emit
        self._on_execution = on_execution
        self.prev_close = self.base = listing.base_price
        self.prev_volume = previous_volume(listing, seed)
        self.is_halted = False
        second = min((opened_at - _midnight(opened_at)).total_seconds(), CONTINUOUS_END_SECOND)
        self._start_day(opened_at, sketch_until(listing, self.base, seed, opened_at.date(), second), second)

    def roll_day(self, opened_at: datetime) -> DailyBar:
        """Close the day, start the next one at `opened_at` and return the closed day's bar."""
        bar = self.daily_bar()
        self.prev_close = self.base = round_to_tick(self.tape.last, self.listing.kind)
        self.prev_volume = max(self.tape.volume, 1)
        self._start_day(opened_at, quiet_sketch(self.base), OPEN_SECOND)
        return bar

    def act(self, moment: datetime, seconds: float, market_move: float) -> None:
        """Let the crowd do one thing at `moment`, `seconds` after its last one."""
        if self.is_halted:
            return
        hit = self.crowd.act(self.book, seconds, market_move)
        if hit is not None:
            self.execute(hit.side, hit.quantity, hit.limit, moment)
            self.mend()

    def execute(self, side: Side, quantity: int, limit: int | None, moment: datetime) -> list[Execution]:
        """Take up to `quantity` from the other side, print it, tell the owners; `mend` the book after it."""
        executions = self.book.opposite(side).take(quantity, limit)
        if not executions:
            return executions
        at_price: dict[int, int] = {}
        for execution in executions:
            at_price[execution.price] = at_price.get(execution.price, 0) + execution.quantity
        for price, total in at_price.items():
            self._emit(self.tape.print_trade(self._next_sequence(), moment, price, total, side, self.book))
        for execution in executions:
            if execution.resting.owner is not None:
                self._on_execution(execution, moment)
        return executions

    def mend(self) -> None:
        """Let the crowd close gaps and keep the depth; an order's rest must stand in the book by then."""
        self.crowd.repair(self.book)

    def rest(self, order: RestingOrder) -> None:
        """Put an order into the book; it must not cross."""
        self.book.side(order.side).add(order)

    def print_at(self, side: Side, quantity: int, price: int, moment: datetime) -> None:
        """Print a trade that did not come out of the book (mid-price orders)."""
        self._emit(self.tape.print_trade(self._next_sequence(), moment, price, quantity, side, self.book))

    def daily_bar(self) -> DailyBar:
        """Return today's bar so far."""
        tape = self.tape
        return DailyBar(
            day=tape.midnight.date(),
            open=tape.open,
            high=tape.high,
            low=tape.low,
            close=tape.last,
            volume=tape.volume,
            turnover=tape.turnover,
            base_price=self.base,
        )

    def snapshot(self, moment: datetime) -> BookSnapshot:
        """Return the visible book."""
        book = self.book
        return BookSnapshot(
            symbol=self.listing.symbol,
            time=moment,
            asks=book.asks.top(VISIBLE_LEVELS),
            bids=book.bids.top(VISIBLE_LEVELS),
            total_ask_size=book.asks.total,
            total_bid_size=book.bids.total,
            expected_price=0,
            expected_quantity=0,
            total_volume=self.tape.volume,
            last=self.tape.last,
        )

    def quote(self, moment: datetime) -> QuoteSnapshot:
        """Return today's state."""
        tape, book, listing = self.tape, self.book, self.listing
        ask, bid = book.asks.best, book.bids.best
        traded = tape.volume > 0
        second = (moment - tape.midnight).total_seconds() - OPEN_SECOND
        return QuoteSnapshot(
            symbol=listing.symbol,
            name=listing.name,
            time=moment,
            last=tape.last,
            open=tape.open if traded else 0,
            high=tape.high if traded else 0,
            low=tape.low if traded else 0,
            prev_close=self.prev_close,
            base=self.base,
            upper_limit=self.upper_limit,
            lower_limit=self.lower_limit,
            tick_size=tick_size(tape.last, listing.kind),
            volume=tape.volume,
            turnover=tape.turnover,
            prev_volume=self.prev_volume,
            prev_volume_same_time=int(self.prev_volume * volume_share(second)),
            open_time=tape.open_time,
            high_time=tape.high_time,
            low_time=tape.low_time,
            last_trade_time=tape.last_time,
            last_quantity=tape.last_quantity,
            last_aggressor=tape.last_aggressor,
            sell_count=tape.sell_count,
            buy_count=tape.buy_count,
            sell_volume=tape.sell_volume,
            buy_volume=tape.buy_volume,
            strength=100.0 * tape.buy_volume / tape.sell_volume if tape.sell_volume else 100.0,
            ask_price=ask or 0,
            bid_price=bid or 0,
            ask_size=book.asks.size_at(ask) if ask else 0,
            bid_size=book.bids.size_at(bid) if bid else 0,
            total_ask_size=book.asks.total,
            total_bid_size=book.bids.total,
            vi_reference=tape.open if traded else self.base,
            vi_upper=self._vi_price(1 + VI_RATE),
            vi_lower=self._vi_price(1 - VI_RATE),
            is_halted=self.is_halted,
            listed_shares=listing.listed_shares,
        )

    def _vi_price(self, factor: float) -> int:
        reference = self.tape.open if self.tape.volume else self.base
        price = round_to_tick(reference * factor, self.listing.kind)
        return min(max(price, self.lower_limit), self.upper_limit)

    def _start_day(self, opened_at: datetime, sketch: DaySketch, second: float) -> None:
        listing = self.listing
        self.upper_limit, self.lower_limit = daily_limits(self.base, listing.kind, limit_rate(listing))
        midnight = _midnight(opened_at)
        self.tape = DayTape(
            listing.symbol,
            sketch,
            midnight,
            lambda: morning_minutes(listing, sketch, self._seed, midnight, second),
        )
        self.book = PriceTimeBook()
        rng = random.Random(seed_for(self._seed, listing.symbol, "crowd", opened_at.date()))
        limits = (self.upper_limit, self.lower_limit)
        self.crowd = Crowd(listing, rng, self.base, limits, sketch.last)
        self.crowd.populate(self.book, sketch.last)


def _midnight(moment: datetime) -> datetime:
    return moment - timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )
