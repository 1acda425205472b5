"""Load many series at once: those that are stored whole in one go, the rest one by one, a few at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date

from kis_terminal.domain.bar_columns import BarColumns, LoadReport, SeriesKey, Span
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.spans import missing
from kis_terminal.ports import BarStore
from kis_terminal.services.bars.loader import BarLoader
from kis_terminal.services.bars.periods import base_of, normal, whole_periods
from kis_terminal.services.bars.spans import day_of, weekdays
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_AT_ONCE = 4
Loaded = tuple[BarColumns, LoadReport]


async def load_many(
    loader: BarLoader,
    store: BarStore,
    keys: Sequence[SeriesKey],
    start: date,
    end: date,
    progress: Callable[[int, int], None] | None = None,
) -> list[Loaded]:
    """Return what `BarLoader.load` would give for each key, in their order; raises as it does.

    `progress` is called with the series that are there and all of them.
    """
    distinct = list(dict.fromkeys(keys))
    found: dict[SeriesKey, Loaded] = {}

    def tell() -> None:
        if progress is not None:
            progress(len(found), len(distinct))

    for key, bars in await _stored_whole(loader, store, distinct, start, end):
        found[key] = bars, _report(key, start, end, bars)
    tell()
    waiting = deque(key for key in distinct if key not in found)

    async def work() -> None:
        while waiting:
            key = waiting.popleft()
            found[key] = await loader.load(key, start, end)
            tell()

    scope = TaskScope("bars of many", on_failure=lambda name, error: None)  # the first one is raised here
    try:
        workers = [scope.spawn(work(), name=f"loader {number}") for number in range(_AT_ONCE)]
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        for worker in workers:
            if worker.done():
                worker.result()
    finally:
        await scope.close()
    return [found[key] for key in keys]


async def _stored_whole(
    loader: BarLoader, store: BarStore, keys: Sequence[SeriesKey], start: date, end: date
) -> list[tuple[SeriesKey, BarColumns]]:
    """Return the bars of the series for which nothing has to be asked."""
    wanted = {
        key: span
        for key in keys
        if base_of(normal(key)) is None
        and (span := whole_periods(key.interval, start, end)).end <= loader.final_end(normal(key))
    }
    try:
        whole = await _covered(store, wanted)
        read: dict[SeriesKey, BarColumns] = {}
        for span in {wanted[key] for key in whole}:
            group = [key for key in whole if wanted[key] == span]
            stored = await store.read_many([normal(key) for key in group], span.start, span.end)
            read |= dict(zip(group, stored, strict=True))
        # Reading drops what is damaged: such a series is covered no more and loaded by itself.
        sound = await _covered(store, {key: wanted[key] for key in whole})
    except StoreUnavailable as error:
        log.info("the store gives no series in one go: %s", error)
        return []
    return [(key, read[key]) for key in sound]


async def _covered(store: BarStore, wanted: dict[SeriesKey, Span]) -> list[SeriesKey]:
    if not wanted:
        return []
    spans = {one.key: one.spans for one in await store.series()}
    return [
        key
        for key, span in wanted.items()
        if not any(weekdays(gap) for gap in missing(span, spans.get(normal(key), ())))
    ]


def _report(key: SeriesKey, start: date, end: date, bars: BarColumns) -> LoadReport:
    first = day_of(int(bars.times[0])) if len(bars) else None
    last = day_of(int(bars.times[-1])) if len(bars) else None
    return LoadReport(normal(key), start, end, first, last, coverage=1.0, is_truncated=False, calls=0)
