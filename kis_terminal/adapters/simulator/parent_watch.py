"""Notice that the process which started the simulator is gone, so that none is left behind."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

_STILL_ACTIVE = 259
_QUERY_LIMITED = 0x1000


class ParentWatch:
    """Answer whether one process still lives; one's own parent is asked of getppid, which no zombie fools."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._is_own_parent = sys.platform != "win32" and os.getppid() == pid

    def is_gone(self) -> bool:
        """Return whether the process has ended."""
        if sys.platform == "win32":
            return not lives_on_windows(self._pid)
        if self._is_own_parent:
            return os.getppid() != self._pid
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


if sys.platform == "win32":
    import ctypes

    def lives_on_windows(pid: int) -> bool:
        """Return whether a process has not ended."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = kernel.OpenProcess(_QUERY_LIMITED, False, pid)
        if not handle:
            return False
        code = ctypes.c_ulong()
        try:
            return bool(kernel.GetExitCodeProcess(handle, ctypes.byref(code))) and code.value == _STILL_ACTIVE
        finally:
            kernel.CloseHandle(handle)


def watch_stdin(on_end: Callable[[], None]) -> None:
    """Call `on_end` (on another thread) when standard input ends.

    Reads the bare descriptor: a buffered read would hold a lock that the interpreter wants at its end.
    """

    def read() -> None:
        try:
            while os.read(0, 4096):
                continue
        except OSError:
            # A closed or missing standard input is an end as well.
            on_end()
            return
        on_end()

    threading.Thread(target=read, name="simulator-stdin", daemon=True).start()
