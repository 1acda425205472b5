"""The WebSocket connection as `ports.MarketFeed`: wanted streams, connecting, connecting again.

Source: PROTOCOL.md sections 4 and 9 (KIS workbook 2026-06-03, notices up to 2026-09-14; checked 2026-11-22).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI

from kis_terminal.adapters.kis.frames import MAX_FRAME_BYTES
from kis_terminal.adapters.kis.realtime import RealtimeDecoder
from kis_terminal.adapters.kis.reconnect import Ending, EndingKind, Reconnector
from kis_terminal.adapters.kis.session import FeedSession
from kis_terminal.adapters.kis.session_commands import NOTICE_SYMBOL, Credentials
from kis_terminal.adapters.kis.slots import TOTAL, SlotTable
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.timing import FeedCounters, FeedTiming
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import AccessRefused, CorrectionNeeded, TerminalError
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import (
    ApprovalState,
    Clock,
    FeedHealth,
    FeedListener,
    LinkState,
    SocketOwner,
    Stream,
    StreamStatus,
    SubscriptionState,
)

if TYPE_CHECKING:
    # Loaded by who shares a socket only.
    from kis_terminal.adapters.kis.feed_relay import FeedRelay
    from kis_terminal.adapters.kis.feed_relay_session import SharedSocket

log = logging.getLogger(__name__)

_PATH = "/tryitout"
_LATE_SECONDS = 10.0
"""After which a first connection counts as one that was missed."""


class KisFeed:
    """Streams of one connection (`ports.MarketFeed`); owns the tasks that keep it.

    approval_key: gives the key to subscribe with; `invalidate_approval` makes it get a new one next time.
    on_failure(name, error): called for a bug of ours, after which the connection is made anew.
    relay: shares one connection among the programs of an app key; without it this one has its own.
    """

    def __init__(
        self,
        *,
        ws_url: str,
        environment: Environment,
        hts_id: str,
        approval_key: Callable[[], Awaitable[str]],
        invalidate_approval: Callable[[], None],
        clock: Clock,
        randomness: Random | None = None,
        timing: FeedTiming | None = None,
        slots_total: int = TOTAL,
        on_failure: Callable[[str, BaseException], None] | None = None,
        tap: WireTap | None = None,
        relay: FeedRelay | None = None,
    ) -> None:
        self._address = ws_url.rstrip("/") + _PATH
        self._environment = environment
        self._hts_id = hts_id
        self._approval_key = approval_key
        self._invalidate_approval = invalidate_approval
        self._clock = clock
        self._timing = timing or FeedTiming()
        self._on_failure = on_failure
        self._tap = tap
        self._slots = SlotTable(slots_total, self._timing.grace, self._timing.first_retry)
        self._relay = relay
        randomness = randomness or Random()
        self._reconnector = Reconnector(self._timing.reconnect, randomness)
        # Of places on another program's connection: they are no connects of ours at KIS.
        self._relayed = Reconnector(self._timing.reconnect, randomness)
        self._is_relayed = False
        self._has_followed = False
        self._decoder = RealtimeDecoder()
        self._listener: FeedListener | None = None
        self._session: FeedSession | None = None
        self._link = LinkState.CLOSED
        self._link_since = clock.monotonic()
        self._retry_at: float | None = None
        self._approval = ApprovalState.NONE
        self._has_alarmed = False
        self._task: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._opened_at = clock.monotonic()
        self._first_attempt = asyncio.Event()
        self._changed = asyncio.Event()
        self.counters = FeedCounters()
        # Wire debugging would write the approval key into the log.
        self._wire_log = logging.getLogger(f"{__name__}.wire")
        self._wire_log.setLevel(logging.WARNING)

    def listen(self, listener: FeedListener) -> None:
        """Set the one listener; called once before `open`."""
        if self._listener is not None:
            raise RuntimeError("the feed has a listener already")
        self._listener = listener

    async def open(self) -> None:
        """Start connecting and go on until `close`; returns when the first attempt has been made.

        A feed that has given up, or was closed, may be opened again.
        """
        if self._listener is None or (self._task is not None and not self._task.done()):
            raise RuntimeError("the feed is open already, or has no listener")
        self._first_attempt.clear()
        self._opened_at = self._clock.monotonic()
        if self._relay is not None:
            self._relay.open(self._report)
        self._begin(self._listener)
        await self._first_attempt.wait()

    def _begin(self, listener: FeedListener) -> None:
        self._forget_again()
        self._task = asyncio.get_running_loop().create_task(self._run(listener), name="kis-feed")
        self._task.add_done_callback(self._ended)

    def _forget_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    async def close(self) -> None:
        """Stop everything and wait until the connection is closed; may be called twice."""
        task, self._task = self._task, None
        if task is None:
            return
        was_running = not task.done() or self._again is not None
        self._forget_again()
        task.cancel()
        await asyncio.wait({task})
        if self._relay is not None:
            await self._relay.close()
        if self._listener is not None:
            self._tell_lost(self._listener)
            if was_running:
                self._tell_link(self._listener, LinkState.CLOSED, Sentence("실시간 연결을 닫았습니다."))

    def subscribe(self, stream: Stream, symbol: str) -> None:
        """Want a stream; raises CorrectionNeeded when all slots are taken or it cannot be had at all.

        Notices come by one registration for all symbols; they are reported with an empty symbol.
        """
        if stream is Stream.STATUS and self._environment is Environment.PAPER:
            raise CorrectionNeeded(Sentence("모의투자는 장운영정보 실시간을 제공하지 않습니다."))
        if stream is Stream.NOTICES:
            symbol = NOTICE_SYMBOL
            if not self._hts_id:
                raise CorrectionNeeded(
                    Sentence(
                        "HTS ID가 설정되지 않아 체결통보를 받을 수 없습니다. 설정에 HTS ID를 넣어 주십시오."
                    )
                )
        slot = self._slots.add(stream, symbol, self._clock.monotonic())
        if self._listener is not None and slot.references == 1:
            self._listener.on_subscription(stream, symbol, slot.state, "")
        self._changed.set()

    def unsubscribe(self, stream: Stream, symbol: str) -> None:
        """Want a stream no longer; its slot is free after a few seconds' grace."""
        symbol = NOTICE_SYMBOL if stream is Stream.NOTICES else symbol
        self._slots.release(stream, symbol, self._clock.monotonic())
        self._changed.set()

    def prefer(self, order: Sequence[tuple[Stream, str]]) -> None:
        """Ask for wanted streams in this order from now on; those that are not named come last."""
        self._slots.prefer(order)

    def renew(self, stream: Stream, symbol: str) -> None:
        """Leave a confirmed stream and ask for it again: nothing comes on it though it should."""
        slot = self._slots.slot(stream, symbol)
        if slot is None or slot.state is not SubscriptionState.CONFIRMED:
            return
        self._slots.again(slot, self._clock.monotonic())
        if self._listener is not None:
            self._listener.on_subscription(stream, symbol, slot.state, "")
        self._changed.set()

    def restart(self, reason: str) -> None:
        """Give the connection up and make a new one: nothing comes on it though the market trades."""
        if self._session is not None:
            self.counters.stall_restarts += 1
            if self._relay is not None:
                self._relay.stalled(reason)
            self._session.give_up(Ending(EndingKind.STALLED, reason))

    def subscriptions(self) -> Sequence[StreamStatus]:
        """Return every stream that is wanted of the server and how it stands."""
        return self._slots.statuses()

    def health(self) -> FeedHealth:
        """Return the figures of the connection."""
        counters, policy = self.counters, self._timing.reconnect
        return FeedHealth(
            link=self._link,
            link_since=self._link_since,
            retry_at=self._retry_at,
            approval=self._approval,
            slots_used=self._slots.used,
            slots_total=self._slots.total,
            connects=counters.connections,
            recent_connects=self._reconnector.recent_connects(self._clock.monotonic()),
            recent_connects_limit=policy.connects,
            stall_restarts=counters.stall_restarts,
            last_frame_at=counters.last_frame_at,
            last_data_at=counters.last_data_at,
            messages=counters.messages,
            rejected=counters.rejected,
            owner=SocketOwner.ALONE if self._relay is None else self._relay.owner,
        )

    @property
    def slots_used(self) -> int:
        """Return the slots in use, the one kept for execution notices included."""
        return self._slots.used

    @property
    def slots_total(self) -> int:
        """Return how many registrations one session may have."""
        return self._slots.total

    @property
    def last_frame_at(self) -> float | None:
        """Return Clock.monotonic() of the last sign of life, to about a second; None before the first."""
        return self.counters.last_frame_at

    async def _run(self, listener: FeedListener) -> None:
        while True:
            ending = await self._connect_once(listener)
            self._first_attempt.set()
            self._tell_lost(listener)
            reconnector = self._relayed if self._is_relayed else self._reconnector
            decision = reconnector.decide(ending, self._clock.monotonic())
            if decision.delay is None:
                log.error("feed stopped: %s %s", ending.kind, ending.detail)
                self._tell_link(listener, LinkState.CLOSED, decision.sentence)
                if self._relay is not None:
                    await self._relay.stand_down()
                return
            if ending.kind is EndingKind.APPROVAL_REFUSED:
                self._approval = ApprovalState.REFUSED
            if decision.renew_approval:
                self._invalidate_approval()
            recent = self._reconnector.recent_connects(self._clock.monotonic())
            if decision.is_alarming and not self._has_alarmed:
                log.warning(
                    "the stream cannot be kept, one connection after another ends: %s", decision.sentence
                )
                self._has_alarmed = True
            elif not decision.is_alarming and recent < self._timing.reconnect.hurried:
                self._has_alarmed = False
            log.info("feed waits %.1f s after %s %s", decision.delay, ending.kind, ending.detail)
            self._retry_at = self._clock.monotonic() + decision.delay
            self._tell_link(listener, LinkState.WAITING, decision.sentence)
            await self._pause(decision.delay)
            self._retry_at = None

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt, unless the connection of another program can be had meanwhile."""
        relay, until = self._relay, self._clock.monotonic() + seconds
        if relay is None:
            await asyncio.sleep(seconds)
            return
        if not self._is_relayed:
            await relay.note_fruitless()
        while not (self._is_relayed and relay.is_holder):
            left = until - self._clock.monotonic()
            if left <= 0 or not await relay.pause(left):
                return
            recent = self._reconnector.recent_connects(self._clock.monotonic())
            if relay.is_follower or (relay.is_holder and recent < self._timing.reconnect.hurried):
                return

    def _tell_lost(self, listener: FeedListener) -> None:
        for slot in self._slots.disconnected(self._clock.monotonic()):
            listener.on_subscription(slot.stream, slot.symbol, SubscriptionState.WANTED, "")

    def _tell_link(self, listener: FeedListener, link: LinkState, text: str) -> None:
        if link is not self._link:
            self._link, self._link_since = link, self._clock.monotonic()
        listener.on_link(link, text)

    async def _connect_once(self, listener: FeedListener) -> Ending:
        self._tell_link(listener, LinkState.CONNECTING, Sentence("실시간 서버에 접속하고 있습니다."))
        if self._relay is not None:
            relayed = await self._relay.turn(lambda words: self._wait_for_others(listener, words))
            if self._has_followed and self._relay.is_holder:
                self._reconnector.took_over(self._clock.monotonic())
            self._is_relayed = self._has_followed = relayed is not None
            if relayed is not None:
                self._relayed.connecting(self._clock.monotonic())
                return await self._serve_and_close(relayed, "", listener)
        try:
            key = await self._approval_key()
        except AccessRefused as error:
            self._approval = ApprovalState.UNAVAILABLE
            return Ending(EndingKind.ACCESS_REFUSED, sentence_of(error))
        except TerminalError as error:
            self._approval = ApprovalState.UNAVAILABLE
            return Ending(EndingKind.UNAVAILABLE, sentence_of(error))
        self._approval = ApprovalState.HELD
        self._reconnector.connecting(self._clock.monotonic())
        try:
            socket = await connect(
                self._address,
                compression=None,
                proxy=None,
                user_agent_header="kis-terminal",
                open_timeout=self._timing.open_timeout,
                ping_interval=None,  # KIS has a heartbeat of its own; the session probes only in silence
                close_timeout=self._timing.close_timeout,
                max_size=MAX_FRAME_BYTES,
                logger=self._wire_log,
            )
        except InvalidURI as error:
            return Ending(EndingKind.WRONG_ADDRESS, str(error))
        except (OSError, InvalidHandshake) as error:  # a time-out is an OSError, too
            return Ending(EndingKind.DROPPED, str(error) or type(error).__name__)
        if self._relay is None:
            return await self._serve_and_close(socket, key, listener)
        return await self._serve_and_close(self._relay.host(socket, key, self._timing), key, listener)

    def _wait_for_others(self, listener: FeedListener, words: str) -> None:
        self._has_followed = True
        self._first_attempt.set()
        self._tell_link(listener, LinkState.WAITING, words)

    async def _serve_and_close(
        self, socket: ClientConnection | SharedSocket, key: str, listener: FeedListener
    ) -> Ending:
        try:
            return await self._serve(socket, key, listener)
        finally:
            await socket.close()

    async def _serve(
        self, socket: ClientConnection | SharedSocket, key: str, listener: FeedListener
    ) -> Ending:
        self.counters.connections += 1
        now = self.counters.last_frame_at = self._clock.monotonic()
        # A first one that is late, too: what the program asked for at its start is no longer all.
        has_gap = self.counters.connections > 1 or now - self._opened_at > _LATE_SECONDS
        gap_reason = Sentence("실시간 연결이 다시 이어졌습니다.") if has_gap else ""
        reconnector = self._relayed if self._is_relayed else self._reconnector
        shared = None if isinstance(socket, ClientConnection) else socket
        notice_tr_id = "H0STCNI9" if self._environment is Environment.PAPER else "H0STCNI0"
        session = FeedSession(
            socket,
            credentials=Credentials(key, self._hts_id, notice_tr_id),
            slots=self._slots,
            changed=self._changed,
            decoder=self._decoder,
            listener=listener,
            clock=self._clock,
            timing=self._timing,
            counters=self.counters,
            first_data=reconnector.data_received,
            key_taken=reconnector.key_taken,
            gap_reason=gap_reason,
            on_failure=self._report,
            tap=self._tap,
            shared=shared,
        )
        if shared is not None:
            shared.bind(session)
        self._tell_link(listener, LinkState.CONNECTED, Sentence("실시간에 연결되었습니다."))
        self._first_attempt.set()
        self._session = session
        try:
            ending = await session.run()
        finally:
            self._session = None
        if session.unread_notices:
            log.warning("%d execution notices were lost with their key", session.unread_notices)
        return ending

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is self._task or self._task is None:
            self._first_attempt.set()
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._report(task.get_name(), error)
        if task is self._task and self._listener is not None:
            ending, now = Ending(EndingKind.BROKEN, type(error).__name__), self._clock.monotonic()
            decision = self._reconnector.decide(ending, now)
            delay = max(1.0, decision.delay or 0.0)
            self._again = asyncio.get_running_loop().call_later(delay, self._begin, self._listener)
            self._retry_at = now + delay
            self._tell_lost(self._listener)
            self._tell_link(self._listener, LinkState.WAITING, decision.sentence)

    def _report(self, name: str, error: BaseException) -> None:
        if self._on_failure is not None:
            self._on_failure(name, error)
        else:
            log.error("%s failed", name, exc_info=error)
