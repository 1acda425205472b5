"""Keep other web pages of this machine's browsers away: Host and Origin must name loopback.

A page that rebinds its own name to 127.0.0.1 still sends that name as Host; a page that posts across origins
sends its own Origin.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback_host(text: str) -> bool:
    """Return whether a Host header names this machine; "localhost:8080" does."""
    try:
        return urlsplit(f"//{text}").hostname in _NAMES
    except ValueError:
        return False


def is_loopback_origin(text: str) -> bool:
    """Return whether an Origin header names this machine; "null" does not."""
    try:
        return urlsplit(text).hostname in _NAMES
    except ValueError:
        return False


class LoopbackOnly:
    """Answer 403 to requests that were not meant for this machine or come from a page of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the two headers and pass the request on."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            origin = headers.get(b"origin", b"").decode("latin-1")
            if not is_loopback_host(host) or (origin and not is_loopback_origin(origin)):
                await Response("only for this machine\n", 403, media_type="text/plain")(scope, receive, send)
                return
        await self._app(scope, receive, send)
