"""Send synthetic trades at a fixed pace, so that a benchmark can measure a client.

Every trade is well formed H0STCNT0 of one share; the cumulative volume of a symbol counts up by one from
trade to trade, so that a client that lost none sees no gap. The cumulative turnover is the monotonic
clock in microseconds at sending, so that a client on the same machine can tell how old a trade is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from kis_terminal.adapters.simulator.frames import TRADE_TR, plain_frames, trade_record
from kis_terminal.adapters.simulator.model import QuoteSnapshot, TradePrinted
from kis_terminal.adapters.simulator.stream_hub import StreamHub
from kis_terminal.adapters.simulator.venue import Venue

STEP_SECONDS = 0.01
_VOLUME_COLUMN = 13
_MAXIMUM_STEP = 0.25


class _SymbolLoad:
    """Write trades of one symbol: everything but cumulative volume and turnover is written once."""

    def __init__(self, venue: Venue, symbol: str) -> None:
        quote = venue.exchange.quote(symbol)
        fields = trade_record(_sample(quote), quote).split("^")
        self._head = "^".join(fields[:_VOLUME_COLUMN]) + "^"
        self._tail = "^" + "^".join(fields[_VOLUME_COLUMN + 2 :])
        self.volume = 0

    def records(self, count: int) -> list[str]:
        """Return the next `count` records."""
        first = self.volume + 1
        self.volume += count
        head, tail = self._head, f"^{int(time.monotonic() * 1e6)}{self._tail}"
        return [f"{head}{volume}{tail}" for volume in range(first, first + count)]


def _sample(quote: QuoteSnapshot) -> TradePrinted:
    return TradePrinted(
        sequence=0,
        time=quote.time,
        symbol=quote.symbol,
        price=quote.last,
        quantity=1,
        aggressor="buy",
        open=quote.open,
        high=quote.high,
        low=quote.low,
        open_time=quote.open_time,
        high_time=quote.high_time,
        low_time=quote.low_time,
        total_volume=max(1, quote.volume),
        total_turnover=max(1, quote.turnover),
        sell_count=quote.sell_count,
        buy_count=quote.buy_count,
        sell_volume=quote.sell_volume,
        buy_volume=quote.buy_volume,
        ask_price=quote.ask_price,
        bid_price=quote.bid_price,
        ask_size=quote.ask_size,
        bid_size=quote.bid_size,
        total_ask_size=quote.total_ask_size,
        total_bid_size=quote.total_bid_size,
    )


class TickLoad:
    """Spread so many trades a second evenly over the registered symbols."""

    def __init__(
        self, venue: Venue, hub: StreamHub, per_second: int, *, monotonic: Callable[[], float] | None = None
    ) -> None:
        self._venue = venue
        self._hub = hub
        self._per_second = per_second
        self._monotonic = monotonic or venue.monotonic
        self._last: float | None = None
        self._owed = 0.0
        self._symbols: dict[str, _SymbolLoad] = {}
        self.sent = 0

    def volumes(self) -> dict[str, int]:
        """Return the last cumulative volume sent of each symbol."""
        return {symbol: load.volume for symbol, load in self._symbols.items()}

    def step(self) -> None:
        """Send what is due since the last step; time without a registered symbol is not made up for."""
        now = self._monotonic()
        symbols = self._hub.symbols_of(TRADE_TR)
        if self._last is None or not symbols:
            self._last, self._owed = now, 0.0
            return
        self._owed += min(now - self._last, _MAXIMUM_STEP) * self._per_second
        self._last = now
        due = int(self._owed)
        self._owed -= due
        for symbol, count in zip(symbols, self._shares(due, len(symbols)), strict=True):
            self._send(symbol, count)

    def _shares(self, due: int, symbols: int) -> list[int]:
        """Return how many trades each symbol gets; the remainder rotates, so that none is favoured."""
        even, rest = divmod(due, symbols)
        first = self.sent % symbols
        return [even + (1 if (index - first) % symbols < rest else 0) for index in range(symbols)]

    def _send(self, symbol: str, count: int) -> None:
        if count == 0:
            return
        load = self._symbols.get(symbol)
        if load is None:
            load = self._symbols[symbol] = _SymbolLoad(self._venue, symbol)
        self._hub.send(TRADE_TR, symbol, plain_frames(TRADE_TR, load.records(count)))
        self.sent += count
