"""From what a strategy wants to orders, through the one order path; nothing here sends by itself.

A buy that cannot leave is dropped: the strategy says it again if it still wants it. A sale that cannot leave
is kept and tried again, since it may be the one that limits a loss.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from kis_terminal.domain.instruments import InstrumentKind, move_ticks, round_down_to_tick, round_up_to_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, ParentBudget, Side
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.host_messages import Intent
from kis_terminal.domain.strategy.plan import Signal, SignalState, StrategyMode, StrategyPlan
from kis_terminal.ports import Clock
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.strategy_account import StrategyAccount, parent_id, strategy_of
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_SIGNALS_KEPT = 500
_PROTECTIVE_TICKS = 3
"""How far past the last price a strategy's limit order may reach."""
_FIRST_RETRY = 1.0
_LONGEST_RETRY = 10.0
_APPROVAL_SECONDS = 300.0
"""A question older than this is not asked any more: the price it was about has gone."""


class StrategyTrader:
    """Own the signals of one strategy and what becomes of them. `changed` is called after each change."""

    def __init__(
        self,
        plan: StrategyPlan,
        account: StrategyAccount,
        orders: Orders,
        portfolio: Portfolio,
        risk_gate: RiskGate,
        market_data: MarketData,
        instruments: Instruments,
        clock: Clock,
        scope: TaskScope,
        *,
        changed: Callable[[], None],
        alarm: Callable[[str], object],
    ) -> None:
        self.plan = plan
        self.account = account
        self.signals: deque[Signal] = deque(maxlen=_SIGNALS_KEPT)
        self.may_act = False
        """Whether orders may leave now; false once the strategy was stopped, whatever it still wants."""
        self.is_armed = True
        """Whether an automatic strategy may send by itself; otherwise it asks for each order."""
        self._orders = orders
        self._portfolio = portfolio
        self._risk = risk_gate
        self._market_data = market_data
        self._instruments = instruments
        self._clock = clock
        self._scope = scope
        self._changed = changed
        self._alarm = alarm
        self._number = 0
        self._run = clock.now().strftime("%m%d%H%M%S")
        self._asked_at: dict[int, float] = {}
        self._aged_buys: dict[str, frozenset[str]] = {}
        """Own buys that were open when the symbol's last bar completed."""
        self._sent_at: deque[float] = deque(maxlen=1000)
        self._retries: dict[int, asyncio.Task[None]] = {}

    # -- reading ---

    def own_orders(self) -> tuple[Order, ...]:
        """Return the strategy's orders of the day."""
        return tuple(order for order in self._orders.all() if strategy_of(order) == self.plan.key)

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return those that may still fill, unknown ones included."""
        return tuple(
            order
            for order in self.own_orders()
            if order.is_open and (symbol is None or order.symbol == symbol)
        )

    def now(self) -> datetime:
        """Return the time as the exchange has it."""
        return self._risk.exchange_now()

    def is_running_away(self) -> bool:
        """Tell whether more orders than the plan allows left within a minute."""
        now = self._clock.monotonic()
        return sum(now - at < 60.0 for at in self._sent_at) > self.plan.orders_a_minute

    # -- what the strategy wants ---

    def intend(self, intent: Intent) -> None:
        """Take something that the strategy wants and do with it as the plan's mode says."""
        quantity = intent.quantity or self.account.quantity(intent.symbol)
        if intent.side is Side.SELL and self._is_wanted_already(intent.symbol):
            return  # kept, asked or on its way: the strategy only says it again
        self._number += 1
        signal = Signal(
            self._number,
            self._risk.exchange_now(),
            intent.symbol,
            intent.side,
            quantity,
            intent.reason,
            SignalState.SAID,
        )
        self.signals.append(signal)
        is_asked = self.plan.mode is StrategyMode.AUTOMATIC and not self.is_armed
        if self.plan.mode is StrategyMode.APPROVE or is_asked:
            self._asked_at[signal.number] = self._clock.monotonic()
            self._put(signal, SignalState.ASKED)
        elif self.plan.mode is StrategyMode.AUTOMATIC:
            self._act(signal)
        else:
            self._changed()

    def approve(self, number: int) -> bool:
        """Let a waiting order go at the price of now; return whether it was still waiting."""
        signal = self._signal(number)
        if signal is None or signal.state is not SignalState.ASKED or not self.may_act:
            return False
        self._act(signal)
        return True

    def decline(self, number: int) -> None:
        """Let a waiting order go nowhere."""
        signal = self._signal(number)
        if signal is not None and signal.state in (SignalState.ASKED, SignalState.KEPT):
            self._forget_retry(number)
            self._put(signal, SignalState.DROPPED, Sentence("사용자가 보내지 않기로 했습니다."))

    def look(self) -> None:
        """Drop questions that are too old; called a few times a second."""
        now = self._clock.monotonic()
        for number, asked in list(self._asked_at.items()):
            signal = self._signal(number)
            if signal is None or signal.state is not SignalState.ASKED:
                del self._asked_at[number]
            elif now - asked > _APPROVAL_SECONDS:
                self._put(signal, SignalState.DROPPED, Sentence("승인하지 않은 채 5분이 지났습니다."))

    def bar_completed(self, symbol: str) -> None:
        """Cancel own buys that a whole bar has not filled: what they were decided on is over."""
        buys = {order.key for order in self.open_orders(symbol) if order.side is Side.BUY}
        for key in buys & self._aged_buys.get(symbol, frozenset()):
            order = self._orders.get(key)
            if self.may_act and order is not None and order.status.is_working:
                self._orders.cancel_soon(key)
        self._aged_buys[symbol] = frozenset(buys)

    def rest(self, words: str) -> None:
        """Let nothing leave from now on; what waits or is kept is dropped, orders are left as they are."""
        self.may_act = False
        for number in list(self._retries):
            self._forget_retry(number)
        for signal in list(self.signals):
            if signal.state in (SignalState.ASKED, SignalState.KEPT):
                self._put(signal, SignalState.DROPPED, words)

    def _is_wanted_already(self, symbol: str) -> bool:
        waiting = (SignalState.ASKED, SignalState.KEPT)
        return any(
            signal.symbol == symbol and signal.side is Side.SELL and signal.state in waiting
            for signal in self.signals
        )

    # -- acting ---

    def _act(self, signal: Signal) -> None:
        if not self.may_act:
            self._put(signal, SignalState.DROPPED, Sentence("전략이 멈춰 있습니다."))
        elif signal.side is Side.BUY:
            # Judged in the task that sends: of several buys at once the next sees what the first reserves.
            self._scope.spawn(self._buy(signal), name=f"strategy buys {signal.symbol}")
        else:
            # In the services' own scope: a panel that closes, or the strategy's end, cancels no order.
            self._scope.spawn(self._sell(signal), name=f"strategy sells {signal.symbol}")

    async def _buy(self, signal: Signal) -> None:
        """Buy what the strategy's cash allows; nothing is awaited before the order stands among the open."""
        problem = self._buy_problem(signal.symbol)
        price = None if problem else self._price(signal.symbol, Side.BUY)
        if not problem and price is None:
            problem = Sentence("현재가를 몰라 사지 않았습니다.")
        if problem or price is None:
            self._put(signal, SignalState.DROPPED, problem)
            return
        payable = int(self.account.free_cash(self.open_orders()) / (price * Decimal("1.0005")))
        quantity = min(signal.quantity, payable)
        if quantity <= 0:
            self._put(signal, SignalState.DROPPED, Sentence("전략의 투자금이 모자라 사지 않았습니다."))
            return
        await self._submit(replace(signal, quantity=quantity), price)

    def _buy_problem(self, symbol: str) -> str:
        """Return why nothing is bought now, "" where it may be. What is not known is no reason to buy."""
        if self._portfolio.balance is None or self._portfolio.error:
            self._alarm(
                Sentence("잔고를 확인하지 못해 전략 '{title}'이(가) 사지 않습니다.", title=self.plan.title)
            )
            return Sentence("잔고를 확인하지 못해 사지 않았습니다.")
        if self.open_orders(symbol):
            return Sentence("이 종목에 전략의 주문이 아직 열려 있어 사지 않았습니다.")
        return ""

    async def _sell(self, signal: Signal) -> None:
        """Sell what the strategy holds; own open buys go first, an own open sale is repriced instead."""
        for order in self.open_orders(signal.symbol):
            if order.side is Side.BUY and order.order_number:
                await self._orders.cancel(order.key)
        selling = [order for order in self.open_orders(signal.symbol) if order.side is Side.SELL]
        if selling:
            await self._reprice(signal, selling[0])
            return
        self._note_what_a_person_sold(signal.symbol)
        quantity = min(signal.quantity, self.account.quantity(signal.symbol))
        if quantity <= 0:
            self._put(signal, SignalState.DROPPED, Sentence("전략이 가진 주식이 없습니다."))
            return
        price = self._price(signal.symbol, Side.SELL)
        if price is None:
            self._keep(signal, Sentence("현재가를 몰라 팔지 못했습니다. 다시 시도합니다."))
            return
        await self._submit(replace(signal, quantity=quantity), price)

    def _note_what_a_person_sold(self, symbol: str) -> None:
        """Where a complete account shows fewer shares than the strategy's, a person sold some of them."""
        if self._portfolio.balance is None or self._portfolio.error:
            return  # an error is not an empty account
        position = self._portfolio.position(symbol)
        missing = self.account.quantity(symbol) - (position.quantity if position is not None else 0)
        if missing > 0:
            price = self._market_data.state(symbol).price or Decimal(0)
            self.account.lose(symbol, missing, price)
            self._alarm(
                Sentence(
                    "전략 '{title}'의 {symbol} {count}주가 계좌에 없습니다. 다른 곳에서 판 것으로 봅니다.",
                    title=self.plan.title,
                    symbol=symbol,
                    count=missing,
                )
            )

    async def _reprice(self, signal: Signal, selling: Order) -> None:
        price = self._price(signal.symbol, Side.SELL)
        if price is not None and selling.price != price and selling.status.is_working:
            await self._orders.amend(selling.key, OrderKind.LIMIT, price)
        self._put(signal, SignalState.SENT, order_key=selling.key)

    async def _submit(self, signal: Signal, price: Decimal) -> None:
        if not self.may_act:
            self._put(signal, SignalState.DROPPED, Sentence("전략이 멈춰 있습니다."))
            return
        request = self._orders.new_request(
            signal.symbol,
            signal.side,
            OrderKind.LIMIT,
            signal.quantity,
            price,
            origin=Origin.STRATEGY,
            parent=ParentBudget(
                parent_id(self.plan.key, f"{self._run}-{signal.number}"), quantity=signal.quantity
            ),
        )
        if signal.number not in self._retries:
            self._sent_at.append(self._clock.monotonic())
        self._put(signal, SignalState.SENT, order_key=request.intent_id)
        order = await self._orders.submit(request)
        if order.status is OrderStatus.REJECTED:
            if signal.side is Side.SELL:
                self._keep(signal, order.reason)
            else:
                self._put(signal, SignalState.DROPPED, order.reason, order_key=order.key)
        self._changed()

    def _price(self, symbol: str, side: Side) -> Decimal | None:
        """Return a limit that executes now, some ticks past the last price; None where that is not known."""
        state = self._market_data.state(symbol)
        if state.price is None:
            return None
        instrument = self._instruments.get(symbol)
        kind = instrument.kind if instrument is not None else InstrumentKind.STOCK
        if side is Side.BUY:
            price = move_ticks(round_up_to_tick(state.price, kind), _PROTECTIVE_TICKS, kind)
            return min(price, state.upper_limit) if state.upper_limit is not None else price
        price = move_ticks(round_down_to_tick(state.price, kind), -_PROTECTIVE_TICKS, kind)
        return max(price, state.lower_limit) if state.lower_limit is not None else price

    # -- sales that could not leave ---

    def _keep(self, signal: Signal, words: str) -> None:
        """Keep a sale and try it again, ever more slowly, until it leaves or the strategy stops."""
        if not self.may_act:
            self._put(signal, SignalState.DROPPED, words)
            return
        if signal.number not in self._retries:
            self._alarm(
                Sentence(
                    "전략 '{title}'의 {symbol} 매도가 나가지 못했습니다({why}). 계속 시도합니다.",
                    title=self.plan.title,
                    symbol=signal.symbol,
                    why=words,
                )
            )
            self._retries[signal.number] = self._scope.spawn(
                self._retry(signal.number), name=f"strategy retries {signal.symbol}"
            )
        self._put(signal, SignalState.KEPT, words)

    async def _retry(self, number: int) -> None:
        delay = _FIRST_RETRY
        while True:
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_RETRY)
            signal = self._signal(number)
            if signal is None or signal.state is not SignalState.KEPT or not self.may_act:
                break
            # Not in this task: an order on its way must outlive whoever stops the retries.
            await asyncio.shield(
                self._scope.spawn(self._sell(signal), name=f"strategy sells {signal.symbol}")
            )
        self._retries.pop(number, None)

    def _forget_retry(self, number: int) -> None:
        retry = self._retries.pop(number, None)
        if retry is not None:
            retry.cancel()

    # -- signals ---

    def _signal(self, number: int) -> Signal | None:
        return next((signal for signal in self.signals if signal.number == number), None)

    def _put(self, signal: Signal, state: SignalState, words: str = "", order_key: str = "") -> None:
        """Keep what became of a signal."""
        for place, kept in enumerate(self.signals):
            if kept.number == signal.number:
                self.signals[place] = replace(
                    signal, state=state, words=words, order_key=order_key or kept.order_key
                )
                break
        self._changed()
