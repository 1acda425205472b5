"""Sockets over loopback: commands and their replies, PINGPONG, frames, encrypted notices."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kis_terminal.adapters.simulator.server import SimulatorServer
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    PAPER_KEY,
    QUOTATIONS,
    REAL_KEY,
    STOCK,
    TRADING,
    Json,
    RestClient,
    command,
    decrypt,
    frame_of,
    logged_in,
    reply_of,
    running,
    socket_to,
)


async def key_of(server: SimulatorServer, host: str = "rest", appkey: str = REAL_KEY) -> str:
    client = RestClient(str(server.addresses[host]), appkey)
    key = await client.approval()
    await client.http.aclose()
    return key


async def limit_order(client: RestClient, quantity: str, kind: str = "01", price: str = "0") -> Json:
    body = {**FRESH_ACCOUNT, "PDNO": "005930", "ORD_DVSN": kind, "ORD_QTY": quantity, "ORD_UNPR": price}
    tr_id = "VTTC0012U" if client.appkey == PAPER_KEY else "TTTC0012U"
    answer: Json = (await client.post(f"{TRADING}/order-cash", tr_id, body)).json()
    return answer


async def test_subscribe_reply_carries_key_and_iv() -> None:
    async with running() as server, socket_to(server) as socket:
        await socket.send(command(await key_of(server), "H0STCNT0", "005930"))
        reply = await reply_of(socket)

    assert reply["header"] == {"tr_id": "H0STCNT0", "tr_key": "005930", "encrypt": "N"}
    assert reply["body"]["rt_cd"] == "0"
    assert (reply["body"]["msg_cd"], reply["body"]["msg1"]) == ("OPSP0000", "SUBSCRIBE SUCCESS")
    assert (len(reply["body"]["output"]["key"]), len(reply["body"]["output"]["iv"])) == (32, 16)


@pytest.mark.parametrize("path", ["/", "/tryitout", "/tryitout/H0STCNT0"])
async def test_upgrade_paths_of_kis_clients(path: str) -> None:
    async with running() as server, socket_to(server, path=path) as socket:
        await socket.send(command(await key_of(server), "H0STASP0", "005930"))
        assert (await reply_of(socket))["body"]["msg_cd"] == "OPSP0000"


async def test_other_paths_are_not_found() -> None:
    async with running() as server:
        with pytest.raises(InvalidStatus) as error:
            async with socket_to(server, path="/elsewhere"):
                raise AssertionError("the upgrade went through")

    assert error.value.response.status_code == 404


async def test_trade_and_book_frames_have_their_columns() -> None:
    async with running() as server, socket_to(server) as socket:
        key = await key_of(server)
        for tr_id in ("H0STCNT0", "H0STASP0"):
            await socket.send(command(key, tr_id, "005930"))
        trade = await frame_of(socket, "H0STCNT0", 20)
        book = await frame_of(socket, "H0STASP0", 20)

    fields = trade[3].split("^")
    assert trade[0] == "0"
    assert len(trade[2]) == 3
    assert len(fields) == 47 * int(trade[2])
    assert fields[0] == "005930"
    assert fields[46] == "2"
    levels = book[3].split("^")
    assert len(levels) == 63
    asks, bids = [int(text) for text in levels[3:13]], [int(text) for text in levels[13:23]]
    assert asks == sorted(asks)
    assert bids == sorted(bids, reverse=True)
    assert bids[0] < asks[0]
    assert levels[62] == "2"


async def test_cumulative_volume_of_frames_has_no_gap() -> None:
    """Every trade reaches the subscriber: each volume is the one before plus this trade's size."""
    seen = 0
    async with running(speed=20.0) as server, socket_to(server) as socket:
        await socket.send(command(await key_of(server), "H0STCNT0", "005930"))
        total = None
        while seen < 60:
            _, _, count, payload = await frame_of(socket, "H0STCNT0", 30)
            fields = payload.split("^")
            for start in range(0, len(fields), 47):
                size, volume = int(fields[start + 12]), int(fields[start + 13])
                assert total is None or volume == total + size
                total = volume
            seen += int(count)


async def test_doubled_unknown_and_surplus_registrations() -> None:
    async with running() as server, socket_to(server) as socket:
        key = await key_of(server)
        symbols = [listing.symbol for listing in server.venue.exchange.listings()]

        async def ask(tr_id: str, tr_key: str, tr_type: str = "1") -> tuple[str, str]:
            await socket.send(command(key, tr_id, tr_key, tr_type))
            body = (await reply_of(socket))["body"]
            return body["rt_cd"], body["msg_cd"]

        assert await ask("H0STMKO0", symbols[0]) == ("0", "OPSP0000")
        assert await ask("H0STMKO0", symbols[0]) == ("1", "OPSP0002")
        assert await ask("H0STMKO0", symbols[1], "2") == ("1", "OPSP0003")
        assert await ask("H0STMKO0", "999999") == ("1", "OPSP8992")
        assert await ask("H0XXXXX0", symbols[1]) == ("1", "OPSP8991")
        for symbol in symbols[1:41]:
            assert await ask("H0STMKO0", symbol) == ("0", "OPSP0000")
        assert await ask("H0STMKO0", symbols[41]) == ("1", "OPSP0008")
        assert await ask("H0STMKO0", symbols[0], "2") == ("0", "OPSP0001")
        assert await ask("H0STMKO0", symbols[41]) == ("0", "OPSP0000")


async def test_a_second_session_of_a_key_is_refused_and_the_first_goes_on() -> None:
    async with running() as server, socket_to(server) as first, socket_to(server) as second:
        key = await key_of(server)
        await first.send(command(key, "H0STMKO0", "005930"))
        assert (await reply_of(first))["body"]["rt_cd"] == "0"
        await second.send(command(key, "H0STMKO0", "000660"))
        refusal = await reply_of(second)
        await first.send(command(key, "H0STMKO0", "000660"))
        goes_on = await reply_of(first)

    assert refusal["header"] == {"tr_id": "(null)", "tr_key": "", "encrypt": "N"}
    assert (refusal["body"]["rt_cd"], refusal["body"]["msg_cd"]) == ("9", "OPSP8996")
    assert goes_on["body"]["rt_cd"] == "0"


async def test_a_closed_session_frees_its_key_and_its_registrations() -> None:
    async with running() as server:
        key = await key_of(server)
        async with socket_to(server) as first:
            await first.send(command(key, "H0STCNT0", "005930"))
            await reply_of(first)
        async with socket_to(server) as second:
            await second.send(command(key, "H0STMKO0", "005930"))
            assert (await reply_of(second))["body"]["rt_cd"] == "0"
            assert server.hub.symbols_of("H0STCNT0") == []


BAD_MESSAGES = [
    ("not json", "OPSP9999"),
    ("[]", "OPSP9999"),
    ("{}", "OPSP9998"),
    ('{"header":{}}', "OPSP9992"),
    ('{"header":{},"body":{}}', "OPSP9991"),
    ('{"header":{},"body":{"input":{}}}', "OPSP9996"),
    ('{"header":{"approval_key":"none"},"body":{"input":{}}}', "OPSP0011"),
]


@pytest.mark.parametrize(("message", "code"), BAD_MESSAGES)
async def test_bad_messages_are_told_with_a_null_tr_id(message: str, code: str) -> None:
    async with running() as server, socket_to(server) as socket:
        await socket.send(message)
        reply = await reply_of(socket)

    assert reply["header"]["tr_id"] == "(null)"
    assert (reply["body"]["rt_cd"], reply["body"]["msg_cd"]) == ("9", code)


async def listen_only(socket: ClientConnection, messages: int) -> None:
    for _ in range(messages):
        await reply_of(socket)


async def test_pingpong_takes_both_answers_and_drops_the_silent() -> None:
    async with running(ping_seconds=0.05) as server:
        async with socket_to(server) as echoing:
            for _ in range(8):
                ping = await reply_of(echoing)
                assert ping["header"]["tr_id"] == "PINGPONG"
                assert len(ping["header"]["datetime"]) == 14
                await echoing.send(json.dumps(ping))
        async with socket_to(server) as ponging:
            for _ in range(8):
                await ponging.pong(json.dumps(await reply_of(ponging)))
        async with socket_to(server) as silent:
            with pytest.raises(ConnectionClosed):
                await listen_only(silent, 20)


async def test_a_market_order_gives_a_receipt_and_then_its_fill() -> None:
    async with (
        running(is_limited=False) as server,
        socket_to(server) as socket,
        logged_in(server) as client,
    ):
        await socket.send(command(await client.approval(), "H0STCNI0", "MyHtsId"))
        reply = await reply_of(socket)
        answer = await limit_order(client, "2")
        answered = time.perf_counter()
        flag, _, count, payload = await frame_of(socket, "H0STCNI0")
        waited = time.perf_counter() - answered
        key, iv = reply["body"]["output"]["key"], reply["body"]["output"]["iv"]
        receipt = decrypt(key, iv, payload)
        fill = decrypt(key, iv, (await frame_of(socket, "H0STCNI0"))[3])

    assert reply["header"]["encrypt"] == "Y"
    assert (flag, count) == ("1", "001")
    assert waited < 1.0
    assert len(receipt) == len(fill) == 23
    number = answer["output"]["ODNO"]
    assert receipt[:9] == ["MyHtsId", "8765432101", number, "", "02", "0", "01", "0", "005930"]
    assert (receipt[9], receipt[12], receipt[13], receipt[14]) == ("0000000002", "0", "1", "1")
    assert (fill[2], fill[13], fill[16]) == (number, "2", "000000002")
    assert len(fill[10]) == 9
    assert int(fill[10]) > 0


async def test_notices_reach_the_keys_that_use_the_account_on_their_own_host_only() -> None:
    async with (
        running(is_limited=False) as server,
        socket_to(server) as real_socket,
        socket_to(server, "paper_ws") as paper_socket,
        logged_in(server) as real,
        logged_in(server, "paper_rest", PAPER_KEY) as paper,
    ):
        await real_socket.send(command(await real.approval(), "H0STCNI0", "id"))
        await paper_socket.send(command(await paper.approval(), "H0STCNI9", "id"))
        await reply_of(real_socket)
        await reply_of(paper_socket)
        await limit_order(paper, "1")
        frame = await frame_of(paper_socket, "H0STCNI9")
        with pytest.raises(asyncio.TimeoutError):
            await frame_of(real_socket, "H0STCNI0", 0.3)

    assert frame[1] == "H0STCNI9"


async def test_paper_lacks_the_market_status_stream() -> None:
    async with running() as server, socket_to(server, "paper_ws") as socket:
        key = await key_of(server, "paper_rest", PAPER_KEY)
        await socket.send(command(key, "H0STMKO0", "005930"))
        assert (await reply_of(socket))["body"]["msg_cd"] == "OPSP8991"


async def test_an_amendment_and_a_cancellation_are_noticed_with_their_original() -> None:
    async with (
        running(is_limited=False) as server,
        socket_to(server) as socket,
        logged_in(server) as client,
    ):
        await socket.send(command(await client.approval(), "H0STCNI0", "id"))
        output = (await reply_of(socket))["body"]["output"]
        low = (await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)).json()["output"][
            "stck_llam"
        ]
        first = (await limit_order(client, "4", "00", low))["output"]["ODNO"]
        body = {
            **FRESH_ACCOUNT,
            "KRX_FWDG_ORD_ORGNO": "",
            "ORGN_ODNO": first,
            "ORD_DVSN": "00",
            "RVSE_CNCL_DVSN_CD": "02",
            "ORD_QTY": "0",
            "ORD_UNPR": "0",
            "QTY_ALL_ORD_YN": "Y",
        }
        second = (await client.post(f"{TRADING}/order-rvsecncl", "TTTC0013U", body)).json()["output"]["ODNO"]
        notices = [
            decrypt(output["key"], output["iv"], (await frame_of(socket, "H0STCNI0"))[3]) for _ in range(2)
        ]
        while notices[-1][2] != second:
            notices.append(decrypt(output["key"], output["iv"], (await frame_of(socket, "H0STCNI0"))[3]))

    assert (notices[0][2], notices[0][3], notices[0][5]) == (first, "", "0")
    assert (notices[-1][2], notices[-1][3], notices[-1][5]) == (second, first, "2")
