from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.backtest import StrategySource
from kis_terminal.domain.backtest_work import StrategySheet
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.contract import ParameterRule
from kis_terminal.domain.strategy.host_messages import Intent
from kis_terminal.domain.strategy.plan import RunState, SignalState, StrategyMode, StrategyPlan
from kis_terminal.services.strategies import Strategies
from kis_terminal.ui.panels.strategies import StrategiesPanel, StrategySources
from tests.support.desk import Desk, DeskBuilder, desk_of  # noqa: F401 - fixture
from tests.support.ports_in_memory import SAMSUNG, MemoryStore

PLAN = StrategyPlan("", "골든크로스", "golden.kis.yaml", "text", "yaml", (SAMSUNG,), Interval.MINUTE_1)


class MemoryHost:
    """Answers each message at once with no wish."""

    def __init__(
        self, on_message: Callable[[Mapping[str, Any]], None], on_end: Callable[[str], None]
    ) -> None:
        self._on_message = on_message
        self.on_end = on_end
        self.is_killed = False

    def send(self, message: Mapping[str, object]) -> None:
        answer = {"n": message["n"], "intents": [], "log": [f"got {message['do']}"], "state": {"bars": "1"}}
        answer["parameters"] = {"fast": "5"}
        asyncio.get_running_loop().call_soon(self._on_message, answer)

    def kill(self) -> None:
        self.is_killed = True

    async def close(self) -> None:
        self.kill()


class Bench:
    """A shown panel over strategies whose processes are in memory."""

    def __init__(self, desk: Desk, qtbot: Any) -> None:
        self.desk, self.qtbot = desk, qtbot
        self.hosts: list[MemoryHost] = []
        self.trusted: list[tuple[str, str]] = []
        work = desk.workspace

        def start_host(*arguments: Any) -> MemoryHost:
            self.hosts.append(MemoryHost(*arguments))
            return self.hosts[-1]

        self.strategies = Strategies(
            work.environment,
            work.orders,
            work.portfolio,
            work.risk_gate,
            work.market_data,
            work.history,
            work.instruments,
            SystemClock(),
            MemoryStore(),
            work.scope,
            start_host,
            lambda grade, words: work.link.message.emit(grade, words),
        )
        self.strategies.watch()
        self.panel = StrategiesPanel(
            work,
            self.strategies,
            StrategySources(lambda: pytest.fail("nobody asked"), lambda *code: self.trusted.append(code)),
        )
        qtbot.addWidget(self.panel)
        self.panel.resize(700, 500)
        self.panel.show()

    def add(self, mode: StrategyMode = StrategyMode.APPROVE) -> str:

        key = self.strategies.add(replace(PLAN, mode=mode))
        self.qtbot.waitUntil(lambda: key in self.panel.grid.keys)
        return key

    def run(self, key: str) -> None:
        self.click(self.panel.start_button)
        self.qtbot.waitUntil(lambda: self.strategies.view(key).state is RunState.RUNNING)

    def want(self, key: str, side: Side = Side.BUY, quantity: int = 3) -> None:
        """Let the strategy want something, as an answer of its process would."""
        self.strategies._runs[key].trader.intend(Intent(SAMSUNG, side, quantity, "cross"))

    def click(self, button: Any) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture(autouse=True)
def _collected_here() -> Iterator[None]:
    """Collect in this thread only, as the window does: Qt objects must not end in the one that loads bars."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def bench(desk_of: DeskBuilder, qtbot: Any) -> Iterator[Bench]:  # noqa: F811
    made = Bench(desk_of(), qtbot)
    yield made
    made.strategies.stop_all("end")
    made.panel.hide()


def test_an_empty_list_says_what_to_do(bench: Bench) -> None:
    assert bench.panel.grid.keys == []
    assert not bench.panel.start_button.isEnabled()
    assert "추가" in bench.panel.grid._empty_text


def test_start_and_stop_with_the_buttons(bench: Bench) -> None:
    key = bench.add()

    bench.run(key)
    bench.qtbot.waitUntil(lambda: bench.panel.grid.cell_text(key, "state") == "실행 중")
    bench.qtbot.waitUntil(lambda: "got begin" in bench.panel.log.toPlainText())
    bench.click(bench.panel.stop_button)

    bench.qtbot.waitUntil(lambda: bench.panel.grid.cell_text(key, "state") == "멈춰 있음")
    assert bench.hosts[0].is_killed


def test_a_signal_waits_for_approval_and_is_sent_by_a_press(bench: Bench) -> None:
    key = bench.add()
    bench.run(key)

    bench.want(key)
    bench.qtbot.waitUntil(lambda: "승인 대기" in bench.panel.tabs.tabText(0))
    bench.panel.signals.chosen.emit("1")
    assert "3주 매수" in bench.panel.confirm.question.text()
    bench.click(bench.panel.confirm.yes)

    bench.qtbot.waitUntil(lambda: len(bench.desk.workspace.orders.all()) == 1)
    assert bench.desk.workspace.orders.all()[0].quantity == 3


def test_leaving_the_question_sends_nothing(bench: Bench) -> None:
    key = bench.add()
    bench.run(key)
    bench.want(key)
    bench.qtbot.waitUntil(lambda: bench.panel.signals.keys == ["1"])
    bench.panel.signals.chosen.emit("1")

    bench.click(bench.panel.confirm.no)

    assert bench.strategies.view(key).signals[0].state is SignalState.ASKED
    assert bench.desk.workspace.orders.all() == []


def test_an_automatic_strategy_starts_after_a_question(bench: Bench) -> None:
    key = bench.add(StrategyMode.AUTOMATIC)

    bench.click(bench.panel.start_button)
    assert bench.strategies.view(key).state is RunState.STOPPED
    bench.click(bench.panel.confirm.yes)

    bench.qtbot.waitUntil(lambda: bench.strategies.view(key).state is RunState.RUNNING)


def test_a_process_that_ends_is_shown_with_its_reason(
    bench: Bench, expect_log: Callable[[str], None]
) -> None:
    expect_log("suspended")
    key = bench.add()
    bench.run(key)

    bench.hosts[0].on_end("killed from outside")

    bench.qtbot.waitUntil(lambda: bench.panel.grid.cell_text(key, "state") == "오류로 멈춤")
    assert "killed from outside" in bench.panel.log.toPlainText()
    assert any("killed from outside" in sentence for _, sentence in bench.desk.messages)


def test_panic_stops_strategies_and_start_says_why_not(bench: Bench) -> None:
    key = bench.add()
    bench.run(key)

    bench.desk.workspace.panic.press()
    bench.qtbot.waitUntil(lambda: bench.panel.grid.cell_text(key, "state") == "멈춰 있음")
    bench.click(bench.panel.start_button)

    assert any("잠겨" in sentence for _, sentence in bench.desk.messages)
    bench.qtbot.waitUntil(lambda: not bench.desk.workspace.panic.is_running)


def test_case_43_a_stop_with_an_order_open_asks_in_the_strip(bench: Bench) -> None:
    key = bench.add()
    bench.run(key)
    bench.want(key)
    bench.strategies.approve(key, 1)
    bench.qtbot.waitUntil(lambda: bench.strategies.view(key).open_orders == 1)

    bench.click(bench.panel.stop_button)
    assert bench.panel.left_orders.isVisible()
    assert bench.strategies.view(key).state is RunState.RUNNING
    bench.click(bench.panel.left_orders.cancel_button)

    bench.qtbot.waitUntil(lambda: bench.strategies.view(key).state is RunState.STOPPED)
    bench.qtbot.waitUntil(lambda: bench.strategies.view(key).open_orders == 0)


def test_settings_are_taken_and_wrong_ones_are_named(bench: Bench) -> None:
    key = bench.add()
    form = bench.panel.form

    form.budget.setText("3,000,000")
    form.symbols.setText("005930 035420")
    form.take_button.click()
    assert bench.strategies.view(key).plan.symbols == ("005930", "035420")
    assert bench.strategies.view(key).plan.budget == 3_000_000

    form.symbols.setText("ABC")
    form.take_button.click()
    assert any("ABC" in sentence for _, sentence in bench.desk.messages)
    assert bench.strategies.view(key).plan.symbols == ("005930", "035420")


def test_a_parameter_outside_the_limits_of_its_file_is_refused_at_once(bench: Bench) -> None:
    bench.desk.workspace.link.choose(SAMSUNG)
    source = StrategySource("days.kis.yaml", "text")
    bench.panel.add_sheet(StrategySheet(source, "연속", parameters=(ParameterRule("up_days", 5, 2, 10, 1),)))
    key = bench.strategies.keys[0]

    for wrong in ("1", "11", "3.5", "many"):
        bench.panel.form.parameters["up_days"].setText(wrong)
        bench.panel.form.take_button.click()
        assert "up_days" in bench.desk.messages[-1][1], wrong
        assert bench.strategies.view(key).plan.parameters == {"up_days": 5}

    bench.panel.form.parameters["up_days"].setText("2")
    bench.panel.form.take_button.click()
    assert bench.strategies.view(key).plan.parameters == {"up_days": 2}


def test_the_log_is_in_the_language_of_the_window(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    key = bench.add(StrategyMode.SIGNALS)
    plan = bench.strategies.view(key).plan

    bench.strategies.change(replace(plan, mode=StrategyMode.AUTOMATIC))
    bench.qtbot.waitUntil(lambda: "방식을 바꿨습니다: 자동 주문" in bench.panel.log.toPlainText())
    monkeypatch.setattr("kis_terminal.ui.translation._language", ["en"])
    bench.strategies.change(replace(plan, mode=StrategyMode.APPROVE))

    bench.qtbot.waitUntil(lambda: "Mode changed: Approve each" in bench.panel.log.toPlainText())


def test_parameters_that_the_strategy_tells_become_fields(bench: Bench) -> None:
    key = bench.add()
    bench.run(key)
    bench.qtbot.waitUntil(lambda: "fast" in bench.panel.form.parameters)

    bench.panel.form.parameters["fast"].setText("9")
    bench.panel.form.take_button.click()

    assert bench.strategies.view(key).plan.parameters == {"fast": 9}
    bench.qtbot.waitUntil(lambda: len(bench.hosts) == 2)  # it begins anew
    assert bench.hosts[0].is_killed


def test_python_code_is_asked_about_before_it_is_added(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("print('hello')\n")
    bench.desk.workspace.link.choose(SAMSUNG)

    bench.panel.add_file(str(path))
    bench.qtbot.waitUntil(lambda: bench.panel.confirm.isVisible())
    assert bench.strategies.keys == ()
    assert "파이썬 코드" in bench.panel.confirm.question.text()
    bench.click(bench.panel.confirm.yes)

    assert bench.trusted == [("own.py", "print('hello')\n")]
    assert len(bench.strategies.keys) == 1
    assert bench.strategies.view(bench.strategies.keys[0]).plan.mode is StrategyMode.SIGNALS


def test_deleting_asks_and_forgets(bench: Bench) -> None:
    key = bench.add()

    bench.click(bench.panel.remove_button)
    assert key in bench.strategies.keys
    bench.click(bench.panel.confirm.yes)

    bench.qtbot.waitUntil(lambda: bench.panel.grid.keys == [])


def test_with_real_money_the_lock_stands_and_is_opened_by_a_question(
    desk_of: DeskBuilder,  # noqa: F811
    qtbot: Any,
) -> None:
    bench = Bench(desk_of(Environment.REAL), qtbot)
    key = bench.add(StrategyMode.AUTOMATIC)
    assert bench.panel.grid.cell_text(key, "mode") == "자동 주문 (잠김)"

    bench.click(bench.panel.arm_button)
    assert not bench.strategies.view(key).is_armed
    bench.click(bench.panel.confirm.yes)

    assert bench.strategies.view(key).is_armed
    bench.panel.hide()
