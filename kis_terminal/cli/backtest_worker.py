"""The worker process behind the backtest panel: reads works from standard input, answers on standard output.

Started by `adapters/backtest_process`; ends with its parent, whatever it is doing. A bug ends it too: the
trace stands on standard error, its last line is what the person is told, and the next worker starts clean.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Protocol

from kis_terminal.adapters.backtest_process.frames import read_frame, write_frame
from kis_terminal.cli.child_pipes import own_pipes
from kis_terminal.domain.errors import TerminalError

_NICENESS = 10


class Desk(Protocol):
    """Who does the works."""

    def do(self, work: Any, on_progress: Callable[[Any], None]) -> Any:
        """Return the answer; raises TerminalError."""
        ...


def _step_back() -> None:
    """Let the window have the processor first."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)


def _end() -> None:
    """End at once with every child: the parent is gone."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _fall(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End over a bug. An ordinary end would wait for the lock of the pipe that the other thread reads."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)


def _read_on(pipe: IO[bytes], works: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            works.put(read_frame(pipe))
        except (EOFError, OSError):
            _end()


def serve(build: Callable[[], Desk]) -> None:
    """Work until standard input ends; `build` is called before the first work, so that it finds us warm."""
    _step_back()
    sys.excepthook = _fall
    reading, writing = own_pipes()
    works: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read_on, args=(reading, works), name="works", daemon=True).start()
    desk = build()
    while True:
        _, number, work = works.get()

        def tell(progress: Any, number: int = number) -> None:
            write_frame(writing, ("progress", number, progress))

        try:
            answer = ("done", number, desk.do(work, tell))
        except TerminalError as error:
            answer = ("refused", number, error)
        write_frame(writing, answer)


def _desk() -> Desk:
    from kis_terminal.cli.backtest_desk import BacktestDesk
    from kis_terminal.cli.backtest_warmer import start_when_idle

    start_when_idle()
    return BacktestDesk()


if __name__ == "__main__":
    serve(_desk)
