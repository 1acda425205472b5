"""Reading `params`: the definitions that `$name` refers to."""

from __future__ import annotations

import re

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.binding import override_fault
from kis_terminal.domain.strategy.fields import Fields
from kis_terminal.domain.strategy.model import ParamDef, ParamRef
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.tree import Scalar, Table, is_null

_KEYS = ("default", "min", "max", "step", "type", "description", "label")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES = ("int", "float")


def read_params(strategy: Fields) -> dict[str, ParamDef]:
    """Return the definitions by name."""
    params = strategy.fields("params")
    if params is None:
        return {}
    found = {}
    for entry in params.table.entries:
        if not _NAME.fullmatch(entry.key):
            params.findings.warning(
                entry.line,
                "param-name",
                Sentence(
                    "매개변수 이름 '{name}'은(는) $로 가리킬 수 없습니다. 영문자, 숫자, 밑줄만 쓰십시오.",
                    name=entry.key,
                ),
            )
        if isinstance(entry.node, Table):
            found[entry.key] = _definition(
                entry.key, Fields(entry.node, f"strategy.params.{entry.key}", params.findings), entry.line
            )
            continue
        value = "" if is_null(entry.node) else f" {getattr(entry.node, 'value', '')}"
        params.findings.error(
            entry.line,
            "param-not-map",
            Sentence(
                "매개변수 {name}:{value}은(는) 쓸 수 없습니다. `{name}: {{default: 값}}`의 꼴로 적으십시오.",
                name=entry.key,
                value=value,
            ),
        )
        found[entry.key] = ParamDef(entry.key, None)
    return found


def reference(value: Scalar, params: dict[str, ParamDef], line: int, findings: Findings) -> ParamRef | None:
    """Return the reference that a text is, None for any other value; an unknown name is reported."""
    if not isinstance(value, str) or not value.startswith("$") or not _NAME.fullmatch(value[1:]):
        return None
    name = value[1:]
    if name not in params:
        findings.error(
            line,
            "unknown-param",
            Sentence(
                "${name}: params에 그런 매개변수가 없습니다. 있는 것: {names}.",
                name=name,
                names=", ".join(params) or "-",
            ),
        )
    return ParamRef(name)


def _definition(name: str, fields: Fields, line: int) -> ParamDef:
    fields.warn_of_unknown(_KEYS)
    findings = fields.findings
    kind = fields.text("type")
    if kind is not None and kind not in _TYPES:
        findings.warning(
            fields.line("type"),
            "param-type",
            Sentence("매개변수 {name}의 type '{kind}'은(는) int나 float가 아닙니다.", name=name, kind=kind),
        )
    definition = ParamDef(
        name,
        fields.scalar("default"),
        fields.number("min"),
        fields.number("max"),
        fields.number("step"),
        kind,
        fields.text("description") or fields.text("label") or "",
    )
    low, high = definition.minimum, definition.maximum
    if low is not None and high is not None and low > high:
        findings.error(
            fields.line("min"), "param-limits", Sentence("매개변수 {name}의 min이 max보다 큽니다.", name=name)
        )
        return definition
    if definition.default is None:
        findings.warning(
            line,
            "param-no-default",
            Sentence(
                "매개변수 {name}에 default가 없습니다. 실행할 때 값을 주어야 하며 KIS 백테스터는 실패합니다.",
                name=name,
            ),
        )
        return definition
    fault = override_fault(definition, definition.default)
    if fault is not None:
        findings.warning(fields.line("default"), "param-default", fault)
    return definition
