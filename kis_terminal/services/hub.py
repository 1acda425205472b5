"""Typed publish and subscribe within one loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class Subscription:
    """A place in a topic's list; `close()` may be called twice."""

    __slots__ = ("_release",)

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def close(self) -> None:
        """Stop receiving."""
        release, self._release = self._release, None
        if release is not None:
            release()


class Topic(Generic[T]):
    """Deliver events to subscribers in the order they subscribed.

    A subscriber that raises is logged; the others still get the event.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._subscribers: list[Callable[[T], None]] = []

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self, receive: Callable[[T], None]) -> Subscription:
        """Call `receive` with each event from now on."""
        self._subscribers = [*self._subscribers, receive]
        return Subscription(lambda: self._remove(receive))

    def _remove(self, receive: Callable[[T], None]) -> None:
        remaining = list(self._subscribers)
        remaining.remove(receive)
        self._subscribers = remaining

    def publish(self, event: T) -> None:
        """Hand `event` to every subscriber of this moment."""
        for receive in self._subscribers:
            try:
                receive(event)
            except Exception:
                log.exception("a subscriber of %s failed", self.name)
