"""Fault cases 15 and 16: the access token ends, is refused, or cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import ORDERS, SAMSUNG, Case, ExchangesClock, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

MINUTE = 61.0


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
def clock(exchange: RunningExchange) -> ExchangesClock:
    return ExchangesClock(exchange)


@pytest.fixture
async def case(exchange: RunningExchange, clock: ExchangesClock, tmp_path: Path) -> AsyncIterator[Case]:
    limits = Limits(calls=200)
    async with opened(exchange, exchange.access(), tmp_path, clock=clock, limits=limits) as made:
        yield made


async def a_minute_later(case: Case, clock: ExchangesClock) -> None:
    """Let KIS's minute between two tokens be over, on both sides, and prices be fresh again."""
    clock.skipped += MINUTE
    case.exchange.server.venue.tokens.forgive(None)
    await fresh(case, clock)


async def fresh(case: Case, clock: ExchangesClock) -> None:
    since, state = clock.monotonic(), case.desk.market_data.state(SAMSUNG)
    await until(lambda: state.updated_at is not None and state.updated_at >= since)


def end_tokens(case: Case) -> None:
    venue = case.exchange.server.venue
    assert venue.tokens.expire_of(None, venue.wall()) > 0


def tokens_asked(case: Case) -> int:
    return len(case.requests("/oauth2/tokenP"))


async def test_case_15_thirty_refusals_at_once_bring_one_token_and_three_orders(
    case: Case, clock: ExchangesClock, expect_log: ExpectLog
) -> None:
    """Cause: an order whose token had just ended was refused for good, though it may go once more."""
    expect_log("KIS refused the access token")
    await a_minute_later(case, clock)
    end_tokens(case)
    asked, sent = tokens_asked(case), len(case.requests("/order-cash"))
    selling = case.desk.orders.new_request(
        SAMSUNG, Side.SELL, OrderKind.MARKET, 2, None, origin=Origin.ORDER_ENTRY
    )
    requests = [case.market_buy(4), case.resting_buy(3), selling]

    reads = [case.desk.broker.quote(SAMSUNG) for _ in range(27)]
    orders = [case.desk.orders.submit(request) for request in requests]
    answers = await asyncio.gather(*reads, *orders)

    assert len(answers) == 30
    assert tokens_asked(case) == asked + 1
    codes = [str(event["code"]) for event in case.requests("/order-cash")[sent:]]
    assert codes.count("APBK0013") == 3
    assert codes.count("EGW00123") <= 3
    assert len(codes) == 3 + codes.count("EGW00123")
    await until(lambda: all(case.now(request).status.is_done for request in (requests[0], requests[2])))
    assert OrderStatus.UNKNOWN not in [state.status for state in case.seen]
    await case.invariants.hold()
    assert await case.desk.orders.cancel(requests[1].intent_id) == ""


async def test_case_15_an_order_goes_once_more_and_never_a_third_time(
    exchange: RunningExchange, clock: ExchangesClock, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("KIS refused the access token")
    limits = Limits(calls=200, token_pause=0.3)
    async with opened(exchange, exchange.access(), tmp_path, clock=clock, limits=limits) as case:
        await a_minute_later(case, clock)
        number = case.fault(f"do=error,code=EGW00123,{ORDERS}")

        order = await case.desk.orders.submit(case.market_buy())

        exchange.server.venue.tokens.forgive(None)
        assert order.status is OrderStatus.REJECTED
        assert "EGW00123" in order.reason
        assert case.fired(number) == 2
        assert case.ledger("accepted") == []
        journal = await case.desk.journal.entries(clock.now().replace(hour=0, minute=0))
        assert [entry.event for entry in journal].count("again") == 1
        await asyncio.sleep(0.3)  # our own pause, for the listings that follow
        await case.invariants.hold()


async def test_case_15_the_latch_keeps_the_second_one_here(
    case: Case, clock: ExchangesClock, expect_log: ExpectLog
) -> None:
    expect_log("KIS refused the access token")
    await a_minute_later(case, clock)
    refused = case.fault(f"do=error,code=EGW00123,{ORDERS},nth=1")
    case.fault("do=delay,seconds=0.3,path=/oauth2/tokenP")

    sending = asyncio.create_task(case.desk.orders.submit(case.market_buy()))
    await until(lambda: case.fired(refused) == 1)
    case.desk.risk_gate.halt()
    order = await sending

    assert order.status is OrderStatus.REJECTED
    assert case.requests("/order-cash") == []
    assert case.ledger("accepted") == []
    await case.invariants.hold()


async def test_case_15_amendment_and_cancellation_go_once_more_too(
    case: Case, clock: ExchangesClock, expect_log: ExpectLog
) -> None:
    expect_log("KIS refused the access token")
    order = await case.desk.orders.submit(case.resting_buy())
    assert order.price is not None
    number = case.fault("do=error,code=EGW00121,path=*/order-rvsecncl,nth=1")
    await a_minute_later(case, clock)
    assert await case.desk.orders.amend(order.key, OrderKind.LIMIT, order.price - 100) == ""
    assert case.fired(number) == 1
    end_tokens(case)
    await a_minute_later(case, clock)

    assert await case.desk.orders.cancel(order.key) == ""

    await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
    await case.invariants.hold()
    assert len(case.ledger("cancelled")) == 1


async def test_case_16_a_token_that_is_still_good_is_used_while_the_next_is_refused(
    case: Case, clock: ExchangesClock, expect_log: ExpectLog
) -> None:
    expect_log("KIS refused the access token")
    expect_log("could not be renewed early")
    await a_minute_later(case, clock)
    venue = case.exchange.server.venue
    venue.tokens.revoke_of(None)
    own, venue.wall = venue.wall, lambda: own() - timedelta(hours=23.5)
    await case.desk.broker.quote(SAMSUNG)
    venue.wall = own
    await case.desk.broker.quote(SAMSUNG)
    assert case.desk.broker.health().token_expires_at < clock.now() + timedelta(hours=1)
    await a_minute_later(case, clock)
    refusal = (
        '{"error_code":"EGW00133","error_description":"접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)"}'
    )
    rule = {"do": "raw", "status": 403, "path": "/oauth2/tokenP", "text": refusal, "at": "request"}
    number = case.exchange.server.venue.faults.add(read_rule(rule))

    for quantity in (1, 2, 3):
        await asyncio.gather(*(case.desk.broker.quote(SAMSUNG) for _ in range(10)))
        order = await case.desk.orders.submit(case.market_buy(quantity))
        assert order.status is not OrderStatus.REJECTED

    assert case.fired(number) == 1
    await case.invariants.hold()


async def test_case_16_one_queue_waits_and_cancellations_go_first(
    exchange: RunningExchange, clock: ExchangesClock, tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: whoever asked first got the returned token first, a chart before a cancellation."""
    expect_log("KIS refused the access token")
    expect_log("접근토큰을 .* 다시 받습니다")
    limits = Limits(calls=200, token_pause=0.8)
    async with opened(exchange, exchange.access(), tmp_path, clock=clock, limits=limits) as case:
        order = await case.desk.orders.submit(case.resting_buy())
        clock.skipped += 1
        await fresh(case, clock)
        end_tokens(case)
        asked = tokens_asked(case)

        reads = [asyncio.create_task(case.desk.broker.quote(SAMSUNG)) for _ in range(25)]
        await until(lambda: tokens_asked(case) == asked + 1)  # EGW00133: within KIS's minute
        cancelling = asyncio.create_task(case.desk.orders.cancel(order.key))
        new = await case.desk.orders.submit(case.market_buy(1))
        case.exchange.server.venue.tokens.forgive(None)
        assert await cancelling == ""
        await asyncio.gather(*reads)

        assert new.status is OrderStatus.REJECTED
        assert "보내지 않았습니다" in new.reason
        assert tokens_asked(case) == asked + 2
        events = case.exchange.server.venue.log.events("request")
        paths = [str(event["path"]) for event in events]
        after = paths[len(paths) - paths[::-1].index("/oauth2/tokenP") :]
        assert after[0].endswith("/order-rvsecncl")
        await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
        await case.invariants.hold()


async def test_case_16_a_token_server_in_trouble_is_not_stormed(
    exchange: RunningExchange, clock: ExchangesClock, tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: after a failure other than the lost answer every call made its own request for a token."""
    expect_log("KIS refused the access token|접근토큰을|order listing|balance")
    limits = Limits(calls=200, token_pause=1.0)
    async with opened(exchange, exchange.access(), tmp_path, clock=clock, limits=limits) as case:
        clock.skipped += 2
        end_tokens(case)
        case.exchange.server.venue.tokens.forgive(None)
        number = case.fault("do=raw,status=500,path=/oauth2/tokenP,at=request,times=2")
        first = await asyncio.gather(
            *(case.desk.broker.quote(SAMSUNG) for _ in range(20)), return_exceptions=True
        )
        later = [await outcome(case) for _ in range(10)]

        assert {isinstance(answer, TerminalError) for answer in first} == {True}
        assert case.fired(number) <= 2
        assert later[-1] == ""
        await case.invariants.hold()


async def outcome(case: Case) -> str:
    """Ask for a quote; return why there was none."""
    try:
        await case.desk.broker.quote(SAMSUNG)
    except TerminalError as error:
        return str(error)
    return ""
