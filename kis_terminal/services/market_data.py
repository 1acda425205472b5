"""The latest of every watched symbol, and who watches what."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import date

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.market import Freshness, MarketStatus, Quote, Tick
from kis_terminal.ports import (
    BookUpdate,
    Clock,
    HealthSource,
    LinkState,
    MarketFeed,
    QuoteSource,
    Stream,
    StreamStatus,
    SubscriptionState,
)
from kis_terminal.services.hub import Subscription, Topic
from kis_terminal.services.poller import Poller
from kis_terminal.services.stream_budget import Key, Rank
from kis_terminal.services.streams import STALE_SECONDS, Streams
from kis_terminal.services.symbol_state import SymbolState, ToldPrice
from kis_terminal.services.tasks import TaskScope

# The window reads the names of streams and link states here; it does not know the ports.
__all__ = [
    "STALE_SECONDS",
    "LinkState",
    "MarketData",
    "Rank",
    "Stream",
    "StreamStatus",
    "SubscriptionState",
    "SymbolState",
    "Watch",
]

log = logging.getLogger(__name__)

_SPARK_SEED_SECONDS = 30 * 60
_SPARK_SEED_DELAY = 2.0
_DAY_SECONDS = 86_400
_STREAM_FIRST_SECONDS = 0.8


class Watch(Subscription):
    """A symbol kept alive; `move` changes how much it is wanted."""

    __slots__ = ("_keys", "_rank", "_streams", "begun")

    def __init__(self, streams: Streams, symbol: str, kinds: Sequence[Stream], rank: Rank) -> None:
        super().__init__(self._leave)
        self._streams = streams
        self._keys = [(kind, symbol) for kind in kinds]
        self._rank = rank
        self.begun = [key for key in self._keys if streams.want(key, rank)]
        """Streams that nobody watched before."""

    def move(self, rank: Rank) -> None:
        """Want the symbol for another reason from now on."""
        if rank is self._rank or self._release is None:
            return
        for key in self._keys:
            self._streams.move(key, self._rank, rank)
        self._rank = rank

    def _leave(self) -> None:
        for key in self._keys:
            self._streams.leave(key, self._rank)


class MarketData:
    """Own the latest ticks and books, and count who watches which symbol.

    Topics: `ticks` (the prints of one frame, one symbol), `quotes` (symbol whose figures changed, live or
    polled), `books` (symbol), `statuses`, `link` (state and sentence), `subscriptions`.
    """

    def __init__(
        self,
        source: QuoteSource,
        feed: MarketFeed,
        clock: Clock,
        scope: TaskScope,
        health: HealthSource | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._scope = scope
        self._states: dict[str, SymbolState] = {}
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
        self.wanted = Streams(feed, clock, scope, on_lost=self._lost, on_missing=self._missing)
        """Which streams are watched, and which of them come."""
        self.on_unknown: Callable[[str], None] | None = None
        """Told the symbol that somebody watches and whose price is not known yet."""
        self._health = health
        self._poller = Poller(self.wanted, clock, scope, health, is_current=self._is_current, poll=self._poll)

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

    @property
    def is_always_open(self) -> bool:
        """Tell whether the exchange keeps no hours: the embedded one, unless it is given a clock."""
        return self._health is not None and self._health.health().is_always_open

    @property
    def has_live_time(self) -> bool:
        """Tell whether `market_seconds` comes from the stream, and not from the last print of a listing."""
        return self.ticks_received > 0

    def seconds_since(self, moment: float) -> float:
        """Return the seconds since a reading of the clock's `monotonic`, e.g. `SymbolState.updated_at`."""
        return max(0.0, self._clock.monotonic() - moment)

    def today(self) -> date:
        """Return the trading day in Seoul."""
        return self._clock.now().date()

    def streams(self) -> list[StreamStatus]:
        """Return how every watched stream stands: wanted, confirmed, refused or polled, and why."""
        return self.wanted.statuses()

    def is_live(self, symbol: str) -> bool:
        """Tell whether the price shown is the market's now: told by the stream, or not contradicted by it."""
        return self._is_current((Stream.TICKS, symbol))

    def is_book_live(self, symbol: str) -> bool:
        """Tell the same of the order book."""
        return self._is_current((Stream.BOOK, symbol))

    def price_age(self, symbol: str) -> float | None:
        """Return for how many seconds the price may have been wrong: 0 while live, None without a price."""
        return self._age((Stream.TICKS, symbol))

    def book_age(self, symbol: str) -> float | None:
        """Return the same of the order book, None without a book."""
        return self._age((Stream.BOOK, symbol))

    def _known_at(self, key: Key) -> float | None:
        """Return when a value came, or was asked for, last."""
        stream, symbol = key
        state = self.state(symbol)
        return state.book_at if stream is Stream.BOOK else state.updated_at

    def _is_current(self, key: Key) -> bool:
        known, confirmed = self._known_at(key), self.wanted.confirmed_at(key)
        return known is not None and confirmed is not None and known >= confirmed and self.wanted.is_live(key)

    def _age(self, key: Key) -> float | None:
        known, confirmed = self._known_at(key), self.wanted.confirmed_at(key)
        if known is None:
            return None
        if confirmed is not None and known >= confirmed:
            silent_since = self.wanted.silent_since()
            if silent_since is None:
                return 0.0
            known = max(known, silent_since)
        return max(0.0, self._clock.monotonic() - known)

    # -- watching --------------------------------------------------------------------------------------------

    def watch(self, symbol: str, *streams: Stream, rank: Rank = Rank.VISIBLE) -> Watch:
        """Keep `symbol` alive on the given streams until the result is closed.

        The first watcher of a symbol also fetches its quote. A stream that finds no free place is polled; a
        better `rank` gets the place of a worse one.
        """
        watch = Watch(self.wanted, symbol, streams, rank)
        if (Stream.BOOK, symbol) in watch.begun and self.state(symbol).book is None:
            self._scope.spawn(self._load_book(symbol), name=f"book {symbol}")
        if self.on_unknown is not None and self.state(symbol).price is None:
            self.on_unknown(symbol)
        if self.state(symbol).quote is None:
            is_urgent = Stream.BOOK in streams
            self._scope.spawn(self._load(symbol, is_urgent=is_urgent), name=f"quote {symbol}")
        if Stream.TICKS in streams and symbol not in self._seeded:
            self._scope.spawn(self._seed_sparks(), name="earlier prices", replaces="earlier prices")
        if Stream.BOOK in streams and not self.state(symbol).tape:
            self._scope.spawn(self._load_tape(symbol), name=f"tape {symbol}")
        return watch

    def _missing(self) -> None:
        self._poller.wake()

    def _lost(self, key: Key, at: float) -> None:
        """Note until when a stream that broke was sure."""
        stream, symbol = key
        state = self.state(symbol)
        if stream is Stream.TICKS and state.updated_at is not None:
            state.updated_at = max(state.updated_at, at)
            self.quotes.publish(symbol)
        elif stream is Stream.BOOK and state.book_at is not None:
            state.book_at = max(state.book_at, at)
            self.books.publish(symbol)
        self.subscriptions.publish((stream, symbol, SubscriptionState.WANTED))

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
        for symbol in [symbol for stream, symbol in self.wanted.ranked() if stream is Stream.TICKS]:
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

    def take_told(self, symbol: str, told: ToldPrice, age: float) -> None:
        """Show what another program knew `age` seconds ago, where nothing newer is known."""
        state = self.state(symbol)
        if state.price is None:
            at = self._clock.monotonic() - age
            confirmed = self.wanted.confirmed_at((Stream.TICKS, symbol))
            # Never as if the stream had not contradicted it: it is another program's word.
            state.take_told(told, at if confirmed is None else min(at, confirmed - 1.0))
            self.quotes.publish(symbol)

    async def _load_book(self, symbol: str) -> bool:
        """Fetch the book and carry it in; returns whether it came."""
        state = self.state(symbol)
        before = state.book_version
        try:
            book = await self._source.order_book(symbol)
        except TerminalError as error:
            log.info("order book of %s: %s", symbol, error)
            return False
        # What the stream brought meanwhile is newer.
        if state.book_version == before or not self.wanted.is_live((Stream.BOOK, symbol)):
            state.take_book(book, self._clock.monotonic())
            self.books.publish(symbol)
        return True

    async def _poll(self, key: Key) -> bool:
        stream, symbol = key
        if stream is Stream.BOOK:
            return await self._load_book(symbol)
        try:
            await self.refresh_quote(symbol)
        except TerminalError as error:
            log.info("poll of %s: %s", symbol, error)
            return False
        if not self.is_live(symbol):
            self.state(symbol).freshness = Freshness.POLLED
        return True

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
        state = self.state(update.symbol)
        state.take_book_update(update)
        if state.awaits_book:
            state.awaits_book, state.book_at = False, self._clock.monotonic()
        self.books.publish(update.symbol)

    def take_status(self, status: MarketStatus) -> None:
        """Carry a halt or volatility interruption in."""
        self.state(status.symbol).take_status(status)
        self.statuses.publish(status)
        self.quotes.publish(status.symbol)

    def take_link(self, link_state: LinkState, text: str) -> None:
        """Remember and tell how the connection stands."""
        self.link_state, self.link_text = link_state, text
        self.wanted.take_link(link_state)
        self.link.publish((link_state, text))

    def take_subscription(self, stream: Stream, symbol: str, state: SubscriptionState, text: str) -> None:
        """Note and tell how a wanted stream stands."""
        if stream is Stream.BOOK:
            self.state(symbol).awaits_book = True
        self.wanted.take_subscription(stream, symbol, state, text)
        self.subscriptions.publish((stream, symbol, state))

    def refresh_watched(self) -> None:
        """Fetch the quote of every watched symbol anew, the most wanted first: a day has begun."""
        for stream, symbol in self.wanted.ranked():
            if stream is Stream.TICKS:
                self._scope.spawn(self._load(symbol), name=f"quote {symbol}")

    def fill_gap(self) -> None:
        """Fetch what a broken connection missed: the quotes and books that broke off.

        What nobody sees is left to be asked for in turn; bars look after themselves (`History`).
        """
        for key in self.wanted.take_gapped():
            stream, symbol = key
            if self.wanted.rank(key) is Rank.REST or self._is_current(key):
                continue
            if stream is Stream.TICKS:
                self._scope.spawn(self._load(symbol), name=f"gap {symbol}")
            elif stream is Stream.BOOK:
                self._scope.spawn(self._load_book(symbol), name=f"gap book {symbol}")
