"""The load mode keeps its pace and numbers every trade."""

from __future__ import annotations

import asyncio
import time

from kis_terminal.adapters.simulator.server import SimulatorServer
from tests.adapters.simulator.serving.test_ws import key_of
from tests.adapters.simulator.wire_client import command, reply_of, running, socket_to


async def test_load_numbers_every_trade_and_keeps_its_pace() -> None:
    symbols = ["005930", "000660", "035420"]
    counted = dict.fromkeys(symbols, 0)
    last: dict[str, int] = {}
    async with running(load_ticks=3_000) as server, socket_to(server) as socket:
        key = await key_of(server)
        for symbol in symbols:
            await socket.send(command(key, "H0STCNT0", symbol))
            await reply_of(socket)
        start = time.monotonic()
        while sum(counted.values()) < 3_000:
            text = await asyncio.wait_for(socket.recv(), 5)
            assert isinstance(text, str)
            _, _, count, payload = text.split("|", 3)
            fields = payload.split("^")
            assert len(fields) == 47 * int(count)
            for at in range(0, len(fields), 47):
                symbol, volume = fields[at], int(fields[at + 13])
                # What came while the other symbols were registered is not looked at.
                assert volume == last.get(symbol, volume - 1) + 1, "a trade is missing"
                last[symbol] = volume
                counted[symbol] += 1
        assert time.monotonic() - start > 0.7, "faster than asked for"

    assert max(last.values()) - min(last.values()) < 200


async def test_closing_does_not_wait_for_a_socket_that_never_reads() -> None:
    async with running(load_ticks=20_000) as server, socket_to(server) as socket:
        await socket.send(command(await key_of(server), "H0STCNT0", "005930"))
        await reply_of(socket)
        transport = socket.transport
        while not transport_is_full(server):
            await asyncio.sleep(0.05)

        await asyncio.wait_for(server.close(), 5)

        transport.abort()


def transport_is_full(server: SimulatorServer) -> bool:
    """Return whether the backlog has reached the server, all buffers between being full."""
    connections = server.hub.receivers_of("H0STCNT0", "005930")
    return any(connection.transport.get_write_buffer_size() > 100_000 for connection in connections)
