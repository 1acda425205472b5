"""A cluster of one worker in this process, reached over TCP as a far one is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from distributed import LocalCluster

from kis_terminal.domain.errors import CorrectionNeeded, WaitNeeded
from kis_terminal.domain.sweeps import SweepKind
from kis_terminal.services.backtest.cluster import DaskCluster
from kis_terminal.services.backtest.scheduler import InProcess
from kis_terminal.services.backtest.scheduler_choice import scheduler_for
from kis_terminal.services.backtest.sweep import run_sweep
from tests.services.backtest.sweeps import BARS, KEY, crossing, sweep

_BARS = {KEY: BARS}


def _a_cluster() -> LocalCluster:
    return LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    before = set(threading.enumerate())
    with _a_cluster() as made:
        yield made
    patience = time.monotonic() + 10.0
    while (left := _working(before)) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not left


def _working(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return threads that were not there before; idle ones of pools that Dask keeps for the process aside."""
    kept = ("Dask-Offload", "Dask-Default-Threads", "Profile", "AsyncProcess", "TCP-Executor", "asyncio_")
    new = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    return [thread for thread in new if not thread.name.startswith(kept) and not thread.daemon]


def test_a_cluster_gives_the_rows_of_one_process_in_their_order(cluster: LocalCluster) -> None:
    request = sweep(range(2, 10), range(20, 30))
    told: list[tuple[int, int]] = []
    far = scheduler_for(cluster.scheduler_address)
    try:
        found = run_sweep(request, _BARS, crossing, scheduler=far, progress=lambda *now: told.append(now))
        parzen = run_sweep(replace(request, kind=SweepKind.TPE, samples=16), _BARS, crossing, scheduler=far)
        with pytest.raises(CorrectionNeeded, match="fast"):
            run_sweep(sweep(fast=(1,)), _BARS, crossing, scheduler=far)
    finally:
        far.close()

    here = run_sweep(request, _BARS, crossing, scheduler=InProcess())
    assert (found.rows, found.best) == (here.rows, here.best)
    assert parzen.rows == run_sweep(parzen.request, _BARS, crossing, scheduler=InProcess()).rows
    assert told[-1] == (80, 80)


def test_stopping_takes_back_what_the_cluster_has_not_begun(cluster: LocalCluster) -> None:
    far = scheduler_for(cluster.scheduler_address)

    def stop(done: int, _: int) -> None:
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            run_sweep(
                sweep(range(2, 20), range(60, 90), target="largest_win"),
                _BARS,
                crossing,
                scheduler=far,
                progress=stop,
            )
        again = run_sweep(sweep(), _BARS, crossing, scheduler=far)
    finally:
        far.close()

    assert len(again.rows) == 12


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(WaitNeeded, match=r"127\.0\.0\.1:9"):
        DaskCluster("tcp://127.0.0.1:9", patience=0.3)


def test_a_cluster_that_ends_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="distributed.client")  # it says so in its own log too
    with _a_cluster() as short:
        far = DaskCluster(short.scheduler_address, patience=0.5)
    try:
        with pytest.raises(WaitNeeded, match=r"127\.0\.0\.1"):
            run_sweep(sweep(), _BARS, crossing, scheduler=far)
    finally:
        far.close()
