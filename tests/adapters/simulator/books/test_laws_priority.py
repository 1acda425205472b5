"""A market of accounts alone: whatever they send, won and shares only change hands, and the queue is kept.

Nobody trades here but accounts, so that every share bought was sold by another one and every won is in an
account, a fee or a tax. Who may be filled is judged from the ledger: at no fill may an order of the same side
still want shares that has a better price, or the same price and came earlier.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.books.matching import PriceTimeBook
from kis_terminal.adapters.simulator.books.participants import Crowd, Hit
from kis_terminal.adapters.simulator.listings import load_listings
from kis_terminal.adapters.simulator.model import Accepted, Account, Event, Side
from kis_terminal.adapters.simulator.orders.accounts import Accounts
from kis_terminal.adapters.simulator.orders.desk import OrderDesk
from kis_terminal.adapters.simulator.orders.journal import OrderJournal
from kis_terminal.adapters.simulator.orders.ledger import Ledger, LedgerEntry
from kis_terminal.adapters.simulator.orders.working_orders import WorkingOrders
from kis_terminal.adapters.simulator.rules.calendar import SEOUL, Calendar
from kis_terminal.adapters.simulator.rules.costs import Costs
from kis_terminal.adapters.simulator.rules.tick_rules import tick_down, tick_up
from kis_terminal.adapters.simulator.rules.trading_day import ALWAYS

NOW = datetime(2026, 11, 20, 10, tzinfo=SEOUL)
SYMBOLS = ("005930", "069500")  # a share, whose sellers pay tax, and a fund, whose sellers do not
STEPS = 10_000
KINDS = ("00",) * 12 + ("01", "01", "03", "04", "11", "12", "13", "14", "15", "16", "22", "22", "23", "24")
MARKET = ("01", "13", "14")
AHEAD = 10**9
"""What a market order in an auction is ahead of all others, in sequence numbers."""


class Nobody(Crowd):
    """A crowd that never comes."""

    def act(self, book: PriceTimeBook, seconds: float, market_move: float) -> Hit | None:
        """Do nothing."""
        return None

    def bid_in_auction(self, book: PriceTimeBook, seconds: float, market_move: float) -> None:
        """Do nothing."""

    def repair(self, book: PriceTimeBook) -> None:
        """Leave the book as it is."""


class ClosedMarket:
    """An order desk over books that hold orders of accounts only."""

    def __init__(self, seed: int) -> None:
        """Open two symbols and four accounts with money and shares."""
        self.rng = random.Random(seed)
        self.ledger = Ledger()
        self.calendar = Calendar()
        self.calendar.open_always(NOW.date())
        events: list[Event] = []
        counter = itertools.count(1)
        listings = {one.symbol: one for one in load_listings() if one.symbol in SYMBOLS}
        self.markets = {
            symbol: SymbolMarket(
                listing,
                seed,
                NOW,
                lambda: next(counter),
                events.append,
                lambda execution, moment: self.working.on_execution(execution, moment),
            )
            for symbol, listing in listings.items()
        }
        for market in self.markets.values():
            limits = (market.upper_limit, market.lower_limit)
            market.crowd = Nobody(market.listing, self.rng, market.base, limits, market.base)
            market.book = PriceTimeBook()
        self.accounts = Accounts(
            self.calendar,
            Costs(),
            listings.get,
            lambda symbol: self.markets[symbol].quote(NOW),
            NOW.date,
        )
        journal = OrderJournal(self.ledger, lambda: next(counter), events.append)
        self.working = WorkingOrders(self.markets, self.accounts, journal, self.rng)
        self.desk = OrderDesk(self.markets, self.accounts, journal, self.working)
        self.people = [
            self.accounts.open(realm, "50000101", product)
            for realm in ("real", "paper")
            for product in ("01", "22")
        ]

    def shares(self, symbol: str) -> int:
        """Return the shares that all accounts hold."""
        return sum(self.accounts.state(one).position(symbol).quantity for one in self.people)

    def cash(self) -> int:
        """Return the won that all accounts hold when everything is settled."""
        return sum(self.accounts.state(one).cash for one in self.people)


@dataclass
class Standing:
    """What the ledger tells of an order; `since` is when it took its place in the queue."""

    symbol: str
    side: Side
    kind: str
    limit: int
    rest: int
    since: int
    is_working: bool

    @property
    def rank(self) -> tuple[int, int]:
        """Return what sorts the queue of a side, first in line first."""
        return (-self.limit if self.side == "buy" else self.limit, self.since)


@dataclass
class Judge:
    """Read the ledger entry by entry and object to a fill out of turn."""

    fees: int = 0
    taxes: int = 0
    filled: int = 0
    read: int = 0
    orders: dict[str, Standing] = field(default_factory=dict)
    collecting: set[str] = field(default_factory=set)
    """Symbols in an auction."""

    def collect(self, symbol: str) -> None:
        """Know that an auction has begun."""
        self.collecting.add(symbol)
        for order in self.orders.values():
            if order.symbol == symbol and order.kind in MARKET and order.since > 0:
                order.since -= AHEAD

    def take(self, entries: tuple[LedgerEntry, ...], limits: dict[str, int]) -> None:
        """Read what is new; `limits` are the prices at which orders without one of their own work."""
        for entry in entries[self.read :]:
            self._take(entry, limits)
        self.read = len(entries)

    def _take(self, entry: LedgerEntry, limits: dict[str, int]) -> None:
        if entry.kind == "accepted":
            limit = limits.get(entry.order_kind, entry.price)
            is_ahead = entry.symbol in self.collecting and entry.order_kind in MARKET
            self.orders[entry.order_no] = Standing(
                entry.symbol,
                entry.side,
                entry.order_kind,
                limit,
                entry.quantity,
                entry.sequence - (AHEAD if is_ahead else 0),
                entry.order_kind != "22",
            )
        elif entry.kind == "triggered":
            order = self.orders[entry.order_no]
            order.is_working, order.since = True, entry.sequence
        elif entry.kind == "filled":
            self._judge(entry)
        elif entry.kind in ("cancelled", "amended", "expired"):
            self._lessen(entry.order_no, entry.quantity)

    def _judge(self, entry: LedgerEntry) -> None:
        order = self.orders[entry.order_no]
        assert order.is_working, entry
        assert entry.price <= order.limit if order.side == "buy" else entry.price >= order.limit, entry
        for number, other in self.orders.items():
            if other.is_working and (other.symbol, other.side) == (order.symbol, order.side):
                assert other is order or other.rank > order.rank, (entry, number, other)
        amount = entry.quantity * entry.price
        assert entry.fee == amount * 150 // 1_000_000
        assert entry.tax == (
            amount * 200 // 100_000 if (entry.side, entry.symbol) == ("sell", "005930") else 0
        )
        self.fees, self.taxes = self.fees + entry.fee, self.taxes + entry.tax
        self.filled += entry.quantity
        self._lessen(entry.order_no, entry.quantity)

    def _lessen(self, number: str, quantity: int) -> None:
        order = self.orders[number]
        order.rest -= quantity
        assert order.rest >= 0, number
        if not order.rest:
            del self.orders[number]


@settings(max_examples=2, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(st.integers(min_value=0, max_value=2**32))
@example(20261122)
def test_ten_thousand_steps_of_accounts_alone_keep_won_shares_and_the_queue(seed: int) -> None:
    market = ClosedMarket(seed)
    judge = Judge()
    rng, people = market.rng, market.people
    shares = {symbol: market.shares(symbol) for symbol in SYMBOLS}
    assert all(shares.values())
    cash = market.cash()
    alive: list[tuple[Account, str]] = []
    moment = NOW

    for _ in range(STEPS):
        moment += timedelta(milliseconds=rng.randrange(1, 500))
        symbol = rng.choice(SYMBOLS)
        one = market.markets[symbol]
        limits = step(market, symbol, alive, moment, rng.choice(people))
        judge.take(market.ledger.entries, limits)
        if one.mode == "continuous":
            judge.collecting.discard(symbol)
        elif symbol not in judge.collecting:
            judge.collect(symbol)

        assert market.cash() + judge.fees + judge.taxes == cash
        assert market.shares(symbol) == shares[symbol]
        bid, ask = one.book.bids.best, one.book.asks.best
        if one.mode == "continuous" and bid is not None and ask is not None:
            assert bid < ask
        if len(alive) > 120:
            alive = [(who, number) for who, number in alive if number in judge.orders][-100:]

    for who in people:
        state = market.accounts.state(who)
        assert state.cash >= 0
        assert state.reserved >= 0
        assert all(0 <= place.reserved <= place.quantity for place in state.positions.values())
    market.working.expire(moment)
    judge.take(market.ledger.entries, {})
    assert judge.orders == {}
    assert judge.filled > 10_000
    for who in people:
        state = market.accounts.state(who)
        assert state.reserved == 0
        assert all(place.reserved == 0 for place in state.positions.values())
        for order in market.working.shelf.of(who, NOW.date(), moment.date()):
            assert order.filled + order.cancelled + order.refused == order.quantity
            if order.condition == "2":
                assert order.filled in (0, order.quantity)


def step(
    market: ClosedMarket, symbol: str, alive: list[tuple[Account, str]], moment: datetime, who: Account
) -> dict[str, int]:
    """Do one thing at random; return at which prices orders without a price work from now on."""
    rng, desk, one = market.rng, market.desk, market.markets[symbol]
    side: Side = "buy" if rng.random() < 0.5 else "sell"
    price = near(one, rng)
    limits = working_limits(one, side)
    chance = rng.random()
    if chance < 0.70 or not alive:
        kind = rng.choice(KINDS)
        if one.mode == "auction":
            kind = rng.choice(("00", "00", "00", "01"))
        answer = desk.submit(
            who,
            side,
            symbol,
            kind,
            rng.randint(1, 40),
            price if kind in ("00", "11", "12", "22") else 0,
            moment,
            ALWAYS,
            "KRX",
            near(one, rng) if kind == "22" else 0,
            rng.choice(("owner", "hts")),
        )
        if isinstance(answer, Accepted):
            alive.append((who, answer.order_no))
    elif chance < 0.80:
        owner, number = rng.choice(alive)
        order = market.working.shelf.find(number)
        assert order is not None
        kind = rng.choice(("00", "00", "01", "03", "12"))
        mine = market.markets[order.listing.symbol]
        if mine.mode == "auction":
            kind = "00"
        limits = working_limits(mine, order.side)
        answer = desk.amend(
            owner,
            number,
            kind,
            rng.randint(1, 20),
            near(mine, rng) if kind in ("00", "12") else 0,
            rng.random() < 0.5,
            moment,
            ALWAYS,
            "KRX",
            0,
        )
        if isinstance(answer, Accepted):
            alive.append((owner, answer.order_no))
    elif chance < 0.93:
        owner, number = alive.pop(rng.randrange(len(alive)))
        desk.cancel(owner, number, rng.randint(1, 20), rng.random() < 0.6, moment, "KRX")
    elif chance < 0.97:
        market.working.after_trades(symbol, moment)
    elif chance < 0.972:
        market.working.expire(moment, lambda order: order.listing.symbol == symbol)
    elif one.mode == "continuous":
        one.begin_auction("interruption")
        market.working.collect(symbol)
    else:
        one.end_auction(moment)
        market.working.settle_auction(symbol, moment)
    return limits


def near(market: SymbolMarket, rng: random.Random) -> int:
    """Return a price of the table a few ticks from the last one, and never far from the day's base."""
    price = market.tape.last
    if abs(price - market.base) > market.base // 10:
        price = market.base
    for _ in range(rng.randint(0, 5)):
        price = (
            tick_up(price, market.listing.kind)
            if rng.random() < 0.5
            else tick_down(price, market.listing.kind)
        )
    return price


def working_limits(market: SymbolMarket, side: Side) -> dict[str, int]:
    """Return the price at which each kind without one works if it comes now."""
    own, other = market.book.side(side).best, market.book.opposite(side).best
    best, priority = other or market.tape.last, own or market.tape.last
    return {
        **dict.fromkeys(MARKET, market.upper_limit if side == "buy" else market.lower_limit),
        **dict.fromkeys(("03", "15", "16"), best),
        "04": priority,
    }
