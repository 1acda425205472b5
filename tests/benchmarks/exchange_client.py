"""Lean clients of the exchange for its benchmarks: they must cost less than what they measure.

Plain sockets over asyncio: HTTP/1.1 with keep-alive, and WebSocket frames that are counted, not decoded.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))
SECRET = "s" * 180
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    """Return the memory of a process that is in RAM now (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Caller:
    """One keep-alive connection that sends whole requests and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def to(cls, url: str) -> Caller:
        """Connect."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, parts.netloc)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, bytes]:
        """Send one request; return status and body of its answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + 15
        length = int(head[at : head.index(b"\r\n", at)])
        return int(head[9:12]), await self._reader.readexactly(length)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


@dataclass(frozen=True)
class Login:
    """An app key with its token and approval key."""

    rest: str
    ws: str
    appkey: str
    token: str
    approval: str

    @classmethod
    async def at(cls, rest: str, ws: str, name: str) -> Login:
        """Log in under an app key of that name."""
        caller = await Caller.to(rest)
        appkey = f"PS{name}".ljust(36, "0")
        answers = []
        for path, secret in (("/oauth2/tokenP", "appsecret"), ("/oauth2/Approval", "secretkey")):
            body = {"grant_type": "client_credentials", "appkey": appkey, secret: SECRET}
            _, answer = await caller.send(
                "POST", path, {"Content-Type": "application/json"}, json.dumps(body).encode()
            )
            answers.append(json.loads(answer))
        await caller.close()
        return cls(rest, ws, appkey, answers[0]["access_token"], answers[1]["approval_key"])

    def headers(self, tr_id: str) -> dict[str, str]:
        """Return the headers of a call."""
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {self.token}",
            "appkey": self.appkey,
            "appsecret": SECRET,
            "tr_id": tr_id,
            "custtype": "P",
        }

    def command(self, tr_id: str, tr_key: str) -> str:
        """Return the command that starts a stream."""
        header = {
            "approval_key": self.approval,
            "custtype": "P",
            "tr_type": "1",
            "content-type": "utf-8",
        }
        return json.dumps({"header": header, "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}}})


class Listener(asyncio.Protocol):
    """A WebSocket that counts data frames, their records and bytes; it answers PINGPONG and nothing else.

    With `on_text` every text is decoded and handed on, which costs more.
    """

    def __init__(self, path: str, on_text: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._on_text = on_text
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._is_open = False
        self.opened = asyncio.get_running_loop().create_future()
        self.frames = self.records = self.octets = 0
        self.is_lost = False

    @classmethod
    async def to(cls, url: str, on_text: Callable[[str], None] | None = None) -> Listener:
        """Connect and upgrade."""
        parts = urlsplit(url)
        _, listener = await asyncio.get_running_loop().create_connection(
            lambda: cls(parts.path or "/", on_text), parts.hostname, parts.port
        )
        await listener.opened
        return listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            (
                f"GET {self._path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count what is whole."""
        buffer = self._buffer
        buffer += data
        if not self._is_open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._is_open = True
            del buffer[: end + 4]
            self.opened.set_result(None)
        at, have = 0, len(buffer)
        while have - at >= 2:
            length, head = buffer[at + 1], 2
            if length == 126:
                length, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
            start = at + head
            if have < start + length:
                break
            kind = buffer[start] if length else 0
            if kind in b"01":
                self.frames += 1
                self.octets += length
                if self._on_text is None:
                    self.records += int(buffer[start + 11 : start + 14])
            elif b"PINGPONG" in buffer[start : start + length]:
                self.send(buffer[start : start + length].decode())
            if self._on_text is not None:
                self._on_text(buffer[start : start + length].decode())
            at = start + length
        del buffer[:at]

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the server has ended it."""
        self.is_lost = True

    def send(self, text: str) -> None:
        """Send a text, masked with zeros."""
        assert self._transport is not None
        payload = text.encode()
        head = bytes([0x81])
        head += (
            bytes([0x80 | len(payload)])
            if len(payload) < 126
            else bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
        )
        self._transport.write(head + bytes(4) + payload)

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.abort()


@asynccontextmanager
async def exchange(*words: str) -> AsyncIterator[Any]:
    """Run the exchange in a process of its own, without limits; gives its addresses."""
    from kis_terminal.adapters.simulator.process import ExchangeProcess

    child = ExchangeProcess(["--limits", "off", *words])
    try:
        yield await child.ready()
    finally:
        child.stop()


@asynccontextmanager
async def peer(script: str, *words: object) -> AsyncIterator[tuple[int, int]]:
    """Run a script's own peer in a process as nice as the exchange; gives its port and process id."""
    child = subprocess.Popen(
        [sys.executable, script, "--peer", *map(str, words)],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.nice(5),
    )
    try:
        assert child.stdout is not None
        port = int(await asyncio.to_thread(child.stdout.readline))
        yield port, child.pid
    finally:
        child.terminate()
        child.wait()
