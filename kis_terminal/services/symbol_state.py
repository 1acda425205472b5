"""What is known of one symbol now."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kis_terminal.domain.market import Freshness, MarketStatus, OrderBook, Quote, Tick
from kis_terminal.ports import BookUpdate

_TAPE_LENGTH = 200
_SPARK_LENGTH = 60
_SPARK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ToldPrice:
    """Figures of a symbol as another program knew them; no limits, for orders are not judged by them."""

    price: Decimal
    volume: int
    change: Decimal
    change_rate: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    turnover: int
    ask: Decimal | None = None
    bid: Decimal | None = None
    strength: Decimal | None = None
    is_halted: bool = False


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
        "_tells_halt",
        "awaits_book",
        "base_price",
        "book_at",
        "book_version",
        "freshness",
        "lower_limit",
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
        self.volume: int | None = None
        self.base_price: Decimal | None = None
        self.upper_limit: Decimal | None = None
        self.lower_limit: Decimal | None = None
        self.vi_state = "N"
        self.seconds: int | None = None
        self.updated_at: float | None = None
        """Clock.monotonic() of when the price was last known to be the market's: told by a print or an
        answer, or not contradicted by the stream until then."""
        self.book_at: float | None = None
        """The same of the order book; of the stream only its first one is noted, the clock costs too much."""
        self.awaits_book = True
        self.freshness: Freshness | None = None
        self.quote: Quote | None = None
        self.tape: deque[Tick] = deque(maxlen=_TAPE_LENGTH)
        """Prints of today, newest last."""
        self.spark_slot = -1
        self.version = 0
        self.book_version = 0
        self._samples: deque[Decimal] = deque(maxlen=_SPARK_LENGTH)
        self._source: Tick | Quote | ToldPrice | None = None
        self._status_is_halted = False
        self._tells_halt = True
        """Whether nothing newer than the newest print has told of a halt; a print is read only when asked."""
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
        """Tell whether trading of the symbol is stopped, by the latest word about it."""
        source = self._source if self._tells_halt else None
        return self._status_is_halted or (source is not None and source.is_halted)

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
            self.price = price
        self._source = tick
        self._tells_halt = True
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
        self._tells_halt = False  # the last print before a halt says so until the next, minutes after it
        self.version += 1
        self.updated_at = now
        if self.freshness is Freshness.LIVE and self.volume is not None and self.volume >= quote.volume:
            return
        self.price = quote.price
        self._source = quote
        self.volume = quote.volume
        if self.freshness is None:
            self.freshness = Freshness.POLLED

    def take_told(self, told: ToldPrice, at: float) -> None:
        """Show what another program knew at `at` (monotonic, in the past) until the market tells."""
        self.price, self.volume, self._source = told.price, told.volume, told
        self._tells_halt = True
        self.updated_at = at
        self.freshness = Freshness.POLLED
        self.version += 1

    def take_status(self, status: MarketStatus) -> None:
        """Carry a halt or volatility interruption in."""
        self._status_is_halted, self.vi_state = status.is_halted, "Y" if status.is_vi else "N"
        self._tells_halt = False
        self.version += 1

    def take_book_update(self, update: BookUpdate) -> None:
        """Keep the newest book undecoded until somebody looks."""
        self._book_update = update
        self.book_version += 1

    def take_book(self, book: OrderBook, now: float) -> None:
        """Take a decoded book from a REST answer."""
        self._book_update, self._book = None, book
        self.book_at = now
        self.book_version += 1
