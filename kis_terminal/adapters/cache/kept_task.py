"""A task of the cache's that is not to end: a bug is logged, and it is started again, ever later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
"""Seconds before it is started again; a failure that follows soon doubles them."""
_CANCEL_SECONDS = 0.2


class KeptTask:
    """Own one task; `stop` ends it for good. `on_lost` is called after a bug."""

    def __init__(
        self,
        name: str,
        work: Callable[[], Coroutine[None, None, None]],
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._work = work
        self._on_lost = on_lost
        self._task: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._delay = _FIRST_DELAY
        self._began = 0.0

    @property
    def is_kept(self) -> bool:
        """Tell whether it was started and not stopped, though it may wait to be started again."""
        return self._task is not None

    def start(self) -> None:
        """Begin; once, until `stop`."""
        self._delay = _FIRST_DELAY
        self._begin()

    async def stop(self) -> None:
        """End it and wait until it has ended; may be called twice."""
        task, self._task = self._task, None
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if task is not None and not task.done():
            await end_tasks({task})

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._again = None
        self._began = loop.time()
        self._task = loop.create_task(self._work(), name=self._name)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("%s failed", self._name, exc_info=error)
        if self._task is not task or (error is None and not task.cancelled()):
            return  # stopped, or it has come to its end by itself
        loop = asyncio.get_running_loop()
        if loop.time() - self._began > _LONGEST_DELAY:
            self._delay = _FIRST_DELAY
        self._again = loop.call_later(self._delay, self._begin)
        self._delay = min(_LONGEST_DELAY, 2 * self._delay)
        self._on_lost()


async def end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: the library can swallow a cancellation."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
