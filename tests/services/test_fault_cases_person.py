"""Fault case 33 over the real protocol: two rows fit a lost order, and only the person's word ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, Side
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import ORDERS, SAMSUNG, Case, ExchangesClock, opened
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


async def lost_beside_its_twin(case: Case) -> tuple[Order, str, str]:
    """Return an order whose answer was cut off, its number in the ledger, and the number of its twin."""
    case.fault(f"do=cut,size=40,{ORDERS},nth=1")
    inquiry = case.fault("do=raw,status=500,path=*/inquire-daily-ccld")
    lost = await case.desk.orders.submit(case.resting_buy())
    assert lost.status is OrderStatus.UNKNOWN
    venue = case.exchange.server.venue
    (ours,) = case.ledger("accepted")
    answer = venue.exchange.place_foreign(
        venue.exchange.account("50000101"),
        "buy",
        lost.symbol,
        "00",
        lost.quantity,
        lost.price,  # type: ignore[arg-type]
        venue.now(),
    )
    venue.faults.clear(inquiry)
    await until(lambda: len(case.desk.orders.twins_of(lost.key)) == 2, 60)
    return lost, ours.order_no, answer.order_no  # type: ignore[union-attr]


async def test_case_33_neither_twin_is_taken_by_luck_and_the_persons_choice_is_ours(
    case: Case, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    lost, ours, twin = await lost_beside_its_twin(case)
    for _ in range(3):
        await case.desk.reconciler.list_once()
    again = await case.desk.orders.submit(case.resting_buy())

    assert case.now(lost).status is OrderStatus.UNKNOWN  # asked, not guessed, and its side stays locked
    assert again.status is OrderStatus.REJECTED
    assert await case.desk.orders.settle_by_person(lost.key, ours) == ""
    assert case.now(lost).order_number == ours
    other = case.desk.orders.by_number(twin)
    assert other is not None
    assert other.origin is Origin.ELSEWHERE
    await case.invariants.hold(foreign=[twin])
    assert await case.desk.orders.cancel(lost.key) == ""
    await case.invariants.hold(foreign=[twin])
    assert [entry.order_no for entry in case.ledger("accepted")] == [ours, twin]


async def test_case_33_what_the_person_calls_not_accepted_frees_the_symbol_and_both_rows_stay_seen(
    case: Case, expect_log: ExpectLog
) -> None:
    expect_log("order ")
    lost, ours, twin = await lost_beside_its_twin(case)

    assert await case.desk.orders.settle_by_person(lost.key, None) == ""

    await case.desk.reconciler.list_once()
    assert case.now(lost).status is OrderStatus.REJECTED
    for number in (ours, twin):
        seen = case.desk.orders.by_number(number)
        assert seen is not None
        assert (seen.origin, seen.status) == (Origin.ELSEWHERE, OrderStatus.ACCEPTED)
    await case.desk.reconciler.list_once()
    assert len(case.ledger("accepted")) == 2


async def test_a_lost_order_that_is_listed_as_another_kind_is_not_called_never_accepted(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: its row fitted nobody, so that five lists "without" it ended the doubt and freed its side."""
    expect_log("order ")
    clock = ExchangesClock(exchange)
    async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
        desk = case.desk
        case.fault(f"do=cut,size=40,{ORDERS},nth=1")
        case.fault("do=blank,fields=ord_dvsn_cd,path=*/inquire-daily-ccld")
        request = desk.orders.new_request(
            SAMSUNG, Side.BUY, OrderKind.PRIORITY, 7, None, origin=Origin.ORDER_ENTRY
        )
        lost = await desk.orders.submit(request)
        (ours,) = case.ledger("accepted")
        for _ in range(7):
            clock.skipped += 4.0
            await desk.reconciler.list_once()

        assert case.now(lost).status is OrderStatus.UNKNOWN
        (twin,) = desk.orders.twins_of(lost.key)
        assert await desk.orders.settle_by_person(lost.key, twin.order_number) == ""
        assert case.now(lost).order_number == ours.order_no
