"""The socket of a program whose frames come from another one: to the session it is like KIS's own."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal

from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.feed_relay_session import Session, command_of, unsubscribed
from kis_terminal.adapters.kis.feed_relay_wire import (
    Batch,
    FrameFilter,
    Key,
    PartKind,
    RelaySeal,
    Wishes,
    pack_wishes,
    unpack_batch,
    unpack_reply,
    unpack_seconds,
)
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Cache, Clock

_FORGOTTEN = Sentence("그 프로그램이 이 프로그램의 소식을 듣지 못했습니다")
_FRESH_SECONDS = 15.0
"""KIS was heard by the other program so lately: as good as a pong."""


class RelayedSocket:
    """What comes from the program that holds the lease; owns the task that tells it our wishes.

    Nothing is made good here: with the first hole, silence or change at the other side it ends, and the
    session of the next one asks for everything again, as after any break.
    """

    def __init__(
        self,
        cache: Cache,
        seal: RelaySeal,
        up: str,
        down: str,
        own: bytes,
        clock: Clock,
        timing: RelayTiming,
        *,
        on_gone: Callable[[], None],
        on_failure: Callable[[str, BaseException], None],
    ) -> None:
        """`up` and `down` are the channels, `own` is our id; `on_gone`: the holder has said goodbye.

        on_failure(name, error): called for a bug of ours.
        """
        self._cache = cache
        self._seal = seal
        self._up, self._down = up, down
        self._own = own
        # Grows over all sockets of a program, however coarse the clock.
        self._versions = itertools.count(time.monotonic_ns())
        self._place = next(self._versions)
        self._clock = clock
        self._timing = timing
        self._on_gone = on_gone
        self._on_failure = on_failure
        self._session: Session | None = None
        self._filter = FrameFilter()
        self._counts: dict[Key, int] = {}
        self._renewals: dict[Key, int] = {}
        self._wanted: dict[Key, tuple[int, int]] = {}
        self._stalled = ""
        self._number: int | None = None
        self._epoch = 0
        self._heard_at = self._said_at = clock.monotonic()
        self._frames: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._opened = asyncio.Event()
        self._pongs: list[asyncio.Future[float]] = []
        self._wake = asyncio.Event()
        self._ended = ""
        self._end_listening: Callable[[], Awaitable[None]] | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen, and make ourselves known; raises StoreUnavailable."""
        self._end_listening = await self._cache.listen(self._down, self._hear)
        self._task = asyncio.get_running_loop().create_task(self._tell(), name="kis-relay-wishes")
        self._task.add_done_callback(self._telling_ended)

    async def ready(self) -> bool:
        """Wait until the other program has a connection to KIS; False when it is gone."""
        await self._opened.wait()
        return not self._ended

    def bind(self, session: Session) -> None:
        """Note who reads; what ended before ends it."""
        self._session = session
        if self._ended:
            session.give_up(Ending(EndingKind.RELAYED, self._ended))

    async def recv(self, decode: Literal[False]) -> bytes:
        """Return the next frame that is for this program."""
        while not self._frames:
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    async def send(self, message: str) -> None:
        """Take a command; heartbeats are answered by whoever has the socket."""
        command = command_of(message)
        if command is None:
            return
        is_subscribe, key = command
        if is_subscribe:
            # Counted on over a leaving: more than before is a wish to be answered.
            self._counts[key] = self._counts.get(key, 0) + 1
            self._wanted[key] = self._counts[key], self._renewals.get(key, 0)
            self._filter.want(key)
        else:
            self._wanted.pop(key, None)
            self._filter.leave(key)
            asyncio.get_running_loop().call_soon(self._answer, unsubscribed(key))
        self._wake.set()

    def renewing(self, key: Key) -> None:
        """Note that what is left now will be asked for again: KIS has to make it anew."""
        self._renewals[key] = self._renewals.get(key, 0) + 1

    async def ping(self) -> Awaitable[float]:
        """Ask for a sign of life: the other program tells how lately it heard KIS."""
        pong: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        return pong

    def stalled(self, reason: str) -> None:
        """Tell the other program that no data comes though the market trades."""
        self._stalled = reason
        self._wake.set()

    async def close(self) -> None:
        """Want nothing more, and say so: what only we wanted is free soon. May be called twice."""
        self.end("closed")
        end, self._end_listening = self._end_listening, None
        if end is not None:
            await end()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            await self._say(is_leaving=True)

    def end(self, reason: str) -> None:
        """Make the session end."""
        if self._ended:
            return
        self._ended = reason
        for pong in self._pongs:
            pong.cancel()
        self._pongs.clear()
        self._opened.set()
        if self._session is not None:
            self._session.give_up(Ending(EndingKind.RELAYED, reason))

    # -- what comes --------------------------------------------------------------------------------------

    def _hear(self, value: bytes) -> None:
        if self._ended:
            return
        plain = self._seal.opened(self._down, value)
        batch = None if plain is None else unpack_batch(plain)
        if batch is None or (self._number is not None and batch.number <= self._number):
            return  # nobody's of ours, or seen already
        has_hole = self._number is not None and batch.number != self._number + 1
        self._number, self._heard_at = batch.number, self._clock.monotonic()
        if batch.epoch != self._epoch and self._epoch:
            self.end(Sentence("그 프로그램의 연결이 바뀌었습니다"))
            if not batch.epoch:
                self._on_gone()
        elif self._epoch and has_hole:
            self.end(Sentence("받지 못한 것이 있습니다"))
        elif batch.epoch:
            if not self._epoch:
                self._epoch = batch.epoch
                self._opened.set()
            self._take(batch)

    def _take(self, batch: Batch) -> None:
        passes, frames = self._filter.passes, self._frames
        for kind, content in batch.parts:
            if kind is PartKind.FRAME:
                if passes(content):
                    frames.append(content)
            elif kind is PartKind.REPLY:
                # In its place among the frames: the key of notices comes before what it opens.
                if (text := unpack_reply(content, self._own)) is not None:
                    frames.append(text)
            elif kind is PartKind.ROOM:
                if self._session is not None:
                    self._session.take_room()
            elif kind is PartKind.FORGOTTEN:
                if unpack_reply(content, self._own) is not None:
                    self.end(_FORGOTTEN)
                    return
            elif unpack_seconds(content) < _FRESH_SECONDS:
                for pong in self._pongs:
                    if not pong.done():
                        pong.set_result(0.0)
                self._pongs.clear()
        if frames:
            self._arrived.set()

    def _answer(self, text: bytes) -> None:
        if self._session is not None and not self._ended:
            self._session.take_aside(text)

    # -- what we want ------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Say what is wanted at every change, and that this program lives; see that the other one does."""
        while not self._ended:
            await self._say()
            self._wake.clear()
            try:
                async with asyncio.timeout(self._timing.beat):
                    await self._wake.wait()
            except TimeoutError:
                pass  # time for a sign of life
            now, dead = self._clock.monotonic(), self._timing.dead
            if now - self._said_at > dead:
                self.end(_FORGOTTEN)  # also after this program stood still, whatever waits to be heard
            elif now - self._heard_at > dead:
                self.end(Sentence("그 프로그램이 응답하지 않습니다"))

    def _telling_ended(self, task: asyncio.Task[None]) -> None:
        """End with a bug of ours: nobody would hear any more what is wanted."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.end("bug")
            self._on_failure(task.get_name(), error)

    async def _say(self, *, is_leaving: bool = False) -> None:
        stalled, self._stalled = self._stalled, ""
        wishes = Wishes(
            self._own,
            self._place,
            next(self._versions),
            self._epoch,
            dict(self._wanted),
            stalled,
            is_leaving,
        )
        value = self._seal.closed(self._up, pack_wishes(wishes))
        began = self._clock.monotonic()
        try:
            await self._cache.publish(self._up, value)
        except StoreUnavailable:
            self._stalled = self._stalled or stalled  # said again with the next sign of life
        else:
            self._said_at = began
