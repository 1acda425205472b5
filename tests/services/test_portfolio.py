"""Positions and profit between two listings of the broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.ports import Stream
from tests.support.exchange import running_exchange
from tests.support.trading_desk import TradingDesk, trading_desk, until

SAMSUNG = "005930"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TradingDesk]:
    async with running_exchange() as exchange, trading_desk(exchange.access(), tmp_path) as opened:
        watching = opened.market_data.watch(SAMSUNG, Stream.TICKS, Stream.BOOK)
        state = opened.market_data.state(SAMSUNG)
        await until(lambda: state.upper_limit is not None)
        await until(lambda: opened.market_data.market_seconds() is not None)
        yield opened
        watching.close()


async def test_a_sale_realises_its_price_against_the_average_and_all_costs(desk: TradingDesk) -> None:
    held = desk.portfolio.position(SAMSUNG)
    assert held is not None

    order = await desk.orders.submit(
        desk.orders.new_request(SAMSUNG, Side.SELL, OrderKind.MARKET, 10, None, origin=Origin.ORDER_ENTRY)
    )
    await until(lambda: desk.orders.get(order.key).status is OrderStatus.FILLED)  # type: ignore[union-attr]

    sold = desk.orders.get(order.key)
    assert sold is not None
    assert sold.average_price is not None
    gross = (sold.average_price - held.average_price) * 10
    realised = desk.portfolio.realised_today(SAMSUNG)
    costs = gross - realised
    # 0.015 % twice and 0.20 % tax on a sale of about 830,000 won.
    assert Decimal("0.0020") < costs / (sold.average_price * 10) < Decimal("0.0025")
    assert desk.portfolio.realised_today() == realised
