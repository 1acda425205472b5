"""Any sequence of writes leaves what a dictionary of bars and a set of seconds would hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.storage.bar_place import store_place
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey, Span
from kis_terminal.domain.market import Interval
from kis_terminal.domain.spans import joined
from tests.support.bar_stores import DAY

KEYS = [SeriesKey(Product.STOCK, symbol, Interval.DAY) for symbol in ("005930", "000660")]
FIRST = 1_020 * DAY  # four days before a chunk ends

# One write: which series, which days counted from FIRST, which number their prices are.
WRITES = st.tuples(
    st.sampled_from(KEYS), st.sets(st.integers(-3, 12), max_size=8), st.integers(1, 9), st.booleans()
)


Group = list[tuple[SeriesKey, set[int], int, bool]]


async def write_and_compare(store: SqlBarStore, groups: list[Group]) -> None:
    bars: dict[SeriesKey, dict[int, float]] = {key: {} for key in KEYS}
    spans: dict[SeriesKey, list[Span]] = {key: [] for key in KEYS}
    for group in groups:
        parts = []
        for key, days, price, is_covered in group:
            times = np.array([FIRST + day * DAY for day in sorted(days)], np.int64)
            covered = [Span(int(time), int(time) + DAY) for time in times] if is_covered else []
            parts.append((BarColumns(key, times, np.full((5, len(times)), float(price))), covered))
            bars[key] |= dict.fromkeys(times.tolist(), float(price))
            spans[key] += covered
        await store.write_many(parts)
    for key, found in zip(KEYS, await store.read_many(KEYS, -DAY, 2**40), strict=True):
        assert dict(zip(found.times.tolist(), found.close.tolist(), strict=True)) == bars[key]
        assert await store.coverage(key) == joined(spans[key])
        await store.forget(key)


def test_writes_come_to_what_a_dictionary_would_hold(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        store = SqlBarStore(store_place(None, tmp_path), "market")

        @settings(max_examples=40)
        @given(st.lists(st.lists(WRITES, min_size=1, max_size=3), min_size=1, max_size=5))
        def writes(groups: list[Group]) -> None:
            runner.run(write_and_compare(store, groups))

        try:
            writes()
        finally:
            runner.run(store.close())
