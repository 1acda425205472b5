"""One connection of the feed: read, reply, subscribe, watch, until it ends and tells how.

Frames are decoded right in the reader: no queue, and no task for a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
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
)
from kis_terminal.adapters.kis.notices import NoticeReader
from kis_terminal.adapters.kis.realtime import ONE_BOOK, ONE_TRADE, RealtimeDecoder, runs_of_one_symbol
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind
from kis_terminal.adapters.kis.session_commands import (
    NOTICE_SYMBOL,
    STREAMS,
    Credentials,
    StreamCommands,
)
from kis_terminal.adapters.kis.slots import SlotTable
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.timing import FeedCounters, FeedTiming
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, FeedListener, Stream

if TYPE_CHECKING:
    from kis_terminal.adapters.kis.feed_relay_session import SharedSocket

log = logging.getLogger(__name__)

_PREFIX = len(ONE_TRADE)
_COMPLAINT_SECONDS = 10.0


class Socket(Protocol):
    """KIS's connection, or what stands for it where programs share one."""

    async def recv(self, decode: Literal[False]) -> bytes: ...

    async def send(self, message: str) -> None: ...

    async def ping(self) -> Awaitable[float]: ...


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
        credentials: Credentials,
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
        self._tap = tap
        self._slots = slots
        self._changed = changed
        self._decoder = decoder
        self._listener = listener
        self._clock = clock
        self._timing = timing
        self._counters = counters
        self._first_data = first_data
        self._on_failure = on_failure
        self._notices = NoticeReader()
        self._backlog = Backlog(asyncio.get_running_loop().call_soon)
        self._given_up: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._has_data = False
        self._has_renewed_notices = False
        self._commands = StreamCommands(
            self._send,
            credentials=credentials,
            slots=slots,
            changed=changed,
            listener=listener,
            clock=clock,
            timing=timing,
            key_taken=key_taken,
            notice_key=self._take_notice_key,
            gap_reason=gap_reason,
            shared=shared,
        )

    @property
    def unread_notices(self) -> int:
        """Return how many notice frames still wait for their key; at the end they are lost."""
        return self._notices.waiting

    async def run(self) -> Ending:
        """Run reader, sender and watchdog until one of them tells how the connection ended."""
        self._changed.set()
        parts: list[tuple[str, Coroutine[Any, Any, Ending]]] = [
            ("kis-feed:reader", self._read()),
            ("kis-feed:commands", self._commands.run()),
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
                return frame if isinstance(frame, Heartbeat) else self._commands.take_reply(frame)
            if not self._take_frame(frame):
                return None
        if not self._has_data:
            self._has_data = True
            self._first_data()
        return None

    def _take_frame(self, frame: StreamFrame) -> bool:
        """Hand a data frame on; returns whether it was read, raises FrameError when it cannot be."""
        stream = STREAMS.get(frame.tr_id)
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
            commands = self._commands
            commands.gap_reason = commands.gap_reason or Sentence("체결통보를 다시 등록했습니다.")
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

    def _take_notice_key(self, reply: ControlReply) -> None:
        try:
            kept = self._notices.take_key(reply.key, reply.iv)
        except FrameError as error:
            self._reject(error)
            return
        for frame in kept:
            self._take_notice(frame)

    # -- sending ------------------------------------------------------------------------------------

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


def _dropped(closed: ConnectionClosed) -> Ending:
    """Return the ending with the close code, the server's or ours; a lost network leaves none."""
    close = closed.rcvd or closed.sent
    if close is None:
        return Ending(EndingKind.DROPPED)
    return Ending(EndingKind.DROPPED, f"{close.code} {close.reason[:80]}".strip())
