"""Works the orders of accounts in their books: met, rested, triggered, moved, filled, ended."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime

from kis_terminal.adapters.simulator.books.market import BEYOND, SymbolMarket
from kis_terminal.adapters.simulator.books.matching import Execution, RestingOrder
from kis_terminal.adapters.simulator.model import (
    OrderState,
)
from kis_terminal.adapters.simulator.orders.account_orders import AccountOrder, OrderShelf
from kis_terminal.adapters.simulator.orders.accounts import Accounts
from kis_terminal.adapters.simulator.orders.journal import OrderJournal
from kis_terminal.adapters.simulator.rules import order_rules as rules
from kis_terminal.adapters.simulator.rules.order_routing import (
    Place,
    plain_kind,
)

MIDDLE_FILL_CHANCE = 0.12
"""How likely, each time the crowd acts, somebody meets a waiting mid-price order."""


class WorkingOrders:
    """Own all account orders that were taken; what happens to them goes to the journal."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        accounts: Accounts,
        journal: OrderJournal,
        rng: random.Random,
    ) -> None:
        self._markets = markets
        self._accounts = accounts
        self._journal = journal
        self._rng = rng
        self.shelf = OrderShelf()

    def on_execution(self, execution: Execution, moment: datetime) -> None:
        """Book an execution of one of our resting orders."""
        order = self.shelf.find(execution.resting.owner or "")
        if order is not None:
            self._fill(order, execution.quantity, execution.price, moment)

    def after_trades(self, symbol: str, moment: datetime) -> None:
        """Trigger stops and meet mid-price orders of `symbol`; called when its crowd has acted."""
        market = self._markets[symbol]
        for order in self.shelf.open_orders(symbol):
            if order.state != "waiting" or order.place == "paused" or not market.matches(order.place):
                continue
            if order.kind == "22" and _is_triggered(order, market.last_of(order.place)):
                self._trigger(order, market, moment)
            elif order.kind in rules.MIDDLE and self._rng.random() < MIDDLE_FILL_CHANCE:
                self._meet_in_the_middle(order, market, moment)

    def expire(self, moment: datetime, of: Callable[[AccountOrder], bool] | None = None) -> None:
        """End the open orders that `of` chooses, all where it is None: orders live for a day at most."""
        for order in self.shelf.all_open():
            if of is not None and not of(order):
                continue
            rest = order.rest
            self.withdraw(order, rest, "expired")
            self._journal.note("expired", order, moment, rest, order.price, by="exchange")
            self._journal.receipt(order, "expired", moment, rest)

    def pause(self, of: Callable[[AccountOrder], bool]) -> None:
        """Take the open orders that `of` chooses out of their books; they wait for their venue to open."""
        for order in self.shelf.all_open():
            if of(order):
                self._lift(order)
                order.place, order.state = "paused", "waiting"

    def move(self, moment: datetime, place: Place, of: Callable[[AccountOrder], bool]) -> None:
        """Bring the open orders that `of` chooses to another book and work them there, oldest first."""
        for order in sorted(self.shelf.all_open(), key=lambda one: one.order_no):
            if of(order):
                self._lift(order)
                self._bring(order, place, moment)

    def collect(self, symbol: str) -> None:
        """Put the market orders that stand in the book of `symbol` before every price; its auction begins."""
        market = self._markets[symbol]
        for order in self.shelf.open_orders(symbol):
            if order.place == "regular" and order.kind in rules.MARKET and order.resting is not None:
                self._lift(order)
                self._rest(order, market)

    def settle_auction(self, symbol: str, moment: datetime) -> None:
        """Work what an auction left of market orders on in the continuous market."""
        market = self._markets[symbol]
        left = [
            order
            for order in self.shelf.open_orders(symbol)
            if order.place == "regular" and order.kind in rules.MARKET and order.resting is not None
        ]
        for order in left:
            self._lift(order)
            order.limit = self._working_price(order, market)
            self._match(order, market, moment)
        for order in reversed(left):
            # They stood before every price: an order at the limit does not overtake them now.
            if order.resting is not None:
                self._lift(order)
                self._rest(order, market, first=True)
        market.mend()
        self.after_trades(symbol, moment)

    def turn_conditional(self, symbol: str) -> None:
        """Turn the conditional limit orders of `symbol` into market orders; its closing auction has begun."""
        market = self._markets[symbol]
        upper, lower = market.limits_of("regular")
        for order in self.shelf.open_orders(symbol):
            if order.kind != "02" or order.place != "regular" or order.resting is None:
                continue
            if order.side == "buy":
                needed = self._accounts.buy_reservation(upper, order.rest) - order.reserved
                if needed > self._accounts.state(order.account).orderable:
                    continue  # it cannot be paid at any price: it stays the limit order that it was
                order.reservation_price = upper
                self.reserve(order)
            self._lift(order)
            order.limit = upper + BEYOND if order.side == "buy" else lower - BEYOND
            self._rest(order, market)

    def work(self, order: AccountOrder, market: SymbolMarket, moment: datetime) -> None:
        """Match what can be matched now; rest, wait or drop what is left."""
        kind = order.kind
        if kind == "22":
            if _is_triggered(order, market.last_of(order.place)):
                self._trigger(order, market, moment)
            else:
                order.state = "waiting"
            return
        if kind == "21":
            order.state = "waiting"
            return
        if kind in rules.MIDDLE:
            self._drop_rest(order, moment)  # nobody of the crowd shows a mid-price order
            return
        order.limit = self._working_price(order, market)
        self._match(order, market, moment)
        market.mend(order.place)

    def withdraw(self, order: AccountOrder, quantity: int, state: OrderState) -> None:
        """Take shares of an open order out of the book and out of the reservation."""
        if order.resting is not None:
            market = self._markets[order.listing.symbol]
            market.book_of(order.place).side(order.side).reduce(order.resting, quantity)
        order.cancelled += quantity
        if order.rest == 0:
            order.state = state
            order.resting = None
            self.shelf.close(order)
        self.reserve(order)

    def reserve(self, order: AccountOrder) -> None:
        """Set what the order blocks to what its rest needs."""
        state = self._accounts.state(order.account)
        if order.side == "sell":
            wanted = order.rest
            state.position(order.listing.symbol).reserved += wanted - order.reserved
        else:
            wanted = self._accounts.buy_reservation(order.reservation_price, order.rest) if order.rest else 0
            state.reserved += wanted - order.reserved
        order.reserved = wanted

    def _lift(self, order: AccountOrder) -> None:
        """Take an order out of its book; its counts and reservations stay."""
        if order.resting is None:
            return
        book = self._markets[order.listing.symbol].book_of(order.place)
        book.side(order.side).remove(order.resting)
        order.resting = None

    def _bring(self, order: AccountOrder, place: Place, moment: datetime) -> None:
        market = self._markets[order.listing.symbol]
        order.place = place
        if order.kind in ("21", "22") and order.stop_triggered_at is None:
            order.state = "waiting"
            return
        order.limit = order.limit or order.price
        self._match(order, market, moment)
        market.mend(place)

    def _working_price(self, order: AccountOrder, market: SymbolMarket) -> int:
        kind, book = plain_kind(order.kind), market.book_of(order.place)
        upper, lower = market.limits_of(order.place)
        if kind in rules.FIXED:
            return upper
        if kind in rules.MARKET:
            beyond = 0 if market.matches(order.place) else BEYOND
            return upper + beyond if order.side == "buy" else lower - beyond
        if kind in rules.BEST:
            return book.opposite(order.side).best or market.last_of(order.place)
        if kind in rules.PRIORITY:
            return book.side(order.side).best or market.last_of(order.place)
        return order.price

    def _match(self, order: AccountOrder, market: SymbolMarket, moment: datetime) -> None:
        if not market.matches(order.place):
            self._rest(order, market)
            return
        if order.condition == "2" and market.available(order.side, order.limit, order.place) < order.rest:
            self._drop_rest(order, moment)
            return
        at_price: dict[int, int] = {}
        for execution in market.execute(order.side, order.rest, order.limit, moment, order.place):
            at_price[execution.price] = at_price.get(execution.price, 0) + execution.quantity
        for price, quantity in at_price.items():
            self._fill(order, quantity, price, moment)
        if order.rest == 0:
            return
        if order.condition != "0":
            self._drop_rest(order, moment)
            return
        self._rest(order, market)

    def _rest(self, order: AccountOrder, market: SymbolMarket, *, first: bool = False) -> None:
        order.state = "resting"
        if order.kind in rules.MARKET:
            order.limit = self._working_price(order, market)  # an auction may have begun since it came
        order.resting = RestingOrder(order.side, order.limit, order.rest, order.order_no)
        market.rest(order.resting, order.place, first=first)

    def _trigger(self, order: AccountOrder, market: SymbolMarket, moment: datetime) -> None:
        order.stop_triggered_at = moment
        order.limit = order.price
        self._journal.note("triggered", order, moment, order.rest, order.price, by="exchange")
        self._journal.receipt(order, "triggered", moment, order.rest)
        order.state = "resting"
        self._match(order, market, moment)
        market.mend(order.place)

    def _meet_in_the_middle(self, order: AccountOrder, market: SymbolMarket, moment: datetime) -> None:
        book = market.book_of(order.place)
        bid, ask = book.bids.best, book.asks.best
        if bid is None or ask is None:
            return
        quantity = self._rng.randint(1, order.rest)
        price = (bid + ask) // 2
        market.print_at("sell" if order.side == "buy" else "buy", quantity, price, moment, order.place)
        self._fill(order, quantity, price, moment)

    def _fill(self, order: AccountOrder, quantity: int, price: int, moment: datetime) -> None:
        order.filled += quantity
        order.filled_amount += quantity * price
        if order.rest == 0:
            order.state = "filled"
            order.resting = None
            self.shelf.close(order)
        fee, tax = self._accounts.book_fill(
            order.account, order.side, order.listing.symbol, quantity, price, moment.date()
        )
        self.reserve(order)
        self._journal.filled(order, moment, quantity, price, fee, tax)

    def _drop_rest(self, order: AccountOrder, moment: datetime) -> None:
        rest = order.rest
        self.withdraw(order, rest, "cancelled")
        self._journal.note("cancelled", order, moment, rest, order.price, by="exchange", reason="IOC/FOK")
        self._journal.receipt(order, "rest_cancelled", moment, rest)


def _is_triggered(order: AccountOrder, last: int) -> bool:
    return last >= order.stop_price if order.side == "buy" else last <= order.stop_price
