"""What strategies may spend, whatever they want at once: judged by the exchange's ledger."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from kis_terminal.domain.orders import OrderStatus
from kis_terminal.domain.strategy.plan import SignalState
from tests.support.fault_case import SAMSUNG
from tests.support.strategy_bench import plan, strategy_bench
from tests.support.trading_desk import until

HYNIX = "000660"
BUYS_TWICE_AT_ONCE = """
is_done = False

def on_bar(self, context, symbol):
    if not self.is_done:
        self.is_done = True
        context.buy(symbol, quantity=40)
        context.buy(symbol, quantity=41)
"""
BUYS_TWO_SYMBOLS_AT_ONCE = """
is_done = False

def on_bar(self, context, symbol):
    if not self.is_done:
        self.is_done = True
        for one in context.symbols:
            context.buy(one, quantity=1000)
"""


async def test_two_buys_of_one_bar_are_not_both_sent_before_either_is_known(tmp_path: Path) -> None:
    """Cause: both were judged before the first was an order, so each found the whole of the cash free."""
    async with strategy_bench(tmp_path) as bench:
        key = bench.start(plan(BUYS_TWICE_AT_ONCE, budget=Decimal(5_000_000)))
        await bench.runs(key)
        await until(lambda: len(bench.case.ledger("accepted")) > 0, 60.0)
        await until(lambda: not bench.case.desk.orders.is_sending)

        accepted = bench.case.ledger("accepted")
        assert [entry.quantity for entry in accepted] == [40]
        assert bench.strategies.view(key).signals[1].state is SignalState.DROPPED
        await bench.case.invariants.hold()


async def test_buys_of_two_symbols_at_once_share_the_cash(tmp_path: Path) -> None:
    """Cause: the second was given the cash that the first was about to spend."""
    async with strategy_bench(tmp_path) as bench:
        await bench.case.know(HYNIX)
        budget = Decimal(5_000_000)
        key = bench.start(plan(BUYS_TWO_SYMBOLS_AT_ONCE, budget=budget, symbols=(SAMSUNG, HYNIX)))
        await bench.runs(key)
        await until(lambda: len(bench.case.ledger("accepted")) > 0, 60.0)
        await until(lambda: not bench.case.desk.orders.is_sending)

        sent = [order for order in bench.own_orders(key) if order.status is not OrderStatus.REJECTED]
        assert len(sent) >= 1
        assert sum((order.price or Decimal(0)) * order.quantity for order in sent) <= budget
