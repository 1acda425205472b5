"""The control side: who is let in, and what it changes."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from kis_terminal.adapters.simulator.server import SimulatorServer, write_ready_file
from tests.adapters.simulator.wire_client import (
    PAPER_KEY,
    QUOTATIONS,
    STOCK,
    TRADING,
    RestClient,
    logged_in,
    running,
)

PRICE = (f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)


async def ask(
    server: SimulatorServer, client: RestClient, path: str, body: Any = None, method: str = ""
) -> httpx.Response:
    return await client.http.request(
        method or ("GET" if body is None else "POST"),
        f"/control{path}",
        json=body,
        headers=server.control_headers,
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "own", "host": "evil.example"}, 403),
        ({"authorization": "own", "host": "127.0.0.1.evil.example:80"}, 403),
        ({"authorization": "own", "origin": "http://evil.example"}, 403),
        ({"authorization": "own", "origin": "null"}, 403),
        ({"authorization": "own", "origin": "http://127.0.0.1:1"}, 403),
        ({"authorization": "own"}, 200),
    ],
)
async def test_only_who_has_the_token_and_is_no_web_page(headers: dict[str, str], status: int) -> None:
    async with running() as server, logged_in(server) as client:
        if headers.get("authorization") == "own":
            headers = {**headers, **server.control_headers}
        for path in ("/control", "/control/ledger", "/control/faults", "/control/log"):
            assert (await client.http.get(path, headers=headers)).status_code == status


@pytest.mark.parametrize("name", ["host", "origin"])
async def test_no_other_page_reaches_the_market_either(name: str) -> None:
    async with running() as server, logged_in(server) as client:
        headers = client.headers(
            "FHKST01010100", **{name: "http://evil.example" if name == "origin" else "evil"}
        )
        answer = await client.http.get(PRICE[0], params=STOCK, headers=headers)
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(str(server.addresses["ws"]), origin=Origin("http://evil.example"), proxy=None):
                raise AssertionError("let in")

    assert answer.status_code == 403


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights elsewhere")
def test_nobody_else_reads_the_token(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_ready_file(tmp_path / "ready.json", {"control_token": "secret"})
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600


async def test_faults_are_added_listed_and_cleared() -> None:
    async with running() as server, logged_in(server) as client:
        added = await ask(
            server, client, "/faults", {"do": "error", "code": "EGW00300", "path": "*/inquire-price"}
        )
        broken = await client.get(*PRICE)
        listed = (await ask(server, client, "/faults")).json()
        wrong = await ask(server, client, "/faults", {"do": "explode"})
        cleared = (await ask(server, client, f"/faults?id={added.json()['id']}", method="DELETE")).json()
        whole = await client.get(*PRICE)
        log = (await ask(server, client, "/log?kind=fault")).json()

    assert (broken.status_code, broken.json()["msg_cd"]) == (500, "EGW00300")
    assert (listed[0]["fired"], cleared, whole.status_code) == (1, {"cleared": 1}, 200)
    assert (wrong.status_code, "explode" in wrong.json()["error"]) == (400, True)
    assert [event["do"] for event in log] == ["error"]


async def test_tokens_are_revoked_expired_and_asked_for_again() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        expired = (await ask(server, client, "/tokens", {"action": "expire"})).json()
        first = (await client.get(*PRICE)).json()["msg_cd"]
        early = (await client.auth("/oauth2/tokenP")).json()["error_code"]
        await ask(server, client, "/tokens", {"action": "forgive", "appkey": client.appkey})
        await client.log_in()
        renewed = (await client.get(*PRICE)).json()["rt_cd"]
        await ask(server, client, "/tokens", {"action": "revoke", "appkey": "another"})
        untouched = (await client.get(*PRICE)).json()["rt_cd"]
        await ask(server, client, "/tokens", {"action": "revoke", "appkey": client.appkey})
        gone = (await client.get(*PRICE)).json()["msg_cd"]

    assert (expired, first, early) == ({"changed": 1}, "EGW00123", "EGW00133")
    assert (renewed, untouched, gone) == ("0", "0", "EGW00121")


async def test_limits_change_while_it_runs() -> None:
    async with running() as server, logged_in(server) as client:
        answer = await ask(server, client, "/limits", {"host": "real", "calls_per_second": 1})
        codes = [(await client.get(*PRICE)).json()["msg_cd"] for _ in range(3)]
        await ask(server, client, "/limits", {"enabled": False})
        free = [(await client.get(*PRICE)).json()["rt_cd"] for _ in range(30)]
        wrong = [
            (await ask(server, client, "/limits", body)).status_code
            for body in (
                {"calls_per_second": 1},
                {"host": "sim", "calls_per_second": 1},
                {"host": "real", "calls_per_second": -1},
                {"host": "real", "calls_per_second": "1"},
                {"host": "real", "calls": 1},
                {"enabled": "no"},
                {"hts_ids": "tester"},
            )
        ]

    assert answer.json()["real"]["calls_per_second"] == 1
    assert codes == ["MCA00000", "EGW00201", "EGW00201"]
    assert set(free) == {"0"}
    assert set(wrong) == {400}


async def test_the_ledger_has_a_limit_of_its_own_for_each_account() -> None:
    async with running() as server, logged_in(server) as client:
        await ask(server, client, "/limits", {"host": "real", "account_calls_per_second": 2})
        query = {"PDNO": "005930", "ORD_UNPR": "", "ORD_DVSN": "01", "CMA_EVLU_AMT_ICLD_YN": "N"}
        path, tr_id = f"{TRADING}/inquire-psbl-order", "TTTC8908R"
        answers = [
            await client.get(
                path, tr_id, {"CANO": number, "ACNT_PRDT_CD": "01", "OVRS_ICLD_YN": "N", **query}
            )
            for number in ("50000101", "50000101", "50000101", "50000102")
        ]
        quote = await client.get(*PRICE)

    assert [answer.status_code for answer in answers] == [200, 200, 500, 200]
    assert answers[2].json()["msg_cd"] == "EGW00215"
    assert quote.status_code == 200


async def test_the_clock_goes_forward_only() -> None:
    async with running() as server, logged_in(server) as client:
        now = server.venue.now()
        back = await ask(server, client, "/clock", {"now": (now - timedelta(hours=1)).isoformat()})
        ahead = await ask(
            server, client, "/clock", {"now": (now + timedelta(minutes=2)).isoformat(), "speed": 20}
        )
        first = server.venue.now()
        await asyncio.sleep(0.05)

        assert (back.status_code, ahead.status_code) == (400, 200)
        assert first - now >= timedelta(minutes=2)
        assert server.venue.now() - first >= timedelta(seconds=1)
        for body in ({"speed": 0}, {"now": "noon"}, {"now": "2026-11-20T09:00:00"}, {"then": 1}):
            assert (await ask(server, client, "/clock", body)).status_code == 400


async def test_the_log_tells_calls_and_keeps_no_secret() -> None:
    async with running(is_limited=False) as server:
        async with logged_in(server) as client, logged_in(server, "paper_rest", PAPER_KEY) as other:
            await client.get(*PRICE)
            await other.get(*PRICE)
            text = (await ask(server, client, "/log?kind=request")).text
            events = (await ask(server, client, "/log?kind=request")).json()
            later = (await ask(server, client, f"/log?since={events[-1]['sequence']}")).json()

        assert [(event["host"], event["status"]) for event in events[-2:]] == [("real", 200), ("paper", 200)]
        assert events[-2]["key"] != events[-1]["key"]
        assert later == []
        assert client.appkey not in text
        assert client.token not in text
