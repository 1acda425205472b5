"""Bars of today that programs share: over a cache in memory, with what others may put there."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.kis.bar_source import KisBarSource
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.bar_columns import Span
from kis_terminal.domain.envelope import seal
from kis_terminal.services.bars.loader import BarLoader
from kis_terminal.services.bars.shared import SharedLive
from tests.services.bars.test_loader import SAMSUNG, Bench, bench
from tests.support.memory_bar_store import MemoryBarStore


def program(it: Bench, cache: MemoryCache) -> BarLoader:
    """Return the loader of another program, which shares store and cache."""
    clock = SystemClock()
    return BarLoader(
        KisBarSource(it.broker.client, clock), it.store, clock, SharedLive(cache, "market", 30.0)
    )


async def test_one_call_for_today_serves_every_program() -> None:
    async with bench() as it:
        cache = MemoryCache()
        start = it.today - timedelta(days=30)
        first, _ = await program(it, cache).load(SAMSUNG, start, it.today)
        second, report = await program(it, cache).load(SAMSUNG, start, it.today)

        assert report.calls == 0
        assert report.coverage == 1.0
        np.testing.assert_array_equal(first.times, second.times)
        np.testing.assert_array_equal(first.columns, second.columns)
        _, fresh = await program(it, cache).load(SAMSUNG, start, it.today, is_fresh=True)
        assert fresh.calls <= 1


async def test_what_is_no_value_of_ours_is_no_price() -> None:
    cache = MemoryCache()
    shared = SharedLive(cache, "market", 30.0)
    name = "bars:market:stock::005930:1d:adjusted"
    span = Span(0, 86_400)
    numbers = np.array([0, 86_400, 1], dtype="<i8").tobytes()
    bar = np.array([0], dtype="<i8").tobytes() + np.full(5, -1.0).tobytes()
    poisons = (
        b"",
        b"garbage",
        seal("livebars", b"short"),
        seal("livebars", numbers),
        seal("livebars", numbers + bar),
        seal("other", numbers + bar),
    )
    for poison in poisons:
        await cache.put(name, poison)
        assert await shared.get(SAMSUNG, span) is None

    good = np.array([0], dtype="<i8").tobytes() + np.full(5, 70_000.0).tobytes()
    await cache.put(name, seal("livebars", numbers + good))
    bars = await shared.get(SAMSUNG, span)
    assert bars is not None
    assert float(bars.close[0]) == 70_000
    assert MemoryBarStore().bars == {}
