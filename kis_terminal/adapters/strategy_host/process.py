"""The process of one strategy as the window sees it: lines out, lines in, killed at will.

Threads move the lines, since a strategy that hangs must hold up nobody who writes to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.strategy.host_messages import LONGEST_LINE, decode, encode, plain

_COMMAND = (sys.executable, "-m", "kis_terminal.cli.strategy_host")
_STOP_SECONDS = 3.0
_LAST_WORDS = 2000
_OUR_SECRETS = ("KIS_", "DATABASE_URL", "REDIS_URL")
"""Variables that a strategy's process does not get."""


class StrategyProcess:
    """`ports.StrategyHost` by a child process; it runs from the constructor on. Raises TerminalError."""

    def __init__(
        self,
        on_message: Callable[[Mapping[str, Any]], None],
        on_end: Callable[[str], None],
        command: Sequence[str] = _COMMAND,
    ) -> None:
        """Start; `on_message` gets each answer, `on_end` why it ended by itself, both in the loop."""
        self._loop = asyncio.get_running_loop()
        self._on_message, self._on_end = on_message, on_end
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by bury()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._is_killed = False
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            options["start_new_session"] = True  # whatever it starts is killed with it
        environment = {name: text for name, text in os.environ.items() if not name.startswith(_OUR_SECRETS)}
        try:
            self._process = subprocess.Popen(
                [*command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                **options,
            )
        except OSError as error:
            self._errors.close()
            raise TerminalError(
                Sentence("전략 프로세스를 시작하지 못했습니다: {why}", why=error.strerror or str(error))
            ) from error
        self._threads = [
            threading.Thread(target=self._write, name="strategy-write", daemon=True),
            threading.Thread(target=self._read, name="strategy-read", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def send(self, message: Mapping[str, object]) -> None:
        """Hand a message over; never waits."""
        self._lines.put(encode(message))

    def kill(self) -> None:
        """End it at once with everything that it started; never waits. May be called twice."""
        if self._is_killed:
            return
        self._is_killed = True
        self._lines.put(None)
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        threading.Thread(target=self._bury, name="strategy-end", daemon=True).start()

    async def close(self) -> None:
        """Kill it and wait until nothing of it is left."""
        self.kill()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, _STOP_SECONDS)

    def _write(self) -> None:
        pipe = _pipe(self._process.stdin)
        while (line := self._lines.get()) is not None:
            try:
                pipe.write(line)
                pipe.flush()
            except (OSError, ValueError):
                return  # it has ended, which the reading thread tells

    def _read(self) -> None:
        pipe = _pipe(self._process.stdout)
        why = ""
        while not why:
            try:
                line = pipe.readline(LONGEST_LINE)
            except (OSError, ValueError):
                break
            if not line:
                break
            try:
                message = decode(line)
            except CorrectionNeeded as error:
                why = sentence_of(error)
            else:
                self._in_loop(self._on_message, message)
        if not self._is_killed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
            self._in_loop(self._on_end, why or self._last_words())

    def _in_loop(self, receive: Callable[[Any], None], what: object) -> None:
        def deliver() -> None:
            if not self._is_killed:
                receive(what)

        with contextlib.suppress(RuntimeError):  # the loop has ended: so does the program
            self._loop.call_soon_threadsafe(deliver)

    def _last_words(self) -> str:
        """Return the last line that the process wrote for people."""
        with contextlib.suppress(OSError, ValueError):
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LAST_WORDS))
            lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
            if lines:
                return plain(lines[-1], 300)
        return f"exit {self._process.poll()}"

    def _bury(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - asked for in the constructor
    return pipe
