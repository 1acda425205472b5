"""Faults of REST calls over loopback: what the client meets, and what the ledger says was done."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.adapters.simulator.server import SimulatorServer
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    QUOTATIONS,
    STOCK,
    TRADING,
    RestClient,
    logged_in,
    running,
)

PRICE = f"{QUOTATIONS}/inquire-price"
ORDER = f"{TRADING}/order-cash"
BUY = {**FRESH_ACCOUNT, "PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}


async def quote(client: RestClient) -> httpx.Response:
    return await client.get(PRICE, "FHKST01010100", STOCK)


async def buy(client: RestClient) -> httpx.Response:
    return await client.post(ORDER, "TTTC0012U", BUY)


def accepted(server: SimulatorServer) -> int:
    return sum(entry.kind == "accepted" for entry in server.venue.exchange.ledger.entries)


@pytest.mark.parametrize(
    ("spec", "error", "orders"),
    [
        ("do=drop,seconds=0.1", httpx.TransportError, 0),
        ("do=drop,at=answer,seconds=0.1", httpx.TransportError, 1),
        ("do=drop,at=answer", httpx.ReadTimeout, 1),
        ("do=reset", httpx.TransportError, 0),
        ("do=reset,at=answer", httpx.TransportError, 1),
        ("do=cut,size=40", httpx.RemoteProtocolError, 1),
    ],
)
async def test_an_answer_that_never_comes(spec: str, error: type[Exception], orders: int) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.faults.add(read_rule(f"{spec},path=*/order-cash,nth=1"))
        client.http.timeout = httpx.Timeout(0.4)
        with pytest.raises(error):
            await buy(client)
        assert accepted(server) == orders
        client.http.timeout = httpx.Timeout(5)

        assert (await buy(client)).json()["rt_cd"] == "0"


@pytest.mark.parametrize(
    ("spec", "status", "orders"),
    [
        ("do=raw,status=504", 504, 1),
        ("do=raw,status=502,at=request", 502, 0),
        ("do=raw,status=500,text= ", 500, 1),
        ("do=status,status=500", 500, 1),
        ("do=error,code=EGW00201", 500, 0),
        ("do=error,code=EGW00302,at=answer", 500, 1),
        ("do=truncate,size=40", 200, 1),
        ("do=blank,fields=ODNO", 200, 1),
        ("do=omit,fields=ODNO+ORD_TMD", 200, 1),
    ],
)
async def test_an_answer_that_is_not_the_exchanges(spec: str, status: int, orders: int) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.faults.add(read_rule(f"{spec},tr=TTTC0012U"))
        response = await buy(client)

        assert (response.status_code, accepted(server)) == (status, orders)
        if "error" in spec:
            assert response.json()["msg_cd"] == spec.partition("code=")[2].partition(",")[0]
            assert response.json()["msg1"]
        elif "raw" in spec:
            assert response.headers["content-type"].startswith("text/html")
        elif "truncate" in spec:
            assert len(response.content) == 40
        elif "blank" in spec:
            assert response.json()["output"]["ODNO"] == ""
        elif "omit" in spec:
            assert set(response.json()["output"]) == {"KRX_FWDG_ORD_ORGNO"}
        assert (await quote(client)).json()["rt_cd"] == "0"


@pytest.mark.parametrize("at", ["request", "answer"])
async def test_a_delay(at: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.faults.add(read_rule(f"do=delay,seconds=0.15,at={at},path=*/inquire-price"))
        started = time.monotonic()

        assert (await quote(client)).json()["rt_cd"] == "0"
        assert time.monotonic() - started >= 0.15


async def test_rules_of_the_command_line_hold_from_the_start() -> None:
    rule = read_rule("do=error,code=EGW00300,path=*/inquire-price,nth=1")
    async with running(faults=(rule,)) as server, logged_in(server) as client:
        assert [(await quote(client)).status_code for _ in range(2)] == [500, 200]


async def test_only_the_host_that_is_meant() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.faults.add(read_rule("do=error,code=EGW00002,host=paper"))

        assert (await quote(client)).status_code == 200


async def test_the_end_does_not_wait_for_a_held_call() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        server.venue.faults.add(read_rule("do=drop,path=*/inquire-price"))
        held = asyncio.create_task(quote(client))
        while not server.venue.log.events("fault"):
            await asyncio.sleep(0.005)
        started = time.monotonic()
        await server.close()

        assert time.monotonic() - started < 2
        with pytest.raises(httpx.TransportError):
            await held
