"""The strategies panel opens the editor on what is chosen, and takes what was built."""

from __future__ import annotations

from typing import Any

from kis_terminal.domain.strategy.plan import StrategyPlan
from kis_terminal.services.strategies import Strategies
from kis_terminal.ui.panels.strategies import StrategiesPanel, StrategySources
from kis_terminal.ui.strategy_editor.window import StrategyEditor
from tests.support.backtest_bench import CROSSING, BenchBuilder
from tests.support.ports_in_memory import SAMSUNG, MemoryStore

_PATIENCE = 40_000


def test_a_chosen_strategy_is_opened_its_settings_have_labels_and_what_is_built_is_added(
    bench_of: BenchBuilder, qtbot: Any
) -> None:
    bench = bench_of(SAMSUNG)
    work = bench.desk.workspace
    strategies = Strategies(
        work.environment,
        work.orders,
        work.portfolio,
        work.risk_gate,
        work.market_data,
        work.history,
        work.instruments,
        bench.desk.clock,
        MemoryStore(),
        work.scope,
        lambda *_: None,  # type: ignore[arg-type, return-value]
        lambda grade, words: None,
    )
    text = CROSSING.replace("step: 1, type: int}", 'step: 1, type: int, description: "며칠"}', 1)
    key = strategies.add(StrategyPlan("", "교차", "crossing.kis.yaml", text, "yaml", (SAMSUNG,)))
    backtests = bench.view._backtests
    panel = StrategiesPanel(work, strategies, StrategySources(lambda: backtests, lambda *_: None))
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    panel.grid.select(key)
    panel.form.show_plan(strategies.view(key).plan, {"fast": "5", "slow": "20"})

    panel.tabs.setCurrentIndex(2)
    label = panel.form.parameters["fast"]
    qtbot.waitUntil(lambda: label.accessibleName() == "며칠", timeout=_PATIENCE)
    panel.edit_button.click()
    qtbot.waitUntil(lambda: panel.findChild(StrategyEditor) is not None, timeout=_PATIENCE)
    editor = panel.findChild(StrategyEditor)
    assert isinstance(editor, StrategyEditor)
    qtbot.waitUntil(lambda: editor.form.id.text() == "crossing", timeout=_PATIENCE)
    work.link.choose(SAMSUNG)
    editor.add_button.click()

    assert len(strategies.keys) == 2
    editor.close()
    panel.hide()
