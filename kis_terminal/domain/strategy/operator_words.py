"""Every word a file may use for an operator, and who else reads it.

The backtester (T) reads its words in any letter case and refuses others; the strategy builder (B) takes what
it does not know for `greater_than`, without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kis_terminal.domain.strategy.model import Operator


@dataclass(frozen=True, slots=True)
class OperatorWord:
    """What a word means, and whether KIS's two programs read it so."""

    operator: Operator
    in_backtester: bool = True
    in_builder: bool = False


_BOTH = {
    "greater_than": Operator.GREATER_THAN,
    "gt": Operator.GREATER_THAN,
    "less_than": Operator.LESS_THAN,
    "lt": Operator.LESS_THAN,
    "greater_equal": Operator.GREATER_EQUAL,
    "gte": Operator.GREATER_EQUAL,
    "less_equal": Operator.LESS_EQUAL,
    "lte": Operator.LESS_EQUAL,
    "cross_above": Operator.CROSS_ABOVE,
    "crosses_above": Operator.CROSS_ABOVE,
    "cross_below": Operator.CROSS_BELOW,
    "crosses_below": Operator.CROSS_BELOW,
}
_BACKTESTER_ONLY = {
    ">": Operator.GREATER_THAN,
    "breaks": Operator.GREATER_THAN,
    "<": Operator.LESS_THAN,
    ">=": Operator.GREATER_EQUAL,
    "<=": Operator.LESS_EQUAL,
    "crossover": Operator.CROSS_ABOVE,
    "indicator_cross_above": Operator.CROSS_ABOVE,
    "crossunder": Operator.CROSS_BELOW,
    "indicator_cross_below": Operator.CROSS_BELOW,
    "equal": Operator.EQUAL,
    "==": Operator.EQUAL,
    "not_equal": Operator.NOT_EQUAL,
    "!=": Operator.NOT_EQUAL,
}
_BUILDER_ONLY = {"equals": Operator.EQUAL, "eq": Operator.EQUAL}

OPERATOR_WORDS: Mapping[str, OperatorWord] = MappingProxyType(
    {word: OperatorWord(operator, in_builder=True) for word, operator in _BOTH.items()}
    | {word: OperatorWord(operator) for word, operator in _BACKTESTER_ONLY.items()}
    | {word: OperatorWord(operator, False, True) for word, operator in _BUILDER_ONLY.items()}
)


def operator_word(word: str) -> OperatorWord | None:
    """Return what a word of a file means, None for one that nobody should guess at."""
    known = OPERATOR_WORDS.get(word)
    if known is not None:
        return known
    small = OPERATOR_WORDS.get(word.lower())
    return None if small is None else OperatorWord(small.operator, small.in_backtester, False)
