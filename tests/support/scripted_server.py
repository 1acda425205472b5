"""A small real HTTP server on loopback that answers what the test wrote down, and misbehaves when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN_PATH = "/oauth2/tokenP"
APPROVAL_PATH = "/oauth2/Approval"


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, str]
    """Decoded JSON; empty for GET."""


@dataclass(frozen=True)
class Reply:
    """What to send. `raw` goes out as it is, then the connection ends."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay: float = 0.0
    ending: str = ""
    """`reset`: no answer, connection reset; `hang`: no answer, connection kept."""


def ok(**blocks: Any) -> Reply:
    """Return a success with these blocks; `tr_cont` becomes the header."""
    continuation = blocks.pop("tr_cont", "")
    body = {"rt_cd": "0", "msg_cd": "MCA00000", "msg1": "정상처리 되었습니다!", **blocks}
    return Reply(200, body, {"tr_cont": continuation})


def refusal(code: str, text: str = "거절", *, status: int = 500, rt_cd: str = "1") -> Reply:
    """Return a failure in KIS's envelope."""
    return Reply(status, {"rt_cd": rt_cd, "msg_cd": code, "msg1": text})


RESET = Reply(ending="reset")
HANG = Reply(ending="hang")
Script = Callable[[Request], Reply]


class ScriptedServer:
    """Answers by path; tokens are given out unless the test says otherwise."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, Script] = {TOKEN_PATH: self._give_token, APPROVAL_PATH: self._give_approval}
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._closing = asyncio.Event()
        self.tokens_given = 0

    @property
    def url(self) -> str:
        """Return the address of the server."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def on(self, path: str, *replies: Reply | Script) -> None:
        """Answer calls whose path ends so: a function for each call, or these replies, the last for ever."""
        if callable(replies[0]):
            self._scripts[path] = replies[0]
            return
        left = [reply for reply in replies if isinstance(reply, Reply)]
        self._scripts[path] = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def count(self, path: str) -> int:
        """Return how many requests came whose path ends so."""
        return sum(request.path.endswith(path) for request in self.requests)

    def _give_token(self, request: Request) -> Reply:
        self.tokens_given += 1
        return Reply(
            200,
            {
                "access_token": f"token-{self.tokens_given}",
                "access_token_token_expired": "2099-01-01 00:00:00",
                "token_type": "Bearer",
                "expires_in": 86400,
            },
        )

    def _give_approval(self, request: Request) -> Reply:
        return Reply(200, {"approval_key": f"approval-{self.count(APPROVAL_PATH)}"})

    async def start(self) -> None:
        """Listen on a free port."""
        self._closing.clear()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        assert self._server is not None
        self._server.close()
        self._closing.set()
        for writer in self._connections.values():
            writer.transport.abort()
        # Not cancelled: a cancelled connection of asyncio's streams is logged as an error on Python 3.11.
        await asyncio.gather(*self._connections)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            del self._connections[task]
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name
        }
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        request = Request(
            method,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers,
            json.loads(content) if content else {},
        )
        self.requests.append(request)
        script = next(
            (self._scripts[path] for path in self._scripts if request.path.endswith(path)),
            lambda _: Reply(404, {"error_code": "404"}),
        )
        return await self._send(writer, script(request))

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.ending == "reset":
            writer.transport.abort()
            return False
        if reply.ending == "hang":
            await self._closing.wait()
            return False
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            return False
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items() if value]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        return True


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """Run a server for the time of a `with` block."""
    server = ScriptedServer()
    await server.start()
    try:
        yield server
    finally:
        await server.close()
