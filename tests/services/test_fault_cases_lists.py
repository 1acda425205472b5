"""Fault cases 34 and 35: lists that say a thing twice, never end, or change while they are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.domain.errors import BrokerAnswerError, TerminalError
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.services.panic import PanicReport
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import SAMSUNG, Case, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

BALANCE = "path=*/inquire-balance"
LISTING = "path=*/inquire-daily-ccld"
CHANGED = "do=error,code=SYDB0050,status=200,text=조회이후에 자료가 변경되었습니다"


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
async def case(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[Case]:
    async with opened(exchange, exchange.access(), tmp_path, limits=Limits(calls=400)) as made:
        yield made


def held(case: Case) -> dict[str, int]:
    return {position.symbol: position.quantity for position in case.desk.portfolio.positions}


async def test_case_34_a_holding_that_is_listed_twice_is_counted_once(
    case: Case, expect_log: ExpectLog
) -> None:
    expect_log("the balance lists .* twice")
    before, cash = held(case), case.desk.portfolio.cash_d2
    number = case.fault(f"do=twice,fields=output1,{BALANCE}")

    await case.desk.portfolio.refresh()

    assert case.fired(number) == 1
    assert held(case) == before
    assert before[SAMSUNG] > 0
    assert case.desk.portfolio.cash_d2 == cash
    assert case.desk.portfolio.sellable(SAMSUNG) == before[SAMSUNG]
    case.heal()
    await case.invariants.hold()


async def test_case_34_an_order_that_is_listed_twice_is_one_order(case: Case) -> None:
    order = await case.desk.orders.submit(case.market_buy(4))
    await until(lambda: case.now(order).status is OrderStatus.FILLED)
    case.fault(f"do=twice,fields=output1,{LISTING}")

    await case.desk.reconciler.list_once()

    assert case.now(order).filled == 4
    assert [one.order_number for one in case.desk.orders.all()] == [order.order_number]
    await case.invariants.hold()


@pytest.mark.parametrize("moving", [0, 1], ids=["the same key", "a new key each time"])
async def test_case_35_a_list_without_end_is_incomplete_and_changes_nothing(
    case: Case, moving: int, expect_log: ExpectLog
) -> None:
    """Cause: only a key that came back was noticed; under new keys the first page was read 200 times."""
    expect_log("order listing: .*끝까지 읽지 못했습니다|balance: .*끝까지 읽지 못했습니다")
    order = await case.desk.orders.submit(case.resting_buy())
    before = held(case)
    case.fault(f"do=endless,size={moving},{LISTING}")
    case.fault(f"do=endless,size={moving},{BALANCE}")
    asked = len(case.requests("/inquire-daily-ccld")) + len(case.requests("/inquire-balance"))

    for listing in (case.desk.reconciler.list_once, case.desk.portfolio.refresh):
        with pytest.raises(BrokerAnswerError, match="끝까지 읽지 못했습니다"):
            await listing()
    case.desk.reconciler.want()
    await until(lambda: bool(case.desk.reconciler.error) and bool(case.desk.portfolio.error))

    calls = len(case.requests("/inquire-daily-ccld")) + len(case.requests("/inquire-balance"))
    assert calls - asked < 100  # four lists, each begun four times, of three pages at most
    assert case.now(order).status is OrderStatus.ACCEPTED
    assert held(case) == before
    case.heal()
    await case.invariants.hold(seconds=15)
    assert await case.desk.orders.cancel(order.key) == ""


async def test_case_35_a_lost_order_is_not_missing_from_a_list_that_is_no_whole(
    case: Case, expect_log: ExpectLog
) -> None:
    expect_log("WARNING kis_terminal.services.orders: order |order listing: ")
    case.fault("do=blank,fields=ODNO,path=*/order-cash,nth=1")
    case.fault(f"do=endless,{LISTING}")

    order = await case.desk.orders.submit(case.resting_buy())
    for _ in range(3):
        with pytest.raises(TerminalError):
            await case.desk.reconciler.list_once()

    assert case.now(order).status is OrderStatus.UNKNOWN
    assert await case.desk.orders.submit(case.resting_buy(2)) is not None
    assert len(case.ledger("accepted")) == 1
    case.heal()
    await until(lambda: case.now(order).status is OrderStatus.ACCEPTED, 60)
    await case.invariants.hold()


async def test_case_35_a_list_that_changed_between_pages_is_read_from_the_first(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    foreign = elsewhere(exchange, 120)  # more than a page of 100
    async with opened(exchange, exchange.access(), tmp_path, limits=Limits(calls=400)) as case:
        number = case.fault(f"{CHANGED},{LISTING},nth=2")

        await case.desk.reconciler.list_once()

        assert case.fired(number) == 1
        assert {one.order_number for one in case.desk.orders.all()} == set(foreign)


async def test_case_35_panic_cancels_every_order_although_lists_change_and_repeat(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("order listing: ")
    foreign = elsewhere(exchange, 120)
    async with opened(exchange, exchange.access(), tmp_path, limits=Limits(calls=400)) as case:
        own = await case.desk.orders.submit(case.resting_buy())
        reports: list[PanicReport] = []
        case.desk.panic.changed.subscribe(reports.append)
        endless = case.fault(f"do=endless,{LISTING}")
        case.fault(f"{CHANGED},{LISTING},probability=0.2")

        case.desk.panic.press()
        await until(lambda: len(case.ledger("cancelled")) == len(foreign) + 1, 60)
        await until(lambda: any("끝까지 읽지 못했습니다" in report.message for report in reports), 60)
        assert not any(report.is_proven for report in reports)
        assert case.exchange.server.venue.faults.clear(endless) == 1
        await until(lambda: case.desk.panic.report is not None and case.desk.panic.report.is_proven, 60)
        case.heal()

        assert case.now(own).status is OrderStatus.CANCELLED
        assert len(case.ledger("accepted")) == len(foreign) + 1


def elsewhere(exchange: RunningExchange, count: int) -> list[str]:
    """Place orders of the account in another program; return their numbers."""
    venue = exchange.server.venue
    account = venue.exchange.account("50000101")
    price = venue.exchange.quote(SAMSUNG).lower_limit
    numbers = []
    for _ in range(count):
        answer = venue.exchange.place_foreign(account, "buy", SAMSUNG, "00", 1, price, venue.now())
        numbers.append(answer.order_no)  # type: ignore[union-attr]
    return numbers


async def test_case_35_the_window_is_free_while_a_list_goes_round(case: Case, expect_log: ExpectLog) -> None:
    expect_log("order listing: ")
    case.fault(f"do=endless,size=1,{LISTING}")
    case.desk.reconciler.want()
    loop = asyncio.get_running_loop()
    last, worst, end = loop.time(), 0.0, loop.time() + 1.0

    while loop.time() < end:
        await asyncio.sleep(0.005)
        worst, last = max(worst, loop.time() - last), loop.time()

    assert worst < 0.2
    await until(lambda: bool(case.desk.reconciler.error), 60)
    case.heal()
    await until(lambda: not case.desk.reconciler.error, 60)
