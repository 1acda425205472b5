"""A symbol whose day is that of a recorded bar: its crowd trades along the bar's path, through the book.

Without orders of accounts the day's open, high, low, close and volume are the bar's exactly. Orders of
accounts match by price and time like any other: those at better prices come before the path's own, and the
path goes on from there. Nobody else trades outside KRX's regular session, and nothing interrupts itself.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.books.matching import Execution, PriceTimeBook, RestingOrder
from kis_terminal.adapters.simulator.books.participants import Crowd
from kis_terminal.adapters.simulator.history.bars_import import BarHistory
from kis_terminal.adapters.simulator.history.day_play import DayPlan, Hours, PlayedBar, PlayedPrint
from kis_terminal.adapters.simulator.history.made_up_day import (
    SESSION_SECONDS,
    DaySketch,
    MinuteRow,
    quiet_sketch,
    trades_per_second,
)
from kis_terminal.adapters.simulator.history.played_days import PlayedDays, day_seed
from kis_terminal.adapters.simulator.model import Listing, Side, TradePrinted
from kis_terminal.adapters.simulator.rules.calendar import OPEN_SECOND, Calendar, TradingClock
from kis_terminal.adapters.simulator.rules.order_routing import Place
from kis_terminal.adapters.simulator.rules.tick_rules import tick_size

_MOST_TRADES = 12_000
"""Trades a day of the busiest names; the path of a morning must be made while the exchange opens."""


class PlayedCrowd(Crowd):
    """Quote around the path; it never trades by itself."""

    def __init__(
        self, listing: Listing, rng: random.Random, base: int, limits: tuple[int, int], script: _Script
    ) -> None:
        super().__init__(listing, rng, base, limits, script.price)
        self._script = script
        self._quote_rate = max(1.4 * trades_per_second(listing), 0.35)

    def next_delay(self) -> int:
        """Return the microseconds until the next trade of the path or the next quote, whichever is first."""
        wait = int(self._rng.expovariate(self._quote_rate) * 1_000_000)
        due = self._script.seconds_to_next()
        return max(1, wait if due is None else min(wait, int(due * 1_000_000) + 1))

    def quote(self, book: PriceTimeBook) -> None:
        """Add or take away one order where both sides stand."""
        self.fair = float(self._script.price)
        if book.bids.prices and book.asks.prices:
            self._quote(book)

    def clear(self, book: PriceTimeBook, *, bids_from: int, asks_to: int) -> None:
        """Withdraw what the crowd bids at `bids_from` or above and offers at `asks_to` or below."""
        for side, reached in (
            (book.bids, [price for price in book.bids.prices if price >= bids_from]),
            (book.asks, [price for price in book.asks.prices if price <= asks_to]),
        ):
            for price in reached:
                for order in side.orders_at(price):
                    if order.owner is None:
                        side.remove(order)

    def _wander(self, seconds: float, market_move: float) -> None:
        self.fair = float(self._script.price)


class _Script:
    """How far one day's path has been traded."""

    def __init__(self, plan: DayPlan, second: float) -> None:
        """Begin at `second` of the day with what lies before it behind."""
        self.plan = plan
        self.now = second
        self.opening, self.closing = plan.opening, plan.closing
        self.passed: list[PlayedPrint] = []
        """The trades before the exchange was opened."""
        self._due: deque[PlayedPrint] = deque()
        self._minute = 0
        self.price = plan.bar.open
        self._skip(second)

    def take(self, second: float) -> list[PlayedPrint]:
        """Return the trades that are due by `second`, late ones included."""
        self.now = second
        taken: list[PlayedPrint] = []
        while (first := self._first()) is not None and first.second <= second:
            taken.append(self._due.popleft())
        if taken:
            self.price = taken[-1].price
        return taken

    def take_rest(self) -> int:
        """Return the shares of all trades that are still to come, and forget them."""
        rest = 0
        while self._first() is not None:
            rest += self._due.popleft().quantity
        return rest

    def seconds_to_next(self) -> float | None:
        """Return the time to the next trade; None when there is none, or it waits for an auction's end."""
        first = self._first()
        return first.second - self.now if first is not None and first.second > self.now else None

    def _first(self) -> PlayedPrint | None:
        while not self._due and self._minute < len(self.plan.minutes):
            self._due.extend(self.plan.prints_of(self._minute))
            self._minute += 1
        return self._due[0] if self._due else None

    def _skip(self, second: float) -> None:
        plan = self.plan
        if second < plan.hours.opens:
            return
        self.passed = [PlayedPrint(float(plan.hours.opens), plan.bar.open, plan.opening), *self.take(second)]
        self.opening = 0
        if second >= plan.hours.ends and plan.closing:
            self.passed.append(PlayedPrint(float(plan.hours.ends), plan.bar.close, plan.closing))
            self.closing, self.price = 0, plan.bar.close


class PlayedMarket(SymbolMarket):
    """Run one symbol along its bars; on a day that they do not reach it trades freely."""

    def __init__(
        self,
        listing: Listing,
        seed: int,
        opened_at: datetime,
        next_sequence: Callable[[], int],
        emit: Callable[[TradePrinted], None],
        on_execution: Callable[[Execution, datetime], None],
        days: PlayedDays,
        hours: Callable[[date], Hours | None],
    ) -> None:
        """`hours` gives the regular session of a day, None where there is none."""
        self._days = days
        self._hours = hours
        self._script: _Script | None = None
        super().__init__(listing, seed, opened_at, next_sequence, emit, on_execution)

    def act(self, moment: datetime, seconds: float, market_move: float) -> None:
        """Let the crowd do what the path wants by `moment`, or quote."""
        script = self._script
        if script is None:
            super().act(moment, seconds, market_move)
            return
        script.now = self._second(moment)
        if self.is_halted:
            return
        if self.mode == "continuous":
            due = script.take(script.now)
            for wanted in due:
                self._trade(wanted.price, wanted.quantity, moment)
            if not due and isinstance(self.crowd, PlayedCrowd):
                self.crowd.quote(self.book)
            self.mend()
        elif self.mode == "auction" and self.session != "interruption":
            script.price = script.plan.bar.close if self.session == "closing" else script.plan.bar.open
            self.crowd.bid_in_auction(self.book, seconds, market_move)

    def end_auction(self, moment: datetime) -> bool:
        """Match at the bar's open or close, in the shares that the path has for it."""
        script = self._script
        if script is None or self.is_halted or self.session not in ("opening", "closing"):
            return super().end_auction(moment)
        bar = script.plan.bar
        if self.session == "opening":
            price, quantity, script.opening = bar.open, script.opening, 0
        else:
            price, quantity, script.closing = bar.close, script.closing + script.take_rest(), 0
        script.price = price
        self._stage(price, quantity)
        before = self.tape.volume
        traded = super().end_auction(moment)
        short = quantity - (self.tape.volume - before)
        if short > 0:  # a price off today's tick table, or orders of accounts that moved it
            self._trade(price, short, moment)
        return traded or quantity > 0

    def _stage(self, price: int, quantity: int) -> None:
        """Leave of the crowd's orders those that meet at `price`, and what does not reach it."""
        if not isinstance(self.crowd, PlayedCrowd):
            return
        self.crowd.clear(self.book, bids_from=price, asks_to=price)
        if quantity:
            self.book.bids.add(RestingOrder("buy", price, quantity))
            self.book.asks.add(RestingOrder("sell", price, quantity))

    def _trade(self, price: int, quantity: int, moment: datetime) -> None:
        """Trade so many shares at `price`: orders of accounts that stand in the way first, at their own."""
        book, crowd = self.book, self.crowd
        side = self._aggressor(price)
        if isinstance(crowd, PlayedCrowd):
            if side == "buy":
                crowd.clear(book, bids_from=price, asks_to=price - 1)
            else:
                crowd.clear(book, bids_from=price + 1, asks_to=price)
        other: Side = "sell" if side == "buy" else "buy"
        standing = book.opposite(side)
        missing = quantity - standing.available(price)
        if missing > 0:
            standing.add(RestingOrder(other, price, missing))
        self.execute(side, quantity, price, moment)
        crowd.fair = float(price)

    def _aggressor(self, price: int) -> Side:
        """Choose who comes to the other: whoever meets an account's order, else as the price moves."""
        book = self.book
        if any(
            order.owner is not None
            for level in book.bids.prices
            if level >= price
            for order in book.bids.orders_at(level)
        ):
            return "sell"
        if any(
            order.owner is not None
            for level in book.asks.prices
            if level <= price
            for order in book.asks.orders_at(level)
        ):
            return "buy"
        if price != self.tape.last:
            return "buy" if price > self.tape.last else "sell"
        return "buy" if self._coin.random() < 0.5 else "sell"

    def _guarded(self, side: Side, limit: int | None, place: Place) -> int | None:
        """Interrupt nothing: what stopped the recorded day is in its bar."""
        return limit if self._script is not None else super()._guarded(side, limit, place)

    def _act_aside(self, moment: datetime, seconds: float, market_move: float) -> None:
        if self._script is None:
            super()._act_aside(moment, seconds, market_move)

    def _start_day(self, opened_at: datetime, sketch: DaySketch, second: float) -> None:
        day = opened_at.date()
        bar, hours = self._days.bar(self.listing.symbol, day), self._hours(day)
        self._script = None
        self._coin = random.Random(day_seed(self._seed, self.listing.symbol, day))
        if bar is None or hours is None:
            super()._start_day(opened_at, sketch, second)
            return
        self.prev_close = self.base = bar.base
        self.prev_volume = self._days.previous_volume(self.listing.symbol, day) or self.prev_volume
        self.is_halted = bar.is_halt
        if bar.is_halt:
            super()._start_day(opened_at, quiet_sketch(self.base), second)
            return
        self._script = _Script(self._plan(bar, hours, day), self._second(opened_at))
        super()._start_day(opened_at, sketch_of(self._script), second)

    def _plan(self, bar: PlayedBar, hours: Hours, day: date) -> DayPlan:
        listing = self.listing
        trades = min(int(trades_per_second(listing) * SESSION_SECONDS), _MOST_TRADES)
        return DayPlan(
            bar,
            hours,
            max(trades, 1),
            day_seed(self._seed, listing.symbol, day),
            lambda price: tick_size(price, listing.kind, day, listing.market),
        )

    def _make_crowd(self, rng: random.Random, limits: tuple[int, int], last: int) -> Crowd:
        if self._script is None:
            return super()._make_crowd(rng, limits, last)
        return PlayedCrowd(self.listing, rng, self.base, limits, self._script)

    def _day_limits(self) -> tuple[int, int]:
        """Return the day's limits, wide enough for what really traded (first days, last days)."""
        upper, lower = super()._day_limits()
        if self._script is not None:
            bar = self._script.plan.bar
            return max(upper, bar.high), min(lower, bar.low)
        return upper, lower

    def _morning(self, sketch: DaySketch, midnight: datetime, second: float) -> list[MinuteRow]:
        if self._script is None:
            return super()._morning(sketch, midnight, second)
        return minutes_of(self._script.passed)

    @staticmethod
    def _second(moment: datetime) -> float:
        return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


class PlayedMarkets:
    """Open the markets of an exchange that plays bars."""

    def __init__(self, bars: BarHistory, clock: TradingClock, calendar: Calendar, first_day: date) -> None:
        """Count `first_day` as a trading day if anything traded on it, whatever the calendar says."""
        self.days = PlayedDays(bars)
        self._clock = clock
        if self.days.trades_on(first_day):
            calendar.open_always(first_day)

    def opener(self, symbol: str) -> Callable[..., SymbolMarket]:
        """Return what makes the market of `symbol`: along its bars, or free where there are none."""
        if symbol not in self.days.symbols:
            return SymbolMarket
        return partial(PlayedMarket, days=self.days, hours=self._hours)

    def _hours(self, day: date) -> Hours | None:
        seconds = {stage.krx: stage.second for stage in reversed(self._clock.stages(day))}
        if "closing" not in seconds:
            return None
        return Hours(seconds["continuous"], seconds["closing"], seconds["after_close"])


def sketch_of(script: _Script) -> DaySketch:
    """Return what the day was like up to where the exchange opens."""
    prints = script.passed
    if not prints:
        return quiet_sketch(script.plan.bar.base)
    high, low = max(one.price for one in prints), min(one.price for one in prints)
    bought = bought_count = 0
    before, is_rise = prints[0].price, False
    for one in prints:
        # Trades at the price of the one before go to either side in turn.
        is_rise = one.price > before if one.price != before else not is_rise
        if is_rise:
            bought, bought_count = bought + one.quantity, bought_count + 1
        before = one.price
    return DaySketch(
        open=prints[0].price,
        high=high,
        low=low,
        last=prints[-1].price,
        volume=sum(one.quantity for one in prints),
        turnover=sum(one.price * one.quantity for one in prints),
        buy_volume=bought,
        buy_count=bought_count,
        sell_count=len(prints) - bought_count,
        open_second=prints[0].second,
        high_second=next(one.second for one in prints if one.price == high),
        low_second=next(one.second for one in prints if one.price == low),
        last_second=prints[-1].second,
        last_quantity=prints[-1].quantity,
    )


def minutes_of(prints: list[PlayedPrint]) -> list[MinuteRow]:
    """Return the minutes that trades add up to; `minute` counts from 09:00."""
    rows: dict[int, list[int]] = {}
    for one in prints:
        index = int(one.second - OPEN_SECOND) // 60
        amount = one.price * one.quantity
        row = rows.setdefault(index, [one.price, one.price, one.price, one.price, 0, 0])
        row[1], row[2], row[3] = max(row[1], one.price), min(row[2], one.price), one.price
        row[4] += one.quantity
        row[5] += amount
    return [MinuteRow(index, *row) for index, row in sorted(rows.items())]
