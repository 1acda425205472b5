"""Figures of the status bar and the health panel in one place."""

from __future__ import annotations

from kis_terminal.ports import BrokerHealth, HealthSource, MarketFeed


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

    @property
    def slots(self) -> tuple[int, int]:
        """Return stream registrations used and allowed."""
        return self._feed.slots_used, self._feed.slots_total
