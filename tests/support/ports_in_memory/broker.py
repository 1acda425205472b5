"""An account that keeps its books, its instruments and how it is doing; waits only where `hold` is set."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from kis_terminal.domain.account import Balance, BuyingPower, Position
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import OrderRefused, TerminalError, UnknownSymbol
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.market import Bar, Interval, InvestorDay, OrderBook, Quote, RankRow, Tick
from kis_terminal.domain.orders import (
    BrokerOrder,
    ExecutionNotice,
    NoticeKind,
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    PendingChange,
    Side,
)
from kis_terminal.ports import (
    BrokerHealth,
    LeavingCheck,
)
from tests.support.ports_in_memory.clock import MemoryClock
from tests.support.ports_in_memory.values import KODEX_200, NAVER, SAMSUNG, book_of, quote_of


class MemoryMaster:
    """Three instruments, one of them halted when asked."""

    def __init__(self, instruments: Sequence[Instrument] | None = None) -> None:
        self.list = (
            list(instruments)
            if instruments is not None
            else [
                Instrument(SAMSUNG, "삼성전자", Market.KOSPI),
                Instrument(NAVER, "NAVER", Market.KOSPI),
                Instrument(KODEX_200, "KODEX 200", Market.KOSPI, InstrumentKind.ETF),
            ]
        )

    async def instruments(self) -> Sequence[Instrument]:
        """Return the list."""
        return self.list


class MemoryBroker:
    """One account: orders rest until `fill`, a list tells the truth, notices go to `on_notice`.

    `refuse` refuses the next order with that sentence; `fail` is raised by the next order, amendment or
    cancellation after it was taken (its answer is lost); `hold` makes them wait until the event is set.
    """

    def __init__(self, clock: MemoryClock, environment: Environment = Environment.SIM) -> None:
        self.environment = environment
        self.account_label = "5000-01**-01"
        self.quotes: dict[str, Quote] = {
            SAMSUNG: quote_of(SAMSUNG, 84_600, 82_900),
            NAVER: quote_of(NAVER, 214_000, 211_000),
            KODEX_200: quote_of(KODEX_200, 45_815, 45_435),
        }
        self.books: dict[str, OrderBook] = {
            SAMSUNG: book_of(SAMSUNG, 84_600),
            NAVER: book_of(NAVER, 214_000),
            KODEX_200: book_of(KODEX_200, 45_810, kind=InstrumentKind.ETF),
        }
        self.prints: dict[str, list[Tick]] = {}
        self.cash = Decimal(35_192_350)
        self.daily: dict[tuple[str, Interval], list[Bar]] = {}
        self.minutes: dict[tuple[str, date], list[Bar]] = {}
        self.bars_fail: TerminalError | None = None
        self.bars_hold: asyncio.Event | None = None
        self.positions: dict[str, Position] = {}
        self.rows: dict[str, BrokerOrder] = {}
        self.placed: list[OrderRequest] = []
        self.on_notice = _ignore
        self.refuse = ""
        self.fail: TerminalError | None = None
        self.hold: asyncio.Event | None = None
        self._clock = clock
        self._next_number = 41_207

    def hold_shares(self, symbol: str, name: str, quantity: int, average: int) -> None:
        """Put a holding into the account."""
        price = self.quotes[symbol].price
        self.positions[symbol] = Position(
            symbol,
            name,
            quantity,
            quantity,
            Decimal(average),
            price,
            Decimal(average) * quantity,
            price * quantity,
        )

    # -- quotes ---

    async def quote(self, symbol: str) -> Quote:
        """Return the quote."""
        if symbol not in self.quotes:
            raise UnknownSymbol(f"종목 {symbol!r} 은(는) 없습니다.")
        return self.quotes[symbol]

    async def order_book(self, symbol: str) -> OrderBook:
        """Return the book."""
        if symbol not in self.books:
            raise UnknownSymbol(f"종목 {symbol!r} 은(는) 없습니다.")
        return self.books[symbol]

    async def recent_ticks(self, symbol: str) -> Sequence[Tick]:
        """Return today's prints."""
        return self.prints.get(symbol, [])

    async def daily_bars(
        self, symbol: str, start: date, end: date, interval: Interval, *, is_adjusted: bool
    ) -> Sequence[Bar]:
        """Return the bars of `daily`; `bars_fail` is raised once, `bars_hold` waited for."""
        await self._begin_bars()
        bars = self.daily.get((symbol, interval), [])
        return [bar for bar in bars if start <= bar.start.date() <= end]

    async def minute_bars(self, symbol: str, day: date, since: int, until: int) -> Sequence[Bar]:
        """Return the bars of `minutes`, as `daily_bars` does."""
        await self._begin_bars()
        bars = self.minutes.get((symbol, day), [])
        return [bar for bar in bars if since <= bar.start.hour * 3600 + bar.start.minute * 60 <= until]

    async def _begin_bars(self) -> None:
        if self.bars_hold is not None:
            await self.bars_hold.wait()
        if self.bars_fail is not None:
            error, self.bars_fail = self.bars_fail, None
            raise error

    async def investor_days(self, symbol: str) -> Sequence[InvestorDay]:
        """Return nothing."""
        return []

    async def volume_rank(self) -> Sequence[RankRow]:
        """Return nothing."""
        return []

    async def is_open_day(self, day: date) -> bool:
        """Return True on weekdays."""
        return day.weekday() < 5

    # -- the account ---

    async def _begin(self, leaving: LeavingCheck | None = None) -> None:
        if leaving is not None:
            leaving()
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse:
            sentence, self.refuse = self.refuse, ""
            raise OrderRefused(sentence, code="40310000")

    def _lost(self) -> None:
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error

    def _number(self) -> str:
        number = f"{self._next_number:010d}"
        self._next_number += 1
        return number

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        """Take an order; it rests until `fill`."""
        await self._begin(leaving)
        self.placed.append(request)
        number = self._number()
        self.rows[number] = BrokerOrder(
            order_number=number,
            original_number="",
            branch_number="91252",
            symbol=request.symbol,
            name="",
            side=request.side,
            kind=request.kind,
            venue=request.venue,
            quantity=request.quantity,
            price=request.price,
            filled=0,
            average_price=None,
            remaining=request.quantity,
            cancelled=0,
            rejected=0,
            is_cancel=False,
            ordered_at=self._clock.now(),
        )
        self._lost()
        return OrderAccepted(number, "91252", "134207")

    async def amend(
        self,
        order: Order,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        """Replace the rest by a new number."""
        await self._begin(leaving)
        old = self._open_row(order)
        number = self._number()
        self.rows[old.order_number] = replace(old, quantity=old.quantity, remaining=0)
        self.rows[number] = replace(
            old, order_number=number, original_number=old.order_number, kind=kind, price=price, filled=0
        )
        self._lost()
        return OrderAccepted(number, "91252", "134208")

    async def cancel(self, order: Order) -> OrderAccepted:
        """Cancel the rest."""
        await self._begin()
        old = self._open_row(order)
        self.rows[old.order_number] = replace(old, remaining=0, cancelled=old.remaining)
        number = self._number()
        self.rows[number] = replace(
            old, order_number=number, original_number=old.order_number, is_cancel=True, remaining=0
        )
        self._lost()
        return OrderAccepted(number, "91252", "134209")

    def _open_row(self, order: Order) -> BrokerOrder:
        row = self.rows.get(order.order_number)
        if row is None or row.remaining == 0:
            raise OrderRefused("정정/취소할 수량이 없습니다.", code="40330000")
        return row

    def fill(self, number: str, quantity: int, price: int | None = None) -> None:
        """Execute `quantity` shares of a resting order and send the notice."""
        row = self.rows[number]
        at = Decimal(price) if price is not None else row.price or self.quotes[row.symbol].price
        paid = (row.average_price or Decimal(0)) * row.filled + at * quantity
        filled = row.filled + quantity
        self.rows[number] = replace(
            row, filled=filled, average_price=paid / filled, remaining=row.remaining - quantity
        )
        self._book_position(row, quantity, at)
        moment = self._clock.now()
        self.on_notice(
            ExecutionNotice(
                order_number=number,
                original_number=row.original_number,
                symbol=row.symbol,
                side=row.side,
                kind=NoticeKind.FILL,
                change=PendingChange.NONE,
                quantity=quantity,
                price=at,
                seconds=moment.hour * 3600 + moment.minute * 60 + moment.second,
                order_quantity=row.quantity,
                name=row.name,
            )
        )

    def _book_position(self, row: BrokerOrder, quantity: int, at: Decimal) -> None:
        held = self.positions.get(row.symbol)
        before = held.quantity if held else 0
        cost = held.cost if held else Decimal(0)
        if row.side is Side.BUY:
            after, cost = before + quantity, cost + at * quantity
            self.cash -= at * quantity
        else:
            after = before - quantity
            cost = cost * after / before if before else Decimal(0)
            self.cash += at * quantity
        if after <= 0:
            self.positions.pop(row.symbol, None)
            return
        self.positions[row.symbol] = Position(
            row.symbol, row.name, after, after, cost / after, at, cost, at * after
        )

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        """Return the complete list."""
        return list(self.rows.values())

    async def balance(self) -> Balance:
        """Return the account."""
        value = sum((item.value for item in self.positions.values()), Decimal(0))
        return Balance(
            tuple(self.positions.values()),
            self.cash,
            self.cash,
            self.cash,
            value + self.cash,
            Decimal(0),
            Decimal(0),
            self._clock.now(),
        )

    async def buying_power(self, symbol: str, kind: OrderKind, price: Decimal | None) -> BuyingPower:
        """Return all of the cash."""
        return BuyingPower(self.cash, int(self.cash // price) if price else 0, self.cash)

    async def sellable(self, symbol: str) -> int:
        """Return the shares held."""
        held = self.positions.get(symbol)
        return held.sellable if held else 0

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class MemoryHealth:
    """Figures of a quiet connection."""

    def health(self) -> BrokerHealth:
        """Return them."""
        return BrokerHealth(38.0, 16, 18, None, 0.04, None)


def _ignore(notice: ExecutionNotice) -> None:
    """Take a notice that nobody waits for."""
