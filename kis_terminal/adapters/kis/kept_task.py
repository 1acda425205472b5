"""A task that is not to end: a bug is reported, and it is started again, ever later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
"""Seconds before it is started again; a failure that follows soon doubles them."""

OnFailure = Callable[[str, BaseException], None]


class KeptTask:
    """Own one task; `stop` ends it for good.

    on_failure(name, error): told every bug. on_lost: called after it, e.g. to give up what nobody keeps now.
    """

    def __init__(
        self, name: str, work: Callable[[], Coroutine[None, None, None]], on_lost: Callable[[], None]
    ) -> None:
        self._name = name
        self._work = work
        self._on_lost = on_lost
        self._on_failure: OnFailure | None = None
        self._task: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._delay = _FIRST_DELAY
        self._began = 0.0

    @property
    def is_kept(self) -> bool:
        """Tell whether it was started and not stopped, though it may wait to be started again."""
        return self._task is not None

    def start(self, on_failure: OnFailure) -> None:
        """Begin; once, until `stop`."""
        self._on_failure = on_failure
        self._delay = _FIRST_DELAY
        self._begin()

    async def stop(self) -> None:
        """End it and wait until it has ended; may be called twice."""
        task, self._task = self._task, None
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._again = None
        self._began = loop.time()
        self._task = loop.create_task(self._work(), name=self._name)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._task is task:
            # Also after a cancellation that nobody here asked for: a library's own came through.
            loop = asyncio.get_running_loop()
            if loop.time() - self._began > _LONGEST_DELAY:
                self._delay = _FIRST_DELAY
            self._again = loop.call_later(self._delay, self._begin)
            self._delay = min(_LONGEST_DELAY, 2 * self._delay)
        if error is not None and self._on_failure is not None:
            self._on_failure(self._name, error)
        if self._again is not None:
            self._on_lost()
