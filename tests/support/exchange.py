"""The embedded exchange for tests: in this process, on free ports of loopback, ended by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.server import SimulatorServer
from kis_terminal.domain.environment import Environment
from kis_terminal.settings import KisAccess, Secret


@dataclass(frozen=True)
class RunningExchange:
    """A started exchange and where it listens."""

    server: SimulatorServer

    def access(
        self, environment: Environment = Environment.SIM, *, cano: str = "50000101", product: str = "01"
    ) -> KisAccess:
        """Return access to its real-like host, or for `paper` to its paper-like one."""
        is_paper = environment is Environment.PAPER
        rest = str(self.server.addresses["paper_rest" if is_paper else "rest"])
        return KisAccess(
            environment=environment,
            rest_url=rest,
            ws_url=str(self.server.addresses["paper_ws" if is_paper else "ws"]),
            master_url=f"{rest}/common/master",
            appkey=Secret(f"PS{environment.value}".ljust(36, "0")),
            appsecret=Secret("s" * 180),
            hts_id="tester",
            cano=cano,
            product=product,
        )


@asynccontextmanager
async def running_exchange(options: SimulatorOptions | None = None) -> AsyncIterator[RunningExchange]:
    """Run the exchange for the time of a `with` block; without `options`, unlimited and seeded."""
    server = SimulatorServer(options or replace(SimulatorOptions(), seed=7, is_limited=False))
    await server.start()
    try:
        yield RunningExchange(server)
    finally:
        await server.close()
