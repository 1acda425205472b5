"""Figures of the status bar and the health panel in one place."""

from __future__ import annotations

from kis_terminal.ports import ApprovalState, BrokerHealth, FeedHealth, HealthSource, MarketFeed, StreamStatus

# The window reads the names of states here; it does not know the ports.
__all__ = ["ApprovalState", "BrokerHealth", "FeedHealth", "Status", "StreamStatus"]


class Status:
    """Read how the connection to the broker is doing."""

    def __init__(self, health: HealthSource, feed: MarketFeed, database: str) -> None:
        self._health = health
        self._feed = feed
        self.database = database
        """Name of the store in use, e.g. `SQLite`."""

    def broker(self) -> BrokerHealth:
        """Return the broker's figures."""
        return self._health.health()

    def feed(self) -> FeedHealth:
        """Return the figures of the stream's connection."""
        return self._feed.health()

    @property
    def slots(self) -> tuple[int, int]:
        """Return stream registrations used and allowed."""
        return self._feed.slots_used, self._feed.slots_total
