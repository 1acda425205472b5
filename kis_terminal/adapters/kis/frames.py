"""KIS WebSocket frames without IO: text to frame, frame to text, decryption.

Wire form (official samples `kis_auth.py`; KIS workbook 2026-06-03; notes checked 2026-11-22):
`flag|TR id|count|payload` for data, JSON for replies and the PINGPONG heartbeat. Several records of a frame
stand one after the other with no mark between them: a record is `fields / count` long.
Whatever the text is, only `FrameError` is raised.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from kis_terminal.domain.errors import FrameError

MAX_FRAME_BYTES = 1 << 20
"""Longest frame that is read; the busiest ones seen have some 20 records of 300 characters."""

_TR_ID = re.compile(r"[A-Z0-9]{6,13}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,4}", re.ASCII)
_HEARTBEAT = "PINGPONG"
_SHOWN = 40


class StreamFrame(NamedTuple):
    """A data frame, cut at its bars; `payload` holds `record_count` records or, encrypted, base64."""

    tr_id: str
    is_encrypted: bool
    record_count: int
    payload: str


class Heartbeat(NamedTuple):
    """A PINGPONG; sending `text` back keeps the session."""

    text: str


@dataclass(frozen=True, slots=True)
class ControlReply:
    """The answer to a subscribe or unsubscribe command, or an error of the whole session.

    `tr_id` is the literal `(null)` and `tr_key` empty in session errors: look at `is_ok` first.
    `key` and `iv` decrypt the stream's notices and are never printed.
    """

    tr_id: str
    tr_key: str
    is_ok: bool
    code: str
    message: str
    key: str = field(default="", repr=False)
    iv: str = field(default="", repr=False)


def parse(text: str) -> StreamFrame | ControlReply | Heartbeat:
    """Tell what a frame is and cut it; raises FrameError for everything that has no form of KIS's."""
    if len(text) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(text):,} characters is longer than {MAX_FRAME_BYTES:,}")
    if text.startswith("{"):
        return _parse_control(text)
    parts = text.split("|", 3)
    if len(parts) != 4:
        raise FrameError(f"a frame without its four parts: {shortened(text)}")
    flag, tr_id, count, payload = parts
    if flag not in ("0", "1"):
        raise FrameError(f"a frame with an unknown flag: {shortened(text)}")
    if not _TR_ID.fullmatch(tr_id):
        raise FrameError(f"a frame without a TR id: {shortened(text)}")
    if not _COUNT.fullmatch(count) or int(count) == 0:
        raise FrameError(f"{tr_id}: count {shortened(count)} is not a number of records")
    if not payload or "\x00" in payload:
        raise FrameError(f"{tr_id}: the payload is empty or holds NUL characters")
    return StreamFrame(tr_id, flag == "1", int(count), payload)


def records(tr_id: str, payload: str, count: int, minimum: int = 1) -> list[list[str]]:
    """Return every record of a payload as its fields, trailing empty ones included.

    Raises FrameError when the fields are no whole multiple of `count`, a record is shorter than `minimum`,
    or at least twice as long (then the count lies: records have been taken together).
    """
    fields = payload.split("^")
    width = record_width(tr_id, len(fields), count, minimum)
    if count == 1:
        return [fields]
    return [fields[start : start + width] for start in range(0, len(fields), width)]


def named_records(frame: StreamFrame, layout: Callable[[int], Sequence[str]]) -> list[dict[str, str]]:
    """Decode any stream's records into dictionaries of wire name and text.

    `layout(width)` names the columns of a record of that width, as `catalog`'s `Stream.layout` does.
    Raises FrameError when the fields are no whole number of records.
    """
    found = records(frame.tr_id, frame.payload, frame.record_count)
    names = layout(len(found[0]))
    return [dict(zip(names, fields, strict=False)) for fields in found]


def record_width(tr_id: str, fields: int, count: int, minimum: int) -> int:
    """Return how many fields a record has; raises FrameError as `records`."""
    width, left_over = divmod(fields, count)
    if left_over:
        raise FrameError(f"{tr_id}: {fields} fields are not {count} records of one length")
    if width < minimum:
        raise FrameError(f"{tr_id}: a record of {width} fields is shorter than {minimum}")
    if minimum > 1 and width >= 2 * minimum:
        raise FrameError(f"{tr_id}: {count} records cannot have {width} fields each ({minimum} expected)")
    return width


def subscribe_text(approval_key: str, tr_id: str, tr_key: str) -> str:
    """Return the command that starts a stream."""
    return _command_text(approval_key, "1", tr_id, tr_key)


def unsubscribe_text(approval_key: str, tr_id: str, tr_key: str) -> str:
    """Return the command that ends a stream."""
    return _command_text(approval_key, "2", tr_id, tr_key)


def _command_text(approval_key: str, tr_type: str, tr_id: str, tr_key: str) -> str:
    header = {
        "approval_key": approval_key,
        "custtype": "P",
        "tr_type": tr_type,
        "content-type": "utf-8",
    }
    return orjson.dumps({"header": header, "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}}}).decode()


def shortened(text: str) -> str:
    """Return the beginning of a text as it may stand in a log line."""
    return ascii(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def _parse_control(text: str) -> ControlReply | Heartbeat:
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise FrameError(f"a reply that is not JSON: {shortened(text)}") from error
    header, body = document.get("header"), document.get("body")
    if not isinstance(header, dict):
        raise FrameError(f"a reply without a header: {shortened(text)}")
    tr_id = _text(header, "tr_id")
    if tr_id == _HEARTBEAT and body is None:
        return Heartbeat(text)
    if not isinstance(body, dict) or not isinstance(body.get("rt_cd"), str):
        raise FrameError(f"a reply without rt_cd: {shortened(text)}")
    output = body.get("output")
    secrets = output if isinstance(output, dict) else {}
    return ControlReply(
        tr_id=tr_id,
        tr_key=_text(header, "tr_key"),
        is_ok=body["rt_cd"] == "0",
        code=_text(body, "msg_cd"),
        message=_text(body, "msg1").strip(),
        key=_text(secrets, "key"),
        iv=_text(secrets, "iv"),
    )


def _text(mapping: dict[str, object], name: str) -> str:
    value = mapping.get(name)
    return value if isinstance(value, str) else ""


class NoticeCipher:
    """Decrypt notices: AES-256-CBC with PKCS#7, key and iv being the UTF-8 bytes of the reply's strings."""

    __slots__ = ("_iv", "_key")

    def __init__(self, key: str, iv: str) -> None:
        self._key = key.encode(errors="replace")
        self._iv = iv.encode(errors="replace")
        if len(self._key) != 32 or len(self._iv) != 16:
            raise FrameError("the subscribe reply holds no AES-256 key and iv")

    def decrypt(self, payload: str) -> str:
        """Return the plain payload; raises FrameError, which never quotes a key or the plain text."""
        # Imported at the first notice: a window that only watches does not pay for it.
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        try:
            sealed = base64.b64decode(payload, validate=True)
            decryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._iv)).decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
            unpadder = PKCS7(128).unpadder()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except (ValueError, binascii.Error) as error:
            raise FrameError("an encrypted notice cannot be decrypted with the session's key") from error
