"""Run one REST application under uvicorn inside a loop that belongs to somebody else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Generator
from functools import partial

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from kis_terminal.adapters.simulator.control.fault_gate import CONNECTION

_KEEP_ALIVE_SECONDS = 75
_LAST_ANSWERS_SECONDS = 0.1
_LINGER_NOT = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)


def reset_transport(transport: asyncio.BaseTransport) -> None:
    """End a connection with a RST and not with a FIN."""
    own = transport.get_extra_info("socket")
    if own is not None and own.fileno() >= 0:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


class _EmbeddedServer(uvicorn.Server):
    """Leave signals to the process: uvicorn would take them over and raise them again at its end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing."""
        yield


class RestServer:
    """Listen on 127.0.0.1 and answer until closed.

    h11 and not httptools: httptools writes every header name in lower case, see `http.to_response`.
    """

    def __init__(self, application: ASGIApp, name: str) -> None:
        self._application = application
        self._server = _EmbeddedServer(
            uvicorn.Config(
                self._pass_on,
                interface="asgi3",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._in_hand: set[tuple[str, int]] = set()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the application a way to end the connection that a call came on."""
        client = scope.get("client")
        if scope["type"] != "http" or client is None:
            await self._application(scope, receive, send)
            return
        extensions = {**scope.get("extensions", {}), CONNECTION: partial(self._end, client)}
        self._in_hand.add(client)
        try:
            await self._application({**scope, "extensions": extensions}, receive, send)
        finally:
            self._in_hand.discard(client)

    def _end(self, client: tuple[str, int], *, with_reset: bool) -> None:
        """End a client's connection: with a RST at once, or in order once all is written."""
        for connection in list(self._server.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and getattr(connection, "client", None) == client:
                if with_reset:
                    reset_transport(transport)
                else:
                    transport.close()

    async def start(self, port: int) -> int:
        """Listen and return the port; OSError where it is taken."""
        # With the protocol named, asyncio sets TCP_NODELAY on accepted sockets; without it every answer would
        # wait 40 ms for the client's delayed acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            # On Windows the option would let two processes share the port.
            if sys.platform != "win32":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            raise
        self._task = asyncio.get_running_loop().create_task(
            self._server.serve(sockets=[listener]), name=f"simulator-rest-{self._name}"
        )
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0)
        if self._task.done():
            await self._task
        return int(listener.getsockname()[1])

    async def close(self) -> None:
        """Answer what is under way (a tenth of a second for that), then stop."""
        self._server.should_exit = True
        if self._in_hand:
            await asyncio.sleep(_LAST_ANSWERS_SECONDS)
        for client in list(self._in_hand):  # calls that a fault holds without answer
            self._end(client, with_reset=True)
        if self._task is not None:
            await self._task
            self._task = None
