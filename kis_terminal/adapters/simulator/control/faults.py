"""Fault plans: which calls, frames and sockets go wrong, and how. Pure; no socket, no clock.

A rule says where it looks (`on`), what it matches, when it fires and what it does (`do`). It is written as a
JSON object or in a small language of `name=value` joined by commas, a text with a comma needs JSON:

    do=drop,at=answer,path=*/order-cash,nth=1     the first order is taken, its answer never comes
    do=error,code=EGW00201,tr=TTTC8001R,probability=0.2,seed=3
    do=duplicate,on=frame,tr=H0STCNI0             every execution notice comes twice

Names that match: `on` (rest, connect, command, reply, frame), `host` (real, paper), `path` and `tr` (patterns
with * and ?; PINGPONG is a frame's and a command's TR id), `key` (a socket's tr_key). When: `nth` of what
matched ("3", "2-5", "4-"), `times` (fire so often at most), `probability` with `seed`. `at` tells whether a
REST fault comes before the call is handled (request) or after it (answer).
Frames are counted for each receiver; what no rule matches goes its usual way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from http import HTTPStatus
from random import Random
from types import MappingProxyType

from kis_terminal.adapters.simulator.control.wire_log import WireLog

ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "rest": frozenset(
            {
                *("delay", "drop", "reset", "raw", "status", "error", "truncate", "cut", "blank", "omit"),
                *("endless", "twice"),
            }
        ),
        "connect": frozenset({"status", "close", "reset", "silence", "delay"}),
        "command": frozenset({"drop", "close", "reset", "silence", "rekey"}),
        "reply": frozenset({"delay", "drop", "duplicate", "reorder", "close", "reset", "silence", "raw"}),
        "frame": frozenset(
            {
                *("delay", "drop", "duplicate", "reorder", "close", "reset", "silence", "raw"),
                *("key", "count", "columns"),
            }
        ),
    }
)
"""What can be done where. `cut` ends the connection in the middle of a body, `truncate` sends a whole answer
with half a JSON; `key` seals a notice with a key that nobody was told, `rekey` changes a session's key.
`endless` tells of a next page on every page, under the same key or, with size, under a new one each time;
`twice` lists the rows of fields again."""

_AT_DEFAULT = {"delay": "request", "drop": "request", "error": "request", "reset": "request"}
_LARGEST_BODY = 32 * 1024 * 1024
_LONGEST_SECONDS = 3600.0


class FaultError(ValueError):
    """A rule cannot be read; the text says which part."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One fault. Empty texts match everything; 0 in `times` means without end."""

    do: str
    on: str = "rest"
    host: str = ""
    path: str = ""
    tr: str = ""
    key: str = ""
    nth: str = ""
    times: int = 0
    probability: float = 1.0
    seed: int = 0
    at: str = ""
    """request or answer, of REST faults."""
    seconds: float = 0.0
    """Of delay; how long drop holds the connection (0: until the client goes); the longest reorder waits."""
    status: int = 0
    code: str = ""
    """Message code of error, close code of close."""
    text: str = ""
    """Message of error, body of raw."""
    size: int = 0
    """Bytes left by truncate and cut; columns added (or taken, below 0) by columns; copies by duplicate;
    the number that count writes; raw without text sends so many bytes."""
    fields: str = ""
    """Names, joined by +, that blank empties and omit takes out wherever they stand, and lists that twice
    doubles."""

    def __post_init__(self) -> None:
        """Refuse what could never fire or would break the simulator itself; fill in the usual `at`."""
        if self.on not in ACTIONS:
            raise FaultError(f"on={self.on}: one of {', '.join(ACTIONS)}")
        if self.do not in ACTIONS[self.on]:
            raise FaultError(f"do={self.do}: on={self.on} knows {', '.join(sorted(ACTIONS[self.on]))}")
        if self.host not in ("", "real", "paper"):
            raise FaultError(f"host={self.host}: real or paper")
        if self.at not in ("", "request", "answer"):
            raise FaultError(f"at={self.at}: request or answer")
        if not 0 <= self.probability <= 1:
            raise FaultError(f"probability={self.probability}: 0 to 1")
        if not 0 <= self.seconds <= _LONGEST_SECONDS:
            raise FaultError(f"seconds={self.seconds}: 0 to {_LONGEST_SECONDS:.0f}")
        if self.times < 0 or not -_LARGEST_BODY <= self.size <= _LARGEST_BODY:
            raise FaultError("times and size must be within reason")
        if self.status and self.status not in set(HTTPStatus):
            raise FaultError(f"status={self.status}: not an HTTP status")
        if self.do == "status" and not self.status:
            raise FaultError("do=status needs status=")
        if self.do == "error" and not self.code:
            raise FaultError("do=error needs code=")
        if self.do == "close" and self.code and not (self.code.isdigit() and 1000 <= int(self.code) < 5000):
            raise FaultError(f"code={self.code}: close codes are 1000 to 4999")
        if self.do in ("blank", "omit", "twice") and not self.fields:
            raise FaultError(f"do={self.do} needs fields=")
        read_range(self.nth)
        if self.on == "rest" and not self.at:
            object.__setattr__(self, "at", _AT_DEFAULT.get(self.do, "answer"))

    def matches(self, on: str, host: str, path: str, tr: str, key: str) -> bool:
        """Return whether the rule is about such a thing."""
        return (
            self.on == on
            and self.host in ("", host)
            and (not self.path or fnmatchcase(path, self.path))
            and (not self.tr or fnmatchcase(tr, self.tr))
            and (not self.key or fnmatchcase(key, self.key))
        )

    def to_json(self) -> dict[str, object]:
        """Return what differs from the defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in values.items() if value != defaults[name]}


def read_range(text: str) -> tuple[int, float]:
    """Return first and last of "3", "2-5" or "4-"; nothing means every one. FaultError otherwise."""
    if not text:
        return 1, float("inf")
    first, dash, last = text.partition("-")
    if not (first.isascii() and first.isdigit() and (not last or (last.isascii() and last.isdigit()))):
        raise FaultError(f"nth={text}: a number, 2-5 or 4-")
    low = int(first)
    high = float(int(last)) if last else (float("inf") if dash else float(low))
    if not 1 <= low <= high:
        raise FaultError(f"nth={text}: counts from 1 upwards")
    return low, high


def read_rule(spec: str | Mapping[str, object]) -> FaultRule:
    """Return the rule that JSON or the small language describes; raises FaultError."""
    if isinstance(spec, str):
        spec = _read_text(spec)
    kinds = {field.name: str(field.type) for field in fields(FaultRule)}
    values: dict[str, str | int | float] = {}
    for name, value in spec.items():
        if name not in kinds:
            raise FaultError(f"{name}: no such part; there are {', '.join(kinds)}")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FaultError(f"{name}: a text or a number")
        try:
            values[name] = {"int": int, "float": float}.get(kinds[name], str)(value)
        except (ValueError, OverflowError):
            raise FaultError(f"{name}={value}: a number") from None
    if "do" not in values:
        raise FaultError("do= is missing")
    return FaultRule(**values)  # type: ignore[arg-type]  # the table above made the types


def _read_text(text: str) -> Mapping[str, object]:
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FaultError(f"not JSON: {error}") from None
        assert isinstance(found, dict)  # noqa: S101  it began with a brace
        return found
    parts: dict[str, object] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or name.strip() in parts:
            raise FaultError(f"{part.strip() or 'nothing'}: name=value, each name once")
        parts[name.strip()] = value.strip()
    return parts


class _Armed:
    """A rule in force and how often it has matched and fired."""

    def __init__(self, number: int, rule: FaultRule, seed: int) -> None:
        self.number = number
        self.rule = rule
        self.matched = 0
        self.fired = 0
        self._first, self._last = read_range(rule.nth)
        self._random = Random(f"{seed} {rule.seed} {number}")

    def count(self) -> bool:
        """Count one match and return whether the rule fires now."""
        self.matched += 1
        if not self._first <= self.matched <= self._last:
            return False
        if self.rule.times and self.fired >= self.rule.times:
            return False
        # Drawn only where it matters, so that the same run gives the same faults.
        if self.rule.probability < 1 and self._random.random() >= self.rule.probability:
            return False
        self.fired += 1
        return True


class FaultPlan:
    """Hold the rules in force, in the order in which they were added, and tell which fire."""

    def __init__(self, log: WireLog, seed: int = 0) -> None:
        self._log = log
        self._seed = seed
        self._armed: list[_Armed] = []
        self._next = 1
        self._watched: frozenset[str] = frozenset()

    def watches(self, on: str) -> bool:
        """Return whether there is any rule of the place; cheap, asked for every frame."""
        return on in self._watched

    def add(self, rule: FaultRule) -> int:
        """Put a rule in force and return its number, by which it can be cleared."""
        number = self._next
        self._next += 1
        self._armed.append(_Armed(number, rule, self._seed))
        self._watched |= {rule.on}
        return number

    def clear(self, number: int | None = None) -> int:
        """Take one rule or all out of force; return how many."""
        kept = [armed for armed in self._armed if number is not None and armed.number != number]
        gone = len(self._armed) - len(kept)
        self._armed = kept
        self._watched = frozenset(armed.rule.on for armed in kept)
        return gone

    def fire(
        self, on: str, host: str, *, path: str = "", tr: str = "", key: str = "", only: Sequence[str] = ()
    ) -> list[FaultRule]:
        """Count what happens now with every rule that matches and return those that fire.

        `only` limits the question to rules with these actions.
        """
        fired: list[FaultRule] = []
        for armed in self._armed:
            rule = armed.rule
            if (only and rule.do not in only) or not rule.matches(on, host, path, tr, key):
                continue
            if armed.count():
                fired.append(rule)
                self._log.note("fault", host=host, on=on, rule=armed.number, do=rule.do, path=path, tr=tr)
        return fired

    def to_json(self) -> list[dict[str, object]]:
        """Return rules and counts."""
        return [
            {"id": armed.number, "matched": armed.matched, "fired": armed.fired, "rule": armed.rule.to_json()}
            for armed in self._armed
        ]
