from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kis_terminal.adapters.storage.bar_packing import (
    Chunk,
    DamagedChunk,
    assembled,
    chunk_numbers,
    chunk_span,
    is_sound,
    merged,
    packed,
    seal_of,
    split,
    unpacked,
)
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.market import Interval
from tests.support.bar_stores import DAY, SAMSUNG_DAYS, made_bars, same, weekdays

VALUES = st.one_of(
    st.integers(-(2**40), 2**40).map(float),
    st.integers(0, 10**9).map(lambda cents: cents / 100),
    st.integers(0, 10**9).map(lambda parts: parts / 10_000),
    st.floats(allow_nan=True, allow_infinity=True, width=64),
)


def test_whole_won_take_less_than_half_of_what_they_take_in_memory() -> None:
    bars = made_bars(SAMSUNG_DAYS, weekdays(2_500))

    size = sum(len(packed(*piece, seal_of(bars.key)).data) for piece in split(bars))

    assert size < 23 * len(bars)
    assert same(
        assembled(bars.key, [packed(*piece, seal_of(bars.key)) for piece in split(bars)], 0, 2**40), bars
    )


@given(
    columns=st.integers(1, 6).flatmap(
        lambda count: arrays.arrays(np.float64, (5, count), elements=VALUES, fill=st.nothing())
    ),
    step=st.sampled_from((1, 7, 60, 3_600, DAY, 10 * DAY)),
    first=st.integers(-(2**33), 2**33),
)
def test_every_value_comes_back_to_the_last_bit(columns: np.ndarray, step: int, first: int) -> None:
    times = first + step * np.arange(columns.shape[1], dtype=np.int64) ** 2

    found_times, found = unpacked(packed(3, times, columns, 7))

    assert np.array_equal(found_times, times)
    assert np.array_equal(found, columns, equal_nan=True)


@pytest.mark.parametrize("interval", Interval)
def test_a_bar_has_one_chunk(interval: Interval) -> None:
    for second in (-(10**9), -1, 0, 1, 1_700_000_000):
        first, last = chunk_numbers(interval, second, second + 1)
        span = chunk_span(interval, first)

        assert first == last
        assert span.start <= second < span.end


def test_a_chunk_holds_about_a_thousand_bars_of_any_length() -> None:
    a_day = np.arange(9 * 3_600, 15 * 3_600 + 1_800 + 1, 60)
    minutes = np.concatenate([midnight + a_day for midnight in weekdays(300)])

    pieces = list(split(made_bars(SeriesKey(Product.STOCK, "005930", Interval.MINUTE_1), minutes)))

    assert max(len(times) for _, times, _ in pieces) <= 4 * 391
    assert len(pieces) < 120


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40), min_size=1))
def test_merging_keeps_both_and_prefers_the_new(old: set[int], new: set[int]) -> None:
    def made(times: set[int], value: float) -> tuple[np.ndarray, np.ndarray]:
        return np.array(sorted(times), np.int64), np.full((5, len(times)), value)

    times, columns = merged(made(old, 1.0), made(new, 2.0))

    assert times.tolist() == sorted(old | new)
    assert columns[0].tolist() == [2.0 if time in new else 1.0 for time in times.tolist()]


def test_any_changed_byte_and_any_wrong_place_are_noticed() -> None:
    bars = made_bars(SAMSUNG_DAYS, weekdays(40))
    seal = seal_of(bars.key)
    chunk = packed(*next(split(bars)), seal)

    assert is_sound(chunk, seal)
    for position in range(0, len(chunk.data), 11):
        data = bytearray(chunk.data)
        data[position] ^= 1
        assert not is_sound(chunk._replace(data=bytes(data)), seal)
    for wrong in (
        chunk._replace(number=chunk.number + 1),
        chunk._replace(bars=chunk.bars - 1),
        chunk._replace(data=chunk.data[:-1]),
        Chunk(chunk.number, 0, 0, b""),
    ):
        assert not is_sound(wrong, seal)
    assert not is_sound(chunk, seal_of(SeriesKey(Product.STOCK, "000660", Interval.DAY)))
    with pytest.raises(DamagedChunk):
        unpacked(chunk._replace(bars=1))


def test_bars_outside_the_asked_time_are_left_out() -> None:
    bars = made_bars(SAMSUNG_DAYS, weekdays(900))
    chunks = [packed(*piece, seal_of(bars.key)) for piece in split(bars)]
    start, end = int(bars.times[100]), int(bars.times[750])

    found = assembled(bars.key, chunks, start, end)

    assert same(found, BarColumns(bars.key, bars.times[100:750], bars.columns[:, 100:750]))
    assert found.columns.flags.c_contiguous
