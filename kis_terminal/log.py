"""Logging set-up: one bounded file, a ring buffer for the log panel, and redaction before either.

Secrets are removed twice: by value (every secret the settings hold is told to the `Redactor`) and by name
(`appsecret=...`, `Authorization: Bearer ...`), so that one that nobody registered is caught too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

FILE_BYTES = 5 * 1024 * 1024
FILE_COUNT = 3
QUEUE_LINES = 20_000
"""Lines that wait for the disk; beyond them lines are dropped and counted, never waited for."""
_CLOSE_SECONDS = 3.0
LONGEST_MESSAGE = 4_000
_KST = timezone(timedelta(hours=9), "KST")
_HIDDEN = "***"

_NAMED_SECRET = re.compile(
    r"""(?ix)
    (?P<name> ["']? \b(?: app[_-]?key | app[_-]?sec(?:ret)? | secret[_-]?key | access[_-]?token
        | approval[_-]?key | (?:my|paper)_(?:app|sec|token) | KIS_(?:PAPER_)?APP_(?:KEY|SECRET)
        | personalseckey | hashkey
        | client_secret | password | token )\b (?: ["'] \s* [:=,] | \s* [:=] ) \s* )
    (?P<value> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&}\])'"]+ )
    """
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s,;\"'}]+")
_WEB_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_NAMED_ACCOUNT = re.compile(
    r"""(?ix) (?P<name> ["']? \b(?: CANO | ACNT_NO | KIS_(?:PAPER_)?ACCOUNT_NO | my_(?:acct|paper)_\w+ )\b
        ["']? \s* [:=,] \s* ["']? ) (?P<value> \d{8}(?:-?\d{2})? )"""
)
_URL_PASSWORD = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): " ",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
    0x202E: "\\u202e",
}


def mask_account(number: str) -> str:
    """Return an account number as it may be shown: `1234****` or `1234****-01`."""
    digits = number.replace("-", "")
    if len(digits) < 8:
        return "****"
    return f"{digits[:4]}****" + (f"-{digits[8:10]}" if len(digits) >= 10 else "")


class Redactor:
    """Take secrets out of texts."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, *secrets: str) -> None:
        """Hide these values from now on wherever they stand; texts under four characters are left out."""
        self._remember({secret: _HIDDEN for secret in secrets if len(secret) >= 4})

    def add_account(self, number: str) -> None:
        """Mask an account number (8 or 8+2 digits, with or without a hyphen) from now on."""
        digits = number.replace("-", "")
        if len(digits) < 8:
            return
        known = {digits[:8]: mask_account(digits[:8])}
        if len(digits) >= 10:
            known[digits[:10]] = mask_account(digits)
            known[f"{digits[:8]}-{digits[8:10]}"] = mask_account(digits)
        self._remember(known)

    def _remember(self, known: dict[str, str]) -> None:
        with self._lock:
            values = self._values | known
            # The longest first, so that one secret inside another never leaves a rest.
            ordered = sorted(values, key=len, reverse=True)
            self._values = values
            self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """Return `text` without secrets."""
        if self._pattern is not None:
            values = self._values
            text = self._pattern.sub(lambda match: values[match.group()], text)
        text = _BEARER.sub(rf"\1{_HIDDEN}", text)
        text = _WEB_TOKEN.sub(_HIDDEN, text)
        text = _NAMED_SECRET.sub(lambda match: match["name"] + _quoted_like(match["value"]), text)
        text = _NAMED_ACCOUNT.sub(lambda match: match["name"] + mask_account(match["value"]), text)
        return _URL_PASSWORD.sub(lambda match: match["head"] + _HIDDEN, text)


def _quoted_like(value: str) -> str:
    quote = value[0] if value[:1] in "\"'" else ""
    return f"{quote}{_HIDDEN}{quote}"


class RedactionFilter(logging.Filter):
    """Rewrite each record in place: message and traceback without secrets, on one line, of bounded length."""

    def __init__(self, redactor: Redactor, said: Callable[[object], object]) -> None:
        super().__init__()
        self._redactor = redactor
        self._said = said
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, cleaned."""
        if getattr(record, "is_redacted", False):
            return True
        record.is_redacted = True
        if isinstance(record.args, tuple):
            record.args = tuple(self._said(value) for value in record.args)
        message = self._redactor.clean(record.getMessage()).translate(_CONTROL)
        if len(message) > LONGEST_MESSAGE:
            message = f"{message[:LONGEST_MESSAGE]}... ({len(message)})"
        record.msg, record.args = message, None
        if record.exc_info:
            record.exc_text = self._formatter.formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.clean(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.clean(record.stack_info)
        return True


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log panel."""

    time: datetime
    level: int
    level_name: str
    source: str
    """The logger's name."""
    text: str
    details: str = ""
    """Traceback, when there is one."""


class LogBuffer(logging.Handler):
    """Keep the last lines for the log panel.

    Listeners are called in the thread that logged; a panel marks itself dirty and reads on its next frame.
    """

    def __init__(self, size: int = 2_000) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=size)
        self._listeners: tuple[Callable[[LogLine], None], ...] = ()
        self.written = 0
        """Lines ever written, so that a reader knows how many are new."""

    @property
    def lines(self) -> list[LogLine]:
        """Return a copy of what is kept, oldest first."""
        with self._kept_lock():
            return list(self._lines)

    def listen(self, receive: Callable[[LogLine], None]) -> Callable[[], None]:
        """Call `receive` with each line from now on; returns the function that ends it."""
        with self._kept_lock():
            self._listeners = (*self._listeners, receive)

        def stop() -> None:
            with self._kept_lock():
                self._listeners = tuple(kept for kept in self._listeners if kept is not receive)

        return stop

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record (logging calls this with the handler's lock held)."""
        line = LogLine(
            time=datetime.fromtimestamp(record.created, _KST),
            level=record.levelno,
            level_name=record.levelname,
            source=record.name,
            text=record.getMessage(),
            details=record.exc_text or "",
        )
        self._lines.append(line)
        self.written += 1
        for receive in self._listeners:
            receive(line)

    @contextlib.contextmanager
    def _kept_lock(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


class _KstFormatter(logging.Formatter):
    """Format times in Korean time with the offset."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, _KST).isoformat(timespec="milliseconds")


class _BoundedQueueHandler(QueueHandler):
    """Hand records to the writing thread; when the disk cannot follow, drop and count instead of waiting."""

    def __init__(self, lines: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__(lines)
        self.dropped = 0
        """Lines since the last one that was taken."""

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self.dropped:
                self.queue.put_nowait(_told_dropped(self.dropped, record))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it is: the redaction filter has already made it plain text."""
        return record


def _told_dropped(count: int, before: logging.LogRecord) -> logging.LogRecord:
    """Return the line that says how many lines before another are missing from the file."""
    told = logging.makeLogRecord(before.__dict__)
    told.levelno, told.levelname, told.name = logging.WARNING, "WARNING", __name__
    told.msg = f"{count} lines are missing here: the disk could not follow"
    told.args = told.exc_info = told.exc_text = told.stack_info = None
    return told


class _PrivateFileHandler(RotatingFileHandler):
    """A rotating file that only its owner can read, from the first byte on."""

    def _open(self):  # type: ignore[no-untyped-def]  # the library's own return type is a private alias
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")


class _Writer(QueueListener):
    """The thread that writes the file; a disk that hangs does not keep the program from ending."""

    def enqueue_sentinel(self) -> None:
        """Ask the thread to end, in the place of the oldest line where the queue is full."""
        lines = self.queue
        assert isinstance(lines, queue.Queue)  # noqa: S101 - we make it so ourselves
        while True:
            with contextlib.suppress(queue.Full):
                lines.put_nowait(None)
                return
            with contextlib.suppress(queue.Empty):  # the thread was quicker
                lines.get_nowait()

    def end(self, seconds: float) -> bool:
        """Write what is left, for `seconds` at most; return whether all of it was written."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self.enqueue_sentinel()
        thread.join(seconds)
        return not thread.is_alive()


class Logging:
    """What was set up: the buffer to show, the redactor to tell secrets to, and `close`."""

    def __init__(
        self,
        buffer: LogBuffer,
        redactor: Redactor,
        handlers: list[logging.Handler],
        listener: _Writer | None,
        level: int,
    ) -> None:
        self.buffer = buffer
        self.redactor = redactor
        self._handlers = handlers
        self._listener = listener
        self._earlier_level = logging.getLogger().level
        root = logging.getLogger()
        root.setLevel(level)
        for handler in handlers:
            root.addHandler(handler)
        for noisy in ("httpx", "httpcore", "websockets", "asyncio", "qasync"):
            # They log URLs and frames, which carry account numbers.
            logging.getLogger(noisy).setLevel(logging.WARNING)

    def close(self) -> None:
        """Write what is left, for some seconds, and take every handler away; may be called twice."""
        root = logging.getLogger()
        handlers, self._handlers = self._handlers, []
        for handler in handlers:
            root.removeHandler(handler)
        if handlers:
            root.setLevel(self._earlier_level)
        listener, self._listener = self._listener, None
        # A file whose thread hangs in it stays open: closing it would wait for the same disk.
        if listener is not None and listener.end(_CLOSE_SECONDS):
            for written in listener.handlers:
                written.close()
        for handler in handlers:
            handler.close()


def set_up_logging(
    directory: Path | None,
    *,
    level: int = logging.INFO,
    redactor: Redactor | None = None,
    to_stderr: bool = False,
    said: Callable[[object], object] = lambda value: value,
) -> Logging:
    """Start logging into `directory`/kis-terminal.log (none for None), the ring buffer and, if asked, stderr.

    A directory that cannot be written is reported as a warning; the program goes on without a file.
    `said` puts the values of a record into the user's language.
    """
    redactor = redactor or Redactor()
    buffer = LogBuffer()
    handlers: list[logging.Handler] = [buffer]
    listener: _Writer | None = None
    formatter = _KstFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    trouble: OSError | None = None
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            file = _PrivateFileHandler(
                directory / "kis-terminal.log", maxBytes=FILE_BYTES, backupCount=FILE_COUNT, encoding="utf-8"
            )
        except OSError as error:
            trouble = error
        else:
            file.setFormatter(formatter)
            hand_over = _BoundedQueueHandler(queue.Queue(QUEUE_LINES))
            listener = _Writer(hand_over.queue, file)
            listener.start()
            handlers.append(hand_over)
    if to_stderr:
        console = logging.StreamHandler(sys.stderr)
        console.setFormatter(formatter)
        handlers.append(console)
    redaction = RedactionFilter(redactor, said)
    for handler in handlers:
        handler.addFilter(redaction)
    result = Logging(buffer, redactor, handlers, listener, level)
    if trouble is not None:
        logging.getLogger(__name__).warning("no log file in %s: %s", directory, trouble.strerror)
    return result
