"""What the market says: trade prints, order books, quotes, bars, market status.

Prices are `Decimal` won, sizes `int` shares. `seconds` counts from midnight in Asia/Seoul, since the wire
gives a time of day only; the trading day is known to whoever owns the feed.
Ticks and books are `NamedTuple`s: they are made tens of thousands of times a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Tick(NamedTuple):
    """One trade print of the market (체결) with the day's running figures as the wire sends them."""

    symbol: str
    seconds: int
    price: Decimal
    change: Decimal
    """Signed difference from the base price in won."""
    change_rate: Decimal
    """Percent, signed."""
    size: int
    aggressor: int
    """1 bought at the ask, -1 sold at the bid, 0 auction or unknown."""
    volume: int
    """Shares traded today, this print included."""
    turnover: int
    """Won traded today."""
    strength: Decimal
    """체결강도 in percent: bought at the ask over sold at the bid."""
    open: Decimal
    high: Decimal
    low: Decimal
    ask: Decimal
    bid: Decimal
    is_halted: bool


class OrderBookLevel(NamedTuple):
    """One price of the book."""

    price: Decimal
    size: int


class OrderBook(NamedTuple):
    """Ten asks and ten bids; index 0 is the best. A level that does not exist has size 0 and price 0."""

    symbol: str
    seconds: int
    ask_prices: tuple[Decimal, ...]
    ask_sizes: tuple[int, ...]
    bid_prices: tuple[Decimal, ...]
    bid_sizes: tuple[int, ...]
    total_ask_size: int
    total_bid_size: int
    expected_price: Decimal | None
    """Price the running auction would give; None outside auctions."""
    expected_size: int

    @property
    def asks(self) -> list[OrderBookLevel]:
        """Return the existing ask levels, best first."""
        return [OrderBookLevel(p, s) for p, s in zip(self.ask_prices, self.ask_sizes, strict=True) if p]

    @property
    def bids(self) -> list[OrderBookLevel]:
        """Return the existing bid levels, best first."""
        return [OrderBookLevel(p, s) for p, s in zip(self.bid_prices, self.bid_sizes, strict=True) if p]


class Freshness(StrEnum):
    """How a quote got here."""

    LIVE = "live"
    POLLED = "polled"


@dataclass(frozen=True, slots=True)
class Quote:
    """The day's figures of one symbol as a REST answer gives them."""

    symbol: str
    price: Decimal
    change: Decimal
    change_rate: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: int
    turnover: int
    base_price: Decimal
    """기준가: what limits and changes are counted from; not always the previous close."""
    upper_limit: Decimal
    lower_limit: Decimal
    strength: Decimal | None = None
    ask: Decimal | None = None
    bid: Decimal | None = None
    is_halted: bool = False
    vi_state: str = "N"
    """`N` when no volatility interruption is on."""
    market_name: str = ""
    high_52_weeks: Decimal | None = None
    low_52_weeks: Decimal | None = None
    per: Decimal | None = None
    pbr: Decimal | None = None


class Interval(StrEnum):
    """Length of a bar; minutes carry their count in `minutes`."""

    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_10 = "10m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    MINUTE_60 = "60m"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1M"
    YEAR = "1y"

    @property
    def minutes(self) -> int | None:
        """Return the bar's length in minutes, None from a day on."""
        return int(self.value[:-1]) if self.value.endswith("m") else None


class Bar(NamedTuple):
    """One bar; `start` is its aware opening time in Asia/Seoul (midnight for a day and longer)."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    turnover: int


class MarketStatus(NamedTuple):
    """A market-wide or per-symbol status message (장운영정보)."""

    symbol: str
    code: str
    """MKOP_CLS_CODE as KIS lists it, e.g. 112 open, 129 close, 164 halted."""
    is_halted: bool
    is_vi: bool
    reason: str


class InvestorDay(NamedTuple):
    """Net purchases of one day by kind of investor, in shares."""

    day: date
    close: Decimal
    individual: int
    foreign: int
    institution: int


class RankRow(NamedTuple):
    """One row of a ranking."""

    rank: int
    symbol: str
    name: str
    price: Decimal
    change: Decimal
    change_rate: Decimal
    volume: int
    turnover: int
