"""One symbol's market: its books, its tape, its crowd, and what an order does to them.

The regular book trades continuously, collects an auction, or is idle; beside it there may be a continuous
session outside KRX's hours and a queue at one price.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from kis_terminal.adapters.simulator.books.auction import Clearing, clearing, remaining_levels, uncross
from kis_terminal.adapters.simulator.books.matching import Execution, PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.books.participants import Crowd
from kis_terminal.adapters.simulator.books.side_sessions import ExtendedSession, FixedSession
from kis_terminal.adapters.simulator.books.tape import DayTape
from kis_terminal.adapters.simulator.history.archive import morning_minutes
from kis_terminal.adapters.simulator.history.made_up_day import (
    DaySketch,
    MinuteRow,
    previous_volume,
    quiet_sketch,
    seed_for,
    sketch_until,
    volume_share,
)
from kis_terminal.adapters.simulator.listings import limit_rate
from kis_terminal.adapters.simulator.model import (
    BookSnapshot,
    DailyBar,
    Listing,
    QuoteSnapshot,
    Side,
    TradePrinted,
)
from kis_terminal.adapters.simulator.rules.calendar import CONTINUOUS_END_SECOND, OPEN_SECOND
from kis_terminal.adapters.simulator.rules.interruptions import PriceGuard
from kis_terminal.adapters.simulator.rules.order_routing import Place
from kis_terminal.adapters.simulator.rules.tick_rules import daily_limits, round_to_tick, tick_size

VISIBLE_LEVELS = 10
BEYOND = 1
"""Market orders stand in an auction this much beyond the limit, before every order with a price."""


class SymbolMarket:
    """Run one symbol through one day at a time.

    `emit` gets a print for each trade, `on_execution` each resting order of an account that was met.
    `on_interruption` is called when an order would trade at a price that the guard does not allow.
    """

    mode: Literal["continuous", "auction", "idle"] = "continuous"
    session = "continuous"
    auction_number = 0
    """Counts auctions, so that a timer knows whether its auction is still the one that runs."""
    shows_expected = True
    guard: PriceGuard | None = None
    book: PriceTimeBook
    crowd: Crowd
    extended: ExtendedSession | None = None
    fixed: FixedSession | None = None
    is_delisted = False
    is_unbounded = False
    """True on the first day of a new listing: 60 % to 400 % of the first price, no interruptions."""
    on_interruption: Callable[[SymbolMarket, datetime], object] | None = None

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

    def restart_day(self, opened_at: datetime) -> None:
        """Begin another day after one on which nothing traded (a holiday)."""
        self._start_day(opened_at, quiet_sketch(self.base), OPEN_SECOND)

    def begin_first_day(self, opened_at: datetime) -> None:
        """Begin the first day of a new listing: 60 % to 400 % of its price, and no interruptions."""
        self.is_unbounded = True
        self.prev_volume = 0
        self.restart_day(opened_at)
        appetite = random.Random(seed_for(self._seed, self.listing.symbol, "first day"))
        self.crowd.fair = self.base * appetite.uniform(0.8, 2.5)

    def change_capital(self, listing: Listing, base: int, factor: float, opened_at: datetime) -> None:
        """Go on as `listing` after a split: base and previous close become `base`, volumes count anew."""
        self.listing = listing
        self.prev_close = self.base = base
        self.prev_volume = int(self.prev_volume / factor)
        self.restart_day(opened_at)
        self.split_factor = factor

    def roll_day(self, opened_at: datetime) -> DailyBar:
        """Close the day, start the next one at `opened_at` and return the closed day's bar."""
        bar = self.daily_bar()
        self.prev_close = self.base = round_to_tick(self.tape.last, self.listing.kind)
        self.prev_volume = max(self.tape.volume, 1)
        self.is_unbounded = False
        self._start_day(opened_at, quiet_sketch(self.base), OPEN_SECOND)
        return bar

    def act(self, moment: datetime, seconds: float, market_move: float) -> None:
        """Let the crowd do one thing at `moment`, `seconds` after its last one."""
        if self.is_halted:
            return
        if self.mode == "continuous":
            hit = self.crowd.act(self.book, seconds, market_move)
            if hit is not None:
                self.execute(hit.side, hit.quantity, hit.limit, moment)
                self.mend()
            return
        if self.mode == "auction":
            self.crowd.bid_in_auction(self.book, seconds, market_move)
        self._act_aside(moment, seconds, market_move)

    def _act_aside(self, moment: datetime, seconds: float, market_move: float) -> None:
        if self.extended is not None and not self.extended.collects:
            hit = self.extended.act(seconds, market_move)
            if hit is not None:
                self.execute(hit.side, hit.quantity, hit.limit, moment, "extended")
                self.mend("extended")
        if self.fixed is not None:
            hit = self.fixed.act()
            if hit is not None:
                self.execute(hit.side, hit.quantity, hit.limit, moment, "fixed")

    def book_of(self, place: Place) -> PriceTimeBook:
        """Return the book that orders of `place` stand in."""
        if place == "extended" and self.extended is not None:
            return self.extended.book
        if place == "fixed" and self.fixed is not None:
            return self.fixed.book
        return self.book

    def limits_of(self, place: Place) -> tuple[int, int]:
        """Return the (upper, lower) price that orders of `place` may carry."""
        if place == "extended" and self.extended is not None:
            return self.extended.limits
        if place == "fixed" and self.fixed is not None:
            return self.fixed.price, self.fixed.price
        return self.upper_limit, self.lower_limit

    def last_of(self, place: Place) -> int:
        """Return the last price of `place`."""
        return self.extended.last if place == "extended" and self.extended is not None else self.tape.last

    def matches(self, place: Place) -> bool:
        """Say whether orders of `place` are met as they come (else they are collected)."""
        if place == "extended":
            return not self.is_halted and self.extended is not None and not self.extended.collects
        if place == "fixed":
            return not self.is_halted and self.fixed is not None and self.fixed.trades
        return self.mode == "continuous" and not self.is_halted

    def available(self, side: Side, limit: int, place: Place = "regular") -> int:
        """Return what an order of `side` could take at once at `limit` or better."""
        return self.book_of(place).opposite(side).available(self._guarded(side, limit, place))

    def execute(
        self, side: Side, quantity: int, limit: int | None, moment: datetime, place: Place = "regular"
    ) -> list[Execution]:
        """Take up to `quantity` from the other side, print it, tell the owners; `mend` the book after it."""
        book = self.book_of(place)
        other = book.opposite(side)
        guarded = self._guarded(side, limit, place)
        executions = other.take(quantity, guarded)
        if executions:
            at_price: dict[int, int] = {}
            for execution in executions:
                at_price[execution.price] = at_price.get(execution.price, 0) + execution.quantity
            for price, total in at_price.items():
                self._print(side, total, price, moment, place)
            for execution in executions:
                if execution.resting.owner is not None:
                    self._on_execution(execution, moment)
        if guarded != limit and self.on_interruption is not None:
            best = other.best
            wants_more = sum(execution.quantity for execution in executions) < quantity
            if wants_more and best is not None and _reaches(side, limit, best):
                self.on_interruption(self, moment)
        return executions

    def _guarded(self, side: Side, limit: int | None, place: Place) -> int | None:
        """Return `limit`, cut to where the guard would interrupt the market."""
        if self.guard is None or place != "regular":
            return limit
        lowest, highest = self.guard.allowed(self.tape.last)
        if side == "buy":
            return highest if limit is None or limit > highest else limit
        return lowest if limit is None or limit < lowest else limit

    def _print(self, side: Side, quantity: int, price: int, moment: datetime, place: Place) -> None:
        sequence = self._next_sequence()
        if place == "extended" and self.extended is not None:
            extended = self.extended
            extended.last = price
            printed = self.tape.print_outside(
                sequence, moment, price, quantity, side, extended.book, extended.name, extended.venue
            )
        elif place == "fixed" and self.fixed is not None:
            name = self.fixed.name
            if name == "after_close" and self.tape.volume:
                printed = self.tape.print_trade(
                    sequence, moment, price, quantity, side, self.fixed.book, name
                )
            else:
                printed = self.tape.print_outside(
                    sequence, moment, price, quantity, side, self.fixed.book, name, "KRX"
                )
        else:
            printed = self.tape.print_trade(sequence, moment, price, quantity, side, self.book, self.session)
        self._emit(printed)

    def begin_auction(self, session: str) -> None:
        """Collect orders from now on instead of trading."""
        self.mode, self.session = "auction", session
        self.auction_number += 1

    def end_auction(self, moment: datetime) -> bool:
        """Match what was collected at one price and trade on continuously; True when something traded."""
        limits = self.lower_limit, self.upper_limit
        result = uncross(self.book, *limits, self.tape.last, self.listing.kind)
        if result.quantity:
            side: Side = "buy" if result.price >= self.tape.last else "sell"
            self._print(side, result.quantity, result.price, moment, "regular")
            for execution in result.executions:
                if execution.resting.owner is not None:
                    self._on_execution(execution, moment)
            if self.guard is not None:
                self.guard.reference = result.price
        self.auction_number += 1
        self.mode, self.session = "continuous", "continuous"
        return result.quantity > 0

    def end_extended_auction(self, moment: datetime) -> None:
        """Match what the session outside KRX's hours collected after a halt, and trade on continuously."""
        extended = self.extended
        if extended is None or not extended.collects:
            return
        upper, lower = extended.limits
        result = uncross(extended.book, lower, upper, extended.last, self.listing.kind)
        if result.quantity:
            side: Side = "buy" if result.price >= extended.last else "sell"
            self._print(side, result.quantity, result.price, moment, "extended")
            for execution in result.executions:
                if execution.resting.owner is not None:
                    self._on_execution(execution, moment)
        extended.collects = False
        self.mend("extended")

    def rest_idle(self) -> None:
        """Stop the regular book until the next day; accounts have no order in it any more."""
        bid, ask = self.book.bids.best, self.book.asks.best
        if bid is not None and ask is not None and bid >= ask:
            self.book = PriceTimeBook()  # collected during a halt that outlived the closing auction
        self.mode, self.session = "idle", "after_close"

    def match_fixed(self, moment: datetime) -> None:
        """Begin to meet what has queued at the one price."""
        if self.fixed is None:
            return
        self.fixed.trades = True
        price = self.fixed.price
        result = uncross(self.fixed.book, price, price, price)
        if result.quantity:
            self._print("buy", result.quantity, price, moment, "fixed")
            for execution in result.executions:
                if execution.resting.owner is not None:
                    self._on_execution(execution, moment)

    def open_fixed(self, *, trades: bool) -> None:
        """Open the queue at the last close (which is today's after the close)."""
        is_morning = self.mode == "auction"
        price = self.base if is_morning else self.tape.last
        name = "pre_close" if is_morning else "after_close"
        self.fixed = FixedSession(self.listing, self._side_rng(name), price, name, trades=trades)

    def open_extended(self, name: str, venue: str) -> None:
        """Open the session outside KRX's hours around the last price; its limits count from there."""
        base = self.base if name == "pre_market" else self.tape.last
        limits = daily_limits(base, self.listing.kind, limit_rate(self.listing))
        self.extended = ExtendedSession(self.listing, self._side_rng(name), base, limits, name, venue)

    def _side_rng(self, name: str) -> random.Random:
        return random.Random(seed_for(self._seed, self.listing.symbol, name, self.tape.midnight.date()))

    def expected(self) -> Clearing:
        """Return what the running auction would do now, zeros when there is none or it is not shown."""
        if self.mode != "auction" or not self.shows_expected:
            return Clearing(0, 0)
        return self._clearing()

    def _clearing(self) -> Clearing:
        return clearing(self.book, self.lower_limit, self.upper_limit, self.tape.last, self.listing.kind)

    def mend(self, place: Place = "regular") -> None:
        """Let the crowd close gaps and keep the depth; an order's rest must stand in the book by then."""
        if place == "extended" and self.extended is not None:
            if not self.extended.collects:
                self.extended.crowd.repair(self.extended.book)
        elif place == "regular" and self.mode == "continuous" and not self.is_halted:
            self.crowd.repair(self.book)

    def rest(self, order: RestingOrder, place: Place = "regular", *, first: bool = False) -> None:
        """Put an order into a book; it must not cross unless orders are being collected."""
        self.book_of(place).side(order.side).add(order, first=first)

    def print_at(
        self, side: Side, quantity: int, price: int, moment: datetime, place: Place = "regular"
    ) -> None:
        """Print a trade that did not come out of the book (mid-price orders)."""
        self._print(side, quantity, price, moment, place)

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
            split_factor=self.split_factor,
        )

    def snapshot(self, moment: datetime, venue: str = "KRX") -> BookSnapshot:
        """Return the book that `venue` shows: KRX its regular one, the after-market's when that has begun."""
        extended = self._shown_session(venue)
        if self.mode == "auction" and extended is None:
            return self._auction_snapshot(moment)
        book = extended.book if extended is not None else self.book
        return BookSnapshot(
            symbol=self.listing.symbol,
            time=moment,
            asks=book.asks.top(VISIBLE_LEVELS),
            bids=book.bids.top(VISIBLE_LEVELS),
            total_ask_size=book.asks.total,
            total_bid_size=book.bids.total,
            expected_price=0,
            expected_quantity=0,
            total_volume=self.tape.volume + self.tape.outside_volume,
            last=extended.last if extended is not None else self.tape.last,
            session=extended.name if extended is not None else self.session,
        )

    def _shown_session(self, venue: str) -> ExtendedSession | None:
        extended = self.extended
        return extended if extended is not None and venue in (extended.venue, "NXT") else None

    def _auction_snapshot(self, moment: datetime) -> BookSnapshot:
        book = self.book
        expected = self.expected()
        met = self._clearing().quantity
        return BookSnapshot(
            symbol=self.listing.symbol,
            time=moment,
            asks=remaining_levels(book.asks, met, self.lower_limit, self.upper_limit),
            bids=remaining_levels(book.bids, met, self.lower_limit, self.upper_limit),
            total_ask_size=book.asks.total,
            total_bid_size=book.bids.total,
            expected_price=expected.price,
            expected_quantity=expected.quantity,
            total_volume=self.tape.volume + self.tape.outside_volume,
            last=self.tape.last,
            session=self.session,
        )

    def quote(self, moment: datetime) -> QuoteSnapshot:
        """Return today's state."""
        tape, book, listing = self.tape, self.book, self.listing
        extended = self._shown_session("KRX")
        if extended is not None:
            book = extended.book
        ask, bid = book.asks.best, book.bids.best
        if self.mode == "auction":
            shown = self._auction_snapshot(moment)
            ask = shown.asks[0].price if shown.asks else None
            bid = shown.bids[0].price if shown.bids else None
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
            volume=tape.volume + tape.outside_volume,
            turnover=tape.turnover + tape.outside_turnover,
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
            vi_reference=self._vi_reference(),
            is_halted=self.is_halted,
            listed_shares=listing.listed_shares,
            session=self.session,
            is_interrupted=self.session == "interruption",
        )

    def _vi_reference(self) -> int:
        if self.guard is not None:
            return self.guard.reference
        return self.tape.open if self.tape.volume else self.base

    def _start_day(self, opened_at: datetime, sketch: DaySketch, second: float) -> None:
        listing = self.listing
        self.split_factor = 1.0
        self.upper_limit, self.lower_limit = limits = self._day_limits()
        midnight = _midnight(opened_at)
        self.tape = DayTape(
            listing.symbol,
            sketch,
            midnight,
            lambda: self._morning(sketch, midnight, second),
        )
        self.book = PriceTimeBook()
        rng = random.Random(seed_for(self._seed, listing.symbol, "crowd", opened_at.date()))
        self.crowd = self._make_crowd(rng, limits, sketch.last)
        self.crowd.populate(self.book, sketch.last)
        self.extended = self.fixed = None
        self.mode, self.session = "continuous", "continuous"

    def _day_limits(self) -> tuple[int, int]:
        """Return today's (upper, lower) limit."""
        kind = self.listing.kind
        if self.is_unbounded:
            return round_to_tick(self.base * 4.0, kind), round_to_tick(self.base * 0.6, kind)
        return daily_limits(self.base, kind, limit_rate(self.listing))

    def _make_crowd(self, rng: random.Random, limits: tuple[int, int], last: int) -> Crowd:
        return Crowd(self.listing, rng, self.base, limits, last)

    def _morning(self, sketch: DaySketch, midnight: datetime, second: float) -> list[MinuteRow]:
        """Return the minutes of the day before the exchange was opened."""
        return morning_minutes(self.listing, sketch, self._seed, midnight, second)


def _reaches(side: Side, limit: int | None, price: int) -> bool:
    """Say whether an order of `side` with `limit` would trade at `price`."""
    if limit is None:
        return True
    return price <= limit if side == "buy" else price >= limit


def _midnight(moment: datetime) -> datetime:
    return moment - timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )
