"""Hold what both hosts share: the one market, the keys, the clocks and who uses which account."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kis_terminal.adapters.simulator.control.call_usage import CallUsage
from kis_terminal.adapters.simulator.control.faults import FaultPlan
from kis_terminal.adapters.simulator.control.wire_log import WireLog
from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.market_name import MarketName
from kis_terminal.adapters.simulator.model import Account
from kis_terminal.adapters.simulator.orders.side_orders import SideDesk
from kis_terminal.adapters.simulator.reference.market import ReferenceMarket
from kis_terminal.adapters.simulator.serving.auth import SEOUL, Approvals, KeyRing, Tokens
from kis_terminal.adapters.simulator.serving.limits import HostLimits, StormGuard
from kis_terminal.adapters.simulator.serving.personality import PAPER, REAL, Personality
from kis_terminal.adapters.simulator.wire.answers import Answer


def wall_clock() -> datetime:
    """Return the machine's time in Seoul."""
    return datetime.now(SEOUL)


class MarketTime:
    """Run the market's clock: from `start` (the wall clock's time where absent), `speed` times as fast."""

    def __init__(
        self,
        wall: Callable[[], datetime] = wall_clock,
        *,
        speed: float = 1.0,
        start: datetime | None = None,
    ) -> None:
        self._wall = wall
        self._born = wall()
        self._start = start or self._born
        self._speed = speed

    def now(self) -> datetime:
        """Return the moment to hand to the exchange as its `now`."""
        return self._start + (self._wall() - self._born) * self._speed

    def change(self, *, start: datetime | None = None, speed: float | None = None) -> None:
        """Go on from `start` (not back: what has happened stays) at another speed; ValueError otherwise."""
        now = self.now()
        if start is not None and start < now:
            raise ValueError("the market's clock does not go back")
        self._start, self._born = start or now, self._wall()
        self._speed = self._speed if speed is None else speed


class RecordedCalls(Protocol):
    """What is asked in place of the market while a recording is played."""

    def answer(self, method: str, path: str, tr_id: str, values: Mapping[str, str]) -> Answer:
        """Return what was answered; raises WireRefusal."""
        ...

    def knows(self, tr_key: str) -> bool:
        """Say whether a stream of this key was recorded."""
        ...


@dataclass(slots=True)
class Venue:
    """Carry the shared state of the process; one instance, made by the server."""

    exchange: Exchange
    market_time: MarketTime
    is_limited: bool = True
    wall: Callable[[], datetime] = wall_clock
    monotonic: Callable[[], float] = time.monotonic
    name: MarketName | None = None
    """Of the market, where somebody keeps its bars; None tells nobody."""
    recorded: RecordedCalls | None = None
    """Answers every call, while a recording is played."""
    keys: KeyRing = field(default_factory=KeyRing)
    tokens: Tokens = field(default_factory=Tokens)
    approvals: Approvals = field(default_factory=Approvals)
    hts_ids: frozenset[str] | None = None
    """HTS IDs that may ask for notices; None takes every well-formed one."""
    usage: CallUsage = field(default_factory=CallUsage)
    side: SideDesk = field(default_factory=SideDesk)
    reference: ReferenceMarket = field(init=False)
    """What lies beside the order books."""
    log: WireLog = field(init=False)
    faults: FaultPlan = field(init=False)
    limits: dict[str, HostLimits] = field(init=False)
    """By name of the host."""
    storms: dict[str, StormGuard] = field(init=False)
    _users: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make what belongs to this run."""
        self.reference = ReferenceMarket(self.exchange)
        self.log = WireLog(self.wall, self.monotonic)
        self.faults = FaultPlan(self.log, self.exchange.seed)
        self.limits = {host.name: HostLimits.of(host) for host in (REAL, PAPER)}
        self.storms = {name: StormGuard(limits) for name, limits in self.limits.items()}

    def is_shut_out(self, appkey: str, personality: Personality) -> bool:
        """Return whether an app key is blocked for its storm of connects."""
        return self.is_limited and self.storms[personality.name].is_blocked(appkey, self.monotonic())

    def open_account(self, personality: Personality, number: str, product: str, appkey: str) -> Account:
        """Return the account, opened at first use; remember that this app key uses it (for its notices)."""
        self._users.setdefault((personality.name, number, product), set()).add(appkey)
        return self.exchange.account(number, product, realm=personality.name)

    def users_of(self, realm: str, number: str, product: str) -> frozenset[str]:
        """Return the app keys that have used an account."""
        return frozenset(self._users.get((realm, number, product), ()))

    def now(self) -> datetime:
        """Return the market's moment, as the exchange takes it."""
        return self.market_time.now()

    def exchange_time(self) -> datetime:
        """Return the time that stands on the exchange's clock."""
        return self.exchange.clock.exchange_time(self.market_time.now())
