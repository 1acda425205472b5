"""Files as KIS's two programs write them, and files that nobody should write."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.strategy_files.reader import StrategyDocument, read_bytes, read_text
from kis_terminal.adapters.strategy_files.writer import fixed_text, new_text
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.binding import bind, used_names
from kis_terminal.domain.strategy.differences import builder_differs
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.model import Comparison, Logic, Operator, PatternCondition, StrategySpec
from tests.support.shared import shared_path

PAIRS = {
    "golden_cross": "sma_crossover",
    "momentum": "momentum",
    "week52_high": "week52_high",
    "consecutive": "consecutive_moves",
    "disparity": "ma_divergence",
    "breakout_fail": "false_breakout",
    "strong_close": "strong_close",
    "volatility": "volatility_breakout",
    "mean_reversion": "short_term_reversal",
    "trend_filter": "trend_filter_signal",
}
NEVER_BUYS = {"week52_high", "false_breakout"}


def presets(program: str) -> dict[str, dict[str, Any]]:
    """Return what the reference tells of a program's own strategies, by id."""
    reference = json.loads(shared_path("strategy/presets.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in reference[program]}


def as_builder_writes(row: dict[str, Any]) -> str:
    """Return a file in the builder's way: bare ids, names in quotes, everything under `compare_to`."""
    form = row["as_file"]
    lines = [
        'version: "1.0"',
        "metadata:",
        f'  name: "{row["name_ko"]}"',
        '  description: ""',
        '  author: "KIS"',
    ]
    lines += ["  tags:", *(f"    - {tag}" for tag in row["tags"])]
    lines += ["strategy:", f"  id: {row['id']}", f"  category: {row['file_category']}", "  indicators:"]
    for use in form["indicators"]:
        lines += [f"    - id: {use['id']}", f"      alias: {use['alias']}", "      params:"]
        lines += [f"        {name}: {value}" for name, value in use["params"].items()]
    for part in ("entry", "exit"):
        lines += [f"  {part}:", f"    logic: {form[part]['logic']}", "    conditions:"]
        for one in form[part]["conditions"]:
            lines += [
                f"      - indicator: {one['indicator']}",
                f"        operator: {one['operator']}",
                f"        compare_to: {one['compare_to']}",
            ]
    rules = {name: rule for name, rule in form["risk"].items() if rule["enabled"]}
    lines += ["risk:" if rules else "risk: {}"]
    for name, rule in rules.items():
        lines += [f"  {name}:", "    enabled: true", f"    percent: {rule['percent']}"]
    return "\n".join(lines) + "\n"


def as_backtester_writes(row: dict[str, Any]) -> str:
    """Return a file in the backtester's way: every line named, an unquoted version, `[]` for no candles, no "
    "risk."""
    built = row["at_defaults"]

    def group(form: dict[str, Any]) -> dict[str, Any]:
        conditions = form.get("conditions", [form])
        return {
            "logic": form.get("logic", "AND"),
            "conditions": [{"output": "value", "compare_output": "value", **one} for one in conditions],
        }

    plain = {
        "metadata": {
            "name": row["name_ko"],
            "description": "",
            "author": "user",
            "tags": [],
            "created_at": "2026-01-02T03:04:05.678901",
            "updated_at": "2026-01-02T03:04:05.678901",
        },
        "strategy": {
            "id": row["id"],
            "category": row["category"],
            "indicators": [{"output": "value", **use} for use in built["indicators"]],
            "candlesticks": [],
            "entry": group(built["entry"]),
            "exit": group(built["exit"]),
            "params": row["params"],
        },
        "risk": {},
    }
    return "version: 1.0.0\n" + yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)


def codes(document: StrategyDocument) -> set[str]:
    """Return the codes of all problems."""
    return {problem.code for problem in document.problems}


@pytest.mark.parametrize("name", PAIRS)
def test_every_file_of_the_builder_runs(name: str) -> None:
    row = presets("builder")[name]

    document = read_text(as_builder_writes(row))
    bound = bind(document.sound())

    assert document.errors == ()
    assert [use.alias for use in bound.indicators] == [use["alias"] for use in row["as_file"]["indicators"]]
    assert bound.exit.logic is Logic(row["as_file"]["exit"]["logic"])
    assert bound.risk.stop_loss_percent == row["as_file"]["risk"]["stop_loss"]["percent"]
    assert read_text(new_text(document.sound())).spec == document.spec
    assert ("never-true" in codes(document)) == (name in ("week52_high", "breakout_fail"))


@pytest.mark.parametrize("name", PAIRS.values())
def test_every_file_of_the_backtester_runs(name: str) -> None:
    row = presets("backtester")[name]

    document = read_text(as_backtester_writes(row))
    bound = bind(document.sound())

    assert document.errors == ()
    assert bound.parameters == {key: param["default"] for key, param in row["params"].items()}
    assert document.sound().metadata.created_at == "2026-01-02T03:04:05.678901"
    assert read_text(new_text(document.sound())).spec == document.spec
    assert ("never-true" in codes(document)) == (name in NEVER_BUYS)
    if name in NEVER_BUYS:
        assert "never-true" not in codes(read_text(fixed_text(document)))


def test_the_builders_equality_and_patterns_are_read() -> None:
    document = read_text(
        """\
version: "1.0"
metadata: {name: "x"}
strategy:
  id: 12
  indicators: []
  candlesticks:
    - id: hammer
      alias: hammer_1
  entry:
    logic: AND
    conditions:
      - candlestick: hammer_1
        signal: bullish
      - indicator: close
        operator: equals
        compare_to: open
  exit:
    logic: OR
    conditions:
      - candlestick: shooting_star_2
        signal: bearish
risk: {}
"""
    )
    spec = document.sound()

    assert spec.id == "12"
    assert [type(one) for one in spec.entry.conditions] == [PatternCondition, Comparison]
    assert spec.entry.conditions[1].operator is Operator.EQUAL  # type: ignore[union-attr]
    assert [(one.alias, one.id, one.is_declared) for one in spec.patterns] == [
        ("hammer_1", "hammer", True),
        ("shooting_star_2", "shooting_star", False),
    ]


def test_differences_of_the_builder_are_those_of_the_reference() -> None:
    reference = json.loads(shared_path("strategy/indicators.json").read_text(encoding="utf-8"))
    differing = {
        row["id"]
        for row in reference["indicators"]
        if row["builder_run"] and row["builder_run"].get("differs") != "same"
    }

    assert {id_ for id_ in indicators() if builder_differs(id_)} == differing


# --- what nobody should write


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2000),
    st.floats(),
    st.sampled_from(
        [
            "$p",
            "$q",
            "close",
            "m",
            "sma",
            "AND",
            "and",
            "greater_than",
            "cross_above",
            "doji",
            "value",
            "1.0",
            "",
        ]
    ),
    st.text(max_size=5),
)
_KEYS = st.sampled_from(
    [
        *("version", "metadata", "name", "tags", "strategy", "id", "params", "default", "min", "max", "type"),
        *(
            "indicators",
            "alias",
            "period",
            "output",
            "shift",
            "source",
            "candlesticks",
            "entry",
            "exit",
            "logic",
        ),
        *(
            "conditions",
            "indicator",
            "operator",
            "value",
            "compare_to",
            "compare_scalar",
            "compare_operation",
        ),
        *("candlestick", "signal", "risk", "stop_loss", "enabled", "percent", "max_position_size", "not"),
    ]
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=30,
)
_SOUND = """\
version: "1.0"
metadata: {name: x}
strategy:
  id: mine
  params:
    p: {default: 20, min: 1, max: 100, type: int}
  indicators:
    - {id: sma, alias: m, params: {period: $p}}
    - {id: macd, alias: c}
  candlesticks:
    - {id: doji, alias: d}
  entry:
    logic: AND
    conditions:
      - {indicator: close, operator: cross_above, compare_to: m, compare_output: value}
      - {candlestick: d, signal: bullish}
  exit:
    conditions:
      - {indicator: c, operator: less_than, value: 0, output: signal}
risk:
  stop_loss: {enabled: true, percent: 5}
"""


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_stands_at_any_place_is_a_problem_or_runs(data: st.DataObject) -> None:
    plain = yaml.safe_load(_SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        _replace_somewhere(data, plain)

    document = read_text(yaml.safe_dump(plain, allow_unicode=True))

    assert (document.spec is None) == bool(document.errors)
    if document.spec is not None:
        assert read_text(new_text(document.spec)).spec == document.spec
        # Only a parameter without a default leaves something to say when the values are put in.
        with (
            contextlib.nullcontext()
            if _has_defaults(document.spec)
            else contextlib.suppress(CorrectionNeeded)
        ):
            bind(document.spec)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, len(_SOUND)), st.integers(0, 30), st.text(max_size=6))
def test_whatever_a_text_becomes_nothing_is_raised(place: int, length: int, word: str) -> None:
    document = read_text(_SOUND[:place] + word + _SOUND[place + length :])

    assert (document.spec is None) == bool(document.errors)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_whatever_bytes_a_file_holds_nothing_is_raised(content: bytes) -> None:
    assert read_bytes(content).spec is None


def _has_defaults(spec: StrategySpec) -> bool:
    return all(spec.params[name].default is not None for name in used_names(spec))


def _replace_somewhere(data: st.DataObject, plain: Any) -> None:
    """Put a random tree in a random place of a plain form."""
    here = plain
    while True:
        if not isinstance(here, (dict, list)) or not here:
            return
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.integers(0, 3)) == 0 or not isinstance(here[key], (dict, list)) or not here[key]:
            here[key] = data.draw(_TREES)
            return
        here = here[key]
