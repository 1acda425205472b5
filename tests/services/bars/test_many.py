"""Many series in one go: the same as one by one, asked of the store once where they are whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kis_terminal.domain.bar_columns import Product, SeriesKey
from kis_terminal.domain.errors import StoreUnavailable, UnknownSymbol
from kis_terminal.domain.market import Interval
from kis_terminal.services.bars.many import load_many
from tests.services.bars.test_loader import SAMSUNG, bench
from tests.support.leftovers import ExpectLog

HYNIX = replace(SAMSUNG, symbol="000660")
KOSPI = SeriesKey(Product.INDEX, "0001", Interval.DAY, is_adjusted=False)
WEEKS = replace(SAMSUNG, interval=Interval.WEEK)


async def test_many_give_what_each_gives() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=8)
        start = end - timedelta(days=150)
        await it.loader.load(SAMSUNG, start, end)
        keys = [SAMSUNG, HYNIX, KOSPI, WEEKS, SAMSUNG]
        told: list[tuple[int, int]] = []
        loader = it.another()
        first = await load_many(
            loader, it.store, keys, start, end, lambda done, all: told.append((done, all))
        )
        calls, reads = it.calls, it.store.reads
        second = await load_many(it.another(), it.store, keys, start, end)

        assert told[0] == (1, 4)  # what was there already
        assert told[-1] == (4, 4)
        assert it.calls == calls
        assert it.store.reads - reads <= 5
        for (bars, report), (again, quick), key in zip(first, second, keys, strict=True):
            one, alone = await it.another().load(key, start, end)
            for other in (bars, again):
                np.testing.assert_array_equal(other.times, one.times)
                np.testing.assert_array_equal(other.columns, one.columns)
            assert replace(quick, notes=()) == replace(alone, notes=())
            assert report.coverage == 1.0


async def test_unfinished_days_are_listed_and_a_lost_store_does_not_matter(expect_log: ExpectLog) -> None:
    async with bench() as it:
        start = it.today - timedelta(days=60)
        await it.loader.load(SAMSUNG, start, it.today)
        (_, fresh), *_ = await load_many(it.another(), it.store, [SAMSUNG], start, it.today)
        it.store.refusal = StoreUnavailable("없음")
        (bars, report), *_ = await load_many(it.another(), it.store, [SAMSUNG], start, it.today)

        assert fresh.calls <= 1
        assert len(bars) > 30
        assert report.calls == 1
        expect_log("without the store")


async def test_first_failure_ends_the_rest() -> None:
    async with bench() as it:
        end = it.today - timedelta(days=8)
        keys = [replace(SAMSUNG, symbol="999999"), SAMSUNG, HYNIX]
        with pytest.raises(UnknownSymbol):
            await load_many(it.loader, it.store, keys, end - timedelta(days=3_000), end)
