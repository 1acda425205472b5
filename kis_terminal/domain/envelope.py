"""The form of values that programs share: what it is, which version, and a checksum; never code.

Whoever reads a value from a place that others can write to opens it here: what is no envelope of the kind
that is wanted counts as absent.
"""

from __future__ import annotations

import hashlib

_MARK = b"KT"
_VERSION = 1
_SUM_BYTES = 16
MOST_BYTES = 1024 * 1024
"""Of one value; a longer one is nobody's of ours."""


def seal(kind: str, content: bytes) -> bytes:
    """Return `content` in its envelope; `kind` is one plain word that says what it is."""
    name = kind.encode("ascii")
    head = _MARK + bytes([_VERSION, len(name)]) + name
    return head + _sum(head, content) + content


def unseal(kind: str, value: bytes) -> bytes | None:
    """Return what is in the envelope; None for another kind or version, a wrong sum, or anything else."""
    name = kind.encode("ascii")
    head = _MARK + bytes([_VERSION, len(name)]) + name
    begin = len(head) + _SUM_BYTES
    if len(value) > MOST_BYTES or len(value) < begin or value[: len(head)] != head:
        return None
    content = value[begin:]
    return content if value[len(head) : begin] == _sum(head, content) else None


def _sum(head: bytes, content: bytes) -> bytes:
    return hashlib.sha256(head + content).digest()[:_SUM_BYTES]
