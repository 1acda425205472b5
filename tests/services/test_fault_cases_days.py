"""Fault cases 39 to 41: hours, days and clocks. The exchange's clock is set; nobody waits for one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.sessions import Phase
from kis_terminal.domain.trading_days import is_trading_day, phase_on, trading_date
from kis_terminal.services.departures import NOT_RECONCILED
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import ORDERS, SAMSUNG, Case, ExchangesClock, day_options, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

SEOUL_OFFSET = timedelta(hours=9)
CLOSED = "현재 장운영시간이 아닙니다"


@asynccontextmanager
async def trading_at(start: str, folder: Path, *, has_prints: bool = True) -> AsyncIterator[Case]:
    """Give a desk at an exchange that plays its day from `start` on; the desk's clock is right."""
    async with running_exchange(day_options(start)) as exchange:
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(), folder, clock=clock, has_prints=has_prints) as case:
            case.widen_limits()
            yield case


def move_to(exchange: RunningExchange, text: str) -> None:
    """Set the exchange's clock forward."""
    moment = datetime.fromisoformat(f"{text}+09:00")
    exchange.server.venue.market_time.change(start=moment)


# -- case 39


@pytest.mark.parametrize("hour", [3, 8, 12, 15, 17, 22])
async def test_an_exchange_without_hours_takes_orders_at_any_time_of_the_machine(
    tmp_path: Path, hour: int
) -> None:
    """Cause: before the first print the machine's clock decided: no order left from 08:00 to 09:00."""
    async with running_exchange() as exchange:
        clock, venue = ExchangesClock(exchange), exchange.server.venue
        clock.error = clock.now().replace(hour=hour, minute=25) - clock.now()
        venue.wall = clock.now
        async with opened(exchange, exchange.access(), tmp_path, clock=clock, has_prints=False) as case:
            order = await case.desk.orders.submit(case.market_buy(2))

            assert order.status is not OrderStatus.REJECTED, order.reason
            assert len(case.ledger("accepted")) == 1


@pytest.mark.parametrize("origin", [Origin.STRATEGY, Origin.ORDER_ENTRY])
async def test_case_39_a_closed_market_is_not_thrown_at_in_a_loop(tmp_path: Path, origin: Origin) -> None:
    """Cause: nothing remembered that the broker had called its market closed."""
    async with trading_at("2026-11-20T10:00", tmp_path) as case:
        number = case.fault(f"do=error,status=200,code=APBK0918,text={CLOSED},{ORDERS}")
        sent = []
        for quantity in range(1, 13):
            request = replace(case.market_buy(quantity), origin=origin)
            sent.append(await case.desk.orders.submit(request))

        assert {order.status for order in sent} == {OrderStatus.REJECTED}
        assert case.fired(number) == (1 if origin is Origin.STRATEGY else 12)
        assert CLOSED in sent[0].reason
        assert case.ledger("accepted") == []
        await case.invariants.hold()


@pytest.mark.parametrize(
    ("start", "taken"),
    [
        ("2026-11-20T07:30", set()),
        ("2026-11-20T08:50", {OrderKind.LIMIT, OrderKind.MARKET}),
        ("2026-11-20T15:25", {OrderKind.LIMIT, OrderKind.MARKET}),
        ("2026-11-20T15:35", set()),
        ("2026-11-20T21:00", set()),
        ("2026-11-22T10:00", set()),
    ],
)
async def test_case_39_each_hour_takes_what_the_exchange_takes(
    tmp_path: Path, start: str, taken: set[OrderKind]
) -> None:
    async with trading_at(start, tmp_path, has_prints=False) as case:
        base = case.desk.market_data.state(SAMSUNG).base_price
        assert base is not None

        for kind in (OrderKind.LIMIT, OrderKind.MARKET, OrderKind.BEST, OrderKind.LIMIT_IOC):
            order = await case.desk.orders.submit(
                case.desk.orders.new_request(SAMSUNG, Side.BUY, kind, 1, base, origin=Origin.STRATEGY)
            )
            if kind in taken:
                assert order.status is OrderStatus.ACCEPTED, order.reason
            else:
                assert order.status is OrderStatus.REJECTED

        assert len(case.ledger("accepted")) == len(taken)
        assert len(case.requests("/order-cash")) <= len(taken) + 1
        await case.invariants.hold()


@pytest.mark.parametrize(
    ("start", "is_open"),
    [("2026-07-17T10:00", False), ("2026-11-19T10:30", True), ("2026-11-20T10:00", True)],
)
async def test_case_39_the_brokers_word_decides_about_the_day(
    tmp_path: Path, start: str, is_open: bool
) -> None:
    """Cause: the program had no calendar at all and took every day for a trading day."""
    async with trading_at(start, tmp_path, has_prints=is_open) as case:
        case.desk.trading_day.start()
        await until(lambda: case.desk.risk_gate.is_open_day is not None)

        order = await case.desk.orders.submit(case.limit_order(SAMSUNG, floor_of(case)))

        assert case.desk.risk_gate.is_open_day is is_open
        assert (order.status is OrderStatus.ACCEPTED) is is_open
        assert len(case.requests("/order-cash")) == int(is_open)
        await case.invariants.hold()


async def test_case_39_a_holiday_that_nobody_listed_is_refused_by_the_broker(tmp_path: Path) -> None:
    async with trading_at("2026-07-17T10:00", tmp_path, has_prints=False) as case:
        case.desk.risk_gate.is_open_day = True  # what a calendar without the day would say

        order = await case.desk.orders.submit(case.limit_order(SAMSUNG, floor_of(case)))

        assert order.status is OrderStatus.REJECTED
        assert case.ledger("accepted") == []
        await case.invariants.hold()


async def test_case_39_the_late_opening_of_the_exam_day(tmp_path: Path) -> None:
    async with trading_at("2026-11-19T09:30", tmp_path, has_prints=False) as case:
        price = floor_of(case)
        market = case.desk.orders.new_request(
            SAMSUNG, Side.BUY, OrderKind.BEST, 1, None, origin=Origin.STRATEGY
        )

        early = await case.desk.orders.submit(market)
        waiting = await case.desk.orders.submit(case.limit_order(SAMSUNG, price))

        assert early.status is OrderStatus.REJECTED
        assert waiting.status is OrderStatus.ACCEPTED, waiting.reason
        await case.invariants.hold()


async def test_case_39_a_halt_of_the_whole_market(tmp_path: Path) -> None:
    async with trading_at("2026-11-20T10:00", tmp_path) as case:
        resting = await case.desk.orders.submit(case.resting_buy())
        venue = case.exchange.server.venue
        venue.exchange.circuit_breaker(1, venue.now())

        orders = []
        for quantity in range(1, 6):
            request = replace(case.resting_buy(quantity), origin=Origin.STRATEGY)
            orders.append(await case.desk.orders.submit(request))

        assert {order.status for order in orders} == {OrderStatus.REJECTED}
        assert len(case.ledger("accepted")) == 1
        assert await case.desk.orders.cancel(resting.key) == ""
        await until(lambda: case.now(resting).status is OrderStatus.CANCELLED)
        await case.invariants.hold()


def test_case_39_the_calendar_knows_closed_days_and_late_openings() -> None:
    assert not is_trading_day(date(2026, 7, 17))
    assert is_trading_day(date(2026, 11, 20))
    assert not is_trading_day(date(2026, 11, 22))
    assert phase_on(Venue.KRX, date(2026, 11, 20), 9 * 3600 + 60) is Phase.CONTINUOUS
    assert phase_on(Venue.KRX, date(2026, 11, 19), 9 * 3600 + 2400) is Phase.OPENING_AUCTION
    assert phase_on(Venue.KRX, date(2026, 11, 19), 16 * 3600) is Phase.CONTINUOUS
    assert phase_on(Venue.KRX, date(2026, 11, 19), 20 * 3600) is Phase.CLOSED
    assert phase_on(Venue.KRX, date(2026, 1, 2), 9 * 3600 + 2400) is Phase.OPENING_AUCTION
    assert phase_on(Venue.KRX, date(2026, 1, 2), 15 * 3600 + 1500) is Phase.CLOSING_AUCTION
    assert phase_on(Venue.KRX, date(2026, 1, 5), 9 * 3600 + 60) is Phase.CONTINUOUS


# -- case 40


async def test_case_40_the_day_turns_and_yesterdays_numbers_are_no_ones(
    tmp_path: Path, allow_log: ExpectLog
) -> None:
    """Cause: an order was known by its number alone, which the exchange gives again every day."""
    allow_log("KIS refused the access token|order listing|balance")
    async with trading_at("2026-11-17T19:59", tmp_path, has_prints=False) as case:
        exchange, desk = case.exchange, case.desk
        yesterday = await desk.orders.submit(sor_buy(case))
        assert yesterday.status is OrderStatus.ACCEPTED, yesterday.reason
        failing = case.fault("do=raw,status=500,path=*/inquire-daily-ccld")
        sold = desk.portfolio
        sold._realised[SAMSUNG] = Decimal(-1234)
        desk.trading_day.start()

        move_to(exchange, "2026-11-18T06:59")
        await until(lambda: desk.trading_day.day == date(2026, 11, 17), 60)
        assert desk.portfolio.realised_today() == Decimal(-1234)  # it is still yesterday's session
        before = len(case.requests("/order-rvsecncl"))
        answer = await desk.orders.cancel(yesterday.key)
        assert "2026-11-17" in answer
        assert len(case.requests("/order-rvsecncl")) == before

        move_to(exchange, "2026-11-18T10:00")
        await until(lambda: desk.trading_day.day == date(2026, 11, 18), 60)
        assert desk.portfolio.realised_today() == 0
        await until(lambda: desk.market_data.state(SAMSUNG).price is not None)
        await case.know(SAMSUNG)
        await until(lambda: desk.portfolio.day_profit is not None, 60)
        early = await desk.orders.submit(case.limit_order(SAMSUNG, floor_of(case), 2))
        assert early.reason == NOT_RECONCILED  # nothing of today has been listed
        assert exchange.server.venue.faults.clear(failing) == 1
        await until(lambda: desk.orders.is_reconciled, 60)
        today = await desk.orders.submit(case.limit_order(SAMSUNG, floor_of(case), 3))
        assert today.status is OrderStatus.ACCEPTED, today.reason
        await until(lambda: desk.orders.day == date(2026, 11, 18), 60)

        assert desk.orders.get(yesterday.key) is None
        assert case.now(today).origin is Origin.ORDER_ENTRY
        assert case.now(today).status is OrderStatus.ACCEPTED
        assert [entry.order_no for entry in case.ledger("expired")] == [yesterday.order_number]
        assert await desk.orders.cancel(today.key) == ""
        await until(lambda: case.now(today).status is OrderStatus.CANCELLED)
        assert [entry.original_no for entry in case.ledger("cancelled")] or case.ledger("cancelled")


async def test_case_40_counters_are_reset_once_and_not_on_a_closed_day(
    tmp_path: Path, allow_log: ExpectLog
) -> None:
    allow_log("KIS refused the access token")
    async with trading_at("2026-11-20T19:59", tmp_path, has_prints=False) as case:
        desk, begun = case.desk, []
        desk.trading_day.begun.subscribe(begun.append)
        desk.portfolio._realised[SAMSUNG] = Decimal(-500)
        desk.trading_day.start()

        move_to(case.exchange, "2026-11-21T10:00")  # a Saturday
        await until(lambda: begun == [date(2026, 11, 21)], 60)
        await until(lambda: desk.risk_gate.is_open_day is False)
        assert desk.portfolio.realised_today() == Decimal(-500)
        move_to(case.exchange, "2026-11-23T06:00")
        await asyncio.sleep(0.3)
        assert desk.portfolio.realised_today() == Decimal(-500)
        move_to(case.exchange, "2026-11-23T07:00")
        await until(lambda: date(2026, 11, 23) in begun, 60)

        assert desk.portfolio.realised_today() == 0
        desk.portfolio._realised[SAMSUNG] = Decimal(-9)
        await asyncio.sleep(0.3)
        assert desk.portfolio.realised_today() == Decimal(-9)
        assert begun.count(date(2026, 11, 23)) == 1


async def test_case_40_token_approval_and_master_are_renewed_over_three_days(
    tmp_path: Path, allow_log: ExpectLog
) -> None:
    """Cause: an approval key was kept for ever, so a reconnect of the second day began with a refusal."""
    allow_log("KIS refused the access token")  # a call that left as the day turned
    async with trading_at("2026-11-16T19:59", tmp_path, has_prints=False) as case:
        desk = case.desk
        loads: list[int] = []
        desk.instruments.loaded.subscribe(loads.append)
        first_key = await desk.broker.approval_key()
        assert await desk.broker.approval_key() == first_key
        case.desk.trading_day.start()

        for count, day in enumerate(("2026-11-17", "2026-11-18"), 1):
            case.exchange.server.venue.tokens.forgive(None)
            move_to(case.exchange, f"{day}T21:00")
            await until(lambda wanted=count: len(loads) == wanted, 30)  # type: ignore[misc]

        assert await desk.broker.approval_key() != first_key
        expires = desk.broker.health().token_expires_at
        assert expires is not None
        assert expires > datetime.fromisoformat("2026-11-18T21:00+09:00")
        assert (await desk.broker.quote(SAMSUNG)).symbol == SAMSUNG


def test_case_40_a_trading_date_turns_at_seven_in_seoul() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}+09:00")

    assert trading_date(at("2026-11-20T06:59:59")) == date(2026, 11, 19)
    assert trading_date(at("2026-11-20T07:00:00")) == date(2026, 11, 20)
    assert trading_date(at("2026-11-20T09:00:00")) == date(2026, 11, 20)  # midnight UTC is nothing


# -- case 41


@pytest.mark.parametrize("minutes", [10, -10])
async def test_case_41_a_clock_that_is_wrong_is_measured_and_orders_are_found(
    tmp_path: Path, minutes: int, expect_log: ExpectLog
) -> None:
    """Cause: without prints an order was stamped by the wrong clock and its row was not taken for it."""
    expect_log("WARNING kis_terminal.services.orders: order ")
    async with running_exchange(day_options("2026-11-20T08:40")) as exchange:
        clock = ExchangesClock(exchange)
        clock.error = timedelta(minutes=minutes)
        access = exchange.access()
        async with opened(exchange, access, tmp_path, clock=clock, has_prints=False) as case:
            case.widen_limits()
            assert not case.desk.market_data.has_live_time
            case.fault(f"do=blank,fields=ODNO,{ORDERS},nth=1")

            order = await case.desk.orders.submit(case.limit_order(SAMSUNG, floor_of(case)))

            assert OrderStatus.UNKNOWN in case.states(order)
            await until(lambda: case.now(order).status is OrderStatus.ACCEPTED, 8)
            skew = case.desk.broker.health().clock_skew_seconds
            assert skew is not None
            assert abs(skew + minutes * 60) < 2
            assert abs((case.now(order).created_at - exchange.server.venue.now()).total_seconds()) < 15
            await case.invariants.hold()


async def test_case_41_a_clock_that_jumps_back_stops_no_timer_and_no_order(tmp_path: Path) -> None:
    async with running_exchange(day_options("2026-11-20T10:00")) as exchange:
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            first = await case.desk.orders.submit(case.market_buy(2))
            asked = len(case.requests("/oauth2/tokenP"))
            clock.error = timedelta(minutes=-45)

            second = await case.desk.orders.submit(case.market_buy(3))
            resting = await case.desk.orders.submit(case.resting_buy(1))
            clock.skipped += 61  # KIS's minute between two tokens is over
            exchange.server.venue.tokens.forgive(None)
            clock.error = timedelta(hours=25)  # tomorrow, all of a sudden
            await case.know(SAMSUNG)
            assert await case.desk.orders.cancel(resting.key) == ""
            clock.error = timedelta()
            await case.know(SAMSUNG)

            await until(lambda: case.now(first).status is case.now(second).status is OrderStatus.FILLED)
            await until(lambda: case.now(resting).status is OrderStatus.CANCELLED)
            assert len(case.requests("/oauth2/tokenP")) - asked <= 1
            await case.invariants.hold()


@pytest.mark.parametrize("hours", [-9, 9, 26], ids=["UTC taken for Seoul", "ahead", "a day ahead"])
async def test_case_41_a_token_lives_as_long_as_the_broker_said(tmp_path: Path, hours: int) -> None:
    """Cause: the end of a token was compared with the machine's clock alone."""
    async with running_exchange(day_options("2026-11-20T10:00")) as exchange:
        clock = ExchangesClock(exchange)
        clock.error = timedelta(hours=hours)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            asked = len(case.requests("/oauth2/tokenP"))
            for _ in range(5):
                await case.desk.broker.quote(SAMSUNG)

            assert len(case.requests("/oauth2/tokenP")) == asked == 1
            order = await case.desk.orders.submit(case.market_buy(2))
            await until(lambda: case.now(order).status is OrderStatus.FILLED)
            await case.invariants.hold()


def test_case_41_seoul_is_seoul_on_a_host_in_utc() -> None:
    program = (
        "from kis_terminal.adapters.system_clock import SystemClock as C; n = C().now();"
        "print(n.utcoffset().total_seconds(), abs(n.timestamp() - __import__('time').time()) < 5)"
    )
    for zone in ("UTC", "America/New_York"):
        told = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert told.stdout.split() == [str(SEOUL_OFFSET.total_seconds()), "True"]


def floor_of(case: Case) -> Decimal:
    """Return a price at which nothing is bought soon."""
    lower = case.desk.market_data.state(SAMSUNG).lower_limit
    assert lower is not None
    return lower


def sor_buy(case: Case):  # type: ignore[no-untyped-def]
    return case.desk.orders.new_request(
        SAMSUNG, Side.BUY, OrderKind.LIMIT, 3, floor_of(case), origin=Origin.LADDER, venue=Venue.NXT
    )
