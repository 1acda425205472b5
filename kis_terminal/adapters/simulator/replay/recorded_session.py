"""Read `--replay FILE`: a recorded session with all its parts, or a plain text of raw frames, one a line.

Of a recording the REST answers are indexed once; the frames are read again while they are played, so that a
long session does not lie in memory. A raw text has no times: its frames go out at a steady pace. Sealed
frames are left out, since nobody has their key.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from kis_terminal.adapters.simulator.listings import unknown_listing
from kis_terminal.adapters.simulator.model import Listing
from kis_terminal.adapters.simulator.replay.recorded_answers import RecordedAnswers
from kis_terminal.domain.recording import (
    FrameRecord,
    RecordingError,
    RecordingHeader,
    RestRecord,
    read_header,
    read_record,
    stream_lines,
)

RAW_FRAMES_A_SECOND = 10.0
_CHUNK = 1 << 16
_SYMBOL_LENGTH = 6
_FRAME = re.compile(r"0\|([A-Z0-9]{6,13})\|\d{1,4}\|([^^|]+)")
_TRADES, _BOOKS = "H0STCNT0", "H0STASP0"
_PRICE_COLUMNS = {_TRADES: 2, _BOOKS: 3}
_CODE_FIELDS = ("pdno", "mksc_shrn_iscd", "stck_shrn_iscd", "shtn_pdno")
_NAME_FIELDS = ("prdt_abrv_name", "prdt_name", "hts_kor_isnm")


class PlayedFrame(NamedTuple):
    """One data frame: seconds since the session began, its stream and key, the text as it came."""

    at: float
    tr_id: str
    key: str
    text: str


@dataclass(slots=True)
class Instrument:
    """What a recording tells of a domestic symbol; a price of 0 is not known."""

    name: str = ""
    price: int = 0


class RecordedSession:
    """What is played; made by `open_session`."""

    def __init__(self, paths: list[Path], header: RecordingHeader | None) -> None:
        """`header` None means raw frames."""
        self._paths = paths
        self._header = header
        self.answers = RecordedAnswers()
        self.keys: set[str] = set()
        """Keys of all frames: whoever asks for one of them may."""
        self.instruments: dict[str, Instrument] = {}
        self.first_at = 0.0
        """When the first data frame came."""
        self.frame_count = 0
        for frame in self._read(indexes=True):
            self._count(frame)
        self._name()

    @property
    def started(self) -> datetime | None:
        """Return when the session began, None for raw frames."""
        return datetime.fromisoformat(self._header.started) if self._header is not None else None

    def listings(self) -> list[Listing]:
        """Return listings for the recording's symbols, as far as it tells; search needs them."""
        return [
            unknown_listing(symbol, known.price, 0, known.name)
            for symbol, known in self.instruments.items()
            if len(symbol) == _SYMBOL_LENGTH
        ]

    def frames(self) -> Iterator[PlayedFrame]:
        """Return all data frames from the beginning, read as they are wanted."""
        return self._read(indexes=False)

    def _read(self, *, indexes: bool) -> Iterator[PlayedFrame]:
        if self._header is None:
            for number, text in enumerate(_raw_frames(self._paths[0])):
                yield text._replace(at=number / RAW_FRAMES_A_SECOND)
            return
        for path in self._paths:
            lines = _lines(path)
            next(lines, None)
            for line in lines:
                # Most lines are frames: which kind it is shows at its beginning.
                if line.startswith('{"kind":"rest"'):
                    if indexes:
                        self._index(line)
                elif line.startswith('{"kind":"frame"') and (frame := _played(line)) is not None:
                    yield frame

    def _index(self, line: str) -> None:
        record = _record(line)
        if isinstance(record, RestRecord):
            self.answers.add(record)
            _find_names(record.body, self.instruments)

    def _count(self, frame: PlayedFrame) -> None:
        if not self.frame_count:
            self.first_at = frame.at
        self.frame_count += 1
        self.keys.add(frame.key)
        column = _PRICE_COLUMNS.get(frame.tr_id)
        if column is not None:
            instrument = self.instruments.setdefault(frame.key, Instrument())
            if not instrument.price:
                price = frame.text.split("^", column + 1)[column]
                instrument.price = int(price) if price.isascii() and price.isdigit() else 0

    def _name(self) -> None:
        """Forget what was named and never sent: rankings name hundreds."""
        self.instruments = {key: known for key, known in self.instruments.items() if known.price}


def open_session(path: Path) -> RecordedSession:
    """Return the session that `path` begins; OSError for a file that is none or cannot be read."""
    try:
        lines = _lines(path)
        first = next((line for line in lines if line.strip()), "")
        if not first.startswith("{"):
            return _sound(path, RecordedSession([path], None))
        header = read_header(first)
        return _sound(path, RecordedSession(_parts(path, header), header))
    except RecordingError as error:
        raise OSError(errno.EINVAL, f"--replay {path}: 재생할 수 있는 기록이 아닙니다. / {error}") from error
    except FileNotFoundError as error:
        raise OSError(
            errno.ENOENT, f"--replay {path}: 그런 파일이 없습니다. / There is no such file."
        ) from error


def _sound(path: Path, session: RecordedSession) -> RecordedSession:
    if not session.frame_count and not session.answers.count:
        raise OSError(
            errno.EINVAL, f"--replay {path}: 재생할 내용이 없습니다. / There is nothing to play in this file."
        )
    return session


def _parts(path: Path, header: RecordingHeader) -> list[Path]:
    """Return `path` and the later parts of its session that lie beside it."""
    stem = path.stem.removesuffix(f"-{header.part}")
    paths, part = [path], header.part
    while True:
        part += 1
        later = path.with_name(f"{stem}-{part}{path.suffix}")
        if not later.is_file() or not _continues(later, header):
            return paths
        paths.append(later)


def _continues(path: Path, header: RecordingHeader) -> bool:
    try:
        return read_header(next(_lines(path), "")).session == header.session
    except RecordingError:
        return False  # another file of that name


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from stream_lines(iter(lambda: file.read(_CHUNK), b""))


def _raw_frames(path: Path) -> Iterator[PlayedFrame]:
    for line in _lines(path):
        found = _FRAME.match(line)
        if found is not None:
            yield PlayedFrame(0.0, found[1], found[2], line)


def _record(line: str) -> object:
    try:
        return read_record(line)
    except RecordingError:
        return None  # the half line that a killed program leaves at the end


def _played(line: str) -> PlayedFrame | None:
    record = _record(line)
    if not isinstance(record, FrameRecord) or record.is_ours:
        return None
    found = _FRAME.match(record.text)
    return PlayedFrame(record.at, found[1], found[2], record.text) if found is not None else None


def _find_names(value: Any, instruments: dict[str, Instrument]) -> None:
    """Read the names of symbols wherever an answer tells one beside its code."""
    if isinstance(value, list):
        for one in value:
            _find_names(one, instruments)
    elif isinstance(value, dict):
        code = next((str(value[field]) for field in _CODE_FIELDS if value.get(field)), "")
        name = next((str(value[field]) for field in _NAME_FIELDS if value.get(field)), "")
        if code and name:
            instruments.setdefault(code, Instrument()).name = name.strip()
        for inner in value.values():
            if isinstance(inner, dict | list):
                _find_names(inner, instruments)
