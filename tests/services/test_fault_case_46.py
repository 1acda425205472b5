"""Fault case 46: shares are split overnight; what a program waited for was said in the old price."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderKind, OrderRequest, OrderStatus, Origin, Side
from kis_terminal.domain.risk import TradingState
from kis_terminal.services.share_changes import ShareChange, ShareChanges
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import SAMSUNG, Case, ExchangesClock, day_options, opened
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import OrderDesk, order_desk
from tests.support.ports_in_memory import MemoryStore, quote_of
from tests.support.trading_desk import until


def market_sell(case: Case, quantity: int, origin: Origin) -> OrderRequest:
    return case.desk.orders.new_request(SAMSUNG, Side.SELL, OrderKind.MARKET, quantity, None, origin=origin)


async def buy_and_announce(case: Case) -> Decimal:
    """Hold 100 shares more and announce 5 for 1; returns the average price."""
    bought = await case.desk.orders.submit(case.market_buy(100))
    await until(lambda: case.now(bought).status is OrderStatus.FILLED)
    await until(lambda: (held := case.desk.portfolio.position(SAMSUNG)) is not None and held.quantity >= 100)
    await case.desk.portfolio.refresh()
    case.exchange.server.venue.exchange.split(SAMSUNG, 5, 1)
    held = case.desk.portfolio.position(SAMSUNG)
    assert held is not None
    return held.average_price


def turn_the_day(exchange: RunningExchange) -> None:
    """Let the exchange live through the rest of its day and the next morning before anybody asks again."""
    venue = exchange.server.venue
    venue.market_time.change(start=datetime.fromisoformat("2026-11-18T09:05+09:00"))
    venue.exchange.advance(venue.now())


async def test_case_46_a_split_while_the_program_runs(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("the shares have changed|access token|balance|order listing")
    async with running_exchange(day_options("2026-11-17T15:00")) as exchange:
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            case.widen_limits()
            desk = case.desk
            average = await buy_and_announce(case)
            held = desk.portfolio.position(SAMSUNG)
            assert held is not None
            noticed: list[ShareChange] = []
            desk.share_changes.noticed.subscribe(noticed.append)
            desk.trading_day.start()

            turn_the_day(exchange)
            await until(lambda: bool(noticed) and noticed[-1].after is not None, 60)
            after = desk.portfolio.position(SAMSUNG)
            assert after is not None
            assert after.quantity == held.quantity * 5
            # The average price is the one that KIS's list says, not one of ours.
            assert abs(after.average_price * 5 - average) < 1
            await until(lambda: desk.portfolio.day_profit is not None, 60)
            # Nothing of the split passes for a loss: the account goes on trading.
            profit = desk.portfolio.day_profit
            assert profit is not None
            assert abs(profit) < held.cost / 10
            desk.risk_gate.look()
            assert desk.risk_gate.state is TradingState.ACTIVE

            stop = await desk.orders.submit(market_sell(case, held.quantity, Origin.STRATEGY))
            assert stop.status is OrderStatus.REJECTED
            assert f"{held.quantity:,}주에서 {after.quantity:,}주" in stop.reason
            assert [entry for entry in case.ledger("accepted") if entry.side == "sell"] == []
            # A person may sell, having been asked; a program not before the person has looked.
            asked = market_sell(case, 5, Origin.ORDER_ENTRY)
            assert [check.code for check in desk.risk_gate.check(asked).soft_failures] == ["SHARES"]
            desk.share_changes.acknowledge(SAMSUNG)
            assert desk.risk_gate.check(market_sell(case, 5, Origin.STRATEGY)).passed


async def test_case_46_a_split_while_the_program_was_closed(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("the shares have changed")
    async with running_exchange(day_options("2026-11-17T15:00")) as exchange:
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            case.widen_limits()
            await buy_and_announce(case)
        turn_the_day(exchange)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            case.widen_limits()
            await until(lambda: bool(case.desk.share_changes.waiting))

            stop = await case.desk.orders.submit(market_sell(case, 5, Origin.STRATEGY))

            assert stop.status is OrderStatus.REJECTED
            assert "주식 수" in stop.reason
            assert case.desk.risk_gate.state is TradingState.ACTIVE
        # Not looked at: it still waits after the next start.
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            assert [change.symbol for change in case.desk.share_changes.waiting] == [SAMSUNG]


def watching(desk: OrderDesk, store: MemoryStore) -> ShareChanges:
    changes = ShareChanges(desk.portfolio, desk.market_data, desk.clock, store, desk.scope)
    desk.risk_gate.share_change = changes.words
    return changes


async def test_case_46_a_base_price_without_the_new_shares_is_enough(expect_log: ExpectLog) -> None:
    """Shares of a bonus issue come weeks after its price."""
    expect_log("the shares have changed")
    async with order_desk() as desk:
        changes = watching(desk, MemoryStore())
        await desk.portfolio.refresh()
        desk.clock.advance(86_400)
        desk.broker.quotes[SAMSUNG] = quote_of(SAMSUNG, 16_950, 16_920)
        await desk.portfolio.refresh()
        desk.market_data.state(SAMSUNG).freshness = None
        desk.market_data.state(SAMSUNG).volume = None
        await desk.market_data.refresh_quote(SAMSUNG)

        request = desk.orders.new_request(
            SAMSUNG, Side.SELL, OrderKind.LIMIT, 400, Decimal(16_950), origin=Origin.STRATEGY
        )
        codes = [check.code for check in desk.risk_gate.check(request).soft_failures]

        assert "SHARES" in codes
        assert desk.portfolio.day_profit is None  # nobody knows it: the loss limit must not trip
        assert desk.risk_gate.state is TradingState.ACTIVE
        (change,) = changes.waiting
        assert change.after is None
        assert Decimal("4.8") < change.factor < Decimal("5.2")
        changes.acknowledge(SAMSUNG)
        assert desk.portfolio.day_profit == 0
        assert "SHARES" not in [
            check.code for check in desk.risk_gate.check(request).checks if not check.passed
        ]


async def test_case_46_trading_and_days_of_large_moves_are_no_split() -> None:
    async with order_desk() as desk:
        changes = watching(desk, MemoryStore())
        await desk.portfolio.refresh()
        held = desk.broker.positions[SAMSUNG]
        for quantity, cost in ((401, 32_600_000), (40, 3_250_000), (800, 66_000_000), (4_000, 327_000_000)):
            desk.broker.positions[SAMSUNG] = replace(held, quantity=quantity, cost=Decimal(cost))
            await desk.portfolio.refresh()
        for base in (59_300, 77_000, 107_000):
            desk.clock.advance(86_400)
            await desk.portfolio.refresh()
            desk.broker.quotes[SAMSUNG] = quote_of(SAMSUNG, base, base)
            state = desk.market_data.state(SAMSUNG)
            state.volume = None
            await desk.market_data.refresh_quote(SAMSUNG)
            changes.look()

        assert changes.waiting == ()


def test_case_46_a_store_that_is_damaged_is_an_empty_one() -> None:
    for text in (
        "",
        "{",
        "[]",
        '{"005930": [1, 2]}',
        '{"005930": ["x", "1", "1", "2026-13-01"]}',
        "null",
        "7",
    ):
        store = MemoryStore({"holdings": text, "share-changes": text})
        assert _opened(store).waiting == ()


def _opened(store: MemoryStore) -> ShareChanges:
    from kis_terminal.services.instruments import Instruments
    from kis_terminal.services.market_data import MarketData
    from kis_terminal.services.portfolio import Portfolio
    from kis_terminal.services.tasks import TaskScope
    from tests.support.ports_in_memory import MemoryBroker, MemoryClock, MemoryFeed, MemoryMaster

    clock, scope = MemoryClock(), TaskScope("test")
    broker = MemoryBroker(clock, Environment.SIM)
    market_data = MarketData(broker, MemoryFeed(), clock, scope)
    portfolio = Portfolio(broker, market_data, Instruments(MemoryMaster()), clock, scope)
    return ShareChanges(portfolio, market_data, clock, store, scope)
