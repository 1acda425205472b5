"""Prices abroad as a function of (seed, name, time): whole days first, then each day's path within its bar.

A day's bar is drawn before it begins; the path through it is drawn when somebody looks at it, and shows as
much of it as the time allows. Prices are ticks. Nothing runs, nothing is reckoned before it is asked for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kis_terminal.adapters.simulator.abroad.listings import OverseasListing
from kis_terminal.adapters.simulator.abroad.venues import STEP_SECONDS, OverseasClock
from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.reference.bar_periods import period_of

FIRST_DAY = date(2016, 1, 4)
_KEPT_PATHS = 64
_LEVELS = 10
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OverseasBar:
    """One day, or several joined; prices in ticks, `amount` in the currency's whole units."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount: int
    previous: int
    """Close of the bar before."""


@dataclass(frozen=True, slots=True)
class OverseasMinute:
    """One bar within a day; `time` is its begin in the venue's own time."""

    day: date
    time: datetime
    open: int
    high: int
    low: int
    close: int
    volume: int
    amount: int


@dataclass(frozen=True, slots=True)
class OverseasQuote:
    """Show a name now; prices in ticks."""

    listing: OverseasListing
    bar: OverseasBar
    """The session so far, or the last one while the venue is closed."""
    before: OverseasBar
    time: datetime
    is_open: bool
    last_volume: int
    bought: int
    sold: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    step: int

    @property
    def change(self) -> int:
        """Give the difference to the previous close in ticks."""
        return self.bar.close - self.bar.previous

    @property
    def rate(self) -> float:
        """Give it in percent."""
        return 100.0 * self.change / self.bar.previous


@dataclass(frozen=True, slots=True)
class _Path:
    """The whole of one day in steps; volumes are of each step."""

    prices: Whole
    volumes: Whole


class OverseasMarket:
    """Answer for every name abroad."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.clock = OverseasClock(open_always=exchange.clock.open_always)
        self._bars: dict[str, list[OverseasBar]] = {}
        self._paths: OrderedDict[tuple[str, date], _Path] = OrderedDict()

    def quote(self, listing: OverseasListing, moment: datetime) -> OverseasQuote:
        """Return `listing` at `moment` (the caller's clock, any zone)."""
        place = self.clock.position(listing.venue, moment)
        bars = self._days(listing, place.day)
        index = _index_of(bars, place.day)
        path = self._path(listing, bars[index])
        step = min(place.steps, len(path.prices) - 1)
        shown = self._so_far(listing, bars[index], path, step)
        side = _sides(self._exchange.seed, listing.key, place.day, step)
        bought = int(shown.volume * side)
        bids, asks = self._levels(listing, shown.close, place.day, step)
        return OverseasQuote(
            listing=listing,
            bar=shown,
            before=bars[index - 1],
            time=self.clock.moment_of(listing.venue, place.day, place.steps),
            is_open=place.is_open,
            last_volume=int(path.volumes[step]),
            bought=bought,
            sold=shown.volume - bought,
            bids=bids,
            asks=asks,
            step=step,
        )

    def bars(
        self, listing: OverseasListing, period: str, end: date, count: int, moment: datetime
    ) -> list[OverseasBar]:
        """Return up to `count` days, weeks, months or years up to `end`, oldest first, today's included."""
        now = self.quote(listing, moment)
        days = [bar for bar in self._days(listing, now.bar.day) if bar.day < now.bar.day]
        days.append(now.bar)
        days = [bar for bar in days if bar.day <= end]
        if period == "D":
            return days[-count:]
        groups: dict[tuple[int, ...], list[OverseasBar]] = {}
        for bar in days:
            groups.setdefault(period_of(bar.day, period), []).append(bar)
        return [_joined(group) for group in list(groups.values())[-count:]]

    def minutes(
        self, listing: OverseasListing, day: date, length: int, moment: datetime
    ) -> list[OverseasMinute]:
        """Return the bars of `length` minutes of a trading day, oldest first, as far as `moment` allows."""
        place = self.clock.position(listing.venue, moment)
        if day > place.day or day < FIRST_DAY:
            return []
        bars = self._days(listing, place.day)
        index = _index_of(bars, day)
        if bars[index].day != day:
            return []
        path = self._path(listing, bars[index])
        last = min(place.steps, len(path.prices) - 1) if day == place.day else len(path.prices) - 1
        size = length * 60 // STEP_SECONDS
        rows = []
        for first in range(0, last + 1, size):
            prices = path.prices[first : min(first + size, last + 1)]
            volumes = path.volumes[first : min(first + size, last + 1)]
            rows.append(
                OverseasMinute(
                    day,
                    self.clock.moment_of(listing.venue, day, first),
                    int(prices[0]),
                    int(prices.max()),
                    int(prices.min()),
                    int(prices[-1]),
                    int(volumes.sum()),
                    int(float((prices * volumes).sum()) * listing.tick),
                )
            )
        return rows

    def steps(
        self, listing: OverseasListing, count: int, moment: datetime
    ) -> list[tuple[datetime, int, int, int]]:
        """Return (time, price, volume, volume so far) of the last steps, newest first."""
        place = self.clock.position(listing.venue, moment)
        bars = self._days(listing, place.day)
        path = self._path(listing, bars[_index_of(bars, place.day)])
        step = min(place.steps, len(path.prices) - 1)
        total = int(path.volumes[: step + 1].sum())
        rows = []
        for index in range(step, max(step - count, -1), -1):
            when = self.clock.moment_of(listing.venue, place.day, index)
            rows.append((when, int(path.prices[index]), int(path.volumes[index]), total))
            total -= int(path.volumes[index])
        return rows

    def _so_far(self, listing: OverseasListing, bar: OverseasBar, path: _Path, step: int) -> OverseasBar:
        prices, volumes = path.prices[: step + 1], path.volumes[: step + 1]
        return OverseasBar(
            bar.day,
            int(prices[0]),
            int(prices.max()),
            int(prices.min()),
            int(prices[-1]),
            int(volumes.sum()),
            int(float((prices * volumes).sum()) * listing.tick),
            bar.previous,
        )

    def _levels(
        self, listing: OverseasListing, last: int, day: date, step: int
    ) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        """Return ten bids and ten asks (price, size) around the last price."""
        rng = np.random.default_rng(seed_for(self._exchange.seed, listing.key, "book", day, step))
        usual = max(listing.volume / self.clock.count(listing.venue) / 4, 1.0)
        sizes = np.maximum(rng.exponential(usual, 2 * _LEVELS).astype(np.int64), 1) * listing.venue.lot
        best_bid = last - int(rng.integers(0, 2))
        bids = tuple((max(best_bid - rank, 1), int(sizes[rank])) for rank in range(_LEVELS))
        asks = tuple((best_bid + 1 + rank, int(sizes[_LEVELS + rank])) for rank in range(_LEVELS))
        return bids, asks

    def _days(self, listing: OverseasListing, until: date) -> list[OverseasBar]:
        """Return the drawn days up to `until`, oldest first."""
        bars = self._bars.get(listing.key)
        if bars is None:
            bars = self._bars[listing.key] = self._made_history(listing)
        day = bars[-1].day
        while day < until:
            day += timedelta(days=1)
            if self.clock.is_open_day(listing.venue, day, until):
                rng = np.random.default_rng(seed_for(self._exchange.seed, listing.key, day))
                close = bars[-1].close * math.exp(listing.volatility * float(rng.standard_normal()))
                bars.append(_drawn(listing, day, bars[-1].close, close, rng))
        return bars

    def _made_history(self, listing: OverseasListing) -> list[OverseasBar]:
        """Draw the days before the exchange's first one so that they end at the listing's price."""
        last = self._exchange.first_day - timedelta(days=1)
        span = (last - FIRST_DAY).days + 1
        days = [FIRST_DAY + timedelta(days=place) for place in range(span)]
        days = [day for day in days if listing.venue.is_open_day(day)]
        rng = np.random.default_rng(seed_for(self._exchange.seed, listing.key, "history"))
        drift = 0.0 if listing.kind == "currency" else 0.0003
        returns = rng.standard_normal(len(days)) * listing.volatility + drift
        closes = np.exp(np.concatenate([-np.cumsum(returns[::-1])[::-1][1:], [0.0]]))
        levels = np.maximum(np.rint(closes * listing.price / listing.tick), 1).astype(np.int64)
        bars: list[OverseasBar] = []
        before = int(levels[0])
        for day, level in zip(days, levels.tolist(), strict=True):
            bars.append(_drawn(listing, day, before, float(level), rng))
            before = level
        return bars

    def _path(self, listing: OverseasListing, bar: OverseasBar) -> _Path:
        key = (listing.key, bar.day)
        path = self._paths.get(key)
        if path is None:
            path = self._drawn_path(listing, bar)
            self._paths[key] = path
            if len(self._paths) > _KEPT_PATHS:
                self._paths.popitem(last=False)
        else:
            self._paths.move_to_end(key)
        return path

    def _drawn_path(self, listing: OverseasListing, bar: OverseasBar) -> _Path:
        """Draw a path that begins, ends, rises and falls as its bar says."""
        count = self.clock.count(listing.venue)
        rng = np.random.default_rng(seed_for(self._exchange.seed, listing.key, "path", bar.day))
        share = np.linspace(0.0, 1.0, count)
        walk = np.cumsum(rng.standard_normal(count))
        bridge = (walk - walk[0] - share * (walk[-1] - walk[0])) / math.sqrt(count)
        line = bar.open + (bar.close - bar.open) * share
        prices = np.rint(line + bridge * (bar.high - bar.low)).astype(np.int64)
        prices = np.clip(prices, bar.low, bar.high)
        prices[0], prices[-1] = bar.open, bar.close
        inner = prices[1:-1]
        inner[int(inner.argmax())] = bar.high
        inner[int(inner.argmin())] = bar.low
        weights = (1.0 + 2.0 * (2.0 * share - 1.0) ** 2) * rng.exponential(1.0, count)
        totals = np.floor(np.cumsum(weights) / weights.sum() * bar.volume + 0.5).astype(np.int64)
        return _Path(prices, np.diff(totals, prepend=0))


def _drawn(
    listing: OverseasListing, day: date, before: int, close: float, rng: np.random.Generator
) -> OverseasBar:
    """Draw a day's bar that goes from `before` to about `close`."""
    spread = listing.volatility * 0.6
    noise = rng.standard_normal(4)
    last = max(round(close), 1)
    first = max(round(before * math.exp(math.log(last / before) * 0.3 + spread * 0.4 * noise[0])), 1)
    high = max(first, last, round(max(first, last) * math.exp(abs(noise[1]) * spread * 0.6)))
    low = max(min(first, last, round(min(first, last) * math.exp(-abs(noise[2]) * spread * 0.6))), 1)
    volume = int(listing.volume * math.exp(0.3 * noise[3] - 0.05))
    average = (first + high + low + 2 * last) / 5
    return OverseasBar(day, first, high, low, last, volume, int(volume * average * listing.tick), before)


def _index_of(bars: Sequence[OverseasBar], day: date) -> int:
    """Return the place of `day`, or of the last bar before it."""
    index = len(bars) - 1
    while index > 0 and bars[index].day > day:
        index -= 1
    return index


def _sides(seed: int, key: str, day: date, step: int) -> float:
    """Return which part of the volume so far was bought; it changes slowly."""
    return 0.4 + 0.2 * (seed_for(seed, key, "side", day, step // 30) % 1_000) / 1_000


def _joined(days: Sequence[OverseasBar]) -> OverseasBar:
    return OverseasBar(
        days[-1].day,
        days[0].open,
        max(day.high for day in days),
        min(day.low for day in days),
        days[-1].close,
        sum(day.volume for day in days),
        sum(day.amount for day in days),
        days[0].previous,
    )
