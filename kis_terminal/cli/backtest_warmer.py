"""A process beside the backtest worker: compiles the engine while nobody waits, then ends.

Its standard input is the worker's end of a pipe: when the worker is gone, so is this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

_COMMAND = (sys.executable, "-m", "kis_terminal.cli.backtest_warmer")
IDLE_SECONDS = 3.0
"""So long after its start a worker has others to answer first."""


def start_when_idle() -> None:
    """Start the process in a while; its priority is that of the caller."""
    timer = threading.Timer(IDLE_SECONDS, _start)
    timer.name, timer.daemon = "warmer", True
    timer.start()


def _start() -> None:
    """Start the process and wait for its end."""
    # What it says is of no use to anybody: the first sweep compiles what it did not.
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if sys.platform == "win32":
        silent["creationflags"] = subprocess.CREATE_NO_WINDOW
    process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, **silent)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _end_with_worker() -> None:
    """Wait until the worker's end of the pipe is closed."""
    # Not by sys.stdin: its lock would be asked for at an ordinary end.
    os.read(0, 1)
    os._exit(0)


def main() -> None:
    """Compile the engine."""
    threading.Thread(target=_end_with_worker, name="worker", daemon=True).start()
    from kis_terminal.services.backtest.warming import compile_engine

    compile_engine()


if __name__ == "__main__":
    main()
