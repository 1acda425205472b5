"""Strategies on a desk at the embedded exchange whose minutes pass in seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
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
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.plan import LeftOrders, RunState, StrategyMode, StrategyPlan
from kis_terminal.services.orders import Orders
from kis_terminal.services.strategies import Strategies
from kis_terminal.services.strategy_account import strategy_of
from kis_terminal.services.strategy_bars import Completed, Rows
from kis_terminal.services.tasks import TaskScope
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, Case, opened
from tests.support.trading_desk import until

PLAIN = replace(SimulatorOptions(), seed=7, is_limited=False)
FAST = replace(PLAIN, speed=30.0)
"""A minute in two seconds, for strategies that follow the exchange's own bars."""
_BAR_SECONDS = 0.4
_FIRST_BAR = 1_790_000_040

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
        sizing=SizingKind.SHARES,
        size=3.0,
        budget=Decimal(50_000_000),
        left_orders=LeftOrders.CANCEL,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class QuickBars:
    """Completes a bar every 0.4 seconds: the exchange need not be hurried for it."""

    def __init__(self, completed: Completed) -> None:
        self._completed = completed
        self._symbols: Sequence[str] = ()
        self._count = 60
        self._due = 0.0

    async def follow(self, symbols: Sequence[str]) -> dict[str, Rows]:
        """Return an hour of bars."""
        self._symbols = symbols
        return {symbol: [self._row(i) for i in range(self._count)] for symbol in symbols}

    @staticmethod
    def _row(number: int) -> list[float]:
        return [_FIRST_BAR + 60 * number, 80_000.0, 80_100.0, 79_900.0, 80_000.0 + number % 7, 1000.0]

    def look(self) -> None:
        """Complete a bar of each symbol when it is time; asked while the strategy runs."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _BAR_SECONDS
            for symbol in self._symbols:
                self._completed(symbol, [self._row(self._count)], True)
            self._count += 1

    def close(self) -> None:
        """Give no more."""
        self._symbols = ()


class StrategyBench:
    """The strategies of a case and what they told the person."""

    def __init__(
        self, case: Case, environment: Environment, scope: TaskScope, path: Path, *, is_quick: bool
    ) -> None:
        self.case = case
        self._is_quick = is_quick
        self.environment = environment
        self.hosts: list[StrategyProcess] = []
        self.told: list[tuple[str, str]] = []
        self.strategies = self.another(case.desk.orders, scope, path)

    def another(self, orders: Orders, scope: TaskScope, path: Path) -> Strategies:
        """Return strategies over other orders or another file, watched."""
        desk = self.case.desk
        made = Strategies(
            self.environment,
            orders,
            desk.portfolio,
            desk.risk_gate,
            desk.market_data,
            desk.history,
            desk.instruments,
            SystemClock(),
            FileWorkspaceStore(path),
            scope,
            self._start_host,
            lambda grade, words: self.told.append((grade, words)),
            new_bars=(lambda interval, completed: QuickBars(completed)) if self._is_quick else None,
        )
        made.watch()
        return made

    def _start_host(self, on_message: Callable[..., None], on_end: Callable[[str], None]) -> StrategyProcess:
        self.hosts.append(StrategyProcess(on_message, on_end))
        return self.hosts[-1]

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
    folder: Path, options: SimulatorOptions = PLAIN, environment: Environment = Environment.SIM
) -> AsyncIterator[StrategyBench]:
    """Give strategies that run; every process is gone afterwards."""
    async with (
        running_exchange(options) as exchange,
        opened(exchange, exchange.access(), folder, _PATIENCE) as case,
    ):
        case.widen_limits()
        scope = TaskScope("strategies")
        bench = StrategyBench(case, environment, scope, folder / "strategies.json", is_quick=options is PLAIN)
        try:
            yield bench
        finally:
            await bench.strategies.close()
            await scope.close()
            await asyncio.gather(*(host.close() for host in bench.hosts))
