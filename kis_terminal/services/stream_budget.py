"""Who gets the few registrations of a session: pure, told the time.

KIS blocks clients that register and unregister in a loop (notice of 2026-05-18). So a stream that has its
place keeps it against equals, a better one waits until it is clear that it stays, and registrations are
counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from kis_terminal.ports import Stream

Key = tuple[Stream, str]

_SETTLE_SECONDS = 1.0
_HOLD_SECONDS = 10.0
_BURST = 80
_REFILL_SECONDS = 1.0
_STREAM_ORDER = {Stream.TICKS: 0, Stream.BOOK: 1, Stream.STATUS: 2, Stream.NOTICES: 3}


class Rank(IntEnum):
    """Why a stream is wanted; the best reason counts."""

    CHOSEN = 0
    """The symbol that all linked panels show."""
    VISIBLE = 1
    """A row that somebody sees."""
    HELD = 2
    """A position, or a symbol that a strategy trades."""
    REST = 3
    """In a list, but scrolled away."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One change: `gone` gives its place to `come`; one of them may be None."""

    gone: Key | None
    come: Key | None


@dataclass(slots=True)
class _Wish:
    """One watched stream."""

    number: int
    reasons: list[int] = field(default_factory=lambda: [0] * len(Rank))
    rank: Rank = Rank.REST
    ranked_at: float = 0.0
    held_since: float | None = None
    barred: str = ""
    """Why the feed will not take it at all."""


class StreamBudget:
    """Own the wishes and who holds a place. Times are `Clock.monotonic()`.

    room: places for market streams; the one for execution notices is not among them.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._wishes: dict[Key, _Wish] = {}
        self._numbers = 0
        self._held = 0
        self._tokens = float(_BURST)
        self._counted_at: float | None = None

    # -- reading ---------------------------------------------------------------------------------------------

    def __contains__(self, key: object) -> bool:
        return key in self._wishes

    @property
    def has_room(self) -> bool:
        """Tell whether a place is free."""
        return self._held < self._room

    @property
    def has_waiting(self) -> bool:
        """Tell whether a stream waits for a place."""
        return any(wish.held_since is None and not wish.barred for wish in self._wishes.values())

    @property
    def has_barred(self) -> bool:
        """Tell whether the feed would not take some stream."""
        return any(wish.barred for wish in self._wishes.values())

    def ranked(self) -> list[Key]:
        """Return every watched stream, the best first."""
        return sorted(self._wishes, key=self._order)

    def rank(self, key: Key) -> Rank:
        """Return the best reason for which a stream is watched."""
        return self._wishes[key].rank

    def is_held(self, key: Key) -> bool:
        """Tell whether a stream has a place."""
        wish = self._wishes.get(key)
        return wish is not None and wish.held_since is not None

    def barred(self, key: Key) -> str:
        """Return why the feed will not take a stream at all, empty when nothing speaks against it."""
        return self._wishes[key].barred

    def _order(self, key: Key) -> tuple[int, int, int]:
        wish = self._wishes[key]
        return (wish.rank, _STREAM_ORDER[key[0]], wish.number)

    # -- wishes ----------------------------------------------------------------------------------------------

    def want(self, key: Key, rank: Rank, now: float) -> bool:
        """Count one more reason; returns whether the stream was not watched before."""
        wish = self._wishes.get(key)
        is_new = wish is None
        if wish is None:
            self._numbers += 1
            wish = self._wishes[key] = _Wish(self._numbers, rank=rank, ranked_at=now)
        wish.reasons[rank] += 1
        self._rank(wish, now)
        return is_new

    def leave(self, key: Key, rank: Rank, now: float) -> Turn | None:
        """Count one reason less; returns the turn when a place is free by it."""
        wish = self._wishes.get(key)
        if wish is None or not wish.reasons[rank]:
            return None
        wish.reasons[rank] -= 1
        if any(wish.reasons):
            self._rank(wish, now)
            return None
        del self._wishes[key]
        if wish.held_since is None:
            return None
        self._held -= 1
        return Turn(key, None)

    def bar(self, key: Key, reason: str) -> None:
        """Note that the feed does not take a stream; it gives its place back and asks no more."""
        if (wish := self._wishes.get(key)) is not None:
            self._held -= wish.held_since is not None
            wish.held_since, wish.barred = None, reason

    def unbar(self) -> None:
        """Let every stream ask again."""
        for wish in self._wishes.values():
            wish.barred = ""

    @staticmethod
    def _rank(wish: _Wish, now: float) -> None:
        best = Rank(next(rank for rank, count in enumerate(wish.reasons) if count))
        if best < wish.rank:
            wish.ranked_at = now
        wish.rank = best

    # -- places ----------------------------------------------------------------------------------------------

    def next_turn(self, now: float) -> Turn | None:
        """Make and return the next change that is due, None when there is none now."""
        come, gone, at = self._next()
        if come is None or at > now or not self._may_register(now):
            return None
        if gone is not None:
            self._wishes[gone].held_since = None
            self._held -= 1
        self._wishes[come].held_since = now
        self._held += 1
        self._tokens -= 1.0
        return Turn(gone, come)

    def next_time(self, now: float) -> float | None:
        """Return when `next_turn` may have something by itself, None when only a change of wishes can."""
        come, _, at = self._next()
        if come is None:
            return None
        return at if self._may_register(now) else max(at, now + _REFILL_SECONDS)

    def _next(self) -> tuple[Key | None, Key | None, float]:
        """Return who comes next, for whom, and from when on."""
        waiting = [key for key, wish in self._wishes.items() if wish.held_since is None and not wish.barred]
        if not waiting:
            return None, None, 0.0
        come = min(waiting, key=self._order)
        if self.has_room:
            return come, None, 0.0
        held = [key for key, wish in self._wishes.items() if wish.held_since is not None]
        gone = max(held, key=self._order, default=None)
        if gone is None:
            return None, None, 0.0
        better, worse = self._wishes[come], self._wishes[gone]
        if better.rank >= worse.rank:
            return None, None, 0.0
        if better.rank is Rank.CHOSEN:
            return come, gone, 0.0
        return come, gone, max(better.ranked_at + _SETTLE_SECONDS, (worse.held_since or 0.0) + _HOLD_SECONDS)

    def _may_register(self, now: float) -> bool:
        if self._counted_at is not None:
            passed = max(0.0, now - self._counted_at)
            self._tokens = min(float(_BURST), self._tokens + passed / _REFILL_SECONDS)
        self._counted_at = now
        return self._tokens >= 1.0
