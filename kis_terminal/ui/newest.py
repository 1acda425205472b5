"""A work that follows what a person changes: one at a time, and the last one always with the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from kis_terminal.services.tasks import TaskScope


class Newest:
    """Do `work` whenever it is wanted; wishes that come meanwhile are one wish for afterwards."""

    def __init__(self, scope: TaskScope, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._scope, self._work, self._name = scope, work, name
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a work is under way or wanted."""
        return self._task is not None and not self._task.done()

    def want(self) -> None:
        """Have the work done with what is there now."""
        self._is_wanted = True
        if not self.is_busy:
            self._task = self._scope.spawn(self._go(), name=self._name)

    async def _go(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            await self._work()
