"""The daily bars of one symbol: made up, or imported and then carried on to yesterday."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from kis_terminal.adapters.simulator.history.day_split import Prices
from kis_terminal.adapters.simulator.history.made_up_day import MARKET_VOLATILITY, previous_volume, seed_for
from kis_terminal.adapters.simulator.listings import CAPITAL_CHANGES, market_beta, own_volatility
from kis_terminal.adapters.simulator.model import DailyBar, Listing
from kis_terminal.adapters.simulator.rules.calendar import Calendar
from kis_terminal.adapters.simulator.rules.tick_rules import NEW_TABLE_DATE, tick_size

FIRST_DAY = date(2015, 1, 2)
"""Where made-up histories start, at the latest at the listing."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ImportedBars:
    """Real bars of one symbol, oldest first: `ohlcv` (n, 5) int64 raw won and shares.

    `base` (n,) is what each day's change counts from; `split_factor` (n,) is new price / old price on the
    first day after a capital change, else 1.
    """

    symbol: str
    ordinals: Prices
    ohlcv: Prices
    base: Prices
    split_factor: Floats

    def before(self, day: date) -> ImportedBars | None:
        """Return the bars before `day`, None when there are none."""
        count = int(np.searchsorted(self.ordinals, day.toordinal(), side="left"))
        if count == len(self.ordinals):
            return self
        if count == 0:
            return None
        return ImportedBars(
            self.symbol,
            self.ordinals[:count],
            self.ohlcv[:count],
            self.base[:count],
            self.split_factor[:count],
        )

    @property
    def last_close(self) -> int:
        """Return the level these bars end at."""
        return int(self.ohlcv[-1, 3])

    @property
    def average_volume(self) -> int:
        """Return the mean volume of the last sixty bars that traded."""
        traded = self.ohlcv[:, 4][self.ohlcv[:, 4] > 0][-60:]
        return int(traded.mean()) if len(traded) else 0


class DailySeries:
    """Bars up to the day before the exchange's today; days that the exchange lived through are appended."""

    def __init__(self, listing: Listing, ordinals: Prices, seed: int, imported: ImportedBars | None) -> None:
        """Build the bars for the trading days `ordinals` (ascending, up to yesterday)."""
        self._listing = listing
        self._seed = seed
        if imported is None:
            start = max(FIRST_DAY, listing.listing_date).toordinal()
            self._ordinals = ordinals[ordinals >= start]
            self._ohlcv = self._make_up(self._ordinals, None, CAPITAL_CHANGES.get(listing.symbol, ()))
            self._base, self._split = _bases(
                self._ordinals, self._ohlcv, CAPITAL_CHANGES.get(listing.symbol, ())
            )
        else:
            self._carry_on(imported, ordinals[ordinals > imported.ordinals[-1]])
        self._lived: list[DailyBar] = []
        self._late_splits: list[tuple[date, float]] = []

    def append(self, bar: DailyBar) -> None:
        """Add a day that the exchange has lived through."""
        self._lived.append(bar)

    def split(self, day: date, factor: float) -> None:
        """Note a split that the exchange lived through: prices before `day` count `factor` times."""
        self._late_splits.append((day, factor))

    def between(self, start: date, end: date, *, adjusted: bool) -> list[DailyBar]:
        """Return the bars of `start` to `end`, both included, oldest first."""
        first = int(np.searchsorted(self._ordinals, start.toordinal(), side="left"))
        last = int(np.searchsorted(self._ordinals, end.toordinal(), side="right"))
        scale = self._scale() if adjusted else None
        bars = [self._bar(i, scale) for i in range(first, last)]
        bars.extend(bar for bar in self._lived if start <= bar.day <= end)
        if adjusted and self._late_splits:
            return [self._after_splits(bar) for bar in bars]
        return bars

    def _after_splits(self, bar: DailyBar) -> DailyBar:
        factor = math.prod(part for day, part in self._late_splits if day > bar.day)
        if factor == 1.0:
            return bar
        return replace(
            bar,
            open=int(bar.open * factor + 0.5),
            high=int(bar.high * factor + 0.5),
            low=int(bar.low * factor + 0.5),
            close=int(bar.close * factor + 0.5),
            base_price=int(bar.base_price * factor + 0.5),
            volume=int(bar.volume / factor),
        )

    def extremes(self, start: date, end: date) -> tuple[tuple[int, date], tuple[int, date]] | None:
        """Return ((high, its day), (low, its day)) over adjusted bars that traded, None without any."""
        bars = [bar for bar in self.between(start, end, adjusted=True) if bar.volume > 0 and bar.low > 0]
        if not bars:
            return None
        high = max(bars, key=lambda bar: bar.high)
        low = min(bars, key=lambda bar: bar.low)
        return (high.high, high.day), (low.low, low.day)

    def _scale(self) -> Floats:
        """Return what to multiply each raw price by so that it compares with today's."""
        return np.append(np.cumprod(self._split[::-1])[::-1][1:], 1.0)

    def _bar(self, index: int, scale: Floats | None) -> DailyBar:
        values = self._ohlcv[index]
        factor = 1.0 if scale is None else float(scale[index])
        first, high, low, close, volume = (int(v) for v in values)
        base = int(self._base[index])
        turnover = int(volume * (first + high + low + 2 * close) / 5)
        split = float(self._split[index])
        if factor != 1.0:
            first, high, low, close = (int(v * factor + 0.5) for v in (first, high, low, close))
            volume = int(volume / factor)
        if scale is not None:
            # The base is already in new shares on the day of the change itself.
            base = int(base * factor + 0.5)
        return DailyBar(
            day=date.fromordinal(int(self._ordinals[index])),
            open=first,
            high=high,
            low=low,
            close=close,
            volume=volume,
            turnover=turnover,
            base_price=base,
            split_factor=split,
        )

    def _carry_on(self, imported: ImportedBars, missing: Prices) -> None:
        """Keep imported bars as they are; bridge from the last of them to yesterday at the same level."""
        bridge = self._make_up(missing, imported.last_close, ())
        self._ordinals = np.concatenate([imported.ordinals, missing])
        self._ohlcv = np.concatenate([imported.ohlcv, bridge])
        base, split = _bases(self._ordinals, self._ohlcv, ())
        count = len(imported.ordinals)
        base[:count] = imported.base
        split[:count] = imported.split_factor
        self._base, self._split = base, split

    def _make_up(
        self, ordinals: Prices, start_level: int | None, changes: tuple[tuple[date, int], ...]
    ) -> Prices:
        """Return raw bars (n, 5) that end at the listing's base price.

        With a `start_level` the path is a bridge from there; otherwise its beginning is wherever chance puts
        it.
        """
        count = len(ordinals)
        listing = self._listing
        if count == 0:
            return np.empty((0, 5), dtype=np.int64)
        rng = np.random.default_rng(seed_for(self._seed, listing.symbol, "daily"))
        returns = self._returns(ordinals, rng)
        span = count / 245
        total = rng.normal(0.06 * span, 0.18 * math.sqrt(span)) if start_level is None else None
        if total is None:
            total = math.log(listing.base_price / max(start_level or 1, 1))
        returns = np.clip(returns + (total - returns.sum()) / count, -0.26, 0.24)
        after = np.cumsum(returns[::-1])[::-1] - returns  # the sum of the returns after each day
        closes = listing.base_price * np.exp(-after)
        multiple = _share_multiples(ordinals, changes)
        return self._round_bars(ordinals, closes * multiple, returns, multiple, rng)

    def _returns(self, ordinals: Prices, rng: np.random.Generator) -> Floats:
        listing = self._listing
        # Drawn for a fixed calendar, so that all names and all lengths share one market.
        shared = np.random.default_rng(seed_for(self._seed, "market history"))
        days = ordinals - FIRST_DAY.toordinal()
        length = int(max(days.max(), 0)) + 1
        market = shared.standard_normal(length) * MARKET_VOLATILITY * _restless(shared, length)
        own = (
            own_volatility(listing) * rng.standard_t(5, len(ordinals)) * 0.78 * _restless(rng, len(ordinals))
        )
        result: Floats = market_beta(listing) * market[np.clip(days, 0, None)] + own
        return result

    def _round_bars(
        self, ordinals: Prices, closes: Floats, returns: Floats, multiple: Floats, rng: np.random.Generator
    ) -> Prices:
        """Put a close path on the tick table and give each day its open, high, low and volume."""
        listing = self._listing
        count = len(ordinals)
        spread = np.abs(returns) * 0.35 + own_volatility(listing) * 0.45
        before = np.concatenate([[closes[0] * math.exp(-returns[0])], closes[:-1]])
        before *= multiple / np.concatenate([[multiple[0]], multiple[:-1]])
        opens = before * np.exp(returns * 0.35 + spread * rng.standard_normal(count) * 0.45)
        tops = np.maximum(opens, closes) * np.exp(np.abs(rng.standard_normal(count)) * spread * 0.6)
        bottoms = np.minimum(opens, closes) * np.exp(-np.abs(rng.standard_normal(count)) * spread * 0.6)
        ceiling, floor = before * 1.295, before * 0.705
        columns = [np.clip(column, floor, ceiling) for column in (opens, tops, bottoms, closes)]
        steps = tick_steps(columns[3], ordinals, listing)
        bars = np.empty((count, 5), dtype=np.int64)
        for place, column in enumerate(columns):
            bars[:, place] = np.maximum(np.rint(column / steps), 1) * steps
        bars[-1, 3] = listing.base_price
        for place in (0, 1, 2):
            column_steps = tick_steps(bars[:, place].astype(float), ordinals, listing)
            bars[:, place] -= bars[:, place] % column_steps
        bars[:, 3] -= bars[:, 3] % tick_steps(bars[:, 3].astype(float), ordinals, listing)
        bars[:, 1] = bars[:, :4].max(axis=1)
        bars[:, 2] = np.maximum(bars[:, :4].min(axis=1), 1)
        noise = np.exp(rng.normal(-0.15, 0.35, count) + 9.0 * np.abs(returns))
        bars[:, 4] = np.maximum(listing.average_volume * noise * _restless(rng, count) / multiple, 2)
        bars[-1, 4] = previous_volume(listing, self._seed)
        self._halt_before_changes(ordinals, bars, multiple)
        return bars

    @staticmethod
    def _halt_before_changes(ordinals: Prices, bars: Prices, multiple: Floats) -> None:
        """Stop trading for three days before a split, as KRX does: prices repeat and the volume is 0."""
        for first in (np.flatnonzero(multiple[1:] != multiple[:-1]) + 1).tolist():
            for index in range(max(first - 3, 1), first):
                bars[index, :4] = bars[index - 1, 3]
                bars[index, 4] = 0


def trading_days(calendar: Calendar, before: date) -> Prices:
    """Return the ordinals of the trading days from FIRST_DAY to the one before `before`."""
    days = calendar.open_days(FIRST_DAY, before - timedelta(days=1))
    return np.array([day.toordinal() for day in days], dtype=np.int64)


def tick_steps(prices: Floats, ordinals: Prices, listing: Listing) -> Prices:
    """Return the tick size of each price on its day."""
    old = ordinals < NEW_TABLE_DATE.toordinal()
    steps = np.empty(len(prices), dtype=np.int64)
    for is_old, day in ((True, date(2020, 1, 2)), (False, None)):
        mask = old if is_old else ~old
        if mask.any():
            levels = np.unique(prices[mask].astype(np.int64))
            table = np.array([tick_size(int(p), listing.kind, day, listing.market) for p in levels])
            steps[mask] = table[np.searchsorted(levels, prices[mask].astype(np.int64))]
    if listing.kind == "etf":
        steps[:] = np.where(prices < 2_000, 1, 5)
    return steps


def _share_multiples(ordinals: Prices, changes: tuple[tuple[date, int], ...]) -> Floats:
    """Return how many of today's shares one share of each day was."""
    multiple = np.ones(len(ordinals))
    for day, parts in changes:
        multiple[ordinals < day.toordinal()] *= parts
    return multiple


def _bases(ordinals: Prices, bars: Prices, changes: tuple[tuple[date, int], ...]) -> tuple[Prices, Floats]:
    """Return each day's base price and split factor."""
    base = np.empty(len(ordinals), dtype=np.int64)
    split = np.ones(len(ordinals))
    if not len(ordinals):
        return base, split
    base[0] = bars[0, 0]
    base[1:] = bars[:-1, 3]
    for day, parts in changes:
        index = int(np.searchsorted(ordinals, day.toordinal()))
        if 0 < index < len(ordinals):
            split[index] = 1.0 / parts
            base[index] = round(int(base[index]) / parts)
    return base, split


def _restless(rng: np.random.Generator, count: int) -> Floats:
    """Return slowly changing factors around 1: calm and restless months."""
    shocks = rng.standard_normal(count) * 0.09
    level, factors = 0.0, np.empty(count)
    for i in range(count):
        level = 0.97 * level + shocks[i]
        factors[i] = level
    return np.exp(factors - 0.03)
