"""The sizing rule of a run as the number that `fills.wanted_shares` takes."""

from __future__ import annotations

from kis_terminal.domain.sizing import SizingKind
from kis_terminal.services.backtest.fills import AMOUNT, EQUAL_WEIGHT, PERCENT, SHARES


def sizing_code(kind: SizingKind) -> int:
    """Return the code of a rule."""
    return {
        SizingKind.EQUAL_WEIGHT: EQUAL_WEIGHT,
        SizingKind.SHARES: SHARES,
        SizingKind.PERCENT: PERCENT,
        SizingKind.AMOUNT: AMOUNT,
    }[kind]
