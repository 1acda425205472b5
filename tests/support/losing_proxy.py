"""A proxy on loopback that passes every byte on, and on demand keeps an answer that the server has given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class LosingProxy:
    """Stands before one HTTP server; `lose(path)` loses the answer to the next request with that path."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._to_lose: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0

    @property
    def url(self) -> str:
        """Return the address of the proxy."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def lose(self, path: str, times: int = 1) -> None:
        """Lose the answers to the next requests whose head names `path`: the connection is reset instead."""
        self._to_lose += [path.encode()] * times

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        """End every connection."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, up_writer}
        try:
            while True:
                head, body = await _message(reader)
                up_writer.write(head + body)
                answer = await _message(up_reader)
                wanted = next((path for path in self._to_lose if path in head.split(b"\r\n", 1)[0]), None)
                if wanted is not None:
                    self._to_lose.remove(wanted)
                    self.lost += 1
                    return
                writer.write(answer[0] + answer[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one of the two has gone
        finally:
            for side in (writer, up_writer):
                side.transport.abort()
                self._writers.discard(side)
            self._tasks.discard(task)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    return head, await reader.readexactly(length)


@asynccontextmanager
async def losing_proxy(target: str) -> AsyncIterator[LosingProxy]:
    """Run a proxy for the time of a `with` block."""
    proxy = LosingProxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
