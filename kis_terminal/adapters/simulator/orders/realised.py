"""What an account bought and sold, by day and symbol, and what the sales brought."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(slots=True)
class DayTrade:
    """One symbol on one day; amounts in won. `realised` is after costs, against the average paid."""

    day: date
    symbol: str
    bought: int = 0
    bought_amount: int = 0
    buy_fee: int = 0
    sold: int = 0
    sold_amount: int = 0
    sell_fee: int = 0
    sell_tax: int = 0
    sold_cost: int = 0
    realised: int = 0

    def add(self, other: DayTrade) -> None:
        """Add the figures of another one."""
        self.bought += other.bought
        self.bought_amount += other.bought_amount
        self.buy_fee += other.buy_fee
        self.sold += other.sold
        self.sold_amount += other.sold_amount
        self.sell_fee += other.sell_fee
        self.sell_tax += other.sell_tax
        self.sold_cost += other.sold_cost
        self.realised += other.realised

    @property
    def profit_rate(self) -> float:
        """Return the sales' profit in percent of what was paid for the shares."""
        return 100.0 * self.realised / self.sold_cost if self.sold_cost else 0.0


class TradeBook:
    """Own the days of one account."""

    def __init__(self) -> None:
        self._trades: dict[tuple[date, str], DayTrade] = {}

    def buy(self, day: date, symbol: str, quantity: int, amount: int, fee: int) -> None:
        """Book an execution of a buy order."""
        self._of(day, symbol).add(DayTrade(day, symbol, bought=quantity, bought_amount=amount, buy_fee=fee))

    def sell(
        self, day: date, symbol: str, quantity: int, amount: int, *, fee: int, tax: int, cost: int
    ) -> None:
        """Book an execution of a sell order of shares that were bought for `cost`."""
        self._of(day, symbol).add(
            DayTrade(
                day,
                symbol,
                sold=quantity,
                sold_amount=amount,
                sell_fee=fee,
                sell_tax=tax,
                sold_cost=cost,
                realised=amount - cost - fee - tax,
            )
        )

    def _of(self, day: date, symbol: str) -> DayTrade:
        return self._trades.setdefault((day, symbol), DayTrade(day, symbol))

    def between(self, start: date, end: date, symbol: str = "") -> list[DayTrade]:
        """Return what was traded from `start` to `end`, of all symbols or one, newest day first."""
        found = [
            trade
            for (day, name), trade in self._trades.items()
            if start <= day <= end and symbol in ("", name)
        ]
        return sorted(found, key=lambda trade: (trade.day, trade.symbol), reverse=True)


def by_day(trades: Iterable[DayTrade]) -> list[DayTrade]:
    """Add up the symbols of each day; the order of the days stays."""
    days: dict[date, DayTrade] = {}
    for trade in trades:
        days.setdefault(trade.day, DayTrade(trade.day, "")).add(trade)
    return list(days.values())


def total(trades: Iterable[DayTrade]) -> DayTrade:
    """Add up everything."""
    sums = DayTrade(date.min, "")
    for trade in trades:
        sums.add(trade)
    return sums
