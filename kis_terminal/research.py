"""What the window needs beside trading: bars through the cache, backtests. Built when first asked for.

numpy, the store's process and the worker come with it, none of which the window's start may wait for.
"""

from __future__ import annotations

import logging
import threading
from datetime import date
from typing import TYPE_CHECKING

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.made_up_market import MadeUpMarket
from kis_terminal.services.bars.late import LateLibrary
from kis_terminal.services.share_changes import ShareChange
from kis_terminal.services.tasks import TaskScope
from kis_terminal.settings import Settings
from kis_terminal.trading_core import TradingCore

if TYPE_CHECKING:
    from kis_terminal.adapters.storage.bar_process import BarStoreProcess
    from kis_terminal.services.backtests import Backtests
    from kis_terminal.services.bars.library import BarLibrary
    from kis_terminal.services.bars.loader import BarLoader

log = logging.getLogger(__name__)


class Research:
    """Own the window's one bar loader, its store and the backtests. The builders may run in a thread."""

    def __init__(
        self, core: TradingCore, settings: Settings, scope: TaskScope, made_up: MadeUpMarket | None = None
    ) -> None:
        """`scope` holds the fetches of the window; `made_up` is what the embedded exchange plays."""
        self._core = core
        self._made_up = made_up
        self._scope = scope
        self.bars = LateLibrary(self._library)
        core.history.stored = self.bars
        core.share_changes.noticed.subscribe(self._shares_changed)
        self._settings = settings
        self._lock = threading.RLock()
        self._store: BarStoreProcess | None = None
        self._loader: BarLoader | None = None
        self._backtests: Backtests | None = None

    def today(self) -> date:
        """Return the day by the broker's clock."""
        return self._core.clock.now().date()

    def store(self) -> BarStoreProcess:
        """Return the store of bars; its process starts with its first use."""
        from kis_terminal.adapters.storage.bar_place import realm_of, store_place
        from kis_terminal.adapters.storage.bar_process import BarStoreProcess

        with self._lock:
            if self._store is None:
                url = self._settings.database_url
                place = store_place(None if url is None else url.reveal(), self._settings.home.data)
                realm = realm_of(self._settings.environment, self._made_up)
                self._store = BarStoreProcess(place, realm)
            return self._store

    def loader(self) -> BarLoader:
        """Return the loader: memory, store, then KIS at the lowest priority."""
        from kis_terminal.adapters.kis.bar_source import KisBarSource
        from kis_terminal.adapters.storage.bar_place import realm_of
        from kis_terminal.services.bars.loader import BarLoader
        from kis_terminal.services.bars.shared import SHARED_SECONDS, SharedLive

        with self._lock:
            if self._loader is None:
                core = self._core
                source = KisBarSource(core.broker.client, core.clock)
                realm = realm_of(self._settings.environment, self._made_up)
                shared = SharedLive(core.cache, realm, SHARED_SECONDS) if core.cache is not None else None
                settled_until = self._made_up.settled_until if self._made_up is not None else None
                self._loader = BarLoader(
                    source, self.store(), core.clock, shared=shared, settled_until=settled_until
                )
            return self._loader

    def _library(self) -> BarLibrary:
        from kis_terminal.adapters.bar_files.process import BarFileProcess
        from kis_terminal.services.bars.library import BarLibrary

        is_made_up = self._settings.environment is Environment.SIM
        return BarLibrary(
            self.store(),
            self.loader(),
            BarFileProcess(),
            self._core.clock,
            self._scope,
            is_made_up=is_made_up,
        )

    def backtests(self) -> Backtests:
        """Return the backtests, whose worker starts when their panel is first seen."""
        from kis_terminal.adapters.backtest_process.client import BacktestProcess
        from kis_terminal.adapters.storage.backtest_runs import FolderRunStore
        from kis_terminal.services.backtests import Backtests

        with self._lock:
            if self._backtests is None:
                runs = FolderRunStore(self._settings.home.data / "backtests")
                core = self._core
                self._backtests = Backtests(
                    BacktestProcess(),
                    self.loader(),
                    core.instruments,
                    runs,
                    core.clock,
                    data_folder=self._settings.home.data,
                )
            return self._backtests

    def _shares_changed(self, change: ShareChange) -> None:
        self._scope.spawn(self._forget_adjusted(change.symbol), name=f"bars of {change.symbol}")

    async def _forget_adjusted(self, symbol: str) -> None:
        """Drop the adjusted bars of a symbol whose shares were split or merged: KIS tells them anew."""
        library = await self.bars.get()
        try:
            keys = [status.key for status in await library.series()]
        except StoreUnavailable as error:
            log.warning("bars of %s are not dropped after its split: %s", symbol, error)
            return
        wanted = [key for key in keys if key.symbol == symbol and key.is_adjusted]
        if wanted and (why := await library.forget(wanted)):
            log.warning("bars of %s are not dropped after its split: %s", symbol, why)

    async def close(self) -> None:
        """End worker and store."""
        if self._backtests is not None:
            await self._backtests.close()
        if self._store is not None:
            await self._store.close()
