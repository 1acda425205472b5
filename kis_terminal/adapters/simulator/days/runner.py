"""Runs the trading day: phases as the clock reaches them, auctions, halts, interruptions, circuit breaker.

Times are microseconds since the exchange was opened, in the caller's time. An always-open exchange has no
phases; halts and interruptions work there too.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.days.market_breaks import CLOSED_CODE, Announce, MarketBreaks
from kis_terminal.adapters.simulator.listings import own_volatility
from kis_terminal.adapters.simulator.orders.account_orders import AccountOrder
from kis_terminal.adapters.simulator.orders.working_orders import WorkingOrders
from kis_terminal.adapters.simulator.rules.calendar import TradingClock
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules, PriceGuard
from kis_terminal.adapters.simulator.rules.order_routing import GOOD_TILL_PRE_MARKET
from kis_terminal.adapters.simulator.rules.trading_day import ALWAYS, CLOSED, Stage

SECOND = 1_000_000
_LASTING = frozenset({"00", "03", "04"})
"""Kinds of which a rest can wait for another session."""


class DayRunner:
    """Own the stage of the day and everything that is due at a time."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        working: WorkingOrders,
        clock: TradingClock,
        started: datetime,
        rules: InterruptionRules,
        rng: random.Random,
        announce: Announce,
        elapsed: Callable[[], int],
        touch: Callable[[str], None],
    ) -> None:
        """Know the pieces; `start_day` must follow. `elapsed` gives the moment the market has reached."""
        self._markets = markets
        self._working = working
        self._clock = clock
        self._started = started
        self._rules = rules
        self._rng = rng
        self._announce = announce
        self._elapsed = elapsed
        self._touch = touch
        self._timers: list[tuple[int, int, Callable[[datetime], None]]] = []
        self._numbers = itertools.count()
        self._breaks = MarketBreaks(
            markets, rules, announce, self._timer, lambda market, _: self._reopen(market), touch
        )
        self.stage = ALWAYS

    @property
    def is_playing(self) -> bool:
        """Say whether anybody trades now."""
        return self.stage.krx not in ("before", "closed") or self.stage.nxt != "closed"

    def start_day(self, now: datetime, moment: datetime) -> None:
        """Enter the day at `moment`, without telling what happened on it before; plan its later stages."""
        self._timers.clear()
        self._breaks.start_day()
        for market in self._markets.values():
            self._prepare(market)
        self.stage = self._clock.stage(now)
        if self._clock.open_always:
            return
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        second = (moment - midnight).total_seconds()
        for stage in self._clock.stages(moment.date()):
            if stage.second > second:
                self._plan(midnight + timedelta(seconds=stage.second), self._entering(stage))
        for market in self._markets.values():
            self._place_in_stage(market, self.stage)

    def next_due(self, target: int) -> int | None:
        """Return when the next thing is due, None when nothing is until `target`."""
        return self._timers[0][0] if self._timers and self._timers[0][0] <= target else None

    def fire(self, moment: datetime) -> None:
        """Do the next thing that is due; `moment` is its exchange time."""
        heapq.heappop(self._timers)[2](moment)

    def interrupt(self, market: SymbolMarket, moment: datetime) -> bool:
        """Stop continuous trading of a symbol for an auction of two minutes and a random while (VI)."""
        if market.mode != "continuous" or market.is_halted:
            return False
        rules = self._rules
        self._collect(
            market,
            "interruption",
            rules.auction_seconds + self._rng.random() * rules.random_seconds,
        )
        self._announce(market.listing.symbol, "", expected_code="311", is_interrupted=True)
        return True

    def halt(self, symbol: str) -> None:
        """Stop trading of a symbol; its orders stay and may be cancelled only."""
        market = self._markets[symbol]
        if not market.is_halted:
            market.is_halted = True
            market.auction_number += 1
            self._announce(symbol, "164", is_halted=True)
            self._touch(symbol)

    def resume(self, symbol: str, moment: datetime) -> None:
        """Let a halted symbol come back: through an auction while KRX trades continuously."""
        market = self._markets[symbol]
        if not market.is_halted:
            return
        market.is_halted = False
        self._announce(symbol, "112", expected_code="311" if market.mode == "auction" else "112")
        self._reopen(market)
        self._touch(symbol)

    def _reopen(self, market: SymbolMarket) -> None:
        """Collect orders before a released symbol trades on: KRX for ten minutes, NXT for half a one."""
        if self.stage.krx == "continuous":
            self._collect(market, "interruption", self._rules.resume_seconds)
            return
        extended = market.extended
        if extended is None or self.stage.nxt not in ("pre", "after"):
            return
        extended.collects = True

        def end(moment: datetime) -> None:
            if market.extended is extended and not market.is_halted:
                market.end_extended_auction(moment)
                self._touch(market.listing.symbol)

        self._timer(self._rules.nxt_resume_seconds, end)

    def break_circuit(self, stage: int, moment: datetime, market: str = "") -> None:
        """Halt KOSPI, KOSDAQ or ("") both: stages 1, 2 for twenty minutes and an auction, 3 for the day."""
        self._breaks.break_circuit(stage, market)
        if stage < 3:
            return
        self._working.expire(moment, lambda order: market in ("", order.listing.market))
        if not market:
            self._timers.clear()
            self.stage = CLOSED
        self._announce(None, CLOSED_CODE, expected_code=CLOSED_CODE, market=market)

    def look_at_indices(self, moment: datetime) -> None:
        """Break the circuit where an index has fallen too far; an always-open exchange never does."""
        if self.stage.krx == "continuous" and not self._clock.open_always:
            for market, stage in self._breaks.look(moment):
                self.break_circuit(stage, moment, market)

    def _prepare(self, market: SymbolMarket) -> None:
        """Set the guard of the day; an always-open exchange interrupts nothing by itself."""
        market.on_interruption = self.interrupt
        if self._clock.open_always or market.is_unbounded:
            market.guard = None
        else:
            market.guard = PriceGuard(
                self._rules, market.listing, market.tape.open if market.tape.volume else market.base
            )

    def _place_in_stage(self, market: SymbolMarket, stage: Stage) -> None:
        if stage.krx == "opening":
            self._open_collecting(market, "opening")
        elif stage.krx == "closing":
            self._open_collecting(market, "closing")
        elif stage.krx != "continuous":
            market.rest_idle()
        market.shows_expected = stage.shows_expected
        if stage.fixed:
            market.open_fixed(trades=stage.trades_fixed)
        if stage.nxt == "pre" or stage.nxt == "after":
            self._open_extended(market, stage)

    def _entering(self, stage: Stage) -> Callable[[datetime], None]:
        return lambda moment: self._enter(stage, moment)

    def _enter(self, stage: Stage, moment: datetime) -> None:
        before, self.stage = self.stage, stage
        for code in stage.codes:
            expected = "311" if not code else code if code in ("121", "129") else "112"
            self._announce(None, code, expected_code=expected)
        if before.fixed and before.fixed != stage.fixed:
            self._working.expire(moment, lambda order: order.place == "fixed")
        if stage.nxt != before.nxt:
            self._change_nxt(before, stage, moment)
        if stage.krx != before.krx:
            self._change_krx(stage, moment)
        for symbol, market in self._markets.items():
            market.shows_expected = stage.shows_expected
            self._change_fixed(market, stage, moment)
            self._touch(symbol)

    @staticmethod
    def _change_fixed(market: SymbolMarket, stage: Stage, moment: datetime) -> None:
        if not stage.fixed:
            market.fixed = None
        elif stage.krx == "after_close" and market.mode == "auction":
            return  # its close is still to come
        elif market.fixed is None:
            market.open_fixed(trades=stage.trades_fixed)
        elif stage.trades_fixed and not market.fixed.trades and not market.is_halted:
            market.match_fixed(moment)

    def _change_nxt(self, before: Stage, stage: Stage, moment: datetime) -> None:
        working = self._working
        if before.nxt == "pre":
            working.expire(moment, lambda order: order.kind in GOOD_TILL_PRE_MARKET)
            working.pause(lambda order: order.place == "extended" and order.venue == "NXT")
            working.move(moment, "regular", lambda order: order.place == "extended")
        elif before.nxt == "main":
            working.pause(lambda order: order.venue == "NXT")
        if stage.nxt == "closed":
            working.expire(moment)
        if stage.nxt in ("pre", "after"):
            for market in self._markets.values():
                self._open_extended(market, stage)
            working.move(moment, "extended", lambda order: order.place == "paused")
        else:
            for market in self._markets.values():
                market.extended = None
        if stage.nxt == "main":
            working.move(moment, "regular", lambda order: order.place == "paused" and order.venue == "NXT")

    def _change_krx(self, stage: Stage, moment: datetime) -> None:
        if stage.krx == "opening":
            for market in self._markets.values():
                self._open_collecting(market, "opening")
        elif stage.krx == "continuous":
            for market in self._markets.values():
                self._at_random(market, self._opening_end(market), moment)
        elif stage.krx == "closing":
            for symbol, market in self._markets.items():
                market.begin_auction("closing")
                self._working.collect(symbol)
                self._working.turn_conditional(symbol)
        elif stage.krx == "after_close":
            for market in self._markets.values():
                self._at_random(market, self._closing_end(market), moment)
        elif stage.krx == "after_market":
            for market in self._markets.values():
                if market.extended is not None:
                    market.extended.venue = "KRX"
        elif stage.krx == "closed":
            self._working.expire(moment, lambda order: order.venue == "KRX")

    def _open_collecting(self, market: SymbolMarket, session: str) -> None:
        """Begin an auction of the whole market; the night has moved what people think of a share."""
        if session == "opening":
            night = self._rng.gauss(0.0, 0.4 * own_volatility(market.listing))
            market.crowd.fair *= math.exp(night)
        market.begin_auction(session)

    def _end_collecting(self, symbol: str, moment: datetime) -> None:
        market = self._markets[symbol]
        if market.is_halted or market.mode != "auction":
            return
        market.end_auction(moment)
        self._working.settle_auction(symbol, moment)

    def _at_random(self, market: SymbolMarket, end: Callable[[datetime], None], moment: datetime) -> None:
        """End an auction of the whole market for one symbol, at its own moment within half a minute."""
        if self._rules.end_seconds > 0 and market.mode == "auction":
            self._timer(self._rng.random() * self._rules.end_seconds, end)
        else:
            end(moment)

    def _opening_end(self, market: SymbolMarket) -> Callable[[datetime], None]:
        number, symbol = market.auction_number, market.listing.symbol

        def end(moment: datetime) -> None:
            if market.auction_number == number:  # else a halt has come between
                self._end_collecting(symbol, moment)
                self._touch(symbol)

        return end

    def _closing_end(self, market: SymbolMarket) -> Callable[[datetime], None]:
        """Uncross the closing auction; what is left ends, or waits for NXT when SOR took it."""
        symbol = market.listing.symbol

        def end(moment: datetime) -> None:
            if not market.is_halted and market.mode == "auction":
                market.end_auction(moment)
            self._working.pause(lambda order: order.listing.symbol == symbol and _may_wait_for_nxt(order))
            self._working.expire(
                moment, lambda order: order.place == "regular" and order.listing.symbol == symbol
            )
            market.rest_idle()
            self._change_fixed(market, self.stage, moment)
            self._touch(symbol)

        return end

    def _open_extended(self, market: SymbolMarket, stage: Stage) -> None:
        if market.listing.kind == "etf" or market.is_delisted:
            return
        name = "pre_market" if stage.nxt == "pre" else "after_market"
        market.open_extended(name, "KRX" if stage.krx == "after_market" else "NXT")

    def _collect(self, market: SymbolMarket, session: str, seconds: float) -> None:
        """Collect orders of one symbol for `seconds`, unless another auction takes over meanwhile."""
        market.begin_auction(session)
        number, symbol = market.auction_number, market.listing.symbol
        self._working.collect(symbol)
        self._touch(symbol)

        def end(moment: datetime) -> None:
            if market.auction_number != number or market.is_halted:
                return
            self._announce(symbol, "112")
            self._end_collecting(symbol, moment)
            self._touch(symbol)

        self._timer(seconds, end)

    def _timer(self, seconds: float, action: Callable[[datetime], None]) -> None:
        at = self._elapsed() + int(seconds * SECOND)
        heapq.heappush(self._timers, (at, next(self._numbers), action))

    def _plan(self, when: datetime, action: Callable[[datetime], None]) -> None:
        at = int((when - self._started).total_seconds() * SECOND)
        heapq.heappush(self._timers, (at, next(self._numbers), action))


def _may_wait_for_nxt(order: AccountOrder) -> bool:
    """Say whether a rest goes on in NXT's after-market: limit orders that SOR took for shares."""
    return (
        order.place == "regular"
        and order.venue == "SOR"
        and order.kind in _LASTING
        and order.listing.kind != "etf"
    )
