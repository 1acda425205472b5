"""Limits in force and the trading state; every order asks here before it is journaled and sent."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import OrderRefused, TerminalError
from kis_terminal.domain.orders import Order, OrderRequest, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.risk import RiskInput, RiskLimits, RiskVerdict, TradingState, evaluate
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sessions import Phase, kinds_allowed
from kis_terminal.domain.trading_days import phase_on
from kis_terminal.ports import Clock, WorkspaceStore
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.portfolio import Portfolio

log = logging.getLogger(__name__)

_HALT_KEY = "trading-state"
_CLOSED_SECONDS = 60.0
_ODD_PRINT = timedelta(minutes=5)
_AUTOMATIC = frozenset({Origin.STRATEGY, Origin.ASSISTANT})
_Signature = tuple[str, Side, str, int, str]


class RiskGate:
    """Own the limits, the halt latch and the arming of real orders. Topics: `state_changed`."""

    def __init__(
        self,
        environment: Environment,
        instruments: Instruments,
        market_data: MarketData,
        portfolio: Portfolio,
        clock: Clock,
        store: WorkspaceStore,
    ) -> None:
        self._instruments = instruments
        self._market_data = market_data
        self._portfolio = portfolio
        self._clock = clock
        self._store = store
        self.limits = RiskLimits()
        self.is_armed = environment is not Environment.REAL
        self.state_changed: Topic[TradingState] = Topic("trading state")
        self.limits_changed: Topic[tuple[RiskLimits, RiskLimits]] = Topic("risk limits")
        kept = store.read(_HALT_KEY)
        self._state = _state_of(kept)
        self._orders_today = 0
        self._sent: deque[tuple[float, _Signature | None]] = deque(maxlen=200)
        self.open_orders: Callable[[], tuple[Order, ...]] = tuple
        self.is_overfilled: Callable[[str], bool] = lambda symbol: False
        self.children_of: Callable[[str], tuple[Order, ...]] = lambda parent_id: ()
        self.share_change: Callable[[str], str] = lambda symbol: ""
        self.is_open_day: bool | None = None
        """Whether the market opens today: the broker's word, or the calendar's where it gives none."""
        self._refused_at: dict[Venue, float] = {}

    @property
    def state(self) -> TradingState:
        """Return the trading state."""
        return self._state

    def halt(self) -> None:
        """Let no order leave until `release`; survives a restart, unless the disk refuses, which is said."""
        self._hold(TradingState.HALTED)

    def reduce(self) -> None:
        """Let only those orders leave that lower what is held, until `release`; survives a restart."""
        if not self.is_halted:
            self._hold(TradingState.REDUCING)

    def reduce_by_person(self) -> None:
        """Let only what lowers exposure leave, though all was locked: a person asked to sell what is held.

        Raises TerminalError, and stays as it is, when that cannot be written.
        """
        self._store.write(_HALT_KEY, TradingState.REDUCING)
        self._state = TradingState.REDUCING
        self.state_changed.publish(self._state)

    def _hold(self, state: TradingState) -> None:
        self._state = state
        try:
            self._store.write(_HALT_KEY, self._state)
        except TerminalError as error:
            log.error("the latch holds, but would not survive a restart: %s", error)
        self.state_changed.publish(self._state)

    def release(self) -> None:
        """Let orders leave again; raises TerminalError, and stays halted, when that cannot be written."""
        self._store.write(_HALT_KEY, TradingState.ACTIVE)
        self._state = TradingState.ACTIVE
        self.state_changed.publish(self._state)

    def arm(self, *, is_armed: bool) -> None:
        """Allow or lock orders of real money."""
        self.is_armed = is_armed
        self.state_changed.publish(self._state)

    @property
    def is_halted(self) -> bool:
        """Tell whether the latch has fallen, here or by another program of this account."""
        return self._state is TradingState.HALTED or self._fell_elsewhere()

    def _fell_elsewhere(self) -> bool:
        return _state_of(self._store.read(_HALT_KEY)) is TradingState.HALTED

    def look(self) -> None:
        """See what changes by itself: a latch that another program dropped, a day's loss at its limit.

        A release by another program does not open the latch here, nor does a loss that shrinks again.
        """
        if self._state is not TradingState.HALTED and self._fell_elsewhere():
            log.warning("the latch was dropped by another program")
            self._state = TradingState.HALTED
            self.state_changed.publish(self._state)
        profit = self._portfolio.day_profit
        if (
            self._state is TradingState.ACTIVE
            and profit is not None
            and profit <= -self.limits.max_daily_loss
        ):
            log.warning("the day's loss has reached its limit: only orders that lower exposure may leave")
            self.reduce()

    def take_limits(self, limits: RiskLimits) -> None:
        """Put other limits in force, at once and for every order that has not left."""
        before, self.limits = self.limits, limits
        if limits != before:
            self.limits_changed.publish((before, limits))
        self.state_changed.publish(self._state)

    def check_leaving(self) -> None:
        """Raise OrderRefused when the latch has fallen, or real orders were locked, since the check."""
        if self.is_halted:
            raise OrderRefused(Sentence("전체취소·정지로 주문이 잠겨 있습니다."), code="HALTED")
        if not self.is_armed:
            raise OrderRefused(
                Sentence("실전투자 주문이 잠겨 있습니다. 위 띠의 주문 잠금을 풀어 주십시오."), code="ARMED"
            )

    def market_refused(self, request: OrderRequest) -> None:
        """Remember that the broker said its market is closed: no program throws orders at it in a loop."""
        self._refused_at[request.venue] = self._clock.monotonic()

    def _is_held_back(self, request: OrderRequest) -> bool:
        since = self._refused_at.get(request.venue)
        is_recent = since is not None and self._clock.monotonic() - since < _CLOSED_SECONDS
        return is_recent and request.origin in _AUTOMATIC

    def exchange_now(self) -> datetime:
        """Return the time as the exchange writes it on orders: its own where its prints have told it.

        The last print of a listing may be an hour old: while the market is in session by the clock, only
        prints of the stream tell more. Where the exchange keeps no hours, any print tells more than it. A
        print that is minutes off the clock, which KIS's answers have put right, is an odd one: an order that
        it dated would not be found in the broker's list.
        """
        now = self._clock.now()
        seconds = self._market_data.market_seconds()
        if seconds is None:
            return now
        told = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(seconds=seconds)
        if self._market_data.is_always_open:
            return told
        is_stale = not self._market_data.has_live_time
        is_odd = abs(told - now) > _ODD_PRINT
        return now if (is_stale or is_odd) and _is_in_session(now) else told

    def check(self, request: OrderRequest) -> RiskVerdict:
        """Return what every rule says of `request` now; changes nothing."""
        open_orders = self.open_orders()
        known = self._known(request, open_orders, self._power_beside(open_orders))
        return evaluate(request, known, self.limits)

    def check_amendment(self, request: OrderRequest, order: Order, others: tuple[Order, ...]) -> RiskVerdict:
        """Return what every rule says of an amendment: the old order's own reservation counts as free."""
        cash = self.buying_power()
        if cash is not None and order.side is Side.BUY:
            cash += (order.price or Decimal(0)) * order.remaining
        # What it has brought already counts for its parent, its rest is the request's.
        own = (order.changed(status=OrderStatus.CANCELLED),)
        siblings = (*(item for item in self._siblings(request) if item.key != order.key), *own)
        known = replace(self._known(request, others, cash), siblings=siblings)
        if known.sellable is not None:
            known = replace(known, sellable=known.sellable + order.remaining)
        return evaluate(request, known, self.limits)

    def _known(
        self, request: OrderRequest, open_orders: tuple[Order, ...], cash: Decimal | None
    ) -> RiskInput:
        state = self._market_data.state(request.symbol)
        now = self._clock.monotonic()
        is_always_open = self._market_data.is_always_open
        phase = Phase.CONTINUOUS if is_always_open else _phase(request.venue, self.exchange_now())
        is_open = self.is_open_day is not False and not self._is_held_back(request)
        held = self._portfolio.position(request.symbol)
        signature = self._signature(request)
        same = next((sent_at for sent_at, earlier in reversed(self._sent) if earlier == signature), None)
        return RiskInput(
            instrument=self._instruments.get(request.symbol),
            last_price=state.price,
            upper_limit=state.upper_limit,
            lower_limit=state.lower_limit,
            allowed_kinds=kinds_allowed(request.venue, phase) if is_open else (),
            is_symbol_halted=state.is_halted if state.quote is not None else None,
            buying_power=cash,
            sellable=self._portfolio.sellable(request.symbol),
            open_orders=open_orders,
            seconds_since_same=None if same is None else now - same,
            orders_last_second=sum(1 for sent_at, _ in self._sent if now - sent_at < 1.0),
            is_armed=self.is_armed,
            price_age=self._market_data.price_age(request.symbol),
            held_quantity=held.quantity if held is not None else 0,
            position_count=len(self._portfolio.positions),
            total_value=self._portfolio.balance.total_value if self._portfolio.balance else None,
            day_profit=self._portfolio.day_profit,
            orders_today=self._orders_today,
            is_overfilled=self.is_overfilled(request.symbol),
            siblings=self._siblings(request),
            share_change=self.share_change(request.symbol),
            state=TradingState.HALTED if self.is_halted else self._state,
        )

    def _siblings(self, request: OrderRequest) -> tuple[Order, ...]:
        return () if request.parent is None else self.children_of(request.parent.parent_id)

    def buying_power(self) -> Decimal | None:
        """Return the won left after what open buys reserve; None when the account is not known."""
        return self._power_beside(self.open_orders())

    def _power_beside(self, open_orders: tuple[Order, ...]) -> Decimal | None:
        cash = self._portfolio.cash_available
        if cash is None:
            return None
        for order in open_orders:
            if order.side is Side.BUY:
                price = order.price or self._market_data.state(order.symbol).upper_limit or Decimal(0)
                cash -= price * order.remaining
        return cash

    def released(self, request: OrderRequest) -> None:
        """Remember that `request` was let through."""
        self._orders_today += 1
        self._sent.append((self._clock.monotonic(), self._signature(request)))

    def amendment_released(self) -> None:
        """Count an amendment among the orders; it has no signature, its order is pending meanwhile."""
        self._orders_today += 1
        self._sent.append((self._clock.monotonic(), None))

    def begin_day(self, orders_so_far: int = 0) -> None:
        """Count the day's orders from here; an earlier run of the program may have sent some."""
        self._orders_today = orders_so_far

    @staticmethod
    def _signature(request: OrderRequest) -> _Signature:
        return (request.symbol, request.side, request.kind, request.quantity, str(request.price))


def _state_of(kept: str | None) -> TradingState:
    """Return the state that a kept text means; what cannot be read does not open a latch."""
    if kept is None:
        return TradingState.ACTIVE
    try:
        return TradingState(kept)
    except ValueError:
        return TradingState.HALTED


def _phase(venue: Venue, moment: datetime) -> Phase:
    return phase_on(venue, moment.date(), moment.hour * 3600 + moment.minute * 60 + moment.second)


def _is_in_session(moment: datetime) -> bool:
    return any(_phase(venue, moment) is not Phase.CLOSED for venue in (Venue.KRX, Venue.NXT))
