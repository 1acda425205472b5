"""Many series at once over a real exchange."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.bar_columns import Product, SeriesKey
from kis_terminal.domain.market import Interval
from kis_terminal.services.bars.fetch_job import FetchJob, FetchProgress
from tests.services.bars.test_loader import bench

SYMBOLS = ("005930", "000660", "035420", "069500", "005380", "999999")


def keys() -> list[SeriesKey]:
    """Return daily series, one of them of nobody."""
    return [SeriesKey(Product.STOCK, symbol, Interval.DAY) for symbol in SYMBOLS]


async def test_job_fetches_every_series_and_tells_how_far_it_is() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        told: list[FetchProgress] = []
        job = FetchJob(
            it.loader, SystemClock(), keys(), end - timedelta(days=500), end, on_progress=told.append
        )
        outcomes = await job.run()

        assert [outcome.key.symbol for outcome in outcomes] == list(SYMBOLS)
        assert [outcome.key.symbol for outcome in outcomes if outcome.report is None] == ["999999"]
        assert next(outcome.problem for outcome in outcomes if outcome.report is None)
        last = told[-1]
        assert (last.done, last.total, last.failed, last.part) == (6, 6, 1, 1.0)
        assert last.calls == it.calls - 1  # the refused one is no page
        assert last.bars == sum(outcome.bars for outcome in outcomes)
        assert [one.part for one in told] == sorted(one.part for one in told)
        assert max(len(one.current) for one in told) == 4


async def test_cancelled_job_goes_on_where_it_stopped_and_orders_do_not_wait() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=1)
        start = end - timedelta(days=2_000)
        stop = asyncio.Event()

        def notice(progress: FetchProgress) -> None:
            if progress.calls >= 12:
                stop.set()

        job = FetchJob(it.loader, SystemClock(), keys()[:5], start, end, on_progress=notice)
        task = asyncio.ensure_future(job.run())
        await stop.wait()
        # The limit is full of history; an order's call goes before all that wait.
        waiting = it.broker.client.limiter.waiting
        await it.broker.client.limiter.acquire(Priority.ORDER)
        assert it.broker.client.limiter.waiting >= min(waiting, 1) - 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        before = it.calls
        again = FetchJob(it.another(), SystemClock(), keys()[:5], start, end)
        outcomes = await again.run()

        assert all(outcome.report is not None and outcome.report.coverage == 1.0 for outcome in outcomes)
        pages = sum(-(-outcome.bars // 100) for outcome in outcomes)
        assert it.calls <= pages + 2 * len(outcomes) + 4
        assert it.calls - before < pages
