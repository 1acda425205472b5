"""Bars as columns: the one place where prices become `float64`.

Times are int64 seconds since 1970 of the bar's opening **in Asia/Seoul wall time** (so that a day begins at a
multiple of 86,400 and the time axis needs no zone); `wall_seconds` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.market import Bar, Interval, Tick
from kis_terminal.domain.wall_time import day_seconds, wall_seconds

FIELDS = 5
"""Columns of `BarSeries.values`: open, high, low, close, volume."""
OPEN, HIGH, LOW, CLOSE, VOLUME = range(FIELDS)
_DAY = 86_400


def bar_start(interval: Interval, day_start: int, seconds: int) -> int:
    """Return the wall seconds at which the bar of `interval` holding a moment of a day begins.

    `day_start` is midnight of the day, `seconds` the time of day. A week begins on Monday.
    """
    minutes = interval.minutes
    if minutes is not None:
        span = minutes * 60
        return day_start + seconds // span * span
    if interval is Interval.DAY:
        return day_start
    day = date(1970, 1, 1) + timedelta(days=day_start // _DAY)
    if interval is Interval.WEEK:
        return day_start - day.weekday() * _DAY
    return day_seconds(day.replace(day=1, month=1 if interval is Interval.YEAR else day.month))


class BarSeries:
    """Bars of one symbol and interval in growing arrays, oldest first.

    `revision` counts every change. `structure` counts those that neither changed the last bar nor appended
    bars: a chart rebuilds on those, and after any other change draws on from the last bar it knew.
    """

    def __init__(self, symbol: str, interval: Interval) -> None:
        self.symbol = symbol
        self.interval = interval
        self.revision = 0
        self.structure = 0
        self._size = 0
        self._times = np.empty(256, dtype=np.int64)
        self._values = np.empty((256, FIELDS), dtype=np.float64)
        self._volume_before_last: int | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def times(self) -> NDArray[np.int64]:
        """Return a view `(n,)` of opening times."""
        return self._times[: self._size]

    @property
    def values(self) -> NDArray[np.float64]:
        """Return a view `(n, 5)` of open, high, low, close, volume."""
        return self._values[: self._size]

    def replace(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Take over whole columns; `times` must rise strictly."""
        if len(times) != len(values) or (len(times) > 1 and not bool(np.all(times[1:] > times[:-1]))):
            raise ValueError("bar times must rise and match their values")
        self._size = len(times)
        room = max(256, self._size + self._size // 4 + 64)
        self._times = np.empty(room, dtype=np.int64)
        self._values = np.empty((room, FIELDS), dtype=np.float64)
        self._times[: self._size] = times
        self._values[: self._size] = values
        self._volume_before_last = None
        self.revision += 1
        self.structure += 1

    def merge(self, bars: Iterable[Bar]) -> None:
        """Overwrite or insert bars as a listing gives them; later calls win.

        A listing may date a week, month or year by its first trading day; here it begins with the calendar.
        """
        rows = {}
        for bar in bars:
            start = wall_seconds(bar.start)
            rows[bar_start(self.interval, start - start % _DAY, start % _DAY)] = [
                float(bar.open),
                float(bar.high),
                float(bar.low),
                float(bar.close),
                float(bar.volume),
            ]
        self._overwrite(rows)

    def replace_minutes(self, minutes: Iterable[Bar]) -> None:
        """Take over a listing of one-minute bars, joined to this series' interval."""
        self.replace(*_joined(minutes, self.interval))

    def correct(self, minutes: Iterable[Bar]) -> None:
        """Overwrite completed bars by what a listing of one-minute bars says; the last bar goes on living.

        A bar that is missing between others is put in: none of its prints came.
        """
        times, values = _joined(minutes, self.interval)
        if not self._size or not len(times):
            return
        first, last = int(self._times[0]), int(self._times[self._size - 1])
        known = set(self.times.tolist())
        rows = {
            time: row
            for time, row in zip(times.tolist(), values.tolist(), strict=True)
            if first <= time < last
        }
        if rows.keys() <= known:
            for time, row in rows.items():
                self._values[int(np.searchsorted(self.times, time))] = row
            self.revision += 1
            self.structure += 1
        else:
            self._overwrite(rows)

    def _overwrite(self, rows: dict[int, list[float]]) -> None:
        """Overwrite or insert bars; what is known of the last one stays as long as it is the last."""
        keep, last = self._volume_before_last, int(self._times[self._size - 1]) if self._size else -1
        merged = dict(zip(self.times.tolist(), self.values.tolist(), strict=True)) | rows
        times = np.array(sorted(merged), dtype=np.int64)
        self.replace(times, np.array([merged[int(t)] for t in times], dtype=np.float64).reshape(-1, FIELDS))
        if len(times) and int(times[-1]) == last:
            self._volume_before_last = keep

    def mend(self, minutes: Iterable[Bar], broken_since: int) -> None:
        """Overwrite or insert bars as a listing of one-minute bars gives them, the last one included.

        `broken_since` is the wall time from which on prints were missed. A last bar that began later may have
        begun in its middle, so that its volume has to be counted anew (`join`).
        """
        times, values = _joined(minutes, self.interval)
        self._overwrite(dict(zip(times.tolist(), values.tolist(), strict=True)))
        if self._size and int(self._times[self._size - 1]) > broken_since:
            self._volume_before_last = None

    def _append(self, start: int, price: float) -> None:
        if self._size == len(self._times):
            self._times = np.concatenate([self._times, np.empty_like(self._times)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._times[self._size] = start
        self._values[self._size] = (price, price, price, price, 0.0)
        self._size += 1

    def join(self, ticks: Sequence[Tick], day_start: int) -> None:
        """Carry in prints that came while the listing was on its way and are part of its last bar already."""
        last = int(self._times[self._size - 1]) if self._size else -1
        listed = [t for t in ticks if bar_start(self.interval, day_start, t.seconds) <= last]
        if listed and self._volume_before_last is None:
            self._volume_before_last = listed[-1].volume - int(self._values[self._size - 1][VOLUME])
        self.apply(ticks, day_start)

    def apply(self, ticks: Sequence[Tick], day_start: int) -> int:
        """Carry prints of one day into the last bars; return how many bars were appended.

        A print older than the last bar is ignored. Volume is exact: it is the difference of the day's running
        volume, so a repeated print adds nothing.
        """
        appended = 0
        for tick in ticks:
            start = bar_start(self.interval, day_start, tick.seconds)
            last = int(self._times[self._size - 1]) if self._size else -1
            if start < last:
                continue
            price = float(tick.price)
            if start > last:
                self._append(start, price)
                appended += 1
                self._volume_before_last = tick.volume - tick.size
            row = self._values[self._size - 1]
            if self._volume_before_last is None:
                # The bar came from a listing that already holds everything up to this print.
                self._volume_before_last = tick.volume - tick.size - int(row[VOLUME])
            if self.interval is Interval.DAY and tick.low > 0:
                row[OPEN], row[HIGH], row[LOW] = float(tick.open), float(tick.high), float(tick.low)
            else:
                # Also a day's print without the day's figures, which are zero then.
                row[HIGH] = max(row[HIGH], price)
                row[LOW] = min(row[LOW], price)
            row[CLOSE] = price
            day_volume = (
                tick.volume if self.interval is Interval.DAY else tick.volume - self._volume_before_last
            )
            row[VOLUME] = max(row[VOLUME], float(day_volume))
        if ticks:
            self.revision += 1
        return appended


def bar_starts(interval: Interval, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each wall time where its bar of `interval` begins; `bar_start` over a column."""
    minutes = interval.minutes
    if minutes is not None:
        day = times // _DAY * _DAY
        return day + (times - day) // (minutes * 60) * (minutes * 60)
    days = times // _DAY
    if interval is Interval.DAY:
        return days * _DAY
    if interval is Interval.WEEK:
        # 1970-01-01 was a Thursday, so that a week begins three days before a multiple of seven.
        return (days - (days + 3) % 7) * _DAY
    unit = "M" if interval is Interval.MONTH else "Y"
    return days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype("datetime64[s]").astype(np.int64)


def resample(
    times: NDArray[np.int64], values: NDArray[np.float64], interval: Interval
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Join one-minute or daily bars (oldest first) to longer ones."""
    if not len(times):
        return times, values
    starts = bar_starts(interval, times)
    first = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    last = np.concatenate((first[1:], [len(times)])) - 1
    joined = np.empty((len(first), FIELDS), dtype=np.float64)
    joined[:, OPEN] = values[first, OPEN]
    joined[:, HIGH] = np.maximum.reduceat(values[:, HIGH], first)
    joined[:, LOW] = np.minimum.reduceat(values[:, LOW], first)
    joined[:, CLOSE] = values[last, CLOSE]
    joined[:, VOLUME] = np.add.reduceat(values[:, VOLUME], first)
    return starts[first], joined


def _joined(minutes: Iterable[Bar], interval: Interval) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    raw = BarSeries("", Interval.MINUTE_1)
    raw.merge(minutes)
    return resample(raw.times, raw.values, interval)
