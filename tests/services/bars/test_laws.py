"""Laws of the loader: whatever was loaded before, a load gives what the broker lists and asks once."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.domain.bar_columns import BarColumns, BarPage, Product, SeriesKey, Span
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.services.bars.loader import BarLoader
from tests.support.memory_bar_store import MemoryBarStore
from tests.support.ports_in_memory import SEOUL, MemoryClock

DAY = 86_400
TODAY = date(2026, 11, 20)
LISTED = date(2025, 3, 5)
KEY = SeriesKey(Product.STOCK, "005930", Interval.DAY)
ROWS = 20
days = st.dates(date(2025, 1, 1), TODAY)
spans = st.tuples(days, days).map(lambda pair: (min(pair), max(pair)))


class Broker:
    """Lists a bar a weekday since the listing, except on some holidays; notes which days it was asked for."""

    def __init__(self, holidays: frozenset[date], factor: float = 1.0) -> None:
        self.holidays = holidays
        self.factor = factor
        self.asked: list[tuple[date, date]] = []

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return the newest rows."""
        self.asked.append((start, end))
        await asyncio.sleep(0)
        listed = [day for day in self.every() if start <= day <= end]
        shown = listed[-ROWS:]
        first = shown[0] if len(listed) > ROWS else start
        return BarPage(
            self.columns(shown), Span(day_seconds(first), day_seconds(end) + DAY), reached_listing=False
        )

    def every(self) -> list[date]:
        """Return all days with a bar."""
        count = (TODAY - LISTED).days + 1
        days = (LISTED + timedelta(days=place) for place in range(count))
        return [day for day in days if day.weekday() < 5 and day not in self.holidays]

    def columns(self, listed: list[date]) -> BarColumns:
        """Return the bars of some days: the price tells the day."""
        times = np.array([day_seconds(day) for day in listed], dtype=np.int64)
        price = (times // DAY).astype(np.float64) * self.factor
        return BarColumns(KEY, times, np.stack((price, price, price, price, price)))


@given(st.lists(spans, min_size=1, max_size=5), st.frozensets(days, max_size=30), st.booleans())
@settings(max_examples=60)
def test_loads_give_what_the_broker_lists_and_ask_once(
    wished: list[tuple[date, date]], holidays: frozenset[date], shares_memory: bool
) -> None:
    async def run() -> None:
        broker, store = Broker(holidays), MemoryBarStore()
        clock = MemoryClock(datetime(2026, 11, 20, 11, 0, tzinfo=SEOUL))
        loader = BarLoader(broker, store, clock)
        for start, end in wished:
            for _ in range(2):
                if not shares_memory:
                    loader = BarLoader(broker, store, clock)
                before = len(broker.asked)
                bars, report = await loader.load(KEY, start, end)
                wanted = broker.columns([day for day in broker.every() if start <= day <= end])
                np.testing.assert_array_equal(bars.times, wanted.times)
                np.testing.assert_array_equal(bars.columns, wanted.columns)
                assert report.calls == len(broker.asked) - before
                assert report.coverage == 1.0
                assert not report.is_truncated
        before = len(broker.asked)
        first, last = min(wished)[0], TODAY - timedelta(days=1)
        for start, end in wished:
            await BarLoader(broker, store, clock).load(KEY, start, min(end, last)) if start <= last else None
        assert first <= TODAY
        assert len(broker.asked) == before, "a covered span was asked for again"
        assert all(span.end <= day_seconds(TODAY) for span in store.covered.get(KEY, []))

    asyncio.run(run())


@given(spans, spans, st.sampled_from([0.2, 0.20072, 5.0]))
@settings(max_examples=40)
def test_another_adjustment_never_stands_beside_the_old_one(
    first: tuple[date, date], second: tuple[date, date], factor: float
) -> None:
    async def run() -> None:
        store = MemoryBarStore()
        clock = MemoryClock(datetime(2026, 11, 20, 11, 0, tzinfo=SEOUL))
        await BarLoader(Broker(frozenset()), store, clock).load(KEY, *first)
        after = Broker(frozenset(), factor)
        bars, report = await BarLoader(after, store, clock).load(KEY, *second)
        if report.calls == 0 or not len(bars):
            return
        # Neighbouring days are compared; spans far apart cannot be, and each is of one adjustment.
        ratios = {
            round(float(price / (time // DAY)), 6) for time, price in zip(bars.times, bars.close, strict=True)
        }
        assert len(ratios) == 1

    asyncio.run(run())
