"""Fault cases of what a person or a program does: panic, changes, odd orders; the ledger judges."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.kis.environment import LIMITS
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.instruments import move_ticks
from kis_terminal.domain.orders import (
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    PendingChange,
    Side,
    Venue,
)
from kis_terminal.services.panic import PanicOutcome
from kis_terminal.settings import Secret
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import ORDERS, SAMSUNG, Case, opened
from tests.support.fault_proxy import fault_proxy
from tests.support.trading_desk import until

CHANGES = "path=*/order-rvsecncl"


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
async def case(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[Case]:
    async with opened(exchange, exchange.access(), tmp_path) as made:
        yield made


def outcomes(case: Case) -> dict[str, PanicOutcome]:
    report = case.desk.panic.report
    assert report is not None
    return {line.order.key: line.outcome for line in report.lines}


async def panic_ends(case: Case, seconds: float = 20.0) -> None:
    await until(lambda: not case.desk.panic.is_running, seconds)
    report = case.desk.panic.report
    assert report is not None
    assert report.is_proven


async def test_case_04_nothing_is_accepted_after_panic_while_a_program_sends(case: Case) -> None:
    case.widen_limits()

    async def strategy() -> None:
        while True:
            request = replace(case.resting_buy(1), origin=Origin.STRATEGY)
            await case.desk.orders.submit(request)
            await asyncio.sleep(0.05)

    sending = asyncio.ensure_future(strategy())
    await asyncio.sleep(0.6)
    case.desk.panic.press()
    taken = len(case.ledger("accepted"))
    await panic_ends(case)
    proven = len(case.ledger("accepted"))
    await asyncio.sleep(0.3)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert taken >= 3
    assert proven - taken <= 1  # one whose bytes were out
    assert len(case.ledger("accepted")) == proven
    assert all(order.status.is_done for order in case.desk.orders.all())
    assert sum(entry.quantity for entry in case.ledger("cancelled")) == proven


async def test_case_05_panic_in_an_outage_latches_at_once_says_so_and_goes_on(
    exchange: RunningExchange, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Whether lists of the account fail meanwhile, and are logged, is a matter of their time.
    caplog.set_level(logging.ERROR, "kis_terminal.services")
    access = exchange.access()
    async with (
        fault_proxy(access.rest_url) as (proxy, url),
        opened(exchange, replace(access, rest_url=url), tmp_path, Patience(answer=0.8)) as case,
    ):
        orders = [await case.desk.orders.submit(case.resting_buy(quantity)) for quantity in (1, 2, 3)]
        proxy.toxics["up"].blackhole = True
        began = asyncio.get_running_loop().time()
        case.desk.panic.press()

        assert case.desk.risk_gate.is_halted
        assert asyncio.get_running_loop().time() - began < 0.1
        await until(lambda: (told := case.desk.panic.report) is not None and "1544-5000" in told.message, 8)
        assert case.desk.panic.report is not None
        assert "3건" in case.desk.panic.report.message
        proxy.heal()
        proxy.reset_all()  # what was swallowed never comes: those connections are dead
        await panic_ends(case, 40)

        assert {outcomes(case)[order.key] for order in orders} == {PanicOutcome.CANCELLED}
        assert len(case.ledger("cancelled")) == 3


@pytest.mark.parametrize("host", [Environment.REAL, Environment.PAPER])
@pytest.mark.parametrize("key", [Environment.REAL, Environment.PAPER])
@pytest.mark.parametrize("asked", [Environment.REAL, Environment.PAPER])
async def test_case_08_real_and_paper_never_mix(
    exchange: RunningExchange, host: Environment, key: Environment, asked: Environment
) -> None:
    """Host, key and the environment that was chosen: only where all three agree does an order arrive."""
    own = exchange.access(key, cano="65000001")
    own = replace(own, appkey=Secret(f"PS8{key.value}{host.value}{asked.value}".ljust(36, "0")))
    if host is not key:
        first = KisBroker(own, SystemClock())
        await first.balance()  # the key belongs to the personality that saw it first
        await first.close()
    mixed = replace(own, environment=asked, rest_url=exchange.access(host).rest_url)
    second = KisBroker(mixed, SystemClock())
    refusal = None
    try:
        request = OrderRequest(
            "1", SAMSUNG, Side.BUY, OrderKind.LIMIT, 1, _far(exchange), Venue.KRX, Origin.ORDER_ENTRY
        )
        await second.place(request)
    except TerminalError as error:
        refusal = error
    finally:
        await second.close()

    taken = [entry for entry in exchange.server.venue.exchange.ledger.entries if entry.kind == "accepted"]
    if host is key is asked:
        assert refusal is None
        assert [entry.realm for entry in taken] == [host.value]
    else:
        assert refusal is not None
        assert taken == []


def _far(exchange: RunningExchange) -> Decimal:
    return Decimal(exchange.server.venue.exchange.quote(SAMSUNG).lower_limit)


async def test_case_10_a_program_that_flips_at_every_tick_is_stopped_by_rate(case: Case) -> None:
    accepted_before = len(case.ledger("accepted"))
    sides = [Side.BUY, Side.SELL] * 100
    began = asyncio.get_running_loop().time()
    results = [
        await case.desk.orders.submit(
            case.desk.orders.new_request(
                SAMSUNG, side, OrderKind.MARKET, 1 + number % 7, None, origin=Origin.STRATEGY
            )
        )
        for number, side in enumerate(sides)
    ]
    seconds = asyncio.get_running_loop().time() - began
    refused = [order for order in results if order.status is OrderStatus.REJECTED]

    most = case.desk.risk_gate.limits.orders_per_second
    assert len(case.ledger("accepted")) - accepted_before <= most * (int(seconds) + 2)
    assert any("1초에" in order.reason for order in refused)
    await case.invariants.hold()


async def test_case_11_an_order_refused_for_rate_is_refused_and_sent_once(case: Case) -> None:
    number = case.fault(f"do=error,code=EGW00201,{ORDERS},nth=1")
    order = await case.desk.orders.submit(case.resting_buy())

    assert order.status is OrderStatus.REJECTED
    assert "초당" in order.reason or "EGW00201" in order.reason
    assert case.fired(number) == 1
    await case.invariants.hold()


async def test_case_17_panic_reads_eleven_pages_on_paper_and_cancels_all(
    tmp_path: Path, exchange: RunningExchange
) -> None:
    """160 orders at 15 a page, made elsewhere."""
    venue = exchange.server.venue
    account = venue.exchange.account("65000017", realm="paper")
    price = venue.exchange.quote(SAMSUNG).lower_limit
    for _ in range(160):
        venue.exchange.place_foreign(account, "buy", SAMSUNG, "00", 1, price, venue.now())
    limits = replace(LIMITS[Environment.PAPER], calls=400)
    access = exchange.access(Environment.PAPER, cano="65000017")
    async with opened(exchange, access, tmp_path, limits=limits) as case:
        case.desk.panic.press()
        await panic_ends(case, 40)

        assert list(outcomes(case).values()) == [PanicOutcome.CANCELLED] * 160
        pages = [event for event in case.requests("/inquire-daily-ccld") if event["host"] == "paper"]
        assert len(pages) >= 22  # two complete lists of eleven pages


async def test_case_18_orders_of_other_programs_are_cancelled_and_named_so(case: Case) -> None:
    venue = case.exchange.server.venue
    account = venue.exchange.account("50000101")
    price = venue.exchange.quote(SAMSUNG).lower_limit
    answer = venue.exchange.place_foreign(account, "buy", SAMSUNG, "00", 2, price, venue.now())

    case.desk.panic.press()
    await panic_ends(case)

    foreign = case.desk.orders.by_number(answer.order_no)  # type: ignore[union-attr]
    assert foreign is not None
    assert foreign.origin is Origin.ELSEWHERE
    assert outcomes(case) == {foreign.key: PanicOutcome.CANCELLED}


async def test_case_19_refused_cancellations_are_told_one_by_one(case: Case) -> None:
    case.widen_limits()
    orders = [await case.desk.orders.submit(case.resting_buy(quantity)) for quantity in range(1, 11)]
    case.fault(f"do=error,code=EGW00201,{CHANGES},nth=2")
    case.fault(f"do=error,code=40330000,text=장종료,status=200,{CHANGES},nth=5,times=1")
    case.fault(f"do=drop,at=answer,seconds=0.5,{CHANGES},nth=7,times=1")

    case.desk.panic.press()
    await panic_ends(case, 40)

    assert {outcomes(case)[order.key] for order in orders} == {PanicOutcome.CANCELLED}
    assert len(case.ledger("cancelled")) == 10


async def test_case_20_pressed_ten_times_is_one_run(case: Case) -> None:
    orders = [await case.desk.orders.submit(case.resting_buy(quantity)) for quantity in (1, 2, 3)]
    for _ in range(10):
        case.desk.panic.press()
        await asyncio.sleep(0.005)
    await panic_ends(case)

    assert set(outcomes(case)) == {order.key for order in orders}
    assert len(case.requests("/order-rvsecncl")) == 3


@pytest.mark.parametrize("quantity", [0, -1, 10**12])
@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "0", "50000"])
async def test_case_23_numbers_that_are_none_never_leave(case: Case, quantity: int, price: str) -> None:
    order = await case.desk.orders.submit(case.limit_order(SAMSUNG, Decimal(price), quantity))

    assert order.status is OrderStatus.REJECTED
    assert order.reason
    assert case.requests("/order-cash") == []


async def test_case_24_a_market_order_without_a_known_price_is_refused(case: Case) -> None:
    """Nobody has asked for this symbol's price: it cannot be valued."""
    unseen = case.desk.orders.new_request(
        "000660", Side.BUY, OrderKind.MARKET, 1, None, origin=Origin.STRATEGY
    )
    order = await case.desk.orders.submit(unseen)

    assert order.status is OrderStatus.REJECTED
    assert case.requests("/order-cash") == []


async def test_case_29_a_cancellation_that_crosses_an_execution_adds_up(case: Case) -> None:
    request = case.resting_buy(10)
    order = await case.desk.orders.submit(request)
    case.fault(f"do=delay,at=request,seconds=0.3,{CHANGES}")
    cancelling = asyncio.ensure_future(case.desk.orders.cancel(order.key))
    await asyncio.sleep(0.1)
    amended = await case.desk.orders.amend(order.key, OrderKind.LIMIT, request.price)
    assert amended != ""  # one change at a time
    assert await cancelling == ""
    await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
    now = case.now(order)

    assert now.filled + now.cancelled == 10
    await case.invariants.hold()


async def test_case_30_a_cancellation_of_what_has_been_executed_is_refused_and_the_order_filled(
    case: Case,
) -> None:
    order = await case.desk.orders.submit(case.market_buy(3))
    await until(lambda: case.now(order).status is OrderStatus.FILLED)

    assert await case.desk.orders.cancel(order.key) != ""
    assert case.now(order).status is OrderStatus.FILLED
    await case.invariants.hold()


async def test_case_30_a_cancellations_lost_answer_stays_pending_until_the_list_tells(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    async with opened(exchange, exchange.access(), tmp_path, Patience(answer=0.6)) as case:
        order = await case.desk.orders.submit(case.resting_buy())
        case.fault(f"do=drop,at=answer,{CHANGES},nth=1")
        lists = case.fault("do=raw,status=500,path=*/inquire-daily-ccld")

        assert await case.desk.orders.cancel(order.key) != ""
        assert case.now(order).pending is PendingChange.CANCEL
        assert case.now(order).status is not OrderStatus.CANCELLED
        case.exchange.server.venue.faults.clear(lists)
        await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
        await case.invariants.hold()


async def test_case_31_amended_twice_is_one_order_and_its_last_number_is_cancelled(case: Case) -> None:
    order = await case.desk.orders.submit(case.resting_buy(5))
    assert order.price is not None
    for steps in (1, 2):
        assert await case.desk.orders.amend(order.key, OrderKind.LIMIT, move_ticks(order.price, -steps)) == ""
    await case.desk.reconciler.list_once()

    assert len(case.desk.orders.open_orders()) == 1
    assert len(case.now(order).chain) == 3
    assert await case.desk.orders.cancel(order.key) == ""
    await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
    await case.invariants.hold()


async def test_case_44_orders_of_a_person_and_of_a_program_keep_their_owners_and_count_together(
    case: Case,
) -> None:
    mine = await case.desk.orders.submit(case.resting_buy(1))
    program = await case.desk.orders.submit(replace(case.resting_buy(2), origin=Origin.STRATEGY))
    await case.desk.reconciler.list_once()
    case.desk.risk_gate.limits = replace(case.desk.risk_gate.limits, max_orders_a_day=2)
    third = await case.desk.orders.submit(case.resting_buy(3))

    assert case.now(mine).origin is Origin.LADDER
    assert case.now(program).origin is Origin.STRATEGY
    assert third.status is OrderStatus.REJECTED
    assert "한도 2건" in third.reason
