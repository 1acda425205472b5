"""A recorded day as a path of trades: from its open over its high and low to its close, its volume in sum.

Everything is a pure function of the bar and a seed. The opening auction trades at the open, the closing
auction at the close; between them minutes lead from price to price, and a minute's trades are made when they
are wanted. Prices are int won on the tick table of the day, or the bar's own (adjusted bars are off it).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kis_terminal.adapters.simulator.history.made_up_day import seed_for

_MOST_TRADES_A_MINUTE = 400


@dataclass(frozen=True, slots=True)
class PlayedBar:
    """One day of one symbol; `base` is what its change counts from. Volume 0 is a halt."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    base: int

    @property
    def is_halt(self) -> bool:
        """Say whether nothing traded."""
        return self.volume == 0


class PlayedPrint(NamedTuple):
    """One trade: second of the day, price, shares."""

    second: float
    price: int
    quantity: int


class Hours(NamedTuple):
    """When continuous trading begins and ends and when the closing auction ends: seconds of the day."""

    opens: int
    closes: int
    ends: int


class PlannedMinute(NamedTuple):
    """One minute that trades: it leads from `begin` to `end` in so many trades of `volume` shares in sum."""

    second: int
    begin: int
    end: int
    volume: int
    trades: int


class DayPlan:
    """What trades when; the auctions' shares are `opening` and `closing`."""

    def __init__(
        self, bar: PlayedBar, hours: Hours, trades: int, seed: int, tick: Callable[[int], int]
    ) -> None:
        """Plan about `trades` trades; `tick` gives the price step at a price on that day.

        A bar whose volume is less than its prices need (a share for each of them) gets as much as they need.
        """
        self.bar = bar
        self.hours = hours
        self._seed = seed
        self._tick = tick
        rng = random.Random(seed)
        extremes = _extremes(bar, rng)
        is_still = not extremes and bar.open == bar.close
        self.volume = max(bar.volume, 1 if is_still else 2 + len(extremes))
        self.opening, self.closing = self._auction_shares(rng, len(extremes))
        self.minutes = self._plan_minutes(rng, extremes, trades)

    def prints_of(self, index: int) -> list[PlayedPrint]:
        """Return the trades of a planned minute, oldest first; the last one is at its end."""
        minute = self.minutes[index]
        rng = random.Random(seed_for(self._seed, "minute", index))
        prices = self._walk(minute, rng)
        cuts = sorted(rng.sample(range(1, minute.volume), minute.trades - 1)) if minute.trades > 1 else []
        sizes = [after - before for before, after in pairwise([0, *cuts, minute.volume])]
        length = min(60, self.hours.closes - minute.second)
        seconds = sorted(minute.second + rng.random() * length for _ in prices)
        return [PlayedPrint(*row) for row in zip(seconds, prices, sizes, strict=True)]

    def all_prints(self) -> list[PlayedPrint]:
        """Return the whole day, auctions included."""
        prints = [PlayedPrint(float(self.hours.opens), self.bar.open, self.opening)]
        for index in range(len(self.minutes)):
            prints += self.prints_of(index)
        if self.closing:
            prints.append(PlayedPrint(float(self.hours.ends), self.bar.close, self.closing))
        return prints

    def _auction_shares(self, rng: random.Random, extremes: int) -> tuple[int, int]:
        if self.volume == 1:
            return 1, 0
        opening = max(1, int(self.volume * rng.uniform(0.01, 0.04)))
        closing = max(1, int(self.volume * rng.uniform(0.04, 0.09)))
        if opening + closing + extremes > self.volume:
            return 1, self.volume - 1 - extremes
        return opening, closing

    def _plan_minutes(
        self, rng: random.Random, extremes: list[tuple[int, float]], trades: int
    ) -> list[PlannedMinute]:
        bar, hours = self.bar, self.hours
        shares = self.volume - self.opening - self.closing
        length = (hours.closes - hours.opens) // 60
        count = min(length, shares, max(trades, len(extremes)))
        if count <= 0:
            return []
        slots = sorted(rng.sample(range(length), count))
        ends = self._ends(rng, count, extremes)
        weights = [_busy(slot, length) * rng.gammavariate(2.2, 1.0) for slot in slots]
        volumes = [1 + share for share in _shares(shares - count, weights)]
        return [
            PlannedMinute(
                hours.opens + 60 * slot,
                begin,
                end,
                volume,
                max(1, min(volume, round(trades * volume / shares), _MOST_TRADES_A_MINUTE)),
            )
            for slot, begin, end, volume in zip(slots, [bar.open, *ends], ends, volumes, strict=False)
        ]

    def _ends(self, rng: random.Random, count: int, extremes: list[tuple[int, float]]) -> list[int]:
        """Return where each minute ends: bridges between the day's prices, turned back inside its range."""
        bar = self.bar
        pins = {-1: bar.open, count: bar.close}
        for rank, (price, part) in enumerate(extremes):
            # The second of two comes later; each needs a minute of its own.
            place = int(part * count)
            pins[min(max(place, rank), count - len(extremes) + rank)] = price
        scale = 0.8 * (bar.high - bar.low) / math.sqrt(count + 1)
        ends: list[int] = []
        for (left, begin), (right, end) in pairwise(sorted(pins.items())):
            steps = right - left
            noise = 0.0
            walk = [noise := noise + rng.gauss(0.0, scale) for _ in range(steps)]
            for step in range(1, steps):
                drift = (end - begin - walk[-1]) * step / steps
                ends.append(self._placed(begin + drift + walk[step - 1]))
            ends.append(end)
        return ends[:count]

    def _walk(self, minute: PlannedMinute, rng: random.Random) -> list[int]:
        prices = []
        for step in range(1, minute.trades):
            middle = minute.begin + (minute.end - minute.begin) * step / minute.trades
            prices.append(self._placed(middle + rng.gauss(0.0, 0.7) * self._tick(int(middle))))
        return [*prices, minute.end]

    def _placed(self, price: float) -> int:
        """Return the allowed price at or below `price`, turned back where it leaves the day's range."""
        low, high = self.bar.low, self.bar.high
        if not low <= price <= high:
            width = max(high - low, 1)
            beyond = (price - low) % (2 * width)
            price = low + min(beyond, 2 * width - beyond)
        whole = int(price)
        whole -= whole % self._tick(whole)
        return min(max(whole, low), high)


def _extremes(bar: PlayedBar, rng: random.Random) -> list[tuple[int, float]]:
    """Return high and low as far as open and close are not they, with the part of the day they fall into."""
    early, late = rng.uniform(0.02, 0.45), rng.uniform(0.5, 0.98)
    order = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    wanted = [price for price in order if price not in (bar.open, bar.close)]
    if len(wanted) == 2:
        return [(wanted[0], early), (wanted[1], late)]
    return [(price, rng.uniform(0.05, 0.95)) for price in wanted]


def _busy(slot: int, length: int) -> float:
    """Weigh minutes as volume falls on them: heavy after the opening, a little before the end."""
    return 1.0 + 2.6 * math.exp(-slot / 14.0) + 0.5 * math.exp(-(length - slot) / 25.0)


def _shares(total: int, weights: list[float]) -> list[int]:
    """Split the integer `total` by `weights`; the parts sum to it exactly."""
    whole, passed, before = sum(weights), 0.0, 0
    parts: list[int] = []
    for weight in weights:
        passed += weight
        after = min(total, round(total * passed / whole))
        parts.append(after - before)
        before = after
    parts[-1] += total - before
    return parts
