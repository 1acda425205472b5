"""Which streams are wanted and what has to be said to the server about it: pure, told the time.

KIS counts 41 registrations a session over all streams (notice of 2026-04-20). One of them is always kept for
the execution notice, whether it is wanted yet or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Stream, StreamStatus, SubscriptionState

TOTAL = 41
_LONGEST_RETRY = 60.0
_FULL_RETRY = 60.0
_LONGEST_FULL_RETRY = 600.0

Key = tuple[Stream, str]


@dataclass(slots=True)
class Slot:
    """One registration. `is_sent` says that the server has it or may have it."""

    stream: Stream
    symbol: str
    references: int = 1
    state: SubscriptionState = SubscriptionState.WANTED
    is_sent: bool = False
    leaves_at: float | None = None
    retry_at: float = 0.0
    failures: int = 0
    reason: str = ""
    """Why it is refused, a sentence for the user; else empty."""
    since: float = 0.0
    """When `state` changed last."""

    @property
    def key(self) -> Key:
        """Return what tells this slot from others."""
        return (self.stream, self.symbol)

    @property
    def is_due(self) -> bool:
        """Tell whether a subscribe command is missing, leaving the retry time aside."""
        return not self.is_sent and self.state is not SubscriptionState.CONFIRMED and self.references > 0


@dataclass(frozen=True, slots=True)
class Command:
    """One message to the server."""

    is_subscribe: bool
    slot: Slot


class SlotTable:
    """Own the wanted streams, counted by reference.

    The last reference of a stream leaves after `grace` seconds, so that a panel that is closed and opened
    again, or a symbol that moves from one to another, costs no command. Times are `Clock.monotonic()`.
    """

    def __init__(self, total: int = TOTAL, grace: float = 4.0, first_retry: float = 5.0) -> None:
        self.total = total
        self._first_retry = first_retry
        self._grace = grace
        self._slots: dict[Key, Slot] = {}
        self._goodbyes: list[Slot] = []

    @property
    def used(self) -> int:
        """Return the slots in use, the one kept for notices included and refused ones not."""
        return self._used_by_market() + 1

    def _used_by_market(self) -> int:
        return sum(
            1
            for slot in self._slots.values()
            if slot.stream is not Stream.NOTICES and slot.state is not SubscriptionState.REFUSED
        )

    def statuses(self) -> list[StreamStatus]:
        """Return how every stream stands that somebody wants, in the order they came."""
        return [
            StreamStatus(slot.stream, slot.symbol, slot.state, slot.reason, slot.since)
            for slot in self._slots.values()
            if slot.references
        ]

    def slot(self, stream: Stream, symbol: str) -> Slot | None:
        """Return the slot of a wanted or leaving stream."""
        return self._slots.get((stream, symbol))

    def add(self, stream: Stream, symbol: str, now: float = 0.0) -> Slot:
        """Count one more reference; raises CorrectionNeeded when no slot is free.

        A stream in its grace time makes room for a new one.
        """
        slot = self._slots.get((stream, symbol))
        if slot is not None:
            slot.references += 1
            slot.leaves_at = None
            return slot
        if stream is not Stream.NOTICES and self._used_by_market() >= self.total - 1:
            self._make_room()
        slot = self._slots[stream, symbol] = Slot(stream, symbol, since=now)
        return slot

    def _make_room(self) -> None:
        leaving = [slot for slot in self._slots.values() if slot.leaves_at is not None]
        if not leaving:
            raise CorrectionNeeded(
                Sentence(
                    "실시간 등록 {total}건이 모두 사용 중입니다(체결통보 1건 포함). "
                    "다른 종목의 실시간을 해제하거나 조회로 받아야 합니다.",
                    total=self.total,
                )
            )
        self._remove(min(leaving, key=lambda slot: slot.leaves_at or 0.0))

    def prefer(self, order: Sequence[Key]) -> None:
        """Ask for streams in this order; those that are not named come last, notices always first."""
        named = {key: self._slots[key] for key in order if key in self._slots}
        self._slots = named | {key: slot for key, slot in self._slots.items() if key not in named}

    def release(self, stream: Stream, symbol: str, now: float) -> None:
        """Count one reference less; releasing what is not wanted changes nothing."""
        slot = self._slots.get((stream, symbol))
        if slot is None or slot.references == 0:
            return
        slot.references -= 1
        if slot.references == 0:
            if slot.is_sent:
                slot.leaves_at = now + self._grace
            else:
                del self._slots[slot.key]

    def _remove(self, slot: Slot) -> None:
        del self._slots[slot.key]
        if slot.is_sent:
            self._goodbyes.append(slot)

    def next_command(self, now: float) -> Command | None:
        """Return what has to be sent now: goodbyes first (they make room), then notices, then the rest."""
        for slot in [slot for slot in self._slots.values() if slot.leaves_at is not None]:
            if slot.leaves_at is not None and slot.leaves_at <= now:
                self._remove(slot)
        if self._goodbyes:
            return Command(False, self._goodbyes[0])
        due = [slot for slot in self._slots.values() if slot.is_due and slot.retry_at <= now]
        if not due:
            return None
        return Command(True, min(due, key=lambda slot: slot.stream is not Stream.NOTICES))

    def next_time(self) -> float | None:
        """Return when `next_command` may have something new by itself, None when only a change can."""
        times = [slot.leaves_at for slot in self._slots.values() if slot.leaves_at is not None]
        times += [slot.retry_at for slot in self._slots.values() if slot.is_due and isfinite(slot.retry_at)]
        return min(times, default=None)

    def sent(self, command: Command) -> None:
        """Note that a command is on its way."""
        if command.is_subscribe:
            command.slot.is_sent = True
        else:
            command.slot.is_sent = False
            if command.slot in self._goodbyes:
                self._goodbyes.remove(command.slot)

    def confirmed(self, slot: Slot, now: float = 0.0) -> None:
        """Note that the server has the stream, unless it is about to be left and asked for anew.

        A yes from before must not hide that; on a shared connection one may come.
        """
        if slot in self._goodbyes:
            return
        self._change(slot, SubscriptionState.CONFIRMED, now)
        slot.is_sent = True
        slot.failures = 0

    def refused(self, slot: Slot, now: float = 0.0, reason: str = "", *, is_full: bool = False) -> None:
        """Note that the server will not give the stream; it is asked again after the next reconnect.

        is_full: the server counts more registrations than we do. That may pass, so it is asked now and then.
        """
        self._change(slot, SubscriptionState.REFUSED, now, reason)
        slot.is_sent = False
        slot.retry_at = float("inf")
        if is_full:
            slot.retry_at = now + min(_LONGEST_FULL_RETRY, _FULL_RETRY * 2.0**slot.failures)
            slot.failures += 1
        self._forget_unwanted(slot)

    def failed(self, slot: Slot, now: float, reason: str = "") -> None:
        """Note that the server could not now; ask again later, ever more seldom."""
        self._change(slot, SubscriptionState.WANTED, now, reason)
        slot.is_sent = False
        slot.retry_at = now + min(_LONGEST_RETRY, self._first_retry * 2.0**slot.failures)
        slot.failures += 1
        self._forget_unwanted(slot)

    def room(self, now: float) -> None:
        """Ask at once for what the server had no place for: one has become free."""
        for slot in self._slots.values():
            if slot.state is SubscriptionState.REFUSED and isfinite(slot.retry_at):
                slot.retry_at = min(slot.retry_at, now)

    def again(self, slot: Slot, now: float = 0.0) -> None:
        """Leave and ask again, e.g. to be sent the key of the notices once more."""
        if slot.is_sent and slot not in self._goodbyes:
            self._change(slot, SubscriptionState.WANTED, now)
            slot.retry_at = 0.0
            self._goodbyes.append(slot)

    @staticmethod
    def _change(slot: Slot, state: SubscriptionState, now: float, reason: str = "") -> None:
        if slot.state is not state:
            slot.state, slot.since = state, now
        slot.reason = reason

    def _forget_unwanted(self, slot: Slot) -> None:
        if slot.references == 0:
            self._slots.pop(slot.key, None)

    def disconnected(self, now: float = 0.0) -> list[Slot]:
        """Forget what the server had, and what nobody wants; return the slots that were confirmed."""
        self._goodbyes.clear()
        lost = [slot for slot in self._slots.values() if slot.state is SubscriptionState.CONFIRMED]
        for slot in list(self._slots.values()):
            slot.is_sent = False
            self._change(slot, SubscriptionState.WANTED, now)
            slot.retry_at, slot.failures = 0.0, 0
            if slot.references == 0:
                del self._slots[slot.key]
        return [slot for slot in lost if slot.references]
