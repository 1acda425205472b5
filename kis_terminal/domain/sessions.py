"""Which phase a market is in at a time of day, for display and for the kinds of order it takes.

Source: KRX and NXT hours as of 2026-09-14 (after-market 16:00-20:00 on KRX).
KIS's own answer wins over this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kis_terminal.domain.orders import OrderKind, Venue


class Phase(StrEnum):
    """Phases of a trading day."""

    CLOSED = "closed"
    PRE_MARKET = "pre_market"
    OPENING_AUCTION = "opening_auction"
    CONTINUOUS = "continuous"
    CLOSING_AUCTION = "closing_auction"
    AFTER_CLOSE = "after_close"
    AFTER_MARKET = "after_market"


@dataclass(frozen=True, slots=True)
class _Span:
    begin: int
    end: int
    phase: Phase


def _at(hour: int, minute: int, second: int = 0) -> int:
    return hour * 3600 + minute * 60 + second


_KRX = (
    _Span(_at(8, 30), _at(9, 0), Phase.OPENING_AUCTION),
    _Span(_at(9, 0), _at(15, 20), Phase.CONTINUOUS),
    _Span(_at(15, 20), _at(15, 30), Phase.CLOSING_AUCTION),
    _Span(_at(15, 30), _at(16, 0), Phase.AFTER_CLOSE),
    _Span(_at(16, 0), _at(20, 0), Phase.AFTER_MARKET),
)
_NXT = (
    _Span(_at(8, 0), _at(8, 50), Phase.PRE_MARKET),
    _Span(_at(9, 0, 30), _at(15, 20), Phase.CONTINUOUS),
    _Span(_at(15, 40), _at(20, 0), Phase.AFTER_MARKET),
)

_REGULAR_KRX = (
    OrderKind.LIMIT,
    OrderKind.MARKET,
    OrderKind.CONDITIONAL,
    OrderKind.BEST,
    OrderKind.PRIORITY,
    OrderKind.LIMIT_IOC,
    OrderKind.LIMIT_FOK,
    OrderKind.MARKET_IOC,
    OrderKind.MARKET_FOK,
    OrderKind.BEST_IOC,
    OrderKind.BEST_FOK,
    OrderKind.MID,
    OrderKind.MID_IOC,
    OrderKind.MID_FOK,
    OrderKind.STOP_LIMIT,
)
_NOT_ON_NXT = frozenset({OrderKind.MARKET, OrderKind.CONDITIONAL, OrderKind.PRE_OPEN, OrderKind.AFTER_CLOSE})
_NOT_ON_SOR = frozenset(
    {
        OrderKind.CONDITIONAL,
        OrderKind.PRE_OPEN,
        OrderKind.AFTER_CLOSE,
        OrderKind.MID,
        OrderKind.MID_IOC,
        OrderKind.MID_FOK,
        OrderKind.STOP_LIMIT,
    }
)
_AUCTION = (OrderKind.LIMIT, OrderKind.MARKET)


def phase_at(venue: Venue, seconds: int) -> Phase:
    """Return the phase of an open day at `seconds` since midnight in Seoul."""
    for span in _NXT if venue is Venue.NXT else _KRX:
        if span.begin <= seconds < span.end:
            return span.phase
    return Phase.CLOSED


def kinds_allowed(venue: Venue, phase: Phase) -> tuple[OrderKind, ...]:
    """Return the order kinds that a venue takes in a phase, the usual ones first."""
    if phase in (Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION):
        kinds: tuple[OrderKind, ...] = _AUCTION
    elif phase is Phase.AFTER_CLOSE:
        kinds = (OrderKind.AFTER_CLOSE,)
    elif phase in (Phase.CONTINUOUS, Phase.PRE_MARKET):
        kinds = _REGULAR_KRX
    elif phase is Phase.AFTER_MARKET:
        kinds = _REGULAR_KRX if venue is Venue.NXT else ()
    else:
        kinds = ()
    if venue is Venue.NXT:
        return tuple(kind for kind in kinds if kind not in _NOT_ON_NXT)
    if venue is Venue.SOR:
        return tuple(kind for kind in kinds if kind not in _NOT_ON_SOR)
    return kinds
