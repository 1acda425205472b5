"""Strategies of the market put together: services, processes, the account's file, whose code is trusted."""

from __future__ import annotations

from collections.abc import Callable

from kis_terminal.account_files import strategies_path
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.strategy_files.trust import TRUST_FILE, TrustStore, digest_of
from kis_terminal.adapters.strategy_host.process import StrategyProcess
from kis_terminal.domain.strategy.plan import StrategyPlan
from kis_terminal.services.strategies import Strategies
from kis_terminal.settings import HomePaths, KisAccess
from kis_terminal.trading_core import TradingCore

Tell = Callable[[str, str], object]


class MarketStrategies:
    """Own the strategies of one account while its window is open."""

    def __init__(self, core: TradingCore, access: KisAccess, home: HomePaths, tell: Tell) -> None:
        """Read what was set up; nothing starts."""
        self._trust = TrustStore(home.data / TRUST_FILE)
        self._clock = core.clock
        self._processes: list[StrategyProcess] = []
        self.strategies = Strategies(
            access.environment,
            core.orders,
            core.portfolio,
            core.risk_gate,
            core.market_data,
            core.history,
            core.instruments,
            core.clock,
            FileWorkspaceStore(strategies_path(access, home), waits_for_disk=False),
            core.scope,
            self._start,
            tell,
            self._is_trusted,
        )

    def _start(self, on_message: Callable[..., None], on_end: Callable[[str], None]) -> StrategyProcess:
        process = StrategyProcess(on_message, on_end)
        self._processes = [*self._processes[-20:], process]
        return process

    def _is_trusted(self, plan: StrategyPlan) -> bool:
        return self._trust.is_trusted(digest_of(plan.text))

    def trust(self, name: str, text: str) -> None:
        """Let Python code run from now on, this very text; raises TerminalError."""
        self._trust.trust(digest_of(text), name, self._clock.now())

    async def close(self) -> None:
        """End every process and wait for it."""
        await self.strategies.close()
        for process in self._processes:
            await process.close()
