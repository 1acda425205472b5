"""What the services need of the outside world. Every method raises only `TerminalError`s.

Implementations: `adapters/kis` (Broker, MarketFeed, MasterSource), `adapters/storage` (OrderJournal,
WorkspaceStore), `adapters/system_clock` (Clock).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kis_terminal.domain.account import Balance, BuyingPower
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.market import (
    Bar,
    Interval,
    InvestorDay,
    MarketStatus,
    OrderBook,
    Quote,
    RankRow,
    Tick,
)
from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
)
from kis_terminal.domain.other_orders import OtherOrder, Product
from kis_terminal.domain.recording import RecordingStatus

if TYPE_CHECKING:
    # numpy costs 150 ms: not before the window is up.
    from kis_terminal.domain.backtest_work import RunRecord, Work, WorkProgress
    from kis_terminal.domain.bar_columns import (
        BarColumns,
        BarPage,
        CorporateNote,
        SeriesKey,
        SeriesStatus,
        Span,
    )

T = TypeVar("T")


class Clock(Protocol):
    """Time as the program sees it."""

    def now(self) -> datetime:
        """Return the aware time in Asia/Seoul."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class QuoteSource(Protocol):
    """Market data on request."""

    async def quote(self, symbol: str) -> Quote: ...

    async def order_book(self, symbol: str) -> OrderBook: ...

    async def recent_ticks(self, symbol: str) -> Sequence[Tick]:
        """Return the last prints of today, oldest first (up to 30; fields a listing lacks are zero)."""
        ...

    async def daily_bars(
        self, symbol: str, start: date, end: date, interval: Interval, *, is_adjusted: bool
    ) -> Sequence[Bar]:
        """Return every day, week, month or year bar from `start` to `end`, oldest first; pages by itself."""
        ...

    async def minute_bars(self, symbol: str, day: date, since: int, until: int) -> Sequence[Bar]:
        """Return the one-minute bars of `day` from `since` to `until` (seconds of day), oldest first."""
        ...

    async def investor_days(self, symbol: str) -> Sequence[InvestorDay]: ...

    async def volume_rank(self) -> Sequence[RankRow]: ...

    async def is_open_day(self, day: date) -> bool: ...


LeavingCheck = Callable[[], None]
"""Asked in the last moment before a request leaves this machine; raises OrderRefused to keep it here."""


class Broker(QuoteSource, Protocol):
    """One account at one broker in one environment."""

    @property
    def environment(self) -> Environment: ...

    @property
    def account_label(self) -> str:
        """Return the account masked for display, e.g. `5000-01**-01`."""
        ...

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        """Send one order once, unless `leaving` forbids it after whatever it had to wait for.

        Raises OrderRefused when the broker refused for certain, RateLimited when it was turned away for rate
        before it was read, OutcomeUnknown in every other case that is not an acceptance.
        """
        ...

    async def amend(
        self,
        order: Order,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        """Change kind and price of the whole rest; asks `leaving` and raises as `place`."""
        ...

    async def cancel(self, order: Order) -> OrderAccepted:
        """Cancel the whole rest; raises as `place`."""
        ...

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        """Return the complete order list of `day`, oldest first, or raise: never a part of it."""
        ...

    async def balance(self) -> Balance:
        """Return the complete account or raise."""
        ...

    async def buying_power(self, symbol: str, kind: OrderKind, price: Decimal | None) -> BuyingPower: ...

    async def sellable(self, symbol: str) -> int: ...

    async def close(self) -> None: ...


class OtherOrders(Protocol):
    """Open orders of the same account beside the stocks of today: listed and cancelled, never sent."""

    @property
    def other_products(self) -> tuple[Product, ...]: ...

    async def open_others(self, product: Product) -> Sequence[OtherOrder]:
        """Return every open order of a product, or raise: never a part of them."""
        ...

    async def cancel_other(self, order: OtherOrder) -> None:
        """Cancel the whole rest; raises as `Broker.cancel`."""
        ...


class Stream(StrEnum):
    """What a feed can be asked for."""

    TICKS = "ticks"
    BOOK = "book"
    NOTICES = "notices"
    STATUS = "status"


class SubscriptionState(StrEnum):
    """How a wanted stream stands."""

    WANTED = "wanted"
    """Asked for, or about to be: not confirmed yet, or lost with its connection."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    POLLED = "polled"
    """No stream brings it, so it is asked for by REST now and then."""


class LinkState(StrEnum):
    """How the feed's connection stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """Between two attempts."""


class ApprovalState(StrEnum):
    """How the key stands that opens a session of the feed."""

    NONE = "none"
    """Not asked for yet."""
    HELD = "held"
    REFUSED = "refused"
    """The server did not take it; a new one is asked for before the next attempt."""
    UNAVAILABLE = "unavailable"
    """It could not be had."""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How one wanted stream stands; `since` is Clock.monotonic() of its last change of state."""

    stream: Stream
    symbol: str
    """Empty for the execution notices, which come for all symbols."""
    state: SubscriptionState
    reason: str
    """Why it is refused or polled, a sentence for the user; else empty."""
    since: float


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """Figures of the feed; moments are readings of Clock.monotonic()."""

    link: LinkState
    link_since: float
    retry_at: float | None
    """When the next attempt is made, None while there is nothing to wait for."""
    approval: ApprovalState
    slots_used: int
    slots_total: int
    connects: int
    """Sockets that were opened since the program started."""
    recent_connects: int
    recent_connects_limit: int
    """Attempts in the last ten minutes, and how many the feed allows itself."""
    stall_restarts: int
    """Connections given up because data had stopped though the market traded."""
    last_frame_at: float | None
    last_data_at: float | None
    """The same without heartbeats and replies."""
    messages: int
    rejected: int
    """Messages that could not be read."""


class BookUpdate(Protocol):
    """The newest order book of a symbol, decoded when somebody looks."""

    @property
    def symbol(self) -> str: ...

    def decode(self) -> OrderBook: ...


@dataclass(frozen=True, slots=True)
class FeedListener:
    """Callbacks of a feed; all are called in the loop's thread, in order of arrival."""

    on_ticks: Callable[[Sequence[Tick]], None]
    """Ticks of one frame, oldest first; all of one symbol."""
    on_book: Callable[[BookUpdate], None]
    on_notice: Callable[[ExecutionNotice], None]
    on_status: Callable[[MarketStatus], None]
    on_link: Callable[[LinkState, str], None]
    """Link state and a sentence for the user."""
    on_subscription: Callable[[Stream, str, SubscriptionState, str], None]
    on_gap: Callable[[str], None]
    """Events may have been missed: a reconnect (called when the streams are subscribed again) or an execution
    notice that could not be read. The services ask the broker for orders and missing bars."""


class MarketFeed(Protocol):
    """Streams of one connection."""

    def listen(self, listener: FeedListener) -> None:
        """Set the one listener; called once before `open`."""
        ...

    async def open(self) -> None:
        """Start connecting and go on until `close`; returns when the first attempt has been made."""
        ...

    async def close(self) -> None: ...

    def subscribe(self, stream: Stream, symbol: str) -> None:
        """Want a stream; raises CorrectionNeeded when all slots are taken."""
        ...

    def unsubscribe(self, stream: Stream, symbol: str) -> None: ...

    def prefer(self, order: Sequence[tuple[Stream, str]]) -> None:
        """Ask for wanted streams in this order from now on; those that are not named come last."""
        ...

    def renew(self, stream: Stream, symbol: str) -> None:
        """Leave a confirmed stream and ask for it again: nothing comes on it though it should."""
        ...

    def restart(self, reason: str) -> None:
        """Give the connection up and make a new one: nothing comes on it though the market trades."""
        ...

    def subscriptions(self) -> Sequence[StreamStatus]:
        """Return every stream that is wanted of the server and how it stands."""
        ...

    def health(self) -> FeedHealth: ...

    @property
    def last_frame_at(self) -> float | None:
        """Return Clock.monotonic() of the last sign of life, to about a second; None before the first."""
        ...

    @property
    def slots_used(self) -> int: ...

    @property
    def slots_total(self) -> int: ...


class MasterSource(Protocol):
    """Today's list of instruments."""

    async def instruments(self) -> Sequence[Instrument]: ...


class JournalEntry(Protocol):
    """One line of the journal."""

    @property
    def intent_id(self) -> str: ...

    @property
    def event(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def details(self) -> Mapping[str, str]: ...


class OrderJournal(Protocol):
    """What was intended, sent and answered, durable before `record` returns (fsync)."""

    async def record(self, intent_id: str, event: str, at: datetime, details: Mapping[str, str]) -> None:
        """Append one event; returns only when it is on disk. Raises TerminalError if it cannot be written."""
        ...

    async def entries(self, since: datetime) -> Sequence[JournalEntry]: ...

    async def close(self) -> None: ...


class BarSource(Protocol):
    """Bars out of the broker's history, for the cache."""

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return what one call can give of the days from `start` to `end`: the newest of them.

        Raises TerminalError; CorrectionNeeded where the broker has no such history.
        """
        ...


class BarStore(Protocol):
    """Bars on disk. Every method raises StoreUnavailable while the store cannot be reached or written."""

    async def read(self, key: SeriesKey, start: int, end: int) -> BarColumns:
        """Return the stored bars with `start <= time < end` (wall seconds)."""
        ...

    async def read_many(self, keys: Sequence[SeriesKey], start: int, end: int) -> Sequence[BarColumns]:
        """Return what `read` would give for each key, in their order, in one go."""
        ...

    async def coverage(self, key: SeriesKey) -> Sequence[Span]:
        """Return the covered spans, joined and in order.

        Looks at every bar that is stored: what is damaged on disk is dropped, and covered no more.
        """
        ...

    async def write(self, bars: BarColumns, covered: Sequence[Span]) -> None:
        """Insert or overwrite bars and add to the coverage, both or neither."""
        ...

    async def write_many(self, parts: Sequence[tuple[BarColumns, Sequence[Span]]]) -> None:
        """Do what `write` does for each part, all or nothing, in one go."""
        ...

    async def forget(self, key: SeriesKey) -> None:
        """Drop bars and coverage of one series: its prices were adjusted anew."""
        ...

    async def series(self) -> Sequence[SeriesStatus]:
        """Return every series that is stored, ordered by key."""
        ...

    async def add_note(self, note: CorporateNote) -> None: ...

    async def notes(self, symbol: str) -> Sequence[CorporateNote]: ...

    async def keep_instruments(self, day: date, instruments: Sequence[Instrument]) -> None:
        """Keep the master of `day`, unless that of a later day is kept."""
        ...

    async def kept_instruments(self) -> tuple[date, Sequence[Instrument]] | None:
        """Return the newest master that was kept and its day, None when there is none."""
        ...

    async def close(self) -> None: ...


class Cache(Protocol):
    """Small values that programs share, in Redis or in memory; every method raises StoreUnavailable."""

    @property
    def is_up(self) -> bool:
        """Return whether calls are answered at present; while not, they raise at once."""
        ...

    @property
    def trouble(self) -> str:
        """Return what is wrong with it in a sentence, empty for nothing."""
        ...

    async def ready(self, seconds: float) -> bool:
        """Wait for the first connection, at most so long; return whether it is up."""
        ...

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, seconds: float | None = None) -> None:
        """Store `value`, for `seconds` at most when given."""
        ...

    async def put_new(self, key: str, value: bytes, seconds: float) -> bool:
        """Store `value` unless the key exists; return whether it was stored (a lock, a claim).

        What stands there for longer than `seconds`, or for ever, is no claim and is replaced.
        """
        ...

    async def delete(self, key: str) -> None: ...

    async def take(self, key: str, ticket: str, limit: int, seconds: float, late: float = 0.0) -> float:
        """Take one of `limit` uses of `key` in any `seconds`; return 0, or how long to wait for the next.

        The use counts `late` seconds from now, when it has surely been made, or when `settle` says that it
        was. Time is the store's own, one for all programs.
        """
        ...

    async def settle(self, key: str, ticket: str) -> None:
        """Note that the use of `ticket` has been made by now."""
        ...

    async def publish(self, channel: str, message: bytes) -> None: ...

    async def listen(self, channel: str, receive: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `receive` for every message from now on; the result ends it."""
        ...

    async def close(self) -> None: ...


class BacktestWorker(Protocol):
    """A process that computes for the window, one work after the other."""

    @property
    def generation(self) -> int:
        """Return a number that changes when the process was replaced: what it kept is gone."""
        ...

    def warm(self) -> None:
        """Start the process before the first work; returns at once."""
        ...

    async def do(self, work: Work[T], on_progress: Callable[[WorkProgress], None] | None = None) -> T:
        """Return the answer; raises TerminalError. Cancelling the caller kills the process at once."""
        ...

    async def close(self) -> None: ...


class RunStore(Protocol):
    """Records of backtests on disk, a bounded number of them; raises StoreUnavailable."""

    async def add(self, record: RunRecord) -> None: ...

    async def all(self) -> Sequence[RunRecord]:
        """Return the records, newest first."""
        ...

    async def delete(self, identifiers: Sequence[str]) -> None: ...


class StrategyHost(Protocol):
    """A process of its own that runs one strategy of the market; messages as in `host_messages`."""

    def send(self, message: Mapping[str, object]) -> None:
        """Hand a message over; never waits."""
        ...

    def kill(self) -> None:
        """End it at once; never waits. May be called twice."""
        ...

    async def close(self) -> None: ...


class StartsHosts(Protocol):
    """Starts a process for a strategy: `on_message` gets answers, `on_end` why it ended by itself."""

    def __call__(
        self, on_message: Callable[[Mapping[str, Any]], None], on_end: Callable[[str], None]
    ) -> StrategyHost:
        """Return the running process; raises TerminalError."""
        ...


class WorkspaceStore(Protocol):
    """Small texts that make up the user's workspace: layouts, watchlists, panel settings."""

    def read(self, key: str) -> str | None: ...

    def write(self, key: str, text: str) -> None: ...

    def write_all(self, texts: Mapping[str, str]) -> None:
        """Keep several texts at once: after a crash all of them are there, or none."""
        ...


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """Figures for the status bar."""

    rest_milliseconds: float | None
    calls_available: int
    calls_limit: int
    token_expires_at: datetime | None
    clock_skew_seconds: float | None
    """Broker's clock minus ours."""
    last_frame_at: float | None
    """Clock.monotonic() of the last frame."""
    calls_usual: int = 0
    """Limit when KIS turned nothing away lately; 0 is not known."""
    calls_waiting: int = 0
    """Calls that wait for their turn."""
    is_always_open: bool = False
    """Whether the exchange said that it keeps no hours; only the embedded one does."""


class HealthSource(Protocol):
    """Who knows how the connection to the broker is doing."""

    def health(self) -> BrokerHealth: ...


class Recorder(Protocol):
    """Whatever can write down a session; begins and ends at once, writes in the background."""

    def start(self, path: Path) -> None:
        """Begin a new file; raises CorrectionNeeded where it exists or cannot be made."""
        ...

    def stop(self) -> None:
        """End it; what is queued is still written."""
        ...

    def status(self) -> RecordingStatus:
        """Return the figures of the recording that runs, or of the last one."""
        ...
