"""Streams of indices, programs, names abroad, futures and options: KIS's columns, the market's figures."""

from __future__ import annotations

import json

import pytest

from kis_terminal.adapters.simulator.reference.records import RecordMaker
from kis_terminal.adapters.simulator.reference.streams import STREAMS
from tests.adapters.simulator.reference_desk import Desk, Json, desk
from tests.adapters.simulator.wire_client import (
    PAPER_KEY,
    command,
    frame_of,
    logged_in,
    reply_of,
    running,
    socket_to,
)
from tests.support.shared import shared_path

KEYS = {
    "H0UPCNT0": "0001",
    "H0UPPGM0": "1001",
    "HDFSCNT0": "DNASAAPL",
    "HDFSASP0": "RBAQAAPL",
    "HDFSASP1": "DHKS00700",
    "H0IFCNT0": "A01612",
    "H0IFASP0": "A01703",
    "H0IOCNT0": "B01612455",
    "H0IOASP0": "C01612450",
}


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(10)
    return found


def maker(market: Desk) -> RecordMaker:
    return RecordMaker(market.venue.reference, lambda: market.now)


def columns(tr_id: str) -> list[str]:
    """Return the documented columns; of the US book the live ones, without the level named twice."""
    known = json.loads(shared_path("kis-api/ws_columns.json").read_text(encoding="utf-8"))
    names = [name.upper() for name in known[tr_id]["columns"]]
    return list(dict.fromkeys(names))


def record(market: Desk, tr_id: str, key: str = "") -> dict[str, str]:
    text = maker(market).record(tr_id, key or KEYS[tr_id])
    return dict(zip(columns(tr_id), text.split("^"), strict=True))


@pytest.mark.parametrize("tr_id", sorted(KEYS))
def test_a_record_has_every_column(market: Desk, tr_id: str) -> None:
    fields = record(market, tr_id)

    assert fields
    assert all(fields.values())


def test_the_index_stream_tells_what_the_call_tells(market: Desk) -> None:
    fields = record(market, "H0UPCNT0")
    price: Json = market.ask(
        "domestic-stock/v1/quotations/inquire-index-price",
        FID_COND_MRKT_DIV_CODE="U",
        FID_INPUT_ISCD="0001",
    )["output"]

    assert fields["PRPR_NMIX"] == price["bstp_nmix_prpr"]
    assert fields["NMIX_HGPR"] == price["bstp_nmix_hgpr"]
    assert fields["ACML_VOL"] == price["acml_vol"]
    assert fields["ASCN_ISSU_CNT"] == price["ascn_issu_cnt"]


def test_program_columns_add_up(market: Desk) -> None:
    fields = record(market, "H0UPPGM0")
    row: Json = market.ask(
        "domestic-stock/v1/quotations/comp-program-trade-today",
        FID_COND_MRKT_DIV_CODE="J",
        FID_MRKT_CLS_CODE="Q",
    )["output"][0]

    for name in ("ARBT_SMTN_NTBY_TR_PBMN", "NABT_SMTN_NTBY_TR_PBMN", "WHOL_NTBY_TR_PBMN"):
        column = "whol_smtn_ntby_tr_pbmn" if name.startswith("WHOL") else name.lower()
        assert abs(int(fields[name]) - int(row[column])) <= 1
    whole = int(fields["WHOL_ENTM_SELN_VOL"]) + int(fields["WHOL_ONSL_SELN_VOL"])
    assert abs(whole - int(fields["TOTAL_SELN_QTY"])) <= 1


def test_the_stream_abroad_tells_what_the_call_tells(market: Desk) -> None:
    fields = record(market, "HDFSCNT0", "DHKS00700")
    price: Json = market.ask("overseas-price/v1/quotations/price", EXCD="HKS", SYMB="00700")["output"]

    assert (fields["LAST"], fields["TVOL"], fields["DIFF"]) == (price["last"], price["tvol"], price["diff"])
    assert int(fields["BIVL"]) + int(fields["ASVL"]) == int(fields["TVOL"])
    assert float(fields["PBID"]) < float(fields["PASK"])


def test_the_futures_stream_tells_what_the_call_tells(market: Desk) -> None:
    fields = record(market, "H0IFCNT0")
    price: Json = market.ask(
        "domestic-futureoption/v1/quotations/inquire-price",
        FID_COND_MRKT_DIV_CODE="F",
        FID_INPUT_ISCD="A01612",
    )["output1"]

    assert fields["FUTS_PRPR"] == price["futs_prpr"]
    assert fields["ACML_VOL"] == price["acml_vol"]
    assert fields["MRKT_BASIS"] == price["mrkt_basis"]
    assert int(fields["SELN_CNTG_SMTN"]) + int(fields["SHNU_CNTG_SMTN"]) == int(fields["ACML_VOL"])


def test_volumes_between_two_records_are_what_came(market: Desk) -> None:
    made = maker(market)
    first = made.record("H0IFCNT0", "A01612").split("^")
    market.pass_time(20)
    second = made.record("H0IFCNT0", "A01612").split("^")

    assert int(second[10]) - int(first[10]) == int(second[9]) > 0


def test_an_expected_index_is_sent_in_auctions_only() -> None:
    market = desk(desk().now.replace(hour=8, minute=55))
    market.pass_time(60)

    fields = record(market, "H0UPANC0", "0001")

    assert float(fields["PRPR_NMIX"]) > 0
    assert maker(desk()).record("H0UPANC0", "0001") == ""


@pytest.mark.parametrize(
    ("tr_id", "key"),
    [
        ("H0UPCNT0", "9999"),
        ("HDFSCNT0", "AAPL"),
        ("HDFSCNT0", "DNASNOPE"),
        ("HDFSASP0", "DHKS00700"),
        ("HDFSASP1", "DNASAAPL"),
        ("H0IFCNT0", "B01612455"),
        ("H0IOCNT0", "A01612"),
        ("H0IFCNT0", "101W09"),
    ],
)
def test_a_key_of_another_stream_or_of_nothing_is_not_known(market: Desk, tr_id: str, key: str) -> None:
    assert not maker(market).knows(tr_id, key)


async def test_frames_come_over_the_socket_and_end_with_the_registration() -> None:
    async with running(seed=7, is_limited=False) as server, logged_in(server) as client:
        approval = await client.approval()
        future = server.venue.reference.derivatives.futures()[0].code
        async with socket_to(server) as socket:
            for tr_id, key in (("H0UPCNT0", "0001"), ("HDFSCNT0", "DNASAAPL"), ("H0IFCNT0", future)):
                await socket.send(command(approval, tr_id, key))
                reply = await reply_of(socket)
                assert reply["body"]["msg_cd"] == "OPSP0000"
                frame = await frame_of(socket, tr_id)
                assert frame[3].split("^")[0] == key
            await socket.send(command(approval, "H0UPCNT0", "nope"))
            refused = await reply_of(socket)
            await socket.send(command(approval, "H0UPCNT0", "0001", "2"))
            ended = await reply_of(socket)

    assert refused["body"]["msg_cd"] == "OPSP8992"
    assert ended["body"]["msg_cd"] == "OPSP0001"


async def test_paper_has_none_of_them() -> None:
    async with running(is_limited=False) as server, logged_in(server, "paper_rest", PAPER_KEY) as client:
        approval = await client.approval()
        async with socket_to(server, "paper_ws") as socket:
            codes = set()
            for tr_id in STREAMS:
                await socket.send(command(approval, tr_id, KEYS.get(tr_id, "0001")))
                codes.add((await reply_of(socket))["body"]["msg_cd"])

    assert codes == {"OPSP8991"}
