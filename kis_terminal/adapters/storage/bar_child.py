"""One run of the store's process: started in a thread, written to by one and read from by another.

Only blocking reads and writes happen in the threads, so that they never compete with the window.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, cast

from kis_terminal.adapters.storage.bar_wire import read_frame, write_frame

COMMAND = (sys.executable, "-m", "kis_terminal.adapters.storage.bar_server")
_STOP_SECONDS = 12.0
_KILL_SECONDS = 2.0


class BarChild:
    """Own a process. `on_value` and `on_end` (exit code, last line of its errors) come on a thread."""

    def __init__(
        self,
        command: Sequence[str],
        on_value: Callable[[BarChild, Any], None],
        on_end: Callable[[BarChild, int | None, str], None],
    ) -> None:
        self._command = command
        self._on_value = on_value
        self._on_end = on_end
        self._outgoing: queue.SimpleQueue[Sequence[Any] | None] = queue.SimpleQueue()
        self.pid: int | None = None
        self.has_answered = False
        threading.Thread(target=self._run, name="bar-store", daemon=True).start()

    def send(self, frame: Sequence[Any]) -> None:
        """Write a frame as soon as those before it are written."""
        self._outgoing.put(frame)

    def stop(self) -> None:
        """Let the process finish what it was asked for, and end; `on_end` tells when."""
        self._outgoing.put(None)

    def _run(self) -> None:
        with tempfile.TemporaryFile() as errors:
            try:
                child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    bufsize=0,
                    creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
                    | getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                self._on_end(self, None, error.strerror or type(error).__name__)
                return
            self.pid = child.pid
            reader = threading.Thread(target=self._read, args=(child,), name="bar-store-read", daemon=True)
            reader.start()
            self._write(child)
            reader.join()
            errors.seek(0)
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()
            self._on_end(self, child.returncode, lines[-1][:300] if lines else "")

    def _write(self, child: subprocess.Popen[bytes]) -> None:
        """Write frames until the end is asked for or the process has ended, and see it off."""
        pipe = cast(BinaryIO, child.stdin)
        with contextlib.suppress(OSError):  # it has died: the reader knows as well
            while (frame := self._outgoing.get()) is not None:
                write_frame(pipe, frame)
        with contextlib.suppress(OSError):
            pipe.close()
        for push, seconds in ((child.terminate, _STOP_SECONDS), (child.kill, _KILL_SECONDS)):
            try:
                child.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                push()
        child.wait()

    def _read(self, child: subprocess.Popen[bytes]) -> None:
        pipe = cast(BinaryIO, child.stdout)
        with contextlib.suppress(EOFError, OSError), pipe:
            while True:
                value = read_frame(pipe)
                self.has_answered = True
                self._on_value(self, value)
        self._outgoing.put(None)
