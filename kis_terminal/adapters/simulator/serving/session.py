"""Hold one socket session: its cipher, its app key, its registrations, its answers to PINGPONG."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode

from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.wire.crypto import SessionCipher


class PongingConnection(ServerConnection):
    """Notice Pong frames: an unasked Pong is one of the two answers to PINGPONG.

    A silent one plays a half-open connection: it neither hears nor says anything, and does not end.
    """

    pongs_seen = 0
    host = ""
    """Name of the personality that it belongs to."""
    is_silent = False

    def process_event(self, event: Any) -> None:
        """Count a Pong, then handle the event as usual."""
        if isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self.pongs_seen += 1
        super().process_event(event)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client, if any are heard."""
        if not self.is_silent:
            super().data_received(data)

    def send_data(self) -> None:
        """Write what is due, if anything is said."""
        if self.is_silent:
            self.protocol.data_to_send()
        else:
            super().send_data()


class Session:
    """Hold the state of one socket from its first accepted command on."""

    def __init__(self, connection: PongingConnection, personality: Personality) -> None:
        self.connection = connection
        self.personality = personality
        self.cipher = SessionCipher.new()
        self.appkey = ""
        self.registrations: dict[tuple[str, str], None] = {}
        self.unanswered_pings = 0

    @property
    def notice_keys(self) -> list[str]:
        """Return the HTS IDs whose notices this session asked for."""
        return [key for tr_id, key in self.registrations if tr_id == self.personality.notice_tr]
