"""The window's bars, made when somebody asks first: numpy and the store's process stay out of the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from kis_terminal.domain.bar_columns import BarColumns, LoadReport, SeriesKey
    from kis_terminal.services.bars.library import BarLibrary


class LateLibrary:
    """Gives the one BarLibrary of the window."""

    def __init__(self, build: Callable[[], BarLibrary]) -> None:
        """`build` runs in the loop's thread, after its modules have been loaded beside it."""
        self._build = build
        self._turn = asyncio.Lock()
        self._library: BarLibrary | None = None

    @property
    def ready(self) -> BarLibrary | None:
        """Return the library if somebody has asked for it already."""
        return self._library

    async def get(self) -> BarLibrary:
        """Return the library."""
        async with self._turn:
            if self._library is None:
                await asyncio.to_thread(import_module, "kis_terminal.services.bars.library")
                self._library = self._build()
        return self._library

    async def load(self, key: SeriesKey, start: date, end: date) -> tuple[BarColumns, LoadReport]:
        """Return bars through the cache; raises TerminalError."""
        return await (await self.get()).load(key, start, end)
