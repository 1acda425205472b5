"""Strategies in the market: set up, started, stopped, watched. Every order goes the one order path.

No strategy acts before orders and account are known once. A latch that falls stops them all before anything
else happens. None starts by itself with the program.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Order
from kis_terminal.domain.risk import TradingState
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.plan import (
    MODE_WORDS,
    LeftOrders,
    RunState,
    Signal,
    StrategyMode,
    StrategyPlan,
    Value,
)
from kis_terminal.ports import Clock, StartsHosts, WorkspaceStore
from kis_terminal.services.history import History
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.strategy_account import StrategyAccount, strategy_of
from kis_terminal.services.strategy_bars import Completed, FollowsBars, StrategyBars
from kis_terminal.services.strategy_run import StrategyRun
from kis_terminal.services.strategy_shelf import StrategyShelf
from kis_terminal.services.strategy_trader import StrategyTrader
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
Tell = Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class StrategyView:
    """A strategy as a panel shows it."""

    plan: StrategyPlan
    state: RunState
    reason: str
    is_armed: bool
    holdings: Mapping[str, tuple[int, Decimal]]
    cash: Decimal
    realised: Decimal
    open_orders: int
    signals: Sequence[Signal]
    log: Sequence[str]
    shown: Mapping[str, str]
    parameters: Mapping[str, str]
    """Every parameter with its value, as far as the strategy has told them."""
    judged_at: int | None


class Strategies:
    """Own the plans and what runs of them. Topics: `changed` (the key of a plan; "" for the list)."""

    def __init__(
        self,
        environment: Environment,
        orders: Orders,
        portfolio: Portfolio,
        risk_gate: RiskGate,
        market_data: MarketData,
        history: History,
        instruments: Instruments,
        clock: Clock,
        store: WorkspaceStore,
        scope: TaskScope,
        start_host: StartsHosts,
        tell: Tell,
        is_trusted: Callable[[StrategyPlan], bool] = lambda plan: True,
        new_bars: Callable[[Interval, Completed], FollowsBars] | None = None,
    ) -> None:
        """`store` is the account's own; `tell` says a sentence with a grade (info, warn, danger).

        `is_trusted` tells whether a person said that this very code may run; `new_bars` gives a strategy its
        bars where they are not those of the charts.
        """
        self.changed: Topic[str] = Topic("strategy")
        self._environment = environment
        self._orders = orders
        self._portfolio = portfolio
        self._risk = risk_gate
        self._market_data = market_data
        self._new_bars = new_bars or (
            lambda interval, completed: StrategyBars(interval, history, market_data, completed)
        )
        self._instruments = instruments
        self._clock = clock
        self._shelf = StrategyShelf(store, tell)
        self._scope = scope
        self._start_host = start_host
        self._tell = tell
        self._is_trusted = is_trusted
        self._runs: dict[str, StrategyRun] = {}
        self._armed: set[str] = set()
        self._unwanted: set[str] = set()
        """Orders to cancel whose number is not known yet: they are on their way, or without an answer."""
        for plan in self._shelf.plans():
            self._runs[plan.key] = self._new_run(plan, self._shelf.account_text(plan.key))
        orders.changed.subscribe(self._order_changed)
        risk_gate.state_changed.subscribe(self._state_changed)

    def watch(self) -> None:
        """Look after the running ones from now on."""
        self._scope.spawn(self._look(), name="strategies")

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for run in list(self._runs.values()):
                run.look()

    # -- reading ---

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of all plans in the order in which they were added."""
        return tuple(self._runs)

    def view(self, key: str) -> StrategyView:
        """Return a strategy as it stands; raises KeyError."""
        run = self._runs[key]
        account = run.trader.account
        return StrategyView(
            run.plan,
            run.state,
            run.reason,
            self._is_armed(run.plan),
            dict(account.holdings),
            account.cash,
            account.realised,
            len(run.trader.open_orders()),
            tuple(run.trader.signals),
            tuple(run.log),
            dict(run.shown),
            dict(run.parameters),
            run.judged_at,
        )

    def open_orders(self, key: str) -> tuple[Order, ...]:
        """Return the open orders of a strategy."""
        return self._runs[key].trader.open_orders()

    # -- setting up ---

    def add(self, plan: StrategyPlan) -> str:
        """Keep a new plan, stopped; return its key. Raises TerminalError (unknown symbol, full disk)."""
        self._check_symbols(plan)
        plan = replace(plan, key=uuid.uuid4().hex[:12])
        self._runs[plan.key] = self._new_run(plan, kept=None)
        self._save()
        self.changed.publish("")
        return plan.key

    def change(self, plan: StrategyPlan) -> None:
        """Put other settings in force. A running strategy begins anew with them; its orders stay."""
        self._check_symbols(plan)
        run = self._runs[plan.key]
        was = run.plan
        run.trader.account.change_budget(plan.budget)
        run.trader.plan = plan
        is_same_run = plan == replace(
            was,
            mode=plan.mode,
            left_orders=plan.left_orders,
            budget=plan.budget,
            orders_a_minute=plan.orders_a_minute,
        )
        if was.mode is not plan.mode:
            self._armed.discard(plan.key)
            run.say(Sentence("방식을 바꿨습니다: {mode}", mode=MODE_WORDS[plan.mode]))
            run.trader.may_act = run.state is RunState.RUNNING and plan.mode is not StrategyMode.SIGNALS
        if run.state.is_alive and not is_same_run:
            run.say(Sentence("설정을 바꿔 다시 시작합니다."))
            run.stop()
            run.start()
        self._save()
        self.changed.publish(plan.key)

    def change_parameters(self, key: str, parameters: Mapping[str, Value]) -> None:
        """Give a strategy other values; a running one begins anew with them."""
        self.change(self._runs[key].plan.with_parameters(parameters))

    def remove(self, key: str, orders: LeftOrders | None = None) -> bool:
        """Stop and forget a strategy; False, and nothing done, where `orders` must be decided first."""
        if not self.stop(key, orders):
            return False
        run = self._runs.pop(key)
        self._armed.discard(key)
        if run.trader.account.holdings:
            held = ", ".join(f"{symbol} {held}" for symbol, (held, _) in run.trader.account.holdings.items())
            self._tell(
                "warn",
                Sentence(
                    "지운 전략 '{title}'의 주식은 계좌에 남습니다: {held}", title=run.plan.title, held=held
                ),
            )
        self._save()
        self.changed.publish("")
        return True

    # -- running ---

    def arm(self, key: str, *, is_armed: bool) -> None:
        """Let an automatic strategy send orders of real money, or ask for each; lost at a restart."""
        (self._armed.add if is_armed else self._armed.discard)(key)
        self._apply_arming(self._runs[key])
        self.changed.publish(key)

    def start(self, key: str) -> None:
        """Start a strategy; it waits until orders and account are known. Raises CorrectionNeeded."""
        run = self._runs[key]
        if self._risk.is_halted:
            raise CorrectionNeeded(
                Sentence(
                    "전체취소·정지로 주문이 잠겨 있어 전략을 시작하지 않았습니다. 먼저 잠금을 해제하십시오."
                )
            )
        self._check_symbols(run.plan)
        if run.plan.kind == "python" and not self._is_trusted(run.plan):
            raise CorrectionNeeded(
                Sentence(
                    "{name}의 이 내용은 믿는다고 한 적이 없어 실행하지 않습니다. 지우고 다시 추가하십시오.",
                    name=run.plan.name,
                )
            )
        self._apply_arming(run)
        run.start()

    def stop(self, key: str, orders: LeftOrders | None = None) -> bool:
        """Stop a strategy; False where it has open orders and `orders` does not say what becomes of them.

        Until that is decided it goes on, but nothing new of it leaves.
        """
        run = self._runs[key]
        if run.trader.open_orders() and orders is None:
            run.trader.may_act = False
            return False
        if run.state.is_alive:
            run.stop()
            run.say(Sentence("멈췄습니다."))
        elif run.state is RunState.SUSPENDED:
            run.stop()
        if orders is LeftOrders.CANCEL:
            self._cancel_open(run)
        return True

    def _cancel_open(self, run: StrategyRun) -> int:
        """Cancel the open orders of a strategy, those without a number as soon as they have one."""
        open_orders = run.trader.open_orders()
        for order in open_orders:
            if order.order_number:
                self._orders.cancel_soon(order.key)
            else:
                self._unwanted.add(order.key)
        return len(open_orders)

    def go_on(self, key: str) -> None:
        """Let a strategy act again after a stop that was not decided."""
        run = self._runs[key]
        run.trader.may_act = run.state is RunState.RUNNING and run.plan.mode is not StrategyMode.SIGNALS

    def stop_all(self, reason: str) -> None:
        """End every running strategy at once; their orders are left to whoever calls."""
        for run in self._runs.values():
            if run.state.is_alive:
                run.stop()
                run.say(reason)

    def approve(self, key: str, number: int) -> bool:
        """Let a waiting order of a strategy go; return whether it was still waiting."""
        return self._runs[key].trader.approve(number)

    def decline(self, key: str, number: int) -> None:
        """Let a waiting order of a strategy go nowhere."""
        self._runs[key].trader.decline(number)

    # -- what happens ---

    def _state_changed(self, state: TradingState) -> None:
        if state is TradingState.HALTED:
            self.stop_all(Sentence("전체취소·정지로 멈췄습니다."))

    def _order_changed(self, order: Order) -> None:
        if order.key in self._unwanted and (order.order_number or order.status.is_done):
            self._unwanted.discard(order.key)
            if not order.status.is_done:
                self._orders.cancel_soon(order.key)
        key = strategy_of(order)
        run = self._runs.get(key)
        if run is None:
            return
        fill = run.trader.account.take_order(order)
        if fill is not None:
            self._shelf.save_account(key, run.trader.account)
            run.tell_fill(order, float(fill.price), fill.quantity, float(fill.commission), float(fill.tax))
        self.changed.publish(key)

    def _suspended(self, key: str, reason: str) -> None:
        """Treat the orders of a strategy that failed as its plan says, and tell the person."""
        run = self._runs.get(key)
        if run is None:
            return
        left = run.trader.open_orders()
        words = Sentence("전략 '{title}'을(를) 멈췄습니다: {reason}", title=run.plan.title, reason=reason)
        self._tell("danger", words)
        if left and run.plan.left_orders is LeftOrders.CANCEL:
            run.say(Sentence("열린 주문 {count}건을 취소합니다.", count=self._cancel_open(run)))
        elif left:
            run.say(Sentence("열린 주문 {count}건을 그대로 둡니다.", count=len(left)))

    def _is_ready(self) -> bool:
        return self._orders.is_reconciled and self._portfolio.balance is not None

    def _is_armed(self, plan: StrategyPlan) -> bool:
        return self._environment is not Environment.REAL or plan.key in self._armed

    def _apply_arming(self, run: StrategyRun) -> None:
        run.trader.is_armed = self._is_armed(run.plan)

    def _check_symbols(self, plan: StrategyPlan) -> None:
        if not len(self._instruments):
            return  # the master has not come yet; the gate refuses unknown symbols
        for symbol in plan.symbols:
            if self._instruments.get(symbol) is None:
                raise CorrectionNeeded(Sentence("{symbol}은(는) 오늘의 종목 목록에 없습니다.", symbol=symbol))

    # -- keeping ---

    def _new_run(self, plan: StrategyPlan, kept: str | None) -> StrategyRun:
        account = StrategyAccount(plan.budget, self._instruments, self._clock, kept)
        if account.is_damaged:
            self._tell(
                "danger",
                Sentence(
                    "전략 '{title}'의 보유 기록을 읽을 수 없습니다. 전략은 아무것도 없는 것으로 시작합니다.",
                    title=plan.title,
                ),
            )
        key = plan.key
        trader = StrategyTrader(
            plan,
            account,
            self._orders,
            self._portfolio,
            self._risk,
            self._market_data,
            self._instruments,
            self._clock,
            self._scope,
            changed=lambda: self.changed.publish(key),
            alarm=lambda words: self._tell("danger", words),
        )
        return StrategyRun(
            trader,
            self._start_host,
            self._new_bars,
            self._clock,
            self._scope,
            is_ready=self._is_ready,
            changed=lambda: self.changed.publish(key),
            suspended=lambda reason: self._suspended(key, reason),
        )

    def _save(self) -> None:
        self._shelf.save((run.plan, run.trader.account) for run in self._runs.values())

    async def close(self) -> None:
        """End every process; orders stay at the broker, as all orders do."""
        self.stop_all(Sentence("프로그램을 끝내며 멈췄습니다."))
