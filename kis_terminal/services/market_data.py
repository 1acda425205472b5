"""The latest of every watched symbol, and who watches what."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.market import Freshness, MarketStatus, OrderBook, Quote, Tick
from kis_terminal.ports import (
    BookUpdate,
    Clock,
    LinkState,
    MarketFeed,
    QuoteSource,
    Stream,
    SubscriptionState,
)
from kis_terminal.services.hub import Subscription, Topic
from kis_terminal.services.tasks import TaskScope

# The window reads the names of streams and link states here; it does not know the ports.
__all__ = ["LinkState", "MarketData", "Stream", "SubscriptionState", "SymbolState"]

log = logging.getLogger(__name__)

_TAPE_LENGTH = 200
_SPARK_LENGTH = 60
_SPARK_SECONDS = 60
_SPARK_SEED_SECONDS = 30 * 60
_SPARK_SEED_DELAY = 2.0
_POLL_SECONDS = 3.0
_DAY_SECONDS = 86_400
_STREAM_FIRST_SECONDS = 0.8


class SymbolState:
    """What is known of one symbol now. Read it at paint; only `MarketData` writes it.

    `None` means not known. `version` counts changes of price figures, `book_version` those of the book.
    Figures other than price and volume are read from the newest print when asked for: most are never painted.
    """

    __slots__ = (
        "_book",
        "_book_update",
        "_samples",
        "_source",
        "_status_is_halted",
        "base_price",
        "book_version",
        "freshness",
        "lower_limit",
        "previous_price",
        "price",
        "quote",
        "seconds",
        "spark_slot",
        "symbol",
        "tape",
        "updated_at",
        "upper_limit",
        "version",
        "vi_state",
        "volume",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.price: Decimal | None = None
        self.previous_price: Decimal | None = None
        self.volume: int | None = None
        self.base_price: Decimal | None = None
        self.upper_limit: Decimal | None = None
        self.lower_limit: Decimal | None = None
        self.vi_state = "N"
        self.seconds: int | None = None
        self.updated_at: float | None = None
        """Clock.monotonic() of the last change."""
        self.freshness: Freshness | None = None
        self.quote: Quote | None = None
        self.tape: deque[Tick] = deque(maxlen=_TAPE_LENGTH)
        """Prints of today, newest last."""
        self.spark_slot = -1
        self.version = 0
        self.book_version = 0
        self._samples: deque[Decimal] = deque(maxlen=_SPARK_LENGTH)
        self._source: Tick | Quote | None = None
        self._status_is_halted = False
        self._book_update: BookUpdate | None = None
        self._book: OrderBook | None = None

    @property
    def change(self) -> Decimal | None:
        """Return the signed difference from the base price in won."""
        return self._source.change if self._source is not None else None

    @property
    def change_rate(self) -> Decimal | None:
        """Return the signed change in percent."""
        return self._source.change_rate if self._source is not None else None

    @property
    def open(self) -> Decimal | None:
        """Return today's first price."""
        return self._source.open if self._source is not None else None

    @property
    def high(self) -> Decimal | None:
        """Return today's highest price."""
        return self._source.high if self._source is not None else None

    @property
    def low(self) -> Decimal | None:
        """Return today's lowest price."""
        return self._source.low if self._source is not None else None

    @property
    def ask(self) -> Decimal | None:
        """Return the best ask as the last figure told it."""
        return self._source.ask if self._source is not None else None

    @property
    def bid(self) -> Decimal | None:
        """Return the best bid as the last figure told it."""
        return self._source.bid if self._source is not None else None

    @property
    def turnover(self) -> int | None:
        """Return the won traded today."""
        return self._source.turnover if self._source is not None else None

    @property
    def strength(self) -> Decimal | None:
        """Return 체결강도 in percent."""
        return self._source.strength if self._source is not None else None

    @property
    def is_halted(self) -> bool:
        """Tell whether trading of the symbol is stopped."""
        return self._status_is_halted or (self._source is not None and self._source.is_halted)

    @property
    def spark(self) -> list[float]:
        """Return sampled prices of the last minutes, oldest first, the current one last."""
        values = [float(price) for price in self._samples]
        if self.price is not None:
            values.append(float(self.price))
        return values

    @property
    def spark_length(self) -> int:
        """Return how many values `spark` has."""
        return len(self._samples) + (self.price is not None)

    @property
    def book(self) -> OrderBook | None:
        """Return the newest order book, decoded once per change."""
        if self._book_update is not None:
            self._book = self._book_update.decode()
            self._book_update = None
        return self._book

    def take_tick(self, tick: Tick, now: float) -> None:
        """Carry one print in."""
        price = tick.price
        if price != self.price:
            self.previous_price, self.price = self.price, price
        self._source = tick
        self.volume = tick.volume
        self.seconds = tick.seconds
        self.updated_at = now
        self.freshness = Freshness.LIVE
        self.version += 1
        slot = tick.seconds // _SPARK_SECONDS
        if slot != self.spark_slot:
            self.spark_slot = slot
            self._samples.append(price)

    def take_earlier_prices(self, prices: Sequence[Decimal]) -> None:
        """Put one price a minute, oldest first, before what has been sampled since."""
        kept = list(self._samples)
        self._samples = deque([*prices, *kept], maxlen=_SPARK_LENGTH)
        self.version += 1

    def take_quote(self, quote: Quote, now: float) -> None:
        """Carry a REST answer in; limits come only this way."""
        self.quote = quote
        self.base_price = quote.base_price
        self.upper_limit, self.lower_limit = quote.upper_limit, quote.lower_limit
        self.vi_state, self._status_is_halted = quote.vi_state, quote.is_halted
        self.version += 1
        if self.freshness is Freshness.LIVE and self.volume is not None and self.volume >= quote.volume:
            return
        self.previous_price, self.price = self.price, quote.price
        self._source = quote
        self.volume = quote.volume
        self.updated_at = now
        if self.freshness is None:
            self.freshness = Freshness.POLLED

    def take_status(self, status: MarketStatus) -> None:
        """Carry a halt or volatility interruption in."""
        self._status_is_halted, self.vi_state = status.is_halted, "Y" if status.is_vi else "N"
        self.version += 1

    def take_book_update(self, update: BookUpdate) -> None:
        """Keep the newest book undecoded until somebody looks."""
        self._book_update = update
        self.book_version += 1

    def take_book(self, book: OrderBook) -> None:
        """Take a decoded book from a REST answer."""
        self._book_update, self._book = None, book
        self.book_version += 1


class MarketData:
    """Own the latest ticks and books, and count who watches which symbol.

    Topics: `ticks` (the prints of one frame, one symbol), `quotes` (symbol whose figures changed, live or
    polled), `books` (symbol), `statuses`, `link` (state and sentence), `subscriptions`.
    """

    def __init__(self, source: QuoteSource, feed: MarketFeed, clock: Clock, scope: TaskScope) -> None:
        self._source = source
        self._feed = feed
        self._clock = clock
        self._scope = scope
        self._states: dict[str, SymbolState] = {}
        self._watchers: dict[tuple[Stream, str], int] = {}
        self._overflow: set[tuple[Stream, str]] = set()
        self._market_seconds: tuple[int, float] | None = None
        self.ticks: Topic[Sequence[Tick]] = Topic("ticks")
        self.quotes: Topic[str] = Topic("quotes")
        self.books: Topic[str] = Topic("books")
        self.statuses: Topic[MarketStatus] = Topic("statuses")
        self.link: Topic[tuple[LinkState, str]] = Topic("link")
        self.subscriptions: Topic[tuple[Stream, str, SubscriptionState]] = Topic("subscriptions")
        self.link_state = LinkState.CLOSED
        self.link_text = ""
        self.ticks_received = 0
        self._is_streaming = asyncio.Event()
        self._seeded: set[str] = set()

    # -- reading ---------------------------------------------------------------------------------------------

    def state(self, symbol: str) -> SymbolState:
        """Return what is known of `symbol`; the object lives and changes as long as the program runs."""
        state = self._states.get(symbol)
        if state is None:
            state = self._states[symbol] = SymbolState(symbol)
        return state

    def market_seconds(self) -> int | None:
        """Return the exchange's time of day as its prints tell it, None before the day's first one."""
        if self._market_seconds is None:
            return None
        seconds, seen_at = self._market_seconds
        told = seconds + int(self._clock.monotonic() - seen_at)
        return told if told < _DAY_SECONDS else None  # told on an earlier day

    def seconds_since(self, moment: float) -> float:
        """Return the seconds since a reading of the clock's `monotonic`, e.g. `SymbolState.updated_at`."""
        return max(0.0, self._clock.monotonic() - moment)

    def today(self) -> date:
        """Return the trading day in Seoul."""
        return self._clock.now().date()

    @property
    def live_symbols(self) -> int:
        """Return how many symbols get their prints from the stream."""
        return sum(1 for (stream, _), count in self._watchers.items() if stream is Stream.TICKS and count)

    # -- watching --------------------------------------------------------------------------------------------

    def watch(self, symbol: str, *streams: Stream) -> Subscription:
        """Keep `symbol` alive on the given streams until the subscription is closed.

        The first watcher of a symbol also fetches its quote. A stream that finds no free slot is polled.
        """
        for stream in streams:
            self._acquire(stream, symbol)
        if self.state(symbol).quote is None:
            is_urgent = Stream.BOOK in streams
            self._scope.spawn(self._load(symbol, is_urgent=is_urgent), name=f"quote {symbol}")
        if Stream.TICKS in streams and symbol not in self._seeded:
            self._scope.spawn(self._seed_sparks(), name="earlier prices", replaces="earlier prices")
        if Stream.BOOK in streams and not self.state(symbol).tape:
            self._scope.spawn(self._load_tape(symbol), name=f"tape {symbol}")
        return Subscription(lambda: self._release_all(symbol, streams))

    def _acquire(self, stream: Stream, symbol: str) -> None:
        key = (stream, symbol)
        self._watchers[key] = self._watchers.get(key, 0) + 1
        if self._watchers[key] > 1:
            return
        try:
            self._feed.subscribe(stream, symbol)
        except CorrectionNeeded as full:
            log.info("%s %s has no stream: %s", stream, symbol, full)
            self._overflow.add(key)
            if len(self._overflow) == 1:
                self._scope.spawn(self._poll(), name="poll overflow", replaces="poll overflow")
        if stream is Stream.BOOK and self.state(symbol).book is None:
            self._scope.spawn(self._load_book(symbol), name=f"book {symbol}")

    def _release_all(self, symbol: str, streams: Sequence[Stream]) -> None:
        for stream in streams:
            key = (stream, symbol)
            self._watchers[key] -= 1
            if self._watchers[key]:
                continue
            del self._watchers[key]
            if key in self._overflow:
                self._overflow.discard(key)
            else:
                self._feed.unsubscribe(stream, symbol)

    async def _load(self, symbol: str, *, is_urgent: bool = True) -> None:
        if not is_urgent and not self.ticks_received:
            # At start dozens of quotes would hold up the stream, which brings the same prices sooner.
            # Not wait_for: on 3.11 it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STREAM_FIRST_SECONDS):
                    await self._is_streaming.wait()
        try:
            await self.refresh_quote(symbol)
        except TerminalError as error:
            log.info("quote of %s: %s", symbol, error)

    async def _seed_sparks(self) -> None:
        """Fetch the last half hour of every watched symbol that has none yet, one call each, last of all."""
        await asyncio.sleep(_SPARK_SEED_DELAY)
        seconds = self.market_seconds()
        if seconds is None:
            return
        for symbol in [symbol for stream, symbol in self._watchers if stream is Stream.TICKS]:
            if symbol in self._seeded:
                continue
            self._seeded.add(symbol)
            since = max(0, seconds - _SPARK_SEED_SECONDS)
            try:
                bars = await self._source.minute_bars(symbol, self.today(), since, seconds)
            except TerminalError as error:
                log.info("earlier prices of %s: %s", symbol, error)
                self._seeded.discard(symbol)
                return
            self.state(symbol).take_earlier_prices([bar.close for bar in bars])
            self.quotes.publish(symbol)

    async def _load_tape(self, symbol: str) -> None:
        """Fetch the last prints for the time before the stream; they also tell the exchange's time."""
        try:
            earlier = await self._source.recent_ticks(symbol)
        except TerminalError as error:
            log.info("last prints of %s: %s", symbol, error)
            return
        tape = self.state(symbol).tape
        # The listing has no running volume: what the stream brought already is told by its time.
        first = tape[0].seconds if tape else None
        tape.extendleft(tick for tick in reversed(earlier) if first is None or tick.seconds < first)
        if earlier and self._market_seconds is None:
            self._market_seconds = (earlier[-1].seconds, self._clock.monotonic())
        self.quotes.publish(symbol)

    async def refresh_quote(self, symbol: str) -> Quote:
        """Fetch the quote by REST, carry it in and return it; raises TerminalError."""
        quote = await self._source.quote(symbol)
        self.state(symbol).take_quote(quote, self._clock.monotonic())
        self.quotes.publish(symbol)
        return quote

    async def _load_book(self, symbol: str) -> None:
        try:
            book = await self._source.order_book(symbol)
        except TerminalError as error:
            log.info("order book of %s: %s", symbol, error)
            return
        state = self.state(symbol)
        if state.book_version == 0 or (Stream.BOOK, symbol) in self._overflow:
            state.take_book(book)
            self.books.publish(symbol)

    async def _poll(self) -> None:
        while self._overflow:
            for stream, symbol in sorted(self._overflow):
                if stream is Stream.BOOK:
                    await self._load_book(symbol)
                elif stream is Stream.TICKS:
                    try:
                        await self.refresh_quote(symbol)
                        self.state(symbol).freshness = Freshness.POLLED
                    except TerminalError as error:
                        log.info("poll of %s: %s", symbol, error)
            await asyncio.sleep(_POLL_SECONDS)

    # -- what the feed brings (called in the socket reader; nothing here waits) ---

    def take_ticks(self, ticks: Sequence[Tick]) -> None:
        """Carry the prints of one frame in."""
        now = self._clock.monotonic()
        last = ticks[-1]
        symbol = last.symbol
        state = self._states.get(symbol)
        if state is None:
            state = self._states[symbol] = SymbolState(symbol)
        state.take_tick(last, now)
        state.tape.extend(ticks)
        self._market_seconds = (last.seconds, now)
        if not self.ticks_received:
            self._is_streaming.set()
        self.ticks_received += len(ticks)
        self.ticks.publish(ticks)
        self.quotes.publish(symbol)

    def take_book(self, update: BookUpdate) -> None:
        """Keep the newest book of a symbol."""
        self.state(update.symbol).take_book_update(update)
        self.books.publish(update.symbol)

    def take_status(self, status: MarketStatus) -> None:
        """Carry a halt or volatility interruption in."""
        self.state(status.symbol).take_status(status)
        self.statuses.publish(status)
        self.quotes.publish(status.symbol)

    def take_link(self, link_state: LinkState, text: str) -> None:
        """Remember and tell how the connection stands."""
        self.link_state, self.link_text = link_state, text
        self.link.publish((link_state, text))

    def take_subscription(self, stream: Stream, symbol: str, state: SubscriptionState, text: str) -> None:
        """Tell how a wanted stream stands; a refused one is said in the log with the broker's words."""
        if state is SubscriptionState.REFUSED:
            log.warning("%s %s was refused: %s", stream, symbol, text)
        self.subscriptions.publish((stream, symbol, state))

    def fill_gap(self) -> None:
        """Fetch what a broken connection missed: the quote and book of everything that is watched."""
        for stream, symbol in list(self._watchers):
            if stream is Stream.TICKS:
                self._scope.spawn(self._load(symbol), name=f"gap {symbol}")
            elif stream is Stream.BOOK:
                self.state(symbol).book_version = 0
                self._scope.spawn(self._load_book(symbol), name=f"gap book {symbol}")
