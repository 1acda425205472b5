"""What differs between the three environments: TR ids, limits, page habits; and what access looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal, Protocol

from kis_terminal.domain.environment import Environment

KST = timezone(timedelta(hours=9), "KST")
"""Korea has had no daylight saving time since 1988, so a fixed offset needs no time-zone database."""


class HiddenText(Protocol):
    """A secret that prints as stars."""

    def reveal(self) -> str:
        """Return the text itself."""
        ...


class Access(Protocol):
    """Host names, keys and account of one environment; `settings.KisAccess` has this form."""

    @property
    def environment(self) -> Environment: ...

    @property
    def rest_url(self) -> str: ...

    @property
    def master_url(self) -> str: ...

    @property
    def appkey(self) -> HiddenText: ...

    @property
    def appsecret(self) -> HiddenText: ...

    @property
    def cano(self) -> str: ...

    @property
    def product(self) -> str: ...

    @property
    def account_label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How often KIS may be asked.

    Source: KIS notice of 2026-04-20 (18 calls a second per app key in real, 1 in paper); the token rule is
    what public clients meet (EGW00133), the ledger's own lower limit (EGW00215) is not published.
    """

    calls: int
    """Calls in any `window`."""
    window: float = 1.03
    """Seconds; above one, since calls that left evenly can arrive closer together."""
    reserved_for_cancels: int = 2
    token_pause: float = 60.0
    """Seconds between two calls of tokenP."""


LIMITS: dict[Environment, Limits] = {
    Environment.REAL: Limits(calls=18),
    Environment.PAPER: Limits(calls=1, reserved_for_cancels=0),
    Environment.SIM: Limits(calls=18),
}


def tr_environment(environment: Environment) -> Literal["real", "paper"]:
    """Return which column of TR ids holds; the embedded exchange speaks as the real server does."""
    return "paper" if environment is Environment.PAPER else "real"
