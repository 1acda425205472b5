"""Selling what is held: price-protected, bounded, never more, by the one path; the ledger is the judge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.domain.risk import TradingState
from kis_terminal.services.flatten import FlattenReport, FlattenTerms
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, Case, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until


@asynccontextmanager
async def holding(folder: Path, quantity: int = 30) -> AsyncIterator[Case]:
    """Give a desk that holds shares of one symbol more than it began with."""
    async with running_exchange() as exchange, opened(exchange, exchange.access(), folder) as case:
        case.widen_limits()
        bought = await case.desk.orders.submit(case.market_buy(quantity))
        await until(lambda: case.now(bought).status is OrderStatus.FILLED, 60)
        await until(lambda: (held := case.desk.portfolio.position(SAMSUNG)) is not None and held.quantity > 0)
        await case.desk.portfolio.refresh()
        yield case


async def ended(case: Case, seconds: float = 40.0) -> FlattenReport:
    await until(lambda: case.desk.flatten.report is not None and not case.desk.flatten.is_running, seconds)
    report = case.desk.flatten.report
    assert report is not None
    return report


def sales(case: Case) -> list[tuple[str, int, int]]:
    """Return kind, quantity and price of the accepted orders to sell."""
    return [
        (entry.order_kind, entry.quantity, entry.price)
        for entry in case.ledger("accepted")
        if entry.side == "sell"
    ]


def sold(case: Case) -> int:
    return sum(entry.quantity for entry in case.ledger("filled") if entry.side == "sell")


async def test_everything_held_is_sold_without_a_market_order(
    tmp_path: Path,
) -> None:
    async with holding(tmp_path) as case:
        held = {item.symbol: item.quantity for item in case.desk.portfolio.positions}
        resting = await case.desk.orders.submit(
            case.desk.orders.new_request(
                SAMSUNG,
                Side.SELL,
                OrderKind.LIMIT,
                5,
                case.desk.market_data.state(SAMSUNG).upper_limit,
                origin=Origin.ORDER_ENTRY,
            )
        )
        assert resting.status is OrderStatus.ACCEPTED, resting.reason

        assert case.desk.flatten.start() == ""
        assert case.desk.flatten.start() == ""  # a second press joins the first
        report = await ended(case)

        assert report.is_flat, report
        assert {line.symbol: line.sold for line in report.lines} == held
        assert case.now(resting).status is OrderStatus.CANCELLED
        assert {kind for kind, _, _ in sales(case)[1:]} == {"11"}  # limit, immediate or cancelled
        assert sold(case) == sum(held.values())
        await case.desk.portfolio.refresh()
        assert case.desk.portfolio.positions == ()
        assert case.desk.risk_gate.state is TradingState.REDUCING
        mine = [order for order in case.desk.orders.all() if order.origin is Origin.PANIC]
        assert len(mine) == len(sales(case)) - 1
        await case.invariants.hold()


async def test_after_a_panic_all_is_locked_again_at_the_end(tmp_path: Path) -> None:
    async with holding(tmp_path, 10) as case:
        case.desk.panic.press()
        assert "전체취소" in case.desk.flatten.start()
        await until(lambda: not case.desk.panic.is_running, 60)
        assert case.desk.risk_gate.state is TradingState.HALTED

        assert case.desk.flatten.start() == ""
        report = await ended(case)

        assert report.is_flat, report
        assert case.desk.risk_gate.state is TradingState.HALTED
        refused = await case.desk.orders.submit(case.market_buy(1))
        assert refused.status is OrderStatus.REJECTED


async def test_no_attempt_goes_below_the_floor_and_their_number_is_bounded(tmp_path: Path) -> None:
    async with holding(tmp_path, 10) as case:
        desk = case.desk
        # As if the market had fallen by two percent since the beginning: nobody bids at the floor.
        desk.flatten.terms = FlattenTerms(ticks_under_bid=1, floor_percent=Decimal(-2), attempts=3)
        quote = await desk.market_data.refresh_quote(SAMSUNG)
        held = {item.symbol for item in desk.portfolio.positions}

        assert desk.flatten.start() == ""
        report = await ended(case)

        line = next(line for line in report.lines if line.symbol == SAMSUNG)
        assert (line.sold, sold(case)) == (0, 0)
        assert "정한 가격" in line.reason
        assert not report.is_flat
        prices = [entry.price for entry in case.ledger("accepted") if entry.symbol == SAMSUNG][1:]
        assert len(prices) == 3
        assert min(prices) > quote.price
        assert len(sales(case)) <= 3 * len(held)
        await case.invariants.hold()


async def test_a_balance_that_cannot_be_read_sells_nothing(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("balance")
    async with holding(tmp_path, 10) as case:
        case.fault("do=raw,status=500,path=*/inquire-balance")

        assert case.desk.flatten.start() == ""
        report = await ended(case)

        assert not report.is_flat
        assert all(line.reason for line in report.lines)
        assert sales(case) == []


async def test_a_sale_of_unknown_outcome_is_not_followed_by_another(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    async with holding(tmp_path, 10) as case:
        case.fault("do=reset,at=answer,path=*/order-cash")
        case.fault("do=raw,status=500,path=*/inquire-daily-ccld")

        assert case.desk.flatten.start() == ""
        await until(lambda: any(order.status is OrderStatus.UNKNOWN for order in case.desk.orders.all()), 60)
        case.heal()
        report = await ended(case)

        assert sold(case) <= sum(line.held for line in report.lines)
        await case.invariants.hold()


async def test_real_orders_have_to_be_armed(tmp_path: Path) -> None:
    async with holding(tmp_path, 1) as case:
        case.desk.risk_gate.arm(is_armed=False)

        assert "잠겨" in case.desk.flatten.start()
        assert case.desk.risk_gate.state is TradingState.ACTIVE
        assert sales(case) == []
