"""Values of parameters with which a strategy cannot do what it seems to: equal periods that never cross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.model import ConditionGroup, StrategySpec
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.traps import tell_traps

_CODES = frozenset({"never-true", "always-true"})


def traps_of_values(spec: StrategySpec, values: Mapping[str, Parameter]) -> tuple[Sentence, ...]:
    """Return what these values make of the conditions, without what the file says of itself already."""
    own = _traps(spec)
    params = {
        name: replace(definition, default=values.get(name, definition.default))
        for name, definition in spec.params.items()
    }
    found = [trap for trap in _traps(replace(spec, params=params)) if trap not in own]
    return tuple(
        Sentence("이 값으로는 {place} 조건 {number}: {what}", place=place, number=number, what=sentence)
        for place, number, sentence in found
    )


def _traps(spec: StrategySpec) -> list[tuple[Sentence, int, Sentence]]:
    """Return part, number from 1, and sentence of every condition that is never or always true."""
    nothing = ConditionGroup()
    found: list[tuple[Sentence, int, Sentence]] = []
    for word, only in (
        (Sentence("진입"), replace(spec, exit=nothing)),
        (Sentence("청산"), replace(spec, entry=nothing)),
    ):
        numbers = {
            (part, place): place + 1
            for part, group in (("entry", only.entry), ("exit", only.exit))
            for place in range(len(group.conditions))
        }
        findings = Findings()
        tell_traps(only, numbers, findings)
        found += [(word, one.line, one.sentence) for one in findings if one.code in _CODES]
    return found
