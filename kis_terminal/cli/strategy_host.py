"""The process of one strategy: reads messages from standard input, answers on standard output.

Started by `adapters/strategy_host`; ends when its standard input does, so that it never outlives the window.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import IO, Any

from kis_terminal.cli.child_pipes import own_pipes
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.strategy.host_messages import LONGEST_LINE, decode, encode

_TRACE_LENGTH = 20_000


def serve(reading: IO[bytes], writing: IO[bytes]) -> None:
    """Answer until the input ends. A strategy that raises is told to the window; it decides what then."""
    _import_talib_alone()
    from kis_terminal.cli.strategy_sources import load_source
    from kis_terminal.services.strategy_host.desk import HostDesk

    messages: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read_on, args=(reading, messages), name="messages", daemon=True).start()
    desk = HostDesk(load_source)
    while True:
        message = decode(messages.get())
        writing.write(encode({"n": message.get("n"), **_answered(desk, message)}))
        writing.flush()


def _import_talib_alone() -> None:
    """Load TA-Lib without pandas, which it takes along where it can: half a second of each start.

    A strategy that wants pandas still gets it (TA-Lib 0.6).
    """
    hidden = [name for name in ("pandas", "polars") if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    importlib.import_module("talib")
    for name in hidden:
        del sys.modules[name]


def _answered(desk: Any, message: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] | None = None
    with _Told() as told:
        answer = desk.answer(message)
    return answer if answer is not None and not told.words else {"error": told.words, "trace": told.trace}


class _Told:
    """Catch whatever a strategy raises, SystemExit too, and keep its words and its trace."""

    def __init__(self) -> None:
        self.words = ""
        self.trace = ""

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None:
            return False
        is_ours = isinstance(error, TerminalError)
        self.words = str(error) if is_ours else f"{type(error).__name__}: {error}"
        self.trace = "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]
        return True


def _read_on(pipe: IO[bytes], messages: SimpleQueue[bytes]) -> None:
    """Hand lines on; the window's end ends this process, also in the midst of an endless loop."""
    while line := pipe.readline(LONGEST_LINE):
        messages.put(line)
    os._exit(0)


def main() -> None:
    """Run the host, at the window's own priority: a stop that comes late costs money."""
    serve(*own_pipes())


if __name__ == "__main__":
    main()
