"""The exchange as the wire sees it: one facade over market, accounts and ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.model import (
    Accepted,
    Account,
    BookChanged,
    BookLevel,
    BookSnapshot,
    BuyingPower,
    CashBalance,
    DailyBar,
    Event,
    HolidayRow,
    Holding,
    InvestorFlow,
    Listing,
    MarketStatusChanged,
    MinuteBar,
    OrderFilled,
    OrderReceipt,
    OrderRecord,
    QuoteSnapshot,
    Refused,
    Sellable,
    Side,
    Statistics,
    TradePrinted,
)

DEFAULT_ACCOUNT = "50000101"
"""The account number (8 digits) that holds a few names from the beginning."""


class Exchange:
    """Play KRX. `now` is the caller's clock throughout; everything handed out is stamped in exchange time."""

    def __init__(self, *, seed: int, now: datetime, bars: BarHistory | None = None, market_open_always: bool = True):
        self.seed = seed
        self.clock: TradingClock   # .exchange_time(now) -> datetime, .phase(now) -> "continuous"|"closed"|...
        self.calendar: Calendar    # .is_open_day(date), .holiday_rows(start, count) -> list[HolidayRow]
        self.ledger: Ledger        # .entries -> tuple[LedgerEntry, ...], .to_json() -> list[dict[str, object]]

    def listings(self) -> Sequence[Listing]: ...
    def listing(self, symbol: str) -> Listing | None: ...
    def advance(self, now: datetime) -> None: ...
    def drain_events(self) -> list[Event]: ...
    def quote(self, symbol: str) -> QuoteSnapshot: ...          # KeyError for an unknown symbol, here and below
    def statistics(self, symbol: str) -> Statistics: ...        # 52-week figures, PER ...: builds the history
    def book(self, symbol: str) -> BookSnapshot: ...
    def recent_trades(self, symbol: str, count: int) -> list[TradePrinted]: ...   # newest last
    def daily_bars(self, symbol: str, start: date, end: date, adjusted: bool) -> list[DailyBar]: ...
    def minute_bars(self, symbol: str, day: date) -> list[MinuteBar]: ...
    def investor_flows(self, symbol: str, start: date, end: date) -> list[InvestorFlow]: ...
    def account(self, number: str, product: str = "01", *, realm: str = "real") -> Account: ...
    def submit(self, account: Account, side: Side, symbol: str, kind: str, quantity: int, price: int,
               now: datetime, *, venue: str = "KRX", condition_price: int = 0) -> Accepted | Refused: ...
    def amend(self, account: Account, original_no: str, kind: str, quantity: int, price: int, all_rest: bool,
              now: datetime, *, venue: str = "KRX", condition_price: int = 0) -> Accepted | Refused: ...
    def cancel(self, account: Account, original_no: str, quantity: int, all_rest: bool,
               now: datetime, *, venue: str = "KRX") -> Accepted | Refused: ...
    def orders(self, account: Account, start: date, end: date) -> list[OrderRecord]: ...   # oldest first
    def holdings(self, account: Account) -> list[Holding]: ...
    def balance(self, account: Account) -> CashBalance: ...
    def buying_power(self, account: Account, symbol: str, kind: str, price: int) -> BuyingPower: ...
    def sellable(self, account: Account, symbol: str) -> Sellable: ...
