"""What programs of one app key say to each other about the one socket: bytes, sealed, without IO.

Everything is sealed with AES-256-GCM under a key derived from the app secret and bound to its channel: who
can write to the cache can neither read a frame nor plant one. Channels carry the number of the lease.
Down (from who holds the socket): number, epoch, then parts. Up: JSON, the whole of what a program wants.
"""

from __future__ import annotations

import hmac
import json
import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from kis_terminal.adapters.kis.frames import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Key = tuple[str, str]
"""TR id and key of a registration, as KIS names it."""

ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD = struct.Struct(">QI")
_PART = struct.Struct(">BI")
_SECONDS = struct.Struct(">d")
_LONGEST_NAME = 40
_MOST_KEYS = 200


class PartKind(IntEnum):
    """What a part of a batch is."""

    FRAME = 1
    """A message of KIS's for everybody: data, or a heartbeat."""
    REPLY = 2
    """A message for some programs: their number, their ids, the text."""
    HEARD = 3
    """Seconds since KIS was heard last."""
    ROOM = 4
    """A registration has become free."""
    FORGOTTEN = 5
    """Some programs were not heard of for too long, and have missed frames: their number, their ids."""


_KINDS = {kind.value: kind for kind in PartKind}


@dataclass(frozen=True, slots=True)
class Batch:
    """What whoever holds the socket says at once."""

    number: int
    """One more than the batch before: a hole tells that something was missed."""
    epoch: int
    """Changes with every connection to KIS; 0 while there is none."""
    parts: tuple[tuple[PartKind, bytes], ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one program wants of the socket: all of it, so that a lost message is made good by the next."""

    member: bytes
    place: int
    """Which of its sockets of ours speaks: each begins with nothing."""
    version: int
    epoch: int
    wanted: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """How often each registration was asked for, and was to be made anew; more than before asks again."""
    stalled: str = ""
    """Why the connection to KIS seems dead to it."""
    is_leaving: bool = False


class RelaySeal:
    """Close and open messages of one app key."""

    def __init__(self, appsecret: str) -> None:
        self._key = hmac.digest(appsecret.encode(), b"kis-terminal feed relay 1", "sha256")

    @cached_property
    def _cipher(self) -> AESGCM:
        # Imported with the first message, as for the shared tokens.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def closed(self, channel: str, plain: bytes) -> bytes:
        """Return what may go over `channel`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, channel.encode())

    def opened(self, channel: str, value: bytes) -> bytes | None:
        """Return what was closed for `channel`, None for anything else."""
        from cryptography.exceptions import InvalidTag

        if len(value) <= _NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(value[:_NONCE_BYTES], value[_NONCE_BYTES:], channel.encode())
        except (InvalidTag, ValueError):
            return None


def pack_batch(number: int, epoch: int, parts: Iterable[tuple[PartKind, bytes]]) -> bytes:
    """Return a batch as bytes."""
    pieces = [_HEAD.pack(number, epoch)]
    for kind, content in parts:
        pieces += (_PART.pack(kind, len(content)), content)
    return b"".join(pieces)


def unpack_batch(plain: bytes) -> Batch | None:
    """Read a batch; None for what is none."""
    try:
        number, epoch = _HEAD.unpack_from(plain)
        return Batch(number, epoch, tuple(_parts(plain)))
    except (struct.error, ValueError, KeyError):
        return None


def _parts(plain: bytes) -> Iterator[tuple[PartKind, bytes]]:
    at = _HEAD.size
    while at < len(plain):
        kind, size = _PART.unpack_from(plain, at)
        at += _PART.size
        if size > MAX_FRAME_BYTES or at + size > len(plain):
            raise ValueError("a part that is cut off")
        yield _KINDS[kind], plain[at : at + size]
        at += size


def pack_reply(members: Iterable[bytes], text: bytes) -> bytes:
    """Return the content of a REPLY."""
    ids = b"".join(members)
    return bytes([len(ids) // ID_BYTES]) + ids + text


def unpack_reply(content: bytes, member: bytes) -> bytes | None:
    """Return the text of a REPLY for `member`, None when it is not for it."""
    if not content:
        return None
    end = 1 + content[0] * ID_BYTES
    ids = {content[at : at + ID_BYTES] for at in range(1, end, ID_BYTES)}
    return content[end:] if member in ids else None


def pack_seconds(seconds: float) -> bytes:
    """Return the content of a HEARD."""
    return _SECONDS.pack(seconds)


def unpack_seconds(content: bytes) -> float:
    """Return the seconds of a HEARD; infinity for what is none."""
    return float(_SECONDS.unpack(content)[0]) if len(content) == _SECONDS.size else float("inf")


def pack_wishes(wishes: Wishes) -> bytes:
    """Return wishes as bytes."""
    wanted = [[*key, *counts] for key, counts in wishes.wanted.items()]
    told = {
        "member": wishes.member.hex(),
        "place": wishes.place,
        "version": wishes.version,
        "epoch": wishes.epoch,
        "wanted": wanted,
        "stalled": wishes.stalled,
        "is_leaving": wishes.is_leaving,
    }
    return json.dumps(told).encode()


def unpack_wishes(plain: bytes) -> Wishes | None:
    """Read wishes; None for what is none: another version of this program may speak otherwise."""
    try:
        told = json.loads(plain)
        member = bytes.fromhex(told["member"])
        wanted = {
            (str(tr_id), str(tr_key)): (int(asked), int(renewed))
            for tr_id, tr_key, asked, renewed in told["wanted"]
        }
        wishes = Wishes(
            member,
            int(told["place"]),
            int(told["version"]),
            int(told["epoch"]),
            wanted,
            str(told["stalled"])[:_LONGEST_NAME],
            bool(told["is_leaving"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    names = [name for key in wanted for name in key]
    is_plain = all(0 < len(name) <= _LONGEST_NAME and name.isprintable() for name in names)
    return wishes if len(member) == ID_BYTES and len(wanted) <= _MOST_KEYS and is_plain else None


class FrameFilter:
    """Let through what one program asked for; the socket brings what all of them did.

    What has no form of a frame passes: whoever reads it judges it. So does a frame of several records, one of
    which was asked for.
    """

    def __init__(self) -> None:
        self._heads: set[bytes] = set()
        self._symbols: dict[bytes, set[bytes]] = {}

    def want(self, key: Key) -> None:
        """Let a registration's frames through from now on."""
        tr_id, symbol = (name.encode() for name in key)
        self._heads.add(b"0|" + tr_id + b"|001|" + symbol)
        self._symbols.setdefault(tr_id, set()).add(symbol)

    def leave(self, key: Key) -> None:
        """Hold a registration's frames back from now on."""
        tr_id, symbol = (name.encode() for name in key)
        self._heads.discard(b"0|" + tr_id + b"|001|" + symbol)
        self._symbols.get(tr_id, set()).discard(symbol)

    def passes(self, message: bytes) -> bool:
        """Tell whether a message is for this program."""
        end = message.find(b"^")
        if end >= 0 and message[:end] in self._heads:
            return True
        parts = message.split(b"|", 3)
        if len(parts) != 4 or parts[0] not in (b"0", b"1"):
            return True
        symbols = self._symbols.get(parts[1], set())
        if parts[0] == b"1":  # sealed: notices, which have no symbol before they are read
            return bool(symbols)
        if end < 0:
            return True
        if parts[2] == b"001":
            return False
        fields = parts[3].split(b"^")
        count = int(parts[2]) if parts[2].isdigit() else 0
        if not count or len(fields) % count:
            return True
        return not symbols.isdisjoint(fields[:: len(fields) // count])
