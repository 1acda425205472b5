"""All cores of this machine as the scheduler of a sweep.

Workers are processes with a pipe each: they are killed without asking, and end by themselves when the process
that started them is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.scheduler import InProcess, Tell, answers_of, chunk_size
from kis_terminal.services.backtest.sweep_job import Answer, SweepData, SweepJob

_STOP_SECONDS = 3.0
FEW = 24
"""So many combinations are run in this process: starting others would take longer."""


class LocalProcesses:
    """A pool of processes, one for each core; it stays warm between sweeps and keeps their bars.

    A context manager. A worker that ends over a bug ends the sweep; its trace stands on standard error.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._count = workers or os.cpu_count() or 1
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Return the processes that live."""
        return [worker.pid for worker in self._workers if worker.is_alive]

    def warm(self) -> None:
        """Start the processes that are missing; they import the engine at once, beside the caller."""
        self._workers = [worker for worker in self._workers if worker.is_alive]
        with _deaf_children():
            while len(self._workers) < self._count:
                self._workers.append(_Worker())

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination; anything that ends it early ends the workers too."""
        try:
            self.warm()
            return self._run(data, job, combinations, tell)
        except BaseException:
            self.close()
            raise

    def _run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        chunks = list(chunks_of(combinations, chunk_size(len(combinations), self._count)))
        answers: list[list[Answer]] = [[] for _ in chunks]
        waiting = deque(enumerate(chunks))
        busy: dict[Connection, _Worker] = {}
        for worker in self._workers[: len(chunks)]:
            worker.prepare(data, job)
            worker.send(("chunk", *waiting.popleft()))
            busy[worker.pipe] = worker
        while busy:
            for pipe in wait(list(busy)):
                worker = busy.pop(pipe)  # type: ignore[call-overload]
                place, found = worker.answer()
                answers[place] = found
                tell(len(found))
                if waiting:
                    worker.send(("chunk", *waiting.popleft()))
                    busy[worker.pipe] = worker
        return [answer for found in answers for answer in found]

    def close(self) -> None:
        """Kill the workers; may be called twice."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.bury()


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes that are started within never hear Ctrl-C, not even while they import.

    It reaches the whole group of processes, and only the one that started the others decides. For itself a
    signal waits until all are started: none is forgotten, or left before it was told what to do. On Windows
    workers are deaf from `_serve` on.
    """
    with _signals_later():
        if sys.platform == "win32":
            yield
            return
        # Started first: starting it lets SIGINT through again (multiprocessing/resource_tracker.py).
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """Hold signals back; a mask alone does not, since another thread may take them for the main one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for taken in dict.fromkeys(held):
            signal.raise_signal(taken)


class _Worker:
    """One process of the pool, from outside."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, its_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(its_end,), name="sweep", daemon=True)
        self._process.start()
        its_end.close()
        self._token = ""
        self._job: SweepJob | None = None

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def prepare(self, data: SweepData, job: SweepJob) -> None:
        """Send the bars and the job unless it has them."""
        if self._token != data.token:
            self.send(("data", 0, data))
            self._token, self._job = data.token, None
        if self._job != job:
            self.send(("job", 0, job))
            self._job = job

    def send(self, message: tuple[str, int, Any]) -> None:
        try:
            self.pipe.send(message)
        except OSError as error:
            raise self._lost() from error

    def answer(self) -> tuple[int, list[Answer]]:
        """Return the place of a chunk and its answers; raises what the worker raised."""
        try:
            place, found = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        if isinstance(found, BaseException):
            raise found
        return place, found

    def _lost(self) -> TerminalError:
        self._process.join(_STOP_SECONDS)
        return TerminalError(
            Sentence("탐색 프로세스가 갑자기 끝났습니다(종료 코드 {code}).", code=self._process.exitcode)
        )

    def kill(self) -> None:
        self._process.kill()

    def bury(self) -> None:
        self._process.join(_STOP_SECONDS)
        self.pipe.close()
        if not self._process.is_alive():
            self._process.close()


def _serve(pipe: Connection) -> None:
    """Be a worker: answer chunks until the pipe ends."""
    # Ctrl-C reaches the whole group; only the process that started us decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    data: SweepData | None = None
    job: SweepJob | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            kind, place, value = pipe.recv()
            if kind == "data":
                data = value
            elif kind == "job":
                job = value
            elif data is not None and job is not None:
                pipe.send((place, answers_of(data, job, value)))


class LocalCores:
    """This machine: few or quick combinations run in this process, others on all cores.

    The processes start when they are first needed and stay warm. A search that goes on asking for a few at a
    time moves to them too once it has taken `patience` seconds here.
    """

    def __init__(self, workers: int | None = None, *, patience: float = 1.5) -> None:
        self._patience = patience
        self._here = InProcess()
        self._pool = LocalProcesses(workers)
        self._job: SweepJob | None = None
        self._seconds = 0.0
        """What the present job has taken in this process."""

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination."""
        if job != self._job:
            self._job, self._seconds = job, 0.0
        is_short = len(combinations) <= FEW and self._seconds <= self._patience
        if not is_short and not data.is_quick(job, len(combinations)):
            return self._pool.run(data, job, combinations, tell)
        begun = time.perf_counter()
        answers = self._here.run(data, job, combinations, tell)
        self._seconds += time.perf_counter() - begun
        return answers

    def close(self) -> None:
        """Kill the workers; may be called twice."""
        self._pool.close()
