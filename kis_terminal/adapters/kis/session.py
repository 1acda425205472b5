"""One connection of the feed: read, reply, subscribe, watch, until it ends and tells how.

Frames are decoded right in the reader: no queue, and no task for a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from kis_terminal.adapters.kis.backlog import Backlog
from kis_terminal.adapters.kis.frames import (
    MAX_FRAME_BYTES,
    ControlReply,
    Heartbeat,
    StreamFrame,
    parse,
    shortened,
    subscribe_text,
    unsubscribe_text,
)
from kis_terminal.adapters.kis.notices import NOTICE_TR_IDS, NoticeReader
from kis_terminal.adapters.kis.realtime import ONE_BOOK, ONE_TRADE, RealtimeDecoder, runs_of_one_symbol
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind
from kis_terminal.adapters.kis.replies import Verdict, sentence, verdict
from kis_terminal.adapters.kis.slots import Command, Slot, SlotTable
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.timing import FeedCounters, FeedTiming
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, FeedListener, Stream, SubscriptionState

if TYPE_CHECKING:
    from kis_terminal.adapters.kis.feed_relay_session import SharedSocket

log = logging.getLogger(__name__)

NOTICE_SYMBOL = ""
"""One registration brings the notices of all symbols."""
_PREFIX = len(ONE_TRADE)
_TR_IDS = {Stream.TICKS: "H0STCNT0", Stream.BOOK: "H0STASP0", Stream.STATUS: "H0STMKO0"}
_STREAMS = {tr_id: stream for stream, tr_id in _TR_IDS.items()} | dict.fromkeys(NOTICE_TR_IDS, Stream.NOTICES)
_SESSION_ERROR_TR = "(null)"
_COMPLAINT_SECONDS = 10.0


class Socket(Protocol):
    """KIS's connection, or what stands for it where programs share one."""

    async def recv(self, decode: Literal[False]) -> bytes: ...

    async def send(self, message: str) -> None: ...

    async def ping(self) -> Awaitable[float]: ...


@dataclass(slots=True)
class _Outstanding:
    """The one command whose reply is awaited."""

    command: Command
    tr_id: str
    tr_key: str
    reply: asyncio.Future[ControlReply]


class FeedSession:
    """Serve one open connection; `run` returns how it ended.

    changed: set by the feed when the slots want something new.
    first_data: called once, with the first data frame that could be read.
    key_taken: called once, with the first stream that the server gave: the approval key is good.
    gap_reason: told to the listener when everything is subscribed; empty for none.
    shared: the same socket where other programs use it, too, and may lose us a stream that was confirmed.
    """

    def __init__(
        self,
        socket: Socket,
        *,
        approval_key: str,
        hts_id: str,
        notice_tr_id: str,
        slots: SlotTable,
        changed: asyncio.Event,
        decoder: RealtimeDecoder,
        listener: FeedListener,
        clock: Clock,
        timing: FeedTiming,
        counters: FeedCounters,
        first_data: Callable[[], None],
        key_taken: Callable[[], None],
        gap_reason: str,
        on_failure: Callable[[str, BaseException], None],
        tap: WireTap | None = None,
        shared: SharedSocket | None = None,
    ) -> None:
        self._socket = socket
        self._shared = shared
        self._tap = tap
        self._approval_key = approval_key
        self._hts_id = hts_id
        self._notice_tr_id = notice_tr_id
        self._slots = slots
        self._changed = changed
        self._decoder = decoder
        self._listener = listener
        self._clock = clock
        self._timing = timing
        self._counters = counters
        self._first_data = first_data
        self._key_taken = key_taken
        self._gap_reason = gap_reason
        self._on_failure = on_failure
        self._notices = NoticeReader()
        self._backlog = Backlog(asyncio.get_running_loop().call_soon)
        self._outstanding: _Outstanding | None = None
        self._given_up: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._has_data = False
        self._is_key_taken = False
        self._has_renewed_notices = False

    @property
    def unread_notices(self) -> int:
        """Return how many notice frames still wait for their key; at the end they are lost."""
        return self._notices.waiting

    async def run(self) -> Ending:
        """Run reader, sender and watchdog until one of them tells how the connection ended."""
        self._changed.set()
        parts: list[tuple[str, Coroutine[Any, Any, Ending]]] = [
            ("kis-feed:reader", self._read()),
            ("kis-feed:commands", self._send_commands()),
            ("kis-feed:watchdog", self._watch()),
            ("kis-feed:given-up", self._wait_until_given_up()),
        ]
        tasks = [asyncio.create_task(work, name=name) for name, work in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = [task for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        # The reader comes first: what it was told explains more than that the others failed to send.
        endings = [self._ending(task) for task in ended]
        return endings[0]

    def give_up(self, ending: Ending) -> None:
        """End the connection because of what others saw."""
        if not self._given_up.done():
            self._given_up.set_result(ending)

    def take_aside(self, message: bytes) -> None:
        """Take a reply that did not come by the socket: another program's was there already."""
        self._counters.messages += 1
        try:
            outcome = self._take(message)
        except FrameError as error:
            self._reject(error)
            return
        if isinstance(outcome, Ending):
            self.give_up(outcome)

    def take_room(self) -> None:
        """Ask again for what had no place: another program has left one."""
        self._slots.room(self._clock.monotonic())
        self._changed.set()

    async def _wait_until_given_up(self) -> Ending:
        return await self._given_up

    def _ending(self, task: asyncio.Task[Ending]) -> Ending:
        if (error := task.exception()) is None:
            return task.result()
        self._on_failure(task.get_name(), error)
        return Ending(EndingKind.BROKEN, type(error).__name__)

    # -- reading ------------------------------------------------------------------------------------

    async def _read(self) -> Ending:
        receive, take, counters = self._socket.recv, self._take, self._counters
        count = self._backlog.count
        tap = self._tap
        try:
            while True:
                # Not decoded by the library, for it closes the connection over invalid UTF-8.
                message = await receive(decode=False)
                if tap is not None and tap.is_on:
                    tap.received(message)
                counters.messages += 1
                count(len(message))
                try:
                    outcome = take(message)
                except FrameError as error:
                    self._reject(error)
                    continue
                if outcome is None:
                    continue
                if isinstance(outcome, Ending):
                    return outcome
                if (ending := await self._send(outcome.text)) is not None:
                    return ending
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == CloseCode.MESSAGE_TOO_BIG:
                # The library ends the connection over it, so it never came here to be counted.
                counters.messages += 1
                self._reject(FrameError(f"a message longer than {MAX_FRAME_BYTES:,} bytes"))
            return _dropped(closed)

    def _take(self, message: bytes) -> Heartbeat | Ending | None:
        """Decode one message and hand it on; raises FrameError.

        Returns a heartbeat that has to be answered, or the ending that the server told.
        """
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            raise FrameError(f"a message that is not UTF-8: {message[:24]!r}") from error
        # Nearly every message begins like one of these two.
        kind = text[:_PREFIX]
        if kind == ONE_TRADE:
            self._listener.on_ticks((self._decoder.one_tick(text),))
        elif kind == ONE_BOOK:
            self._listener.on_book(self._decoder.one_book(text))
        else:
            frame = parse(text)
            if not isinstance(frame, StreamFrame):
                self._counters.control += 1
                return frame if isinstance(frame, Heartbeat) else self._take_reply(frame)
            if not self._take_frame(frame):
                return None
        if not self._has_data:
            self._has_data = True
            self._first_data()
        return None

    def _take_frame(self, frame: StreamFrame) -> bool:
        """Hand a data frame on; returns whether it was read, raises FrameError when it cannot be."""
        stream = _STREAMS.get(frame.tr_id)
        if stream is Stream.NOTICES:
            return self._take_notice(frame)
        if stream is None or frame.is_encrypted:
            raise FrameError(f"{frame.tr_id}: a frame of a stream that was not asked for")
        if stream is Stream.TICKS:
            if self._backlog.is_behind and (newest := self._decoder.newest_tick(frame)) is not None:
                # Late prices are worth less than the last one; cumulative volume tells of those left out.
                self._counters.joined += frame.record_count - 1
                self._listener.on_ticks((newest,))
                return True
            for ticks in runs_of_one_symbol(self._decoder.ticks(frame)):
                self._listener.on_ticks(ticks)
        elif stream is Stream.BOOK:
            for book in self._decoder.books(frame):
                self._listener.on_book(book)
        else:
            for status in self._decoder.statuses(frame):
                self._listener.on_status(status)
        return True

    def _take_notice(self, frame: StreamFrame) -> bool:
        try:
            notices = self._notices.read(frame)
        except FrameError as error:
            # Something happened to an order and we cannot read what: the orders have to be asked for.
            log.error("an execution notice cannot be read: %s", error)
            self._counters.rejected += 1
            self._listener.on_gap(Sentence("체결통보를 읽지 못했습니다. 주문 내역을 다시 조회합니다."))
            self._renew_notices()
            return False
        for notice in notices:
            self._listener.on_notice(notice)
        return bool(notices)

    def _renew_notices(self) -> None:
        """Subscribe to the notices anew, once a connection, to be sent the key again."""
        slot = self._slots.slot(Stream.NOTICES, NOTICE_SYMBOL)
        if slot is not None and not self._has_renewed_notices:
            self._has_renewed_notices = True
            self._gap_reason = self._gap_reason or Sentence("체결통보를 다시 등록했습니다.")
            self._slots.again(slot, self._clock.monotonic())
            self._changed.set()

    def _reject(self, error: FrameError) -> None:
        """Count a message that cannot be read; the log hears of it at most every ten seconds."""
        counters = self._counters
        counters.rejected += 1
        now = self._clock.monotonic()
        if now - counters.complained_at >= _COMPLAINT_SECONDS:
            counters.complained_at = now
            log.warning("a message cannot be read (%d so far): %s", counters.rejected, error)

    # -- replies ------------------------------------------------------------------------------------

    def _take_reply(self, reply: ControlReply) -> Ending | None:
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
        elif (slot := self._late(reply)) is not None:
            self._settle(slot, reply)
        else:
            log.info("a reply that nobody waits for: %s %s", reply.code, shortened(reply.message))
        return None

    def _late(self, reply: ControlReply) -> Slot | None:
        """Return the slot that a success belongs to which came after we had stopped waiting for it.

        Of a shared connection also the one that we had and lost: another program had it made anew.
        """
        stream = _STREAMS.get(reply.tr_id)
        if stream is None or reply.message.startswith("UNSUB"):
            return None
        slot = self._slots.slot(stream, NOTICE_SYMBOL if stream is Stream.NOTICES else reply.tr_key)
        if reply.is_ok or slot is None:
            return slot
        is_lost = self._shared is not None and slot.state is SubscriptionState.CONFIRMED
        return slot if is_lost and verdict(reply) is not Verdict.FINE else None

    def _settle(self, slot: Slot, reply: ControlReply) -> None:
        if slot.stream is Stream.NOTICES and reply.key:
            self._take_notice_key(reply)
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

    def _take_notice_key(self, reply: ControlReply) -> None:
        try:
            kept = self._notices.take_key(reply.key, reply.iv)
        except FrameError as error:
            self._reject(error)
            return
        for frame in kept:
            self._take_notice(frame)

    # -- sending ------------------------------------------------------------------------------------

    async def _send_commands(self) -> Ending:
        """Say what the slots want, one command at a time, each after the reply to the one before."""
        while True:
            self._changed.clear()
            command = self._slots.next_command(self._clock.monotonic())
            if command is None:
                reason, self._gap_reason = self._gap_reason, ""
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
        tr_id, tr_key = _TR_IDS.get(slot.stream, self._notice_tr_id), slot.symbol
        if slot.stream is Stream.NOTICES:
            tr_key = self._hts_id
        if self._shared is not None and not command.is_subscribe and slot.references:
            self._shared.renewing((tr_id, tr_key))
        write = subscribe_text if command.is_subscribe else unsubscribe_text
        outstanding = _Outstanding(command, tr_id, tr_key, asyncio.get_running_loop().create_future())
        self._outstanding = outstanding
        self._slots.sent(command)
        if (ending := await self._send(write(self._approval_key, tr_id, tr_key))) is not None:
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

    async def _send(self, text: str) -> Ending | None:
        """Send within a bounded time; returns the ending when the connection does not take it."""
        try:
            async with asyncio.timeout(self._timing.send_timeout):
                await self._socket.send(text)
        except TimeoutError:
            return Ending(EndingKind.SILENT, "send")
        except ConnectionClosed as closed:
            return _dropped(closed)
        if self._tap is not None and self._tap.is_on:
            self._tap.sent(text)
        return None

    # -- watching for silence -----------------------------------------------------------------------

    async def _watch(self) -> Ending:
        """End a connection on which nothing comes, though TCP believes in it (half-open)."""
        timing, counters = self._timing, self._counters
        seen, alive_at = counters.messages, self._clock.monotonic()
        data_seen = counters.data
        pong: Awaitable[float] | None = None
        while True:
            await asyncio.sleep(timing.watch_interval)
            now = self._clock.monotonic()
            has_pong = isinstance(pong, asyncio.Future) and pong.done()
            if has_pong or counters.messages != seen:
                seen, alive_at, pong = counters.messages, now, None
            counters.last_frame_at = alive_at
            if counters.data != data_seen:
                data_seen, counters.last_data_at = counters.data, now
            silence = now - alive_at
            if silence >= timing.silence_limit:
                return Ending(EndingKind.SILENT, f"{silence:.0f}s")
            if silence >= timing.probe_after and pong is None:
                try:
                    async with asyncio.timeout(timing.send_timeout):
                        pong = await self._socket.ping()
                except TimeoutError:
                    return Ending(EndingKind.SILENT, "ping")
                except ConnectionClosed as closed:
                    return _dropped(closed)


def _answers(reply: ControlReply, outstanding: _Outstanding) -> bool:
    """Tell whether a reply belongs to the command; session errors come without TR id and key."""
    if reply.tr_id == _SESSION_ERROR_TR:
        return not reply.is_ok
    return reply.tr_id == outstanding.tr_id and reply.tr_key in ("", outstanding.tr_key)


def _dropped(closed: ConnectionClosed) -> Ending:
    """Return the ending with the close code, the server's or ours; a lost network leaves none."""
    close = closed.rcvd or closed.sent
    if close is None:
        return Ending(EndingKind.DROPPED)
    return Ending(EndingKind.DROPPED, f"{close.code} {close.reason[:80]}".strip())
