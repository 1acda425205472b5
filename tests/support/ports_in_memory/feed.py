"""A feed that sends what a test says, and sees who listens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import OrderBook, Tick
from kis_terminal.ports import (
    ApprovalState,
    FeedHealth,
    FeedListener,
    LinkState,
    Stream,
    StreamStatus,
    SubscriptionState,
)


@dataclass(frozen=True, slots=True)
class MemoryBookUpdate:
    """A book that is already decoded."""

    book: OrderBook

    @property
    def symbol(self) -> str:
        """Return the book's symbol."""
        return self.book.symbol

    def decode(self) -> OrderBook:
        """Return the book."""
        return self.book


class MemoryFeed:
    """A feed whose events a test makes with `send_*`."""

    def __init__(self, slots: int = 41) -> None:
        self.slots_total = slots
        self.wanted: set[tuple[Stream, str]] = set()
        self.refused: dict[tuple[Stream, str], str] = {}
        """Why the server will not give a stream."""
        self.renewed: list[tuple[Stream, str]] = []
        self.restarts: list[str] = []
        self.preferred: list[tuple[Stream, str]] = []
        self.link = LinkState.CLOSED
        self.last_frame_at: float | None = None
        self._listener: FeedListener | None = None

    @property
    def slots_used(self) -> int:
        """Return how many streams are wanted."""
        return len(self.wanted)

    @property
    def listener(self) -> FeedListener:
        """Return who listens."""
        if self._listener is None:
            raise RuntimeError("nobody listens to the feed")
        return self._listener

    def listen(self, listener: FeedListener) -> None:
        """Set the one listener."""
        self._listener = listener

    async def open(self) -> None:
        """Be connected at once."""
        self.link = LinkState.CONNECTED
        self.listener.on_link(LinkState.CONNECTED, "")

    async def close(self) -> None:
        """Be closed."""
        self.link = LinkState.CLOSED
        self.listener.on_link(LinkState.CLOSED, "")

    def subscribe(self, stream: Stream, symbol: str) -> None:
        """Want a stream."""
        if len(self.wanted) >= self.slots_total:
            raise CorrectionNeeded("실시간 등록 자리가 없습니다.")
        self.wanted.add((stream, symbol))
        self.listener.on_subscription(stream, symbol, SubscriptionState.CONFIRMED, "")

    def unsubscribe(self, stream: Stream, symbol: str) -> None:
        """Want it no more."""
        self.wanted.discard((stream, symbol))

    def prefer(self, order: Sequence[tuple[Stream, str]]) -> None:
        """Note the order."""
        self.preferred = list(order)

    def renew(self, stream: Stream, symbol: str) -> None:
        """Note that a stream was asked for again."""
        self.renewed.append((stream, symbol))

    def restart(self, reason: str) -> None:
        """Note why the connection was given up."""
        self.restarts.append(reason)

    def subscriptions(self) -> list[StreamStatus]:
        """Return what is wanted, all of it confirmed unless `refused` names it."""
        return [
            StreamStatus(*key, SubscriptionState.REFUSED, self.refused[key], 0.0)
            if key in self.refused
            else StreamStatus(*key, SubscriptionState.CONFIRMED, "", 0.0)
            for key in sorted(self.wanted)
        ]

    def health(self) -> FeedHealth:
        """Return the figures of a quiet connection."""
        return FeedHealth(
            link=self.link,
            link_since=0.0,
            retry_at=None,
            approval=ApprovalState.HELD,
            slots_used=self.slots_used,
            slots_total=self.slots_total,
            connects=1,
            recent_connects=1,
            recent_connects_limit=20,
            stall_restarts=len(self.restarts),
            last_frame_at=self.last_frame_at,
            last_data_at=self.last_frame_at,
            messages=0,
            rejected=0,
        )

    def send_ticks(self, *ticks: Tick) -> None:
        """Bring the prints of one frame."""
        self.listener.on_ticks(ticks)

    def send_book(self, book: OrderBook) -> None:
        """Bring a book."""
        self.listener.on_book(MemoryBookUpdate(book))
