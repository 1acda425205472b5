"""A client connected to a server that answers by script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kis_terminal.adapters.kis.client import KisClient, Patience
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from tests.adapters.kis.access import NO_LIMIT, QUICK, access_to
from tests.support.scripted_server import (
    Reply,
    ScriptedServer,
    ok,
    scripted_server,
)

PRICE, ORDER, CHANGE = "inquire-price", "order-cash", "order-rvsecncl"
BALANCE, LISTING, HOLIDAY = "inquire-balance", "inquire-daily-ccld", "chk-holiday"
ASKED = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
BUY = {"PDNO": "005930", "ORD_DVSN": "00", "ORD_QTY": "1", "ORD_UNPR": "70000"}
TAKEN = ok(output={"KRX_FWDG_ORD_ORGNO": "06010", "ODNO": "0001569157", "ORD_TMD": "155211"})
GATEWAY_PAGE = Reply(504, b"<html>504 Gateway Time-out</html>")
CUT_JSON = Reply(
    raw=b'HTTP/1.1 200 OK\r\ncontent-length: 20\r\ncontent-type: application/json\r\n\r\n{"rt_cd":"0","msg_cd'
)
CUT_BODY = Reply(raw=b'HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{"rt_cd":"0"')
HALF_HEAD = Reply(raw=b"HTTP/1.1 200")


@asynccontextmanager
async def connected(
    environment: Environment = Environment.REAL,
    limits: Limits = NO_LIMIT,
    patience: Patience = QUICK,
) -> AsyncIterator[tuple[KisClient, ScriptedServer]]:
    async with scripted_server() as server:
        client = KisClient(
            access_to(server.url, environment), SystemClock(), limits=limits, patience=patience, seed=1
        )
        try:
            yield client, server
        finally:
            await client.close()


async def ask_price(client: KisClient) -> str:
    result = await client.call("domestic_stock.inquire_price", **ASKED)
    return result.first.record("output").text("stck_prpr")


async def buy(client: KisClient) -> None:
    api = client.catalog.api("domestic_stock.order_cash")
    await client.request(api, BUY, priority=Priority.ORDER, selectors={"side": "buy"})


def page(number: int, *, more: bool, rows: int = 2) -> Reply:
    return ok(
        tr_cont="M" if more else "D",
        ctx_area_fk100="12345678^01^".ljust(100),
        ctx_area_nk100=f"{number:04d}".ljust(100),
        output1=[{"odno": f"{number}{index}"} for index in range(rows)],
        output2={"tot_ord_qty": "1"},
    )


LISTED = {
    "INQR_STRT_DT": "20261122",
    "INQR_END_DT": "20261122",
    "SLL_BUY_DVSN_CD": "00",
    "CCLD_DVSN": "00",
    "INQR_DVSN": "01",
    "INQR_DVSN_3": "00",
}
