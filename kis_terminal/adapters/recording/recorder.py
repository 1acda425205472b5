"""Record everything on the wire to a file, without secrets and without holding anybody up.

The loop's side only appends to a queue of bounded size; a thread masks, compresses and writes. What does not
fit is counted, and the count stands in the log and in the file. A file that cannot be written any more ends
the recording, never the program.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from kis_terminal.adapters.recording.masking import Masker, withheld_stream
from kis_terminal.adapters.recording.parts import PartFile, Parts, open_part
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.recording import (
    FrameRecord,
    LostRecord,
    Record,
    RecordingHeader,
    RecordingStatus,
    RestRecord,
    WithheldRecord,
    record_line,
)
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

LIMIT_BYTES = 512 * 1024 * 1024
QUEUE_BYTES = 32 * 1024 * 1024
FLUSH_SECONDS = 0.5
CLOSE_SECONDS = 5.0
_OVERHEAD = 200
"""What an entry of the queue takes beside its text, about."""
_TOLD_HEADERS = ("tr_id", "tr_cont", "gt_uid", "date")

_Entry = tuple[float, Callable[[float, str], Record], int]


class SessionRecorder:
    """Listen to the wire while a recording runs (a `WireTap` of the KIS adapter).

    Secrets are learned all the time, so that a recording that begins later knows those of before.
    """

    def __init__(
        self,
        clock: Clock,
        environment: str,
        *,
        limit: int = LIMIT_BYTES,
        queue_bytes: int = QUEUE_BYTES,
        opener: Callable[[Path], PartFile] = open_part,
    ) -> None:
        """`limit` is the size in bytes of all files of one recording together."""
        self._clock = clock
        self._environment = environment
        self._limit = limit
        self._queue_bytes = queue_bytes
        self._opener = opener
        self._writer: _Writer | None = None
        self.masker = Masker()
        self.is_on = False

    def start(self, path: Path) -> None:
        """Begin a new recording; raises CorrectionNeeded when one runs or the file cannot be made."""
        if self.is_on:
            raise CorrectionNeeded(Sentence("이미 기록하고 있습니다."))
        now = self._clock.now()
        header = RecordingHeader(f"{now:%Y%m%d%H%M%S%f}", 1, self._environment, now.isoformat())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            parts = Parts(path, header, self._limit, self._opener)
        except OSError as error:
            raise CorrectionNeeded(
                Sentence("{path}에 기록할 수 없습니다: {why}", path=path, why=error.strerror or error)
            ) from error
        self.is_on = True
        self._writer = _Writer(parts, self.masker, self._clock, self._queue_bytes, self._ended)
        log.info("recording the session to %s", path)

    def stop(self) -> None:
        """End the recording; what is queued is still written, in the background."""
        if self.is_on and self._writer is not None:
            self.is_on = False
            self._writer.end()
            log.info("the recording has ended: %s", self._writer.parts.path)

    async def close(self) -> None:
        """End the recording and wait until its file is complete, some seconds at most."""
        self.stop()
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join, CLOSE_SECONDS)

    def status(self) -> RecordingStatus:
        """Return the figures of the recording that runs, or of the last one."""
        writer = self._writer
        if writer is None:
            return RecordingStatus(False)
        return RecordingStatus(
            self.is_on,
            str(writer.parts.path),
            writer.parts.written,
            writer.records,
            writer.lost,
            writer.failure,
        )

    def _ended(self, writer: _Writer) -> None:
        """Take nothing more, whatever ended the writing (called in the writer's thread)."""
        if self._writer is writer:
            self.is_on = False

    # -- the wire -----------------------------------------------------------------------------------

    def exchanged(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        headers: Mapping[str, str],
        status: int,
        answer_headers: Mapping[str, str],
        body: bytes,
        milliseconds: float,
    ) -> None:
        """Take one REST call and its whole answer; of the headers only those that say what was asked."""
        told = {name: str(answer_headers[name]) for name in _TOLD_HEADERS if name in answer_headers}
        tr_id, continuation = headers.get("tr_id", ""), headers.get("tr_cont", "")
        masker, kept = self.masker, dict(values)

        def made(at: float, time: str) -> Record:
            return RestRecord(
                at,
                time,
                method,
                path,
                tr_id,
                masker.values(kept),
                status,
                masker.body(body),
                told,
                continuation,
                round(milliseconds, 1),
            )

        self._put(made, len(body))

    def unanswered(
        self, method: str, path: str, values: Mapping[str, str], headers: Mapping[str, str], reason: str
    ) -> None:
        """Take one REST call that got no answer."""
        tr_id, masker, kept = headers.get("tr_id", ""), self.masker, dict(values)

        def made(at: float, time: str) -> Record:
            return RestRecord(at, time, method, path, tr_id, masker.values(kept), 0, None, reason=reason)

        self._put(made, 0)

    def received(self, message: bytes) -> None:
        """Take one message of the server; of a notice only that it came."""
        self._put(lambda at, time: self._frame(at, time, message.decode("utf-8", "replace")), len(message))

    def sent(self, text: str) -> None:
        """Take one message of ours."""
        self._put(lambda at, time: FrameRecord(at, time, self.masker.frame(text), is_ours=True), len(text))

    def _frame(self, at: float, time: str, text: str) -> Record:
        if withheld := withheld_stream(text):
            return WithheldRecord(at, time, withheld, len(text))
        return FrameRecord(at, time, self.masker.frame(text))

    def _put(self, made: Callable[[float, str], Record], size: int) -> None:
        if self.is_on and self._writer is not None:
            self._writer.put((self._clock.monotonic(), made, size + _OVERHEAD))


class _Writer:
    """One recording's thread: takes entries out of the queue until it is told to end or cannot write."""

    def __init__(
        self,
        parts: Parts,
        masker: Masker,
        clock: Clock,
        queue_bytes: int,
        on_end: Callable[[_Writer], None],
    ) -> None:
        self.parts = parts
        self._masker = masker
        self._clock = clock
        self._queue_bytes = queue_bytes
        self._on_end = on_end
        self._entries: deque[_Entry] = deque()
        self._began = clock.monotonic()
        self._is_ending = threading.Event()
        # Each counter is changed by one thread only: what is put in and lost by the loop's, the rest by ours.
        self._put_bytes = 0
        self._taken_bytes = 0
        self.lost = 0
        self._told_lost = 0
        self.records = 0
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name="session-recorder", daemon=True)
        self._thread.start()

    def put(self, entry: _Entry) -> None:
        """Queue an entry, or count it as lost when the queue is full."""
        if self._put_bytes - self._taken_bytes + entry[2] > self._queue_bytes:
            self.lost += 1
            return
        self._put_bytes += entry[2]
        self._entries.append(entry)

    def end(self) -> None:
        """Write what is queued and end."""
        self._is_ending.set()

    def join(self, seconds: float) -> None:
        """Wait for the end, so long at most."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            is_last = False
            while not is_last:
                is_last = self._is_ending.wait(FLUSH_SECONDS)
                self._write_queued()
                self.parts.flush()
            self.parts.close()
        except OSError as error:
            self._give_up(error)
        finally:
            self._on_end(self)

    def _write_queued(self) -> None:
        # The wall clock is read once a round and counted back: the loop's side reads the cheap one only.
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        for _ in range(len(self._entries)):
            moment, made, size = self._entries.popleft()
            self._taken_bytes += size
            self._write(made, moment, wall + timedelta(seconds=moment - monotonic))
        if (lost := self.lost) != self._told_lost:
            count, self._told_lost = lost - self._told_lost, lost
            log.warning("the recording lost %d records: they came faster than they could be written", count)
            self._write(lambda at, time: LostRecord(at, time, count), monotonic, wall)

    def _write(self, made: Callable[[float, str], Record], moment: float, wall: datetime) -> None:
        record = made(round(moment - self._began, 6), wall.isoformat(timespec="milliseconds"))
        self.parts.write(self._masker.clean(record_line(record)))
        self.records += 1

    def _give_up(self, error: OSError) -> None:
        self.failure = Sentence(
            "기록을 멈췄습니다. 파일에 쓸 수 없습니다: {why}", why=error.strerror or error
        )
        self._entries.clear()
        log.error("the recording has ended, its file cannot be written: %s", error)
        try:
            self.parts.abandon()
        except OSError as closing:
            log.info("the recording's file could not be closed: %s", closing)
