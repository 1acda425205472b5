"""Whose day it is when orders are listed and sent: by the broker's clock, over the real adapter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from kis_terminal.domain.errors import OutcomeUnknown
from kis_terminal.domain.orders import OrderKind, OrderStatus
from kis_terminal.services.departures import NOT_RECONCILED
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, ExchangesClock, day_options, opened
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, order_desk
from tests.support.ports_in_memory import tick_of
from tests.support.trading_desk import until


async def test_a_clock_set_a_day_ahead_puts_no_order_away_though_only_listings_are_asked_for(
    tmp_path: Path,
) -> None:
    """Cause: lists of the account have connections of their own, whose answers told nobody the time."""
    async with running_exchange(day_options("2026-11-20T10:00")) as exchange:
        clock = ExchangesClock(exchange)
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            order = await case.desk.orders.submit(case.resting_buy())
            day = case.desk.orders.day
            clock.error = timedelta(hours=15)  # the token is good even by this clock

            await case.desk.reconciler.list_once()

            assert case.desk.orders.day == day
            assert case.now(order).status is OrderStatus.ACCEPTED
            assert await case.desk.orders.cancel(order.key) == ""
            await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
            await case.invariants.hold()


async def test_nothing_leaves_on_yesterdays_list_while_todays_cannot_be_read(
    tmp_path: Path, allow_log: ExpectLog
) -> None:
    """Cause: after a night's sleep the last list of the day before counted as reconciled."""
    allow_log("order listing|balance|KIS refused the access token")
    async with running_exchange() as exchange:
        clock, venue = ExchangesClock(exchange), exchange.server.venue
        venue.wall = clock.now
        async with opened(exchange, exchange.access(), tmp_path, clock=clock) as case:
            desk = case.desk
            case.widen_limits()
            venue.tokens.forgive(None)
            clock.skipped = 86_400.0
            desk.orders.reconcile_first()  # what the watch of the machine's sleep does
            failing = case.fault("do=raw,status=500,path=*/inquire-daily-ccld,nth=2-")
            desk.reconciler.want()
            await until(lambda: case.fired(failing) > 0, 60)
            await case.know(SAMSUNG)
            desk.portfolio.begin_day()
            await desk.portfolio.refresh()

            early = await desk.orders.submit(case.resting_buy(3))
            assert early.status is OrderStatus.REJECTED
            assert case.ledger("accepted") == []

            venue.faults.clear(failing)
            await until(lambda: desk.orders.is_reconciled, 60)
            order = await desk.orders.submit(case.resting_buy(4))
            assert order.status is OrderStatus.ACCEPTED, order.reason


async def test_an_order_that_is_refused_for_the_list_of_a_new_day_has_it_asked_for() -> None:
    async with order_desk() as desk:
        wanted: list[int] = []
        desk.orders.tell_when_listing_is_wanted(lambda: wanted.append(1))
        desk.clock.advance(86_400)

        early = await desk.orders.submit(replace(desk.request(), confirmed=frozenset({"STALE"})))
        await desk.reconciler.list_once()
        order = await desk.orders.submit(replace(desk.request(), confirmed=frozenset({"STALE"})))

        assert (early.status, order.status) == (OrderStatus.REJECTED, OrderStatus.ACCEPTED)
        assert early.reason == NOT_RECONCILED
        assert wanted != []


async def test_an_amendment_does_not_go_to_a_number_of_the_day_before() -> None:
    """Cause: cancellations looked at the day, amendments did not."""
    async with order_desk() as desk:
        order = await desk.orders.submit(desk.request())
        desk.clock.advance(86_400)

        said = await desk.orders.amend(
            order.key, OrderKind.LIMIT, PRICE - 100, confirmed=frozenset({"STALE"})
        )

        assert said == NOT_RECONCILED
        assert len(desk.broker.rows) == 1


async def test_one_print_with_an_odd_time_does_not_date_an_order_hours_away(expect_log: ExpectLog) -> None:
    """Cause: a lost order was looked for at the hour of the last print, and called never accepted."""
    expect_log("order ")
    async with order_desk() as desk:
        odd = tick_of(desk.broker.quotes[SAMSUNG], 84_600, 1, seconds=15 * 3600 + 29 * 60)
        desk.feed.send_ticks(odd)
        desk.broker.fail = OutcomeUnknown("응답이 없습니다")
        lost = await desk.orders.submit(desk.request())
        assert lost.status is OrderStatus.UNKNOWN, lost.reason

        for _ in range(6):
            await desk.reconciler.list_once()
            desk.clock.advance(4)

        assert desk.now(lost).status is OrderStatus.ACCEPTED
        assert abs(lost.created_at - desk.clock.now()) < timedelta(minutes=1)
