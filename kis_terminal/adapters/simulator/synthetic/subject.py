"""What a synthetic row is about: a listed share as the market stands, or something that is not played here.

What is not played (a future, a bond, a foreign share) gets a level of its own from seed and code, and drifts
slowly with the time of day; asked twice within a second it is the same.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from kis_terminal.adapters.simulator.model import BookLevel, DailyBar, Listing
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.formats import clock_text

Family = Literal["share", "index", "derivative", "elw", "bond", "overseas", "overseas_derivative"]

_LEVELS = 10
_LARGEST_HASH = 2**32
_SWING = 0.012
"""Largest distance of something unplayed from its base, as a fraction."""
_SWING_SECONDS = 5400.0


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that fields of price and size can ask for; prices have `places` decimals."""

    family: Family
    code: str
    name: str
    places: int
    last: float
    base: float
    open: float
    high: float
    low: float
    upper: float
    lower: float
    volume: int
    turnover: int
    previous_volume: int
    last_quantity: int
    asks: tuple[tuple[float, int], ...]
    bids: tuple[tuple[float, int], ...]
    total_ask: int
    total_bid: int
    shares: int
    day: date
    clock: str
    listing: Listing | None = None

    @property
    def change(self) -> float:
        """Give the difference to the base price, signed."""
        return self.last - self.base

    @property
    def rate(self) -> float:
        """Give the difference to the base price in percent, signed."""
        return 100.0 * self.change / self.base if self.base else 0.0

    @property
    def sign(self) -> str:
        """Give KIS's sign code."""
        if abs(self.change) < 0.5 * 10**-self.places:
            return "3"
        if self.change > 0:
            return "1" if self.last >= self.upper else "2"
        return "4" if self.last <= self.lower else "5"

    def number(self, value: float) -> str:
        """Write a price of this subject."""
        text = f"{value:.{self.places}f}"
        return text.lstrip("-") if not text.strip("-0.") else text


def chance(*parts: object) -> float:
    """Return a fraction in [0, 1) that belongs to the parts for ever."""
    return zlib.crc32("|".join(map(str, parts)).encode()) / _LARGEST_HASH


def share(venue: Venue, symbol: str) -> Subject:
    """Return a listed share as the market has it now; KeyError for what is not listed."""
    exchange = venue.exchange
    quote, book, listing = exchange.quote(symbol), exchange.book(symbol), exchange.listing(symbol)
    if listing is None:
        raise KeyError(symbol)
    return Subject(
        family="share",
        code=symbol,
        name=listing.name,
        places=0,
        last=quote.last,
        base=quote.base,
        open=quote.open,
        high=quote.high,
        low=quote.low,
        upper=quote.upper_limit,
        lower=quote.lower_limit,
        volume=quote.volume,
        turnover=quote.turnover,
        previous_volume=quote.prev_volume,
        last_quantity=quote.last_quantity,
        asks=_levels(book.asks),
        bids=_levels(book.bids),
        total_ask=quote.total_ask_size,
        total_bid=quote.total_bid_size,
        shares=quote.listed_shares,
        day=quote.time.date(),
        clock=clock_text(quote.last_trade_time),
        listing=listing,
    )


def _levels(levels: tuple[BookLevel, ...]) -> tuple[tuple[float, int], ...]:
    return tuple((level.price, level.size) for level in levels[:_LEVELS])


_SCALES: dict[Family, tuple[int, float, float, float]] = {
    # decimals, lowest and highest level, price step
    "share": (0, 1_000.0, 200_000.0, 50.0),
    "index": (2, 300.0, 4_000.0, 0.01),
    "derivative": (2, 1.0, 420.0, 0.05),
    "elw": (0, 20.0, 900.0, 5.0),
    "bond": (2, 8_500.0, 10_900.0, 1.0),
    "overseas": (4, 8.0, 480.0, 0.01),
    "overseas_derivative": (4, 40.0, 5_800.0, 0.25),
}


def unplayed(venue: Venue, family: Family, code: str, name: str = "") -> Subject:
    """Return something that this exchange does not play, as it stands at this moment."""
    moment, seed = venue.exchange_time(), venue.exchange.seed
    places, lowest, highest, step = _SCALES[family]
    level = lowest * (highest / lowest) ** chance(seed, family, code)
    base = max(step, round(level / step) * step)
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    phase = chance(seed, code, moment.date(), "phase")
    waves = [_wave(at, phase) for at in range(32_400, second + 1, 300)] or [0.0]
    last = _on_step(base * (1 + _wave(second, phase)), step)
    volume = int((20 + 20_000 * chance(seed, code, "volume")) * (1 + max(0, second - 32_400) / 600))
    asks = tuple((last + step * (rank + 1), _size(seed, code, "ask", rank)) for rank in range(_LEVELS))
    bids = tuple(
        (max(step, last - step * (rank + 1)), _size(seed, code, "bid", rank)) for rank in range(_LEVELS)
    )
    opened = _on_step(base * (1 + waves[0]), step)
    return Subject(
        family=family,
        code=code,
        name=name or code,
        places=places,
        last=last,
        base=base,
        open=opened,
        high=max(last, opened, _on_step(base * (1 + max(waves)), step)),
        low=min(last, opened, _on_step(base * (1 + min(waves)), step)),
        upper=_on_step(base * 1.3, step),
        lower=_on_step(base * 0.7, step),
        volume=volume,
        turnover=int(volume * (base + last) / 2),
        previous_volume=int(20 + 40_000 * chance(seed, code, "yesterday")),
        last_quantity=1 + int(40 * chance(seed, code, second // 5)),
        asks=asks,
        bids=bids,
        total_ask=sum(size for _, size in asks),
        total_bid=sum(size for _, size in bids),
        shares=int(1_000_000 * (1 + 80 * chance(seed, code, "shares"))),
        day=moment.date(),
        clock=clock_text(moment),
    )


def on_day(subject: Subject, bar: DailyBar) -> Subject:
    """Return a share as it stood at the end of a day."""
    return replace(
        subject,
        last=bar.close,
        base=bar.base_price,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        upper=bar.base_price * 1.3,
        lower=bar.base_price * 0.7,
        volume=bar.volume,
        turnover=bar.turnover,
        day=bar.day,
        clock="153000",
    )


def drifted(subject: Subject, seed: int, day: date, clock: str = "153000") -> Subject:
    """Return something on an earlier day or at an earlier minute, near its level of now."""
    step = _SCALES[subject.family][3]
    before, after = (1 + 0.03 * (chance(seed, subject.code, day, clock, part) - 0.5) for part in "ab")
    base = max(step, _on_step(subject.base * before, step))
    last = max(step, _on_step(subject.base * after, step))
    return replace(
        subject,
        last=last,
        base=base,
        open=base,
        high=_on_step(max(last, base) + step, step),
        low=max(step, _on_step(min(last, base) - step, step)),
        volume=int(subject.previous_volume * (0.5 + chance(seed, subject.code, day, clock, "volume"))),
        day=day,
        clock=clock,
    )


def at_minute(subject: Subject, moment: datetime, seed: int) -> Subject:
    """Return something at an earlier minute of its day."""
    if subject.family == "share":
        return replace(subject, clock=clock_text(moment))
    return drifted(subject, seed, moment.date(), clock_text(moment))


def _wave(second: int, phase: float) -> float:
    return _SWING * math.sin(2 * math.pi * (second / _SWING_SECONDS + phase))


def _on_step(price: float, step: float) -> float:
    return round(price / step) * step


def _size(seed: int, code: str, side: str, rank: int) -> int:
    return 1 + int(300 * chance(seed, code, side, rank))
