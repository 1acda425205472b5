"""Fault cases of orders over the real protocol; the exchange's ledger judges every one (`Invariants`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import NOTICES, ORDERS, SAMSUNG, Case, ExchangesClock, opened
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
async def case(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[Case]:
    async with opened(exchange, exchange.access(), tmp_path) as made:
        yield made


async def test_case_1_an_answer_that_never_comes_leaves_one_order_and_locks_its_side(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("응답 시간 초과")
    async with opened(exchange, exchange.access(), tmp_path, Patience(answer=0.6)) as case:
        case.fault(f"do=drop,at=answer,{ORDERS},nth=1")
        inquiry = case.fault("do=raw,status=500,path=*/inquire-daily-ccld")
        lost = await case.desk.orders.submit(case.resting_buy())
        again = await case.desk.orders.submit(case.resting_buy(3))

        assert lost.status is OrderStatus.UNKNOWN
        assert again.status is OrderStatus.REJECTED
        assert "확인" in again.reason
        case.exchange.server.venue.faults.clear(inquiry)
        await until(lambda: case.now(lost).status is OrderStatus.ACCEPTED)
        assert await case.desk.orders.cancel(lost.key) == ""
        await case.invariants.hold()
        assert case.now(lost).cancelled == 7


async def test_case_3_while_inquiries_fail_time_alone_proves_nothing(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("응답 시간 초과|order listing|nobody knows|machine slept")
    clock = ExchangesClock(exchange)
    patience = Patience(answer=0.6)
    async with opened(exchange, exchange.access(), tmp_path, patience, clock=clock) as case:
        case.fault(f"do=drop,at=answer,{ORDERS},nth=1")
        inquiry = case.fault("do=raw,status=500,path=*/inquire-daily-ccld")
        lost = await case.desk.orders.submit(case.resting_buy())
        for _ in range(6):
            clock.skipped += 11.0  # a minute and more for the desk
            await asyncio.sleep(0.4)
            assert case.now(lost).status is OrderStatus.UNKNOWN

        blocked = await case.desk.orders.submit(case.resting_buy(3))
        assert blocked.status is OrderStatus.REJECTED
        assert 2 <= case.fired(inquiry) <= 20  # asked again, ever more seldom
        case.exchange.server.venue.faults.clear(inquiry)
        await until(lambda: case.now(lost).status is OrderStatus.ACCEPTED, 60)
        assert len(case.ledger("accepted")) == 1
        await case.invariants.hold()


async def test_case_2_a_reset_behind_the_requests_last_byte(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("연결 끊김")
    access = exchange.access()
    async with (
        fault_proxy(access.rest_url) as (proxy, url),
        opened(exchange, replace(access, rest_url=url), tmp_path) as case,
    ):
        proxy.toxics["down"].reset_after = 0
        lost = await case.desk.orders.submit(case.resting_buy())
        proxy.heal()

        assert OrderStatus.UNKNOWN in case.states(lost)
        await until(lambda: case.now(lost).status is OrderStatus.ACCEPTED, 60)
        await case.invariants.hold()


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("do=reset,at=answer", id="case 2: reset"),
        pytest.param("do=raw,status=504", id="case 12: 504 and a page"),
        pytest.param("do=raw,status=502,text= ", id="case 12: 502 and nothing"),
        pytest.param("do=error,code=EGW00302,at=answer", id="case 12: the gateway waited in vain"),
        pytest.param("do=truncate,size=40", id="case 13: half a JSON"),
        pytest.param("do=cut,size=40", id="case 13: half an answer"),
        pytest.param("do=blank,fields=ODNO", id="case 14: empty number"),
        pytest.param("do=omit,fields=ODNO", id="case 14: no number"),
    ],
)
async def test_what_proves_nothing_is_unknown_until_the_list_tells(
    case: Case, spec: str, expect_log: ExpectLog
) -> None:
    expect_log("WARNING kis_terminal.services.orders: order ")
    number = case.fault(f"{spec},{ORDERS},nth=1")

    order = await case.desk.orders.submit(case.market_buy())

    assert case.fired(number) == 1
    assert OrderStatus.UNKNOWN in case.states(order)
    assert OrderStatus.REJECTED not in case.states(order)
    await until(lambda: case.now(order).status is OrderStatus.FILLED)
    await case.invariants.hold()


async def test_case_14_two_orders_without_numbers_do_not_become_one(
    case: Case, expect_log: ExpectLog
) -> None:
    expect_log("WARNING kis_terminal.services.orders: order ")
    case.fault(f"do=blank,fields=ODNO,{ORDERS}")
    held = case.desk.portfolio.position(SAMSUNG)
    assert held is not None
    selling = case.desk.orders.new_request(
        SAMSUNG,
        Side.SELL,
        OrderKind.LIMIT,
        2,
        case.desk.market_data.state(SAMSUNG).upper_limit,
        origin=Origin.LADDER,
    )
    case.desk.risk_gate.limits = replace(
        case.desk.risk_gate.limits, soft_collar_percent=Decimal(100), soft_collar_ticks=100_000
    )

    first, second = await asyncio.gather(
        case.desk.orders.submit(case.resting_buy(3)), case.desk.orders.submit(selling)
    )
    await until(lambda: all(case.now(one).status is OrderStatus.ACCEPTED for one in (first, second)))

    await case.invariants.hold()
    assert case.now(first).order_number != case.now(second).order_number


@pytest.mark.parametrize("copies", [2, 5])
async def test_case_25_a_notice_that_comes_again_counts_once(case: Case, copies: int) -> None:
    number = case.fault(f"do=duplicate,size={copies},{NOTICES}")

    order = await case.desk.orders.submit(case.market_buy())
    await until(lambda: case.now(order).status is OrderStatus.FILLED)

    await case.invariants.hold()
    await until(lambda: case.shares(order) == 10)
    assert case.fired(number) >= 2


@pytest.mark.parametrize("nth", ["1", "2", "1-2"])
async def test_case_27_notices_out_of_order_end_as_the_ledger(case: Case, nth: str) -> None:
    number = case.fault(f"do=reorder,seconds=0.3,nth={nth},{NOTICES}")

    order = await case.desk.orders.submit(case.market_buy())
    await until(lambda: case.now(order).status is OrderStatus.FILLED)

    await case.invariants.hold()
    await until(lambda: case.shares(order) == 10)
    assert case.fired(number) >= 1


async def test_case_27_a_cancellations_notice_before_the_orders(case: Case) -> None:
    case.fault(f"do=delay,seconds=0.3,nth=1,{NOTICES}")
    order = await case.desk.orders.submit(case.resting_buy())

    assert await case.desk.orders.cancel(order.key) == ""
    await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
    await asyncio.sleep(0.35)  # the receipt comes now

    await case.invariants.hold()
    assert case.now(order).cancelled == 7


async def test_case_28_a_fills_notice_before_the_answer(case: Case) -> None:
    case.fault(f"do=delay,at=answer,seconds=0.3,{ORDERS}")

    request = case.market_buy()
    sending = asyncio.create_task(case.desk.orders.submit(request))
    ledger = case.exchange.server.venue.exchange.ledger
    await until(lambda: any(entry.kind == "filled" for entry in ledger.entries))
    await asyncio.sleep(0.1)  # the notices are there by now
    assert not sending.done()
    order = await sending
    await until(lambda: case.now(order).status is OrderStatus.FILLED)

    await case.invariants.hold()
    assert {state.origin for state in case.seen} == {Origin.ORDER_ENTRY}
    await until(lambda: case.shares(order) == 10)


async def test_the_judge_sees_what_is_wrong(case: Case) -> None:
    order = await case.desk.orders.submit(case.market_buy(4))
    await until(lambda: case.now(order).status is OrderStatus.FILLED)
    await case.invariants.hold()
    entries = case.exchange.server.venue.exchange.ledger
    filled = next(entry for entry in entries.entries if entry.kind == "filled")
    accepted = next(entry for entry in entries.entries if entry.kind == "accepted")

    entries.append(replace(filled, quantity=1))
    entries.append(replace(accepted, order_no="0000099999"))
    wrong = {line[:2] for line in await case.invariants.violations()}

    assert wrong == {"I1", "I2", "I3", "I4"}
