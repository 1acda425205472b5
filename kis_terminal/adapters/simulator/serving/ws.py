"""Serve the socket side of one host: commands, replies, PINGPONG.

One session per app key, 41 registrations a session; replies name TR id and key, there is no request id.
Source: KIS documents and live captures as noted in docs/kis-api.md.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from kis_terminal.adapters.simulator.control.fault_line import end_connection
from kis_terminal.adapters.simulator.control.faults import FaultRule
from kis_terminal.adapters.simulator.control.wire_log import key_mark
from kis_terminal.adapters.simulator.reference.streams import STREAMS as REFERENCE_STREAMS
from kis_terminal.adapters.simulator.serving.loopback import is_loopback_host, is_loopback_origin
from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.serving.session import PongingConnection, Session
from kis_terminal.adapters.simulator.serving.stream_hub import StreamHub
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.crypto import SessionCipher

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.synthetic.table import StreamSpec

PING_SECONDS = 10.0
UNANSWERED_PINGS = 3
"""A socket that has left so many PINGPONG without an answer is dropped."""

_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "OPSP0000": "SUBSCRIBE SUCCESS",
        "OPSP0001": "UNSUBSCRIBE SUCCESS",
        "OPSP0002": "ALREADY IN SUBSCRIBE",
        "OPSP0003": "UNSUBSCRIBE ERROR(not found!)",
        "OPSP0008": "MAX SUBSCRIBE OVER",
        "OPSP0011": "invalid approval : NOT FOUND",
        "OPSP0017": "invalid htsid",
        "OPSP8991": "SUBSCRIBE ERROR : invalid tr_id",
        "OPSP8992": "SUBSCRIBE ERROR : invalid tr_key",
        "OPSP8996": "ALREADY IN USE appkey",
        "OPSP8997": "JSON PARSING ERROR : invalid tr_type",
        "OPSP8998": "JSON PARSING ERROR : invalid custtype",
        "OPSP9990": "JSON PARSING ERROR : tr_key not found",
        "OPSP9991": "JSON PARSING ERROR : input not found",
        "OPSP9992": "JSON PARSING ERROR : body not found",
        "OPSP9996": "JSON PARSING ERROR : appkey",
        "OPSP9997": "JSON PARSING ERROR : custtype not found",
        "OPSP9998": "JSON PARSING ERROR : header not found",
        "OPSP9999": "JSON PARSING ERROR : invalid json format",
    }
)
_CLOSE_SECONDS = 1.0
_NO_TR_ID = "(null)"
_HTS_ID = re.compile("[A-Za-z0-9_@.-]{1,20}")


class CommandRefusal(Exception):
    """Refuse a command before it reaches a stream: rt_cd 9, TR id "(null)"."""

    def __init__(self, code: str, *, ends_session: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.ends_session = ends_session


class SocketService:
    """Accept sockets of one host and answer their commands."""

    def __init__(
        self, venue: Venue, personality: Personality, hub: StreamHub, *, ping_seconds: float = PING_SECONDS
    ) -> None:
        self._venue = venue
        self._personality = personality
        self._hub = hub
        self._ping_seconds = ping_seconds
        self._limits = venue.limits[personality.name]
        self._connect_rules: dict[ServerConnection, list[FaultRule]] = {}
        self._server: Server | None = None
        self._sessions: set[Session] = set()
        self._half_open: set[PongingConnection] = set()
        """Connections whose session was given up and that still stand."""
        self._pings: asyncio.Task[None] | None = None

    async def start(self, port: int) -> int:
        """Listen on 127.0.0.1 and return the port; 0 asks for a free one."""
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            port,
            create_connection=PongingConnection,
            process_request=self._check_request,
            ping_interval=None,
            compression=None,
            close_timeout=0.5,
            write_limit=(1 << 20, 1 << 18),
        )
        self._pings = asyncio.get_running_loop().create_task(
            self._send_pings(), name=f"simulator-pings-{self._personality.name}"
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        """Close every socket and stop listening."""
        if self._pings is not None:
            self._pings.cancel()
            await asyncio.gather(self._pings, return_exceptions=True)
            self._pings = None
        if self._server is not None:
            for connection in [*self._half_open, *(session.connection for session in self._sessions)]:
                if connection.is_silent:  # it would not take part in closing
                    connection.transport.abort()
            self._server.close()
            try:
                await asyncio.wait_for(self._server.wait_closed(), _CLOSE_SECONDS)
            except TimeoutError:
                # A socket that does not read never takes its close frame.
                for session in list(self._sessions):
                    session.connection.transport.abort()
                await self._server.wait_closed()
            self._server = None

    async def _send_pings(self) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            moment = self._venue.wall().strftime("%Y%m%d%H%M%S")
            text = json.dumps({"header": {"tr_id": "PINGPONG", "datetime": moment}}, separators=(",", ":"))
            for session in list(self._sessions):
                await self._ping(session, text)

    async def _ping(self, session: Session, text: str) -> None:
        connection = session.connection
        if connection.is_silent:
            self._miss(session)
            return
        if connection.pongs_seen:
            connection.pongs_seen = 0
            session.unanswered_pings = 0
        if session.unanswered_pings >= UNANSWERED_PINGS:
            connection.transport.abort()
            return
        session.unanswered_pings += 1
        if self._hub.line.watches("frame"):
            self._hub.line.send(connection, text, "frame", "PINGPONG", "")
            return
        try:
            await connection.send(text)
        except ConnectionClosed:
            # Its own reader notices the same and clears the session away.
            return

    def _miss(self, session: Session) -> None:
        """Give a half-open session up after as many pings as any other; its client is not told."""
        session.unanswered_pings += 1
        if session.unanswered_pings > UNANSWERED_PINGS:
            self._half_open.add(session.connection)
            self._forget(session)

    def _check_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Accept the upgrade paths clients of KIS use: /, /tryitout, /tryitout/<anything>."""
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin", "")
        if not is_loopback_host(host) or (origin and not is_loopback_origin(origin)):
            return connection.respond(HTTPStatus.FORBIDDEN, "only for this machine\n")
        path = request.path.partition("?")[0].rstrip("/")
        if path not in ("", "/tryitout") and not path.startswith("/tryitout/"):
            return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
        self._venue.log.note("connect", host=self._personality.name)
        rules = self._venue.faults.fire("connect", self._personality.name, path=request.path)
        for rule in rules:
            if rule.do == "status":
                return connection.respond(HTTPStatus(rule.status), "fault\n")
        self._connect_rules[connection] = rules
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert isinstance(connection, PongingConnection)  # noqa: S101  made by create_connection above
        connection.host = self._personality.name
        session = Session(connection, self._personality)
        self._sessions.add(session)
        try:
            for rule in self._connect_rules.pop(connection, ()):
                if rule.do == "delay":
                    await asyncio.sleep(rule.seconds)
                else:
                    end_connection(connection, rule)
            async for message in connection:
                if not await self._hear(session, message):
                    break
        except ConnectionClosed:
            # The peer is gone without a close frame, as clients of KIS often are.
            return
        finally:
            self._half_open.discard(connection)
            self._forget(session)

    async def _hear(self, session: Session, message: str | bytes) -> bool:
        """Answer one message; return whether the session goes on."""
        tr_id, tr_key = "", ""
        if self._venue.faults.watches("command") or self._hub.line.watches("reply"):
            tr_id, tr_key = command_names(message)
            for rule in self._venue.faults.fire("command", self._personality.name, tr=tr_id, key=tr_key):
                if rule.do == "rekey":
                    session.cipher = SessionCipher.new()
                    continue
                if rule.do != "drop":
                    end_connection(session.connection, rule)
                return True
        reply, goes_on = self._take(session, message)
        if reply and self._hub.line.watches("reply"):
            self._hub.line.send(session.connection, reply, "reply", tr_id, tr_key)
        elif reply:
            await session.connection.send(reply)
        return goes_on

    def _forget(self, session: Session) -> None:
        if session not in self._sessions:
            return
        self._sessions.discard(session)
        self._venue.log.note("disconnect", host=self._personality.name, key=key_mark(session.appkey))
        self._hub.withdraw_notices(session)
        for tr_id, tr_key in session.registrations:
            self._hub.withdraw(tr_id, tr_key, session.connection)
        session.registrations.clear()

    def _take(self, session: Session, message: str | bytes) -> tuple[str, bool]:
        """Return the reply to one message and whether the session goes on."""
        try:
            header, values = read_command(message)
            if values is None:
                session.unanswered_pings = 0
                return "", True
            self._identify(session, header)
            return self._change_registration(session, header, values), True
        except CommandRefusal as refusal:
            return _reply(_NO_TR_ID, "", refusal.code, rt_cd="9"), not refusal.ends_session

    def _identify(self, session: Session, header: Mapping[str, Any]) -> None:
        """Bind the session to an app key at its first command."""
        key = header.get("approval_key")
        if not isinstance(key, str) or not key:
            raise CommandRefusal("OPSP9996")
        if session.appkey:
            return
        appkey = self._venue.approvals.appkey_of(key, self._personality, self._venue.wall())
        if appkey is None:
            raise CommandRefusal("OPSP0011")
        if self._venue.is_shut_out(appkey, self._personality):
            raise CommandRefusal("OPSP0011", ends_session=True)
        if any(other.appkey == appkey for other in self._sessions if other is not session):
            raise CommandRefusal("OPSP8996", ends_session=True)
        session.appkey = appkey
        self._venue.log.note("session", host=self._personality.name, key=key_mark(appkey))
        storms = self._venue.storms[self._personality.name]
        if self._venue.is_limited and storms.note_session(appkey, self._venue.monotonic()):
            self._venue.log.note("shut out", host=self._personality.name, key=key_mark(appkey))
            raise CommandRefusal("OPSP0011", ends_session=True)

    def _change_registration(
        self, session: Session, header: Mapping[str, Any], values: Mapping[str, Any]
    ) -> str:
        custtype, tr_type = header.get("custtype"), header.get("tr_type")
        if custtype is None:
            raise CommandRefusal("OPSP9997")
        if custtype not in ("P", "B"):
            raise CommandRefusal("OPSP8998")
        if tr_type not in ("1", "2"):
            raise CommandRefusal("OPSP8997")
        tr_id, tr_key = values.get("tr_id"), values.get("tr_key")
        if not isinstance(tr_key, str) or not tr_key.strip():
            raise CommandRefusal("OPSP9990")
        spec = None
        if not isinstance(tr_id, str) or tr_id not in self._personality.streams:
            spec = self._hub.synthetic.streams.offer(tr_id, self._personality)
            if spec is None or not isinstance(tr_id, str):
                return _reply(str(tr_id), tr_key, "OPSP8991", rt_cd="1")
        tr_key = tr_key.strip()
        if tr_type == "2":
            return self._unsubscribe(session, tr_id, tr_key)
        return self._subscribe(session, tr_id, tr_key, spec)

    def _subscribe(self, session: Session, tr_id: str, tr_key: str, spec: StreamSpec | None) -> str:
        """Take a registration; `spec` is given for a stream that is not played."""
        is_notice = tr_id in self._personality.notice_trs()
        is_sealed = is_notice or (spec is not None and spec.key == "hts")
        if (tr_id, tr_key) in session.registrations:
            return _reply(tr_id, tr_key, "OPSP0002", rt_cd="1", session=session, is_sealed=is_sealed)
        if not is_sealed and not self._knows_key(tr_id, tr_key, spec):
            return _reply(tr_id, tr_key, "OPSP8992", rt_cd="1")
        if is_sealed and not self._knows_hts_id(tr_key):
            raise CommandRefusal("OPSP0017")
        if len(session.registrations) >= self._limits.registrations:
            return _reply(tr_id, tr_key, "OPSP0008", rt_cd="1")
        session.registrations[(tr_id, tr_key)] = None
        self._venue.usage.subscriptions[tr_id] += 1
        if is_notice:
            self._hub.register_notices(session)
        elif spec is None:
            self._hub.register(tr_id, tr_key, session.connection)
        elif not is_sealed:  # notices of what cannot be ordered here stay silent
            self._hub.register_synthetic(tr_id, tr_key, session.connection)
        return _reply(tr_id, tr_key, "OPSP0000", session=session, is_sealed=is_sealed)

    def _knows_key(self, tr_id: str, tr_key: str, spec: StreamSpec | None) -> bool:
        """Return whether a key names something that a stream can send."""
        if self._venue.recorded is not None and self._venue.recorded.knows(tr_key):
            return True
        if spec is not None:
            return self._hub.synthetic.streams.accepts(spec, tr_key)
        if tr_id in REFERENCE_STREAMS:
            return self._hub.reference.accepts(tr_id, tr_key)
        return self._venue.exchange.listing(tr_key) is not None

    def _knows_hts_id(self, text: str) -> bool:
        """Return whether an HTS ID may ask for notices; capitals count."""
        known = self._venue.hts_ids
        return text in known if known is not None else _HTS_ID.fullmatch(text) is not None

    def _unsubscribe(self, session: Session, tr_id: str, tr_key: str) -> str:
        if (tr_id, tr_key) not in session.registrations:
            return _reply(tr_id, tr_key, "OPSP0003", rt_cd="1")
        del session.registrations[(tr_id, tr_key)]
        self._hub.withdraw(tr_id, tr_key, session.connection)
        if not session.notice_keys:
            self._hub.withdraw_notices(session)
        is_sealed = tr_id in self._personality.notice_trs()
        return _reply(tr_id, tr_key, "OPSP0001", session=session, is_sealed=is_sealed)


def command_names(message: str | bytes) -> tuple[str, str]:
    """Return TR id and key of a command as far as it tells them; PINGPONG for an answer to one."""
    try:
        _, values = read_command(message)
    except CommandRefusal:
        return "", ""
    if values is None:
        return "PINGPONG", ""
    return str(values.get("tr_id", "")), str(values.get("tr_key", ""))


def read_command(message: str | bytes) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Return header and input of a command; input None means an answer to PINGPONG."""
    try:
        command = json.loads(message)
    except (ValueError, RecursionError):
        raise CommandRefusal("OPSP9999") from None
    if not isinstance(command, dict):
        raise CommandRefusal("OPSP9999")
    header = command.get("header")
    if not isinstance(header, dict):
        raise CommandRefusal("OPSP9998")
    if header.get("tr_id") == "PINGPONG":
        return header, None
    body = command.get("body")
    if not isinstance(body, dict):
        raise CommandRefusal("OPSP9992")
    values = body.get("input")
    if not isinstance(values, dict):
        raise CommandRefusal("OPSP9991")
    return header, values


def _reply(
    tr_id: str,
    tr_key: str,
    code: str,
    *,
    rt_cd: str = "0",
    session: Session | None = None,
    is_sealed: bool = False,
) -> str:
    """Build a reply; with a session it carries key and iv, which matter for encrypted streams only."""
    body: dict[str, Any] = {"rt_cd": rt_cd, "msg_cd": code, "msg1": _TEXTS[code]}
    if session is not None:
        body["output"] = {"iv": session.cipher.iv, "key": session.cipher.key}
    header = {"tr_id": tr_id, "tr_key": tr_key, "encrypt": "Y" if is_sealed else "N"}
    return json.dumps({"header": header, "body": body}, ensure_ascii=False, separators=(",", ":"))
