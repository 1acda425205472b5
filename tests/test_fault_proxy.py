"""The proxy of tests: every way in which it spoils bytes, against a server that sends back what it gets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.support.fault_proxy import FaultProxy, fault_proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EchoServer:
    """Send back every piece, and remember the pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                self.pieces.append(piece)
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            self.pieces.append(b"reset")
        finally:
            writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[tuple[EchoServer, FaultProxy]]:
    own = EchoServer()
    server = await asyncio.start_server(own.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with fault_proxy(f"http://127.0.0.1:{port}/path") as (proxy, url):
        assert url == f"http://127.0.0.1:{proxy.port}/path"
        yield own, proxy
    server.close()
    await server.wait_closed()


async def open_to(proxy: FaultProxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def exchange(streams: Streams, data: bytes) -> bytes:
    reader, writer = streams
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 2)


async def test_without_faults_all_bytes_pass_and_the_end_does(echo: tuple[EchoServer, FaultProxy]) -> None:
    _, proxy = echo
    reader, writer = streams = await open_to(proxy)
    data = bytes(range(256)) * 2000

    assert await exchange(streams, data) == data
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()


async def test_latency_and_bandwidth_cost_time_and_no_byte(echo: tuple[EchoServer, FaultProxy]) -> None:
    _, proxy = echo
    streams = await open_to(proxy)
    proxy.toxics["down"].latency = 0.1
    started = time.monotonic()
    assert await exchange(streams, b"late") == b"late"
    assert time.monotonic() - started >= 0.1
    proxy.heal()
    proxy.toxics["up"].bandwidth = 10_000
    started = time.monotonic()
    assert await exchange(streams, b"x" * 1000) == b"x" * 1000
    # The last piece arrives before its own pause ends.
    proxy.toxics["up"].slice_size = 100
    assert await exchange(streams, b"y" * 1000) == b"y" * 1000
    assert time.monotonic() - started >= 0.09
    streams[1].close()


async def test_a_blackhole_ends_nothing_and_can_heal(echo: tuple[EchoServer, FaultProxy]) -> None:
    own, proxy = echo
    streams = await open_to(proxy)
    proxy.toxics["up"].blackhole = True
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(exchange(streams, b"lost"), 0.1)
    proxy.heal()

    assert await exchange(streams, b"back") == b"back"
    assert own.pieces == [b"back"]
    streams[1].close()


async def test_single_bytes(echo: tuple[EchoServer, FaultProxy]) -> None:
    _, proxy = echo
    proxy.toxics["down"].slice_size = 1
    streams = await open_to(proxy)

    assert await exchange(streams, b"slices") == b"slices"
    streams[1].close()


async def test_the_end_after_so_many_bytes(echo: tuple[EchoServer, FaultProxy]) -> None:
    _, proxy = echo
    proxy.toxics["down"].limit_data = 4
    reader, writer = await open_to(proxy)
    writer.write(b"abcdefgh")

    assert await asyncio.wait_for(reader.read(), 2) == b"abcd"
    writer.close()


async def test_a_reset_after_so_many_bytes(echo: tuple[EchoServer, FaultProxy]) -> None:
    own, proxy = echo
    proxy.toxics["up"].reset_after = 3
    reader, writer = await open_to(proxy)
    writer.write(b"abcdefgh")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 2)

    assert b"".join(own.pieces).removesuffix(b"reset") in (b"abc", b"")
    writer.close()


async def test_refusing_and_resetting_what_is_open(echo: tuple[EchoServer, FaultProxy]) -> None:
    _, proxy = echo
    reader, writer = streams = await open_to(proxy)
    await exchange(streams, b"open")
    proxy.reset_all()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 2)
    proxy.refuses = True
    refused = await open_to(proxy)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(refused[0].read(), 2)
    proxy.heal()

    again = await open_to(proxy)
    assert await exchange(again, b"again") == b"again"
    assert proxy.connections == 3
    for one in (writer, refused[1], again[1]):
        one.close()


async def test_no_server_behind_it_is_a_reset() -> None:
    unused = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    async with fault_proxy(f"ws://127.0.0.1:{port}") as (proxy, _):
        reader, writer = await open_to(proxy)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 2)
        writer.close()
