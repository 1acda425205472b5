"""The load order over a real exchange: what is asked of it, counted there, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pytest

from kis_terminal.adapters.kis.bar_source import KisBarSource
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.bar_columns import BarPage, Product, SeriesKey
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerUnreachable, CorrectionNeeded, StoreUnavailable, UnknownSymbol
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import BarSource
from kis_terminal.services.bars.columns import longer
from kis_terminal.services.bars.loader import BarLoader
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.memory_bar_store import MemoryBarStore

SAMSUNG = SeriesKey(Product.STOCK, "005930", Interval.DAY)
CHART = "/uapi/domestic-stock/v1/quotations/inquire-daily-itemchartprice"


@dataclass
class Bench:
    """A loader in front of a running exchange."""

    exchange: RunningExchange
    broker: KisBroker
    store: MemoryBarStore
    loader: BarLoader

    @property
    def calls(self) -> int:
        """Return how often the exchange answered for daily bars."""
        return self.exchange.server.venue.usage.calls[CHART]

    @property
    def today(self) -> date:
        """Return the day in Seoul."""
        return SystemClock().now().date()

    def another(self, store: MemoryBarStore | None = None) -> BarLoader:
        """Return a loader without memory, as of another program."""
        clock = SystemClock()
        return BarLoader(KisBarSource(self.broker.client, clock), store or self.store, clock)


@asynccontextmanager
async def bench(environment: Environment = Environment.SIM) -> AsyncIterator[Bench]:
    """Run an exchange and a loader with an empty store."""
    async with running_exchange() as exchange:
        clock = SystemClock()
        broker = KisBroker(exchange.access(environment), clock)
        store = MemoryBarStore()
        try:
            loader = BarLoader(KisBarSource(broker.client, clock), store, clock)
            yield Bench(exchange, broker, store, loader)
        finally:
            await broker.close()


async def test_second_load_makes_no_call_and_gives_the_same_bars() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=500)
        first, report = await it.loader.load(SAMSUNG, start, end)
        after_first = it.calls
        second, again = await it.another().load(SAMSUNG, start, end)

        assert report.calls == after_first == 4
        assert again.calls == 0
        assert it.calls == after_first
        assert again.coverage == report.coverage == 1.0
        assert not again.is_truncated
        np.testing.assert_array_equal(first.times, second.times)
        np.testing.assert_array_equal(first.columns, second.columns)
        assert len(first) > 300
        assert report.actual_start is not None
        assert start <= report.actual_start <= start + timedelta(days=5)


async def test_only_the_missing_span_is_asked_for() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        await it.loader.load(SAMSUNG, end - timedelta(days=300), end - timedelta(days=200))
        before = it.calls
        bars, report = await it.loader.load(SAMSUNG, end - timedelta(days=310), end)

        assert it.calls - before == report.calls <= 4
        whole, _ = await it.another(MemoryBarStore()).load(SAMSUNG, end - timedelta(days=310), end)
        np.testing.assert_array_equal(bars.times, whole.times)


async def test_today_is_listed_but_neither_stored_nor_covered() -> None:
    async with bench() as it:
        bars, report = await it.loader.load(SAMSUNG, it.today - timedelta(days=30), it.today)
        again, quick = await it.loader.load(SAMSUNG, it.today - timedelta(days=30), it.today)

        midnight = day_seconds(it.today)
        hour = SystemClock().now().hour
        if hour < 21:
            assert all(span.end <= midnight for span in it.store.covered[SAMSUNG])
            assert int(it.store.bars[SAMSUNG].times[-1]) < midnight
        assert report.coverage == quick.coverage == 1.0
        assert quick.calls == 0
        np.testing.assert_array_equal(bars.times, again.times)


async def test_two_loads_at_once_share_one_fetch() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=400)
        loads = [it.loader.load(SAMSUNG, start, end) for _ in range(3)]
        results = await asyncio.gather(*loads)

        assert it.calls == sum(report.calls for _, report in results) == 3
        assert {len(bars) for bars, _ in results} == {len(results[0][0])}


async def test_cancelled_load_goes_on_where_it_stopped() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=1_400)
        stop = asyncio.Event()

        def notice(done: int, asked: int, calls: int) -> None:
            if calls == 3:
                stop.set()

        task = asyncio.ensure_future(it.loader.load(SAMSUNG, start, end, notice))
        await stop.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        before = it.calls
        _, report = await it.another().load(SAMSUNG, start, end)

        assert report.coverage == 1.0
        assert before + report.calls <= 11


async def test_split_at_the_exchange_makes_stored_prices_be_fetched_anew() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=200)
        old, _ = await it.loader.load(SAMSUNG, start, end)
        exchange = it.exchange.server.venue.exchange
        exchange.split("005930", 5)
        exchange._actions.apply(exchange.moment)  # as the next day would begin with it
        bars, report = await it.another().load(SAMSUNG, start - timedelta(days=30), end)

        fresh, _ = await it.another(MemoryBarStore()).load(SAMSUNG, start, end)
        later = bars.between(int(old.times[0]), 2**40)
        np.testing.assert_array_equal(later.columns, fresh.columns)
        stored = it.store.bars[SAMSUNG].between(int(old.times[0]), 2**40)
        np.testing.assert_array_equal(stored.columns, fresh.columns)
        (note,) = it.store.told
        assert note.factor == pytest.approx(0.2, abs=0.003)
        assert note.factor == pytest.approx(float(fresh.close[-1] / old.close[-1]), abs=1e-4)
        assert any("수정주가" in note for note in report.notes)


async def test_raw_and_adjusted_are_apart() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=60)
        await it.loader.load(SAMSUNG, start, end)
        _, report = await it.loader.load(replace(SAMSUNG, is_adjusted=False), start, end)

        assert report.calls == 1
        assert set(it.store.bars) == {SAMSUNG, replace(SAMSUNG, is_adjusted=False)}


async def test_store_that_is_down_does_not_stop_a_load(expect_log: ExpectLog) -> None:
    expect_log("without the store")
    async with bench() as it:
        it.store.refusal = StoreUnavailable("PostgreSQL에 연결할 수 없습니다.")
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=100)
        bars, report = await it.loader.load(SAMSUNG, start, end)
        _, again = await it.loader.load(SAMSUNG, start, end)

        assert len(bars) > 60
        assert report.calls == 1
        assert any("PostgreSQL" in note for note in report.notes)
        assert again.calls == 0  # memory has it


async def test_store_that_turns_read_only_is_told_once(expect_log: ExpectLog) -> None:
    expect_log("without the store")
    async with bench() as it:
        it.store.is_read_only = True
        end = it.today - timedelta(days=1)
        bars, report = await it.loader.load(SAMSUNG, end - timedelta(days=500), end)

        assert len(bars) > 300
        assert sum("저장소" in note for note in report.notes) == 1


async def test_listing_ends_the_walk() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        bars, report = await it.loader.load(SAMSUNG, date(1960, 1, 1), end)
        _, again = await it.another().load(SAMSUNG, date(1980, 1, 4), end)

        assert report.actual_start is not None
        assert report.actual_start.year > 1970
        assert len(bars) > 1_000
        assert again.calls == 0
        assert report.coverage == 1.0


async def test_weeks_are_made_of_days_that_are_there_and_listed_where_not() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=it.today.weekday() + 1)
        start = end - timedelta(days=7 * 60 - 1)
        weeks = replace(SAMSUNG, interval=Interval.WEEK)
        listed, report = await it.loader.load(weeks, start, end)
        days, _ = await it.loader.load(SAMSUNG, start, end)
        made, none = await it.another().load(weeks, start, end)

        assert report.calls == 1
        assert none.calls == 0
        np.testing.assert_array_equal(made.times, listed.times)
        np.testing.assert_allclose(made.close, listed.close)
        np.testing.assert_array_equal(longer(weeks, days).columns, made.columns)


async def test_years_are_made_of_months() -> None:
    async with bench() as it:
        years, report = await it.loader.load(
            replace(SAMSUNG, interval=Interval.YEAR), date(2023, 5, 1), date(2024, 3, 1)
        )

        assert [str(np.datetime64(int(time), "s"))[:10] for time in years.times] == [
            "2023-01-01",
            "2024-01-01",
        ]
        assert report.calls == 1


async def test_minutes_come_by_days_and_longer_ones_are_made_of_them() -> None:
    async with bench() as it:
        day = it.today - timedelta(days=1)
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        minutes = replace(SAMSUNG, interval=Interval.MINUTE_1)
        one, report = await it.loader.load(minutes, day - timedelta(days=3), day)
        five, none = await it.loader.load(replace(SAMSUNG, interval=Interval.MINUTE_5), day, day)

        assert report.coverage == 1.0
        assert report.calls >= 4
        assert none.calls == 0
        assert len(one) >= 381
        assert len(five) == 77
        assert float(five.volume.sum()) == float(one.between(day_seconds(day), 2**40).volume.sum())


async def test_minutes_older_than_kis_keeps_are_told() -> None:
    async with bench() as it:
        minutes = replace(SAMSUNG, interval=Interval.MINUTE_1)

        with pytest.raises(CorrectionNeeded, match="365"):
            await it.loader.load(minutes, it.today - timedelta(days=500), it.today - timedelta(days=499))


async def test_indices_and_shares_abroad() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=200)
        kospi = SeriesKey(Product.INDEX, "0001", Interval.DAY)
        apple = SeriesKey(Product.OVERSEAS, "AAPL", Interval.DAY, exchange="NAS")
        index_bars, index_report = await it.loader.load(replace(kospi, is_adjusted=False), start, end)
        _, again = await it.loader.load(kospi, start, end)
        abroad, report = await it.loader.load(apple, start, end - timedelta(days=3))
        _, abroad_again = await it.another().load(apple, start, end - timedelta(days=3))

        assert index_report.calls == 3
        assert again.calls == 0
        assert bool(np.all(index_bars.high >= index_bars.low))
        assert report.calls == 2
        assert abroad_again.calls == 0
        assert abroad_again.coverage == 1.0
        assert float(abroad.close[0]) != round(float(abroad.close[0]))


async def test_minutes_abroad_and_of_an_index() -> None:
    async with bench() as it:
        day = it.today - timedelta(days=2)
        while day.weekday() in (5, 6, 0):
            day -= timedelta(days=1)
        apple = SeriesKey(Product.OVERSEAS, "AAPL", Interval.MINUTE_1, exchange="NAS")
        bars, report = await it.loader.load(apple, day, day)

        assert report.calls <= 14  # the exchange trades around the clock
        assert len(bars) > 100
        assert all(day_seconds(day) <= time < day_seconds(day) + 86_400 for time in bars.times.tolist())
        with pytest.raises(CorrectionNeeded, match="지수"):
            await it.loader.load(replace(apple, product=Product.INDEX, symbol="0001", exchange=""), day, day)


async def test_unknown_symbol_is_told() -> None:
    async with bench() as it:
        with pytest.raises(UnknownSymbol):
            await it.loader.load(replace(SAMSUNG, symbol="999999"), it.today - timedelta(days=9), it.today)


async def test_paper_has_no_minutes_of_past_days() -> None:
    async with bench(Environment.PAPER) as it:
        day = it.today - timedelta(days=4)
        with pytest.raises(CorrectionNeeded, match="모의투자"):
            await it.loader.load(replace(SAMSUNG, interval=Interval.MINUTE_1), day, day + timedelta(days=2))


class _Breaking:
    """A source that fails after some pages."""

    def __init__(self, source: BarSource, pages: int) -> None:
        self._source = source
        self._left = pages

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Pass on, or fail."""
        if self._left == 0:
            raise BrokerUnreachable("연결이 끊겼습니다.")
        self._left -= 1
        return await self._source.bars(key, start, end)


async def test_fetch_that_breaks_gives_what_it_has_and_says_so() -> None:
    async with bench() as it:
        clock = SystemClock()
        end = it.today - timedelta(days=1)
        broken = BarLoader(_Breaking(KisBarSource(it.broker.client, clock), 2), it.store, clock)
        bars, report = await broken.load(SAMSUNG, end - timedelta(days=700), end)

        assert report.is_truncated
        assert 0.3 < report.coverage < 0.6
        assert len(bars) == 200
        assert any("끊겼습니다" in note for note in report.notes)
        _, mended = await it.another().load(SAMSUNG, end - timedelta(days=700), end)
        assert mended.coverage == 1.0

        nothing = BarLoader(_Breaking(KisBarSource(it.broker.client, clock), 0), MemoryBarStore(), clock)
        with pytest.raises(BrokerUnreachable):
            await nothing.load(SAMSUNG, end - timedelta(days=700), end)


async def test_of_a_made_up_market_only_days_before_its_first_are_stored() -> None:
    clock, store = SystemClock(), MemoryBarStore()
    options = SimulatorOptions(seed=7, is_limited=False, clock="2026-03-04T10:00")
    async with running_exchange(options) as exchange:
        name = exchange.server.venue.name
        assert name is not None
        broker = KisBroker(exchange.access(), clock)
        loader = BarLoader(KisBarSource(broker.client, clock), store, clock, settled_until=name.settled_until)
        try:
            bars, report = await loader.load(SAMSUNG, date(2026, 2, 2), date(2026, 3, 4))
        finally:
            await broker.close()

    first_day = day_seconds(date(2026, 3, 4))
    assert name.settled_until == date(2026, 3, 4)
    assert int(bars.times[-1]) == first_day
    assert report.coverage == 1.0
    assert int(store.bars[SAMSUNG].times[-1]) < first_day
    assert all(span.end <= first_day for span in store.covered[SAMSUNG])
