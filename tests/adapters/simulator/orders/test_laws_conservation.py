"""Ten thousand steps through whole trading days with the others in the market: no won and no share is lost.

The account's books are kept a second time here from the ledger alone, with this module's own fee, tax, T+2
and split arithmetic, and every execution has to stand on the tape that everybody sees.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Accepted, Account, OrderFilled, Side, TradePrinted
from kis_terminal.adapters.simulator.orders.ledger import LedgerEntry
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

STEPS = 10_000
CHECK_EVERY = 100
SPLIT, MERGED, GONE, FUND, NEW = "005930", "035420", "010130", "069500", "0999Z0"
SYMBOLS = (SPLIT, SPLIT, SPLIT, MERGED, GONE, FUND)
OPENING_CASH = 100_000_000
KINDS = (
    *("00",) * 10,
    *("01", "01", "02", "03", "04", "05", "06", "11", "12", "13", "14", "15", "16", "21", "22", "23", "24"),
    *("27", "28", "29", "41", "42", "43", "44", "45", "46", "47"),
)
TURNS = (
    *("08:00:00", "08:30:00", "08:40:00", "08:50:00", "09:00:00", "09:00:30", "15:20:00", "15:30:00"),
    *("15:40:00", "16:00:00", "20:00:00"),
)
"""When a stage of an ordinary day begins: streams jump to shortly before one of them."""
TAX_PER_100_000 = 200  # sellers of shares in 2026
FEE_PER_MILLION = 150


def trading_day_after(day: date, count: int) -> date:
    """Return the `count`-th weekday after `day`; there is no holiday in these weeks."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


@dataclass
class Book:
    """What one account must own, by the ledger."""

    account: Account
    shares: Counter[str]
    settled: int = OPENING_CASH
    due: dict[date, int] = field(default_factory=dict)

    @property
    def cash(self) -> int:
        """Return the won when everything is settled."""
        return self.settled + sum(self.due.values())

    def take(self, entry: LedgerEntry) -> None:
        """Book one execution."""
        amount = entry.quantity * entry.price
        fee = amount * FEE_PER_MILLION // 1_000_000
        is_taxed = entry.side == "sell" and entry.symbol != FUND
        tax = amount * TAX_PER_100_000 // 100_000 if is_taxed else 0
        assert (entry.fee, entry.tax) == (fee, tax)
        day = trading_day_after(entry.time.date(), 2)
        moved = -amount - fee if entry.side == "buy" else amount - fee - tax
        self.due[day] = self.due.get(day, 0) + moved
        self.shares[entry.symbol] += entry.quantity if entry.side == "buy" else -entry.quantity

    def begin_day(self, day: date) -> None:
        """Settle what is due."""
        for at in [at for at in self.due if at <= day]:
            self.settled += self.due.pop(at)

    def split(self, symbol: str, new: int, old: int, base: int) -> None:
        """Change the shares of a split; what is no whole one is paid out at the day's base price."""
        whole, fraction = divmod(self.shares[symbol] * new, old)
        self.shares[symbol] = whole
        self.settled += fraction * base // old


class Stream:
    """One exchange, three accounts, and everything that chance lets happen to them."""

    def __init__(self, seed: int, start: datetime, haste: float) -> None:
        """Open at `start`; `haste` is how likely a step goes on to the next turn of the day."""
        self.rng = random.Random(seed)
        self.now, self.haste = start, haste
        self.exchange = Exchange(seed=seed, now=self.now, market_open_always=False)
        for listing in self.exchange.listings():
            if listing.symbol not in SYMBOLS:
                self.exchange.halt(listing.symbol, start)  # nobody looks at them, and they cost time
        accounts = [
            self.exchange.account("50000101"),
            self.exchange.account("12345678"),
            self.exchange.account("50000101", realm="paper"),
        ]
        self.books = [
            Book(one, Counter({held.symbol: held.quantity for held in self.exchange.holdings(one)}))
            for one in accounts
        ]
        self.read = 0
        self.alive: list[tuple[Account, str, str]] = []
        self.printed: Counter[tuple[str, datetime, int]] = Counter()
        self.filled: dict[Side, Counter[tuple[str, datetime, int]]] = {"buy": Counter(), "sell": Counter()}
        self.told = 0
        self.announced: list[Callable[[], None]] = []
        self.kinds_seen: Counter[str] = Counter()

    def step(self) -> None:
        """Let time pass and do one thing."""
        rng, exchange = self.rng, self.exchange
        self.pass_time()
        now = self.now
        symbol = rng.choice((*SYMBOLS, NEW) if exchange.listing(NEW) else SYMBOLS)
        chance = rng.random()
        if chance < 0.62 or not self.alive:
            self.place(symbol)
        elif chance < 0.78:
            account, number, venue = rng.choice(self.alive)
            kind = rng.choice(KINDS)
            answer = exchange.amend(
                account,
                number,
                kind,
                rng.randint(1, 80),
                self.price(symbol),
                rng.random() < 0.5,
                now,
                venue=venue,
                condition_price=self.price(symbol),
            )
            if isinstance(answer, Accepted):
                self.alive.append((account, answer.order_no, venue))
        elif chance < 0.94:
            account, number, venue = self.alive.pop(rng.randrange(len(self.alive)))
            exchange.cancel(account, number, rng.randint(1, 50), rng.random() < 0.6, now, venue=venue)
        elif chance < 0.942:
            exchange.trip_vi(symbol, now)
        elif chance < 0.943:
            exchange.halt(symbol, now)
        elif chance < 0.9431 and now.hour > 9:
            exchange.circuit_breaker(rng.choice((1, 1, 1, 2)), now)
        for one in (SPLIT, MERGED, GONE, FUND):
            listed = exchange.listing(one) is not None
            if listed and rng.random() < 0.05 and exchange.quote(one).is_halted:
                exchange.resume(one, now)
        del self.alive[:-60]

    def place(self, symbol: str) -> None:
        """Send an order, sometimes from elsewhere."""
        rng = self.rng
        send = self.exchange.place_foreign if rng.random() < 0.2 else self.exchange.submit
        account, venue = rng.choice(self.books).account, rng.choice(("KRX", "KRX", "KRX", "NXT", "SOR"))
        price = self.price(symbol)
        kind, quantity = rng.choice(KINDS), rng.randint(1, 80)
        if rng.random() < 0.01:
            quantity = 1_000_000  # more than anybody can pay or has
        side: Side = "buy" if rng.random() < 0.5 else "sell"
        answer = send(
            account,
            side,
            symbol,
            kind,
            quantity,
            price,
            self.now,
            venue=venue,
            condition_price=self.price(symbol),
        )
        if isinstance(answer, Accepted):
            self.alive.append((account, answer.order_no, venue))
            self.kinds_seen[kind] += 1

    def price(self, symbol: str) -> int:
        """Return a price a few ticks from the last one."""
        quote = self.exchange.quote(symbol)
        return quote.last - quote.last % quote.tick_size + self.rng.randint(-5, 5) * quote.tick_size

    def pass_time(self) -> None:
        """Go on by a moment, now and then to the next turn of the day; from an evening to a morning."""
        chance = self.rng.random()
        moved = timedelta(milliseconds=self.rng.randrange(0, 100))
        is_night = self.now.hour >= 20
        if chance < (0.02 if is_night else self.haste):
            moved = self.until_next_turn()
        elif chance > 0.9985:
            moved = timedelta(seconds=self.rng.uniform(1, 150))
        self.now += moved
        day_before = self.exchange.time(self.now - moved).date()
        self.exchange.advance(self.now)
        self.read_on()
        today = self.now.date()
        if today != day_before:
            for book in self.books:
                book.begin_day(today)
            if today.weekday() < 5:
                for change in self.announced:
                    change()
                self.announced = []
        if self.now.hour == 20 and not self.announced:
            self.announce()

    def until_next_turn(self) -> timedelta:
        """Return the time to a second before the next turn of the day, or to the next morning."""
        for turn in TURNS:
            hour, minute, second = (int(part) for part in turn.split(":"))
            at = self.now.replace(hour=hour, minute=minute, second=second, microsecond=0) - timedelta(
                seconds=1
            )
            if at > self.now:
                return at - self.now
        days = (trading_day_after(self.now.date(), 1) - self.now.date()).days
        return self.now.replace(hour=7, minute=59, second=58) + timedelta(days=days) - self.now

    def announce(self) -> None:
        """Announce something for the next trading day, when the day is over."""
        exchange = self.exchange
        what = self.rng.choice(("split", "merge", "list", "delist", "nothing"))
        if what == "split":
            exchange.split(SPLIT, 5)
            self.announced.append(lambda: self.split(SPLIT, 5, 1))
        elif what == "merge" and exchange.quote(MERGED).last < 10_000_000:
            exchange.split(MERGED, 1, 3)
            self.announced.append(lambda: self.split(MERGED, 1, 3))
        elif what == "list" and exchange.listing(NEW) is None:
            exchange.list_new(NEW, "새회사", 20_000)
            self.announced.append(lambda: None)
        elif what == "delist" and exchange.listing(GONE) is not None:
            exchange.delist(GONE)
            self.announced.append(lambda: None)

    def split(self, symbol: str, new: int, old: int) -> None:
        """Change every account's shares."""
        for book in self.books:
            book.split(symbol, new, old, self.exchange.quote(symbol).base)

    def read_on(self) -> None:
        """Take what the ledger and the tape have got since the last time."""
        entries = self.exchange.ledger.entries
        for entry in entries[self.read :]:
            if entry.kind == "filled":
                key = (entry.realm, entry.account, entry.product)
                for book in self.books:
                    if (book.account.realm, book.account.number, book.account.product) == key:
                        book.take(entry)
                self.filled[entry.side][(entry.symbol, entry.time, entry.price)] += entry.quantity
        self.read = len(entries)
        for event in self.exchange.drain_events():
            if isinstance(event, TradePrinted):
                self.printed[(event.symbol, event.time, event.price)] += event.quantity
            elif isinstance(event, OrderFilled):
                self.told += 1

    def check(self) -> None:
        """Compare everything that the exchange says with what must be."""
        self.read_on()
        exchange = self.exchange
        for book in self.books:
            balance = exchange.balance(book.account)
            assert (balance.deposit, balance.day_after_next) == (book.settled, book.cash)
            assert balance.reserved >= 0
            assert balance.orderable == balance.day_after_next - balance.reserved >= 0
            held = {one.symbol: one for one in exchange.holdings(book.account)}
            assert {symbol: one.quantity for symbol, one in held.items() if one.quantity} == {
                symbol: quantity for symbol, quantity in book.shares.items() if quantity
            }
            blocked: Counter[str] = Counter()
            for order in exchange.orders(book.account, self.now.date(), self.now.date()):
                if order.state in ("resting", "waiting"):
                    assert order.filled + order.rest + order.cancelled + order.refused == order.quantity
                    if order.side == "sell":
                        blocked[order.symbol] += order.rest
            for symbol, one in held.items():
                assert one.sellable == one.quantity - blocked[symbol] >= 0
        for side in self.filled.values():
            for key, quantity in side.items():
                assert quantity <= self.printed[key], key
        for listing in exchange.listings():
            if listing.symbol not in SYMBOLS:
                continue
            book_shown = exchange.book(listing.symbol)
            if book_shown.asks and book_shown.bids:
                assert book_shown.bids[0].price < book_shown.asks[0].price


def live_through(stream: Stream) -> None:
    """Take all steps, comparing now and then and at the end."""
    for number in range(STEPS):
        stream.step()
        if number % CHECK_EVERY == 0:
            stream.check()
    stream.check()

    entries = stream.exchange.ledger.entries
    fills = [entry for entry in entries if entry.kind == "filled"]
    assert len(fills) == stream.told > 150
    assert {entry.by for entry in fills} >= {"owner", "hts"}
    assert [entry.sequence for entry in entries] == sorted({entry.sequence for entry in entries})
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)


def test_ten_thousand_steps_through_trading_days_lose_no_won_and_no_share() -> None:
    # The day of the college entrance exam, which starts an hour late; then a Friday and a Monday.
    stream = Stream(20261122, datetime(2026, 11, 19, 8, 59, 55, tzinfo=SEOUL), haste=0.0025)

    live_through(stream)

    days = {entry.time.date() for entry in stream.exchange.ledger.entries if entry.kind == "filled"}
    assert len(days) >= 2
    assert set(KINDS) - set(stream.kinds_seen) <= {"05", "27", "28", "29", "42", "43", "45", "46"}


@pytest.mark.parametrize(("seed", "start"), [(7, "08:57:00"), (8, "15:16:00")])
def test_ten_thousand_steps_around_an_auction_lose_no_won_and_no_share(seed: int, start: str) -> None:
    live_through(Stream(seed, datetime.fromisoformat(f"2026-11-20T{start}+09:00"), haste=0.0))


def test_a_halt_that_outlives_the_closing_auction_leaves_no_crossed_book() -> None:
    """Cause: what an auction had collected for a halted symbol was shown as its book until the next day."""
    now = datetime(2026, 11, 20, 15, 19, 58, tzinfo=SEOUL)
    exchange = Exchange(seed=3, now=now, market_open_always=False)
    exchange.advance(now + timedelta(minutes=5))
    collected = exchange.book(SPLIT)
    assert collected.expected_quantity > 0

    exchange.halt(SPLIT, now + timedelta(minutes=6))
    exchange.resume(SPLIT, now + timedelta(minutes=12))

    book = exchange.book(SPLIT)
    assert not book.asks or not book.bids or book.bids[0].price < book.asks[0].price
