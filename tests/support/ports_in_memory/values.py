"""Symbols that every test knows, and quotes, books and prints of them."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from kis_terminal.domain.instruments import InstrumentKind, move_ticks
from kis_terminal.domain.market import OrderBook, Quote, Tick

SEOUL = ZoneInfo("Asia/Seoul")
SAMSUNG = "005930"
NAVER = "035420"
KODEX_200 = "069500"


def quote_of(symbol: str, price: int, base: int) -> Quote:
    """Return a quote with limits of 30 % (rounded inwards to 100 won)."""
    change = Decimal(price - base)
    return Quote(
        symbol=symbol,
        price=Decimal(price),
        change=change,
        change_rate=(change / base * 100).quantize(Decimal("0.01")),
        open=Decimal(base),
        high=Decimal(max(price, base)),
        low=Decimal(min(price, base)),
        volume=12_804_331,
        turnover=1_080_000_000_000,
        base_price=Decimal(base),
        upper_limit=Decimal(base * 13 // 10 // 100 * 100),
        lower_limit=Decimal(-(-base * 7 // 10 // 100) * 100),
        strength=Decimal("118.42"),
    )


def book_of(
    symbol: str,
    best_bid: int,
    *,
    kind: InstrumentKind = InstrumentKind.STOCK,
    seed: int = 7,
    levels: int = 10,
) -> OrderBook:
    """Return a full book around a best bid; sizes follow from `seed`."""
    bid = Decimal(best_bid)
    bids = tuple(move_ticks(bid, -step, kind) for step in range(levels))
    asks = tuple(move_ticks(bid, step + 1, kind) for step in range(levels))
    ask_sizes = tuple(5_000 + (seed * 7_919 * (step + 3)) % 35_000 for step in range(levels))
    bid_sizes = tuple(5_000 + (seed * 6_101 * (step + 5)) % 35_000 for step in range(levels))
    missing = 10 - levels
    zero = (Decimal(0),) * missing
    return OrderBook(
        symbol,
        49_327,
        asks + zero,
        ask_sizes + (0,) * missing,
        bids + zero,
        bid_sizes + (0,) * missing,
        sum(ask_sizes),
        sum(bid_sizes),
        None,
        0,
    )


def tick_of(quote: Quote, price: int, size: int, *, seconds: int = 49_327, aggressor: int = 1) -> Tick:
    """Return a print that follows a quote."""
    change = Decimal(price) - quote.base_price
    return Tick(
        symbol=quote.symbol,
        seconds=seconds,
        price=Decimal(price),
        change=change,
        change_rate=(change / quote.base_price * 100).quantize(Decimal("0.01")),
        size=size,
        aggressor=aggressor,
        volume=quote.volume + size,
        turnover=quote.turnover,
        strength=Decimal("118.42"),
        open=quote.open,
        high=max(quote.high, Decimal(price)),
        low=min(quote.low, Decimal(price)),
        ask=Decimal(price),
        bid=move_ticks(Decimal(price), -1),
        is_halted=False,
    )
