"""Run one REST application under uvicorn inside a loop that belongs to somebody else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette

_KEEP_ALIVE_SECONDS = 75


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

    def __init__(self, application: Starlette, name: str) -> None:
        self._server = _EmbeddedServer(
            uvicorn.Config(
                application,
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
        """Answer what is under way, then stop."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
            self._task = None
