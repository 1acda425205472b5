"""The orders of accounts, from acceptance to their end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from kis_terminal.adapters.simulator.books.matching import RestingOrder
from kis_terminal.adapters.simulator.model import Account, Listing, OrderAction, OrderRecord, OrderState, Side
from kis_terminal.adapters.simulator.rules.order_routing import Place
from kis_terminal.adapters.simulator.rules.order_rules import condition_of


@dataclass(slots=True, eq=False)
class AccountOrder:
    """One order of an account; `limit` is the price it works at, `price` the ordered one (0 without)."""

    account: Account
    listing: Listing
    order_no: str
    original_no: str
    org_no: str
    side: Side
    action: OrderAction
    kind: str
    quantity: int
    price: int
    venue: str
    stop_price: int
    moment: datetime
    condition: Literal["0", "1", "2"] = field(init=False)
    limit: int = 0
    filled: int = 0
    filled_amount: int = 0
    cancelled: int = 0
    refused: int = 0
    refusal_reason: str = ""
    state: OrderState = "resting"
    resting: RestingOrder | None = None
    reservation_price: int = 0
    reserved: int = 0
    stop_triggered_at: datetime | None = None
    place: Place = "regular"
    placed_by: str = "owner"

    def __post_init__(self) -> None:
        """Derive IOC or FOK from the kind."""
        self.condition = condition_of(self.kind)

    @property
    def rest(self) -> int:
        """Return the shares that can still be filled."""
        if self.action == "cancel":
            return 0
        return self.quantity - self.filled - self.cancelled - self.refused

    @property
    def is_open(self) -> bool:
        """Say whether the order is still alive."""
        return self.state in ("resting", "waiting") and self.rest > 0

    @property
    def day(self) -> date:
        """Return the day of the order."""
        return self.moment.date()

    def record(self) -> OrderRecord:
        """Return the order as queries list it."""
        triggered = self.stop_triggered_at
        return OrderRecord(
            day=self.day,
            time=self.moment.strftime("%H%M%S"),
            order_no=self.order_no,
            original_no=self.original_no,
            org_no=self.org_no,
            side=self.side,
            action=self.action,
            kind=self.kind,
            condition=self.condition,
            symbol=self.listing.symbol,
            name=self.listing.name,
            quantity=self.quantity,
            price=self.price,
            filled=self.filled,
            filled_amount=self.filled_amount,
            average_price=self.filled_amount / self.filled if self.filled else 0.0,
            rest=self.rest,
            cancelled=self.cancelled,
            refused=self.refused,
            refusal_reason=self.refusal_reason,
            state=self.state,
            venue=self.venue,
            stop_price=self.stop_price,
            stop_triggered=triggered is not None,
            stop_triggered_at=triggered.strftime("%H%M%S") if triggered else "",
        )


LARGEST_ORDERS = 100_000
"""How many orders are kept; beyond it those that ended first are forgotten."""


class OrderShelf:
    """Hold every order by number, and by account in the order of arrival."""

    def __init__(self, largest: int = LARGEST_ORDERS) -> None:
        self._largest = largest
        self._by_number: dict[str, AccountOrder] = {}
        self._by_account: dict[Account, list[AccountOrder]] = {}
        self._open: dict[str, dict[str, AccountOrder]] = {}

    def add(self, order: AccountOrder) -> None:
        """Keep `order`; an open one is also listed under its symbol."""
        self._by_number[order.order_no] = order
        self._by_account.setdefault(order.account, []).append(order)
        if order.is_open:
            self._open.setdefault(order.listing.symbol, {})[order.order_no] = order
        if len(self._by_number) > self._largest:
            self._forget_some()

    def _forget_some(self) -> None:
        """Forget the older half of the orders that have ended."""
        oldest = list(self._by_number.values())[: self._largest // 2]
        gone = {order.order_no for order in oldest if not order.is_open}
        for number in gone:
            del self._by_number[number]
        for account, orders in self._by_account.items():
            self._by_account[account] = [order for order in orders if order.order_no not in gone]

    def close(self, order: AccountOrder) -> None:
        """Take an order that ended off the list of open ones."""
        self._open.get(order.listing.symbol, {}).pop(order.order_no, None)

    def find(self, order_no: str) -> AccountOrder | None:
        """Return the order of that number."""
        return self._by_number.get(order_no)

    def of(self, account: Account, start: date, end: date) -> list[AccountOrder]:
        """Return the orders of `account`, oldest first."""
        return [order for order in self._by_account.get(account, []) if start <= order.day <= end]

    def open_orders(self, symbol: str) -> list[AccountOrder]:
        """Return the open orders of one symbol, oldest first."""
        return list(self._open.get(symbol, {}).values())

    def all_open(self) -> list[AccountOrder]:
        """Return every open order."""
        return [order for orders in self._open.values() for order in orders.values()]
