"""Reducing after a day's loss: once, until the person says otherwise, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from kis_terminal.domain.orders import OrderStatus, Side
from kis_terminal.domain.risk import TradingState
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import OrderDesk, order_desk
from tests.support.ports_in_memory import SAMSUNG, tick_of


def _lose(desk: OrderDesk, price: int) -> None:
    quote = desk.broker.quotes[SAMSUNG]
    desk.feed.send_ticks(tick_of(quote, price, 1))
    desk.clock.advance(1.0)


async def test_case_45_a_days_loss_trips_once_and_leaves_sales(expect_log: ExpectLog) -> None:
    """An open position alone may do it, and a price that comes back does not undo it."""
    expect_log("the day's loss has reached its limit")
    async with order_desk() as desk:
        desk.risk_gate.limits = replace(desk.risk_gate.limits, max_daily_loss=Decimal(1_000_000))
        before = desk.portfolio.day_profit
        assert before == 0
        _lose(desk, 82_600)  # 400 shares, 2,000 won each: costs included, below -800,000
        desk.risk_gate.look()
        assert desk.risk_gate.state is TradingState.ACTIVE
        _lose(desk, 82_000)
        desk.risk_gate.look()
        assert desk.risk_gate.state is TradingState.REDUCING
        _lose(desk, 84_600)
        desk.risk_gate.look()

        bought = await desk.orders.submit(desk.request(1, Decimal(80_000)))
        sold = await desk.orders.submit(desk.request(1, Decimal(85_000), Side.SELL))
        assert bought.status is OrderStatus.REJECTED
        assert "줄이는" in bought.reason
        assert sold.status is OrderStatus.ACCEPTED
        desk.risk_gate.release()
        assert (await desk.orders.submit(desk.request(2, Decimal(80_000)))).status is OrderStatus.ACCEPTED


async def test_reducing_survives_a_restart_and_panic_goes_further() -> None:
    async with order_desk(texts={"trading-state": "reducing"}) as desk:
        assert desk.risk_gate.state is TradingState.REDUCING
        desk.risk_gate.halt()
        desk.risk_gate.reduce()

        assert desk.risk_gate.state is TradingState.HALTED
        sold = await desk.orders.submit(desk.request(1, Decimal(85_000), Side.SELL))
        assert sold.status is OrderStatus.REJECTED
