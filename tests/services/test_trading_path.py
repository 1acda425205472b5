"""Orders from request to fill over the real protocol, judged by the exchange's ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.domain.instruments import move_ticks, round_down_to_tick
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, PendingChange, Side
from kis_terminal.ports import Stream
from kis_terminal.services.panic import PanicOutcome
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
async def desk(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[TradingDesk]:
    async with trading_desk(exchange.access(), tmp_path) as opened:
        watching = opened.market_data.watch(SAMSUNG, Stream.TICKS, Stream.BOOK)
        state = opened.market_data.state(SAMSUNG)
        await until(lambda: state.upper_limit is not None and state.book is not None)
        await until(lambda: opened.market_data.market_seconds() is not None)
        yield opened
        watching.close()


def far_bid(desk: TradingDesk) -> Decimal:
    price = desk.market_data.state(SAMSUNG).price
    assert price is not None
    return round_down_to_tick(price * Decimal("0.9"))


def accepted_by(exchange: RunningExchange) -> list[dict[str, Any]]:
    """Return what the exchange's ledger says was accepted; the judge of every case."""
    return [entry for entry in exchange.server.venue.exchange.ledger.to_json() if entry["kind"] == "accepted"]


async def test_a_market_buy_fills_and_shows_in_orders_positions_and_cash(
    desk: TradingDesk, exchange: RunningExchange
) -> None:
    held = desk.portfolio.position(SAMSUNG)
    before, cash = held.quantity if held else 0, desk.portfolio.cash_d2
    assert cash is not None

    order = await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.MARKET, 10, None, origin=Origin.ORDER_ENTRY)
    )
    await until(lambda: desk.orders.get(order.key).status is OrderStatus.FILLED)  # type: ignore[union-attr]
    await until(lambda: desk.portfolio.position(SAMSUNG).quantity == before + 10)  # type: ignore[union-attr]

    filled = desk.orders.get(order.key)
    assert filled is not None
    assert filled.average_price is not None
    assert [fill.quantity for fill in desk.orders.fills] != []
    assert sum(fill.quantity for fill in desk.orders.fills) == 10
    assert desk.portfolio.cash_d2 is not None
    spent = cash - desk.portfolio.cash_d2
    assert filled.average_price * 10 <= spent <= filled.average_price * 10 * Decimal("1.001")
    assert len(accepted_by(exchange)) == 1


async def test_a_far_order_rests_is_amended_and_cancelled(desk: TradingDesk) -> None:
    price = far_bid(desk)
    order = await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 7, price, origin=Origin.LADDER)
    )
    assert order.status is OrderStatus.ACCEPTED

    refused = await desk.orders.amend(order.key, OrderKind.LIMIT, move_ticks(price, -3))
    await desk.reconciler.list_once()

    amended = desk.orders.get(order.key)
    assert refused == ""
    assert amended is not None
    assert amended.price == move_ticks(price, -3)
    assert len(amended.chain) == 2
    assert amended.remaining == 7
    assert len(desk.orders.open_orders()) == 1

    assert await desk.orders.cancel(order.key) == ""
    await until(lambda: desk.orders.get(order.key).status is OrderStatus.CANCELLED)  # type: ignore[union-attr]

    cancelled = desk.orders.get(order.key)
    assert cancelled is not None
    assert (cancelled.filled, cancelled.cancelled, cancelled.pending) == (0, 7, PendingChange.NONE)


async def test_a_rule_refuses_before_anything_is_sent(desk: TradingDesk, exchange: RunningExchange) -> None:
    off_tick = far_bid(desk) + 1

    order = await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 1, off_tick, origin=Origin.ORDER_ENTRY)
    )

    assert order.status is OrderStatus.REJECTED
    assert "호가단위" in order.reason
    assert accepted_by(exchange) == []


async def test_the_brokers_refusal_is_a_rejected_order_with_its_words(desk: TradingDesk) -> None:
    held = desk.portfolio.position(SAMSUNG)
    assert held is not None
    price = desk.market_data.state(SAMSUNG).upper_limit
    selling = desk.orders.new_request(
        SAMSUNG, Side.SELL, OrderKind.LIMIT, held.sellable, price, origin=Origin.ORDER_ENTRY
    )
    selling = replace(selling, confirmed=frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"}))
    desk.risk_gate.limits = type(desk.risk_gate.limits)(
        max_order_value=Decimal(10**12), duplicate_seconds=0.0, price_collar_percent=Decimal(100)
    )
    first = await desk.orders.submit(selling)

    # The account was listed before the first sell reserved the shares: only the broker knows.
    second = await desk.orders.submit(replace(selling, intent_id="another"))

    assert first.status is OrderStatus.ACCEPTED
    assert second.status is OrderStatus.REJECTED
    assert second.reason


async def test_an_order_at_the_touch_fills_partly_then_fully(desk: TradingDesk) -> None:
    book = desk.market_data.state(SAMSUNG).book
    assert book is not None
    ask, size = book.asks[0]
    desk.risk_gate.limits = type(desk.risk_gate.limits)(
        max_order_value=Decimal(10**12), max_position_value=Decimal(10**12), max_quantity=10**6
    )
    quantity = min(size + 50, 900)

    seen: list[tuple[OrderStatus, int]] = []
    subscription = desk.orders.changed.subscribe(lambda order: seen.append((order.status, order.filled)))
    large = desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, ask, origin=Origin.LADDER)
    order = await desk.orders.submit(
        replace(large, confirmed=frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"}))
    )
    await until(lambda: desk.orders.get(order.key).filled > 0)  # type: ignore[union-attr]
    subscription.close()

    current = desk.orders.get(order.key)
    assert current is not None
    assert current.filled + current.remaining == quantity
    filled = [count for _, count in seen]
    assert filled == sorted(filled)


async def test_an_order_made_elsewhere_appears_and_can_be_cancelled(
    desk: TradingDesk, exchange: RunningExchange, tmp_path: Path
) -> None:
    other = desk.broker
    accepted = await other.place(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 3, far_bid(desk), origin=Origin.ELSEWHERE)
    )

    await until(lambda: desk.orders.by_number(accepted.order_number) is not None)
    order = desk.orders.by_number(accepted.order_number)

    assert order is not None
    assert order.origin is Origin.ELSEWHERE
    assert await desk.orders.cancel(order.key) == ""
    await until(lambda: desk.orders.get(order.key).status is OrderStatus.CANCELLED)  # type: ignore[union-attr]


async def test_panic_locks_cancels_all_and_proves_it(desk: TradingDesk) -> None:
    price = far_bid(desk)
    keys = []
    for step in range(5):
        order = await desk.orders.submit(
            desk.orders.new_request(
                SAMSUNG, Side.BUY, OrderKind.LIMIT, 1, move_ticks(price, -step), origin=Origin.LADDER
            )
        )
        keys.append(order.key)

    desk.panic.press()
    desk.panic.press()
    assert desk.risk_gate.is_halted
    late = await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 1, price, origin=Origin.LADDER)
    )
    await until(lambda: not desk.panic.is_running, 60)

    report = desk.panic.report
    assert late.status is OrderStatus.REJECTED
    assert report is not None
    assert report.is_proven
    assert {line.order.key for line in report.lines} == set(keys)
    assert {line.outcome for line in report.lines} == {PanicOutcome.CANCELLED}
    assert desk.orders.open_orders() == ()


async def test_the_latch_survives_a_restart(exchange: RunningExchange, tmp_path: Path) -> None:
    async with trading_desk(exchange.access(), tmp_path) as desk:
        desk.panic.press()
        await until(lambda: not desk.panic.is_running, 60)

    async with trading_desk(exchange.access(), tmp_path) as desk:
        assert desk.risk_gate.is_halted
        desk.risk_gate.release()
        assert not desk.risk_gate.is_halted


async def test_the_journal_holds_the_intent_before_the_answer(desk: TradingDesk) -> None:
    await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, 1, far_bid(desk), origin=Origin.LADDER)
    )

    entries = await desk.journal.entries(datetime.now().astimezone() - timedelta(minutes=1))

    assert [entry.event for entry in entries] == ["intent", "accepted"]
    assert entries[0].details["symbol"] == SAMSUNG


@pytest.mark.parametrize("interval", [Interval.MINUTE_1, Interval.MINUTE_5, Interval.DAY, Interval.MONTH])
async def test_bars_live_on_with_the_prints(desk: TradingDesk, interval: Interval) -> None:
    live = await desk.history.follow(SAMSUNG, interval, 120)
    received = desk.market_data.ticks_received
    await until(lambda: desk.market_data.ticks_received > received + 3, 60)

    state = desk.market_data.state(SAMSUNG)
    assert len(live.series) > 50
    assert live.series.values[-1][3] == float(state.price or 0)
    if interval is Interval.DAY:
        assert live.series.values[-1][4] == float(state.volume or 0)
        assert live.series.values[-1][1] == float(state.high or 0)
    live.close()
