"""Remember what happened to single names today: interruptions (VI) and halts, as the exchange told them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import BookSnapshot, MarketStatusChanged, QuoteSnapshot
from kis_terminal.adapters.simulator.rules.tick_rules import tick_down, tick_up

_KEPT = 500


@dataclass(frozen=True, slots=True)
class Interruption:
    """One VI. `kind` is 1 static, 2 dynamic, 3 both; `price` the one that would have traded."""

    symbol: str
    name: str
    begins: datetime
    ends: datetime | None
    kind: Literal["1", "2", "3"]
    price: int
    static_reference: int
    dynamic_reference: int
    number: int
    """Which of the symbol's VIs of the day it is, from 1."""

    @property
    def is_up(self) -> bool:
        """Say whether the price was about to rise too far."""
        return self.price > self.dynamic_reference

    @property
    def static_gap(self) -> float:
        """Give the distance to the static reference in percent, signed; 0 where that did not trip."""
        return _gap(self.price, self.static_reference) if self.kind in "13" else 0.0

    @property
    def dynamic_gap(self) -> float:
        """Give the distance to the last price in percent, signed; 0 where that did not trip."""
        return _gap(self.price, self.dynamic_reference) if self.kind in "23" else 0.0


@dataclass(frozen=True, slots=True)
class Halt:
    """One halt or circuit breaker; `symbol` None means everything."""

    symbol: str | None
    begins: datetime
    ends: datetime | None = None


class Incidents:
    """Listen to the exchange's status events; the newest few hundred are kept."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._rules = exchange.interruption_rules
        self.interruptions: deque[Interruption] = deque(maxlen=_KEPT)
        self.halts: deque[Halt] = deque(maxlen=_KEPT)

    def note(self, event: MarketStatusChanged) -> None:
        """Take one status event, soon after it happened."""
        if event.is_interrupted and event.symbol is not None:
            self._begin(event.symbol, event.time)
        elif event.is_halted:
            self.halts.append(Halt(event.symbol, event.time))
        else:
            self._end(event.symbol, event.time)

    def _begin(self, symbol: str, moment: datetime) -> None:
        listing = self._exchange.listing(symbol)
        if listing is None:
            return
        quote, book = self._exchange.quote(symbol), self._exchange.book(symbol)
        reference, last = quote.vi_reference, quote.last
        static = round(self._rules.static_rate * 10_000)
        dynamic = round(self._rules.dynamic_rate(listing) * 10_000)
        is_up = _goes_up(quote, book)
        # The first price that each rule does not let through.
        bounds = [
            _first_beyond(base, rate, is_up, listing.kind)
            for base, rate in ((reference, static), (last, dynamic))
        ]
        price = min(bounds) if is_up else max(bounds)
        tripped = [bound == price for bound in bounds]
        kind: Literal["1", "2", "3"] = "3" if all(tripped) else "1" if tripped[0] else "2"
        earlier = sum(
            1 for one in self.interruptions if one.symbol == symbol and one.begins.date() == moment.date()
        )
        self.interruptions.append(
            Interruption(symbol, listing.name, moment, None, kind, price, reference, last, earlier + 1)
        )

    def _end(self, symbol: str | None, moment: datetime) -> None:
        for place, one in enumerate(self.interruptions):
            if one.ends is None and one.symbol == symbol:
                self.interruptions[place] = replace(one, ends=moment)
        for place, halt in enumerate(self.halts):
            if halt.ends is None and halt.symbol == symbol:
                self.halts[place] = replace(halt, ends=moment)


def _goes_up(quote: QuoteSnapshot, book: BookSnapshot) -> bool:
    """Say which way an interrupted symbol was going: what would trade next is told by its auction."""
    if book.expected_price and book.expected_price != quote.last:
        return book.expected_price > quote.last
    return quote.last_aggressor == "buy"


def _first_beyond(base: int, rate: int, is_up: bool, kind: Literal["stock", "etf"]) -> int:
    if is_up:
        edge = -(-base * (10_000 + rate) // 10_000)
        return tick_up(edge - 1, kind)
    return tick_down(base * (10_000 - rate) // 10_000 + 1, kind)


def _gap(price: int, reference: int) -> float:
    return 100.0 * (price - reference) / reference if reference else 0.0
