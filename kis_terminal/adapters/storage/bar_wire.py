"""Frames between the window and the store's process: a pickle, and the columns of bars as they lie in memory.

Both ends are this program: a pipe that nobody else can write to, so what comes may be unpickled.

    frame: number of buffers (4), length of the pickle (8), length of each buffer (8 each), pickle, buffers
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

_HEAD = struct.Struct("<IQ")
_LENGTH = struct.Struct("<Q")


def frame_of(value: object) -> list[Any]:
    """Return a frame as pieces to write one after the other; arrays are not copied."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    lengths = b"".join(_LENGTH.pack(piece.nbytes) for piece in raw)
    return [_HEAD.pack(len(raw), len(body)) + lengths + body, *raw]


def write_frame(pipe: BinaryIO, frame: Sequence[Any]) -> None:
    """Write the pieces of a frame; blocks until they are in the pipe."""
    for piece in frame:
        left = memoryview(piece).cast("B") if len(piece) else memoryview(b"")
        while len(left):
            left = left[pipe.write(left) :]


def read_frame(pipe: BinaryIO) -> Any:
    """Wait for a frame and return its value; raises EOFError when the other side has ended."""
    count, size = _HEAD.unpack(_read(pipe, _HEAD.size))
    lengths = _read(pipe, _LENGTH.size * count)
    body = _read(pipe, size)
    buffers = [_read(pipe, length) for (length,) in _LENGTH.iter_unpack(lengths)]
    return pickle.loads(body, buffers=buffers)  # noqa: S301 - our own child or parent wrote it


def _read(pipe: BinaryIO, size: int) -> bytearray:
    whole = bytearray(size)
    left = memoryview(whole)
    while len(left):
        # Unbuffered: what came may be less than was asked for.
        count = pipe.readinto(left)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        left = left[count:]
    return whole
