"""Faults of sockets over loopback: frames, replies, connections, and who is shut out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import State

from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.adapters.simulator.server import SimulatorServer
from kis_terminal.adapters.simulator.wire.frames import plain_frames
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    TRADING,
    RestClient,
    command,
    decrypt,
    frame_of,
    logged_in,
    reply_of,
    running,
    socket_to,
)

TRADES, NOTICES, HTS_ID = "H0STCNT0", "H0STCNI0", "tester"
SYMBOL = "000660"
BUY = {**FRESH_ACCOUNT, "PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}


@asynccontextmanager
async def subscribed(
    server: SimulatorServer, tr_id: str = TRADES, tr_key: str = SYMBOL
) -> AsyncIterator[tuple[RestClient, ClientConnection, str]]:
    """Give a client, its socket with one registration, and the approval key."""
    async with logged_in(server) as client, socket_to(server) as socket:
        key = await client.approval()
        await socket.send(command(key, tr_id, tr_key))
        while (reply := await reply_of(socket))["header"]["tr_id"] == "PINGPONG":
            await socket.send(json.dumps(reply))  # a quick one may come first on a busy machine
        assert reply["body"]["rt_cd"] == "0"
        yield client, socket, key


@asynccontextmanager
async def quiet_market(**options: object) -> AsyncIterator[SimulatorServer]:
    """Run a simulator whose market stands still, so that only a test's own frames are sent."""
    async with running(is_limited=False, speed=1e-6, **options) as server:
        yield server


def print_trades(server: SimulatorServer, *records: str) -> None:
    server.hub.send(TRADES, SYMBOL, plain_frames(TRADES, records))


async def frames(socket: ClientConnection, count: int) -> list[str | bytes]:
    return [await asyncio.wait_for(socket.recv(), 2) for _ in range(count)]


async def listen(socket: ClientConnection, seconds: float = 2.0, *, answers: bool = False) -> None:
    """Read, and answer every message with itself, until nothing comes for so long or the socket ends."""
    while True:
        text = await asyncio.wait_for(socket.recv(), seconds)
        if answers:
            await socket.send(text)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("do=drop,nth=1", ["0|H0STCNT0|001|2^b"]),
        ("do=duplicate,nth=1", ["0|H0STCNT0|001|1^a", "0|H0STCNT0|001|1^a", "0|H0STCNT0|001|2^b"]),
        ("do=duplicate,nth=2,size=3", ["0|H0STCNT0|001|1^a", *["0|H0STCNT0|001|2^b"] * 3]),
        ("do=reorder,nth=1", ["0|H0STCNT0|001|2^b", "0|H0STCNT0|001|1^a"]),
        ("do=delay,nth=1,seconds=0.05", ["0|H0STCNT0|001|2^b", "0|H0STCNT0|001|1^a"]),
        ("do=reorder,nth=2,seconds=0.05", ["0|H0STCNT0|001|1^a", "0|H0STCNT0|001|2^b"]),
        ("do=count,nth=1,size=7", ["0|H0STCNT0|007|1^a", "0|H0STCNT0|001|2^b"]),
        ("do=columns,nth=1,size=2", ["0|H0STCNT0|001|1^a^0^0", "0|H0STCNT0|001|2^b"]),
        ("do=columns,nth=1,size=-1", ["0|H0STCNT0|001|1", "0|H0STCNT0|001|2^b"]),
        ("do=raw,nth=1,text=0|H0STCNT0|001", ["0|H0STCNT0|001", "0|H0STCNT0|001|2^b"]),
        ("do=raw,nth=1,size=3", [b"\0\0\0", "0|H0STCNT0|001|2^b"]),
        ("do=raw,nth=1", ["", "0|H0STCNT0|001|2^b"]),
    ],
)
async def test_a_frame_that_goes_wrong(spec: str, expected: list[str | bytes]) -> None:
    async with quiet_market() as server, subscribed(server) as (_, socket, _):
        server.venue.faults.add(read_rule(f"{spec},on=frame,tr={TRADES}"))
        print_trades(server, "1^a")
        print_trades(server, "2^b")

        assert await frames(socket, len(expected)) == expected


async def test_columns_of_every_record_change() -> None:
    async with quiet_market() as server, subscribed(server) as (_, socket, _):
        server.venue.faults.add(read_rule("do=columns,on=frame,size=1"))
        print_trades(server, "1^a", "2^b")

        assert await frames(socket, 1) == ["0|H0STCNT0|002|1^a^0^2^b^0"]


@pytest.mark.parametrize("on", ["connect", "frame", "command"])
@pytest.mark.parametrize(("do", "code"), [("do=close,code=1011", 1011), ("do=reset", 1006)])
async def test_a_connection_that_ends(on: str, do: str, code: int) -> None:
    async with quiet_market() as server:
        if on == "connect":
            server.venue.faults.add(read_rule(f"{do},on=connect"))
            async with socket_to(server) as socket:
                with pytest.raises(ConnectionClosed) as end:
                    await asyncio.wait_for(socket.recv(), 2)
        else:
            async with subscribed(server) as (_, socket, key):
                server.venue.faults.add(read_rule(f"{do},on={on}"))
                await socket.send(command(key, TRADES, "005930"))
                print_trades(server, "1^a")
                with pytest.raises(ConnectionClosed) as end:
                    await listen(socket)
    assert (end.value.rcvd.code if end.value.rcvd else 1006) == code


async def test_a_handshake_that_is_refused() -> None:
    async with quiet_market() as server:
        server.venue.faults.add(read_rule("do=status,status=503,on=connect,nth=1"))
        with pytest.raises(InvalidStatus, match="503"):
            async with socket_to(server):
                raise AssertionError("let in")
        async with socket_to(server) as socket:
            await socket.send("{}")
            assert (await reply_of(socket))["body"]["msg_cd"] == "OPSP9998"


async def test_a_half_open_connection_says_nothing_and_does_not_end() -> None:
    async with quiet_market(ping_seconds=0.05) as server, subscribed(server) as (_, socket, key):
        server.venue.faults.add(read_rule("do=silence,on=frame"))
        with pytest.raises(TimeoutError):
            await listen(socket, 0.15)
        await socket.send(command(key, TRADES, "005930"))
        pong = await socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pong, 0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)
        # The server gives the session up in its own time; its client does not hear of it.
        while not server.venue.log.events("disconnect"):
            await asyncio.sleep(0.01)
        async with socket_to(server) as again:
            await again.send(command(key, TRADES, SYMBOL))
            assert (await reply_of(again))["body"]["msg_cd"] == "OPSP0000"
        assert socket.state is State.OPEN
        socket.transport.abort()  # closing in order would wait for the other side


async def test_pingpong_is_not_sent_or_its_answer_not_heard() -> None:
    async with quiet_market(ping_seconds=0.03) as server, subscribed(server) as (_, socket, _):
        number = server.venue.faults.add(read_rule("do=drop,on=frame,tr=PINGPONG,times=1"))
        server.venue.faults.add(read_rule("do=drop,on=command,tr=PINGPONG"))
        with pytest.raises(ConnectionClosed):
            await listen(socket, answers=True)
        dropped = [row for row in server.venue.faults.to_json() if row["id"] == number]
        assert dropped[0]["fired"] == 1


async def test_a_reply_that_is_lost_and_a_command_not_heard() -> None:
    async with quiet_market() as server, subscribed(server) as (_, socket, key):
        server.venue.faults.add(read_rule("do=drop,on=reply,key=005930,nth=1"))
        server.venue.faults.add(read_rule("do=drop,on=command,key=035420,nth=1"))
        await socket.send(command(key, TRADES, "005930"))
        await socket.send(command(key, TRADES, "035420"))
        await socket.send(command(key, TRADES, "005930"))
        first = await reply_of(socket)
        await socket.send(command(key, TRADES, "035420"))
        second = await reply_of(socket)

    assert (first["header"]["tr_key"], first["body"]["msg_cd"]) == ("005930", "OPSP0002")
    assert (second["header"]["tr_key"], second["body"]["msg_cd"]) == ("035420", "OPSP0000")


async def test_notices_sealed_with_a_wrong_key_and_with_a_new_one() -> None:
    async with quiet_market() as server, logged_in(server) as client, socket_to(server) as socket:
        key = await client.approval()
        await socket.send(command(key, NOTICES, HTS_ID))
        before = (await reply_of(socket))["body"]["output"]
        server.venue.faults.add(read_rule("do=key,on=frame,nth=1"))
        server.venue.faults.add(read_rule("do=columns,on=frame,nth=2,size=3"))
        server.venue.faults.add(read_rule("do=rekey,on=command"))
        await client.post(f"{TRADING}/order-cash", "TTTC0012U", BUY)
        broken, longer = [await frame_of(socket, NOTICES) for _ in range(2)]
        for tr_type in "21":
            await socket.send(command(key, NOTICES, HTS_ID, tr_type))
            after = (await reply_of(socket))["body"]["output"]

        with pytest.raises((UnicodeDecodeError, AssertionError)):
            assert decrypt(before["key"], before["iv"], broken[3])[0] == HTS_ID
        assert decrypt(before["key"], before["iv"], longer[3])[:2] == [HTS_ID, "8765432101"]
        assert len(decrypt(before["key"], before["iv"], longer[3])) == 26
        assert before != after


async def test_a_notice_overtakes_the_answer_of_its_order() -> None:
    async with quiet_market() as server, subscribed(server, NOTICES, HTS_ID) as (client, socket, _):
        server.venue.faults.add(read_rule("do=delay,at=answer,seconds=0.2,path=*/order-cash"))
        answer = asyncio.create_task(client.post(f"{TRADING}/order-cash", "TTTC0012U", BUY))
        await frame_of(socket, NOTICES)
        assert not answer.done()

        assert (await answer).json()["rt_cd"] == "0"


async def test_an_unknown_hts_id_is_refused_to_the_letter() -> None:
    async with quiet_market() as server, logged_in(server) as client, socket_to(server) as socket:
        server.venue.hts_ids = frozenset({HTS_ID})
        key = await client.approval()
        codes = []
        for tr_key in ("Tester", HTS_ID):
            await socket.send(command(key, NOTICES, tr_key))
            reply = await reply_of(socket)
            codes.append((reply["header"]["tr_id"], reply["body"]["rt_cd"], reply["body"]["msg_cd"]))
        server.venue.hts_ids = None
        await socket.send(command(key, NOTICES, "not an id"))
        malformed = (await reply_of(socket))["body"]["msg_cd"]

    assert codes == [("(null)", "9", "OPSP0017"), (NOTICES, "0", "OPSP0000")]
    assert malformed == "OPSP0017"


async def test_fewer_registrations_can_be_allowed() -> None:
    async with quiet_market() as server, subscribed(server) as (_, socket, key):
        server.venue.limits["real"].registrations = 2
        codes = []
        for symbol in ("005930", "035420"):
            await socket.send(command(key, TRADES, symbol))
            codes.append((await reply_of(socket))["body"]["msg_cd"])

    assert codes == ["OPSP0000", "OPSP0008"]


async def test_a_storm_of_connects_shuts_the_key_out_for_a_while() -> None:
    async with running(speed=1e-6) as server, logged_in(server) as client:
        limits = server.venue.limits["real"]
        limits.storm_sessions, limits.storm_block_seconds = 3, 60.0
        key = await client.approval()
        codes = []
        for _ in range(4):
            async with socket_to(server) as socket:
                await socket.send(command(key, TRADES, SYMBOL))
                codes.append((await reply_of(socket))["body"]["msg_cd"])
        shut = await client.get("/uapi/domestic-stock/v1/quotations/inquire-price", "FHKST01010100", {})
        refused = await client.auth("/oauth2/Approval")
        server.venue.storms["real"].forgive()
        async with socket_to(server) as socket:
            await socket.send(command(key, TRADES, SYMBOL))
            codes.append((await reply_of(socket))["body"]["msg_cd"])

    assert codes == ["OPSP0000", "OPSP0000", "OPSP0011", "OPSP0011", "OPSP0000"]
    assert (shut.status_code, shut.json()["msg_cd"]) == (500, "EGW00003")
    assert (refused.status_code, refused.json()["error_code"]) == (403, "EGW00003")
