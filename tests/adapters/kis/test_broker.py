"""Every method of the broker against the embedded exchange, as real and as paper host."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, OrderRefused, TerminalError
from kis_terminal.domain.instruments import InstrumentKind, Market
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import (
    BrokerOrder,
    Order,
    OrderAccepted,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    Side,
    Venue,
)
from tests.adapters.kis.access import NO_LIMIT
from tests.support.exchange import RunningExchange, running_exchange

SYMBOL = "005930"
BOTH = pytest.mark.parametrize("environment", [Environment.SIM, Environment.PAPER])


@asynccontextmanager
async def trading(
    environment: Environment = Environment.SIM,
    *,
    cano: str = "50000101",
    options: SimulatorOptions | None = None,
    limits: Limits | None = NO_LIMIT,
) -> AsyncIterator[tuple[KisBroker, RunningExchange]]:
    async with running_exchange(options) as exchange:
        broker = KisBroker(exchange.access(environment, cano=cano), SystemClock(), limits=limits)
        try:
            yield broker, exchange
        finally:
            await broker.close()


def request(
    side: Side = Side.BUY,
    kind: OrderKind = OrderKind.LIMIT,
    quantity: int = 1,
    price: Decimal | None = None,
    *,
    symbol: str = SYMBOL,
    venue: Venue = Venue.KRX,
) -> OrderRequest:
    return OrderRequest("intent", symbol, side, kind, quantity, price, venue, Origin.ORDER_ENTRY)


def standing(wanted: OrderRequest, accepted: OrderAccepted) -> Order:
    return Order(
        key="intent",
        symbol=wanted.symbol,
        side=wanted.side,
        kind=wanted.kind,
        venue=wanted.venue,
        quantity=wanted.quantity,
        price=wanted.price,
        status=OrderStatus.ACCEPTED,
        origin=wanted.origin,
        created_at=SystemClock().now(),
        order_number=accepted.order_number,
        branch_number=accepted.branch_number,
    )


def today() -> date:
    return SystemClock().now().date()


async def listed(broker: KisBroker, number: str) -> BrokerOrder:
    return next(order for order in await broker.orders(today()) if order.order_number == number)


async def far_price(broker: KisBroker) -> Decimal:
    """Return a price at the day's lower limit, where nothing fills."""
    return (await broker.quote(SYMBOL)).lower_limit


@BOTH
async def test_quotes_agree_with_one_another(environment: Environment) -> None:
    async with trading(environment) as (broker, _):
        quote = await broker.quote(SYMBOL)
        book = await broker.order_book(SYMBOL)
        ticks = await broker.recent_ticks(SYMBOL)

        assert quote.lower_limit < quote.price < quote.upper_limit
        assert quote.low <= quote.price <= quote.high
        assert quote.price - quote.base_price == quote.change
        assert book.asks[0].price > book.bids[0].price
        assert len(book.asks) == len(book.bids) == 10
        assert [ask.price for ask in book.asks] == sorted(ask.price for ask in book.asks)
        assert [tick.seconds for tick in ticks] == sorted(tick.seconds for tick in ticks)
        assert len(await broker.investor_days(SYMBOL)) > 5


async def test_rankings_and_calendar_of_the_real_host() -> None:
    async with trading() as (broker, _):
        ranks = await broker.volume_rank()
        sunday = date(2026, 11, 22)

        assert [row.rank for row in ranks] == list(range(1, len(ranks) + 1))
        assert [row.volume for row in ranks] == sorted((row.volume for row in ranks), reverse=True)
        assert not await broker.is_open_day(sunday)
        assert await broker.is_open_day(sunday + timedelta(days=1))


async def test_what_paper_does_not_have_is_said() -> None:
    async with trading(Environment.PAPER) as (broker, _):
        for call in (
            broker.is_open_day(today()),
            broker.volume_rank(),
            broker.minute_bars(SYMBOL, today() - timedelta(days=7), 0, 86399),
        ):
            with pytest.raises(CorrectionNeeded):
                await call


@BOTH
async def test_ten_years_of_daily_bars_are_whole_and_in_order(environment: Environment) -> None:
    async with trading(environment) as (broker, _):
        start, end = today() - timedelta(days=3652), today()

        bars = await broker.daily_bars(SYMBOL, start, end, Interval.DAY, is_adjusted=True)

        days = [bar.start.date() for bar in bars]
        assert days == sorted(set(days))
        assert 2350 < len(days) < 2610
        assert days[0] - start < timedelta(days=10)
        assert max(later - earlier for earlier, later in itertools.pairwise(days)).days <= 12
        assert all(
            bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars
        )
        assert all(bar.start.utcoffset() == timedelta(hours=9) and bar.start.hour == 0 for bar in bars)


async def test_a_span_before_the_listing_is_empty() -> None:
    async with trading() as (broker, _):
        bars = await broker.daily_bars(
            SYMBOL, date(1950, 1, 1), date(1950, 12, 31), Interval.DAY, is_adjusted=False
        )

        assert list(bars) == []


@pytest.mark.parametrize("interval", [Interval.WEEK, Interval.MONTH, Interval.YEAR])
async def test_longer_bars_join_the_days_they_hold(interval: Interval) -> None:
    async with trading() as (broker, _):
        # From Monday, 1 January on, so that the days are those of whole weeks, months and years.
        start, end = date(2018, 1, 1), date(2025, 12, 31)
        days = await broker.daily_bars(SYMBOL, start, end, Interval.DAY, is_adjusted=True)

        longer = await broker.daily_bars(SYMBOL, start, end, interval, is_adjusted=True)

        assert len(longer) == {Interval.WEEK: 8 * 52 + 2, Interval.MONTH: 96, Interval.YEAR: 8}[interval]
        assert (longer[0].open, longer[-1].close) == (days[0].open, days[-1].close)
        assert max(bar.high for bar in longer) == max(bar.high for bar in days)
        assert sum(bar.volume for bar in longer) == sum(bar.volume for bar in days)


class ExchangeClock(SystemClock):
    """The wall time of an exchange that plays another time of day."""

    def __init__(self, exchange: RunningExchange) -> None:
        super().__init__()
        self._exchange = exchange

    def now(self) -> datetime:
        return self._exchange.server.venue.now()


@BOTH
async def test_minutes_of_today_walk_back_over_pages(environment: Environment) -> None:
    options = SimulatorOptions(seed=7, is_limited=False, clock="11:30")
    async with running_exchange(options) as exchange:
        clock = ExchangeClock(exchange)
        broker = KisBroker(exchange.access(environment), clock, limits=NO_LIMIT)
        day = clock.now().date()

        bars = await broker.minute_bars(SYMBOL, day, 0, 24 * 3600 - 1)
        part = await broker.minute_bars(SYMBOL, day, 10 * 3600, 10 * 3600 + 1800)
        quote = await broker.quote(SYMBOL)
        await broker.close()

        if not bars:
            pytest.skip("no trading on this day of the exchange's calendar")
        minutes = [bar.start for bar in bars]
        assert minutes == sorted(set(minutes))
        assert 140 <= len(bars) <= 152
        assert (minutes[0].hour, minutes[-1].hour) == (9, 11)
        assert all(bar.low <= bar.close <= bar.high for bar in bars)
        assert max(bar.high for bar in bars) <= quote.high
        assert 20 < len(part) <= 31


async def test_minutes_of_a_past_day_sum_up_to_its_daily_bar() -> None:
    async with trading() as (broker, _):
        recent = await broker.daily_bars(
            SYMBOL, today() - timedelta(days=20), today() - timedelta(days=1), Interval.DAY, is_adjusted=True
        )
        whole = recent[-1]

        bars = await broker.minute_bars(SYMBOL, whole.start.date(), 0, 24 * 3600 - 1)

        assert len(bars) > 300
        assert bars[0].open == whole.open
        assert bars[-1].close == whole.close
        assert max(bar.high for bar in bars) == whole.high
        assert min(bar.low for bar in bars) == whole.low
        assert sum(bar.volume for bar in bars) == whole.volume


async def test_a_part_of_a_past_day_is_that_part_only() -> None:
    async with trading() as (broker, _):
        recent = await broker.daily_bars(
            SYMBOL, today() - timedelta(days=20), today() - timedelta(days=1), Interval.DAY, is_adjusted=True
        )
        day = recent[-1].start.date()

        bars = await broker.minute_bars(SYMBOL, day, 10 * 3600, 10 * 3600 + 30 * 60)

        assert 20 < len(bars) <= 31
        assert all(10 <= bar.start.hour + bar.start.minute / 60 <= 10.5 for bar in bars)


@BOTH
async def test_a_market_buy_fills_and_shows_in_orders_positions_and_cash(environment: Environment) -> None:
    async with trading(environment, cano="70000001") as (broker, _):
        before = await broker.balance()
        power = await broker.buying_power(SYMBOL, OrderKind.MARKET, None)

        accepted = await broker.place(request(kind=OrderKind.MARKET, quantity=3))
        for _ in range(100):
            order = await listed(broker, accepted.order_number)
            if order.filled == 3:
                break
            await asyncio.sleep(0.05)
        after = await broker.balance()

        assert power.quantity > 3
        assert (order.filled, order.remaining, order.kind) == (3, 0, OrderKind.MARKET)
        assert order.average_price is not None
        assert order.average_price > 0
        assert before.positions == ()
        assert [(held.symbol, held.quantity) for held in after.positions] == [(SYMBOL, 3)]
        assert after.positions[0].cost == order.average_price * 3
        assert after.cash_d2 < before.cash_d2
        assert await broker.sellable(SYMBOL) == 3


@BOTH
async def test_a_far_order_rests_is_amended_and_cancelled(environment: Environment) -> None:
    async with trading(environment) as (broker, _):
        price = await far_price(broker)
        wanted = request(quantity=5, price=price)

        accepted = await broker.place(wanted)
        resting = await listed(broker, accepted.order_number)
        order = standing(wanted, accepted)
        amended = await broker.amend(order, OrderKind.LIMIT, 5, price + 100)
        order = dataclasses.replace(order, order_number=amended.order_number, price=price + 100)
        moved = await listed(broker, amended.order_number)
        cancelled = await broker.cancel(order)
        rows = await broker.orders(today())

        assert (resting.remaining, resting.price, resting.side) == (5, price, Side.BUY)
        assert amended.order_number != accepted.order_number
        assert (moved.original_number, moved.price, moved.remaining) == (
            accepted.order_number,
            price + 100,
            5,
        )
        of_cancel = next(row for row in rows if row.order_number == cancelled.order_number)
        assert of_cancel.is_cancel
        assert of_cancel.original_number == amended.order_number
        assert not next(row for row in rows if row.order_number == amended.order_number).is_cancel
        assert all(row.remaining == 0 for row in rows)


async def test_a_second_cancel_is_refused_and_nothing_else() -> None:
    async with trading() as (broker, _):
        wanted = request(price=await far_price(broker))
        order = standing(wanted, await broker.place(wanted))
        await broker.cancel(order)

        with pytest.raises(OrderRefused) as caught:
            await broker.cancel(order)

        assert caught.value.code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (request(quantity=0, price=Decimal(70000)), "QUANTITY"),
        (request(quantity=-1, price=Decimal(70000)), "QUANTITY"),
        (request(quantity=10**12, price=Decimal(70000)), "QUANTITY"),
        (request(price=Decimal("NaN")), "PRICE"),
        (request(price=Decimal("Infinity")), "PRICE"),
        (request(price=Decimal(0)), "PRICE"),
        (request(price=Decimal(-5)), "PRICE"),
        (request(price=None), "PRICE"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.quantity} at {value.price}",
)
async def test_impossible_orders_never_leave(wrong: OrderRequest, code: str) -> None:
    async with trading() as (broker, _):
        with pytest.raises(OrderRefused) as caught:
            await broker.place(wrong)

        assert caught.value.code == code
        assert await broker.orders(today()) == []


async def test_refusals_of_the_exchange_carry_its_code_and_words() -> None:
    async with trading() as (broker, _):
        price = await far_price(broker)
        for wrong in (
            request(price=price + 1),
            request(quantity=10**7, price=price),
            request(Side.SELL, quantity=10**6, price=(await broker.quote(SYMBOL)).price),
            request(price=price * 3),
        ):
            with pytest.raises(OrderRefused) as caught:
                await broker.place(wrong)
            assert caught.value.code
            assert caught.value.code in str(caught.value)

        assert all(order.remaining == 0 for order in await broker.orders(today()))


async def test_paper_takes_krx_orders_only() -> None:
    async with trading(Environment.PAPER) as (broker, _):
        with pytest.raises(OrderRefused) as caught:
            await broker.place(request(price=Decimal(70000), venue=Venue.NXT))

        assert caught.value.code == "PAPER_VENUE"


async def test_forty_paper_orders_come_in_pages_of_fifteen_and_whole() -> None:
    async with trading(Environment.PAPER) as (broker, _):
        price = await far_price(broker)
        numbers = [(await broker.place(request(price=price))).order_number for _ in range(40)]

        orders = await broker.orders(today())

        assert [order.order_number for order in orders] == numbers
        assert len({order.order_number for order in orders}) == 40


async def test_default_account_has_holdings_and_a_consistent_sum() -> None:
    async with trading() as (broker, _):
        balance = await broker.balance()

        assert len(balance.positions) >= 3
        for held in balance.positions:
            assert held.name
            assert held.quantity >= held.sellable > 0
            assert held.value == held.price * held.quantity
        total = balance.cash_d2 + sum(held.value for held in balance.positions)
        assert balance.total_value == total


async def test_the_master_lists_what_can_be_traded() -> None:
    async with trading() as (broker, _):
        instruments = await broker.master(None).instruments()

        by_symbol = {instrument.symbol: instrument for instrument in instruments}
        assert len(by_symbol) >= 60
        assert by_symbol[SYMBOL].name == "삼성전자"
        assert {instrument.market for instrument in instruments} >= {Market.KOSPI, Market.KOSDAQ}
        assert any(instrument.kind is InstrumentKind.ETF for instrument in instruments)


async def test_generic_calls_reach_the_exchange() -> None:
    async with trading() as (broker, _):
        result = await broker.call("domestic_stock.search_stock_info", PRDT_TYPE_CD="300", PDNO=SYMBOL)

        assert result.first.record("output").text("pdno").endswith(SYMBOL)


async def test_an_unknown_symbol_is_an_error_and_never_a_zero_price() -> None:
    async with trading() as (broker, _):
        with pytest.raises(TerminalError):
            await broker.quote("999999")


async def test_kis_limits_are_kept_without_a_refusal() -> None:
    options = SimulatorOptions(seed=7, is_limited=True)
    async with trading(options=options, limits=None) as (broker, _):
        await asyncio.gather(*(broker.quote(SYMBOL) for _ in range(40)))

        assert broker.health().calls_limit == 18


async def test_health_tells_who_waits_and_that_the_limit_was_lowered() -> None:
    async with trading(limits=Limits(calls=2, reserved_for_cancels=0)) as (broker, _):
        await broker.open()
        asking = [asyncio.ensure_future(broker.quote(SYMBOL)) for _ in range(5)]
        await asyncio.sleep(0.1)
        crowded = broker.health()
        broker.client.limiter.refused()
        lowered = broker.health()
        await asyncio.gather(*asking)

        assert (crowded.calls_waiting, crowded.calls_limit, crowded.calls_usual) == (3, 2, 2)
        assert (lowered.calls_limit, lowered.calls_usual) == (1, 2)


@BOTH
async def test_health_and_label(environment: Environment) -> None:
    async with trading(environment) as (broker, _):
        await broker.open()
        health = broker.health()

        assert broker.account_label == "5000-01**-01"
        assert broker.environment is environment
        assert health.token_expires_at is not None
        assert health.clock_skew_seconds is not None
        assert abs(health.clock_skew_seconds) < 2
        assert (health.calls_usual, health.calls_waiting) == (health.calls_limit, 0)
        assert await broker.approval_key()
