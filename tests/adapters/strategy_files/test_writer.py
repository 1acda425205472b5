"""Writing: what was read comes back with the same meaning, what is new reads as it was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from kis_terminal.adapters.strategy_files.reader import read_file, read_text
from kis_terminal.adapters.strategy_files.writer import (
    fixed_text,
    new_text,
    rewritten,
    save_file,
    text_for_backtester,
    text_for_builder,
)
from kis_terminal.domain.errors import CorrectionNeeded, StoreUnavailable
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.model import (
    Comparison,
    ConditionGroup,
    IndicatorLine,
    Operator,
    ParamDef,
    RiskRule,
    StrategySpec,
)
from tests.adapters.strategy_files.specs import specs
from tests.support.shared import shared_path

TEMPLATES = ("momentum", "sma_crossover", "strong_close", "trend_filter_signal", "week52_high")

_FILE = """\
# 내 전략
version: "1.0"   # 판
metadata:
  name: '이름'
  mood: good
strategy:
  id: mine
  indicators:
  - id: max   # 최고
    alias: top
    params: {period: 20}
  - id: rsi
    alias: r
    params:
      period: 14
  entry:
    conditions:
    # 첫 조건
    - indicator: close
      operator: '>'
      compare_to: top
    - {indicator: r, operator: lt, compare_to: 30}
  exit:
    conditions:
    - indicator: r
      operator: gt
      value: 70
"""


def template(name: str) -> Path:
    """Return an official template."""
    return shared_path(f"strategy/templates/{name}.kis.yaml")


@pytest.mark.parametrize("name", TEMPLATES)
def test_official_templates_load_and_come_back(name: str) -> None:
    path = template(name)
    document = read_file(path)

    assert document.spec is not None
    assert rewritten(document, document.spec).encode() == path.read_bytes()
    assert read_text(new_text(document.spec)).spec == document.spec


def test_a_change_touches_only_what_differs() -> None:
    document = read_text(_FILE)
    spec = document.sound()
    first, second = spec.entry.conditions
    assert isinstance(second, Comparison)
    changed = replace(spec, entry=ConditionGroup(conditions=(first, replace(second, right=25.0))))

    text = rewritten(document, changed)

    assert text == _FILE.replace("compare_to: 30", "compare_to: 25")
    assert read_text(text).spec == changed


def test_added_and_removed_conditions_leave_the_others_and_their_comments() -> None:
    document = read_text(_FILE)
    spec = document.sound()
    more = Comparison(IndicatorLine("r", "value"), Operator.CROSS_ABOVE, 50.0)
    changed = replace(
        spec,
        entry=replace(spec.entry, conditions=(*spec.entry.conditions[:1], more)),
        exit=replace(spec.exit, conditions=(more, *spec.exit.conditions)),
        risk=replace(spec.risk, stop_loss=RiskRule(5.0, True)),
    )

    text = rewritten(document, changed)

    assert read_text(text).spec == changed
    for kept in (
        "# 내 전략",
        "# 판",
        "mood: good",
        "id: max   # 최고",
        "# 첫 조건",
        "operator: '>'",
        "'이름'",
    ):
        assert kept in text
    assert "percent: 5.0" in text


def test_windows_line_ends_stay() -> None:
    content = template("sma_crossover").read_text(encoding="utf-8")
    document = read_text(content.replace("\n", "\r\n"))

    text = rewritten(document, replace(document.sound(), category="mine"))

    assert text == content.replace("category: trend", "category: mine").replace("\n", "\r\n")


def test_a_window_that_holds_today_is_mended_in_place() -> None:
    document = read_file(template("week52_high"))

    text = fixed_text(document)

    assert "- id: max\n" in text
    assert "        period: $lookback\n        shift: 1\n        source: high\n\n  entry:" in text
    assert "never-true" not in {problem.code for problem in read_text(text).problems}
    assert bind(read_text(text).sound()).indicators[0].shift == 1


def test_a_document_with_errors_is_not_rewritten() -> None:
    document = read_text("strategy: {}")

    with pytest.raises(CorrectionNeeded, match="1행"):
        rewritten(document, StrategySpec("x"))


def test_export_for_the_builder_has_numbers_and_its_words() -> None:
    document = read_text(
        _FILE.replace(
            "value: 70",
            "value: 70\n      compare_scalar: 1\n    - indicator: r\n      operator: '=='\n      value: $p",
        ).replace("  indicators:", "  params:\n    p: {default: 50}\n  indicators:")
    )
    text, losses = text_for_builder(document.sound(), {"p": 60})
    plain = yaml.safe_load(text)

    assert losses == ()
    assert "params" not in plain["strategy"]
    assert plain["strategy"]["indicators"][0]["id"] == "maximum"
    assert plain["strategy"]["exit"]["conditions"] == [
        {"indicator": "r", "operator": "greater_than", "compare_to": 70},
        {"indicator": "r", "operator": "equals", "compare_to": 60},
    ]
    assert plain["version"] == "1.0"
    assert plain["risk"] == {}


def test_exports_say_what_is_lost() -> None:
    spec = read_text(fixed_text(read_file(template("week52_high")))).sound()

    for losses in (text_for_builder(spec)[1], text_for_backtester(spec)[1]):
        assert any("shift" in loss for loss in losses)


def test_export_for_the_backtester_is_complete() -> None:
    spec = read_text(_FILE.replace("params: {period: 20}", "params: {}")).sound()
    spec = replace(spec, exit=ConditionGroup(), risk=replace(spec.risk, take_profit=RiskRule(9.0, True)))

    plain = yaml.safe_load(text_for_backtester(spec)[0])

    assert plain["strategy"]["indicators"][0]["params"] == {"period": 20}
    assert plain["strategy"]["exit"]["conditions"] == [
        {"indicator": "close", "operator": "less_than", "value": 0}
    ]
    assert plain["risk"] == {"take_profit": {"enabled": True, "percent": 9.0}}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_what_is_written_reads_as_it_was_meant(spec: StrategySpec) -> None:
    document = read_text(new_text(spec))

    assert document.errors == ()
    assert document.spec == spec


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(specs(), specs())
def test_a_file_can_become_any_other(before: StrategySpec, after: StrategySpec) -> None:
    document = read_text(new_text(before))

    assert read_text(rewritten(document, after)).spec == after


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_exports_load_here_too(spec: StrategySpec) -> None:
    for text in (text_for_backtester(spec)[0], text_for_builder(spec)[0]):
        errors = {problem.code for problem in read_text(text).errors}
        assert errors <= {"empty-exit"}


@pytest.mark.parametrize(
    "name", ["이름: #1", 'say "hi"', "on", "1e3", "12:30", "- x", "", " ", "\u200b", "😀\n두 줄"]
)
def test_names_that_yaml_would_take_for_something_else(name: str) -> None:
    spec = read_text(_FILE).sound()
    spec = replace(
        spec,
        metadata=replace(spec.metadata, name=name, tags=(name,)),
        params={"on": ParamDef("on", 1, description=name)},
    )

    plain = yaml.safe_load(new_text(spec))

    assert (plain["metadata"]["name"], plain["metadata"]["tags"]) == (name, [name])
    assert read_text(new_text(spec)).spec == spec


def test_saving_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mine.kis.yaml"

    save_file(path, _FILE)
    save_file(path, _FILE + "# 둘째\n")

    assert path.read_text(encoding="utf-8").endswith("# 둘째\n")
    assert [one.name for one in path.parent.iterdir()] == ["mine.kis.yaml"]


def test_saving_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"x\.kis\.yaml"):
        save_file(tmp_path / "file" / "x.kis.yaml", _FILE)
