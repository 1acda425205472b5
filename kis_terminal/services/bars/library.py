"""What the window does with the bar store: lists it, fetches, takes files in, writes files out, forgets.

Imported when bars are first asked for (numpy is part of it), never at the window's start: see `late`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from kis_terminal.domain.bar_columns import BarColumns, LoadReport, Product, SeriesKey, SeriesStatus
from kis_terminal.domain.bar_import.report import BarFiles
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import BarStore, Clock
from kis_terminal.services.bars.fetch_job import FetchJob, FetchOutcome, FetchProgress
from kis_terminal.services.bars.importing import Imported, take_files
from kis_terminal.services.bars.loader import BarLoader
from kis_terminal.services.bars.many import load_many
from kis_terminal.services.bars.wish import FetchWish
from kis_terminal.services.hub import Topic
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_LATEST = 2**40
_TELL_SECONDS = 2.0
"""Between two words of what a fetch has stored so far."""


class BarFileAccess(Protocol):
    """Reads and writes files of bars outside the window's process."""

    async def read(self, path: Path, *, product: Product, exchange: str, symbol: str) -> BarFiles:
        """Read a file or a folder; raises TerminalError."""
        ...

    async def write(self, folder: Path, series: Sequence[BarColumns], file_format: str) -> Sequence[Path]:
        """Write a file a series; raises TerminalError."""
        ...


class BarLibrary:
    """Own the window's fetch and what changes the store.

    Topics: `changed` (what is stored), `progressed` (a fetch under way), `fetched` (its outcomes; empty when
    it was stopped).
    """

    def __init__(
        self,
        store: BarStore,
        loader: BarLoader,
        files: BarFileAccess,
        clock: Clock,
        scope: TaskScope,
        *,
        is_made_up: bool = False,
    ) -> None:
        """`is_made_up` tells that the store holds the embedded exchange's prices: no file joins them."""
        self._is_made_up = is_made_up
        self._store = store
        self.loader = loader
        self._files = files
        self._clock = clock
        self._scope = scope
        self._stop: Callable[[], object] | None = None
        self._told_at = 0.0
        self.progress: FetchProgress | None = None
        """Of the fetch under way, None without one."""
        self.changed: Topic[None] = Topic("bars stored")
        self.progressed: Topic[FetchProgress] = Topic("bar fetch")
        self.fetched: Topic[Sequence[FetchOutcome]] = Topic("bars fetched")

    async def load(self, key: SeriesKey, start: date, end: date) -> tuple[BarColumns, LoadReport]:
        """Return bars through the cache; raises TerminalError."""
        return await self.loader.load(key, start, end)

    async def days(
        self, symbol: str, start: date, end: date, interval: Interval
    ) -> tuple[BarColumns, LoadReport]:
        """Return adjusted bars of a day or longer of a domestic share, those of today listed now."""
        return await self.loader.load(SeriesKey(Product.STOCK, symbol, interval), start, end, is_fresh=True)

    async def load_many(
        self,
        keys: Sequence[SeriesKey],
        start: date,
        end: date,
        progress: Callable[[int, int], None] | None = None,
    ) -> Sequence[tuple[BarColumns, LoadReport]]:
        """Return what `load` gives for each key; what is stored whole comes in one go."""
        return await load_many(self.loader, self._store, keys, start, end, progress)

    async def series(self) -> Sequence[SeriesStatus]:
        """Return what is stored; raises StoreUnavailable."""
        return await self._store.series()

    @property
    def is_fetching(self) -> bool:
        """Tell whether a fetch is under way."""
        return self._stop is not None

    def start_fetch(self, wish: FetchWish) -> None:
        """Begin to fetch, unless a fetch is under way."""
        if self._stop is not None:
            return
        job = FetchJob(
            self.loader, self._clock, keys_of(wish), wish.start, wish.end, on_progress=self._note_progress
        )
        task = self._scope.spawn(self._run(job), name="bar fetch")
        self._stop = task.cancel

    def stop_fetch(self) -> None:
        """End the fetch; what was stored stays, and the next one goes on from there."""
        if self._stop is not None:
            self._stop()

    async def _run(self, job: FetchJob) -> None:
        outcomes: Sequence[FetchOutcome] = ()
        try:
            outcomes = await job.run()
        finally:
            self._stop, self.progress = None, None
            self.fetched.publish(outcomes)
            self.changed.publish(None)

    def _note_progress(self, progress: FetchProgress) -> None:
        is_series_there = self.progress is not None and progress.done > self.progress.done
        self.progress = progress
        self.progressed.publish(progress)
        now = self._clock.monotonic()
        if is_series_there and now >= self._told_at + _TELL_SECONDS:
            self._told_at = now
            self.changed.publish(None)

    async def take_in(self, path: Path, *, product: str = "stock", exchange: str = "") -> Imported:
        """Read files and store what agrees with the store; raises TerminalError."""
        if self._is_made_up:
            raise CorrectionNeeded(
                Sentence(
                    "시뮬레이션의 저장소에는 내장 거래소가 지어낸 봉만 둡니다. 모의·실전의 창이나 "
                    "`kis-terminal bars import`로 넣거나, backtest --bars로 파일을 바로 쓰십시오."
                )
            )
        files = await self._files.read(path, product=Product(product), exchange=exchange, symbol="")
        try:
            return await take_files(files, self._store)
        finally:
            self.loader.forget_memory()
            self.changed.publish(None)

    async def write_out(self, keys: Sequence[SeriesKey], folder: Path, file_format: str) -> Sequence[Path]:
        """Write stored series to files; raises TerminalError."""
        series = [await self._store.read(key, 0, _LATEST) for key in keys]
        return await self._files.write(folder, [bars for bars in series if len(bars)], file_format)

    async def forget(self, keys: Sequence[SeriesKey]) -> str:
        """Drop series from memory and store; return "" or why it could not be done."""
        try:
            for key in keys:
                await self.loader.forget(key)
        except TerminalError as error:
            return Sentence("지우지 못했습니다: {why}", why=error)
        finally:
            self.changed.publish(None)
        return ""


def keys_of(wish: FetchWish) -> list[SeriesKey]:
    """Return the series of a wish."""
    product = Product(wish.product)
    exchange = wish.exchange if product is Product.OVERSEAS else ""
    is_adjusted = wish.is_adjusted or product is Product.INDEX
    return [SeriesKey(product, symbol, wish.interval, is_adjusted, exchange) for symbol in wish.symbols]
