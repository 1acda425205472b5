"""A small WebSocket server that speaks KIS's stream protocol as a test tells it to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from types import TracebackType

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

KEY = "abcdefghijklmnopabcdefghijklmnop"
IV = "0123456789abcdef"

Greeting = Callable[["StreamServer", ServerConnection], Awaitable[None]]


def reply_text(
    tr_id: str,
    tr_key: str,
    *,
    code: str = "OPSP0000",
    rt_cd: str = "0",
    message: str = "SUBSCRIBE SUCCESS",
    key: str = KEY,
) -> str:
    """Return a reply as KIS writes it."""
    body = {"rt_cd": rt_cd, "msg_cd": code, "msg1": message, "output": {"iv": IV, "key": key}}
    return json.dumps({"header": {"tr_id": tr_id, "tr_key": tr_key, "encrypt": "N"}, "body": body})


def sealed(plain: str, key: str = KEY, iv: str = IV) -> str:
    """Encrypt a notice as KIS does."""
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


class StreamServer:
    """Accept clients on a free port of 127.0.0.1 and answer their commands.

    greeting: what happens right after a client came, e.g. closing it. answers: replies by (TR id, key) for
    what is not to be answered with a success; `None` is no answer at all.
    """

    def __init__(self, greeting: Greeting | None = None) -> None:
        self.greeting = greeting
        self.answers: dict[tuple[str, str], str | None] = {}
        self.commands: list[tuple[str, str, str]] = []
        """(tr_type, TR id, key) of every command, in order."""
        self.approval_keys: list[str] = []
        self.echoes: list[str] = []
        self.clients: list[ServerConnection] = []
        self.connects = 0
        self.notice_key = KEY
        self._server: Server | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> StreamServer:
        self._server = await serve(self._serve, "127.0.0.1", 0, ping_interval=None, close_timeout=0.2)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Return the base address, without a path."""
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}"

    @property
    def paths(self) -> list[str]:
        """Return the paths that the clients asked for."""
        return [client.request.path for client in self.clients if client.request is not None]

    async def send(self, message: str | bytes) -> None:
        """Send to the newest client."""
        await self.clients[-1].send(message)

    async def until(self, is_so: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `is_so()`; looks after every event here and every few milliseconds."""
        async with asyncio.timeout(seconds):
            while not is_so():
                self._changed.clear()
                waiting = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({waiting}, timeout=0.005)
                waiting.cancel()

    async def _serve(self, client: ServerConnection) -> None:
        self.connects += 1
        self.clients.append(client)
        try:
            if self.greeting is not None:
                await self.greeting(self, client)
            async for message in client:
                await self._take(client, str(message))
        except ConnectionClosed:
            return  # tests close connections in every way

    async def _take(self, client: ServerConnection, message: str) -> None:
        document = json.loads(message)
        if document["header"].get("tr_id") == "PINGPONG":
            self.echoes.append(message)
        else:
            tr_type = document["header"]["tr_type"]
            tr_id, tr_key = document["body"]["input"]["tr_id"], document["body"]["input"]["tr_key"]
            self.approval_keys.append(document["header"]["approval_key"])
            self.commands.append((tr_type, tr_id, tr_key))
            answer = self.answers.get((tr_id, tr_key), self._success(tr_type, tr_id, tr_key))
            if answer is not None:
                await client.send(answer)
        self._changed.set()

    def _success(self, tr_type: str, tr_id: str, tr_key: str) -> str:
        if tr_type == "1":
            return reply_text(tr_id, tr_key, key=self.notice_key)
        return reply_text(tr_id, tr_key, code="OPSP0001", message="UNSUBSCRIBE SUCCESS")
