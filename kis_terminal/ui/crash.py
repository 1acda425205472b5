"""Last stop for bugs: said once for each place, orders left as they are."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from kis_terminal.domain.errors import TerminalError
from kis_terminal.ui.translation import said, tr

log = logging.getLogger(__name__)

Tell = Callable[[str, str], object]
"""Show a level (`warn`, `danger`) and a sentence."""


class CrashDesk:
    """Take what nobody caught: from slots and callbacks by the interpreter's hooks, from tasks by
    `task_failed`. `tell` shows a sentence in the window; while it is None there is only the log. A bug goes
    to the log with its traceback once for each place in the source; its repetitions are counted.
    """

    def __init__(self, tell: Tell | None = None) -> None:
        self.tell = tell
        self.counts: dict[tuple[str, int, str], int] = {}
        """How often each bug came: module, line and kind."""
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take over the interpreter's hooks until `close`."""
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread

    def close(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._hooks

    def task_failed(self, name: str, error: BaseException) -> None:
        """Tell of an expected error by its sentence, of a bug by where it was (`TaskScope`'s handler)."""
        if isinstance(error, TerminalError):
            log.warning("%s: %s", name, error)
            self._say("warn", said(error))
            return
        place = _place(error)
        self.counts[place] = self.counts.get(place, 0) + 1
        if self.counts[place] > 1:
            return
        log.error("%s failed", name, exc_info=error)
        self._say(
            "danger",
            tr(
                "프로그램 오류({kind}): {source}. 낸 주문은 증권사에 그대로 있습니다. 로그를 보십시오.",
                kind=type(error).__name__,
                source=name,
            ),
        )

    def _say(self, level: str, sentence: str) -> None:
        if self.tell is not None:
            self.tell(level, sentence)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._hooks[0](kind, error, trace)
            return
        error = error.with_traceback(trace)
        self.task_failed(_place(error)[0], error)

    def _uncaught_in_thread(self, failure: threading.ExceptHookArgs) -> None:
        # Only the log: the window belongs to the main thread.
        if failure.exc_value is not None:
            name = failure.thread.name if failure.thread is not None else "?"
            log.error("thread %s failed", name, exc_info=failure.exc_value)


def _place(error: BaseException) -> tuple[str, int, str]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?", 0, type(error).__name__
    name = str(trace.tb_frame.f_globals.get("__name__", "?"))
    return name, trace.tb_lineno, type(error).__name__
