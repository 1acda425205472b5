"""What belongs to one strategy: its cash, its shares, its orders, apart from the person's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from kis_terminal.domain.costs import trade_costs
from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import Order, Side
from kis_terminal.ports import Clock
from kis_terminal.services.instruments import Instruments

_PARENT = "strategy:"
_TOLD_ORDERS = 2_000


def parent_id(plan_key: str, number: int | str) -> str:
    """Return the parent of the orders of one signal; it names the strategy, in the journal too."""
    return f"{_PARENT}{plan_key}:{number}"


def strategy_of(order: Order) -> str:
    """Return the key of the plan that an order came from, "" for any other order."""
    parent = order.parent.parent_id if order.parent is not None else ""
    return parent.split(":")[1] if parent.startswith(_PARENT) and parent.count(":") >= 2 else ""


@dataclass(frozen=True, slots=True)
class OwnFill:
    """An execution of a strategy's own order; amounts in won."""

    order: Order
    price: Decimal
    quantity: int
    commission: Decimal
    tax: Decimal


class StrategyAccount:
    """Cash and shares of a strategy, carried on by the fills of its own orders. Survives restarts as text."""

    def __init__(self, budget: Decimal, instruments: Instruments, clock: Clock, kept: str | None) -> None:
        self.budget = budget
        self.cash = budget
        self.realised = Decimal(0)
        """Won gained by sales, costs taken off."""
        self._instruments = instruments
        self._clock = clock
        self._holdings: dict[str, tuple[int, Decimal]] = {}
        self._told: dict[str, tuple[int, Decimal]] = {}
        """Shares and their amount that were carried in, by order."""
        self.is_damaged = kept is not None and not self._read(kept)
        """Whether what was kept of it cannot be read: it then holds nothing."""

    @property
    def holdings(self) -> Mapping[str, tuple[int, Decimal]]:
        """Return symbol -> shares and their average price."""
        return self._holdings

    def quantity(self, symbol: str) -> int:
        """Return the shares that the strategy holds."""
        return self._holdings.get(symbol, (0, Decimal(0)))[0]

    def take_order(self, order: Order) -> OwnFill | None:
        """Carry in what an own order has executed since it was looked at last; None for nothing new."""
        told, told_amount = self._told.get(order.key, (0, Decimal(0)))
        more = order.filled - told
        average = order.average_price or order.price
        if more == 0 and told and order.average_price is not None:
            self._correct(order, order.average_price * told - told_amount)
        if more <= 0:
            return None
        if average is None:
            return None  # the listing that follows brings the price
        amount = average * order.filled - told_amount
        price = amount / more if amount > 0 else average
        self._told[order.key] = (order.filled, told_amount + price * more)
        while len(self._told) > _TOLD_ORDERS:
            del self._told[next(iter(self._told))]
        return self._settle(order, price, more)

    def _settle(self, order: Order, price: Decimal, quantity: int) -> OwnFill:
        amount = price * quantity
        item = self._instruments.get(order.symbol) or Instrument(order.symbol, order.symbol, Market.KOSPI)
        costs = trade_costs(item, order.side, amount, self._clock.now().date())
        held, average = self._holdings.get(order.symbol, (0, Decimal(0)))
        if order.side is Side.BUY:
            self.cash -= amount + costs.total
            self._holdings[order.symbol] = (
                held + quantity,
                (average * held + amount) / (held + quantity),
            )
        else:
            self.cash += amount - costs.total
            self.realised += (price - average) * min(quantity, held) - costs.total
            self._leave(order.symbol, held - quantity, average)
        return OwnFill(order, price, quantity, costs.commission, costs.tax)

    def _correct(self, order: Order, difference: Decimal) -> None:
        """Put a price right that a notice told and the broker's list tells otherwise."""
        if not difference:
            return
        told, amount = self._told[order.key]
        self._told[order.key] = (told, amount + difference)
        if order.side is Side.SELL:
            self.cash += difference
            self.realised += difference
            return
        self.cash -= difference
        held, average = self._holdings.get(order.symbol, (0, Decimal(0)))
        if held:
            self._holdings[order.symbol] = (held, average + difference / held)

    def lose(self, symbol: str, quantity: int, price: Decimal) -> None:
        """Take out shares that a person sold; what they brought counts as the strategy's cash."""
        held, average = self._holdings.get(symbol, (0, Decimal(0)))
        gone = min(quantity, held)
        self.cash += price * gone
        self._leave(symbol, held - gone, average)

    def _leave(self, symbol: str, quantity: int, average: Decimal) -> None:
        if quantity > 0:
            self._holdings[symbol] = (quantity, average)
        else:
            self._holdings.pop(symbol, None)

    def change_budget(self, budget: Decimal) -> None:
        """Give or take cash."""
        self.cash += budget - self.budget
        self.budget = budget

    def free_cash(self, own_open: Iterable[Order]) -> Decimal:
        """Return the won left beside what own open buys may still cost."""
        reserved = sum(
            ((order.price or Decimal(0)) * order.remaining for order in own_open if order.side is Side.BUY),
            Decimal(0),
        )
        return self.cash - reserved

    def to_message(self) -> dict[str, object]:
        """Return the account as the strategy's process is told it."""
        return {
            "cash": float(self.cash),
            "holdings": {
                symbol: [quantity, float(average)] for symbol, (quantity, average) in self._holdings.items()
            },
        }

    def to_json(self) -> str:
        """Return the account as text for a store."""
        return json.dumps(
            {
                "budget": str(self.budget),
                "cash": str(self.cash),
                "realised": str(self.realised),
                "holdings": {key: [held, str(average)] for key, (held, average) in self._holdings.items()},
                "told": {key: [count, str(amount)] for key, (count, amount) in self._told.items()},
            }
        )

    def _read(self, kept: str) -> bool:
        try:
            values: dict[str, Any] = json.loads(kept)
            holdings = {
                str(key): (int(held), Decimal(average)) for key, (held, average) in values["holdings"].items()
            }
            told = {
                str(key): (int(count), Decimal(amount)) for key, (count, amount) in values["told"].items()
            }
            cash, realised = Decimal(values["cash"]), Decimal(values["realised"])
            budget = Decimal(values["budget"])
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
            return False
        self._holdings, self._told = holdings, told
        self.cash, self.realised = cash + self.budget - budget, realised
        return True
