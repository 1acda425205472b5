"""Bars on disk: chunks of a fixed stretch of time, each a few packed columns under a checksum.

A chunk holds the bars of one series whose times lie in `number * width` to before `(number + 1) * width`, so
that a bar has one place whoever writes it. Columns take the narrowest form that gives every value back to
the last bit: whole won as 32-bit integers, cents and hundredths of a cent as the same with a divisor, days as
16-bit counts; what fits none of them stays float64. All numbers are little-endian.

    offset 0    version, forms of prices, volume and times (a byte each), bars (4), unit of times (4),
                reserved (4), time of the first bar (8)
    offset 24   open[n] high[n] low[n] close[n], volume[n], times[n]
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.bars import FIELDS, VOLUME
from kis_terminal.domain.market import Interval

_HEAD = struct.Struct("<BBBBIIIq")
_VERSION = 1
_DAY = 86_400
_DAYS_OF = {Interval.DAY: 1_024, Interval.WEEK: 7_168, Interval.MONTH: 32_768, Interval.YEAR: 131_072}
"""About 700 to 1,100 bars each: few chunks to a series, and small enough to be written anew with one bar."""
_DAYS_A_MINUTE = 4
_UNITS = (_DAY, 3_600, 60, 1)
_LARGEST = 2**31 - 1
_EXACT = float(2**53)

_FLOAT, _INTEGER, _UNSIGNED, _LONG, _SHORT = (np.dtype(form) for form in ("<f8", "<i4", "<u4", "<i8", "<u2"))
# Form of prices -> how they are stored, and what they were multiplied by.
_PRICES: tuple[tuple[np.dtype[Any], int], ...] = (
    (_FLOAT, 1),
    (_INTEGER, 1),
    (_INTEGER, 100),
    (_INTEGER, 10_000),
)
_VOLUMES: tuple[np.dtype[Any], ...] = (_FLOAT, _UNSIGNED, _LONG)
_TIMES: tuple[np.dtype[Any], ...] = (_LONG, _SHORT, _UNSIGNED)


class DamagedChunk(Exception):
    """The bytes of a chunk are not those that were written."""


class Chunk(NamedTuple):
    """One row of the store."""

    number: int
    bars: int
    checksum: int
    data: bytes


def chunk_seconds(interval: Interval) -> int:
    """Return the width of a chunk."""
    minutes = interval.minutes
    return (_DAYS_OF[interval] if minutes is None else _DAYS_A_MINUTE * minutes) * _DAY


def chunk_span(interval: Interval, number: int) -> Span:
    """Return the seconds that a chunk holds."""
    width = chunk_seconds(interval)
    return Span(number * width, (number + 1) * width)


def chunk_numbers(interval: Interval, start: int, end: int) -> tuple[int, int]:
    """Return the first and last chunk with times from `start` to before `end`."""
    width = chunk_seconds(interval)
    return start // width, (end - 1) // width


def seal_of(key: SeriesKey) -> int:
    """Return what the checksums of a series begin with: bytes of another series do not fit."""
    words = (key.product.value, key.symbol, key.interval.value, str(int(key.is_adjusted)), key.exchange)
    return zlib.crc32("|".join(words).encode())


def checksum_of(data: bytes, seal: int, number: int) -> int:
    """Return the checksum of one chunk of the series with this seal."""
    return zlib.crc32(data, (seal + number) & 0xFFFFFFFF)


def split(bars: BarColumns) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Give the bars chunk by chunk: its number, times `(n,)` and columns `(5, n)`, which are views."""
    if not len(bars):
        return
    numbers = bars.times // chunk_seconds(bars.key.interval)
    cuts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    for first, last in pairwise(cuts):
        yield int(numbers[first]), bars.times[first:last], bars.columns[:, first:last]


def merged(
    old: tuple[NDArray[np.int64], NDArray[np.float64]], new: tuple[NDArray[np.int64], NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the bars of both; where they have one of the same time, the new one."""
    (old_times, old_columns), (new_times, new_columns) = old, new
    if not len(old_times) or np.array_equal(old_times, new_times):
        return new
    times = np.concatenate((old_times, new_times))
    columns = np.concatenate((old_columns, new_columns), axis=1)
    if new_times[0] > old_times[-1]:
        return times, columns
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    order = order[np.append(ordered[1:] != ordered[:-1], True)]
    return times[order], columns[:, order]


def packed(number: int, times: NDArray[np.int64], columns: NDArray[np.float64], seal: int) -> Chunk:
    """Return the row of a chunk; `times` are not empty and rise."""
    price_form, prices = _narrow_prices(columns[:VOLUME])
    volume_form, volume = _narrow_volume(columns[VOLUME])
    time_form, unit, counts = _narrow_times(times)
    count = len(times)
    head = _HEAD.pack(_VERSION, price_form, volume_form, time_form, count, unit, 0, int(times[0]))
    data = b"".join((head, prices.tobytes(), volume.tobytes(), counts.tobytes()))
    return Chunk(number, count, checksum_of(data, seal, number), data)


def _narrow_prices(prices: NDArray[np.float64]) -> tuple[int, NDArray[Any]]:
    # Comparisons with NaN are false, so such columns stay as they are.
    largest = float(np.abs(prices).max())
    for form in range(1, len(_PRICES)):
        stored, factor = _PRICES[form]
        if not largest * factor <= _LARGEST:
            break
        whole = np.rint(prices if factor == 1 else prices * factor)
        if np.array_equal(whole if factor == 1 else whole / factor, prices):
            return form, whole.astype(stored)
    return 0, prices.astype(_FLOAT, copy=False)


def _narrow_volume(volume: NDArray[np.float64]) -> tuple[int, NDArray[Any]]:
    least, most = float(volume.min()), float(volume.max())
    if least >= 0 and most < _EXACT and np.array_equal(np.rint(volume), volume):
        form = 1 if most <= 2 * _LARGEST else 2
        return form, volume.astype(_VOLUMES[form])
    return 0, volume.astype(_FLOAT, copy=False)


def _narrow_times(times: NDArray[np.int64]) -> tuple[int, int, NDArray[Any]]:
    since = times - times[0]
    unit = next(unit for unit in _UNITS if unit == 1 or not np.any(since % unit))
    counts = since // unit
    last = int(counts[-1])
    form = 1 if last < 2**16 else 2 if last < 2**32 else 0
    return form, unit, counts.astype(_TIMES[form])


def unpack_into(data: bytes, times: NDArray[np.int64], columns: NDArray[np.float64]) -> None:
    """Fill `(n,)` and `(5, n)` with the bars of a chunk whose checksum was right; raises DamagedChunk."""
    try:
        version, price_form, volume_form, time_form, count, unit, _, base = _HEAD.unpack_from(data)
        if version != _VERSION or count != len(times):
            raise DamagedChunk(f"version {version}, {count} bars")
        stored, factor = _PRICES[price_form]
        at = _HEAD.size
        prices = np.frombuffer(data, stored, 4 * count, at).reshape(4, count)
        at += prices.nbytes
        volume = np.frombuffer(data, _VOLUMES[volume_form], count, at)
        at += volume.nbytes
        counts = np.frombuffer(data, _TIMES[time_form], count, at)
        if factor == 1:
            columns[:VOLUME] = prices
        else:
            np.divide(prices, factor, out=columns[:VOLUME])
        columns[VOLUME] = volume
        np.multiply(counts, unit, out=times, dtype=np.int64)
        times += base
    except (struct.error, ValueError, IndexError) as error:
        raise DamagedChunk(str(error)) from error


def is_sound(chunk: Chunk, seal: int) -> bool:
    """Tell whether a chunk is as it was written, in its place, and of a form that is known here."""
    if checksum_of(chunk.data, seal, chunk.number) != chunk.checksum or len(chunk.data) < _HEAD.size:
        return False
    version, *_forms, count, _unit, _reserved, _base = _HEAD.unpack_from(chunk.data)
    return bool(version == _VERSION and count == chunk.bars)


def assembled(key: SeriesKey, chunks: Sequence[Chunk], start: int, end: int) -> BarColumns:
    """Return the bars of sound chunks, which come in order of their numbers, with `start <= time < end`."""
    count = sum(chunk.bars for chunk in chunks)
    times, columns = np.empty(count, np.int64), np.empty((FIELDS, count), np.float64)
    first = 0
    for chunk in chunks:
        last = first + chunk.bars
        unpack_into(chunk.data, times[first:last], columns[:, first:last])
        first = last
    low, high = (0, count) if not count else np.searchsorted(times, (start, end)).tolist()
    if low or high < count:
        times, columns = times[low:high].copy(), np.ascontiguousarray(columns[:, low:high])
    return BarColumns(key, times, columns)


def unpacked(chunk: Chunk) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times and columns of one sound chunk."""
    times, columns = np.empty(chunk.bars, np.int64), np.empty((FIELDS, chunk.bars), np.float64)
    unpack_into(chunk.data, times, columns)
    return times, columns
