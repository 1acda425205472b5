"""`kis-terminal panic --rehearse` as a child of the window: its lines as they come, its object at the end.

Threads read the pipes, since not every loop that the window may run on reads pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

_COMMAND = (sys.executable, "-m", "kis_terminal", "panic", "--rehearse", "--json")
_OUR_VARIABLES = ("KIS_", "DATABASE_URL", "REDIS_URL")
"""What the child does not get: no key, account or server of a person is even within its reach."""
_STOP_SECONDS = 5.0
_LONGEST = 500


class RehearsalChild:
    """`ports.RehearsalRunner`; one run is one process."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command

    async def run(self, language: str, on_line: Callable[[str], None]) -> str:
        """Return the object that it told; raises TerminalError. A cancelled caller stops it first."""
        loop = asyncio.get_running_loop()

        def deliver(line: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: so does the program
                loop.call_soon_threadsafe(on_line, line)

        process = self._started(language)
        lines = _Lines(_pipe(process.stderr), deliver)
        try:
            told = await asyncio.to_thread(_pipe(process.stdout).read)
        finally:
            await asyncio.to_thread(_end, process, lines)
        if not told.strip():
            why = lines.last or f"exit {process.returncode}"
            raise TerminalError(Sentence("연습이 결과 없이 끝났습니다: {why}", why=why))
        return str(told.decode("utf-8", "replace"))

    def _started(self, language: str) -> subprocess.Popen[bytes]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_OUR_VARIABLES)}
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        else:
            options["start_new_session"] = True  # Ctrl+C in the window's shell is the window's
        try:
            return subprocess.Popen(
                [*self._command, "--language", language],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**kept, "PYTHONIOENCODING": "utf-8"},
                **options,
            )
        except OSError as error:
            raise TerminalError(
                Sentence("연습을 시작하지 못했습니다: {why}", why=error.strerror or str(error))
            ) from error


class _Lines:
    """Hand on each line of a pipe, and keep the last; ends with the pipe."""

    def __init__(self, pipe: IO[bytes], deliver: Callable[[str], None]) -> None:
        self._pipe, self._deliver = pipe, deliver
        self.last = ""
        self._thread = threading.Thread(target=self._read, name="rehearsal", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed
            for raw in self._pipe:
                line = raw.decode("utf-8", "replace").strip()[:_LONGEST]
                if line:
                    self.last = line
                    self._deliver(line)

    def join(self) -> None:
        self._thread.join(_STOP_SECONDS)


def _end(process: subprocess.Popen[bytes], lines: _Lines) -> None:
    """Let it end; one that still runs is asked to, so that it stops its exchange, and then made to."""
    if process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)  # it has told all and is on its way out
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    lines.join()
    for pipe in (process.stdout, process.stderr):
        _pipe(pipe).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - asked for above
    return pipe
