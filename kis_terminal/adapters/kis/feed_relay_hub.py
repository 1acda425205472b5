"""The side that has the socket: hand its messages to the other programs, and hear what they want of it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.feed_relay_wire import (
    Key,
    PartKind,
    RelaySeal,
    Wishes,
    pack_batch,
    pack_reply,
    pack_seconds,
    unpack_wishes,
)
from kis_terminal.adapters.kis.kept_task import KeptTask, OnFailure
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import Cache, Clock

log = logging.getLogger(__name__)

_BATCH_BYTES = 128 * 1024
_MOST_BYTES = 8 * 1024 * 1024
"""Of messages that wait for the cache; beyond them all are dropped, and the others are told of the hole."""
_MOST_MEMBERS = 50


class Registrar(Protocol):
    """Whoever registers at KIS for all programs: the socket of ours."""

    @property
    def quiet_seconds(self) -> float:
        """Return for how long nothing has come from KIS."""
        ...

    def want(self, member: bytes, key: Key, *, is_renewal: bool) -> None: ...

    def leave(self, member: bytes, key: Key) -> None: ...

    def stalled(self, reason: str) -> None:
        """Take it that a program gets no data though the market trades."""
        ...

    def tend(self) -> None:
        """Give back what nobody wants any more."""
        ...


class _Member:
    """Another program."""

    def __init__(self) -> None:
        self.place = 0
        self.version = 0
        self.heard_at = 0.0
        self.wanted: dict[Key, int] = {}
        self.renewed: dict[Key, int] = {}


class RelayHub:
    """Members and messages of one lease; owns the task that publishes."""

    def __init__(
        self,
        cache: Cache,
        seal: RelaySeal,
        up: str,
        down: str,
        clock: Clock,
        timing: RelayTiming,
        is_sure: Callable[[], bool],
    ) -> None:
        """`up` and `down` are the channels; `is_sure` tells whether the lease is ours now."""
        self._cache = cache
        self._seal = seal
        self._up, self._down = up, down
        self._clock = clock
        self._timing = timing
        self._is_sure = is_sure
        self._members: dict[bytes, _Member] = {}
        self._forgotten: dict[bytes, int] = {}
        """The places of programs that were silent for too long: they have missed frames without a hole."""
        self._parts: deque[tuple[PartKind, bytes]] = deque()
        self._size = 0
        self._unsent: bytes | None = None
        self._number = 0
        self._epoch = 0
        self._registrar: Registrar | None = None
        self._wake = asyncio.Event()
        self._end_listening: Callable[[], Awaitable[None]] | None = None
        self._task = KeptTask("kis-relay-hub", self._run, on_lost=self._interrupted)

    @property
    def members(self) -> int:
        """Return how many other programs follow."""
        return len(self._members)

    def start(self, on_failure: OnFailure) -> None:
        """Publish and hear from now on."""
        self._task.start(on_failure)

    async def close(self) -> None:
        """Say that the socket goes, and stop."""
        await self._task.stop()
        if self._end_listening is not None:
            end, self._end_listening = self._end_listening, None
            await end()
        self._epoch = 0
        self._unsent = None
        self._drop_parts()
        await self._publish()

    def _interrupted(self) -> None:
        """Note that a bug has ended the publishing: what it had at hand is lost, and the others learn it."""
        self._unsent = None
        self._leave_hole()

    def _leave_hole(self) -> None:
        """Say nothing of what waits; the others notice by the number, and begin anew."""
        self._drop_parts()
        self._number += 1

    def _drop_parts(self) -> None:
        self._parts.clear()
        self._size = 0

    # -- the socket of ours ------------------------------------------------------------------------------

    def opened(self, registrar: Registrar, epoch: int) -> None:
        """Note a new connection to KIS."""
        self._registrar, self._epoch = registrar, epoch
        for member in self._members.values():
            member.wanted.clear()
            member.renewed.clear()
        self._wake.set()

    def closed(self) -> None:
        """Note that the connection is gone."""
        self._registrar, self._epoch = None, 0
        self._drop_parts()  # of a connection that nobody is to take for the next one
        self._wake.set()

    def frame(self, message: bytes) -> None:
        """Hand a message of KIS's to everybody."""
        if self._members:
            self._add(PartKind.FRAME, message)

    def reply(self, members: list[bytes], text: bytes) -> None:
        """Hand a reply to some programs."""
        self._add(PartKind.REPLY, pack_reply(members, text))

    def room(self) -> None:
        """Tell everybody that a registration is free."""
        if self._members:
            self._add(PartKind.ROOM, b"")

    def _add(self, kind: PartKind, content: bytes) -> None:
        self._size += len(content)
        if self._size > _MOST_BYTES:
            log.warning("the cache is too slow for the frames of the socket: the other programs ask anew")
            self._leave_hole()
            return
        self._parts.append((kind, content))
        self._wake.set()

    # -- publishing --------------------------------------------------------------------------------------

    async def _run(self) -> None:
        timing, beat_at = self._timing, float("-inf")
        while True:
            await self._listen()
            try:
                async with asyncio.timeout(max(0.0, beat_at + timing.beat - self._clock.monotonic())):
                    await self._wake.wait()
            except TimeoutError:
                pass  # time for a sign of life
            self._wake.clear()
            now = self._clock.monotonic()
            if now - beat_at >= timing.beat / 2:
                beat_at = now
                self._forget_dead(now)
                if self._registrar is not None:
                    self._registrar.tend()
            await self._publish()
            if self._parts or self._unsent is not None:
                self._wake.set()
            await asyncio.sleep(timing.batch)

    async def _listen(self) -> None:
        if self._end_listening is None:
            try:
                self._end_listening = await self._cache.listen(self._up, self._hear)
            except StoreUnavailable as error:
                log.debug("the other programs' wishes are not heard: %s", error)

    async def _publish(self) -> None:
        """Send one batch, or again the one that the cache did not take: with its number it counts once."""
        if not self._is_sure():
            # The lease may be another program's by now: what it does not know of is a hole.
            self._unsent = None
            self._leave_hole()
            return
        value = self._unsent or self._next_batch()
        try:
            await self._cache.publish(self._down, value)
        except StoreUnavailable as error:
            self._unsent = value
            log.debug("frames were not handed on: %s", error)
            await asyncio.sleep(self._timing.again)
        else:
            self._unsent = None

    def _next_batch(self) -> bytes:
        parts, size = [], 0
        while self._parts and size < _BATCH_BYTES:
            part = self._parts.popleft()
            size += len(part[1])
            parts.append(part)
        self._size -= size
        if self._registrar is not None:
            parts.append((PartKind.HEARD, pack_seconds(self._registrar.quiet_seconds)))
        self._number += 1
        return self._seal.closed(self._down, pack_batch(self._number, self._epoch, parts))

    # -- the other programs ------------------------------------------------------------------------------

    def _hear(self, value: bytes) -> None:
        plain = self._seal.opened(self._up, value)
        wishes = None if plain is None else unpack_wishes(plain)
        if wishes is None:
            return
        member = self._members.get(wishes.member)
        if member is None:
            if wishes.is_leaving or len(self._members) >= _MOST_MEMBERS:
                return
            if self._forgotten.get(wishes.member) == wishes.place:
                # It stood still, or its words were lost, and it may have heard all that was said meanwhile.
                self._add(PartKind.FORGOTTEN, pack_reply([wishes.member], b""))
                return
            member = self._members[wishes.member] = _Member()
            self._wake.set()  # it waits for a sign of life
        if wishes.version <= member.version:
            return  # seen already
        member.version, member.heard_at = wishes.version, self._clock.monotonic()
        if wishes.stalled and self._registrar is not None:
            self._registrar.stalled(wishes.stalled)
        if wishes.is_leaving:
            self._forget(wishes.member)
        elif self._registrar is not None and wishes.epoch == self._epoch:
            self._take(wishes, member, self._registrar)

    def _take(self, wishes: Wishes, member: _Member, registrar: Registrar) -> None:
        """Carry what a program wants to the socket: what is left, what is new, what is asked for again."""
        is_same = wishes.place == member.place
        member.place = wishes.place
        if not is_same:
            member.renewed.clear()
        for key in [key for key in member.wanted if key not in wishes.wanted or not is_same]:
            del member.wanted[key]
            registrar.leave(wishes.member, key)
        for key, (asked, renewed) in wishes.wanted.items():
            if member.wanted.get(key, 0) < asked:
                is_renewal = member.renewed.get(key, 0) < renewed
                member.wanted[key], member.renewed[key] = asked, renewed
                registrar.want(wishes.member, key, is_renewal=is_renewal)

    def _forget_dead(self, now: float) -> None:
        for own, member in list(self._members.items()):
            if now - member.heard_at > self._timing.dead:
                log.info("a program that shares the socket is not heard of any more")
                self._forgotten.pop(own, None)
                self._forgotten[own] = member.place
                if len(self._forgotten) > _MOST_MEMBERS:
                    del self._forgotten[next(iter(self._forgotten))]
                self._forget(own)

    def _forget(self, own: bytes) -> None:
        member = self._members.pop(own)
        if self._registrar is not None:
            for key in member.wanted:
                self._registrar.leave(own, key)
