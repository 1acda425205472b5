"""Bars of one series: from memory, from the store, and only what is missing from the broker.

A span is covered when the broker has answered for it, traded or not; a second load makes no call. Nothing of
a day that is not over is stored: such bars are listed anew, at most twice a minute. Pages are stored
one by one with their coverage, so that whoever cancels a load loses nothing. When the store cannot be reached
the load goes on from the broker and says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from kis_terminal.domain.bar_columns import (
    BarColumns,
    BarPage,
    CorporateNote,
    LoadReport,
    Product,
    SeriesKey,
    Span,
)
from kis_terminal.domain.bars import bar_start
from kis_terminal.domain.errors import CorrectionNeeded, StoreUnavailable, TerminalError, UnknownSymbol
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.spans import joined, missing
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import BarSource, BarStore, Clock
from kis_terminal.services.bars.adjustment import AdjustedAnew, compare
from kis_terminal.services.bars.columns import longer, merged, no_bars
from kis_terminal.services.bars.load_run import LoadRun
from kis_terminal.services.bars.memory import BarMemory
from kis_terminal.services.bars.periods import base_of, can_be_adjusted, normal, period_end, whole_periods
from kis_terminal.services.bars.shared import SharedLive
from kis_terminal.services.bars.spans import (
    DAY,
    day_of,
    weekdays,
    within,
)

log = logging.getLogger(__name__)

FIRST_DAY = date(1980, 1, 4)
"""Nothing is listed before KRX's index begins; KIS refuses far earlier dates."""
_OVER_HOUR = 21
"""From this hour on the Korean day is over: the last venue closes at 20:00."""
_ABROAD_LAG = 1
"""Days by which a day abroad ends after ours: New York's closes at dawn in Seoul."""
_MOST_PAGES = 2_000
_OVERLAP_DAYS = 10
_SHARED_WITH = (Interval.WEEK, Interval.MONTH)

Progress = Callable[[int, int, int], None]
"""Called after each page: weekdays answered for, weekdays asked of the broker, calls so far."""


class BarLoader:
    """The one way bars come in; loads of one series at once share one fetch."""

    def __init__(
        self,
        source: BarSource,
        store: BarStore | None,
        clock: Clock,
        shared: SharedLive | None = None,
        settled_until: date | None = None,
    ) -> None:
        """`shared` lets several programs list what is not over once for all of them.

        `settled_until` is the first day of a made-up market that its name does not tell: from it on bars
        belong to one run of the exchange and are never stored.
        """
        self._shared = shared
        self._settled_until = settled_until
        self._source = source
        self._store = store
        self._clock = clock
        self._memory = BarMemory(clock)
        self._turns: dict[SeriesKey, tuple[asyncio.Lock, int]] = {}

    async def load(
        self,
        key: SeriesKey,
        start: date,
        end: date,
        progress: Progress | None = None,
        *,
        is_fresh: bool = False,
    ) -> tuple[BarColumns, LoadReport]:
        """Return the bars of the days `start` to `end` and how complete they are.

        With `is_fresh` the bars of time that is not over are listed now, however lately they were.
        Raises UnknownSymbol, and any TerminalError of the broker where not one bar could be had.
        """
        key = normal(key)
        base = base_of(key)
        if base is not None:
            return await self._derived(key, base, start, end, progress, is_fresh=is_fresh)
        if key.interval in (Interval.WEEK, Interval.MONTH) and await self._has(key, start, end):
            days = replace(key, interval=Interval.DAY)
            return await self._derived(key, days, start, end, progress, is_fresh=is_fresh)
        return await self._own(key, start, end, progress, is_fresh=is_fresh)

    async def forget(self, key: SeriesKey) -> None:
        """Drop a series from memory and store; raises StoreUnavailable."""
        self._memory.drop(key)
        if self._store is not None:
            await self._store.forget(key)

    def forget_memory(self) -> None:
        """Drop what memory holds: another program wrote to the store (an import)."""
        self._memory.clear()

    # -- longer bars of shorter ones ---

    async def _has(self, key: SeriesKey, start: date, end: date) -> bool:
        """Tell whether the days of these weeks or months are there already."""
        days = replace(key, interval=Interval.DAY)
        wanted = whole_periods(key.interval, start, end)
        final = Span(wanted.start, min(wanted.end, self.final_end(days)))
        covered = list(self._memory.held(days).covered)
        if missing(final, covered) and self._store is not None:
            try:
                covered += await self._store.coverage(days)
            except StoreUnavailable:
                return False
        return final.end > final.start and not any(weekdays(gap) for gap in missing(final, covered))

    async def _derived(
        self,
        key: SeriesKey,
        base: SeriesKey,
        start: date,
        end: date,
        progress: Progress | None,
        *,
        is_fresh: bool,
    ) -> tuple[BarColumns, LoadReport]:
        span = whole_periods(key.interval, start, end)
        bars, report = await self.load(
            base, day_of(span.start), day_of(span.end - 1), progress, is_fresh=is_fresh
        )
        made = longer(key, bars)
        return made, replace(report, key=key, start=start, end=end)

    # -- the series itself ---

    async def _own(
        self, key: SeriesKey, start: date, end: date, progress: Progress | None, *, is_fresh: bool
    ) -> tuple[BarColumns, LoadReport]:
        lock, users = self._turns.get(key, (asyncio.Lock(), 0))
        self._turns[key] = (lock, users + 1)
        try:
            async with lock:
                return await self._load(key, start, end, progress, is_fresh=is_fresh)
        finally:
            lock, users = self._turns[key]
            if users == 1:
                del self._turns[key]
            else:
                self._turns[key] = (lock, users - 1)

    async def _load(
        self, key: SeriesKey, start: date, end: date, progress: Progress | None, *, is_fresh: bool
    ) -> tuple[BarColumns, LoadReport]:
        wanted = whole_periods(key.interval, max(start, FIRST_DAY), min(end, self._today()))
        run = LoadRun(key, wanted, self.final_end(key), is_fresh)
        bars = no_bars(key)
        if wanted.end > wanted.start:
            bars = await self._filled(run, progress)
        if not len(bars) and run.failure is not None:
            raise run.failure
        bars = bars.between(wanted.start, wanted.end)
        return bars, run.report(start, end, bars)

    async def _filled(self, run: LoadRun, progress: Progress | None) -> BarColumns:
        for _ in range(2):
            stored, covered = await self._known(run)
            anew = await self._fetch(run, stored, covered, progress)
            if anew is None:
                break
            await self._adjusted_anew(run, anew)
        everything = merged(run.key, [stored, *run.pages])
        run.answered = joined([*covered, *run.answered])
        self._memory.keep(run.key, everything, run.answered, run.final_end)
        rest = within(Span(run.final_end, run.wanted.end), run.answered)
        if rest and run.has_new_live:
            self._memory.keep_live(run.key, everything, rest[-1])
            if self._shared is not None:
                await self._shared.put(run.key, rest[-1], everything.between(rest[-1].start, rest[-1].end))
        return everything

    async def _known(self, run: LoadRun) -> tuple[BarColumns, list[Span]]:
        """Return the final bars that memory or the store has, and what they cover of what is wanted."""
        key, final = run.key, Span(run.wanted.start, min(run.wanted.end, run.final_end))
        held = self._memory.held(key)
        # What lies just before and after is taken too: it shows whether prices were adjusted anew.
        first, last = final.start - _OVERLAP_DAYS * DAY, final.end + _OVERLAP_DAYS * DAY
        from_memory = held.bars.between(first, last), within(final, held.covered)
        if not missing(final, held.covered) or self._store is None or not run.is_stored:
            return from_memory
        try:
            covered = within(final, await self._store.coverage(key))
            if not covered:
                return no_bars(key), []
            return await self._store.read(key, first, last), covered
        except StoreUnavailable as error:
            self._lost_store(run, error)
            return from_memory

    async def _fetch(
        self, run: LoadRun, stored: BarColumns, covered: list[Span], progress: Progress | None
    ) -> AdjustedAnew | None:
        """List what is missing, newest first; return at once where stored prices have changed."""
        gaps = [span for span in missing(run.wanted, [*covered, *run.answered]) if weekdays(span)]
        gaps = [span for span in gaps if not await self._is_live(run, span)]
        run.asked_days = run.done_days + sum(weekdays(span) for span in gaps)
        for span in reversed(gaps):
            try:
                anew = await self._walk(run, span, stored, progress)
            except UnknownSymbol:
                raise
            except CorrectionNeeded as error:
                run.is_cut = True
                run.tell(sentence_of(error))
                run.failure = error
                continue
            except TerminalError as error:
                run.is_cut = True
                run.failure = error
                run.tell(Sentence("받다가 끊겼습니다: {why}", why=error))
                break
            if anew is not None:
                return anew
        return None

    async def _walk(
        self, run: LoadRun, span: Span, stored: BarColumns, progress: Progress | None
    ) -> AdjustedAnew | None:
        """List one span backwards, page by page; stored neighbours are listed along and compared."""
        key = run.key
        start, end = self._with_neighbours(key, span, stored)
        for _ in range(_MOST_PAGES):
            end = self._over_closed_days(run, start, end)
            if end <= start:
                return None
            page = await self._source.bars(key, day_of(start), min(day_of(end - 1), self._today()))
            run.calls += page.calls
            if can_be_adjusted(key):
                anew = compare(stored, _until(page.bars, run.final_end))
                if anew is not None:
                    return anew
            begin = start if page.reached_listing else max(start, page.covered.start)
            answered = Span(min(begin, end), end)
            await self._take(run, page, answered)
            done = within(span, [answered])
            run.done_days += sum(weekdays(part) for part in done)
            if progress is not None:
                progress(min(run.done_days, run.asked_days), run.asked_days, run.calls)
            if page.reached_listing and len(page.bars):
                run.tell(
                    Sentence("{day}에 상장되어 그 앞의 봉은 없습니다.", day=day_of(int(page.bars.times[0])))
                )
            if answered.start <= start:
                return None
            if answered.start >= end:
                break
            end = answered.start
        run.is_cut = True
        run.tell(Sentence("{day}보다 앞의 봉은 KIS가 주지 않습니다.", day=day_of(end)))
        return None

    def _over_closed_days(self, run: LoadRun, start: int, end: int) -> int:
        """Answer for the weekend at the end of a span of minutes, which come a day a page."""
        key = run.key
        # Abroad Friday's session ends on Saturday in Seoul.
        closed = (6,) if key.product is Product.OVERSEAS else (5, 6)
        while key.interval.minutes is not None and end > start and day_of(end - 1).weekday() in closed:
            begin = max(start, (end - 1) // DAY * DAY)
            run.answered.append(Span(begin, end))
            end = begin
        return end

    def _with_neighbours(self, key: SeriesKey, span: Span, stored: BarColumns) -> tuple[int, int]:
        """Widen a span by the stored bar on either side, where adjusted prices can have moved."""
        start, end = span.start, span.end
        if not can_be_adjusted(key) or not len(stored):
            return start, end
        older = stored.times[(stored.times < start) & (stored.times >= start - _OVERLAP_DAYS * DAY)]
        newer = stored.times[(stored.times >= end) & (stored.times < end + _OVERLAP_DAYS * DAY)]
        if len(older):
            start = int(older[-1])
        if len(newer):
            end = period_end(key.interval, int(newer[0]))
        return start, end

    async def _take(self, run: LoadRun, page: BarPage, answered: Span) -> None:
        """Keep one page: final bars go to the store, the rest stays with the load."""
        run.pages.append(page.bars.between(answered.start, answered.end))
        run.answered.append(answered)
        run.has_new_live |= answered.end > run.final_end
        final = Span(answered.start, min(answered.end, run.final_end))
        if final.end <= final.start or self._store is None or not run.is_stored:
            return
        try:
            await self._store.write(page.bars.between(final.start, final.end), [final])
        except StoreUnavailable as error:
            self._lost_store(run, error)

    async def _adjusted_anew(self, run: LoadRun, anew: AdjustedAnew) -> None:
        """Forget a series whose stored prices are of another day's adjustment, and say so."""
        day = day_of(anew.time)
        text = Sentence(
            "{symbol}: KIS의 수정주가가 바뀌어 저장한 봉을 다시 받습니다({day} 종가의 {factor}배).",
            symbol=run.key.symbol,
            day=day,
            factor=f"{anew.factor:.6g}",
        )
        run.tell(text)
        log.info("%s was adjusted anew: factor %.6g", run.key.symbol, anew.factor)
        run.answered.clear()
        run.pages.clear()
        run.done_days = 0
        intervals = {run.key.interval, Interval.DAY, *_SHARED_WITH}
        keys = [replace(run.key, interval=interval) for interval in intervals]
        for key in keys:
            self._memory.drop(key)
        if self._store is None or not run.is_stored:
            return
        try:
            for key in keys:
                await self._store.forget(key)
            await self._store.add_note(CorporateNote(run.key.symbol, self._today(), anew.factor, text))
        except StoreUnavailable as error:
            self._lost_store(run, error)

    def _lost_store(self, run: LoadRun, error: StoreUnavailable) -> None:
        run.is_stored = False
        log.warning("bars of %s go on without the store: %s", run.key.symbol, error)
        run.tell(Sentence("저장소를 쓸 수 없어 KIS에서만 받습니다: {why}", why=error))

    async def _is_live(self, run: LoadRun, span: Span) -> bool:
        """Take the bars of unfinished time that were listed a moment ago, here or by another program."""
        if span.start < run.final_end or run.is_fresh:
            return False
        bars = self._memory.live(run.key, span)
        if bars is None and self._shared is not None:
            bars = await self._shared.get(run.key, span)
        if bars is None:
            return False
        run.pages.append(bars)
        run.answered.append(span)
        return True

    # -- time ---

    def _today(self) -> date:
        return self._clock.now().date()

    def final_end(self, key: SeriesKey) -> int:
        """Return the wall seconds up to which the bars of a series never change any more."""
        now = self._clock.now()
        day = now.date()
        if key.product is Product.OVERSEAS:
            day -= timedelta(days=_ABROAD_LAG)
        elif now.hour >= _OVER_HOUR:
            day += timedelta(days=1)
        if self._settled_until is not None:
            day = min(day, self._settled_until)
        end = day_seconds(day)
        return end if key.interval.minutes is not None else bar_start(key.interval, end, 0)


def _until(bars: BarColumns, end: int) -> BarColumns:
    return bars.between(0, end)
