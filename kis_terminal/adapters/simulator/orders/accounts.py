"""Cash and shares of accounts: T+2 settlement, reservations, averages.

Amounts are int won. What can be spent is the cash of D+2 less what open buy orders reserve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from kis_terminal.adapters.simulator.model import (
    Account,
    BuyingPower,
    CashBalance,
    Holding,
    Listing,
    QuoteSnapshot,
    Sellable,
    Side,
)
from kis_terminal.adapters.simulator.orders.realised import TradeBook
from kis_terminal.adapters.simulator.rules.calendar import Calendar
from kis_terminal.adapters.simulator.rules.costs import Costs

OPENING_CASH = 100_000_000
DEFAULT_ACCOUNT = "50000101"
"""The account number (8 digits) that holds a few names from the beginning, in every realm."""
OPENING_POSITIONS = (
    ("005930", 400, 81_250),
    ("035420", 60, 209_500),
    ("035720", 200, 54_900),
    ("069500", 300, 45_100),
)
"""(symbol, shares, average price) of the default account; the price is scaled with the symbol's level."""
OPENING_LEVELS = {"005930": 82_900, "035420": 211_000, "035720": 53_500, "069500": 45_435}

SETTLEMENT_DAYS = 2


@dataclass(slots=True)
class Position:
    """Shares of one symbol; `cost` is what they were bought for, without fees."""

    quantity: int = 0
    cost: int = 0
    reserved: int = 0
    today_bought: int = 0
    today_sold: int = 0
    previous_bought: int = 0
    previous_sold: int = 0

    @property
    def average_price(self) -> float:
        """Return won paid per share."""
        return self.cost / self.quantity if self.quantity else 0.0

    @property
    def is_listed(self) -> bool:
        """Say whether the balance shows it: sold positions stay for up to two days."""
        return bool(self.quantity or self.today_sold or self.previous_sold)


@dataclass(slots=True)
class AccountState:
    """Everything one account owns and owes."""

    account: Account
    deposit: int = OPENING_CASH
    reserved: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    unsettled: list[tuple[date, int]] = field(default_factory=list)
    today_bought: int = 0
    today_sold: int = 0
    today_costs: int = 0
    previous_bought: int = 0
    previous_sold: int = 0
    previous_costs: int = 0
    realised_today: int = 0
    trades: TradeBook = field(default_factory=TradeBook)
    previous_total: int = OPENING_CASH

    @property
    def cash(self) -> int:
        """Return the cash when everything is settled (D+2)."""
        return self.deposit + sum(amount for _, amount in self.unsettled)

    @property
    def orderable(self) -> int:
        """Return the cash that a new buy order may reserve."""
        return self.cash - self.reserved

    def position(self, symbol: str) -> Position:
        """Return the position of `symbol`, empty when there is none."""
        return self.positions.setdefault(symbol, Position())


class Accounts:
    """Open accounts at first use and book executions on them."""

    def __init__(
        self,
        calendar: Calendar,
        costs: Costs,
        listing_of: Callable[[str], Listing | None],
        quote_of: Callable[[str], QuoteSnapshot],
        today: Callable[[], date],
    ) -> None:
        self._calendar = calendar
        self._costs = costs
        self._listing_of = listing_of
        self._quote_of = quote_of
        self._today = today
        self._states: dict[tuple[str, str, str], AccountState] = {}

    def open(self, realm: str, number: str, product: str) -> Account:
        """Return the account; at first use with 100,000,000 won, the default one also with holdings."""
        key = (realm, number, product)
        if key not in self._states:
            state = AccountState(Account(realm, number, product, "홍길동"))
            self._states[key] = state
            if number == DEFAULT_ACCOUNT:
                self._give_holdings(state)
            state.previous_total = state.cash + sum(
                position.quantity * self._quote_of(symbol).prev_close
                for symbol, position in state.positions.items()
            )
        return self._states[key].account

    def state(self, account: Account) -> AccountState:
        """Return what `account` owns."""
        return self._states[(account.realm, account.number, account.product)]

    def buy_reservation(self, price: int, quantity: int) -> int:
        """Return the won that an open buy order of `quantity` at `price` blocks."""
        amount = price * quantity
        return amount + self._costs.commission(amount)

    def book_fill(
        self, account: Account, side: Side, symbol: str, quantity: int, price: int, day: date
    ) -> tuple[int, int]:
        """Move cash and shares for one execution; return (fee, tax). Reservations are the order desk's."""
        state, position = self.state(account), self.state(account).position(symbol)
        listing = self._listing_of(symbol)
        amount = quantity * price
        fee = self._costs.commission(amount)
        tax = self._costs.tax(side, listing.kind if listing else "stock", amount, day)
        settles = self._calendar.next_open_day(day, SETTLEMENT_DAYS)
        if side == "buy":
            position.quantity += quantity
            position.cost += amount
            position.today_bought += quantity
            state.today_bought += amount
            state.unsettled.append((settles, -amount - fee))
            state.trades.buy(day, symbol, quantity, amount, fee)
        else:
            sold_cost = position.cost * quantity // position.quantity
            position.quantity -= quantity
            position.cost -= sold_cost
            position.today_sold += quantity
            state.today_sold += amount
            state.realised_today += amount - sold_cost - fee - tax
            state.unsettled.append((settles, amount - fee - tax))
            state.trades.sell(day, symbol, quantity, amount, fee=fee, tax=tax, cost=sold_cost)
        state.today_costs += fee + tax
        if len(state.unsettled) > 64:
            state.unsettled = _merged(state.unsettled)
        return fee, tax

    def roll_day(self, today: date) -> None:
        """Settle what is due and start the day's counters anew."""
        for state in self._states.values():
            due = sum(amount for day, amount in state.unsettled if day <= today)
            state.deposit += due
            state.unsettled = [(day, amount) for day, amount in state.unsettled if day > today]
            state.previous_bought, state.today_bought = state.today_bought, 0
            state.previous_sold, state.today_sold = state.today_sold, 0
            state.previous_costs, state.today_costs = state.today_costs, 0
            state.realised_today = 0
            state.previous_total = self.balance(state.account).total_evaluation
            for position in state.positions.values():
                position.previous_bought, position.today_bought = position.today_bought, 0
                position.previous_sold, position.today_sold = position.today_sold, 0

    def split(self, symbol: str, new: int, old: int, price: int) -> None:
        """Turn every `old` shares held into `new`; what is no whole share is paid out at `price`."""
        for state in self._states.values():
            position = state.positions.get(symbol)
            if position is None or not position.quantity:
                continue
            whole, fraction = divmod(position.quantity * new, old)
            paid = fraction * price // old
            state.deposit += paid
            position.quantity = whole
            position.cost = position.cost - paid if whole else 0

    def holdings(self, account: Account) -> list[Holding]:
        """Return the positions, those sold today or yesterday with quantity 0 included."""
        state = self.state(account)
        return [self._holding(symbol, p) for symbol, p in state.positions.items() if p.is_listed]

    def balance(self, account: Account) -> CashBalance:
        """Return the account's cash and totals at last prices."""
        state = self.state(account)
        purchase = sum(position.cost for position in state.positions.values())
        evaluation = sum(
            position.quantity * self._quote_of(symbol).last
            for symbol, position in state.positions.items()
            if position.quantity
        )
        tomorrow = self._calendar.next_open_day(self._today())
        due_tomorrow = sum(amount for day, amount in state.unsettled if day <= tomorrow)
        return CashBalance(
            deposit=state.deposit,
            next_day=state.deposit + due_tomorrow,
            day_after_next=state.cash,
            reserved=state.reserved,
            orderable=state.orderable,
            today_bought=state.today_bought,
            today_sold=state.today_sold,
            today_fees_and_tax=state.today_costs,
            previous_bought=state.previous_bought,
            previous_sold=state.previous_sold,
            previous_fees_and_tax=state.previous_costs,
            purchase_amount=purchase,
            evaluation=evaluation,
            profit=evaluation - purchase,
            realised_today=state.realised_today,
            total_evaluation=state.cash + evaluation,
            net_assets=state.cash + evaluation,
            previous_total=state.previous_total,
        )

    def buying_power(self, account: Account, unit_price: int) -> BuyingPower:
        """Return what `account` can buy at `unit_price` a share, fees left aside for it."""
        state = self.state(account)
        orderable = max(state.orderable, 0)
        amount = orderable * 1_000_000 // (1_000_000 + self._costs.commission_rate)
        quantity = amount // unit_price if unit_price > 0 else 0
        return BuyingPower(
            orderable_cash=orderable,
            reusable=max(sum(a for _, a in state.unsettled if a > 0), 0),
            unit_price=unit_price,
            cash_amount=amount,
            cash_quantity=quantity,
            max_amount=amount,
            max_quantity=quantity,
        )

    def sellable(self, account: Account, symbol: str) -> Sellable:
        """Return what `account` can sell of `symbol`."""
        holding = self._holding(symbol, self.state(account).positions.get(symbol, Position()))
        return Sellable(
            symbol=symbol,
            name=holding.name,
            bought=holding.today_bought,
            sold=holding.today_sold,
            quantity=holding.quantity,
            sellable=holding.sellable,
            average_price=holding.average_price,
            last=holding.last,
            evaluation=holding.evaluation,
            profit=holding.profit,
            profit_rate=holding.profit_rate,
        )

    def _holding(self, symbol: str, position: Position) -> Holding:
        quote = self._quote_of(symbol)
        evaluation = position.quantity * quote.last
        profit = evaluation - position.cost
        return Holding(
            symbol=symbol,
            name=quote.name,
            quantity=position.quantity,
            sellable=position.quantity - position.reserved,
            average_price=position.average_price,
            cost=position.cost,
            last=quote.last,
            evaluation=evaluation,
            profit=profit,
            profit_rate=100.0 * profit / position.cost if position.cost else 0.0,
            change=quote.change,
            change_rate=quote.change_rate,
            today_bought=position.today_bought,
            today_sold=position.today_sold,
            previous_bought=position.previous_bought,
            previous_sold=position.previous_sold,
        )

    def _give_holdings(self, state: AccountState) -> None:
        for symbol, quantity, price in OPENING_POSITIONS:
            listing = self._listing_of(symbol)
            if listing is not None:
                paid = price * listing.base_price // OPENING_LEVELS[symbol]
                state.positions[symbol] = Position(quantity=quantity, cost=quantity * paid)


def _merged(unsettled: list[tuple[date, int]]) -> list[tuple[date, int]]:
    """Add up amounts of the same settlement day."""
    totals: dict[date, int] = {}
    for day, amount in unsettled:
        totals[day] = totals.get(day, 0) + amount
    return sorted(totals.items())
