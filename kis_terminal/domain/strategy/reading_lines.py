"""Which line of an indicator a condition reads, and where KIS's backtester reads another one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import default_line
from kis_terminal.domain.strategy.fields import Fields
from kis_terminal.domain.strategy.indicator_table import Indicator, indicators
from kis_terminal.domain.strategy.model import IndicatorLine, IndicatorUse
from kis_terminal.domain.strategy.reading_indicators import unknown_line

_VALUE_MEANS: Mapping[str, str] = MappingProxyType(
    {"stochastic": "k", "keltner": "middle", "accbands": "middle"}
)
"""What the backtester's line `value` is for indicators that have no such line; else something else "
"entirely."""
_VALUE_IS: Mapping[str, Sentence] = MappingProxyType(
    {"bollinger": Sentence("종가 자체"), "donchian": Sentence("두 선의 평균")}
)


def line_of(fields: Fields, use: IndicatorUse, key: str) -> IndicatorLine | None:
    """Return the line: the condition's (`key`), else the entry's `output`, else the indicator's default.

    `value` is taken for "none named" where the indicator has no such line, since the backtester writes it
    everywhere.
    """
    indicator = indicators()[use.id]
    named = fields.text(key)
    if named == "value" and "value" not in indicator.lines:
        named = None
    if named is not None and named not in indicator.lines:
        fields.findings.error(fields.line(key), "unknown-line", unknown_line(indicator, use.alias, named))
        return None
    line = named or default_line(use)
    theirs = named or "value"
    if theirs not in indicator.lines:
        theirs = _VALUE_MEANS.get(indicator.id, theirs)
    if theirs != line:
        fields.findings.warning(
            fields.line(key),
            "line-differs",
            Sentence(
                "지표 {alias}의 '{line}' 선을 읽습니다. KIS 백테스터는 조건에 선이 적혀 있지 않으면 "
                "{theirs}을(를) "
                "읽습니다. 조건에 `{key}: {line}`을 적으면 같아집니다.",
                alias=use.alias,
                line=line,
                theirs=_theirs(indicator),
                key=key,
            ),
        )
    return IndicatorLine(use.alias, line)


def _theirs(indicator: Indicator) -> str:
    if "value" in indicator.lines:
        return "value"
    return _VALUE_IS.get(indicator.id, Sentence("쓸모없는 값"))
