"""Let sockets go wrong as the fault plan says: what is sent on them, and the connections themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.protocol import State

from kis_terminal.adapters.simulator.control.faults import FaultPlan, FaultRule
from kis_terminal.adapters.simulator.serving.rest_server import reset_transport
from kis_terminal.adapters.simulator.serving.session import PongingConnection, Session
from kis_terminal.adapters.simulator.wire.crypto import SessionCipher

_REORDER_SECONDS = 1.0
_SHAPING = ("key", "count", "columns")
"""What changes a notice before it is sealed."""


class FaultLine:
    """Send texts on sockets, through the plan; without rules of its place a text goes straight out."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._timers: set[asyncio.TimerHandle] = set()
        self._held: dict[ServerConnection, list[str]] = {}

    def watches(self, on: str) -> bool:
        """Return whether there are rules of the place."""
        return self._plan.watches(on)

    def close(self) -> None:
        """Forget what waits to be sent."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()

    def send(self, connection: ServerConnection, text: str, on: str, tr: str, key: str) -> None:
        """Send one text, or what the rules make of it."""
        host = connection.host if isinstance(connection, PongingConnection) else ""
        only = tuple(_UNSHAPED) if text.startswith("1|") else ()
        rules = self._plan.fire(on, host, tr=tr, key=key, only=only) if self._plan.watches(on) else []
        texts: list[str | bytes] = [text]
        wait = 0.0
        for rule in rules:
            if rule.do == "delay":
                wait += rule.seconds
            elif rule.do == "reorder":
                self._hold(connection, text, rule)
                texts = []
            elif rule.do in ("close", "reset", "silence"):
                end_connection(connection, rule)
                return
            else:
                texts = [changed for one in texts for changed in _changed(one, rule)]
        if wait:
            self._later(wait, lambda: _write(connection, texts))
            return
        _write(connection, texts)
        if texts and connection in self._held:
            self._release(connection)

    def seal(self, session: Session, tr: str, key: str, record: str) -> tuple[str, str]:
        """Return the number of records that a notice's frame tells, and its payload sealed."""
        cipher, number = session.cipher, "001"
        if self._plan.watches("frame"):
            for rule in self._plan.fire("frame", session.personality.name, tr=tr, key=key, only=_SHAPING):
                if rule.do == "key":
                    cipher = SessionCipher.new()
                elif rule.do == "count":
                    number = f"{rule.size:03d}"
                else:
                    record = _with_columns(record, rule.size)
        return number, cipher.encrypt(record)

    def _hold(self, connection: ServerConnection, text: str, rule: FaultRule) -> None:
        """Keep a text until another has gone out on the same socket."""
        self._held.setdefault(connection, []).append(text)
        self._later(rule.seconds or _REORDER_SECONDS, lambda: self._release(connection))

    def _release(self, connection: ServerConnection) -> None:
        _write(connection, self._held.pop(connection, ()))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)


_UNSHAPED = frozenset({"delay", "drop", "duplicate", "reorder", "close", "reset", "silence", "raw"})


def end_connection(connection: ServerConnection, rule: FaultRule) -> None:
    """Close a socket in order, reset it, or leave it half-open: it stays and says nothing any more."""
    if rule.do == "close":
        if connection.protocol.state is State.OPEN:  # the next frame meets a socket that is closing already
            connection.protocol.send_close(int(rule.code or 1000))
            connection.send_data()
    elif rule.do == "reset":
        reset_transport(connection.transport)
    elif isinstance(connection, PongingConnection):
        connection.is_silent = True


def _changed(text: str | bytes, rule: FaultRule) -> list[str | bytes]:
    """Return what is sent in place of a text."""
    if rule.do == "drop":
        return []
    if rule.do == "duplicate":
        return [text] * (max(0, rule.size) or 2)
    if rule.do == "raw":
        # A text, so many bytes of binary, or an empty message.
        return [rule.text if rule.text or not rule.size else bytes(abs(rule.size))]
    parts = text.split("|", 3) if isinstance(text, str) else []
    if len(parts) != 4:
        return [text]
    if rule.do == "count":
        parts[2] = f"{rule.size:03d}"
    else:
        parts[3] = _all_with_columns(parts[3], int(parts[2]), rule.size)
    return ["|".join(parts)]


def _all_with_columns(payload: str, records: int, more: int) -> str:
    """Return the records of a payload, each longer or shorter by some columns."""
    columns = payload.split("^")
    width = len(columns) // max(1, records)
    starts = range(0, width * records, width) if width else ()
    return "^".join(_with_columns("^".join(columns[start : start + width]), more) for start in starts)


def _with_columns(record: str, more: int) -> str:
    columns = record.split("^")
    return "^".join(columns[:more] if more < 0 else [*columns, *["0"] * more])


def _write(connection: ServerConnection, texts: Iterable[str | bytes]) -> None:
    for text in texts:
        broadcast({connection}, text)
