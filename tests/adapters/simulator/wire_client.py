"""Speak the wire as a client of KIS does: written from the documents, sharing nothing with either adapter."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from websockets.asyncio.client import ClientConnection, connect

from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.server import SimulatorServer

REAL_KEY = "PSreal00000000000000000000000000real"
PAPER_KEY = "PSpaper000000000000000000000000paper"
SECRET = "s" * 180
ACCOUNT = {"CANO": "50000101", "ACNT_PRDT_CD": "01"}
FRESH_ACCOUNT = {"CANO": "87654321", "ACNT_PRDT_CD": "01"}
QUOTATIONS = "/uapi/domestic-stock/v1/quotations"
TRADING = "/uapi/domestic-stock/v1/trading"
STOCK = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}

Json = dict[str, Any]


class RestClient:
    """Call one host with the headers KIS asks for."""

    def __init__(self, base: str, appkey: str) -> None:
        self.http = httpx.AsyncClient(base_url=base, timeout=10, trust_env=False)
        self.appkey = appkey
        self.token = ""

    async def auth(self, path: str, **body: str) -> httpx.Response:
        """Call an auth path with this client's key pair."""
        secret = "secretkey" if path.endswith("Approval") else "appsecret"
        pair = {"appkey": self.appkey, secret: SECRET}
        return await self.http.post(path, json={"grant_type": "client_credentials", **pair, **body})

    async def log_in(self) -> None:
        """Fetch the access token."""
        self.token = (await self.auth("/oauth2/tokenP")).json()["access_token"]

    def headers(self, tr_id: str, **more: str) -> dict[str, str]:
        """Return the usual headers."""
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {self.token}",
            "appkey": self.appkey,
            "appsecret": SECRET,
            "tr_id": tr_id,
            "custtype": "P",
            **more,
        }

    async def get(self, path: str, tr_id: str, parameters: dict[str, str], **headers: str) -> httpx.Response:
        """Send a query."""
        return await self.http.get(path, params=parameters, headers=self.headers(tr_id, **headers))

    async def post(self, path: str, tr_id: str, body: Json, **headers: str) -> httpx.Response:
        """Send an order."""
        return await self.http.post(path, json=body, headers=self.headers(tr_id, **headers))

    async def approval(self) -> str:
        """Fetch a socket approval key."""
        return cast("str", (await self.auth("/oauth2/Approval")).json()["approval_key"])


def command(key: str, tr_id: str, tr_key: str, tr_type: str = "1") -> str:
    """Write a socket command."""
    header = {"approval_key": key, "custtype": "P", "tr_type": tr_type, "content-type": "utf-8"}
    return json.dumps({"header": header, "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}}})


async def reply_of(socket: ClientConnection, seconds: float = 5.0) -> Json:
    """Return the next JSON text; data frames in between are passed over."""
    while True:
        text = await asyncio.wait_for(socket.recv(), seconds)
        assert isinstance(text, str)
        if text.startswith("{"):
            return cast("Json", json.loads(text))


async def frame_of(socket: ClientConnection, tr_id: str, seconds: float = 5.0) -> list[str]:
    """Return flag, TR id, count and payload of the next data frame of a stream."""
    end = time.monotonic() + seconds
    while True:
        text = await asyncio.wait_for(socket.recv(), end - time.monotonic())
        assert isinstance(text, str)
        if text[0] in "01" and text.split("|")[1] == tr_id:
            return text.split("|", 3)


def decrypt(key: str, iv: str, text: str) -> list[str]:
    """Return the fields of an encrypted payload."""
    decryptor = Cipher(algorithms.AES256(key.encode()), modes.CBC(iv.encode())).decryptor()
    plain = decryptor.update(b64decode(text)) + decryptor.finalize()
    return plain[: -plain[-1]].decode().split("^")


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[SimulatorServer]:
    """Run a simulator on free ports."""
    server = SimulatorServer(SimulatorOptions(**options))
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def logged_in(
    server: SimulatorServer, host: str = "rest", appkey: str = REAL_KEY
) -> AsyncIterator[RestClient]:
    """Give a client with a token."""
    client = RestClient(str(server.addresses[host]), appkey)
    try:
        await client.log_in()
        yield client
    finally:
        await client.http.aclose()


@asynccontextmanager
async def socket_to(
    server: SimulatorServer, host: str = "ws", path: str = ""
) -> AsyncIterator[ClientConnection]:
    """Open a socket."""
    async with connect(f"{server.addresses[host]}{path}", ping_interval=None, proxy=None) as socket:
        yield socket
