"""What one sweep leaves ready for the next, for a process that stays: warm workers and the last bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sweeps import SweepRequest, SweepResult, WalkForwardRequest, WalkForwardResult
from kis_terminal.services.backtest.scheduler import Scheduler
from kis_terminal.services.backtest.scheduler_choice import scheduler_for
from kis_terminal.services.backtest.sweep import Progress, sweep_over
from kis_terminal.services.backtest.sweep_job import StrategyLoader, SweepData
from kis_terminal.services.backtest.walk_forward import walk_over


class SweepBench:
    """Runs sweeps one after the other; what ends one early ends its workers too."""

    def __init__(self, load: StrategyLoader) -> None:
        self._load = load
        self._token = ""
        self._data: SweepData | None = None
        self._address = ""
        self._scheduler: Scheduler | None = None

    def sweep(
        self,
        request: SweepRequest,
        token: str,
        columns: Mapping[SeriesKey, BarColumns],
        instruments: Mapping[str, Instrument],
        *,
        address: str = "",
        progress: Progress | None = None,
    ) -> SweepResult:
        """Do what `run_sweep` does; bars of the same `token` are those of the last time."""
        data = self._ready(token, columns, instruments)
        with self._at(address) as scheduler:
            return sweep_over(data, request, self._load, scheduler=scheduler, progress=progress)

    def walk_forward(
        self,
        request: WalkForwardRequest,
        token: str,
        columns: Mapping[SeriesKey, BarColumns],
        instruments: Mapping[str, Instrument],
        *,
        address: str = "",
        progress: Progress | None = None,
    ) -> WalkForwardResult:
        """Do what `run_walk_forward` does; bars of the same `token` are those of the last time."""
        data = self._ready(token, columns, instruments)
        with self._at(address) as scheduler:
            return walk_over(data, request, self._load, scheduler=scheduler, progress=progress)

    def close(self) -> None:
        """Kill the workers or leave the cluster; may be called twice."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.close()

    def _ready(
        self, token: str, columns: Mapping[SeriesKey, BarColumns], instruments: Mapping[str, Instrument]
    ) -> SweepData:
        if self._data is None or self._token != token:
            self._token, self._data = token, SweepData(columns, instruments)
        return self._data

    @contextmanager
    def _at(self, address: str) -> Iterator[Scheduler]:
        if self._scheduler is None or self._address != address:
            self.close()
            self._address, self._scheduler = address, scheduler_for(address)
        try:
            yield self._scheduler
        except BaseException:
            self.close()
            raise
