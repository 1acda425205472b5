"""The store's process: `python -m kis_terminal.adapters.storage.bar_server`, told everything by its pipe.

Frames come on standard input and leave on standard output; the first one says which store to open. The
process ends with its standard input, after what it was asked for is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
import traceback
from typing import Any, BinaryIO

from kis_terminal.adapters.storage.bar_place import StorePlace
from kis_terminal.adapters.storage.bar_wire import frame_of, read_frame, write_frame
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

CALLS = frozenset(
    {
        *("read", "read_many", "coverage", "write_many", "forget", "series"),
        *("add_note", "notes", "keep_instruments", "kept_instruments"),
    }
)
"""Methods of the store that may be asked for."""
_NICENESS = 5
_FINISH_SECONDS = 10.0


class BarServer:
    """Answer the frames of one pipe, several at a time, in the order in which they are done."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target
        self._outgoing: queue.SimpleQueue[list[Any] | None] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Serve until the pipe ends."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        place, realm = await asyncio.to_thread(read_frame, self._source)
        store = self._open(place, realm)

        def read() -> None:
            with contextlib.suppress(EOFError, OSError, RuntimeError):  # the loop may be gone before the pipe
                while True:
                    loop.call_soon_threadsafe(self._begin, store, *read_frame(self._source))
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        writer = threading.Thread(target=self._write, name="bar-answers", daemon=True)
        writer.start()
        threading.Thread(target=read, name="bar-questions", daemon=True).start()
        await ended.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_FINISH_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await store.close()
        self._outgoing.put(None)
        writer.join(1.0)

    def _open(self, place: StorePlace, realm: str) -> SqlBarStore:
        return SqlBarStore(place, realm, tell=self._tell)

    def _tell(self, sentence: Sentence) -> None:
        self._outgoing.put(frame_of((None, sentence)))

    def _begin(self, store: SqlBarStore, number: int, call: str, arguments: tuple[Any, ...]) -> None:
        if call not in CALLS:
            raise ValueError(f"the store has no call {call}")
        work = getattr(store, call)(*arguments)
        task = asyncio.get_running_loop().create_task(work, name=f"bars-{call}-{number}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._answer(number, done))

    def _answer(self, number: int, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        answer: Any
        if error is None:
            answer = ("done", task.result())
        elif isinstance(error, TerminalError):
            answer = ("failed", error)
        else:
            answer = ("bug", "".join(traceback.format_exception(error)))
        self._outgoing.put(frame_of((number, answer)))

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: the end comes by the other pipe
            while (frame := self._outgoing.get()) is not None:
                write_frame(self._target, frame)


def main() -> int:
    """Serve the parent; returns when it has closed its end."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if sys.platform != "win32":  # there the parent starts it so
        os.nice(_NICENESS)
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    target = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever prints must not get between the frames
    if sys.platform == "win32":
        import msvcrt

        for pipe in (source, target):
            msvcrt.setmode(pipe.fileno(), os.O_BINARY)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        asyncio.run(BarServer(source, target).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
