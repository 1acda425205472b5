"""The chart's days out of the bars that are kept: the same as the broker's, for one call."""

from __future__ import annotations

import numpy as np
import pytest

from kis_terminal.adapters.bar_files.process import BarFileProcess
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.market import Interval
from kis_terminal.ports import FeedListener
from kis_terminal.services.bars.late import LateLibrary
from kis_terminal.services.bars.library import BarLibrary
from kis_terminal.services.history import History
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.tasks import TaskScope
from tests.services.bars.test_loader import bench
from tests.support.ports_in_memory import MemoryFeed


@pytest.mark.parametrize("interval", [Interval.DAY, Interval.WEEK, Interval.MONTH])
async def test_chart_takes_its_days_from_what_is_kept(interval: Interval) -> None:
    async with bench() as it:
        clock, scope, feed = SystemClock(), TaskScope("test"), MemoryFeed()
        data = MarketData(it.broker, feed, clock, scope)
        feed.listen(
            FeedListener(
                on_ticks=data.take_ticks,
                on_book=data.take_book,
                on_notice=lambda notice: None,
                on_status=data.take_status,
                on_link=data.take_link,
                on_subscription=data.take_subscription,
                on_gap=lambda reason: None,
            )
        )
        history = History(it.broker, data, scope)
        plain = await history.follow("005930", interval, 120)
        history.stored = late = LateLibrary(
            lambda: BarLibrary(it.store, it.loader, BarFileProcess(), clock, scope)
        )
        await history.follow("005930", interval, 120)
        assert not it.store.bars  # nobody has asked for bars of the window's own yet
        await late.get()
        await history.follow("005930", interval, 120)
        before = it.calls
        kept = await history.follow("005930", interval, 120)

        assert it.calls - before == 1
        np.testing.assert_array_equal(kept.series.times, plain.series.times)
        # The last bar goes on living at an exchange that is always open.
        np.testing.assert_allclose(kept.series.values[:-1], plain.series.values[:-1])
        plain.close()
        kept.close()
        await scope.close()
