"""What the market says: trade prints, order books, quotes, bars, market status.

Prices are `Decimal` won, sizes `int` shares. `seconds` counts from midnight in Asia/Seoul, since the wire
gives a time of day only; the trading day is known to whoever owns the feed.
Ticks and books are light objects: they are made tens of thousands of times a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class TickDetails(NamedTuple):
    """What a print says besides its price and size; zero where the source gave nothing readable."""

    change: Decimal
    """Signed difference from the base price in won."""
    change_rate: Decimal
    """Percent, signed."""
    aggressor: int
    """1 bought at the ask, -1 sold at the bid, 0 auction or unknown."""
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


class Tick:
    """One trade print of the market (체결) with the day's running figures as the wire sends them.

    What bars and volume need is held in slots; the rest is read through `details`, which a feed may decode
    when somebody looks first (most prints are never looked at). A tick is never changed after it was made;
    a guard against it would cost more than all of the decoding.
    """

    __slots__ = ("_details", "price", "seconds", "size", "symbol", "volume")

    symbol: str
    seconds: int
    price: Decimal
    size: int
    volume: int
    """Shares traded today, this print included."""
    _details: TickDetails

    def __init__(
        self,
        symbol: str,
        seconds: int,
        price: Decimal,
        change: Decimal,
        change_rate: Decimal,
        size: int,
        aggressor: int,
        volume: int,
        turnover: int,
        strength: Decimal,
        open: Decimal,
        high: Decimal,
        low: Decimal,
        ask: Decimal,
        bid: Decimal,
        is_halted: bool,
    ) -> None:
        self.symbol = symbol
        self.seconds = seconds
        self.price = price
        self.size = size
        self.volume = volume
        self._details = TickDetails(
            change, change_rate, aggressor, turnover, strength, open, high, low, ask, bid, is_halted
        )

    @property
    def details(self) -> TickDetails:
        """Return everything besides the slots; read it once when several figures are wanted."""
        return self._details

    @property
    def change(self) -> Decimal:
        """Return the signed difference from the base price in won."""
        return self.details.change

    @property
    def change_rate(self) -> Decimal:
        """Return the signed difference in percent."""
        return self.details.change_rate

    @property
    def aggressor(self) -> int:
        """Return 1 when bought at the ask, -1 when sold at the bid, 0 for an auction or unknown."""
        return self.details.aggressor

    @property
    def turnover(self) -> int:
        """Return the won traded today."""
        return self.details.turnover

    @property
    def strength(self) -> Decimal:
        """Return 체결강도 in percent."""
        return self.details.strength

    @property
    def open(self) -> Decimal:
        """Return the day's opening price."""
        return self.details.open

    @property
    def high(self) -> Decimal:
        """Return the day's highest price."""
        return self.details.high

    @property
    def low(self) -> Decimal:
        """Return the day's lowest price."""
        return self.details.low

    @property
    def ask(self) -> Decimal:
        """Return the best ask, zero when there is none."""
        return self.details.ask

    @property
    def bid(self) -> Decimal:
        """Return the best bid, zero when there is none."""
        return self.details.bid

    @property
    def is_halted(self) -> bool:
        """Tell whether trading in the symbol is halted."""
        return self.details.is_halted

    def _core(self) -> tuple[str, int, Decimal, int, int]:
        return (self.symbol, self.seconds, self.price, self.size, self.volume)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tick):
            return NotImplemented
        return self._core() == other._core() and self.details == other.details

    def __hash__(self) -> int:
        return hash(self._core())

    def __repr__(self) -> str:
        return f"Tick({self.symbol} {self.seconds}s {self.price} x {self.size}, {self.volume} today)"

    def __reduce__(self) -> tuple[type[Tick], tuple[object, ...]]:
        more = self.details
        return Tick, (
            *(self.symbol, self.seconds, self.price, more.change, more.change_rate, self.size),
            *(more.aggressor, self.volume, more.turnover, more.strength),
            *more[5:],
        )


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
    expected_code: str = ""
    """ANTC_MKOP_CLS_CODE: the same for the expected-price phase, e.g. 311 it starts, 112 it ends."""


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
