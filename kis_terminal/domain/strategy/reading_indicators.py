"""Reading `indicators` and `candlesticks`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import price_field
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.fields import Fields, near
from kis_terminal.domain.strategy.indicator_table import Feed, Indicator, canonical_id, indicators
from kis_terminal.domain.strategy.model import IndicatorUse, ParamDef, ParamRef, PatternUse, PriceField
from kis_terminal.domain.strategy.param_rules import LONGEST, param_fault, params_fault, whole
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.reading_params import reference
from kis_terminal.domain.strategy.tree import Leaf

SHIFT, SOURCE = "shift", "source"
"""Keys of ours inside an indicator's `params`; KIS's programs pass over them."""
_INDICATOR_KEYS = ("id", "alias", "name", "params", "output")
_TRAILING_NUMBER = re.compile(r"_\d+$")


@dataclass(slots=True)
class Names:
    """What conditions may refer to, and where it stands."""

    params: dict[str, ParamDef]
    findings: Findings
    uses: dict[str, IndicatorUse] = field(default_factory=dict)
    patterns: dict[str, PatternUse] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Alias -> line of its entry."""
    broken: set[str] = field(default_factory=set)
    """Aliases of entries that were reported and left out; conditions may name them."""

    def pattern(self, alias: str) -> PatternUse | None:
        """Return a declared pattern, or one that is used undeclared; None for any other word."""
        if alias in self.patterns:
            return self.patterns[alias]
        for id_ in (alias, _TRAILING_NUMBER.sub("", alias)):
            if id_ in patterns() and alias not in self.uses:
                self.patterns[alias] = PatternUse(alias, id_, is_declared=False)
                return self.patterns[alias]
        return None

    def declare(self, alias: str, line: int) -> bool:
        """Take an alias; a second one of the same name is reported and turned away."""
        if alias in self.lines:
            self.findings.error(
                line,
                "duplicate-alias",
                Sentence(
                    "별칭 '{alias}'은(는) {line}행에서 이미 쓰였습니다. 별칭은 지표와 캔들을 통틀어 "
                    "하나뿐이어야 "
                    "합니다.",
                    alias=alias,
                    line=self.lines[alias],
                ),
            )
            return False
        self.lines[alias] = line
        if price_field(alias) is not None:
            self.findings.error(
                line,
                "shadowed-alias",
                Sentence("별칭 '{alias}'은(는) 가격을 뜻하는 말이라 쓸 수 없습니다.", alias=alias),
            )
        return True


def read_indicators(strategy: Fields, names: Names) -> None:
    """Add every sound entry of `indicators` to `names`."""
    unnamed: Counter[str] = Counter()
    for fields in strategy.tables("indicators"):
        fields.warn_of_unknown(_INDICATOR_KEYS)
        id_, alias = fields.text("id"), fields.text("alias")
        if id_ is None:
            fields.findings.error(
                fields.table.line, "no-id", Sentence("{place}에 지표 id가 없습니다.", place=fields.place)
            )
        elif not alias:
            unnamed[id_] += 1
            alias = f"{id_}_{unnamed[id_]}"
        if alias and not names.declare(alias, fields.line("alias")):
            continue
        use = _use(fields, id_, alias, names) if id_ and alias else None
        if use is not None:
            names.uses[use.alias] = use
        elif alias:
            names.broken.add(alias)


def read_patterns(strategy: Fields, names: Names) -> None:
    """Add every sound entry of `candlesticks` to `names`."""
    unnamed: Counter[str] = Counter()
    for fields in strategy.tables("candlesticks"):
        fields.warn_of_unknown(("id", "alias", "name"))
        id_, alias = fields.text("id"), fields.text("alias")
        if id_ and not alias:
            unnamed[id_] += 1
            alias = f"{id_}_{unnamed[id_]}"
        if alias and not names.declare(alias, fields.line("alias")):
            continue
        if id_ and alias and id_ in patterns():
            names.patterns[alias] = PatternUse(alias, id_)
            continue
        if alias:
            names.broken.add(alias)
        fields.findings.error(
            fields.line("id"),
            "unknown-pattern",
            Sentence(
                "알 수 없는 캔들 패턴 '{id}'입니다. 가까운 이름: {near}.",
                id=id_ or "",
                near=near(id_ or "", patterns()),
            ),
        )


def _use(fields: Fields, id_: str, alias: str, names: Names) -> IndicatorUse | None:
    indicator = indicators().get(canonical_id(id_))
    if indicator is None:
        fields.findings.error(fields.line("id"), "unknown-indicator", _unknown(id_))
        return None
    if id_ != indicator.id:
        fields.findings.warning(
            fields.line("id"),
            "id-alias",
            Sentence(
                "지표 id '{word}'은(는) KIS의 어느 프로그램에도 없어 그곳에서는 실행되지 않습니다. 여기서는 "
                "{id}로 "
                "읽고 저장할 때는 적힌 대로 둡니다.",
                word=id_,
                id=indicator.id,
            ),
        )
    output = fields.text("output")
    if output is not None and output not in indicator.lines:
        if output != "value":
            fields.findings.error(
                fields.line("output"), "unknown-line", unknown_line(indicator, alias, output)
            )
        output = None
    params = _params(fields, indicator, alias, names)
    shift = _shift(params, names)
    source = _source(params, indicator)
    return IndicatorUse(
        alias,
        indicator.id,
        _given(params, indicator, names),
        output,
        fields.text("name") or "",
        shift,
        source,
    )


def unknown_line(indicator: Indicator, alias: str, line: str) -> Sentence:
    """Return the sentence for a line that an indicator does not have."""
    return Sentence(
        "지표 {alias}({id})에는 '{line}' 선이 없습니다. 있는 것: {lines}.",
        alias=alias,
        id=indicator.id,
        line=line,
        lines=", ".join(indicator.lines),
    )


def _unknown(id_: str) -> Sentence:
    if price_field(id_) is not None:
        return Sentence(
            "'{id}'은(는) 가격을 뜻하는 말이라 지표로 선언할 수 없습니다. 조건에 바로 쓰십시오.", id=id_
        )
    if id_ in patterns():
        return Sentence("'{id}'은(는) 캔들 패턴입니다. candlesticks에 적으십시오.", id=id_)
    return Sentence(
        "알 수 없는 지표 '{id}'입니다. 가까운 이름: {near}.", id=id_, near=near(id_, indicators())
    )


def _params(fields: Fields, indicator: Indicator, alias: str, names: Names) -> Fields | None:
    params = fields.fields("params")
    known = {param.name for param in indicator.params}
    if params is not None:
        for entry in params.table.entries:
            if entry.key not in known | {SHIFT, SOURCE}:
                params.findings.warning(
                    entry.line,
                    "unknown-indicator-param",
                    Sentence(
                        "지표 {alias}({id})에는 매개변수 '{key}'이(가) 없어 무시됩니다. 있는 것: {names}.",
                        alias=alias,
                        id=indicator.id,
                        key=entry.key,
                        names=", ".join(param.name for param in indicator.params) or "-",
                    ),
                )
    missing = [param for param in indicator.params if params is None or params.node(param.name) is None]
    if missing:
        names.findings.note(
            fields.line("params"),
            "default-filled",
            Sentence(
                "지표 {alias}: 적지 않은 {filled}을(를) 기본값으로 채웠습니다. KIS 백테스터는 기본값을 "
                "채우지 않고 "
                "실패합니다.",
                alias=alias,
                filled=", ".join(f"{param.name}={param.default}" for param in missing),
            ),
        )
    return params


def _given(params: Fields | None, indicator: Indicator, names: Names) -> dict[str, Parameter | ParamRef]:
    """Return what the file gives, checking each value, and all of them together with the defaults."""
    if params is None:
        return {}
    given: dict[str, Parameter | ParamRef] = {}
    values: dict[str, Parameter] = dict(indicator.defaults)
    is_sound = True
    for param in indicator.params:
        raw, line = params.scalar(param.name), params.line(param.name)
        if raw is None:
            continue
        ref = reference(raw, names.params, line, names.findings)
        if ref is not None:
            given[param.name] = ref
            default = names.params[ref.name].default if ref.name in names.params else None
            if default is None:
                is_sound = False
                continue
            value = default
        else:
            given[param.name] = value = raw
        fault = param_fault(param, value)
        if fault is not None:
            names.findings.error(line, "param-value", fault)
            is_sound = False
            continue
        values[param.name] = value
        if param.is_whole and isinstance(value, float):
            names.findings.warning(
                line,
                "float-period",
                Sentence(
                    "{name}의 값 {value}을(를) {whole}(으)로 읽었습니다. KIS 백테스터는 소수점이 있는 값을 "
                    "거부합니다.",
                    name=param.name,
                    value=value,
                    whole=int(value),
                ),
            )
            if ref is None:
                given[param.name] = whole(value)
    fault = params_fault(indicator, values) if is_sound else None
    if fault is not None:
        names.findings.error(params.table.line, "param-value", fault)
    return given


def _shift(params: Fields | None, names: Names) -> int | ParamRef:
    if params is None or params.node(SHIFT) is None:
        return 0
    raw, line = params.scalar(SHIFT), params.line(SHIFT)
    _note_ours(params, SHIFT)
    ref = reference(raw, names.params, line, names.findings)
    if ref is not None:
        return ref
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= LONGEST:
        return raw
    names.findings.error(
        line,
        "param-value",
        Sentence("shift의 값 {value}은(는) 0~{longest} 사이의 정수여야 합니다.", value=raw, longest=LONGEST),
    )
    return 0


def _source(params: Fields | None, indicator: Indicator) -> PriceField:
    node = params.node(SOURCE) if params is not None else None
    if params is None or node is None:
        return PriceField.CLOSE
    _note_ours(params, SOURCE)
    word = node.value if isinstance(node, Leaf) else None
    found = price_field(word) if isinstance(word, str) else None
    if found is None:
        params.findings.error(
            params.line(SOURCE),
            "param-value",
            Sentence("source의 값 '{value}'은(는) 가격 이름이 아닙니다.", value=word),
        )
    elif indicator.feed is not Feed.CLOSE:
        params.findings.error(
            params.line(SOURCE),
            "param-value",
            Sentence("{id}은(는) 봉 전체를 쓰는 지표라 source를 정할 수 없습니다.", id=indicator.id),
        )
    return found or PriceField.CLOSE


def _note_ours(params: Fields, key: str) -> None:
    params.findings.note(
        params.line(key),
        "our-key",
        Sentence(
            "'{key}'은(는) 이 프로그램의 확장입니다. KIS의 프로그램은 파일을 읽되 이 값을 무시합니다.",
            key=key,
        ),
    )
