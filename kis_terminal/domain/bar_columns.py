"""Bars of one series as columns, and what is known of how complete they are.

Bars travel as columns from the store to the engine: never as rows of objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bars import CLOSE, FIELDS, HIGH, LOW, OPEN, VOLUME
from kis_terminal.domain.market import Interval


class Product(StrEnum):
    """What a series is of; decides which call of the broker lists it."""

    STOCK = "stock"
    """Shares, ETF, ETN and ELW of the domestic exchanges."""
    INDEX = "index"
    """A domestic index, `0001` KOSPI, `1001` KOSDAQ, `2001` KOSPI 200."""
    OVERSEAS = "overseas"
    """A share abroad; the exchange's short name (`NAS`, `NYS`, `HKS`, …) is part of the key."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """Names one series of bars. Raw and adjusted prices are different series."""

    product: Product
    symbol: str
    interval: Interval
    is_adjusted: bool = True
    exchange: str = ""
    """Only for `Product.OVERSEAS`."""


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars of one series, oldest first.

    `times` is `(n,)` int64 wall seconds of Seoul (domain/wall_time), rising strictly; `columns` is `(5, n)`
    float64 in C order: open, high, low, close, volume, each contiguous. Prices are won, or the currency of
    the market abroad.
    """

    key: SeriesKey
    times: NDArray[np.int64]
    columns: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.columns.shape != (FIELDS, len(self.times)):
            raise ValueError(f"{self.key.symbol}: {self.columns.shape} columns for {len(self.times)} times")
        if len(self.times) > 1 and not bool(np.all(self.times[1:] > self.times[:-1])):
            raise ValueError(f"{self.key.symbol}: bar times must rise strictly")

    def __len__(self) -> int:
        return len(self.times)

    @property
    def open(self) -> NDArray[np.float64]:
        return self._column(OPEN)

    @property
    def high(self) -> NDArray[np.float64]:
        return self._column(HIGH)

    @property
    def low(self) -> NDArray[np.float64]:
        return self._column(LOW)

    @property
    def close(self) -> NDArray[np.float64]:
        return self._column(CLOSE)

    @property
    def volume(self) -> NDArray[np.float64]:
        return self._column(VOLUME)

    def _column(self, index: int) -> NDArray[np.float64]:
        column: NDArray[np.float64] = self.columns[index]
        return column

    @property
    def has_traded(self) -> NDArray[np.bool_]:
        """Return `(n,)`: whether orders could be filled on the bar.

        Three codings of a halt are known: prices of zero without volume, prices of zero with the volume of
        block trades, and the close repeated four times without volume. Volume zero with moving prices is none
        of them: the provider lost the volume.
        """
        priced = (self.open > 0) & (self.high > 0) & (self.low > 0) & (self.close > 0)
        still = (self.volume == 0) & (self.high == self.low)
        traded: NDArray[np.bool_] = priced & ~still
        return traded

    def head(self, count: int) -> BarColumns:
        """Return views of the oldest `count` bars; not checked again, since a backtest asks at every bar."""
        view = object.__new__(BarColumns)
        object.__setattr__(view, "key", self.key)
        object.__setattr__(view, "times", self.times[:count])
        object.__setattr__(view, "columns", self.columns[:, :count])
        return view

    def between(self, start: int, end: int) -> BarColumns:
        """Return views of the bars with `start <= time < end` (wall seconds)."""
        first, last = np.searchsorted(self.times, (start, end)).tolist()
        return BarColumns(self.key, self.times[first:last], self.columns[:, first:last])


@dataclass(frozen=True, slots=True)
class Span:
    """Wall seconds from `start` to before `end` that are covered: whatever traded then is stored."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load asked for and what it got; days are of Seoul."""

    key: SeriesKey
    start: date
    end: date
    actual_start: date | None
    """Day of the first bar, None when there is none."""
    actual_end: date | None
    coverage: float
    """Covered part of the asked trading days, 0 to 1; a day without trading is covered."""
    is_truncated: bool
    """Whether something that was asked for could not be had (a limit of the source, a fetch that was cut)."""
    calls: int
    """Calls to the broker that it took."""
    notes: Sequence[str] = ()
    """Sentences for the user: listed later, adjusted anew after a split, from the store alone because …"""


@dataclass(frozen=True, slots=True)
class BarPage:
    """What one call to the broker gave."""

    bars: BarColumns
    covered: Span
    """Which part of the asked days the call answers for, days without trading included."""
    reached_listing: bool
    """Whether nothing older exists."""
    calls: int = 1
    """How many calls it took: minutes come a day at a time."""


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    """What is stored of one series."""

    key: SeriesKey
    bars: int
    spans: Sequence[Span]
    bytes_used: int
    updated: int
    """Wall seconds of the last write."""


@dataclass(frozen=True, slots=True)
class CorporateNote:
    """A change of a company's shares that moved its prices, as the cache noticed it."""

    symbol: str
    day: date
    factor: float
    """Adjusted price after over before, for the same bar (0.02 for 50:1)."""
    text: str
