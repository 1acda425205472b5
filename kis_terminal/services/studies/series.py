"""The bars that indicators see: those that traded, and how their values get back to every bar."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.strategy.model import PriceField

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TradedBars:
    """Columns of the bars that traded, `(m,)` each, oldest first; prices of halts never enter."""

    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    """Shares; a volume that is not known counts as 0."""
    traded: NDArray[np.bool_] | None
    """`(n,)`: which bars these are, None when all of them."""
    market: Column | None = None
    """`(m,)`: the market index's last close as of each bar, NaN before its first; None without an index."""

    def __len__(self) -> int:
        return len(self.close)

    def fed_with(self, field: PriceField) -> TradedBars:
        """Return the same bars with another column in the place of the close."""
        return replace(self, close=getattr(self, field.value))

    def carried(self, values: Column) -> Column:
        """Return `(n,)`: values of the traded bars, each kept over the untraded bars that follow it."""
        if self.traded is None:
            return values
        places = np.cumsum(self.traded) - 1
        result = np.full(len(self.traded), np.nan)
        known = places >= 0
        result[known] = values[places[known]]
        return result

    def placed(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `(n,)`: values of the traded bars, 0 on the untraded ones."""
        if self.traded is None:
            return values
        result = np.zeros(len(self.traded), dtype=np.int64)
        result[self.traded] = values
        return result


def traded_bars(bars: BarColumns, market: BarColumns | None = None) -> TradedBars:
    """Take the bars that traded out of `bars`; `market` are bars of the index that beta and alpha ask for."""
    traded = bars.has_traded
    is_whole = bool(traded.all())
    columns = bars.columns if is_whole else bars.columns[:, traded]
    volume = columns[4]
    if np.isnan(volume).any():
        volume = np.nan_to_num(volume, nan=0.0)
    opens, highs, lows, closes = (np.ascontiguousarray(column) for column in columns[:4])
    return TradedBars(
        opens,
        highs,
        lows,
        closes,
        np.ascontiguousarray(volume),
        traded=None if is_whole else traded,
        market=None
        if market is None
        else _market_closes(bars.times if is_whole else bars.times[traded], market),
    )


def _market_closes(times: NDArray[np.int64], market: BarColumns) -> Column:
    priced = market.close > 0
    known_times, closes = market.times[priced], market.close[priced]
    places = np.searchsorted(known_times, times, side="right") - 1
    result = np.full(len(times), np.nan)
    known = places >= 0
    result[known] = closes[places[known]]
    return result
