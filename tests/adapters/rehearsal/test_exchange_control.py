"""The control side of the rehearsal's exchange: what it lays out, disturbs and reads stands in the ledger."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from kis_terminal.adapters.rehearsal.exchange_control import ExchangeControl
from kis_terminal.adapters.simulator.server import SimulatorServer
from kis_terminal.domain.errors import TerminalError
from tests.support.exchange import running_exchange

CANO = "50000101"
SAMSUNG = "005930"


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    """Run an exchange in this process."""
    async with running_exchange() as exchange:
        yield exchange.server


@pytest.fixture
def control(server: SimulatorServer) -> ExchangeControl:
    """Return its control side."""
    told = server.addresses
    return ExchangeControl(str(told["control"]), str(told["control_token"]), CANO)


async def test_an_amended_order_is_one_order_and_open_until_it_is_cancelled(
    server: SimulatorServer, control: ExchangeControl
) -> None:
    exchange, now = server.venue.exchange, server.venue.now()
    account = exchange.account(CANO)
    low = exchange.quote(SAMSUNG).lower_limit
    first = await asyncio.to_thread(control.place, SAMSUNG, "buy", 6, low)
    amended = exchange.amend(account, first, "00", 0, low + 1000, True, now)
    assert (await asyncio.to_thread(control.record)).open_numbers == (first,)

    exchange.cancel(account, amended.order_no, 0, True, now)  # type: ignore[union-attr]

    record = await asyncio.to_thread(control.record)
    assert record.open_numbers == ()
    assert record.accepted == 2


async def test_other_products_and_other_accounts_are_told_apart(
    server: SimulatorServer, control: ExchangeControl
) -> None:
    number = await asyncio.to_thread(control.rest, "bond", "KR6095572D81", 10, "9985.0")
    exchange = server.venue.exchange
    other = exchange.account("60000001")
    exchange.place_foreign(
        other, "buy", SAMSUNG, "00", 1, exchange.quote(SAMSUNG).lower_limit, server.venue.now()
    )

    record = await asyncio.to_thread(control.record)

    assert record.open_numbers == (number,)
    assert record.accepted == 0


async def test_what_cannot_be_done_is_said(control: ExchangeControl) -> None:
    with pytest.raises(TerminalError, match="연습용 거래소"):
        await asyncio.to_thread(control.place, SAMSUNG, "buy", 1, 10**9)
    with pytest.raises(TerminalError, match="type"):
        await asyncio.to_thread(control.rest, "gold", SAMSUNG, 1, "1")


async def test_an_exchange_that_is_gone_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(TerminalError, match="연습용 거래소"):
        await asyncio.to_thread(ExchangeControl(f"http://127.0.0.1:{port}/control", "t", CANO).record)
