"""Send synthetic trades at a fixed pace, so that a benchmark can measure a client.

Every trade is well formed H0STCNT0 of one share; the cumulative volume of a symbol counts up by one from
trade to trade, so that a client that lost none sees no gap. The cumulative turnover is the monotonic
clock in microseconds at sending, so that a client on the same machine can tell how old a trade is.
The price goes up and down a few steps, every fourth trade one, and the time is the exchange's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from kis_terminal.adapters.simulator.model import QuoteSnapshot, TradePrinted
from kis_terminal.adapters.simulator.serving.stream_hub import StreamHub
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.formats import clock_text
from kis_terminal.adapters.simulator.wire.frames import TRADE_TR, plain_frames, trade_record

STEP_SECONDS = 0.01
_TIME_COLUMN = 1
_VOLUME_COLUMN = 13
_MAXIMUM_STEP = 0.25
_PRICE_STEPS = (0, 1, 2, 1, 0, -1, -2, -1)
_TRADES_A_PRICE = 4


class _SymbolLoad:
    """Write trades of one symbol: what does not change from trade to trade is written once for each price."""

    def __init__(self, venue: Venue, symbol: str) -> None:
        quote = venue.exchange.quote(symbol)
        self._symbol = symbol
        self._forms: list[tuple[str, str]] = []
        """Text between time and cumulative volume, and text behind the turnover."""
        for step in _PRICE_STEPS:
            fields = trade_record(_sample(quote, step * quote.tick_size), quote).split("^")
            between = "^".join(fields[_TIME_COLUMN + 1 : _VOLUME_COLUMN])
            self._forms.append((f"^{between}^", "^" + "^".join(fields[_VOLUME_COLUMN + 2 :])))
        self.volume = 0

    def records(self, count: int, clock: str) -> list[str]:
        """Return the next `count` records; `clock` is the time that they carry."""
        first = self.volume + 1
        self.volume += count
        stamp = int(time.monotonic() * 1e6)
        forms = [(f"{self._symbol}^{clock}{between}", f"^{stamp}{behind}") for between, behind in self._forms]
        written = []
        for volume in range(first, first + count):
            head, tail = forms[volume // _TRADES_A_PRICE % len(forms)]
            written.append(f"{head}{volume}{tail}")
        return written


def _sample(quote: QuoteSnapshot, difference: int) -> TradePrinted:
    price = quote.last + difference
    return TradePrinted(
        sequence=0,
        time=quote.time,
        symbol=quote.symbol,
        price=price,
        quantity=1,
        aggressor="buy",
        open=quote.open,
        high=max(quote.high, price),
        low=min(quote.low, price),
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
        clock = clock_text(self._venue.exchange_time())
        for symbol, count in zip(symbols, self._shares(due, len(symbols)), strict=True):
            self._send(symbol, count, clock)

    def _shares(self, due: int, symbols: int) -> list[int]:
        """Return how many trades each symbol gets; the remainder rotates, so that none is favoured."""
        even, rest = divmod(due, symbols)
        first = self.sent % symbols
        return [even + (1 if (index - first) % symbols < rest else 0) for index in range(symbols)]

    def _send(self, symbol: str, count: int, clock: str) -> None:
        if count == 0:
            return
        load = self._symbols.get(symbol)
        if load is None:
            load = self._symbols[symbol] = _SymbolLoad(self._venue, symbol)
        self._hub.send(TRADE_TR, symbol, plain_frames(TRADE_TR, load.records(count, clock)))
        self.sent += count
