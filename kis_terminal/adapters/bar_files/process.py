"""Read and write bar files in a process of its own: parsing and Parquet never run in the window's.

The child gets one question on its standard input and writes one answer to its standard output, both pickled
values of ours, between a process and its own child. It ends with its answer, or when its input closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kis_terminal.domain.bar_columns import BarColumns, Product
from kis_terminal.domain.bar_import.report import BarFiles
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.sentences import Sentence

_NICENESS = 10
_COMMAND = (sys.executable, "-m", "kis_terminal.adapters.bar_files.process")


class BarFileProcess:
    """Asks a child for each reading or writing; a caller that is cancelled ends it."""

    async def read(
        self, path: Path, *, product: Product = Product.STOCK, exchange: str = "", symbol: str = ""
    ) -> BarFiles:
        """Return every series of a file or folder; raises CorrectionNeeded."""
        files: BarFiles = await self._ask("read", path, product, exchange, symbol)
        return files

    async def write(self, folder: Path, series: Sequence[BarColumns], file_format: str) -> Sequence[Path]:
        """Write a file a series; return them. Raises CorrectionNeeded."""
        files: Sequence[Path] = await self._ask("write", folder, list(series), file_format)
        return files

    async def _ask(self, act: str, *given: Any) -> Any:
        # Qt's event loop knows no subprocesses on every system: a thread waits for the child.
        child = await asyncio.to_thread(_start)
        try:
            answer, words = await asyncio.to_thread(child.communicate, pickle.dumps((act, *given)))
        finally:
            if child.returncode is None:
                child.kill()
        if child.returncode != 0 or not answer:
            last = words.decode(errors="replace").strip().splitlines()[-1:]
            raise CorrectionNeeded(
                Sentence("파일을 처리하던 프로세스가 끝났습니다: {why}", why=" ".join(last) or "-")
            )
        value = pickle.loads(answer)  # noqa: S301 - our own child's
        if isinstance(value, TerminalError):
            raise value
        return value


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def answer(question: tuple[Any, ...]) -> Any:
    """Do what was asked; return the value, or the TerminalError that came of it."""
    from kis_terminal.adapters.bar_files.reading import read_bar_files
    from kis_terminal.adapters.bar_files.writing import file_name, write_bar_file

    act, *given = question
    try:
        if act == "read":
            path, product, exchange, symbol = given
            return read_bar_files(path, product=product, exchange=exchange, symbol=symbol)
        folder, series, file_format = given
        files = [folder / file_name(bars, file_format) for bars in series]
        for file, bars in zip(files, series, strict=True):
            write_bar_file(file, bars, file_format)
    except TerminalError as error:
        return error
    return files


def main() -> int:
    """Answer one question."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(_NICENESS)
    question = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - our own parent's
    sys.stdout.buffer.write(pickle.dumps(answer(question)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
