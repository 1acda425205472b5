"""Fetch many series: a few at once, with progress and rate; what is cancelled goes on where it stopped.

The calls have the lowest priority of the limiter, so that orders never wait for them. Nothing is kept of a
job itself: what is covered is in the store, and the next job asks only for the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kis_terminal.domain.bar_columns import LoadReport, SeriesKey
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.ports import Clock
from kis_terminal.services.bars.loader import BarLoader
from kis_terminal.services.tasks import TaskScope

_AT_ONCE = 4
"""Series at once: enough to keep the limiter busy while answers are on their way."""
_RATE_SPAN = 10.0
"""Seconds over which the rate of calls is counted."""


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a job is."""

    total: int
    done: int
    """Series that ended, well or not."""
    failed: int
    calls: int
    bars: int
    part: float
    """Done part of the whole, 0 to 1, series under way included."""
    seconds: float
    rate: float
    """Calls a second, lately."""
    rest: float | None
    """Estimated seconds that are left, None while nothing can be said."""
    current: tuple[str, ...]
    """Symbols under way."""


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What became of one series: a report, or why there is none."""

    key: SeriesKey
    report: LoadReport | None
    bars: int
    problem: str = ""


class FetchJob:
    """One run over a list of series."""

    def __init__(
        self,
        loader: BarLoader,
        clock: Clock,
        keys: Sequence[SeriesKey],
        start: date,
        end: date,
        *,
        on_progress: Callable[[FetchProgress], None] | None = None,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._loader = loader
        self._clock = clock
        self._start, self._end = start, end
        self._on_progress = on_progress
        self._at_once = max(1, at_once)
        self._keys = list(dict.fromkeys(keys))
        self._waiting = deque(self._keys)
        self._parts: dict[SeriesKey, float] = {}
        self._running_calls: dict[SeriesKey, int] = {}
        self._calls = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._began = 0.0
        self.outcomes: dict[SeriesKey, FetchOutcome] = {}

    async def run(self) -> Sequence[FetchOutcome]:
        """Fetch everything; a caller that is cancelled ends it, and what was stored stays."""
        scope = TaskScope("bar fetch")
        self._began = self._clock.monotonic()
        try:
            workers = [
                scope.spawn(self._work(), name=f"fetcher {number}")
                for number in range(min(self._at_once, len(self._keys)))
            ]
            if workers:
                await asyncio.wait(workers)
            for worker in workers:
                worker.result()  # a bug in one of them is the job's
        finally:
            await scope.close()
        return [self.outcomes[key] for key in self._keys if key in self.outcomes]

    async def _work(self) -> None:
        while self._waiting:
            key = self._waiting.popleft()
            self._parts[key] = 0.0
            self._tell()
            self.outcomes[key] = await self._one(key)
            self._parts.pop(key, None)
            self._running_calls.pop(key, None)
            self._tell()
            await asyncio.sleep(0)  # series that need no call let others have their turn

    async def _one(self, key: SeriesKey) -> FetchOutcome:
        def notice(done: int, asked: int, calls: int) -> None:
            self._parts[key] = done / asked if asked else 1.0
            self._count(calls - self._running_calls.get(key, 0))
            self._running_calls[key] = calls
            self._tell()

        try:
            bars, report = await self._loader.load(key, self._start, self._end, notice)
        except TerminalError as error:
            return FetchOutcome(key, None, 0, sentence_of(error))
        self._count(report.calls - self._running_calls.get(key, 0))
        return FetchOutcome(key, report, len(bars))

    def _count(self, calls: int) -> None:
        if calls > 0:
            self._calls += calls
            self._recent.append((self._clock.monotonic(), calls))

    def progress(self) -> FetchProgress:
        """Return how far the job is now."""
        now = self._clock.monotonic()
        while self._recent and self._recent[0][0] < now - _RATE_SPAN:
            self._recent.popleft()
        seconds = now - self._began
        span = min(_RATE_SPAN, seconds)
        done, total = len(self.outcomes), len(self._keys)
        part = (done + sum(self._parts.values())) / total if total else 1.0
        return FetchProgress(
            total=total,
            done=done,
            failed=sum(outcome.report is None for outcome in self.outcomes.values()),
            calls=self._calls,
            bars=sum(outcome.bars for outcome in self.outcomes.values()),
            part=min(1.0, part),
            seconds=seconds,
            rate=sum(calls for _, calls in self._recent) / span if span > 0 else 0.0,
            rest=seconds * (1.0 - part) / part if part > 0.01 and seconds > 1.0 else None,
            current=tuple(key.symbol for key in self._parts),
        )

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.progress())
