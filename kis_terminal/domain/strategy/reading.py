"""From a tree of values with lines to a strategy: everything that is wrong at once, each with its line.

The format, and what KIS's two programs make of it: docs/strategies.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import used_names
from kis_terminal.domain.strategy.differences import tell_differences
from kis_terminal.domain.strategy.fields import Fields
from kis_terminal.domain.strategy.model import (
    Comparison,
    Condition,
    IndicatorLine,
    Metadata,
    StrategySpec,
)
from kis_terminal.domain.strategy.problems import Findings, Problem
from kis_terminal.domain.strategy.reading_conditions import ConditionReader
from kis_terminal.domain.strategy.reading_indicators import Names, read_indicators, read_patterns
from kis_terminal.domain.strategy.reading_params import read_params
from kis_terminal.domain.strategy.reading_risk import read_risk
from kis_terminal.domain.strategy.traps import tell_traps
from kis_terminal.domain.strategy.tree import Leaf, Node, Table

_VERSION = re.compile(r"\d+(\.\d+)*")
_STRATEGY_KEYS = ("id", "category", "params", "indicators", "candlesticks", "entry", "exit")
_METADATA_KEYS = ("name", "description", "author", "tags", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says and what there is to say about it."""

    spec: StrategySpec | None
    """None as soon as one problem is an error."""
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)


def read_tree(tree: Node) -> Reading:
    """Read a whole file."""
    findings = Findings()
    if not isinstance(tree, Table):
        findings.error(
            tree.line,
            "no-strategy",
            Sentence("전략 파일이 아닙니다: version, metadata, strategy, risk 키가 있어야 합니다."),
        )
        return Reading(None, tuple(findings))
    document = Fields(tree, "", findings)
    document.warn_of_unknown(("version", "metadata", "strategy", "risk"))
    version, metadata = _version(document), _metadata(document)
    strategy = document.fields("strategy")
    if strategy is None:
        if not document.has("strategy") or document.node("strategy") is None:
            findings.error(1, "no-strategy", Sentence("strategy 키가 없습니다."))
        read_risk(document)
        return Reading(None, tuple(findings))
    spec = _strategy(document, strategy, version, metadata, findings)
    return Reading(None if findings.has_errors else spec, tuple(findings))


def _strategy(
    document: Fields, strategy: Fields, version: str, metadata: Metadata, findings: Findings
) -> StrategySpec:
    strategy.warn_of_unknown(_STRATEGY_KEYS)
    id_ = strategy.text("id")
    if not id_:
        findings.error(strategy.line("id"), "no-id", Sentence("strategy.id가 없습니다."))
    names = Names(read_params(strategy), findings)
    read_indicators(strategy, names)
    read_patterns(strategy, names)
    reader = ConditionReader(names)
    entry, exit_ = reader.group(strategy, "entry"), reader.group(strategy, "exit")
    spec = StrategySpec(
        id=id_ or "",
        metadata=metadata,
        version=version,
        category=strategy.text("category") or "custom",
        params=names.params,
        indicators=tuple(names.uses.values()),
        patterns=tuple(names.patterns.values()),
        entry=entry,
        exit=exit_,
        risk=read_risk(document),
    )
    _check_groups(strategy, spec)
    if not findings.has_errors:
        _tell_unused(strategy, spec, names)
        _tell_lost_risk(document, spec)
        tell_traps(spec, reader.lines, findings)
        tell_differences(spec, reader.lines, names.lines, findings)
        _tell_builder(reader, findings)
    return spec


def _check_groups(strategy: Fields, spec: StrategySpec) -> None:
    """Report groups without conditions; those whose conditions were all turned away were reported already."""
    findings = strategy.findings
    if not _has_conditions(strategy, "entry"):
        findings.error(
            strategy.line("entry"),
            "empty-entry",
            Sentence(
                "진입 조건이 없습니다. KIS 백테스터는 이런 파일을 시작하자마자 사는 것으로 실행합니다. "
                "조건을 "
                "하나 이상 적으십시오."
            ),
        )
    if _has_conditions(strategy, "exit"):
        return
    if spec.risk.closes_positions:
        findings.warning(
            strategy.line("exit"),
            "empty-exit",
            Sentence(
                "청산 조건이 없어 risk의 규칙만으로 팝니다. KIS 백테스터는 빈 exit를 늘 참으로 보아 다음 "
                "봉에 "
                "팝니다."
            ),
        )
    else:
        findings.error(
            strategy.line("exit"),
            "empty-exit",
            Sentence(
                "청산 조건도, 켜진 손절·익절도 없어 산 것을 팔지 않습니다. 둘 가운데 하나를 적으십시오."
            ),
        )


def _has_conditions(strategy: Fields, part: str) -> bool:
    node = strategy.node(part)
    entry = node.entry("conditions") if isinstance(node, Table) else None
    if entry is None:
        return node is not None and not isinstance(node, Table)
    return not (isinstance(entry.node, Leaf) and entry.node.value is None) and bool(
        getattr(entry.node, "nodes", True)
    )


def _version(document: Fields) -> str:
    value, line = document.scalar("version"), document.line("version")
    if value is None:
        return "1.0"
    if isinstance(value, (int, float)) and _VERSION.fullmatch(str(value)):
        document.findings.warning(
            line,
            "unquoted-version",
            Sentence(
                "version: {value}에 따옴표가 없습니다. KIS 백테스터는 이 파일을 거부합니다. "
                '"{value}"(으)로 적으십시오.',
                value=value,
            ),
        )
        return str(value)
    if isinstance(value, str) and _VERSION.fullmatch(value):
        return value
    document.findings.error(
        line, "version", Sentence("version '{value}'은(는) 숫자와 점으로 적어야 합니다.", value=value)
    )
    return "1.0"


def _metadata(document: Fields) -> Metadata:
    fields = document.fields("metadata")
    if fields is None or fields.text("name") is None:
        document.findings.warning(
            document.line("metadata"),
            "no-name",
            Sentence("metadata.name이 없습니다. KIS 백테스터는 이 파일을 거부합니다."),
        )
    if fields is None:
        return Metadata()
    fields.warn_of_unknown(_METADATA_KEYS)
    tags = []
    for node in fields.listing("tags"):
        if isinstance(node, Leaf):
            tags.append(str(node.value))
        else:
            fields.findings.warning(
                node.line, "unquoted-text", Sentence("metadata.tags의 항목이 글자가 아니어서 건너뛰었습니다.")
            )
    return Metadata(
        fields.text("name") or "",
        fields.text("description") or "",
        fields.text("author") or "user",
        tuple(tags),
        fields.text("created_at"),
        fields.text("updated_at"),
    )


def _tell_unused(strategy: Fields, spec: StrategySpec, names: Names) -> None:
    findings = strategy.findings
    params = strategy.fields("params")
    for name in spec.params:
        if params is not None and name not in used_names(spec):
            findings.warning(
                params.line(name),
                "unused-param",
                Sentence(
                    "매개변수 {name}을(를) 가리키는 곳이 없습니다. 값을 바꾸어도 아무것도 달라지지 않습니다.",
                    name=name,
                ),
            )
    read = {
        side.alias
        for condition in (*spec.entry.conditions, *spec.exit.conditions)
        for side in _sides(condition)
        if isinstance(side, IndicatorLine)
    }
    for use in spec.indicators:
        if use.alias not in read:
            findings.note(
                names.lines[use.alias],
                "unused-indicator",
                Sentence("지표 {alias}을(를) 쓰는 조건이 없습니다.", alias=use.alias),
            )


def _tell_lost_risk(document: Fields, spec: StrategySpec) -> None:
    """Warn where stops were declared and none is in force: what the backtester leaves of its own presets."""
    names = [
        name
        for name in spec.params
        if name.startswith(("stop_loss", "take_profit")) and name not in used_names(spec)
    ]
    if names and not spec.risk.closes_positions:
        document.findings.warning(
            document.line("risk"),
            "risk-lost",
            Sentence(
                "{names}이(가) 있지만 켜진 손절·익절이 없습니다. KIS 백테스터가 기본 전략을 저장하면 risk가 "
                "비워집니다. 필요하면 risk에 숫자로 적으십시오.",
                names=", ".join(names),
            ),
        )


def _sides(condition: Condition) -> tuple[object, ...]:
    return (condition.left, condition.right) if isinstance(condition, Comparison) else ()


def _tell_builder(reader: ConditionReader, findings: Findings) -> None:
    """Say once what KIS's strategy builder makes of words that it does not read."""
    if reader.value_lines:
        findings.note(
            reader.value_lines[0],
            "builder-value",
            Sentence(
                "KIS 전략 빌더는 value를 읽지 않아 이 조건들을 0과 비교합니다({lines}행). 빌더용으로 "
                "내보내면 "
                "compare_to로 적습니다.",
                lines=_listed(reader.value_lines),
            ),
        )
    if reader.scalar_lines:
        findings.note(
            reader.scalar_lines[0],
            "builder-scalar",
            Sentence(
                "KIS 전략 빌더는 compare_scalar을(를) 읽지 않아 배율 없이 비교합니다({lines}행).",
                lines=_listed(reader.scalar_lines),
            ),
        )


def _listed(lines: list[int]) -> str:
    return ", ".join(str(line) for line in sorted(set(lines)))
