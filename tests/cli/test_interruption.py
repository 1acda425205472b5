"""SIGINT stops a search at once: sent to the command alone, or to its whole group while workers start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kis_terminal.cli.interruption import interruptible
from kis_terminal.services.backtest.processes import LocalProcesses
from tests.cli.test_backtest import written
from tests.support.backtest_bench import CROSSING, waves

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
_PATIENCE = 60.0


def _group(leader: int) -> list[int]:
    """Return the living processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # gone meanwhile
        if int(group) == leader and state not in ("Z", "X"):
            found.append(int(stat.parent.name))
    return found


Started = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Return a function that starts a search that would take minutes, in a group of its own."""
    strategy, folder = tmp_path / "crossing.kis.yaml", tmp_path / "bars"
    strategy.write_text(CROSSING, encoding="utf-8")
    folder.mkdir()
    for place, symbol in enumerate(("005930", "000660")):
        written(folder, waves(symbol, place + 3))
    words: Sequence[str] = (
        *(sys.executable, "-m", "kis_terminal", "backtest", str(strategy), "--bars", str(folder)),
        *("--sweep", "fast=3:50:1", "--sweep", "slow=10:200:1", "--target", "expectancy"),
    )
    made: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        made.append(
            subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
            )
        )
        return made[-1]

    yield start
    for process in made:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize("is_whole_group", [False, True])
def test_sigint_ends_a_search_with_its_workers_and_one_sentence(
    started: Started, is_whole_group: bool
) -> None:
    process = started()
    end = time.monotonic() + _PATIENCE
    while len(_group(process.pid)) < 2:  # the first worker is just starting
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)

    (os.killpg if is_whole_group else os.kill)(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=_PATIENCE)

    assert process.returncode == 1
    assert error.splitlines()[-1] == "멈췄습니다."
    assert "Traceback" not in error
    assert "갑자기" not in error
    while _group(process.pid):  # what is killed needs a moment to be gone
        assert time.monotonic() < end
        time.sleep(0.01)


def test_workers_are_deaf_to_sigint_before_they_import() -> None:
    with LocalProcesses(1) as pool:
        pool.warm()
        status = Path(f"/proc/{pool.pids[0]}/status").read_text()
        blocked = int(next(line for line in status.splitlines() if line.startswith("SigBlk")).split()[1], 16)

        assert blocked & (1 << (signal.SIGINT - 1))
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


async def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGTERM)

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
