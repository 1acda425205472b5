"""The worker's pipe: answers, progress, cancelling by a kill, and no process left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from kis_terminal.adapters.backtest_process.client import BacktestProcess
from kis_terminal.domain.backtest_work import WorkProgress
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.sentences import Sentence
from tests.end_to_end.program import is_alive
from tests.support.isolation import PROJECT
from tests.support.worker_desk import Act

_COMMAND = (sys.executable, "-m", "tests.support.worker_desk")


@pytest.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BacktestProcess]:
    """Return a client of a worker that does what it is told."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    process = BacktestProcess(_COMMAND)
    yield process
    await process.close()


async def gone(pid: int) -> bool:
    """Wait until a process has ended; False when it goes on living."""
    for _ in range(200):
        if not is_alive(pid):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_arrays_go_there_and_back_and_printing_does_not_break_the_pipe(worker: BacktestProcess) -> None:
    sent = np.arange(300_000, dtype=np.float64)

    first = await worker.do(Act("say", sent))
    second = await worker.do(Act("say", "again"))

    assert np.array_equal(first, sent)
    assert (second, worker.generation) == ("again", 1)


async def test_progress_comes_before_the_answer_and_only_to_its_own_work(worker: BacktestProcess) -> None:
    seen: list[WorkProgress] = []

    await worker.do(Act("sleep", 0.03), seen.append)
    await worker.do(Act("sleep", 0.03))

    assert [progress.done for progress in seen] == [0, 1, 2]


async def test_an_expected_error_keeps_its_kind_and_its_sentence(worker: BacktestProcess) -> None:
    with pytest.raises(CorrectionNeeded) as raised:
        await worker.do(Act("refuse", 7))

    sentence = raised.value.args[0]
    assert isinstance(sentence, Sentence)
    assert (sentence, sentence.template) == ("값 7", "값 {value}")
    assert await worker.do(Act("say", 1)) == 1
    assert worker.generation == 1


async def test_a_bug_ends_the_worker_is_told_and_the_next_work_finds_a_new_one(
    worker: BacktestProcess,
) -> None:
    with pytest.raises(TerminalError, match="division by nothing"):
        await worker.do(Act("crash"))

    assert await worker.do(Act("say", 2)) == 2
    assert worker.generation == 2


async def test_cancelling_kills_the_process_with_its_children_at_once(worker: BacktestProcess) -> None:
    pids: list[int] = []
    begun = asyncio.Event()

    def note(progress: WorkProgress) -> None:
        if progress.total != 3:
            pids.extend((progress.done, progress.total))
            begun.set()

    work = asyncio.get_running_loop().create_task(worker.do(Act("child", 60), note))
    await begun.wait()
    started = time.monotonic()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert time.monotonic() - started < 5
    assert [await gone(pid) for pid in pids] == [True, True]
    assert await worker.do(Act("say", 3)) == 3
    assert worker.generation == 2


async def test_works_wait_for_each_other(worker: BacktestProcess) -> None:
    answers = await asyncio.gather(*(worker.do(Act("say", number)) for number in range(4)))

    assert answers == [0, 1, 2, 3]


async def test_closing_ends_the_process_and_what_waits(worker: BacktestProcess) -> None:
    work = asyncio.get_running_loop().create_task(worker.do(Act("sleep", 60)))
    while worker.pid is None:
        await asyncio.sleep(0.01)
    pid = worker.pid

    await worker.close()

    with pytest.raises(TerminalError):
        await work
    assert await gone(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="a parent is killed with its pipes by the test itself")
def test_a_worker_ends_with_its_parent_even_while_it_works(tmp_path: os.PathLike[str]) -> None:
    program = """
import asyncio, sys
from kis_terminal.adapters.backtest_process.client import BacktestProcess
from tests.support.worker_desk import Act
async def work():
    worker = BacktestProcess((sys.executable, "-m", "tests.support.worker_desk"))
    await worker.do(Act("sleep", 60), lambda progress: print(worker.pid, flush=True))
asyncio.run(work())
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)

        parent.kill()

    for _ in range(200):
        if not is_alive(pid):
            break
        time.sleep(0.02)
    assert not is_alive(pid)
