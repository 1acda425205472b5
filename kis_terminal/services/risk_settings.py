"""The user's limits, kept as texts: read strictly, never taken laxer than they were written."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.risk import RiskLimits
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import WorkspaceStore

_PREFIX = "risk."
SOFT_LIMITS = frozenset(
    {
        "soft_order_value",
        "soft_collar_percent",
        "soft_collar_ticks",
        "max_price_age",
        "soft_concentration_percent",
    }
)
"""A person who was asked may pass these; the others yield to nobody."""
_PERCENTS = frozenset({"price_collar_percent", "soft_collar_percent", "soft_concentration_percent"})


class RiskSettings:
    """Keep limits in a store of their own, one text each. A limit that was never set has its default."""

    def __init__(self, store: WorkspaceStore) -> None:
        self._store = store

    def load(self) -> RiskLimits:
        """Return the limits; raises CorrectionNeeded with the first text that is no limit."""
        limits = RiskLimits()
        for field in fields(RiskLimits):
            text = self._store.read(_PREFIX + field.name)
            if text is not None:
                limits = changed(limits, field.name, text)
        return limits

    def save(self, limits: RiskLimits) -> None:
        """Keep all limits, or none of the changes; raises TerminalError when the disk refuses."""
        names = [field.name for field in fields(RiskLimits)]
        self._store.write_all({_PREFIX + name: text_of(limits, name) for name in names})


def text_of(limits: RiskLimits, name: str) -> str:
    """Return a limit as a person types it."""
    value = getattr(limits, name)
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return (
        f"{value:f}"
        if isinstance(value, Decimal)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def changed(limits: RiskLimits, name: str, text: str) -> RiskLimits:
    """Return limits with one of them read from a text; raises CorrectionNeeded with text and remedy."""
    now: Any = getattr(limits, name)
    plain = text.replace(",", "").strip()
    if isinstance(now, frozenset):
        return _with(limits, name, _symbols(text))
    try:
        # int() and Decimal() read digits of other scripts and underscores: a limit is written plainly.
        value = Decimal(plain) if plain.isascii() and "_" not in plain else None
    except InvalidOperation:
        value = None
    most = Decimal(1000) if name in _PERCENTS else Decimal(10) ** 15
    if value is None or not value.is_finite() or not 0 < value <= most:
        raise CorrectionNeeded(
            Sentence(
                "위험 한도 '{text}'은(는) 0보다 크고 {most:,} 이하인 수가 아닙니다.",
                text=text[:40],
                most=most,
            )
        )
    if isinstance(now, int):
        if value != value.to_integral_value():
            raise CorrectionNeeded(Sentence("위험 한도 '{text}'은(는) 정수가 아닙니다.", text=text[:40]))
        return _with(limits, name, int(value))
    return _with(limits, name, float(value) if isinstance(now, float) else value)


def loosened(before: RiskLimits, after: RiskLimits) -> tuple[str, ...]:
    """Return the names of the hard limits that let more through than before."""
    return tuple(
        field.name
        for field in fields(RiskLimits)
        if field.name not in SOFT_LIMITS and _is_laxer(field.name, before, after)
    )


def _is_laxer(name: str, before: RiskLimits, after: RiskLimits) -> bool:
    was: Any = getattr(before, name)
    now: Any = getattr(after, name)
    match name:
        case "denied_symbols":
            return bool(was - now)
        case "allowed_symbols":
            # Where none is named, all may be bought.
            return bool(was) and (not now or bool(now - was))
        case "duplicate_seconds":
            return bool(now < was)
    return bool(now > was)


def _with(limits: RiskLimits, name: str, value: Any) -> RiskLimits:
    return replace(limits, **{name: value})


def _symbols(text: str) -> frozenset[str]:
    symbols = frozenset(text.replace(",", " ").upper().split())
    wrong = [
        symbol for symbol in symbols if not (symbol.isascii() and symbol.isalnum() and 5 <= len(symbol) <= 9)
    ]
    if wrong:
        raise CorrectionNeeded(Sentence("'{text}'은(는) 종목코드가 아닙니다.", text=wrong[0][:40]))
    return symbols
