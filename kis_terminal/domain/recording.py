"""The form of a recorded session: one JSON object a line, in a gzip stream. Nothing is opened here.

The recorder writes it (`adapters/recording`), the embedded exchange plays it (`sim --replay`); neither
knows the other. The first line of each file is its `RecordingHeader`. `at` is seconds since the session
began, `time` is Seoul's; a file whose end is missing is read as far as it goes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

FORMAT = 1
GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31
"""zlib's `wbits` for a gzip stream with its header."""


class RecordingError(ValueError):
    """A line or a file is no recording of this form."""


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What a file begins with; the parts of one session share `session`."""

    session: str
    part: int
    environment: str
    started: str
    """When the session began, ISO 8601 with Seoul's offset."""


@dataclass(frozen=True, slots=True)
class RestRecord:
    """One REST call and its answer; status 0 and a `reason` where none came."""

    at: float
    time: str
    method: str
    path: str
    tr_id: str
    values: Mapping[str, str]
    status: int
    body: Any
    """The decoded JSON, or the text where it was none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the answer: `tr_id`, `tr_cont`, `gt_uid`, `date`."""
    continuation: str = ""
    """Header `tr_cont` of the call."""
    milliseconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One WebSocket message; `is_ours` when the program sent it."""

    at: float
    time: str
    text: str
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class WithheldRecord:
    """An execution notice came here and was not written down: it names the owner and the account."""

    at: float
    time: str
    tr_id: str
    size: int


@dataclass(frozen=True, slots=True)
class LostRecord:
    """So many records are missing here: they came faster than they could be written."""

    at: float
    time: str
    count: int


Record = RestRecord | FrameRecord | WithheldRecord | LostRecord
_KINDS = {"rest": RestRecord, "frame": FrameRecord, "withheld": WithheldRecord, "lost": LostRecord}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """How the recorder is doing; `failure` is a sentence, empty while all is well."""

    is_on: bool
    path: str = ""
    written: int = 0
    """Bytes in all parts, compressed."""
    records: int = 0
    lost: int = 0
    failure: str = ""


def header_line(header: RecordingHeader) -> str:
    """Return the first line of a file, with its line feed."""
    return _line({"kis_recording": FORMAT, **_parts(header)})


def record_line(record: Record) -> str:
    """Return one line, with its line feed."""
    return _line({"kind": _NAMES[type(record)], **_parts(record)})


def read_header(line: str) -> RecordingHeader:
    """Read the first line of a file; raises RecordingError."""
    values = _object(line)
    if values.pop("kis_recording", None) != FORMAT:
        raise RecordingError("this is no recorded session, or one of another version")
    header: RecordingHeader = _made(RecordingHeader, values)
    return header


def read_record(line: str) -> Record:
    """Read one line after the first; raises RecordingError."""
    values = _object(line)
    kind = _KINDS.get(values.pop("kind", ""))
    if kind is None:
        raise RecordingError(f"a line of unknown kind: {line[:40]!r}")
    record: Record = _made(kind, values)
    return record


def stream_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Decompress a stream and cut it into lines; what a killed program left half written is left out.

    A stream that is not compressed is cut as it is. Raises RecordingError for one that is damaged inside.
    """
    rest = b""
    for plain in _plain(chunks):
        *whole, rest = (rest + plain).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest.strip():
        yield rest.decode("utf-8", "replace").rstrip("\r")


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = iter(chunks)
    first = next(source, b"")
    if not first.startswith(GZIP_MAGIC):
        yield first
        yield from source
        return
    machine: Any = None
    for chunk in chain((first,), source):
        left = chunk
        while left:
            machine = machine or zlib.decompressobj(_GZIP)
            try:
                yield machine.decompress(left)
            except zlib.error as error:
                raise RecordingError(f"the compressed stream is damaged: {error}") from error
            left = machine.unused_data
            if machine.eof:
                machine = None


def _line(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _parts(value: RecordingHeader | Record) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


def _object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise RecordingError(f"a line that is no JSON: {line[:40]!r}") from None
    if not isinstance(values, dict):
        raise RecordingError(f"a line that is no object: {line[:40]!r}")
    return values


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        raise RecordingError(f"a line with other parts than {kind.__name__} has: {error}") from None
