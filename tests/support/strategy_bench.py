"""Strategies on a desk at the embedded exchange whose minutes pass in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.strategy_host.process import StrategyProcess
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Order
from kis_terminal.domain.strategy.plan import LeftOrders, PlanSizing, RunState, StrategyMode, StrategyPlan
from kis_terminal.services.strategies import Strategies
from kis_terminal.services.strategy_account import strategy_of
from kis_terminal.services.tasks import TaskScope
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, Case, opened
from tests.support.trading_desk import until

SPEED = 60.0
FAST = replace(SimulatorOptions(), seed=7, is_limited=False, speed=SPEED)

_PATIENCE = Patience(answer=2.0, paced_attempts=1, first_pause=0.05)

HEAD = "from kis_terminal.domain.strategy.contract import Strategy\n\n\nclass Own(Strategy):\n"


def source(body: str) -> str:
    """Return a strategy file with the methods of `body`."""
    lines = [f"    {line}" if line else "" for line in body.strip("\n").splitlines()]
    return HEAD + "\n".join(lines) + "\n"


def plan(body: str, **changes: object) -> StrategyPlan:
    """Return a plan for one share of 삼성전자 by minutes."""
    made = StrategyPlan(
        key="",
        title="시험",
        name="own.py",
        text=source(body),
        kind="python",
        symbols=(SAMSUNG,),
        interval=Interval.MINUTE_1,
        mode=StrategyMode.AUTOMATIC,
        sizing=PlanSizing.SHARES,
        size=3.0,
        budget=Decimal(50_000_000),
        left_orders=LeftOrders.CANCEL,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class StrategyBench:
    """The strategies of a case and what they told the person."""

    case: Case
    strategies: Strategies
    hosts: list[StrategyProcess]
    store_path: Path
    told: list[tuple[str, str]] = field(default_factory=list)

    def start(self, made: StrategyPlan) -> str:
        """Add and start a plan; return its key."""
        key = self.strategies.add(made)
        self.strategies.start(key)
        return key

    def state(self, key: str) -> RunState:
        return self.strategies.view(key).state

    def log(self, key: str) -> str:
        return "\n".join(self.strategies.view(key).log)

    async def runs(self, key: str) -> None:
        """Wait until a strategy runs; say why it does not."""
        await until(lambda: self.state(key) not in (RunState.WAITING, RunState.STARTING), 20.0)
        assert self.state(key) is RunState.RUNNING, self.log(key)

    async def suspended(self, key: str, seconds: float = 20.0) -> None:
        await until(lambda: self.state(key) is RunState.SUSPENDED, seconds)

    def own_orders(self, key: str) -> tuple[Order, ...]:
        """Return the orders that came from a strategy."""
        return tuple(order for order in self.case.desk.orders.all() if strategy_of(order) == key)


@asynccontextmanager
async def strategy_bench(
    folder: Path, options: SimulatorOptions = FAST, environment: Environment = Environment.SIM
) -> AsyncIterator[StrategyBench]:
    """Give strategies that run; every process is gone afterwards."""
    async with (
        running_exchange(options) as exchange,
        opened(exchange, exchange.access(), folder, _PATIENCE) as case,
    ):
        case.widen_limits()
        scope = TaskScope("strategies")
        hosts: list[StrategyProcess] = []
        told: list[tuple[str, str]] = []

        def start_host(on_message: Callable[..., None], on_end: Callable[[str], None]) -> StrategyProcess:
            host = StrategyProcess(on_message, on_end)
            hosts.append(host)
            return host

        desk = case.desk
        strategies = Strategies(
            environment,
            desk.orders,
            desk.portfolio,
            desk.risk_gate,
            desk.market_data,
            desk.history,
            desk.instruments,
            SystemClock(),
            FileWorkspaceStore(folder / "strategies.json"),
            scope,
            start_host,
            lambda grade, words: told.append((grade, words)),
        )
        strategies.watch()
        try:
            yield StrategyBench(case, strategies, hosts, folder / "strategies.json", told)
        finally:
            await strategies.close()
            await scope.close()
            await asyncio.gather(*(host.close() for host in hosts))
