"""One socket for all programs of an app key: who has it, who follows, and what happens when that changes.

The program that holds the lease connects to KIS; the others get its messages through the cache and ask it
for their streams. Only frames, replies and wishes for streams go that way: never an order.
Without the cache the program that has the socket keeps it; those that followed poll until the cache is back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection

from kis_terminal.adapters.kis.environment import Access
from kis_terminal.adapters.kis.feed_relay_host import HostedSocket
from kis_terminal.adapters.kis.feed_relay_hub import RelayHub
from kis_terminal.adapters.kis.feed_relay_lease import RelayLease, RelayTiming, Role
from kis_terminal.adapters.kis.feed_relay_socket import RelayedSocket
from kis_terminal.adapters.kis.feed_relay_wire import ID_BYTES, RelaySeal
from kis_terminal.adapters.kis.shared_access import shared_name
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Cache, Clock, SocketOwner

log = logging.getLogger(__name__)

_FOLLOWS = Sentence("같은 앱키를 쓰는 다른 프로그램의 실시간 연결을 함께 씁니다. 이어지기를 기다립니다.")
_NO_CACHE = Sentence(
    "공유 캐시(Redis)가 없어 다른 프로그램의 실시간을 받지 못합니다. 조회로 받으며, 스스로 다시 잇습니다."
)
_GIVES_WAY = Sentence(
    "공유 캐시(Redis)와 끊겨 실시간 연결을 다른 프로그램에 내주었습니다. 아무도 잇지 않으면 다시 연결합니다."
)
_TAKEN = Sentence("실시간 연결을 다른 프로그램이 이어받았습니다")


def lease_place(access: Access) -> str:
    """Return the key under which the lease of an environment's app key lies."""
    return f"{_relay_name(access)}:lease"


def _relay_name(access: Access) -> str:
    return f"{shared_name(access)}:feed"


class FeedRelay:
    """Own the lease and whichever side of the relay this program is on; `open` and `close` with the feed."""

    def __init__(self, cache: Cache, access: Access, clock: Clock, timing: RelayTiming | None = None) -> None:
        self._cache = cache
        self._clock = clock
        self._timing = timing or RelayTiming()
        self._name = _relay_name(access)
        self._seal = RelaySeal(access.appsecret.reveal())
        self._own = secrets.token_bytes(ID_BYTES)
        self._lease = RelayLease(
            cache,
            lease_place(access),
            self._own,
            clock,
            self._timing,
            has_socket=lambda: self._hosted is not None,
            on_change=self._changed,
        )
        self._hub: RelayHub | None = None
        self._hub_number = 0
        self._hosted: HostedSocket | None = None
        self._relayed: RelayedSocket | None = None
        self._relayed_number = 0
        self._epochs = 0
        self._connected_at = clock.monotonic()
        self._gives_way_until = float("-inf")
        self._closing: set[asyncio.Task[None]] = set()
        self._on_failure: Callable[[str, BaseException], None] | None = None

    @property
    def owner(self) -> SocketOwner:
        """Return which program has the socket, as far as is known."""
        role = self._lease.role
        if self._hosted is not None:
            return SocketOwner.OWN
        return SocketOwner.OTHER if role is Role.FOLLOWER and self._lease.number else SocketOwner.UNKNOWN

    def open(self, on_failure: Callable[[str, BaseException], None]) -> None:
        """Look for the lease from now on; `on_failure` is told bugs of ours."""
        self._on_failure = on_failure
        self._connected_at = self._clock.monotonic()
        self._lease.start(self._report)

    async def close(self) -> None:
        """Leave the socket to others; after the feed has closed its own side."""
        await self._lease.stop()  # first: it would begin another hub meanwhile
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.close()
        await self._lease.give_back()
        if self._closing:
            await asyncio.wait(self._closing)

    async def turn(self, tell: Callable[[str], None]) -> RelayedSocket | None:
        """Return the socket through which another program serves us, None when it is ours to connect.

        Waits for as long as neither is possible; `tell` is given a sentence about that.
        """
        lease = self._lease
        while True:
            if lease.role is Role.UNKNOWN:
                await lease.changed()
            elif lease.role is Role.HOLDER:
                return None
            elif lease.role is Role.FOLLOWER:
                tell(_FOLLOWS)
                if (socket := await self._follow()) is not None:
                    return socket
            elif not lease.may_connect:
                tell(_NO_CACHE)
                await lease.changed()
            elif (left := self._gives_way_until - self._clock.monotonic()) > 0:
                tell(_GIVES_WAY)
                await lease.changed(left)
            else:
                return None

    def host(self, socket: ClientConnection, approval_key: str, timing: FeedTiming) -> HostedSocket:
        """Share a new connection to KIS with the others."""
        self._epochs += 1
        self._hosted = hosted = HostedSocket(
            socket, approval_key, self._clock, timing, self._timing, on_close=self._host_closed
        )
        if self._lease.role is Role.FOLLOWER:
            # It was lost while the connection was being made.
            asyncio.get_running_loop().call_soon(hosted.end, _TAKEN)
        elif self._hub is not None:
            hosted.serve(self._hub)
            self._hub.opened(hosted, self._epochs)
        return hosted

    @property
    def is_holder(self) -> bool:
        """Tell whether this program is to have the socket."""
        return self._lease.role is Role.HOLDER

    @property
    def is_follower(self) -> bool:
        """Tell whether the socket is another program's, or nobody's at present."""
        return self._lease.role is Role.FOLLOWER

    async def pause(self, seconds: float) -> bool:
        """Wait before the next attempt; tell whether the lease changed: another way may be open then."""
        return await self._lease.changed(seconds)

    async def note_fruitless(self) -> None:
        """Let another program try where this one has had no connection for long though it has the lease."""
        now = self._clock.monotonic()
        has_others = self._hub is not None and self._hub.members > 0
        if self._lease.role is Role.HOLDER and has_others and self._is_fruitless(now):
            log.warning("no connection for %.0f s: another program may try", now - self._connected_at)
            self._connected_at = now
            await self._lease.hand_on(self._timing.abstain)

    async def stand_down(self) -> None:
        """Leave the socket to others for good: this program can never have it."""
        await self._lease.hand_on(float("inf"))

    def stalled(self, reason: str) -> None:
        """Tell whoever has the socket that no data comes though the market trades."""
        if self._relayed is not None:
            self._relayed.stalled(reason)

    def _is_fruitless(self, now: float) -> bool:
        return now - self._connected_at > self._timing.fruitless

    async def _follow(self) -> RelayedSocket | None:
        """Join the holder of the lease; None when it, or the lease, has gone meanwhile."""
        if not (number := self._lease.number):
            await self._lease.changed()
            return None
        up, down = f"{self._name}:up", f"{self._name}:down:{number}"
        socket = RelayedSocket(
            *(self._cache, self._seal, up, down, self._own, self._clock, self._timing),
            on_gone=self._lease.look_soon,
            on_failure=self._report,
        )
        self._relayed, self._relayed_number = socket, number
        is_ready = False
        try:
            await socket.open()
            is_ready = await socket.ready()
        except StoreUnavailable as error:
            log.debug("the holder of the socket cannot be heard: %s", error)
        finally:
            if not is_ready:
                await socket.close()
        if not is_ready and (self._lease.role, self._lease.number) == (Role.FOLLOWER, number):
            await self._lease.changed(self._timing.look)  # it may fail again at once
        return socket if is_ready else None

    # -- changes -----------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """Carry a new role into whichever side we are on."""
        lease = self._lease
        if lease.role is Role.AWAY:
            if lease.must_give_way and self._hosted is not None:
                self._gives_way_until = self._clock.monotonic() + self._timing.give_way
                self._hosted.end(Sentence("공유 캐시(Redis)와 끊겼습니다"))
            return  # a follower ends when it hears nothing more
        if self._relayed is not None and (lease.role, lease.number) != (Role.FOLLOWER, self._relayed_number):
            self._relayed.end(_TAKEN)
        if lease.role is Role.HOLDER:
            self._connected_at = self._clock.monotonic()
            self._begin_hub()
        else:
            self._end_hub()
            if self._hosted is not None:
                self._hosted.end(_TAKEN)

    def _begin_hub(self) -> None:
        """Serve the others under the lease's number."""
        if self._hub is not None and self._hub_number == self._lease.number:
            return
        self._end_hub()
        number = self._hub_number = self._lease.number
        self._hub = RelayHub(
            *(self._cache, self._seal, f"{self._name}:up", f"{self._name}:down:{number}"),
            *(self._clock, self._timing),
            is_sure=lambda: self._lease.is_sure and self._lease.number == number,
        )
        self._hub.start(self._report)
        if self._hosted is not None:
            self._hosted.serve(self._hub)
            self._hub.opened(self._hosted, self._epochs)

    def _end_hub(self) -> None:
        hub, self._hub = self._hub, None
        if hub is None:
            return
        if self._hosted is not None:
            self._hosted.serve(None)
        task = asyncio.get_running_loop().create_task(hub.close(), name="kis-relay-hub-end")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        task.add_done_callback(self._task_ended)

    def _host_closed(self, socket: HostedSocket) -> None:
        if self._hosted is socket:
            self._hosted = None
            self._connected_at = self._clock.monotonic()
            if self._hub is not None:
                self._hub.closed()

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        if self._on_failure is not None:
            self._on_failure(name, error)
