"""The exchange as the wire sees it: one facade over markets, accounts and ledger.

Pure: no IO, no wall clock, chance only from the seed. `now` is the caller's clock throughout; whatever is
handed out is stamped in exchange time (`Exchange.clock`). Methods that take a symbol raise KeyError for one
that is not listed.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.books.agenda import CrowdAgenda
from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.books.matching import Execution
from kis_terminal.adapters.simulator.days.corporate_actions import CorporateActions, Split, new_listing
from kis_terminal.adapters.simulator.days.runner import DayRunner
from kis_terminal.adapters.simulator.history import company
from kis_terminal.adapters.simulator.history.archive import Archive
from kis_terminal.adapters.simulator.history.made_up_day import (
    seed_for,
)
from kis_terminal.adapters.simulator.listings import load_listings, unknown_listing
from kis_terminal.adapters.simulator.model import (
    Accepted,
    Account,
    BookChanged,
    BookSnapshot,
    BuyingPower,
    CashBalance,
    DailyBar,
    Event,
    Holding,
    InvestorFlow,
    Listing,
    MarketStatusChanged,
    MinuteBar,
    OrderRecord,
    QuoteSnapshot,
    Refused,
    Sellable,
    Side,
    Statistics,
    TradePrinted,
)
from kis_terminal.adapters.simulator.orders.accounts import Accounts
from kis_terminal.adapters.simulator.orders.desk import OrderDesk
from kis_terminal.adapters.simulator.orders.journal import OrderJournal
from kis_terminal.adapters.simulator.orders.ledger import Ledger
from kis_terminal.adapters.simulator.orders.realised import DayTrade
from kis_terminal.adapters.simulator.orders.working_orders import WorkingOrders
from kis_terminal.adapters.simulator.rules.calendar import Calendar, TradingClock
from kis_terminal.adapters.simulator.rules.costs import Costs
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules
from kis_terminal.adapters.simulator.rules.order_rules import reservation_price
from kis_terminal.adapters.simulator.rules.tick_rules import round_to_tick

if TYPE_CHECKING:
    # These need numpy, see archive.
    from kis_terminal.adapters.simulator.books.played_market import PlayedMarkets
    from kis_terminal.adapters.simulator.history.bars_import import BarHistory
    from kis_terminal.adapters.simulator.history.daily_series import DailySeries

STATUS_OPEN = "112"


class Exchange:
    """Play KRX for real-like and paper-like accounts on one market."""

    def __init__(
        self,
        *,
        seed: int,
        now: datetime,
        bars: BarHistory | None = None,
        market_open_always: bool = True,
        interruptions: InterruptionRules | None = None,
        extra: Sequence[Listing] = (),
        plays_bars: bool = False,
    ) -> None:
        """Open at `now`; with `market_open_always` in the continuous session whatever the day or hour."""
        self.seed = seed
        self.calendar = Calendar()
        self.clock = TradingClock(now, open_always=market_open_always, calendar=self.calendar)
        self.ledger = Ledger()
        self._started = self._now = now
        self._moment = self.clock.exchange_time(now)
        self.first_day = self._moment.date()
        if market_open_always:
            self.calendar.open_always(self._moment.date())
        self._played = self._played_markets(bars) if plays_bars and bars is not None else None
        self._sequence = itertools.count(1)
        self._events: list[Event] = []
        self._archive = Archive(seed, self.calendar, self._moment.date(), bars)
        self._markets = {listing.symbol: self._open_market(listing) for listing in self._list(extra)}
        self._accounts = Accounts(
            self.calendar, Costs(), self.listing, self.quote, lambda: self._moment.date()
        )
        journal = OrderJournal(self.ledger, self._next_sequence, self._events.append)
        desk_rng = random.Random(seed_for(seed, "desk"))
        self._working = WorkingOrders(self._markets, self._accounts, journal, desk_rng)
        self._desk = OrderDesk(self._markets, self._accounts, journal, self._working)
        market_rng = random.Random(seed_for(seed, "market", self._moment))
        self._agenda = CrowdAgenda(self._markets, market_rng, self._moment_of, self._after_act)
        self._changed: set[str] = set()
        self._actions = CorporateActions(self._markets, self._accounts, self._archive, self._admit)
        self.interruption_rules = interruptions or InterruptionRules()
        self._runner = DayRunner(
            self._markets,
            self._working,
            self.clock,
            self._started,
            self.interruption_rules,
            random.Random(seed_for(seed, "day")),
            self._announce_status,
            lambda: self._agenda.elapsed,
            self._changed.add,
        )
        self._runner.start_day(now, self._moment)
        if market_open_always:
            self._announce_status(None, STATUS_OPEN)

    @property
    def moment(self) -> datetime:
        """Return the exchange time that the market has been played to."""
        return self._moment

    def listings(self) -> Sequence[Listing]:
        """Return everything listed."""
        return [market.listing for market in self._markets.values() if not market.is_delisted]

    def listing(self, symbol: str) -> Listing | None:
        """Return one listing, None when the symbol is unknown."""
        market = self._markets.get(symbol)
        return market.listing if market and not market.is_delisted else None

    def time(self, now: datetime) -> datetime:
        """Return exchange time for the caller's `now`."""
        return self.clock.exchange_time(now)

    def advance(self, now: datetime) -> None:
        """Let the other traders act from the last call to `now`; the size of the steps does not matter."""
        if now <= self._now:
            return
        moment = self.clock.exchange_time(now)
        if moment.date() != self._moment.date():
            self._start_day(now, moment)
        self._play(self._counted(now))
        self._now, self._moment = now, self.clock.exchange_time(now)
        self._runner.look_at_indices(self._moment)
        changed = sorted(self._changed)
        self._changed.clear()
        for symbol in changed:
            self._events.append(BookChanged(self._next_sequence(), self._moment, symbol))

    def drain_events(self) -> list[Event]:
        """Return what happened since the last call, in order, and forget it."""
        events = list(self._events)
        self._events.clear()
        return events

    def quote(self, symbol: str) -> QuoteSnapshot:
        """Return today's state of `symbol`."""
        return self._markets[symbol].quote(self._moment)

    def statistics(self, symbol: str) -> Statistics:
        """Return long-term and company figures; makes the history at the first call for a symbol."""
        market = self._markets[symbol]
        return company.statistics(market.listing, market.daily_bar(), self._history(symbol), self.seed)

    def book(self, symbol: str, venue: str = "KRX") -> BookSnapshot:
        """Return the book of `symbol` that `venue` (KRX or NXT) shows."""
        return self._markets[symbol].snapshot(self._moment, venue)

    def recent_trades(self, symbol: str, count: int) -> list[TradePrinted]:
        """Return today's last trades, newest last."""
        market = self._markets[symbol]
        return market.tape.recent(count, market.book)

    def daily_bars(self, symbol: str, start: date, end: date, adjusted: bool) -> list[DailyBar]:
        """Return bars of `start` to `end`, both included, oldest first, today's as far as it got."""
        bars = self._history(symbol).between(start, end, adjusted=adjusted)
        today = self._markets[symbol].daily_bar()
        if start <= today.day <= end and today.volume > 0:
            bars.append(today)
        return bars

    def today_bar(self, symbol: str) -> DailyBar:
        """Return today's bar as far as it got, also while nothing has traded."""
        return self._markets[symbol].daily_bar()

    def minute_bars(self, symbol: str, day: date) -> list[MinuteBar]:
        """Return the minutes of `day`, oldest first; those without a trade are left out."""
        market = self._markets[symbol]
        if day == self._moment.date():
            return market.tape.minute_bars()
        return self._archive.minutes(market.listing, day)

    def investor_flows(self, symbol: str, start: date, end: date) -> list[InvestorFlow]:
        """Return who bought net on each day, oldest first."""
        listing = self._markets[symbol].listing
        return [
            company.investor_flow(listing, bar, self.seed)
            for bar in self.daily_bars(symbol, start, end, adjusted=False)
        ]

    def account(self, number: str, product: str = "01", *, realm: str = "real") -> Account:
        """Return an account, opened at first use with 100,000,000 won; `realm` is real or paper."""
        return self._accounts.open(realm, number, product)

    def submit(
        self,
        account: Account,
        side: Side,
        symbol: str,
        kind: str,
        quantity: int,
        price: int,
        now: datetime,
        *,
        venue: str = "KRX",
        condition_price: int = 0,
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Take and work an order; `kind` is an ORD_DVSN code, `price` 0 for kinds without one."""
        self.advance(now)
        answer = self._desk.submit(
            account,
            side,
            symbol,
            kind,
            quantity,
            price,
            self._moment,
            self._runner.stage,
            venue,
            condition_price,
            placed_by,
        )
        self._announce(symbol)
        return answer

    def amend(
        self,
        account: Account,
        original_no: str,
        kind: str,
        quantity: int,
        price: int,
        all_rest: bool,
        now: datetime,
        *,
        venue: str = "KRX",
        condition_price: int = 0,
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Replace an open order, whole or in part, by one with a new number."""
        self.advance(now)
        stage = self._runner.stage
        answer = self._desk.amend(
            account,
            original_no,
            kind,
            quantity,
            price,
            all_rest,
            self._moment,
            stage,
            venue,
            condition_price,
            placed_by,
        )
        self._announce_order(answer)
        return answer

    def cancel(
        self,
        account: Account,
        original_no: str,
        quantity: int,
        all_rest: bool,
        now: datetime,
        *,
        venue: str = "KRX",
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Cancel an open order, whole or in part; the cancellation has a number of its own."""
        self.advance(now)
        answer = self._desk.cancel(account, original_no, quantity, all_rest, self._moment, venue, placed_by)
        self._announce_order(answer)
        return answer

    def place_foreign(
        self,
        account: Account,
        side: Side,
        symbol: str,
        kind: str,
        quantity: int,
        price: int,
        now: datetime,
        *,
        venue: str = "KRX",
        condition_price: int = 0,
    ) -> Accepted | Refused:
        """Take an order of `account` that came in elsewhere (an HTS, a telephone); the ledger says so."""
        return self.submit(
            account,
            side,
            symbol,
            kind,
            quantity,
            price,
            now,
            venue=venue,
            condition_price=condition_price,
            placed_by="hts",
        )

    def halt(self, symbol: str, now: datetime) -> None:
        """Stop trading of `symbol`: orders are refused, standing ones may be cancelled."""
        self.advance(now)
        self._runner.halt(symbol)

    def resume(self, symbol: str, now: datetime) -> None:
        """Let `symbol` trade again, first in an auction."""
        self.advance(now)
        self._runner.resume(symbol, self._moment)

    def trip_vi(self, symbol: str, now: datetime) -> bool:
        """Interrupt `symbol` for an auction (VI); False where it does not trade continuously."""
        self.advance(now)
        return self._runner.interrupt(self._markets[symbol], self._moment)

    def circuit_breaker(self, stage: int, now: datetime, *, market: str = "") -> None:
        """Break the circuit of KOSPI, KOSDAQ or ("") both; stage 1 or 2 for a while, 3 for the day."""
        if stage not in (1, 2, 3):
            raise ValueError(f"there is no stage {stage} of the circuit breaker")
        self.advance(now)
        self._runner.break_circuit(stage, self._moment, market)

    def split(self, symbol: str, new: int, old: int = 1) -> None:
        """Let `old` shares become `new` ones from the next trading day on."""
        self._actions.split(Split(symbol, new, old))

    def list_new(self, symbol: str, name: str, price: int) -> None:
        """List a new share at `price` from the next trading day on."""
        self._actions.list_new(new_listing(symbol, name, price))

    def delist(self, symbol: str) -> None:
        """Take `symbol` off the exchange from the next trading day on."""
        self._actions.delist(symbol)

    def orders(self, account: Account, start: date, end: date) -> list[OrderRecord]:
        """Return orders, amendments and cancellations of `start` to `end`, oldest first."""
        return [order.record() for order in self._working.shelf.of(account, start, end)]

    def holdings(self, account: Account) -> list[Holding]:
        """Return the positions of `account`."""
        return self._accounts.holdings(account)

    def day_trades(self, account: Account, start: date, end: date, symbol: str = "") -> list[DayTrade]:
        """Return what `account` traded, by day and symbol, newest first."""
        return self._accounts.state(account).trades.between(start, end, symbol)

    def balance(self, account: Account) -> CashBalance:
        """Return cash and totals of `account`."""
        return self._accounts.balance(account)

    def buying_power(self, account: Account, symbol: str, kind: str, price: int) -> BuyingPower:
        """Return what can be bought with an order of `kind`; a limit price of 0 means the last price."""
        market = self._markets[symbol]
        unit = reservation_price(kind, "buy", price or market.tape.last, market.upper_limit)
        return self._accounts.buying_power(account, unit)

    def sellable(self, account: Account, symbol: str) -> Sellable:
        """Return what can be sold of `symbol`."""
        return self._accounts.sellable(account, symbol)

    def _next_sequence(self) -> int:
        return next(self._sequence)

    def _list(self, extra: Sequence[Listing]) -> list[Listing]:
        """Return the listings, levels set by imported bars; symbols that only those or `extra` know too."""
        listings = {listing.symbol: listing for listing in (*extra, *load_listings())}
        for imported in self._archive.imported.values():
            known = listings.get(imported.symbol)
            kind = known.kind if known else "stock"
            level = round_to_tick(imported.last_close, kind)
            volume = imported.average_volume
            if known is None:
                listings[imported.symbol] = unknown_listing(imported.symbol, level, volume)
            else:
                average = volume or known.average_volume
                listings[imported.symbol] = replace(known, base_price=level, average_volume=average)
        if self._played is not None:
            self._played.days.list_newcomers(listings, self._moment.date())
        return list(listings.values())

    def _played_markets(self, bars: BarHistory) -> PlayedMarkets:
        # It needs numpy, see archive; most exchanges play no bars.
        from kis_terminal.adapters.simulator.books.played_market import PlayedMarkets

        return PlayedMarkets(bars, self.clock, self.calendar, self._moment.date())

    def _open_market(self, listing: Listing) -> SymbolMarket:
        open_market = SymbolMarket if self._played is None else self._played.opener(listing.symbol)
        return open_market(
            listing, self.seed, self._moment, self._next_sequence, self._events.append, self._on_execution
        )

    def _admit(self, listing: Listing) -> None:
        market = self._open_market(listing)
        market.begin_first_day(self._moment)
        self._markets[listing.symbol] = market
        self._agenda.admit(listing.symbol)

    def _on_execution(self, execution: Execution, moment: datetime) -> None:
        self._working.on_execution(execution, moment)

    def _play(self, target: int) -> None:
        """Let the time pass to `target` microseconds, doing what falls due on the way."""
        due = self._runner.next_due(target)
        while due is not None:
            self._run_until(due)
            self._moment = self._moment_of(due)
            self._runner.fire(self._moment)
            due = self._runner.next_due(target)
        self._run_until(target)

    def _run_until(self, target: int) -> None:
        if self._runner.is_playing:
            self._agenda.run_until(target)
        else:
            self._agenda.pass_to(target)

    def _after_act(self, symbol: str, moment: datetime) -> None:
        self._working.after_trades(symbol, moment)
        self._changed.add(symbol)

    def _moment_of(self, microseconds: int) -> datetime:
        """Return the exchange time of a moment that is counted from the start."""
        return self.clock.exchange_time(self._started + timedelta(microseconds=microseconds))

    def _counted(self, when: datetime) -> int:
        """Return the microseconds from the start to a moment of the caller's clock."""
        return int((when - self._started).total_seconds() * 1_000_000)

    def _start_day(self, now: datetime, moment: datetime) -> None:
        """End the day before: orders expire, bars join the history, books and counters start anew."""
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if not self.clock.open_always:
            # The rest of the last day is lived through: its close, its auctions, its ends of orders.
            last_night = self._moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
            self._play(self._counted(last_night))
        self._working.expire(self._moment)
        if self.clock.open_always:
            self.calendar.open_always(moment.date())
        for symbol, market in self._markets.items():
            if self.calendar.is_open_day(self._moment.date()):
                self._archive.remember(symbol, market.roll_day(moment))
            else:
                market.restart_day(moment)
            self._changed.add(symbol)
        self._moment = midnight if not self.clock.open_always else moment
        self._accounts.roll_day(moment.date())
        self._agenda.pass_to(self._counted(midnight))
        self._agenda.resume()
        opening = midnight if not self.clock.open_always else moment
        if self.calendar.is_open_day(moment.date()):
            self._actions.apply(opening)
        self._runner.start_day(opening if not self.clock.open_always else now, opening)
        if self.clock.open_always:
            self._announce_status(None, STATUS_OPEN, moment=moment)

    def _announce_status(
        self,
        symbol: str | None,
        code: str,
        *,
        expected_code: str = "112",
        is_interrupted: bool = False,
        is_halted: bool = False,
        market: str = "",
        moment: datetime | None = None,
    ) -> None:
        self._events.append(
            MarketStatusChanged(
                self._next_sequence(),
                moment or self._moment,
                symbol,
                code,
                expected_code,
                is_interrupted,
                is_halted,
                market,
            )
        )

    def _history(self, symbol: str) -> DailySeries:
        return self._archive.series(self._markets[symbol].listing)

    def _announce(self, symbol: str) -> None:
        if symbol in self._markets:
            self._events.append(BookChanged(self._next_sequence(), self._moment, symbol))

    def _announce_order(self, answer: Accepted | Refused) -> None:
        if isinstance(answer, Accepted):
            order = self._working.shelf.find(answer.order_no)
            if order is not None:
                self._announce(order.listing.symbol)
