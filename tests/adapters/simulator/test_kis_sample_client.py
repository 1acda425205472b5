"""Read answers and frames the way KIS's own sample client does (kis_auth.py of its public repository).

Its habits, in our words: header and body keys become attributes of a named tuple; `tr_cont` is always asked
for; a reply's `encrypt` decides whether frames are decrypted; frames are read by pandas.
"""

from __future__ import annotations

import json
from collections import namedtuple
from io import StringIO
from typing import Any

import httpx
import pandas as pd

from tests.adapters.simulator.handlers.test_http_fields import BALANCE
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    QUOTATIONS,
    REAL_KEY,
    SECRET,
    STOCK,
    TRADING,
    command,
    decrypt,
    frame_of,
    logged_in,
    reply_of,
    running,
    socket_to,
)


def attributes(name: str, values: dict[str, Any]) -> Any:
    return namedtuple(name, values.keys())(**values)  # type: ignore[misc]


def read(response: httpx.Response) -> tuple[Any, Any]:
    # The sample sees header names as they were sent: httpx would give them all in lower case.
    raw = {name.decode(): value.decode() for name, value in response.headers.raw}
    header = attributes("header", {name: value for name, value in raw.items() if name.islower()})
    return header, attributes("body", response.json())


async def test_its_token_request_and_quote() -> None:
    async with (
        running() as server,
        httpx.AsyncClient(base_url=str(server.addresses["rest"]), trust_env=False) as http,
    ):
        base = {
            "Content-Type": "application/json",
            "Accept": "text/plain",
            "charset": "UTF-8",
            "User-Agent": "x",
        }
        pair = {"grant_type": "client_credentials", "appkey": REAL_KEY, "appsecret": SECRET}
        token = attributes(
            "res", (await http.post("/oauth2/tokenP", content=json.dumps(pair), headers=base)).json()
        ).access_token
        headers = base | {"authorization": f"Bearer {token}", "appkey": REAL_KEY, "appsecret": SECRET}
        headers |= {"tr_id": "FHKST01010100", "custtype": "P", "tr_cont": ""}
        header, body = read(await http.get(f"{QUOTATIONS}/inquire-price", params=STOCK, headers=headers))

    assert (header.tr_cont, body.rt_cd) == ("", "0")
    assert len(pd.DataFrame(body.output, index=[0])) == 1


async def test_its_paging_loop_over_the_balance() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        header, body = read(await client.get(f"{TRADING}/inquire-balance", "TTTC8434R", BALANCE, tr_cont=""))

    assert header.tr_cont not in ("M", "F")
    assert len(pd.DataFrame(body.output1)) >= 1
    assert len(pd.DataFrame(body.output2)) == 1
    assert body.ctx_area_fk100.strip()


async def test_its_socket_loop_reads_replies_frames_and_notices() -> None:
    async with (
        running(is_limited=False) as server,
        logged_in(server) as client,
        socket_to(server, path="/tryitout") as socket,
    ):
        key = await client.approval()
        await socket.send(command(key, "H0STCNT0", "005930"))
        plain = await reply_of(socket)
        await socket.send(command(key, "H0STCNI0", "hts"))
        notices = await reply_of(socket)
        body = {**FRESH_ACCOUNT, "PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}
        body |= {"EXCG_ID_DVSN_CD": "KRX", "SLL_TYPE": "", "CNDT_PRIC": ""}
        await client.post(f"{TRADING}/order-cash", "TTTC0012U", body)
        _, _, _, payload = await frame_of(socket, "H0STCNI0")
        _, _, count, trades = await frame_of(socket, "H0STCNT0", 20)

    assert (plain["header"]["encrypt"], notices["header"]["encrypt"]) == ("N", "Y")
    output = notices["body"]["output"]
    assert decrypt(output["key"], output["iv"], payload)[0] == "hts"
    frame = pd.read_csv(StringIO(trades), header=None, sep="^", dtype=object)
    assert frame.shape == (1, 47 * int(count))
