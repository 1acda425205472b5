"""What the made-up market is like: how busy a name is, what today was like so far, ticks of a minute.

Everything is a pure function of (seed, symbol, day): asked again, it is the same. Prices are int won. No
numpy here, so that the exchange opens fast; years of days are in `daily_series`, minutes in `day_split`.
"""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kis_terminal.adapters.simulator.listings import limit_rate, market_beta, own_volatility
from kis_terminal.adapters.simulator.model import Listing, Side
from kis_terminal.adapters.simulator.rules.calendar import OPEN_SECOND
from kis_terminal.adapters.simulator.rules.tick_rules import daily_limits, round_to_tick

SESSION_MINUTES = 380
"""09:00 to 15:19; the closing auction adds one bar at 15:30."""
CLOSING_INDEX = 390
MARKET_VOLATILITY = 0.009
"""Daily standard deviation of what all names share."""
SESSION_SECONDS = SESSION_MINUTES * 60


class MinuteRow(NamedTuple):
    """One minute; `minute` counts from 09:00."""

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


@dataclass(frozen=True, slots=True)
class DaySketch:
    """What a day was like until the exchange opened: enough for quotes and for making its minutes later.

    Seconds count from midnight.
    """

    open: int
    high: int
    low: int
    last: int
    volume: int
    turnover: int
    buy_volume: int
    buy_count: int
    sell_count: int
    open_second: float
    high_second: float
    low_second: float
    last_second: float
    last_quantity: int


def seed_for(seed: int, *parts: object) -> int:
    """Return a 64-bit seed for `parts` that is the same in every process."""
    text = "|".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def volume_share(second_of_session: float) -> float:
    """Return the share of a day's volume usually done so many seconds after 09:00: busy first, then calm."""
    x = min(max(second_of_session / SESSION_SECONDS, 0.0), 1.0)
    return 0.72 * x + 0.22 * (1.0 - math.exp(-12.0 * x)) + 0.06 * math.pow(x, 6)


def trades_per_second(listing: Listing) -> float:
    """Return how often `listing` usually trades: several times a second down to once in half a minute."""
    turnover = listing.average_volume * listing.base_price
    return min(max(4.5 * math.pow(turnover / 9e11, 0.6), 0.03), 5.0)


def typical_trade(listing: Listing) -> float:
    """Return the average shares of one trade."""
    return max(1.0, listing.average_volume / (trades_per_second(listing) * SESSION_SECONDS))


def previous_volume(listing: Listing, seed: int) -> int:
    """Return yesterday's volume; the made-up history ends with it."""
    rng = random.Random(seed_for(seed, listing.symbol, "previous volume"))
    return max(1, int(listing.average_volume * math.exp(rng.gauss(-0.02, 0.25))))


def quiet_sketch(price: int) -> DaySketch:
    """Return a day that has not traded yet."""
    zero = float(OPEN_SECOND)
    return DaySketch(price, price, price, price, 0, 0, 0, 0, 0, zero, zero, zero, zero, 0)


def sketch_until(listing: Listing, base: int, seed: int, day: date, second: float) -> DaySketch:
    """Sketch `day` from 09:00 to `second` (of the day)."""
    elapsed = second - OPEN_SECOND
    if elapsed < 1:
        return quiet_sketch(base)
    shared = random.Random(seed_for(seed, "market", day)).gauss(0.0, 1.0) * MARKET_VOLATILITY
    rng = random.Random(seed_for(seed, listing.symbol, "sketch", day))
    own = own_volatility(listing)
    beta = market_beta(listing)
    upper, lower = daily_limits(base, listing.kind, limit_rate(listing))
    passed = min(elapsed / SESSION_SECONDS, 1.0)
    scale = math.hypot(own, beta * MARKET_VOLATILITY)

    def price_at(log_return: float) -> int:
        price = round_to_tick(base * math.exp(log_return), listing.kind)
        return min(max(price, lower), upper)

    gap = 0.45 * beta * shared + 0.4 * own * rng.gauss(0.0, 1.0)
    move = gap + beta * shared * 0.6 + own * math.sqrt(passed) * rng.gauss(0.0, 0.9)
    first, last = price_at(gap), price_at(move)
    reach = scale * math.sqrt(passed)
    high = max(first, last, price_at(max(gap, move) + abs(rng.gauss(0.0, 0.45)) * reach))
    low = min(first, last, price_at(min(gap, move) - abs(rng.gauss(0.0, 0.45)) * reach))
    volume = max(4, int(listing.average_volume * volume_share(elapsed) * math.exp(rng.gauss(0.0, 0.3))))
    bought = min(max(0.5 + 2.5 * (last - first) / base + rng.gauss(0.0, 0.03), 0.25), 0.75)
    count = max(4, int(volume / typical_trade(listing)))
    high_second, low_second = _extreme_seconds(rng, elapsed, first, high, low, last)
    average = (first + high + low + 2 * last) / 5
    return DaySketch(
        open=first,
        high=high,
        low=low,
        last=last,
        volume=volume,
        turnover=int(volume * average),
        buy_volume=int(volume * bought),
        buy_count=int(count * (0.5 * bought + 0.25)),
        sell_count=int(count * (0.75 - 0.5 * bought)),
        open_second=OPEN_SECOND + min(elapsed, rng.uniform(0.1, 30.0)),
        high_second=OPEN_SECOND + high_second,
        low_second=OPEN_SECOND + low_second,
        last_second=OPEN_SECOND + max(elapsed - min(1.0 / trades_per_second(listing), elapsed / 2), 0.0),
        last_quantity=min(volume, 1 + int(rng.expovariate(1.0) * typical_trade(listing))),
    )


def _extreme_seconds(
    rng: random.Random, elapsed: float, first: int, high: int, low: int, last: int
) -> tuple[float, float]:
    """Choose when the high and the low were; rising days have the low first."""
    early, late = rng.uniform(0.02, 0.45) * elapsed, rng.uniform(0.5, 0.97) * elapsed
    high_second, low_second = (late, early) if last >= first else (early, late)
    if high == first:
        high_second = 0.0
    if low == first:
        low_second = 0.0
    if high == last and high != first:
        high_second = elapsed * 0.999
    if low == last and low != first:
        low_second = elapsed * 0.999
    return high_second, low_second


def ticks_of_minute(row: MinuteRow, symbol: str) -> list[tuple[float, int, int, Side]]:
    """Split a minute into (second, price, shares, aggressor) that add up to it, oldest first."""
    rng = random.Random(seed_for(row.turnover, symbol, row.minute, row.volume))
    count = min(row.volume, rng.randint(6, 14))
    extremes = [row.high, row.low] if rng.random() < 0.5 else [row.low, row.high]
    prices = _tick_prices(row, extremes, count, rng)
    count = len(prices)
    cuts = sorted(rng.sample(range(1, row.volume), count - 1)) if count > 1 else []
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, row.volume], strict=True)]
    seconds = sorted(rng.uniform(0.0, 59.9) for _ in range(count))
    sides: list[Side] = []
    before = row.open
    for price in prices:
        if price != before:
            sides.append("buy" if price > before else "sell")
        else:
            sides.append("buy" if rng.random() < 0.5 else "sell")
        before = price
    return list(zip(seconds, prices, sizes, sides, strict=True))


def _tick_prices(row: MinuteRow, extremes: list[int], count: int, rng: random.Random) -> list[int]:
    needed = [row.open, *(p for p in extremes if p not in (row.open, row.close)), row.close]
    if count == 1:
        return [row.close]
    if count <= len(needed):
        return [*needed[: count - 1], row.close]
    between = [rng.choice(needed) for _ in range(count - len(needed))]
    middle = needed[1:-1] + between
    rng.shuffle(middle)
    return [row.open, *middle, row.close]
