"""A TCP proxy on loopback that spoils bytes on their way: late, few, cut, lost, or none at all.

What a server cannot do to its own connections is done here: it knows nothing of HTTP or sockets' frames.
Faults hold for connections that are open and for those that come; `up` is from client to server.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Direction = Literal["up", "down"]
_CHUNK = 64 * 1024
_NO_LINGER = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)


@dataclass
class Toxics:
    """What happens to one direction; None and 0 leave bytes as they are."""

    latency: float = 0.0
    """Seconds that every piece waits; order is kept."""
    bandwidth: float = 0.0
    """Bytes a second."""
    slice_size: int = 0
    """Pieces of at most so many bytes, each written alone."""
    blackhole: bool = False
    """Bytes are read and thrown away; nothing ends."""
    limit_data: int | None = None
    """After so many bytes of a connection it is closed in order."""
    reset_after: int | None = None
    """After so many bytes of a connection it is reset."""


@dataclass(eq=False)
class _Link:
    """One client's connection and the one made for it to the server."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    passed: dict[Direction, int] = field(default_factory=lambda: {"up": 0, "down": 0})

    def close(self) -> None:
        for writer in (self.near, self.far):
            writer.close()

    def reset(self) -> None:
        for writer in (self.near, self.far):
            own = writer.get_extra_info("socket")
            if own is not None and own.fileno() >= 0:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            writer.transport.abort()


class FaultProxy:
    """Listen on a free port and pass bytes on to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.toxics: dict[Direction, Toxics] = {"up": Toxics(), "down": Toxics()}
        self.refuses = False
        """Connections that come are reset at once."""
        self.connections = 0

    @property
    def port(self) -> int:
        """Return the port to connect to."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def heal(self) -> None:
        """Let everything through again; what was thrown away stays lost."""
        self.toxics = {"up": Toxics(), "down": Toxics()}
        self.refuses = False

    def reset_all(self) -> None:
        """Reset every open connection."""
        for link in list(self._links):
            link.reset()

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def close(self) -> None:
        """End all connections and stop listening."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in list(self._links):
            link.reset()
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuses:
            _Link(near, near).reset()
            return
        task = asyncio.get_running_loop().create_task(self._join(reader, near), name="fault-proxy-link")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """Connect to the server and move bytes both ways until one side ends."""
        try:
            back, far = await asyncio.open_connection(*self._target)
        except OSError:
            _Link(near, near).reset()
            return
        link = _Link(near, far)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, far, "up", link))
                both.create_task(self._pass(back, near, "down", link))
        finally:
            link.close()
            self._links.discard(link)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction, link: _Link
    ) -> None:
        """Move bytes one way until one side ends."""
        try:
            while data := await reader.read(_CHUNK):
                if not await self._write(writer, data, way, link):
                    return
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            link.reset()  # what one side did to us is done to the other

    async def _write(self, writer: asyncio.StreamWriter, data: bytes, way: Direction, link: _Link) -> bool:
        """Write what the toxics leave of some bytes; return whether the connection goes on."""
        if self.toxics[way].latency:
            await asyncio.sleep(self.toxics[way].latency)
        while data:
            toxics = self.toxics[way]
            if toxics.blackhole:
                return True
            if writer.is_closing():
                return False  # reset meanwhile
            size = min(size for size in (len(data), toxics.slice_size) if size)
            ends = [end for end in (toxics.limit_data, toxics.reset_after) if end is not None]
            left = min(ends) - link.passed[way] if ends else size
            piece, data = data[: max(0, min(size, left))], data[size:]
            if piece:
                writer.write(piece)
                link.passed[way] += len(piece)
                await writer.drain()
                if toxics.slice_size:
                    await asyncio.sleep(0)
                if toxics.bandwidth:
                    await asyncio.sleep(len(piece) / toxics.bandwidth)
            if ends and link.passed[way] >= min(ends):
                if toxics.reset_after is not None and link.passed[way] >= toxics.reset_after:
                    link.reset()
                else:
                    link.close()
                return False
        return True


@asynccontextmanager
async def fault_proxy(url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    """Give a proxy before the server of a URL, and the same URL through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = FaultProxy(parts.hostname, parts.port)
    await proxy.start()
    try:
        yield proxy, parts._replace(netloc=f"127.0.0.1:{proxy.port}").geturl()
    finally:
        await proxy.close()
