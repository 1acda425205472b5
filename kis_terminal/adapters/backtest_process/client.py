"""The backtest worker as the window sees it: a child process, warm, low in priority, killed at will.

Its pipe is read by a thread, since not every loop that the window may run on reads pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar

from kis_terminal.adapters.backtest_process.frames import read_frame, write_frame
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

if TYPE_CHECKING:
    # numpy costs 150 ms: not before the window is up.
    from kis_terminal.domain.backtest_work import Work, WorkProgress

T = TypeVar("T")
_COMMAND = (sys.executable, "-m", "kis_terminal.cli.backtest_worker")
_STOP_SECONDS = 3.0
_LAST_WORDS = 2000


class _Child:
    """One process and the thread that reads from it; `on_message` is called in that thread."""

    def __init__(self, command: Sequence[str], on_message: Callable[[Any], None]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in bury()
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = (
                subprocess.BELOW_NORMAL_PRIORITY_CLASS
                | subprocess.CREATE_NO_WINDOW
                | subprocess.CREATE_NEW_PROCESS_GROUP
            )
        else:
            options["start_new_session"] = True  # its own children are killed with it
        self._process = subprocess.Popen(
            [*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, **options
        )
        self._on_message = on_message
        self._write_lock = threading.Lock()
        self._is_killed = False
        self._has_ended = False
        self._thread = threading.Thread(target=self._read, name="backtest-worker", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it lives and is not being killed."""
        return not (self._is_killed or self._has_ended) and self._process.poll() is None

    def _read(self) -> None:
        pipe = self._pipe(self._process.stdout)
        while True:
            try:
                message = read_frame(pipe)
            except (EOFError, OSError, ValueError):
                break  # it has ended, or the pipe was closed under us
            self._on_message(message)
        self._has_ended = True  # known here before the system has the exit code
        self._on_message(("ended", 0, None))

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101 - asked for in __init__
        return pipe

    def send(self, message: Any) -> None:
        """Write a message; blocks while the child reads. A child that is gone says so by its end."""
        with self._write_lock, contextlib.suppress(OSError, ValueError):
            write_frame(self._pipe(self._process.stdin), message)

    def last_words(self) -> str:
        """Return the last line that the process wrote for people."""
        with contextlib.suppress(OSError, ValueError):
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LAST_WORDS))
            lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
            if lines:
                return lines[-1][:300]
        return f"exit {self._process.poll()}"

    def kill(self) -> None:
        """End it at once with everything that it started; does not wait."""
        if self._is_killed:
            return
        self._is_killed = True
        if sys.platform == "win32":
            # The pool's children end when their pipe to the worker breaks.
            self._process.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Wait for the end of a killed process and let go of its pipes; blocks for a moment."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self._thread.join(_STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()


class BacktestProcess:
    """`ports.BacktestWorker` by a child process; a killed one is replaced by a warm one at once."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._child: _Child | None = None
        self._generation = 0
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._number = 0
        self._answer: asyncio.Future[Any] | None = None
        self._on_progress: Callable[[WorkProgress], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._burials: list[threading.Thread] = []

    @property
    def generation(self) -> int:
        """Return how many processes have been started."""
        return self._generation

    @property
    def pid(self) -> int | None:
        """Return the process id, None while there is no process."""
        return self._child.pid if self._child is not None and self._child.is_running else None

    def warm(self) -> None:
        """Start the process unless it runs."""
        if self._is_closed or (self._child is not None and self._child.is_running):
            return
        self._let_go()
        self._loop = loop = asyncio.get_running_loop()
        self._generation += 1
        generation = self._generation

        def take(message: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: so does the program
                loop.call_soon_threadsafe(self._take, generation, message)

        try:
            self._child = _Child(self._command, take)
        except OSError as error:
            raise TerminalError(
                Sentence("백테스트 프로세스를 시작하지 못했습니다: {why}", why=error.strerror or str(error))
            ) from error

    async def do(self, work: Work[T], on_progress: Callable[[WorkProgress], None] | None = None) -> T:
        """Have a work done after those before it; raises TerminalError. Cancelled, it is killed."""
        async with self._turn:
            self.warm()
            child = self._child
            assert child is not None  # noqa: S101 - warm() has started it
            self._number = number = next(self._numbers)
            self._on_progress = on_progress
            self._answer = asyncio.get_running_loop().create_future()
            try:
                await asyncio.to_thread(child.send, ("work", number, work))
                answer: T = await self._answer
                return answer
            except asyncio.CancelledError:
                child.kill()
                if not self._is_closed:
                    self.warm()  # the next work finds it ready
                raise
            finally:
                self._answer = self._on_progress = None

    def _take(self, generation: int, message: Any) -> None:
        """Carry in what the thread read; runs in the loop."""
        if generation != self._generation:
            return
        kind, number, value = message
        waiting = self._answer
        if kind == "ended":
            words = self._child.last_words() if self._child is not None else ""
            if waiting is not None and not waiting.done():
                waiting.set_exception(
                    TerminalError(Sentence("백테스트 프로세스가 갑자기 끝났습니다: {why}", why=words))
                )
            return
        if waiting is None or waiting.done() or number != self._number:
            return
        if kind == "progress":
            if self._on_progress is not None:
                self._on_progress(value)
        elif kind == "done":
            waiting.set_result(value)
        else:
            waiting.set_exception(value)

    def _let_go(self) -> None:
        """End the present process, if any, and see to its remains beside the loop."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        burial = threading.Thread(target=child.bury, name="backtest-worker-end", daemon=True)
        burial.start()
        self._burials = [thread for thread in self._burials if thread.is_alive()] + [burial]

    async def close(self) -> None:
        """End the process at once; may be called twice."""
        self._is_closed = True
        waiting = self._answer
        self._generation += 1
        self._let_go()
        if waiting is not None and not waiting.done():
            waiting.set_exception(TerminalError(Sentence("프로그램을 끝내는 중이라 멈췄습니다.")))
        burials, self._burials = self._burials, []
        for thread in burials:
            await asyncio.to_thread(thread.join, _STOP_SECONDS)
