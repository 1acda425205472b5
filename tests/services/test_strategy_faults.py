"""Fault cases 4, 9, 10, 22, 42, 43: strategies that go wrong; the exchange's ledger judges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import OrderStatus, Origin
from kis_terminal.domain.risk import TradingState
from kis_terminal.domain.strategy.plan import LeftOrders, RunState, SignalState, StrategyMode
from kis_terminal.services.orders import Orders
from kis_terminal.services.tasks import TaskScope
from tests.support.fault_case import ORDERS, SAMSUNG
from tests.support.leftovers import ExpectLog
from tests.support.strategy_bench import FAST, StrategyBench, plan, strategy_bench
from tests.support.trading_desk import until

BUYS_ONCE = """
bought = False

def on_bar(self, context, symbol):
    if not self.bought:
        self.bought = True
        context.buy(symbol, quantity=3, reason="first bar")
"""
BUYS_ONCE_THEN_SELLS = """
count = 0

def on_bar(self, context, symbol):
    self.count += 1
    if self.count == 1:
        context.buy(symbol, quantity=3)
    elif self.count > 3:
        context.sell(symbol, reason="stop")
"""
BUYS_THEN_SELLS = """
def on_bar(self, context, symbol):
    if context.holding(symbol).quantity == 0:
        context.buy(symbol, quantity=3)
    else:
        context.sell(symbol, reason="stop")
"""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[StrategyBench]:
    async with strategy_bench(tmp_path) as made:
        yield made


class Heartbeat:
    """Counts how often the loop came round."""

    def __init__(self) -> None:
        self.beats = 0
        self._task = asyncio.ensure_future(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self.beats += 1

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_case_09_an_endless_loop_is_flagged_killed_and_nobody_waits_for_it(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    key = bench.start(plan("\ndef on_bar(self, context, symbol):\n    while True:\n        pass\n"))
    await bench.runs(key)
    host = bench.hosts[0]
    heart = Heartbeat()

    await bench.suspended(key)
    await heart.stop()
    bench.case.desk.panic.press()
    is_latched = bench.case.desk.risk_gate.state is TradingState.HALTED  # before the loop comes round again
    await until(lambda: not bench.case.desk.panic.is_running, 60.0)

    assert "2초" in bench.strategies.view(key).reason
    assert host._process.poll() is not None or host._is_killed
    assert is_latched
    assert heart.beats > 5  # the loop went on beside the endless one
    assert any("멈췄습니다" in words for grade, words in bench.told if grade == "danger")


async def test_case_09_panic_answers_while_a_strategy_sleeps_for_a_minute(bench: StrategyBench) -> None:
    key = bench.start(plan("\ndef on_bar(self, context, symbol):\n    import time\n    time.sleep(60)\n"))
    await bench.runs(key)
    await until(lambda: bench.strategies.view(key).judged_at is not None, 60.0)

    bench.case.desk.panic.press()

    assert bench.state(key) is RunState.STOPPED
    await until(lambda: not bench.case.desk.panic.is_running, 60.0)


async def test_case_04_panic_stops_every_strategy_and_nothing_is_accepted_after(bench: StrategyBench) -> None:
    keys = [bench.start(plan(BUYS_THEN_SELLS, title=f"전략 {i}")) for i in range(2)]
    for key in keys:
        await bench.runs(key)
    await until(lambda: len(bench.case.ledger("accepted")) >= 2, 60.0)

    bench.case.desk.panic.press()
    states = [bench.state(key) for key in keys]
    await until(lambda: not bench.case.desk.panic.is_running, 60.0)
    proven = len(bench.case.ledger("accepted"))
    await asyncio.sleep(1.0)

    assert states == [RunState.STOPPED, RunState.STOPPED]
    assert len(bench.case.ledger("accepted")) == proven
    with pytest.raises(CorrectionNeeded, match="잠겨"):
        bench.strategies.start(keys[0])


BAD = {
    "on_bar": "\ndef on_bar(self, context, symbol):\n    raise ZeroDivisionError('차트 밖')\n",
    "constructor": "\ndef __init__(self):\n    raise RuntimeError('no key')\n",
    "exit": "\ndef on_bar(self, context, symbol):\n    raise SystemExit(3)\n",
    "killed": "\ndef on_bar(self, context, symbol):\n    import os\n    os._exit(7)\n",
    "garbage": "\ndef on_bar(self, context, symbol):\n    context.intents.append(('buy', 'everything'))\n",
    "no number": "\ndef on_bar(self, context, symbol):\n    context.buy(symbol, quantity=float('nan'))\n",
}


@pytest.mark.parametrize("fault", ["on_bar", "garbage"])
async def test_case_42_a_strategy_that_fails_is_suspended_alone(
    bench: StrategyBench, fault: str, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    bad = bench.start(plan(BAD[fault]))
    good = bench.start(plan(BUYS_ONCE, title="좋은 전략"))

    await bench.suspended(bad)
    await until(lambda: bench.strategies.view(good).holdings != {}, 60.0)

    assert "Traceback" in bench.log(bad)
    assert fault == "garbage" or 'File "own.py", line' in bench.log(bad)
    assert bench.own_orders(bad) == ()
    assert bench.state(good) is RunState.RUNNING
    assert bench.strategies.view(good).holdings[SAMSUNG][0] == 3


async def test_case_42_every_way_to_fail_ends_in_a_suspension_with_its_reason(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    names = ("constructor", "exit", "killed", "no number")
    keys = {name: bench.start(plan(BAD[name], title=name)) for name in names}

    for key in keys.values():
        await bench.suspended(key, 40.0)
        assert bench.strategies.view(key).reason
        assert bench.own_orders(key) == ()

    assert bench.case.ledger("accepted") == []
    assert "no key" in bench.log(keys["constructor"])


async def test_case_42_a_failure_in_on_fill_treats_open_orders_by_setting(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    body = BUYS_ONCE + "\ndef on_fill(self, context, fill):\n    raise KeyError(fill.symbol)\n"
    key = bench.start(plan(body))

    await bench.suspended(key)
    await until(lambda: all(order.status.is_done for order in bench.own_orders(key)), 60.0)

    view = bench.strategies.view(key)
    assert "KeyError" in view.reason
    # Half-updated state is impossible: the account is the window's, from the broker's word.
    assert view.holdings[SAMSUNG][0] == sum(order.filled for order in bench.own_orders(key))
    await bench.case.invariants.hold()


async def test_case_10_a_strategy_that_flips_at_every_bar_is_stopped_by_its_own_limit(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    key = bench.start(plan(BUYS_THEN_SELLS, orders_a_minute=2))

    await bench.suspended(key, 30.0)
    await until(lambda: bench.strategies.view(key).open_orders == 0, 60.0)

    assert "한도" in bench.strategies.view(key).reason
    assert len(bench.own_orders(key)) <= 3
    await bench.case.invariants.hold()


async def test_case_22_a_failing_balance_stops_buys_and_keeps_the_protective_sale(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("balance")
    body = """
count = 0

def on_bar(self, context, symbol):
    self.count += 1
    held = context.holding(symbol).quantity
    if self.count == 1 or (self.count > 5 and not held):
        context.buy(symbol, quantity=3)
    elif self.count >= 5 and held:
        context.sell(symbol, reason="stop")
"""
    key = bench.start(plan(body))
    await until(lambda: bench.strategies.view(key).holdings != {}, 60.0)

    bench.case.fault("do=error,code=EGW00215,path=*/inquire-balance")
    bench.case.desk.portfolio.refresh_soon()
    await until(lambda: bench.case.desk.portfolio.error != "", 60.0)
    await until(lambda: bench.strategies.view(key).holdings == {}, 60.0)
    await until(lambda: any("사지 않" in words for _, words in bench.told), 60.0)
    sides = [str(entry.side) for entry in bench.case.ledger("accepted")]
    bench.case.heal()
    await until(lambda: bench.case.desk.portfolio.error == "", 60.0)
    await until(lambda: len(bench.case.ledger("accepted")) > 2, 60.0)

    # An error is not an empty account: the sale left, and nothing was bought with cash that nobody knew.
    assert sides == ["buy", "sell"]
    assert str(bench.case.ledger("accepted")[2].side) == "buy"


async def test_case_22_a_sale_that_is_refused_is_kept_and_leaves_later(bench: StrategyBench) -> None:
    key = bench.start(plan(BUYS_ONCE_THEN_SELLS))
    await until(lambda: bench.strategies.view(key).holdings != {}, 60.0)

    bench.case.fault(f"do=error,code=EGW00201,{ORDERS}")
    await until(
        lambda: any(signal.state is SignalState.KEPT for signal in bench.strategies.view(key).signals), 15.0
    )
    alarms = [words for grade, words in bench.told if grade == "danger"]
    bench.case.heal()
    await until(lambda: bench.strategies.view(key).holdings == {}, 60.0)

    assert any("계속 시도합니다" in words for words in alarms)
    sold = sum(entry.quantity for entry in bench.case.ledger("filled") if str(entry.side) == "sell")
    assert sold == 3
    await bench.case.invariants.hold()


async def test_case_43_stopping_with_an_order_open_asks_and_either_answer_is_done(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("orders: order ")
    expect_log("order listing")
    key = bench.start(plan(BUYS_ONCE, mode=StrategyMode.APPROVE))
    await bench.runs(key)
    await until(lambda: len(bench.strategies.view(key).signals) == 1, 60.0)
    # Its answer is lost: an order without an answer is open, too.
    bench.case.fault(f"do=drop,at=answer,{ORDERS},nth=1")
    bench.case.fault("do=error,code=EGW00215,path=*/inquire-daily-ccld")
    assert bench.strategies.approve(key, 1)
    await until(lambda: [order.status for order in bench.own_orders(key)] == [OrderStatus.UNKNOWN], 60.0)

    assert bench.strategies.stop(key) is False
    assert bench.strategies.remove(key) is False
    assert bench.state(key) is RunState.RUNNING
    assert bench.strategies.remove(key, LeftOrders.KEEP) is True

    assert bench.strategies.keys == ()
    left = [order for order in bench.case.desk.orders.all() if order.origin is Origin.STRATEGY]
    assert len(left) == 1
    bench.case.heal()
    await until(lambda: bench.case.desk.orders.all()[0].status is OrderStatus.FILLED, 60.0)
    await bench.case.invariants.hold()


async def test_case_43_an_order_without_an_answer_is_cancelled_once_it_is_found(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("orders: order ")
    expect_log("order listing")
    key = bench.start(plan(BUYS_ONCE, mode=StrategyMode.APPROVE))
    await bench.runs(key)
    await until(lambda: len(bench.strategies.view(key).signals) == 1, 60.0)
    bench.case.fault(f"do=drop,at=answer,{ORDERS},nth=1")
    bench.case.fault("do=error,code=EGW00215,path=*/inquire-daily-ccld")
    bench.strategies.approve(key, 1)
    await until(lambda: [order.status for order in bench.own_orders(key)] == [OrderStatus.UNKNOWN], 60.0)

    assert bench.strategies.remove(key, LeftOrders.CANCEL) is True
    bench.case.heal()

    # Found, it is either cancelled or had been executed meanwhile; nobody has to remember it.
    await until(lambda: bench.case.desk.orders.all()[0].status.is_done, 60.0)
    await bench.case.invariants.hold()


async def test_signals_only_sends_nothing_and_automatic_stays_within_its_budget(bench: StrategyBench) -> None:
    body = "\ndef on_bar(self, context, symbol):\n    context.buy(symbol, quantity=1000, reason='all')\n"
    says = bench.start(plan(body, mode=StrategyMode.SIGNALS))
    buys = bench.start(plan(body, budget=Decimal(500_000), title="자동"))
    await until(lambda: bench.strategies.view(buys).holdings != {}, 60.0)
    await until(lambda: bench.strategies.view(says).signals != (), 60.0)

    signal = bench.strategies.view(says).signals[0]
    assert (signal.state, signal.reason, signal.quantity) == (SignalState.SAID, "all", 1000)
    assert bench.own_orders(says) == ()
    view = bench.strategies.view(buys)
    cost = sum(quantity * average for quantity, average in view.holdings.values())
    assert 0 < cost <= Decimal(500_000)
    assert view.cash >= 0


async def test_case_06_nothing_is_wanted_before_the_first_complete_listing(
    bench: StrategyBench, tmp_path: Path
) -> None:
    desk = bench.case.desk
    scope = TaskScope("unlisted")
    unlisted = Orders(desk.broker, desk.journal, desk.risk_gate, desk.portfolio, SystemClock(), scope)
    early = bench.another(unlisted, scope, tmp_path / "early.json")
    key = early.add(plan(BUYS_ONCE))

    early.start(key)
    await asyncio.sleep(1.0)  # more than two bars
    before = early.view(key).state
    started = len(bench.hosts)
    await unlisted.take_listing([], unlisted.listing_begins())
    await until(lambda: early.view(key).state is RunState.RUNNING, 60.0)
    await early.close()
    await scope.close()

    assert (before, started) == (RunState.WAITING, 0)


async def test_an_automatic_strategy_asks_with_real_money_until_it_is_armed(tmp_path: Path) -> None:
    async with strategy_bench(tmp_path, environment=Environment.REAL) as bench:
        key = bench.start(plan(BUYS_ONCE))
        await bench.runs(key)
        await until(lambda: len(bench.strategies.view(key).signals) == 1, 60.0)
        asked = bench.strategies.view(key).signals[0].state
        declined = bench.case.ledger("accepted")
        bench.strategies.decline(key, 1)
        bench.strategies.arm(key, is_armed=True)

        assert asked is SignalState.ASKED
        assert declined == []
        assert bench.strategies.view(key).is_armed
        assert bench.strategies.view(key).signals[0].state is SignalState.DROPPED


async def test_a_strategy_follows_the_bars_of_the_exchange(tmp_path: Path) -> None:
    async with strategy_bench(tmp_path, FAST) as bench:
        key = bench.start(plan("\ndef on_bar(self, context, symbol):\n    context.say(f'{context.time}')\n"))
        await until(lambda: len(bench.strategies.view(key).log) >= 2, 60.0)

        first, second = (int(line.split()[-1]) for line in bench.strategies.view(key).log[:2])
        assert second - first == 60


async def test_what_a_strategy_holds_survives_a_restart_and_none_starts_by_itself(tmp_path: Path) -> None:
    async with strategy_bench(tmp_path) as bench:
        key = bench.start(plan(BUYS_ONCE))
        await until(lambda: bench.strategies.view(key).holdings != {}, 60.0)
        held = bench.strategies.view(key).holdings

    async with strategy_bench(tmp_path) as again:
        view = again.strategies.view(key)

        assert view.holdings == held
        assert view.state is RunState.STOPPED
        assert again.hosts == []


async def test_other_parameters_begin_a_running_strategy_anew(
    bench: StrategyBench, expect_log: ExpectLog
) -> None:
    expect_log("suspended")
    body = """
from kis_terminal.domain.strategy.contract import ParameterRule
parameter_rules = (ParameterRule("fast", 5, 1, 50),)
"""
    made = plan(body)
    key = bench.start(made)
    await bench.runs(key)
    told = bench.strategies.view(key).parameters

    bench.strategies.change_parameters(key, {"fast": 7})
    await bench.runs(key)
    bench.strategies.change(replace(bench.strategies.view(key).plan, parameters={"slow": 1}))
    await bench.suspended(key)

    assert told == {"fast": "5"}
    assert "slow" in bench.strategies.view(key).reason
