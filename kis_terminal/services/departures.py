"""What of ours is on its way to the broker: who may still leave, and what the journal keeps of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from kis_terminal.domain.errors import OrderRefused, TerminalError, TurnedAway
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, OrderJournal
from kis_terminal.services.risk_gate import RiskGate

log = logging.getLogger(__name__)

NOT_RECONCILED = Sentence(
    "증권사의 주문내역을 아직 확인하지 못해 보내지 않았습니다. 주문내역이 보이면 다시 주문하십시오."
)
"""Until the first complete listing of the day nobody knows what stands at the broker."""
NOT_REMEMBERED = Sentence("오늘의 주문 기록을 아직 읽지 못해 보내지 않았습니다. 읽은 뒤에 다시 주문하십시오.")
"""Without the journal nobody knows which order of an earlier run has no answer yet."""


class Departures:
    """Own which requests have no answer yet, and whether anything may leave at all."""

    def __init__(
        self, journal: OrderJournal, risk_gate: RiskGate, clock: Clock, why_unready: Callable[[], str]
    ) -> None:
        """`why_unready` says what has to be known before anything may leave, "" once it is."""
        self._journal = journal
        self._risk = risk_gate
        self._clock = clock
        self.why_unready = why_unready
        self._sending: Counter[str] = Counter()
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._is_closing = False
        self.look: Callable[[], None] = lambda: None
        """Called before anything is decided: sees whether what is known still counts."""

    @property
    def is_any_under_way(self) -> bool:
        """Tell whether a request of ours has no answer yet."""
        return bool(self._sending)

    def has(self, what: str) -> bool:
        """Tell whether this request has no answer yet."""
        return what in self._sending

    @contextlib.contextmanager
    def under_way(self, what: str) -> Iterator[None]:
        """Count a request among those without an answer for the time of a `with` block."""
        self._sending[what] += 1
        self._all_answered.clear()
        try:
            yield
        finally:
            self._sending[what] -= 1
            if not self._sending[what]:
                del self._sending[what]  # a cancellation that stayed unanswered may be under way twice
            if not self._sending:
                self._all_answered.set()

    async def finish(self, seconds: float) -> None:
        """Let nothing new leave, and wait for the answers to what has left; at most `seconds`."""
        self._is_closing = True
        with contextlib.suppress(TimeoutError):  # what has no answer yet is journaled as unknown
            async with asyncio.timeout(seconds):
                await self._all_answered.wait()

    def check(self) -> None:
        """Raise OrderRefused where an order or amendment must not leave, or not any more."""
        self.look()
        if why := self.why_unready():
            raise OrderRefused(why, code="RECONCILED")
        if self._is_closing:
            raise OrderRefused(Sentence("프로그램을 닫는 중이라 보내지 않았습니다."), code="CLOSING")
        self._risk.check_leaving()

    async def record(self, key: str, event: str, details: Mapping[str, str]) -> None:
        """Journal what is about to happen; raises TerminalError, and then it must not happen."""
        await self._journal.record(key, event, self._clock.now(), details)

    async def note(self, key: str, event: str, details: Mapping[str, str]) -> None:
        """Journal what is already so; a full disk must not undo it."""
        try:
            await self.record(key, event, details)
        except TerminalError as error:
            log.error("the journal did not take %s of %s: %s", event, key, error)

    async def note_again(self, key: str, event: str, error: TurnedAway) -> None:
        """Journal that a request goes once more; raises OrderRefused where that cannot be written."""
        try:
            await self.record(key, event, {"reason": str(error)})
        except TerminalError as trouble:
            raise OrderRefused(not_journaled(trouble), code=error.code) from trouble


def not_journaled(error: TerminalError) -> str:
    """Return why a request stayed here: the journal did not take it."""
    return Sentence("주문 기록을 쓸 수 없어 보내지 않았습니다: {error}", error=error)
