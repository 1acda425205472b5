"""What a condition may compare: prices, lines of declared indicators, patterns; what operators say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kis_terminal.domain.strategy.indicator_table import canonical_id, indicators
from kis_terminal.domain.strategy.model import Arithmetic, Operator, PatternSignal
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.ui.translation import said, tr

Plain = Mapping[str, Any]

PRICES = (("close", "종가"), ("open", "시가"), ("high", "고가"), ("low", "저가"), ("volume", "거래량"))
OPERATORS = (
    (Operator.GREATER_THAN, "> 초과"),
    (Operator.GREATER_EQUAL, "≥ 이상"),
    (Operator.LESS_THAN, "< 미만"),
    (Operator.LESS_EQUAL, "≤ 이하"),
    (Operator.CROSS_ABOVE, "↗ 위로 뚫음"),
    (Operator.CROSS_BELOW, "↘ 아래로 뚫음"),
    (Operator.EQUAL, "= 같음"),
    (Operator.NOT_EQUAL, "≠ 다름"),
)
ARITHMETIC = (
    (None, ""),
    (Arithmetic.MUL, "×"),
    (Arithmetic.DIV, "÷"),
    (Arithmetic.ADD, "+"),
    (Arithmetic.SUB, "-"),
)
SIGNALS = (
    (PatternSignal.DETECTED, "나타남"),
    (PatternSignal.BULLISH, "상승 신호"),
    (PatternSignal.BEARISH, "하락 신호"),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One thing that a condition may name."""

    word: str
    """Price word or alias, as it stands in the file."""
    label: str
    line: str = ""
    """The line of the indicator, "" for a price or pattern."""
    is_named: bool = False
    """Whether the condition writes the line down."""
    is_pattern: bool = False


def sides_of(uses: Sequence[Plain]) -> list[Side]:
    """Return the prices and every line of the declared indicators."""
    found = [Side(word, tr(label)) for word, label in PRICES]
    for use in uses:
        alias, indicator = str(use.get("alias", "")), indicators().get(canonical_id(str(use.get("id", ""))))
        if not alias or indicator is None:
            continue
        usual = str(use.get("output") or indicator.default_line)
        for line in indicator.lines:
            label = alias if len(indicator.lines) == 1 else f"{alias} · {line}"
            found.append(Side(alias, label, line, is_named=line != "value" or usual != "value"))
    return found


def usual_line(uses: Sequence[Plain], alias: str) -> str:
    """Return the line that an alias means where a condition names none, "" for a price."""
    for use in uses:
        indicator = indicators().get(canonical_id(str(use.get("id", ""))))
        if use.get("alias") == alias and indicator is not None:
            return str(use.get("output") or indicator.default_line)
    return ""


def pattern_sides(declared: Sequence[Plain]) -> list[Side]:
    """Return the declared candlestick patterns."""
    found = []
    for one in declared:
        pattern = patterns().get(str(one.get("id", "")))
        alias = str(one.get("alias", ""))
        if alias and pattern is not None:
            found.append(
                Side(alias, tr("봉 {name} ({alias})", name=said(pattern.name), alias=alias), is_pattern=True)
            )
    return found


def typed(text: str) -> Any:
    """Return what a person typed: None for nothing, a number where it is one, else the text."""
    text = text.strip()
    if not text:
        return None
    for kind in (int, float):
        try:
            value = kind(text.replace(",", ""))
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


def shown(value: Any) -> str:
    """Return a value of a file as it is typed."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return `wanted`, or it with the first number behind it that nobody has."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    return f"{wanted}_{number}"
