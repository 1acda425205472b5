"""Which program of an app key has the one socket: a lease in the shared cache, renewed while that lives.

KIS refuses a second session of an app key (OPSP8996), so a program connects only while it holds the lease, or
where no cache tells it otherwise. The lease is measured from the sending of its last renewal by a clock that
counts the machine's sleep: it ends here before it ends in the cache.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kis_terminal.adapters.kis.kept_task import KeptTask, OnFailure
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import Cache, Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayTiming:
    """Seconds."""

    life: float = 3.0
    """Of a lease that is not renewed; the same for all programs."""
    look: float = 0.5
    """Between two renewals, or two looks at another program's lease."""
    first_look: float = 1.5
    """How long a starting program waits for the cache."""
    settle: float = 2.0
    """After an outage: whoever has the socket takes the free lease first."""
    give_way: float = 4.0
    """How long a socket is left to others whose holder has lost a cache that others may still reach."""
    beat: float = 1.0
    """Between two signs of life of programs to each other."""
    dead: float = 3.5
    """Without a sign of life."""
    grace: float = 3.0
    """Before a registration that only another program wanted is given back."""
    batch: float = 0.01
    """Between two batches of frames."""
    again: float = 0.1
    """Before a batch that the cache did not take is sent again."""
    fruitless: float = 20.0
    """A holder that has no connection for so long lets another program try, which has `abstain` for it."""
    abstain: float = 10.0


class Role(StrEnum):
    """What this program is to the socket."""

    UNKNOWN = "unknown"
    """The cache has not been asked yet."""
    HOLDER = "holder"
    FOLLOWER = "follower"
    """Another program holds it, or nobody does at present."""
    AWAY = "away"
    """The cache is away."""


class RelayLease:
    """Own the task that takes, renews and watches the lease.

    has_socket: tells whether this program has a connection to KIS.
    on_change: called after every change of role or number.
    """

    def __init__(
        self,
        cache: Cache,
        place: str,
        own: bytes,
        clock: Clock,
        timing: RelayTiming,
        *,
        has_socket: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._cache = cache
        self._place = place
        self._own = own.hex().encode()
        self._clock = clock
        self._timing = timing
        self._has_socket = has_socket
        self._on_change = on_change
        self._until = float("-inf")
        self._takes_from = float("-inf")
        self._hurry = asyncio.Event()
        self._change = asyncio.Event()
        self._task = KeptTask("kis-relay-lease", self._keep, on_lost=self._unwatched)
        self.role = Role.UNKNOWN
        self.number = 0
        """Of the lease in force, 0 for none."""
        self.may_connect = True
        """Whether this program may connect while the cache is away: unless another one has the socket."""
        self.must_give_way = False
        """The lease was lost with a cache that others may still reach."""

    @property
    def is_sure(self) -> bool:
        """Tell whether the lease is ours now, also after this process has stood still."""
        return self.role is Role.HOLDER and self._clock.monotonic() < self._until

    def start(self, on_failure: OnFailure) -> None:
        """Look after the lease from now on; take it again where it was left to others."""
        self._takes_from = float("-inf")
        if self._task.is_kept:
            self.look_soon()
            return
        self.role, self.number, self.may_connect = Role.UNKNOWN, 0, True
        self._task.start(on_failure)

    async def stop(self) -> None:
        """Look no more; a lease of ours runs on until `give_back`."""
        await self._task.stop()

    async def give_back(self) -> None:
        """Leave the lease to others after `stop`; a look that was cut off may have taken it."""
        self.role = Role.UNKNOWN
        await self._let_go()

    async def hand_on(self, seconds: float) -> None:
        """Give the lease back and leave it to others for so long."""
        self._takes_from = self._clock.monotonic() + seconds
        await self._let_go()
        self._set(Role.FOLLOWER, 0)

    def look_soon(self) -> None:
        """Look at once: whoever held the lease has said that it goes."""
        self._hurry.set()

    async def changed(self, seconds: float | None = None) -> bool:
        """Wait for the next change, at most so long; tell whether it came."""
        try:
            async with asyncio.timeout(seconds):
                await self._change.wait()
        except TimeoutError:
            return False
        return True

    async def _let_go(self) -> None:
        self._until = float("-inf")
        try:
            await self._cache.let_go(self._place, self._own)
        except StoreUnavailable as error:
            log.debug("the socket's lease ends by itself: %s", error)

    async def _keep(self) -> None:
        await self._cache.ready(self._timing.first_look)
        while True:
            await self._look()
            self._hurry.clear()
            try:
                async with asyncio.timeout(self._timing.look):
                    await self._hurry.wait()
            except TimeoutError:
                pass  # it is time to look again

    async def _look(self) -> None:
        asked, life = self._clock.monotonic(), self._timing.life
        may_take = asked >= self._takes_from
        if self.role is Role.AWAY:
            may_take = self._has_socket()
        try:
            number, holder = await self._cache.hold(self._place, self._own, life, may_take=may_take)
        except StoreUnavailable:
            self._lose_sight(asked)
            return
        if self.role is Role.AWAY and not may_take:
            self._takes_from = asked + self._timing.settle
        if holder == self._own and self._clock.monotonic() < self._takes_from:
            # Left to others while this look was under way: it may have taken it again, and would keep it.
            await self._let_go()
            self._set(Role.FOLLOWER, 0)
        elif number and holder == self._own:
            self._until = asked + life
            self._set(Role.HOLDER, number)
        else:
            self._set(Role.FOLLOWER, number)

    def _unwatched(self) -> None:
        """Note that a bug has ended the looking: as if the cache were away, until it is started again."""
        self._lose_sight(self._clock.monotonic())

    def _lose_sight(self, asked: float) -> None:
        """Note that the cache did not answer; a lease that runs still is kept."""
        if self.role is Role.HOLDER and asked < self._until:
            return
        # Nothing listens at its address: it is away for all, and nobody else can take the lease.
        self.must_give_way = self.role is Role.HOLDER and not self._cache.is_refused
        self._set(Role.AWAY, self.number)

    def _set(self, role: Role, number: int) -> None:
        if (role, number) == (self.role, self.number):
            return
        log.info("the shared socket: %s, lease %d", role, number)
        self.role, self.number = role, number
        if role in (Role.HOLDER, Role.FOLLOWER):
            self.may_connect = role is Role.HOLDER
            self.must_give_way = False
        change, self._change = self._change, asyncio.Event()
        change.set()
        self._on_change()
