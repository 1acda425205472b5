"""Who may listen to the wire: the session recorder is given in by the composition root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class WireTap(Protocol):
    """Be told everything that goes over the wire, secrets included; never waits and never raises."""

    @property
    def is_on(self) -> bool:
        """Say whether anybody listens; else the calls below may be left out."""
        ...

    def exchanged(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        headers: Mapping[str, str],
        status: int,
        answer_headers: Mapping[str, str],
        body: bytes,
        milliseconds: float,
    ) -> None:
        """Take one REST call and its whole answer."""
        ...

    def unanswered(
        self, method: str, path: str, values: Mapping[str, str], headers: Mapping[str, str], reason: str
    ) -> None:
        """Take one REST call that got no answer; `reason` is the kind of error."""
        ...

    def received(self, message: bytes) -> None:
        """Take one WebSocket message of the server."""
        ...

    def sent(self, text: str) -> None:
        """Take one WebSocket message of ours."""
        ...
