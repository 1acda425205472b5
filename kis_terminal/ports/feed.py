"""Streams of the broker and how they stand: `adapters/kis`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kis_terminal.domain.market import MarketStatus, OrderBook, Tick
from kis_terminal.domain.orders import ExecutionNotice


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


class SocketOwner(StrEnum):
    """Which program has the one socket of an app key."""

    ALONE = "alone"
    """Nothing is shared: each program has its own."""
    OWN = "own"
    OTHER = "other"
    """Another program's; frames come from it."""
    UNKNOWN = "unknown"
    """The shared cache is away, or nobody has the socket at present."""


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
    """Sockets that were opened since the program started, places on another program's among them."""
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
    owner: SocketOwner = SocketOwner.ALONE


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
