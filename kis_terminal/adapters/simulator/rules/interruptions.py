"""When trading of a symbol is interrupted, and for how long; KRX's tables are not public: all is data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kis_terminal.adapters.simulator.model import Listing


def _dynamic_rates() -> dict[str, float]:
    return {"large": 0.03, "kospi": 0.06, "kosdaq": 0.06, "etf": 0.03}


def _sidecar_rates() -> dict[str, float]:
    return {"KOSPI": 0.05, "KOSDAQ": 0.06}


@dataclass(frozen=True, slots=True)
class InterruptionRules:
    """Rates are fractions of the reference price, times seconds (PROTOCOL.md 8.1, 8.2)."""

    static_rate: float = 0.10
    dynamic_rates: Mapping[str, float] = field(default_factory=_dynamic_rates)
    """By class: large (worth 10 trillion won or more), kospi, kosdaq, etf."""
    auction_seconds: float = 120.0
    random_seconds: float = 30.0
    """An auction of an interruption ends at random within this time after its two minutes."""
    resume_seconds: float = 600.0
    """The auction with which a halted symbol comes back."""
    end_seconds: float = 30.0
    """The opening and the closing auction of a symbol end at random within this time after their hour."""
    nxt_resume_seconds: float = 30.0
    """How long NXT collects orders before it goes on after a halt."""
    breaker_seconds: float = 1_200.0
    """How long the first two stages of the circuit breaker halt everything; the third ends the day."""
    breaker_rates: tuple[float, ...] = (0.08, 0.15, 0.20)
    """Falls of an index below its last close that break the circuit, by stage."""
    breaker_step: float = 0.01
    """How much further than at the stage before it must have fallen."""
    breaker_hold_seconds: float = 60.0
    """How long a fall must last."""
    breaker_last_second: int = 14 * 3600 + 50 * 60
    """From this second of the day on only the third stage comes, and no sidecar."""
    sidecar_rates: Mapping[str, float] = field(default_factory=_sidecar_rates)
    """Moves of a market that hold its program orders, which are futures' in truth."""
    sidecar_seconds: float = 300.0
    sidecar_quiet_seconds: float = 300.0
    """No sidecar so soon after the opening."""

    def dynamic_rate(self, listing: Listing) -> float:
        """Return how far from the last price a trade may be."""
        if listing.kind == "etf":
            return self.dynamic_rates["etf"]
        if listing.base_price * listing.listed_shares >= 10_000_000_000_000:
            return self.dynamic_rates["large"]
        return self.dynamic_rates[listing.market.lower()]


class PriceGuard:
    """Say at which prices one symbol may trade without an interruption."""

    def __init__(self, rules: InterruptionRules, listing: Listing, reference: int) -> None:
        """Start from `reference`: the base price before the first auction, then the last auction's price."""
        self.reference = reference
        # In ten-thousandths: in floating point 10 % above 100,000 is not quite 110,000.
        self._static = round(rules.static_rate * 10_000)
        self._dynamic = round(rules.dynamic_rate(listing) * 10_000)

    def allowed(self, last: int) -> tuple[int, int]:
        """Return the (lowest, highest) price that trades on, given the last price."""
        rows = ((self.reference, self._static), (last, self._dynamic))
        lowest = max(price * (10_000 - rate) // 10_000 + 1 for price, rate in rows)
        highest = min((price * (10_000 + rate) - 1) // 10_000 for price, rate in rows)
        return lowest, highest
