"""The only place that creates asyncio tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from kis_terminal.domain.errors import TerminalError

log = logging.getLogger(__name__)

FailureHandler = Callable[[str, BaseException], None]

URGENT: ContextVar[bool] = ContextVar("urgent", default=False)
"""Set in the context of a task whose steps the window's loop runs before all others: an order on its way."""


class TaskScope:
    """Own tasks: strong references, names, failures reported, all cancelled on `close()`.

    `on_failure(name, error)` is called once for each task that raised; without it the failure is logged.
    """

    def __init__(self, name: str, on_failure: FailureHandler | None = None) -> None:
        self.name = name
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[Any]] = set()
        self._keyed: dict[str, asyncio.Task[Any]] = {}
        self._is_closed = False

    @property
    def running(self) -> int:
        """Return how many tasks have not ended."""
        return len(self._tasks)

    @property
    def is_closed(self) -> bool:
        """Tell whether no task is started any more."""
        return self._is_closed

    def spawn(
        self,
        work: Coroutine[Any, Any, Any],
        *,
        name: str,
        replaces: str | None = None,
        is_urgent: bool = False,
    ) -> asyncio.Task[Any]:
        """Start a task; with `replaces`, cancel the earlier task of that key so a late answer never wins."""
        if self._is_closed:
            work.close()
            raise RuntimeError(f"task scope {self.name} is closed; {name} was not started")
        if replaces is not None and (earlier := self._keyed.pop(replaces, None)) is not None:
            earlier.cancel()
        context = copy_context()
        context.run(URGENT.set, is_urgent)
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name}:{name}", context=context)
        self._tasks.add(task)
        if replaces is not None:
            self._keyed[replaces] = task
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        for key in [key for key, kept in self._keyed.items() if kept is task]:
            del self._keyed[key]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)
        elif isinstance(error, TerminalError):
            log.warning("%s: %s", task.get_name(), error)
        else:
            log.error("%s failed", task.get_name(), exc_info=error)

    async def close(self, timeout: float = 3.0) -> None:
        """Cancel every task and wait for it; tasks that do not stop in time are named in the log."""
        self._is_closed = True
        current = asyncio.current_task()
        waiting = {task for task in self._tasks if task is not current}
        for task in waiting:
            task.cancel()
        if waiting:
            _, stuck = await asyncio.wait(waiting, timeout=timeout)
            for task in stuck:
                log.error("task %s did not stop within %.1f s", task.get_name(), timeout)
