"""What a session says to the server about its streams, one command after the other, and what comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kis_terminal.adapters.kis.frames import ControlReply, shortened, subscribe_text, unsubscribe_text
from kis_terminal.adapters.kis.notices import NOTICE_TR_IDS
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind
from kis_terminal.adapters.kis.replies import Verdict, sentence, verdict
from kis_terminal.adapters.kis.slots import Command, Slot, SlotTable
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, FeedListener, Stream, SubscriptionState

if TYPE_CHECKING:
    from kis_terminal.adapters.kis.feed_relay_session import SharedSocket

log = logging.getLogger(__name__)

NOTICE_SYMBOL = ""
"""One registration brings the notices of all symbols."""
_TR_IDS = {Stream.TICKS: "H0STCNT0", Stream.BOOK: "H0STASP0", Stream.STATUS: "H0STMKO0"}
STREAMS = {tr_id: stream for stream, tr_id in _TR_IDS.items()} | dict.fromkeys(NOTICE_TR_IDS, Stream.NOTICES)
_SESSION_ERROR_TR = "(null)"


@dataclass(slots=True)
class _Outstanding:
    """The one command whose reply is awaited."""

    command: Command
    tr_id: str
    tr_key: str
    reply: asyncio.Future[ControlReply]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a registration names beside the stream and its symbol."""

    approval_key: str = field(repr=False)
    hts_id: str
    notice_tr_id: str


class StreamCommands:
    """Bring the slots and the server together over one connection; `run` goes on until it ends.

    send: hands a text to the connection; returns the ending when that does not take it.
    gap_reason: told to the listener when everything is subscribed; empty for none.
    key_taken: called once, with the first stream that the server gave: the approval key is good.
    notice_key: takes the reply that brings the key of the notices.
    shared: the same socket where other programs use it, too, and may lose us a stream that was confirmed.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[Ending | None]],
        *,
        credentials: Credentials,
        slots: SlotTable,
        changed: asyncio.Event,
        listener: FeedListener,
        clock: Clock,
        timing: FeedTiming,
        key_taken: Callable[[], None],
        notice_key: Callable[[ControlReply], None],
        gap_reason: str,
        shared: SharedSocket | None,
    ) -> None:
        self._send = send
        self._credentials = credentials
        self._slots = slots
        self._changed = changed
        self._listener = listener
        self._clock = clock
        self._timing = timing
        self._key_taken = key_taken
        self._notice_key = notice_key
        self.gap_reason = gap_reason
        self._shared = shared
        self._outstanding: _Outstanding | None = None
        self._is_key_taken = False

    async def run(self) -> Ending:
        """Say what the slots want, one command at a time, each after the reply to the one before."""
        while True:
            self._changed.clear()
            command = self._slots.next_command(self._clock.monotonic())
            if command is None:
                reason, self.gap_reason = self.gap_reason, ""
                if reason:
                    self._listener.on_gap(reason)
                await self._wait_for_change()
                continue
            earliest_next = self._clock.monotonic() + self._timing.command_gap
            if (ending := await self._send_command(command)) is not None:
                return ending
            # The reply's own time counts, or 41 streams would take too long on a slow line.
            await asyncio.sleep(max(0.0, earliest_next - self._clock.monotonic()))

    async def _wait_for_change(self) -> None:
        next_time = self._slots.next_time()
        delay = None if next_time is None else max(0.0, next_time - self._clock.monotonic())
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            return  # a grace or retry time is over: look at the slots again

    async def _send_command(self, command: Command) -> Ending | None:
        slot = command.slot
        tr_id, tr_key = _TR_IDS.get(slot.stream, self._credentials.notice_tr_id), slot.symbol
        if slot.stream is Stream.NOTICES:
            tr_key = self._credentials.hts_id
        if self._shared is not None and not command.is_subscribe and slot.references:
            self._shared.renewing((tr_id, tr_key))
        write = subscribe_text if command.is_subscribe else unsubscribe_text
        outstanding = _Outstanding(command, tr_id, tr_key, asyncio.get_running_loop().create_future())
        self._outstanding = outstanding
        self._slots.sent(command)
        if (ending := await self._send(write(self._credentials.approval_key, tr_id, tr_key))) is not None:
            return ending
        try:
            async with asyncio.timeout(self._timing.reply_timeout):
                await outstanding.reply
        except TimeoutError:
            self._outstanding = None
            log.info("no reply to %s %s", "subscribe" if command.is_subscribe else "unsubscribe", tr_id)
            if command.is_subscribe:
                reason = Sentence("실시간 등록에 서버가 답하지 않았습니다. 잠시 뒤 다시 등록합니다.")
                self._slots.failed(slot, self._clock.monotonic(), reason)
                self._listener.on_subscription(slot.stream, slot.symbol, slot.state, reason)
        return None

    # -- replies ------------------------------------------------------------------------------------

    def take_reply(self, reply: ControlReply) -> Ending | None:
        """Carry a reply into the slots; returns an ending for errors of the whole session."""
        # Before the TR id is looked at: session errors have the literal "(null)" there.
        meaning = verdict(reply)
        if meaning is Verdict.IN_USE:
            return Ending(EndingKind.IN_USE, reply.code)
        if meaning is Verdict.APPROVAL_REFUSED:
            return Ending(EndingKind.APPROVAL_REFUSED, reply.code)
        outstanding = self._outstanding
        if outstanding is not None and _answers(reply, outstanding):
            self._outstanding = None
            if not outstanding.reply.done():
                outstanding.reply.set_result(reply)
            if outstanding.command.is_subscribe:
                self._settle(outstanding.command.slot, reply)
            elif outstanding.command.slot.stream is Stream.NOTICES and reply.key:
                self._notice_key(reply)  # another program had them made anew meanwhile
        elif (slot := self._late(reply)) is not None:
            self._settle(slot, reply)
        else:
            log.info("a reply that nobody waits for: %s %s", reply.code, shortened(reply.message))
        return None

    def _late(self, reply: ControlReply) -> Slot | None:
        """Return the slot that a success belongs to which came after we had stopped waiting for it.

        Of a shared connection also the one that we had and lost: another program had it made anew.
        """
        stream = STREAMS.get(reply.tr_id)
        if stream is None or reply.message.startswith("UNSUB"):
            return None
        slot = self._slots.slot(stream, NOTICE_SYMBOL if stream is Stream.NOTICES else reply.tr_key)
        if reply.is_ok or slot is None:
            return slot
        is_lost = self._shared is not None and slot.state is SubscriptionState.CONFIRMED
        return slot if is_lost and verdict(reply) is not Verdict.FINE else None

    def _settle(self, slot: Slot, reply: ControlReply) -> None:
        if slot.stream is Stream.NOTICES and reply.key:
            self._notice_key(reply)
        meaning, text, now = verdict(reply), sentence(reply), self._clock.monotonic()
        if meaning is Verdict.FINE:
            self._slots.confirmed(slot, now)
            text = ""
            if not self._is_key_taken:
                self._is_key_taken = True
                self._key_taken()
        elif meaning is Verdict.WAIT:
            self._slots.failed(slot, now, text)
        else:
            self._slots.refused(slot, now, text, is_full=meaning is Verdict.FULL)
        self._listener.on_subscription(slot.stream, slot.symbol, slot.state, text)


def _answers(reply: ControlReply, outstanding: _Outstanding) -> bool:
    """Tell whether a reply belongs to the command; session errors come without TR id and key."""
    if reply.tr_id == _SESSION_ERROR_TR:
        return not reply.is_ok
    return reply.tr_id == outstanding.tr_id and reply.tr_key in ("", outstanding.tr_key)
