"""Mend what can never be true: a window that holds today's bar is made to end yesterday."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kis_terminal.domain.strategy.model import IndicatorUse, PriceField, StrategySpec
from kis_terminal.domain.strategy.traps import bounding_use

_SOURCES: Mapping[str, PriceField] = MappingProxyType({"maximum": PriceField.HIGH, "minimum": PriceField.LOW})


def fixed(spec: StrategySpec) -> StrategySpec:
    """Return the strategy with every window that bounds today's price ending yesterday.

    The words of such rules ask for the high (or low) before today, so `maximum` takes highs and `minimum`
    lows. Every condition that reads the indicator sees the new window. Returns `spec` where all is well.
    """
    conditions = (*spec.entry.conditions, *spec.exit.conditions)
    aliases = {use.alias for use in (bounding_use(spec, one) for one in conditions) if use is not None}
    if not aliases:
        return spec
    return replace(
        spec, indicators=tuple(_ended(use) if use.alias in aliases else use for use in spec.indicators)
    )


def _ended(use: IndicatorUse) -> IndicatorUse:
    return replace(use, shift=1, source=_SOURCES.get(use.id, use.source))
