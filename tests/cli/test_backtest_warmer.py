"""The process that compiles the engine beside the backtest worker."""

from __future__ import annotations

import subprocess
import sys

from kis_terminal.services.backtest.warming import compile_engine
from tests.support.isolation import PROJECT


def test_every_way_through_the_engine_is_run() -> None:
    compile_engine()


def test_it_ends_with_its_worker() -> None:
    command = (sys.executable, "-m", "kis_terminal.cli.backtest_warmer")

    ended = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=PROJECT, check=False, timeout=60)

    assert ended.returncode == 0
