"""Processes beside the window and the records of what they computed.

Implementations: `adapters/backtest_process`, `adapters/storage` (RunStore), `adapters/strategy_host`,
`adapters/rehearsal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    # numpy costs 150 ms: not before the window is up.
    from kis_terminal.domain.backtest_work import RunRecord, Work, WorkProgress


T = TypeVar("T")


class BacktestWorker(Protocol):
    """A process that computes for the window, one work after the other."""

    @property
    def generation(self) -> int:
        """Return a number that changes when the process was replaced: what it kept is gone."""
        ...

    def warm(self) -> None:
        """Start the process before the first work; returns at once."""
        ...

    async def do(self, work: Work[T], on_progress: Callable[[WorkProgress], None] | None = None) -> T:
        """Return the answer; raises TerminalError. Cancelling the caller kills the process at once."""
        ...

    async def close(self) -> None: ...


class RunStore(Protocol):
    """Records of backtests on disk, a bounded number of them; raises StoreUnavailable."""

    async def add(self, record: RunRecord) -> None: ...

    async def all(self) -> Sequence[RunRecord]:
        """Return the records, newest first."""
        ...

    async def delete(self, identifiers: Sequence[str]) -> None: ...


class RehearsalRunner(Protocol):
    """Rehearses a panic in a process of its own, on an exchange of its own."""

    async def run(self, language: str, on_line: Callable[[str], None]) -> str:
        """Return the command's JSON; raises TerminalError. `on_line` gets its lines for people."""
        ...


class StrategyHost(Protocol):
    """A process of its own that runs one strategy of the market; messages as in `host_messages`."""

    def send(self, message: Mapping[str, object]) -> None:
        """Hand a message over; never waits."""
        ...

    def kill(self) -> None:
        """End it at once; never waits. May be called twice."""
        ...

    async def close(self) -> None: ...


class StartsHosts(Protocol):
    """Starts a process for a strategy: `on_message` gets answers, `on_end` why it ended by itself."""

    def __call__(
        self, on_message: Callable[[Mapping[str, Any]], None], on_end: Callable[[str], None]
    ) -> StrategyHost:
        """Return the running process; raises TerminalError."""
        ...
