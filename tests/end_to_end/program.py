"""The program as a person starts it: a process of its own, with everything it says kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE = 80.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended and what it said."""

    code: int
    out: str
    err: str


class Program:
    """One run of `kis-terminal`; its temporary files lie in a folder of its own."""

    def __init__(self, folder: Path, *words: str, **variables: str) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temporary))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *(words if words[:1] == ("-c",) else ("-m", "kis_terminal", *words))],
                env={**os.environ, **places, "PYTHONIOENCODING": "utf-8", **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def wait(self) -> Ended:
        """Wait for the end."""
        code = self.process.wait(_PATIENCE)
        return Ended(code, *(path.read_text(encoding="utf-8") for path in (self._out, self._err)))

    def kill(self) -> None:
        """End it the hard way; may be called on one that has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def exchange_pid(self) -> int:
        """Wait until the embedded exchange listens; return its process id."""
        return int(self.ready()["pid"])

    def ready(self) -> dict[str, Any]:
        """Wait for the ready file that the window asks its exchange to write; return what it says."""
        return wait_for_json(lambda: next(iter(self.temporary.rglob("ready.json")), None), self)


def wait_for_json(find: Callable[[], Path | None], program: Program) -> dict[str, Any]:
    """Return the content of a JSON file once it exists."""
    wait_until(lambda: find() is not None or program.process.poll() is not None)
    path = find()
    assert path is not None, program.wait()
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def wait_until(condition: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    """Wait for something outside this process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits for its parent to notice does not."""
    if sys.platform == "win32":
        listed = subprocess.run(
            ["tasklist", "/FI", f"PID eq {pid}", "/NH"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return str(pid) in listed.stdout
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
