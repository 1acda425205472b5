"""How much one host lets through, all of it changeable while it runs, and who is shut out for a while.

Published: calls a second (18 real, 1 paper), 41 registrations, one approval call a second (notice of
2026-04-20). Not published, and assumed here: the ledger's own limit (EGW00215), which public programs say is
lower than the gateway's (15 here, for all calls of an account); and the block of clients that connect and
close without end (notice of 2026-05-18), whose thresholds and length KIS does not tell: 30 sessions in 60 s
shut an app key out for 10 minutes, for REST as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from kis_terminal.adapters.simulator.serving.personality import Personality

LARGEST_REGISTRATIONS = 41
_ASSUMED_ACCOUNT_CALLS = 15


class LimitError(ValueError):
    """A limit cannot be set to that."""


@dataclass(slots=True)
class HostLimits:
    """Limits of one host; a second is always any second, not one of the clock's."""

    calls_per_second: int
    account_calls_per_second: int
    approvals_per_second: int = 1
    registrations: int = LARGEST_REGISTRATIONS
    storm_sessions: int = 30
    """So many sessions of an app key within `storm_seconds` shut it out; 0 never does."""
    storm_seconds: float = 60.0
    storm_block_seconds: float = 600.0

    @classmethod
    def of(cls, personality: Personality) -> HostLimits:
        """Return KIS's limits for a host."""
        calls = personality.requests_per_second
        return cls(calls_per_second=calls, account_calls_per_second=min(calls, _ASSUMED_ACCOUNT_CALLS))

    def change(self, values: Mapping[str, object]) -> None:
        """Set some limits; LimitError for an unknown name or a value that is no number from 0 up."""
        known = {field.name: str(field.type) for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise LimitError(f"{name}: no such limit; there are {', '.join(known)}")
            whole = known[name] == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
                raise LimitError(f"{name}: a number from 0 up")
        for name, value in values.items():
            setattr(self, name, value)

    def to_json(self) -> dict[str, object]:
        """Return all limits by name."""
        return asdict(self)


class StormGuard:
    """Shut an app key out that opens one session after the other."""

    def __init__(self, limits: HostLimits) -> None:
        self._limits = limits
        self._opened: dict[str, deque[float]] = {}
        self._until: dict[str, float] = {}

    def is_blocked(self, appkey: str, now: float) -> bool:
        """Return whether the key is shut out at `now` (monotonic seconds)."""
        return now < self._until.get(appkey, 0.0)

    def note_session(self, appkey: str, now: float) -> bool:
        """Count one session that opens; return whether it has shut its key out."""
        if not self._limits.storm_sessions:
            return False
        opened = self._opened.setdefault(appkey, deque())
        opened.append(now)
        while now - opened[0] >= self._limits.storm_seconds:
            opened.popleft()
        if len(opened) < self._limits.storm_sessions:
            return False
        opened.clear()
        self._until[appkey] = now + self._limits.storm_block_seconds
        return True

    def forgive(self) -> None:
        """Let everybody in again."""
        self._opened.clear()
        self._until.clear()
