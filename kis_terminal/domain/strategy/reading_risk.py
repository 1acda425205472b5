"""Reading `risk`: stops and targets in percent, judged on the close."""

from __future__ import annotations

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.fields import Fields
from kis_terminal.domain.strategy.model import RiskRule, RiskRules
from kis_terminal.domain.strategy.tree import Leaf

_RULES = ("stop_loss", "take_profit", "trailing_stop")


def read_risk(document: Fields) -> RiskRules:
    """Return the rules; absent, empty and null all mean none."""
    risk = document.fields("risk")
    if risk is None:
        return RiskRules()
    risk.warn_of_unknown((*_RULES, "max_position_size"))
    stop, target, trailing = (_rule(risk, key) for key in _RULES)
    return RiskRules(stop, target, trailing, _position_size(risk))


def _rule(risk: Fields, key: str) -> RiskRule | None:
    node = risk.node(key)
    if node is None:
        return None
    if isinstance(node, Leaf):
        risk.findings.error(
            risk.line(key),
            "risk-rule",
            Sentence(
                "risk.{key}: {value}은(는) 쓸 수 없습니다. `{{enabled: true, percent: {value}}}`의 꼴로 "
                "적으십시오.",
                key=key,
                value=node.value,
            ),
        )
        return None
    fields = risk.fields(key)
    if fields is None:
        return None
    fields.warn_of_unknown(("enabled", "percent"))
    percent = _percent(fields, key)
    is_enabled = fields.boolean("enabled")
    if is_enabled is None and percent is not None:
        fields.findings.warning(
            fields.line("percent"),
            "rule-off",
            Sentence("risk.{key}: enabled: true가 없어 이 규칙은 꺼져 있습니다.", key=key),
        )
    if is_enabled and percent is None and fields.node("percent") is None:
        fields.findings.warning(
            fields.line("enabled"),
            "rule-off",
            Sentence("risk.{key}: percent가 없어 이 규칙은 꺼져 있습니다.", key=key),
        )
    if is_enabled and percent is not None and not 0 <= percent <= 100:
        fields.findings.error(
            fields.line("percent"),
            "risk-percent",
            Sentence("risk.{key}.percent {percent:g}은(는) 0~100 밖입니다.", key=key, percent=percent),
        )
    elif is_enabled and percent == 0:
        fields.findings.warning(
            fields.line("percent"),
            "risk-zero",
            Sentence(
                "risk.{key}.percent가 0이면 사자마자 팝니다. 끄려면 enabled: false로 적으십시오.", key=key
            ),
        )
    return RiskRule(percent, bool(is_enabled))


def _percent(fields: Fields, key: str) -> float | None:
    value = fields.scalar("percent")
    if isinstance(value, str) and value.startswith("$"):
        fields.findings.error(
            fields.line("percent"),
            "risk-reference",
            Sentence(
                "risk.{key}.percent에는 {value} 같은 참조를 쓸 수 없습니다. 숫자를 적으십시오.",
                key=key,
                value=value,
            ),
        )
        return None
    return fields.number("percent")


def _position_size(risk: Fields) -> float | None:
    size = risk.number("max_position_size")
    if size is None:
        return None
    if not 0 <= size <= 1:
        risk.findings.error(
            risk.line("max_position_size"),
            "risk-size",
            Sentence("risk.max_position_size {size:g}은(는) 0~1 밖입니다.", size=size),
        )
    else:
        risk.findings.note(
            risk.line("max_position_size"),
            "risk-size",
            Sentence(
                "max_position_size은(는) KIS의 프로그램이 읽기만 하고 쓰지 않습니다. 여기서도 수량은 "
                "백테스트의 "
                "수량 규칙이 정합니다."
            ),
        )
    return size
