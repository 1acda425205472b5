"""What the session and a shared socket know of each other, from either side of the relay."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal, Protocol

import orjson

from kis_terminal.adapters.kis.feed_relay_wire import Key
from kis_terminal.adapters.kis.reconnect import Ending


class Session(Protocol):
    """What reads this socket."""

    def take_aside(self, message: bytes) -> None:
        """Take a message that did not come by `recv`."""
        ...

    def take_room(self) -> None:
        """Note that a registration has become free."""
        ...

    def give_up(self, ending: Ending) -> None: ...


class SharedSocket(Protocol):
    """A socket that is shared, from either side."""

    def bind(self, session: Session) -> None: ...

    def renewing(self, key: Key) -> None:
        """Note that what is left now will be asked for again: KIS has to make it anew."""
        ...

    async def recv(self, decode: Literal[False]) -> bytes: ...

    async def send(self, message: str) -> None: ...

    async def ping(self) -> Awaitable[float]: ...

    async def close(self) -> None: ...


def command_of(text: str) -> tuple[bool, Key] | None:
    """Return whether a command of the session subscribes, and what; None for a heartbeat's echo."""
    document = orjson.loads(text)
    if "body" not in document:
        return None
    names = document["body"]["input"]
    return document["header"]["tr_type"] == "1", (names["tr_id"], names["tr_key"])


def reply_of(key: Key, code: str, words: str, *, is_ok: bool) -> bytes:
    """Return a reply as KIS would give it."""
    body = {"rt_cd": "0" if is_ok else "1", "msg_cd": code, "msg1": words}
    return orjson.dumps({"header": {"tr_id": key[0], "tr_key": key[1], "encrypt": "N"}, "body": body})


def unsubscribed(key: Key) -> bytes:
    """Return the reply to a program that leaves a registration."""
    return reply_of(key, "OPSP0001", "UNSUBSCRIBE SUCCESS", is_ok=True)
