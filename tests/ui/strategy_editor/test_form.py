"""The form of the editor gives back the very file that it was shown."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from kis_terminal.cli import backtest_parts, strategy_drafts
from kis_terminal.domain.strategy.indicator_table import indicators
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.ui.strategy_editor.form import NEW, EditorForm
from tests.support.desk import Desk

EVERYTHING = """
version: "1.0"
metadata: {name: "모두", description: "d", author: "user", tags: [a]}
strategy:
  id: everything
  category: custom
  params:
    fast: {default: 12, min: 2, max: 50, step: 1, type: int, description: "빠름"}
    level: {default: 0.5, min: 0.1, max: 2.0, type: float}
  indicators:
    - {id: macd, alias: m, params: {fast: $fast, slow: 26, signal: 9}}
    - {id: bollinger, alias: band, params: {period: 20, std: 2.0}, output: upper}
    - {id: maximum, alias: top, params: {period: 60, shift: 1, source: high}}
    - {id: consecutive, alias: run, params: {direction: down}}
  candlesticks:
    - {id: hammer, alias: hammer}
  entry:
    logic: OR
    conditions:
      - {indicator: m, operator: cross_above, compare_to: m, output: value, compare_output: signal}
      - {indicator: close, operator: greater_equal, compare_to: top, compare_scalar: 0.98,
         compare_operation: mul}
      - {candlestick: hammer, signal: bullish}
      - {indicator: run, operator: equal, value: 3}
  exit:
    logic: AND
    conditions:
      - {indicator: band, operator: less_than, value: $level, output: lower}
      - {indicator: volume, operator: not_equal, value: 0}
risk:
  stop_loss: {enabled: true, percent: 5}
  take_profit: {enabled: false, percent: 10.5}
  max_position_size: 0.2
"""


@pytest.fixture
def form(desk: Desk, qtbot: Any) -> EditorForm:
    found = EditorForm(desk.workspace.theme)
    qtbot.addWidget(found)
    return found


@pytest.mark.parametrize("name", sorted(backtest_parts.preset_files()))
def test_a_shipped_strategy_comes_back_as_it_was(form: EditorForm, name: str) -> None:
    plain = strategy_drafts.draft_of_file(name).plain

    assert plain is not None
    form.show_plain(plain)

    assert form.plain() == plain


def test_everything_that_a_file_can_say_comes_back(form: EditorForm) -> None:
    plain = strategy_drafts.draft_of_text("e.kis.yaml", EVERYTHING).plain

    assert plain is not None
    form.show_plain(plain)

    assert form.plain() == plain


def test_all_indicators_and_patterns_can_be_declared_and_compared(form: EditorForm) -> None:
    form.show_plain(NEW)

    for id_ in indicators():
        form.add_indicator(id_)
    for id_ in patterns():
        form.add_pattern(id_)
    form.entry.add_button.click()
    offered = {form.entry.rows[0].left.itemText(i) for i in range(form.entry.rows[0].left.count())}

    assert {"sma", "macd · signal", "ichimoku · kijun"} <= offered
    assert len(offered) == 5 + sum(len(one.lines) for one in indicators().values()) + len(patterns())
    form.entry.rows[0].right.put("1")
    form.entry.rows[0].right.edited.emit()
    draft = strategy_drafts.draft("all.kis.yaml", form.plain())
    assert [one for one in draft.sheet.problems if one.severity == "error"] == []


def test_an_alias_and_a_parameter_that_are_renamed_are_followed(form: EditorForm, qtbot: Any) -> None:
    plain = strategy_drafts.draft_of_file("golden_cross").plain
    assert plain is not None
    form.show_plain(plain)

    form.indicators.rows[0].alias.selectAll()
    qtbot.keyClicks(form.indicators.rows[0].alias, "quick")
    form.parameters.rows[0].name.selectAll()
    qtbot.keyClicks(form.parameters.rows[0].name, "days")
    after = form.plain()["strategy"]

    assert after["entry"]["conditions"][0]["indicator"] == "quick"
    assert after["exit"]["conditions"][0]["indicator"] == "quick"
    assert after["indicators"][0]["params"]["period"] == "$days"
    assert list(after["params"]) == ["days", "long_period"]


def test_removing_an_indicator_leaves_its_conditions_for_the_checker_to_name(
    form: EditorForm, qtbot: Any
) -> None:
    plain = strategy_drafts.draft_of_file("golden_cross").plain
    assert plain is not None
    form.show_plain(plain)

    qtbot.mouseClick(form.indicators.rows[1].remove_button, Qt.MouseButton.LeftButton)
    draft = strategy_drafts.draft("g.kis.yaml", form.plain())

    errors = [one.sentence for one in draft.sheet.problems if one.severity == "error"]
    assert len(errors) == 2
    assert all("sma_slow" in sentence for sentence in errors)
