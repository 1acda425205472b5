"""The files of one recorded session: opened one after the other, the newest few kept, together bounded."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kis_terminal.domain.recording import RecordingHeader, header_line

PARTS_KEPT = 4
_LEVEL = 3
_GZIP = 31


class PartFile(Protocol):
    """What is written to; unbuffered, so that nothing is left in this process when it is killed."""

    def write(self, data: bytes, /) -> int | None: ...

    def close(self) -> None: ...


def open_part(path: Path) -> PartFile:
    """Open a new file for its owner only; OSError where it exists or cannot be made."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags, 0o600), "wb", buffering=0)


class Parts:
    """Write lines compressed; every call may raise OSError, after which `abandon` is all that is left."""

    def __init__(
        self, path: Path, header: RecordingHeader, limit: int, opener: Callable[[Path], PartFile] = open_part
    ) -> None:
        """Open the first part; `limit` is the bytes that all parts together may take."""
        self._path = path
        self._header = header
        self._part_limit = max(1, limit // PARTS_KEPT)
        self._opener = opener
        self._kept: list[Path] = []
        self._part = 0
        self._in_part = 0
        self.written = 0
        """Bytes of all parts, the deleted ones included."""
        self._begin()

    @property
    def path(self) -> Path:
        """Return the part that is being written."""
        return self._kept[-1]

    def write(self, line: str) -> None:
        """Add one line, in a new part when the last is full; it reaches the file with the next `flush`."""
        if self._in_part >= self._part_limit:
            self.close()
            self._begin()
        self._put(self._machine.compress(line.encode("utf-8", "replace")))

    def flush(self) -> None:
        """Bring everything into the file, so that it can be read from there."""
        self._put(self._machine.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """End the part that is being written."""
        self._put(self._machine.flush(zlib.Z_FINISH))
        self._file.close()

    def abandon(self) -> None:
        """Let go of a file that can no longer be written; what stands in it is kept."""
        self._file.close()

    def _begin(self) -> None:
        self._part += 1
        path = self._path if self._part == 1 else numbered(self._path, self._part)
        file = self._opener(path)
        self._kept.append(path)
        self._machine = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._in_part = 0
        header = self._header
        first = RecordingHeader(header.session, self._part, header.environment, header.started)
        self._file = file
        try:
            self.write(header_line(first))
        except OSError:
            file.close()
            raise
        while len(self._kept) > PARTS_KEPT:
            self._kept.pop(0).unlink(missing_ok=True)

    def _put(self, data: bytes) -> None:
        self.written += len(data)
        self._in_part += len(data)
        view = memoryview(data)
        while len(view):  # an unbuffered file may take less than it is given
            view = view[self._file.write(bytes(view)) or 0 :]


def numbered(path: Path, part: int) -> Path:
    """Return the name of a later part: `session-2.kisrec` for `session.kisrec`."""
    return path.with_name(f"{path.stem}-{part}{path.suffix}")
