"""Every stream of KIS over loopback: who may have it, and frames that the adapter's own parser reads."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from kis_terminal.adapters.kis import frames
from kis_terminal.adapters.kis.catalog import Catalog, Stream
from kis_terminal.adapters.simulator.synthetic import streams as synthetic_streams
from tests.adapters.simulator.reference_desk import contract_code
from tests.adapters.simulator.wire_client import PAPER_KEY, command, logged_in, reply_of, running, socket_to
from tests.support.shared import shared_path

QUIET = {
    "H0STCNT0",
    "H0STASP0",
    "H0STMKO0",
    "H0UNCNT0",
    "H0UNASP0",
    "H0UNMKO0",
    "H0NXCNT0",
    "H0NXASP0",
    "H0NXMKO0",
    "H0UPANC0",
}
"""Real streams: what they say depends on the market."""


def key_of(stream: Stream) -> str:
    if stream.real_tr_id.startswith(("H0IF", "H0IO")) and not stream.encrypted:
        return contract_code("O" if stream.real_tr_id.startswith("H0IO") else "F")
    if stream.key_meaning == "HTS ID":
        return "tester"
    if stream.real_tr_id.startswith(("H0ST", "H0NX", "H0UN")):
        return "069500" if stream.real_tr_id == "H0STNAV0" else "005930"
    return stream.key_examples[0]


def streams() -> list[Stream]:
    found = list(Catalog().streams())
    assert len(found) == 60
    return found


async def subscribe(socket: ClientConnection, approval: str, tr_id: str, tr_key: str) -> dict[str, Any]:
    await socket.send(command(approval, tr_id, tr_key))
    return await reply_of(socket)


async def read_frames(socket: ClientConnection, wanted: set[str]) -> dict[str, frames.StreamFrame]:
    """Return the first frame of each wanted stream, as far as they come within some seconds."""
    found: dict[str, frames.StreamFrame] = {}
    end = asyncio.get_running_loop().time() + 6.0
    while wanted - set(found):
        try:
            text = await asyncio.wait_for(socket.recv(), end - asyncio.get_running_loop().time())
        except TimeoutError:
            break
        frame = frames.parse(str(text))
        if isinstance(frame, frames.StreamFrame):
            found.setdefault(frame.tr_id, frame)
    return found


async def test_every_stream_is_accepted_and_sends_frames_of_its_own_columns() -> None:
    expected = json.loads(shared_path("kis-api/ws_columns.json").read_text(encoding="utf-8"))
    rows = streams()
    open_rows = [stream for stream in rows if not stream.encrypted]
    sources = {}
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.limits["real"].change({"registrations": 100})
        approval = await client.approval()
        async with socket_to(server) as socket:
            refused = [
                (stream.real_tr_id, reply["body"]["msg_cd"])
                for stream in rows
                if (reply := await subscribe(socket, approval, stream.real_tr_id, key_of(stream)))["body"][
                    "rt_cd"
                ]
                != "0"
            ]
            found = await read_frames(socket, {stream.real_tr_id for stream in open_rows} - QUIET)
        answer = await client.http.get("/control/calls", headers=server.control_headers)
        sources = answer.json()["streams"]

    assert refused == []
    silent, wrong = [], []
    for stream in open_rows:
        tr_id = stream.real_tr_id
        if sources[tr_id]["source"] == "real":
            continue
        if tr_id not in found:
            silent.append(tr_id)
            continue
        frame = found[tr_id]
        records = frames.records(tr_id, frame.payload, frame.record_count)
        names = frames.named_records(frame, stream.layout)[0]
        width = len(expected[tr_id]["columns"]) if tr_id in expected else 11
        if tr_id != "HDFSASP0" and len(records[0]) != width:
            wrong.append(f"{tr_id}: {len(records[0])} columns and not {width}")
        if len(records[0]) not in stream.widths or any(name.startswith("UNNAMED") for name in names):
            wrong.append(f"{tr_id}: unknown width {len(records[0])}")
        if sources[tr_id]["frames"] < 1:
            wrong.append(f"{tr_id}: not counted")
    assert silent == []
    assert wrong == []


async def test_notices_of_what_is_not_played_are_sealed_and_silent() -> None:
    sealed = [stream for stream in streams() if stream.encrypted and stream.real_tr_id != "H0STCNI0"]
    async with running(is_limited=False) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            replies = [await subscribe(socket, approval, one.real_tr_id, "tester") for one in sealed]
            wrong = await subscribe(socket, approval, "H0IFCNI0", "not an id!")

    assert len(sealed) == 6
    assert {reply["header"]["encrypt"] for reply in replies} == {"Y"}
    assert all(len(reply["body"]["output"]["key"]) == 32 for reply in replies)
    assert wrong["body"]["msg_cd"] == "OPSP0017"


async def test_paper_has_its_five_streams_only() -> None:
    rows = streams()
    async with running(is_limited=False) as server, logged_in(server, "paper_rest", PAPER_KEY) as client:
        approval = await client.approval()
        async with socket_to(server, "paper_ws") as socket:
            codes = {
                stream.id: (
                    await subscribe(socket, approval, stream.paper_tr_id or stream.real_tr_id, key_of(stream))
                )["body"]["msg_cd"]
                for stream in rows
            }

    assert {name for name, code in codes.items() if code == "OPSP0000"} == {
        stream.id for stream in rows if stream.paper_supported
    }
    assert set(codes.values()) == {"OPSP0000", "OPSP8991"}


@pytest.mark.parametrize(
    ("tr_id", "tr_key"), [("H0UNPGM0", "999999"), ("HDFFF020", "a b"), ("H0NXMBC0", "*")]
)
async def test_a_key_that_names_nothing_is_refused(tr_id: str, tr_key: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client, socket_to(server) as socket:
        reply = await subscribe(socket, await client.approval(), tr_id, tr_key)

    assert reply["body"]["msg_cd"] == "OPSP8992"


async def test_a_made_up_stream_tells_the_market_s_own_price_and_ends_with_its_registration() -> None:
    async with running(is_limited=False, load_ticks=1) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            await subscribe(socket, approval, "H0STANC0", "005930")
            frame = (await read_frames(socket, {"H0STANC0"}))["H0STANC0"]
            await socket.send(command(approval, "H0STANC0", "005930", "2"))
            reply = await reply_of(socket)
            await asyncio.sleep(synthetic_streams.FRAME_SECONDS + 0.3)
            sent = server.venue.usage.frames["H0STANC0"]
            last = server.venue.exchange.quote("005930").last
            receivers = server.hub.receivers_of("H0STANC0", "005930")

    fields = frames.records(frame.tr_id, frame.payload, frame.record_count)[0]
    assert (fields[0], fields[2]) == ("005930", str(last))
    assert reply["body"]["msg_cd"] == "OPSP0001"
    assert (sent, receivers) == (1, frozenset())
