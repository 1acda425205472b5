"""The socket of the program that has it: one session at KIS for the wishes of all programs.

Between the session of this program and the connection: commands of all programs go out one at a time,
a registration lives as long as somebody wants it, a reply goes to whoever asked, frames go to everybody.
The 41 registrations are counted over all programs; whoever finds none free is answered as KIS does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from kis_terminal.adapters.kis.feed_relay_hub import RelayHub
from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.feed_relay_session import Session, command_of, reply_of, unsubscribed
from kis_terminal.adapters.kis.feed_relay_wire import FrameFilter, Key
from kis_terminal.adapters.kis.frames import (
    ControlReply,
    Heartbeat,
    StreamFrame,
    parse,
    subscribe_text,
    unsubscribe_text,
)
from kis_terminal.adapters.kis.notices import NOTICE_TR_IDS
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind
from kis_terminal.adapters.kis.replies import Verdict, verdict
from kis_terminal.adapters.kis.slots import TOTAL
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.domain.errors import FrameError
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

LOCAL = b""
"""This program among the members."""
_STALLED_SECONDS = 20.0
"""Without data for anybody, after which another program's word for a dead connection is believed."""
_SESSION_ERROR_TR = "(null)"
_ENDS_SESSION = frozenset({Verdict.IN_USE, Verdict.APPROVAL_REFUSED})


@dataclass(slots=True)
class _Registration:
    members: set[bytes] = field(default_factory=set)
    waiting: set[bytes] = field(default_factory=set)
    """Who has not been answered yet."""
    reply: bytes = b""
    """KIS's yes, with the key of notices; empty before it came."""
    is_asked: bool = False
    leaves_at: float | None = None


@dataclass(slots=True)
class _Outstanding:
    is_subscribe: bool
    key: Key
    answered: asyncio.Future[None]


class HostedSocket:
    """One connection to KIS; owns the task that sends its commands."""

    def __init__(
        self,
        socket: ClientConnection,
        approval_key: str,
        clock: Clock,
        timing: FeedTiming,
        relay: RelayTiming,
        *,
        on_close: Callable[[HostedSocket], None],
        total: int = TOTAL,
    ) -> None:
        self._socket = socket
        self._approval_key = approval_key
        self._clock = clock
        self._timing = timing
        self._relay = relay
        self._on_close = on_close
        self._total = total
        self._hub: RelayHub | None = None
        self._session: Session | None = None
        self._registrations: dict[Key, _Registration] = {}
        self._renewing: set[Key] = set()
        self._filter = FrameFilter()
        self._queue: deque[tuple[bool, Key]] = deque()
        self._queued = asyncio.Event()
        self._outstanding: _Outstanding | None = None
        self._heard_at = self._data_at = clock.monotonic()
        self._is_closed = False
        self._task = asyncio.get_running_loop().create_task(self._send_commands(), name="kis-relay-commands")

    # -- for the session of this program -----------------------------------------------------------------

    def bind(self, session: Session) -> None:
        """Note who reads."""
        self._session = session
        self._task.add_done_callback(self._commands_ended)

    async def recv(self, decode: Literal[False]) -> bytes:
        """Return the next message that is for this program; the others get theirs on the way."""
        receive, is_own = self._socket.recv, self._is_own
        while True:
            message = await receive(decode=decode)
            if is_own(message):
                return message

    async def send(self, message: str) -> None:
        """Take a command of this program; send a heartbeat's echo at once."""
        command = command_of(message)
        if command is None:
            await self._socket.send(message)
        elif command[0]:
            is_renewal = command[1] in self._renewing
            self._renewing.discard(command[1])
            self.want(LOCAL, command[1], is_renewal=is_renewal)
        else:
            self.leave(LOCAL, command[1])
            self._answer([LOCAL], unsubscribed(command[1]))

    def renewing(self, key: Key) -> None:
        """Note that what is left now will be asked for again: KIS has to make it anew."""
        self._renewing.add(key)

    async def ping(self) -> Awaitable[float]:
        """Ask KIS for a sign of life."""
        pong = await self._socket.ping()
        if isinstance(pong, asyncio.Future):
            pong.add_done_callback(self._ponged)
        return pong

    async def close(self) -> None:
        """Close the connection; the others learn that it is gone."""
        if self._is_closed:
            return
        self._is_closed = True
        self._on_close(self)
        self._hub = None
        self._task.cancel()
        try:
            await asyncio.wait({self._task})
        finally:
            await self._socket.close()  # also where the program ends meanwhile

    def end(self, reason: str) -> None:
        """Make the session end: the socket is another program's now."""
        if self._session is not None:
            self._session.give_up(Ending(EndingKind.RELAYED, reason))

    # -- for the hub -------------------------------------------------------------------------------------

    def serve(self, hub: RelayHub | None) -> None:
        """Hand messages to this hub from now on; what the members of another one wanted ends in time."""
        self._hub = hub
        now = self._clock.monotonic()
        for registration in self._registrations.values():
            registration.members &= {LOCAL}
            registration.waiting &= {LOCAL}
            if not registration.members and registration.leaves_at is None:
                registration.leaves_at = now + self._relay.grace

    @property
    def quiet_seconds(self) -> float:
        """Return for how long nothing has come from KIS."""
        return self._clock.monotonic() - self._heard_at

    def want(self, member: bytes, key: Key, *, is_renewal: bool = False) -> None:
        """Register for one more program; it is answered when KIS has answered.

        is_renewal: nothing comes on it, or its key is lost: it is made anew, whoever else has it.
        """
        registration = self._registrations.get(key)
        if registration is None:
            if not self._has_room(key):
                self._answer([member], reply_of(key, "OPSP0008", "MAX SUBSCRIBE OVER", is_ok=False))
                return
            registration = self._registrations[key] = _Registration()
        registration.members.add(member)
        registration.leaves_at = None
        if member == LOCAL:
            self._filter.want(key)
        if registration.reply and not is_renewal:
            self._answer([member], registration.reply)
            return
        registration.waiting.add(member)
        if registration.reply:
            registration.reply, registration.is_asked = b"", False
            self._order(is_subscribe=False, key=key)
        if not registration.is_asked:
            registration.is_asked = True
            self._order(is_subscribe=True, key=key)

    def leave(self, member: bytes, key: Key) -> None:
        """Register for one program less; the last one's registration is given back."""
        if member == LOCAL:
            self._filter.leave(key)
        registration = self._registrations.get(key)
        if registration is None or member not in registration.members:
            return
        registration.members.discard(member)
        registration.waiting.discard(member)
        if registration.members:
            return
        if member == LOCAL and key not in self._renewing:  # its own slots have waited already
            self._drop(key)
        else:
            registration.leaves_at = self._clock.monotonic() + self._relay.grace

    def stalled(self, reason: str) -> None:
        """Give the connection up where nobody has had data for a while, either."""
        if self._session is not None and self._clock.monotonic() - self._data_at > _STALLED_SECONDS:
            self._session.give_up(Ending(EndingKind.STALLED, reason))

    def tend(self) -> None:
        """Give back what nobody wants any more."""
        now = self._clock.monotonic()
        for key, registration in list(self._registrations.items()):
            if registration.leaves_at is not None and registration.leaves_at <= now:
                self._drop(key)

    # -- registrations -----------------------------------------------------------------------------------

    def _has_room(self, key: Key) -> bool:
        """Tell whether one more may be registered; one that nobody wants any more makes room."""
        market = [key for key in self._registrations if key[0] not in NOTICE_TR_IDS]
        if key[0] in NOTICE_TR_IDS or len(market) < self._total - 1:
            return True
        unwanted = [key for key in market if not self._registrations[key].members]
        if unwanted:
            self._drop(unwanted[0], is_taken=True)
        return bool(unwanted)

    def _drop(self, key: Key, *, is_taken: bool = False) -> None:
        registration = self._registrations.pop(key)
        if registration.is_asked:
            self._order(is_subscribe=False, key=key)
        if key[0] not in NOTICE_TR_IDS and not is_taken:
            self._tell_room()

    def _tell_room(self) -> None:
        if self._hub is not None:
            self._hub.room()
        if self._session is not None:
            self._session.take_room()

    def _answer(self, members: list[bytes], text: bytes) -> None:
        others = [member for member in members if member != LOCAL]
        if others and self._hub is not None:
            self._hub.reply(others, text)
        if LOCAL in members:
            asyncio.get_running_loop().call_soon(self._answer_own, text)

    def _answer_own(self, text: bytes) -> None:
        if self._session is not None and not self._is_closed:
            self._session.take_aside(text)

    # -- what KIS says -----------------------------------------------------------------------------------

    def _is_own(self, message: bytes) -> bool:
        """Hand a message on, and tell whether it is for this program, too."""
        self._heard_at = self._clock.monotonic()
        if message[:1] != b"{":
            self._data_at = self._heard_at
            if self._hub is not None:
                self._hub.frame(message)
            return self._filter.passes(message)
        try:
            control = parse(message.decode())
        except (FrameError, UnicodeDecodeError):
            return True  # counted where it is read
        if isinstance(control, Heartbeat):
            if self._hub is not None:
                self._hub.frame(message)
            return True
        return isinstance(control, StreamFrame) or self._take_reply(control, message)

    def _take_reply(self, reply: ControlReply, message: bytes) -> bool:
        """Carry a reply to whoever asked; tell whether it goes to this program by the usual way."""
        meaning = verdict(reply)
        if meaning in _ENDS_SESSION:
            return True
        outstanding = self._outstanding
        if outstanding is not None and _answers(reply, outstanding):
            self._outstanding = None
            if not outstanding.answered.done():
                outstanding.answered.set_result(None)
            if outstanding.is_subscribe:
                self._settle(outstanding.key, meaning, message)
        elif meaning is Verdict.FINE and (reply.tr_id, reply.tr_key) in self._registrations:
            if not reply.message.startswith("UNSUB"):  # late
                self._settle((reply.tr_id, reply.tr_key), meaning, message)
        else:
            log.info("a reply that no program waits for: %s", reply.code)
        return False

    def _settle(self, key: Key, meaning: Verdict, message: bytes) -> None:
        registration = self._registrations.get(key)
        if registration is None:
            return  # everybody has left meanwhile
        told, registration.waiting = registration.waiting, set()
        if meaning is not Verdict.FINE:
            # Also whoever had it before it was made anew.
            told |= registration.members
            del self._registrations[key]
        else:
            registration.is_asked, registration.reply = True, message
            if key[0] in NOTICE_TR_IDS:
                told |= registration.members  # one that was made anew may have another key
        self._answer(list(told - {LOCAL}), message)
        if LOCAL in told:
            self._answer_own(message)  # at once: what comes next may be sealed with its key

    # -- commands ----------------------------------------------------------------------------------------

    def _order(self, *, is_subscribe: bool, key: Key) -> None:
        self._queue.append((is_subscribe, key))
        self._queued.set()

    async def _send_commands(self) -> Ending:
        """Say what the programs want, one command at a time, each after the reply to the one before."""
        while True:
            while not self._queue:
                self._queued.clear()
                await self._queued.wait()
            is_subscribe, key = self._queue.popleft()
            earliest_next = self._clock.monotonic() + self._timing.command_gap
            outstanding = _Outstanding(is_subscribe, key, asyncio.get_running_loop().create_future())
            self._outstanding = outstanding
            write = subscribe_text if is_subscribe else unsubscribe_text
            try:
                async with asyncio.timeout(self._timing.send_timeout):
                    await self._socket.send(write(self._approval_key, *key))
            except TimeoutError:
                return Ending(EndingKind.SILENT, "send")
            except ConnectionClosed:
                return Ending(EndingKind.DROPPED)
            try:
                async with asyncio.timeout(self._timing.reply_timeout):
                    await outstanding.answered
            except TimeoutError:
                self._unanswered(outstanding)
            await asyncio.sleep(max(0.0, earliest_next - self._clock.monotonic()))

    def _unanswered(self, outstanding: _Outstanding) -> None:
        """Ask again when somebody does: each program waits no longer than this one."""
        self._outstanding = None
        registration = self._registrations.get(outstanding.key)
        if outstanding.is_subscribe and registration is not None:
            registration.is_asked = False

    def _commands_ended(self, task: asyncio.Task[Ending]) -> None:
        if task.cancelled() or self._session is None:
            return
        error = task.exception()
        if error is not None:
            log.error("the shared socket's commands failed", exc_info=error)
        self._session.give_up(Ending(EndingKind.BROKEN, "") if error is not None else task.result())

    def _ponged(self, _: object) -> None:
        self._heard_at = self._clock.monotonic()


def _answers(reply: ControlReply, outstanding: _Outstanding) -> bool:
    """Tell whether a reply belongs to the command; errors of a whole command come without TR id and key."""
    if reply.tr_id == _SESSION_ERROR_TR:
        return not reply.is_ok
    return reply.tr_id == outstanding.key[0] and reply.tr_key in ("", outstanding.key[1])
