"""Times and counters of the feed."""

from __future__ import annotations

from dataclasses import dataclass, field

from kis_terminal.adapters.kis.reconnect import ReconnectPolicy


@dataclass(frozen=True, slots=True)
class FeedTiming:
    """Seconds; the defaults are for KIS, tests use shorter ones."""

    open_timeout: float = 10.0
    close_timeout: float = 1.0
    send_timeout: float = 5.0
    reply_timeout: float = 5.0
    command_gap: float = 0.05
    """Between two commands; 41 streams are subscribed again in about 4 s."""
    grace: float = 4.0
    first_retry: float = 5.0
    """Before a registration that failed is sent again; doubles up to a minute."""
    probe_after: float = 20.0
    """Silence after which the server is asked for a pong."""
    silence_limit: float = 40.0
    """Silence, pong and PINGPONG included, after which the connection counts as dead."""
    watch_interval: float = 1.0
    reconnect: ReconnectPolicy = field(default_factory=ReconnectPolicy)


@dataclass(slots=True)
class FeedCounters:
    """What the feed has seen since the program started."""

    messages: int = 0
    rejected: int = 0
    """Messages that could not be read."""
    joined: int = 0
    """Prints left out for a newer one of the same frame while more came than could be read."""
    connections: int = 0
    control: int = 0
    """Heartbeats and replies among the messages."""
    stall_restarts: int = 0
    """Connections given up because data had stopped."""
    last_frame_at: float | None = None
    """Clock.monotonic() of the last sign of life, to about a second."""
    last_data_at: float | None = None
    """The same of the last message that was data."""
    complained_at: float = float("-inf")

    @property
    def data(self) -> int:
        """Return how many messages brought data that could be read."""
        return self.messages - self.control - self.rejected
