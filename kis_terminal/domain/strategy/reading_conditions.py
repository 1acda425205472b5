"""Reading `entry` and `exit`: groups of comparisons and patterns, in the words of both official programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import price_field
from kis_terminal.domain.strategy.fields import Fields, nearest_first
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    Condition,
    ConditionGroup,
    Logic,
    Operand,
    Operator,
    ParamRef,
    PatternCondition,
    PatternSignal,
    PriceField,
    ScalarStep,
    Side,
)
from kis_terminal.domain.strategy.operator_words import OPERATOR_WORDS, operator_word
from kis_terminal.domain.strategy.reading_indicators import Names
from kis_terminal.domain.strategy.reading_lines import line_of
from kis_terminal.domain.strategy.reading_params import reference
from kis_terminal.domain.strategy.tree import Scalar

_KEYS = (
    *("indicator", "operator", "value", "compare_to", "output", "compare_output"),
    *("compare_scalar", "compare_operation", "candlestick", "signal"),
)
_COMPARISON_KEYS = _KEYS[:8]
_PATTERN_SIGNALS: Mapping[Operator, PatternSignal] = MappingProxyType(
    {Operator.GREATER_THAN: PatternSignal.BULLISH, Operator.LESS_THAN: PatternSignal.BEARISH}
)
"""What a comparison of a pattern with 0 means, as the builder exports old files."""


@dataclass(slots=True)
class ConditionReader:
    """Reads groups, and remembers where each condition stands and which words need a word of explanation."""

    names: Names
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    """Part (`entry`, `exit`) and position of a condition -> its line."""
    value_lines: list[int] = field(default_factory=list)
    """Conditions whose right side is under `value`, which the builder does not read."""
    scalar_lines: list[int] = field(default_factory=list)

    def group(self, strategy: Fields, part: str) -> ConditionGroup:
        """Return the group of a part, empty where it is absent or null."""
        fields = strategy.fields(part)
        if fields is None:
            if strategy.has(part) and strategy.node(part) is None:
                strategy.findings.warning(
                    strategy.line(part),
                    "null-group",
                    Sentence("{part}에 값이 없습니다. KIS 백테스터는 이 파일을 거부합니다.", part=part),
                )
            return ConditionGroup()
        fields.warn_of_unknown(("logic", "conditions"))
        found: list[Condition] = []
        for one in fields.tables("conditions"):
            condition = self._condition(one)
            if condition is not None:
                self.lines[part, len(found)] = one.table.line
                found.append(condition)
        return ConditionGroup(_logic(fields), tuple(found))

    def _condition(self, fields: Fields) -> Condition | None:
        if fields.has("conditions"):
            fields.findings.error(
                fields.table.line,
                "nested-group",
                Sentence(
                    "{place}: 조건 묶음 안에 다시 묶음을 둘 수 없습니다. 한 단계로 적으십시오.",
                    place=fields.place,
                ),
            )
            return None
        fields.warn_of_unknown(_KEYS)
        if fields.node("candlestick") is not None:
            return self._pattern(fields)
        left_word = self._bare_alias(fields.scalar("indicator"))
        pattern = self.names.pattern(left_word) if isinstance(left_word, str) else None
        if pattern is not None:
            return self._old_pattern(fields, pattern.alias)
        left = self._left(fields, left_word)
        operator = self._operator(fields)
        right = self._right(fields)
        if left is None or operator is None or right is None:
            return None
        return Comparison(left, operator, right, self._scalar(fields, operator, right))

    def _bare_alias(self, word: Scalar) -> Scalar:
        """Return an alias of digits as text: the builder writes aliases without quotes."""
        is_number = isinstance(word, (int, float)) and not isinstance(word, bool)
        return str(word) if is_number and str(word) in self.names.uses else word

    def _pattern(self, fields: Fields) -> Condition | None:
        alias = fields.text("candlestick") or ""
        ignored = [key for key in _COMPARISON_KEYS if fields.has(key)]
        if ignored:
            fields.findings.warning(
                fields.line(ignored[0]),
                "ignored-key",
                Sentence("캔들 조건에서는 {keys}을(를) 쓰지 않아 무시됩니다.", keys=", ".join(ignored)),
            )
        word = fields.text("signal") or "detected"
        if word not in list(PatternSignal):
            fields.findings.warning(
                fields.line("signal"),
                "unknown-signal",
                Sentence(
                    "signal '{word}'은(는) bullish, bearish, detected 가운데 하나가 아닙니다. KIS "
                    "백테스터처럼 "
                    "detected로 읽었습니다.",
                    word=word,
                ),
            )
            word = "detected"
        pattern = self.names.pattern(alias)
        if pattern is None:
            self._unknown_alias(fields, "candlestick", alias, [*self.names.patterns])
            return None
        return PatternCondition(pattern.alias, PatternSignal(word))

    def _old_pattern(self, fields: Fields, alias: str) -> Condition:
        """Read a pattern that stands where an indicator should, as old files of the builder have it."""
        operator = self._operator(fields)
        signal = PatternSignal.DETECTED
        if operator is not None and fields.scalar("compare_to") in (0, "0", None):
            signal = _PATTERN_SIGNALS.get(operator, signal)
        fields.findings.warning(
            fields.line("indicator"),
            "pattern-as-indicator",
            Sentence(
                "캔들 패턴 {alias}을(를) 지표처럼 비교했습니다. `candlestick: {alias}, signal: "
                "{signal}`(으)로 "
                "읽었습니다. KIS 백테스터는 이 조건을 실행하지 못합니다.",
                alias=alias,
                signal=signal.value,
            ),
        )
        return PatternCondition(alias, signal)

    def _left(self, fields: Fields, word: object) -> Side | None:
        if word is None:
            fields.findings.warning(
                fields.table.line,
                "no-left",
                Sentence("{place}: indicator가 없어 종가로 읽었습니다.", place=fields.place),
            )
            return PriceField.CLOSE
        if not isinstance(word, str):
            fields.findings.error(
                fields.line("indicator"),
                "wrong-kind",
                Sentence("왼쪽(indicator)에는 지표 별칭이나 가격 이름이 와야 합니다: {word}.", word=word),
            )
            return None
        return self._side(fields, "indicator", word, "output")

    def _side(self, fields: Fields, key: str, word: str, line_key: str) -> Side | None:
        """Return what a word means: a price column, or a line of a declared indicator."""
        column = price_field(word)
        if column is not None:
            if word in ("volume", "price"):
                fields.findings.note(
                    fields.line(key),
                    "builder-price",
                    Sentence("'{word}'은(는) KIS 전략 빌더가 모르는 가격 이름입니다.", word=word),
                )
            return column
        use = self.names.uses.get(word)
        if use is not None:
            return line_of(fields, use, line_key)
        if word not in self.names.broken:
            self._unknown_alias(fields, key, word, [*self.names.uses, *PriceField, "price"])
        return None

    def _unknown_alias(self, fields: Fields, key: str, word: str, known: list[str]) -> None:
        if word in self.names.broken:
            return
        if "$" in word:
            fields.findings.error(
                fields.line(key),
                "unknown-alias",
                Sentence(
                    "{key}의 '{word}': 참조는 `$이름` 하나로만 적습니다. 부호나 계산을 붙일 수 없습니다.",
                    key=key,
                    word=word,
                ),
            )
            return
        fields.findings.error(
            fields.line(key),
            "unknown-alias",
            Sentence(
                "{key}의 '{word}'은(는) 선언된 별칭도 가격 이름도 아닙니다. 있는 이름: {names}.",
                key=key,
                word=word,
                names=nearest_first(word, known),
            ),
        )

    def _operator(self, fields: Fields) -> Operator | None:
        word, line = fields.text("operator"), fields.line("operator")
        if word is None:
            fields.findings.warning(
                line,
                "no-operator",
                Sentence("{place}: operator가 없어 greater_than으로 읽었습니다.", place=fields.place),
            )
            return Operator.GREATER_THAN
        known = operator_word(word)
        if known is None:
            sentence = Sentence(
                "알 수 없는 연산자 '{word}'입니다. 있는 이름: {names}.",
                word=word,
                names=nearest_first(word, OPERATOR_WORDS),
            )
            if word.lower() == "between":
                sentence = Sentence(
                    "between은 경계를 하나만 받아 KIS 백테스터에서는 >로 실행됩니다. greater_than과 "
                    "less_than 두 "
                    "조건으로 나누어 적으십시오."
                )
            fields.findings.error(line, "unknown-operator", sentence)
            return None
        if not known.in_backtester:
            fields.findings.warning(
                line,
                "operator-word",
                Sentence(
                    "KIS 백테스터는 연산자 '{word}'을(를) 읽지 못합니다. 그곳에서는 equal로 적습니다.",
                    word=word,
                ),
            )
        if not known.in_builder and known.operator is not Operator.GREATER_THAN:
            fields.findings.warning(
                line,
                "operator-word",
                Sentence(
                    "KIS 전략 빌더는 연산자 '{word}'을(를) 몰라 말없이 greater_than으로 바꿉니다.", word=word
                ),
            )
        return known.operator

    def _right(self, fields: Fields) -> Operand | None:
        value = fields.scalar("value")
        if value is not None:
            self.value_lines.append(fields.line("value"))
            if fields.node("compare_to") is not None:
                fields.findings.warning(
                    fields.line("compare_to"),
                    "two-right-sides",
                    Sentence("value와 compare_to가 함께 있어 value만 쓰입니다."),
                )
            return self._operand(fields, "value", value)
        compared = fields.scalar("compare_to")
        if compared is not None:
            return self._operand(fields, "compare_to", compared)
        if fields.node("value") is None and fields.node("compare_to") is None:
            fields.findings.error(
                fields.table.line,
                "no-right",
                Sentence(
                    "{place}: 비교할 오른쪽이 없습니다. value나 compare_to를 적으십시오.", place=fields.place
                ),
            )
        return None

    def _operand(self, fields: Fields, key: str, value: object) -> Operand | None:
        line = fields.line(key)
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            fields.findings.error(
                line,
                "wrong-kind",
                Sentence("{key}의 값 {value}은(는) 숫자가 아닙니다.", key=key, value=value),
            )
            return None
        if isinstance(value, (int, float)):
            return float(value)
        word = str(value)
        ref = reference(word, self.names.params, line, fields.findings)
        if ref is not None:
            return ref
        number = _number(word)
        if number is None or word in self.names.uses:
            return self._side(fields, key, word, "compare_output")
        if key == "compare_to":
            fields.findings.warning(
                line,
                "quoted-number",
                Sentence(
                    'compare_to의 "{word}"을(를) 숫자로 읽었습니다. KIS 백테스터는 별칭으로 읽어 '
                    "거부합니다. "
                    "따옴표를 지우십시오.",
                    word=word,
                ),
            )
        return number

    def _scalar(self, fields: Fields, operator: Operator, right: Operand) -> ScalarStep | None:
        if fields.node("compare_scalar") is None:
            return None
        line = fields.line("compare_scalar")
        value = fields.number("compare_scalar")
        word = fields.text("compare_operation") or "mul"
        if value is None:
            return None
        if word not in list(Arithmetic):
            fields.findings.error(
                fields.line("compare_operation"),
                "unknown-operation",
                Sentence(
                    "compare_operation '{word}'은(는) mul, div, add, sub 가운데 하나가 아닙니다.", word=word
                ),
            )
            return None
        if word == "div" and value == 0:
            fields.findings.error(line, "divided-by-zero", Sentence("compare_scalar 0으로 나눌 수 없습니다."))
            return None
        if operator.is_cross or fields.node("value") is not None or isinstance(right, (float, ParamRef)):
            fields.findings.warning(
                line,
                "ignored-scalar",
                Sentence(
                    "compare_scalar은(는) 지표나 가격과 크기를 견줄 때만 쓰입니다. 이 조건에서는 무시됩니다."
                ),
            )
            return None
        self.scalar_lines.append(line)
        return ScalarStep(Arithmetic(word), value)


def _logic(fields: Fields) -> Logic:
    word = fields.text("logic") or "AND"
    if word in list(Logic):
        return Logic(word)
    if word.upper() in list(Logic):
        fields.findings.warning(
            fields.line("logic"),
            "logic-case",
            Sentence("logic '{word}': KIS 백테스터는 대문자 AND, OR만 읽습니다.", word=word),
        )
        return Logic(word.upper())
    fields.findings.error(
        fields.line("logic"),
        "unknown-logic",
        Sentence("logic '{word}'은(는) AND나 OR가 아닙니다.", word=word),
    )
    return Logic.AND


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
