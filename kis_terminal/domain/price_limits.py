"""Daily price limits of KRX by date, as far as bars alone tell them.

Source: KRX rule, ±15 % of the base price to 2015-06-14 and ±30 % since (KONEX ±15 % throughout). Limits were
narrower before 1998-12-07; ±15 % stands in for them. The base price is taken to be the close of the former
day: true but for days on which KRX set another one (splits, re-listings).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.instruments import Market
from kis_terminal.domain.tick_history import NEW_TABLE_SINCE
from kis_terminal.domain.wall_time import day_seconds

WIDE_SINCE = day_seconds(date(2015, 6, 15))
_NARROW, _WIDE = 0.15, 0.30
_DAY = 86_400
_FAR, _CHEAP = 0.10, 100.0
"""Two ticks are at most two hundredths of a price above the second, so that closer bars are at no limit."""


def limit_rates(times: NDArray[np.int64], market: Market) -> NDArray[np.float64]:
    """Return `(n,)`: the fraction by which a price could move from its base at each time."""
    if market is Market.KONEX:
        return np.full(len(times), _NARROW)
    return np.where(times >= WIDE_SINCE, _WIDE, _NARROW)


def locked_bars(traded: BarColumns, market: Market) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return `(n,)` twice: bars that stood at the upper limit throughout, and at the lower.

    `traded` holds bars that traded, of a day or shorter; a bar counts whose four prices are one and lie
    within two ticks of the limit (limits are cut to ticks, adjusted prices rounded). Bars of the first day
    are never counted, since nothing is known before. Where no bar is locked it may be one array twice.
    """
    upper = lower = np.zeros(len(traded), dtype=np.bool_)
    high, close = traded.high, traded.close
    # Few bars are of one price, so that the limits are reckoned for these only.
    is_one_price = high == traded.low
    if not is_one_price.any():
        return upper, lower
    places = np.flatnonzero(is_one_price)
    places = places[(traded.open[places] == close[places]) & (high[places] == close[places])]
    if len(places) == 0:
        return upper, lower
    base = _closes_of_the_day_before(traded.times // _DAY, close)[places]
    with np.errstate(invalid="ignore"):
        far = (np.abs(close[places] - base) > _FAR * base) | (base < _CHEAP)
    places, base = places[far], base[far]
    if len(places) == 0:
        return upper, lower
    lower = np.zeros(len(traded), dtype=np.bool_)
    times, ended = traded.times[places], close[places]
    rates = limit_rates(times, market)
    up, down = base * (1.0 + rates), base * (1.0 - rates)
    with np.errstate(invalid="ignore"):
        # Below some ten won the slack is as wide as the limit itself, so the side of the base counts too.
        upper[places] = (ended >= up - 2.0 * _ticks(up, times)) & (ended > base)
        lower[places] = (ended <= down + 2.0 * _ticks(down, times)) & (ended < base)
    return upper, lower


def _closes_of_the_day_before(days: NDArray[np.int64], closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `(n,)`: the last close of the day before each bar's day, NaN on the first."""
    if len(days) == 0:
        return np.zeros(0)
    begins = np.concatenate(([True], days[1:] != days[:-1]))
    first_of_day = np.flatnonzero(begins)
    base_of_day = np.concatenate(([np.nan], closes[first_of_day[1:] - 1]))
    base: NDArray[np.float64] = base_of_day[np.cumsum(begins) - 1]
    return base


def _ticks(prices: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the steps of shares at `prices`: the larger of both lists where they differ."""
    with np.errstate(invalid="ignore"):
        new = np.select(
            [prices < ceiling for ceiling in (2_000, 5_000, 20_000, 50_000, 200_000, 500_000)],
            [1.0, 5.0, 10.0, 50.0, 100.0, 500.0],
            1_000.0,
        )
        old = np.select(
            [prices < ceiling for ceiling in (1_000, 5_000, 10_000, 50_000, 100_000, 500_000)],
            [1.0, 5.0, 10.0, 50.0, 100.0, 500.0],
            1_000.0,
        )
    return np.where(times >= NEW_TABLE_SINCE, new, old)
