"""What the window and a strategy's own process say to each other: one JSON object a line.

JSON and not pickle: a strategy may be anybody's, and what it answers must not be able to run in the window.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sentences import Sentence

LONGEST_LINE = 8_000_000
MOST_INTENTS = 100
_LOG_LINES = 200
_LOG_LENGTH = 500
_REASON_LENGTH = 200
_MOST_SHARES = 1_000_000_000


class Intent(NamedTuple):
    """What a strategy wants; `quantity` None sells all that it holds."""

    symbol: str
    side: Side
    quantity: int | None
    reason: str


def encode(message: Mapping[str, object]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message of a line; raises CorrectionNeeded for what is no JSON object."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise garbage(line[:60]) from error
    if not isinstance(message, dict):
        raise garbage(line[:60])
    return message


def garbage(what: object) -> CorrectionNeeded:
    """Return the error for an answer that has no meaning."""
    return CorrectionNeeded(Sentence("전략이 뜻을 알 수 없는 답을 보냈습니다: {what}", what=plain(what, 80)))


def read_intents(value: object, symbols: Collection[str]) -> tuple[Intent, ...]:
    """Return the intents of an answer; raises CorrectionNeeded where a single one of them is no intent."""
    if not isinstance(value, list) or len(value) > MOST_INTENTS:
        raise garbage(value)
    return tuple(_intent(item, symbols) for item in value)


def _intent(item: object, symbols: Collection[str]) -> Intent:
    if not isinstance(item, dict):
        raise garbage(item)
    symbol, side, quantity = item.get("symbol"), item.get("side"), item.get("quantity")
    if not isinstance(symbol, str) or symbol not in symbols or side not in ("buy", "sell"):
        raise garbage(item)
    is_all = quantity is None and side == "sell"
    if not is_all and not _is_count(quantity):
        raise garbage(item)
    return Intent(symbol, Side(side), quantity, plain(item.get("reason", ""), _REASON_LENGTH))


def _is_count(quantity: object) -> bool:
    is_whole = isinstance(quantity, int) and not isinstance(quantity, bool)
    return is_whole and 0 < quantity <= _MOST_SHARES  # type: ignore[operator]


def read_log(value: object) -> tuple[str, ...]:
    """Return the log lines of an answer: plain, cut, not too many."""
    if not isinstance(value, list):
        return ()
    return tuple(plain(line, _LOG_LENGTH) for line in value[:_LOG_LINES])


def read_state(value: object) -> dict[str, str]:
    """Return what a strategy shows of itself, as texts."""
    if not isinstance(value, dict):
        return {}
    return {plain(name, 40): plain(text, 120) for name, text in list(value.items())[:50]}


def plain(text: object, length: int) -> str:
    """Return printable text of one line, at most `length` characters."""
    words = str(text)[: length * 2]
    return "".join(letter if letter.isprintable() else " " for letter in words)[:length]
