"""A worker process for tests of its pipe: `python -m tests.support.worker_desk` does what it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kis_terminal.cli.backtest_worker import serve
from kis_terminal.domain.backtest_work import Stage, Work, WorkProgress
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Act(Work[Any]):
    """`say` answers with the value, `sleep` for so long, `child` starts a child and sleeps, …"""

    kind: str
    value: Any = None


class ToldDesk:
    """Do what an `Act` says."""

    def do(self, work: Act, on_progress: Callable[[WorkProgress], None]) -> Any:
        """Return what the act asks for."""
        if work.kind == "say":
            print("a strategy that prints")
            return work.value
        if work.kind == "refuse":
            raise CorrectionNeeded(Sentence("값 {value}", value=work.value))
        if work.kind == "crash":
            raise ZeroDivisionError("division by nothing")
        if work.kind == "child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            on_progress(WorkProgress(Stage.RUN, child.pid, os.getpid()))
        for step in range(3):
            on_progress(WorkProgress(Stage.RUN, step, 3))
            time.sleep(float(work.value) / 3)
        return os.getpid()


if __name__ == "__main__":
    from tests.support import worker_desk

    serve(worker_desk.ToldDesk)  # by its own name, so that what is pickled is found
