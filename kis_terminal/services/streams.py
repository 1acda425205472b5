"""Which watched streams the feed brings now, which it does not, and why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Clock, LinkState, MarketFeed, Stream, StreamStatus, SubscriptionState
from kis_terminal.services.stream_budget import Key, Rank, StreamBudget, Turn
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

STALE_SECONDS = 30.0
"""A link from which nothing came for so long proves no price; a living one is heard within some 20 s."""
_UNCONFIRMED_SECONDS = 5.0
_UNTOLD_SECONDS = 3.0
"""A confirmed stream of a quiet symbol tells nothing; by then a quote asked for elsewhere has come."""
_ARRANGE_SECONDS = 0.1
"""So that a symbol that comes and one that goes in the same moment are one change."""
_SLOWEST_LOOK = 5.0

_FULL = Sentence("실시간 등록 자리가 모자라 조회로 받습니다.")
_LATE = Sentence("실시간이 아직 오지 않아 조회로 받습니다.")


class Streams:
    """Own the wishes for streams and what the feed said to them.

    on_lost(key, at): a stream brings nothing any more; what it brought was sure until then (monotonic).
    on_missing(): some watched stream is not brought by the feed.
    """

    def __init__(
        self,
        feed: MarketFeed,
        clock: Clock,
        scope: TaskScope,
        *,
        on_lost: Callable[[Key, float], None],
        on_missing: Callable[[], None],
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._scope = scope
        self._on_lost = on_lost
        self._on_missing = on_missing
        self._budget = StreamBudget(feed.slots_total - 1)
        self._confirmed: dict[Key, float] = {}
        self._waiting_since: dict[Key, float] = {}
        self._gapped: set[Key] = set()
        self._doubted_at: float | None = None
        self._is_arranging_soon = False

    # -- reading ---------------------------------------------------------------------------------------------

    def ranked(self) -> list[Key]:
        """Return every watched stream, the most wanted first."""
        return self._budget.ranked()

    def __contains__(self, key: object) -> bool:
        return key in self._budget

    def rank(self, key: Key) -> Rank:
        """Return the best reason for which a stream is watched."""
        return self._budget.rank(key)

    def confirmed_at(self, key: Key) -> float | None:
        """Return since when the feed brings a stream without a break, None when it does not."""
        return self._confirmed.get(key)

    def silent_since(self) -> float | None:
        """Return since when the link proves nothing any more, None while it lives."""
        if self._doubted_at is not None:
            return self._doubted_at
        last = self._feed.last_frame_at
        return last if last is not None and self._clock.monotonic() - last > STALE_SECONDS else None

    def sure_until(self) -> float:
        """Return until when what the link brought was the newest there is."""
        silent = self.silent_since()
        return self._clock.monotonic() if silent is None else silent

    def is_live(self, key: Key) -> bool:
        """Tell whether a stream is confirmed on a link that lives."""
        return key in self._confirmed and self.silent_since() is None

    def is_late(self, key: Key) -> bool:
        """Tell whether a stream should have been there, or have brought something, a while ago."""
        if not self._budget.is_held(key):
            return True
        now, confirmed = self._clock.monotonic(), self._confirmed.get(key)
        if confirmed is not None:
            return now - confirmed > _UNTOLD_SECONDS
        return now - self._waiting_since.get(key, 0.0) > _UNCONFIRMED_SECONDS

    def statuses(self) -> list[StreamStatus]:
        """Return how every watched stream stands, execution notices first, then by how much it is wanted."""
        told = {(status.stream, status.symbol): status for status in self._feed.subscriptions()}
        found = [status for status in told.values() if status.stream is Stream.NOTICES]
        for key in self._budget.ranked():
            status = told.get(key)
            since = self._waiting_since.get(key, 0.0)
            if not self._budget.is_held(key) or status is None:
                reason = self._budget.barred(key)
                state = SubscriptionState.REFUSED if reason else SubscriptionState.POLLED
                status = StreamStatus(*key, state, reason or _FULL, since)
            elif status.state is SubscriptionState.WANTED and self.is_late(key):
                status = StreamStatus(*key, SubscriptionState.POLLED, status.reason or _LATE, status.since)
            found.append(status)
        return found

    # -- wishes ----------------------------------------------------------------------------------------------

    def want(self, key: Key, rank: Rank) -> bool:
        """Count one more reason to watch a stream; returns whether it was not watched before."""
        now = self._clock.monotonic()
        is_new = self._budget.want(key, rank, now)
        if is_new:
            self._waiting_since[key] = now
            if self._budget.has_room:
                self._take_turns()
        if not self._budget.is_held(key) and not self._budget.barred(key):
            self._arrange_soon()
            self._on_missing()
        return is_new

    def leave(self, key: Key, rank: Rank) -> None:
        """Count one reason less; the last one frees the place."""
        turn = self._budget.leave(key, rank, self._clock.monotonic())
        if key not in self._budget:
            self._waiting_since.pop(key, None)
            self._gapped.discard(key)
        if turn is not None:
            self._make(turn)
            if self._budget.has_waiting:
                self._arrange_soon()

    def move(self, key: Key, before: Rank, after: Rank) -> None:
        """Change one reason for another."""
        now = self._clock.monotonic()
        self._budget.want(key, after, now)
        self._budget.leave(key, before, now)
        if self._budget.has_waiting:
            self._arrange_soon()

    def _arrange_soon(self) -> None:
        if not self._is_arranging_soon and not self._scope.is_closed:
            self._is_arranging_soon = True
            self._scope.spawn(self._arrange(), name="arrange streams", replaces="arrange streams")

    async def _arrange(self) -> None:
        await asyncio.sleep(_ARRANGE_SECONDS)
        self._is_arranging_soon = False
        self._take_turns()
        while (at := self._budget.next_time(self._clock.monotonic())) is not None:
            wait = at - self._clock.monotonic()
            await asyncio.sleep(min(_SLOWEST_LOOK, max(_ARRANGE_SECONDS, wait)))
            self._take_turns()

    def _take_turns(self) -> None:
        while (turn := self._budget.next_turn(self._clock.monotonic())) is not None:
            self._make(turn)

    def _make(self, turn: Turn) -> None:
        """Carry one change to the feed."""
        if turn.gone is not None:
            self._lose(turn.gone, self.sure_until())
            self._feed.unsubscribe(*turn.gone)
            if turn.gone in self._budget:
                self._on_missing()
        if turn.come is None:
            return
        self._waiting_since[turn.come] = self._clock.monotonic()
        try:
            self._feed.subscribe(*turn.come)
        except CorrectionNeeded as refusal:
            log.info("%s %s has no stream: %s", *turn.come, refusal)
            self._budget.bar(turn.come, sentence_of(refusal))
            self._on_missing()

    # -- what the feed says ----------------------------------------------------------------------------------

    def take_subscription(self, stream: Stream, symbol: str, state: SubscriptionState, text: str) -> None:
        """Note how a wanted stream stands; a refused one is said in the log with the broker's words."""
        key = (stream, symbol)
        if state is SubscriptionState.REFUSED:
            log.warning("%s %s was refused: %s", stream, symbol, text)
        if stream is Stream.NOTICES:
            return
        if state is SubscriptionState.CONFIRMED:
            self._confirmed.setdefault(key, self._clock.monotonic())
            return
        self._lose(key, self.sure_until())
        if key in self._budget:
            self._on_missing()

    def take_link(self, state: LinkState) -> None:
        """Believe nothing of a connection that is gone; let what the feed would not take ask again."""
        if state is not LinkState.CONNECTED:
            until = self.sure_until()
            for key in list(self._confirmed):
                self._lose(key, until)
            if self._waiting_since:
                self._on_missing()
            return
        self._feed.prefer(self._budget.ranked())
        if self._budget.has_barred:
            self._budget.unbar()
            self._arrange_soon()

    def doubt(self, since: float) -> None:
        """Believe nothing after `since` until `trust`: a link lives without data, a new one may as well."""
        self._doubted_at = since
        self._on_missing()

    def trust(self) -> None:
        """Believe the link again: data has come."""
        self._doubted_at = None

    def take_gapped(self) -> list[Key]:
        """Return the watched streams that broke since this was asked last, the most wanted first."""
        gapped, self._gapped = self._gapped, set()
        return [key for key in self._budget.ranked() if key in gapped]

    def _lose(self, key: Key, at: float) -> None:
        if self._confirmed.pop(key, None) is not None:
            self._waiting_since[key] = self._clock.monotonic()
            self._gapped.add(key)
            self._on_lost(key, at)
