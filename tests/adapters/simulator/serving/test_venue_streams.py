"""The streams of NXT and of both venues: prints, books and halts of the market that is played."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import ClientConnection

from kis_terminal.adapters.kis import frames
from kis_terminal.adapters.kis.catalog import Catalog
from tests.adapters.simulator.wire_client import command, frame_of, logged_in, reply_of, running, socket_to

SYMBOL = "005930"


async def prints_of(
    socket: ClientConnection, tr_ids: set[str], count: int
) -> dict[str, list[tuple[str, ...]]]:
    """Return (time, price, size, volume so far) of prints of several streams, until each has some."""
    found: dict[str, list[tuple[str, ...]]] = {tr_id: [] for tr_id in tr_ids}
    while any(len(rows) < count for rows in found.values()):
        frame = frames.parse(str(await asyncio.wait_for(socket.recv(), 20.0)))
        if isinstance(frame, frames.StreamFrame) and frame.tr_id in tr_ids:
            for row in frames.records(frame.tr_id, frame.payload, frame.record_count):
                found[frame.tr_id].append((row[1], row[2], row[12], row[13]))
    return found


async def test_in_the_main_session_both_venues_show_the_prints_of_the_one_book() -> None:
    wanted = {"H0STCNT0", "H0UNCNT0", "H0NXCNT0"}
    async with running(is_limited=False, speed=20.0) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            for tr_id in sorted(wanted):
                await socket.send(command(approval, tr_id, SYMBOL))
                await reply_of(socket)
            found = await prints_of(socket, wanted, 5)

    last = [set(rows) for rows in found.values()]
    assert last[0] & last[1] & last[2]


@pytest.mark.parametrize("tr_id", ["H0UNASP0", "H0NXASP0"])
async def test_a_book_of_another_venue_has_its_own_columns(tr_id: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            await socket.send(command(approval, tr_id, SYMBOL))
            frame = frames.parse("|".join(await frame_of(socket, tr_id, 15.0)))

    assert isinstance(frame, frames.StreamFrame)
    row = frames.named_records(frame, Catalog().stream(tr_id).layout)[0]
    assert row["MKSC_SHRN_ISCD"] == SYMBOL
    assert int(row["BIDP1"]) < int(row["ASKP1"])
    assert row["KMID_PRC"] == row["NMID_PRC"] == str((int(row["BIDP1"]) + int(row["ASKP1"])) // 2)


async def test_a_halt_is_told_on_every_venue_s_stream_and_the_day_s_phases_are_not_nxts() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            for tr_id in ("H0STMKO0", "H0UNMKO0", "H0NXMKO0"):
                await socket.send(command(approval, tr_id, SYMBOL))
            headers = server.control_headers
            await client.http.post("/control/halts", json={"symbol": SYMBOL}, headers=headers)
            rows: dict[str, list[str]] = {}
            while rows.get("H0NXMKO0", [""] * 4)[3] != "164":
                frame = frames.parse(str(await asyncio.wait_for(socket.recv(), 5.0)))
                if isinstance(frame, frames.StreamFrame):
                    rows[frame.tr_id] = frame.payload.split("^")
                    assert (frame.tr_id, rows[frame.tr_id][3]) != ("H0NXMKO0", "112")

    assert {tr_id: (row[1], row[3], row[10]) for tr_id, row in rows.items()} == {
        "H0STMKO0": ("Y", "164", "1"),
        "H0UNMKO0": ("Y", "164", "1"),
        "H0NXMKO0": ("Y", "164", "2"),
    }
