"""Fault cases 36 to 38: what is sent is checked strictly, what is received is taken as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.adapters.simulator.rules.tick_rules import tick_size as exchanges_tick_size
from kis_terminal.domain.errors import UnknownSymbol
from kis_terminal.domain.instruments import (
    InstrumentKind,
    is_on_tick,
    move_ticks,
    round_down_to_tick,
    round_up_to_tick,
    tick_size,
)
from kis_terminal.domain.market import Interval, Tick
from kis_terminal.domain.orders import Order, OrderRequest, OrderStatus
from kis_terminal.ports import Stream
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import SAMSUNG, Case, ExchangesClock, day_options, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

CELLTRION, KODEX_200, INVERSE_2X = "068270", "069500", "252670"
NEW, WITH_LETTER, NOTE, LEAVING = "0999Z9", "0126Z0", "Q520057", "253450"


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange(day_options("2026-11-11T10:01")) as handle:
        yield handle


@pytest.fixture
async def case(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[Case]:
    async with opened(exchange, exchange.access(), tmp_path, clock=ExchangesClock(exchange)) as made:
        made.widen_limits()
        yield made


@pytest.fixture
async def first_day(tmp_path: Path) -> AsyncIterator[Case]:
    """Give the first day of two new listings, and the first without one that was."""
    async with running_exchange(day_options("2026-11-10T20:01")) as handle:
        venue = handle.server.venue
        venue.exchange.list_new(NEW, "새별 바이오", 2_000)
        venue.exchange.list_new(NOTE, "새별 ETN", 10_000)
        venue.exchange.delist(LEAVING)
        venue.market_time.change(start=venue.market_time.now() + timedelta(hours=14))
        await until(lambda: any(one.symbol == NEW for one in venue.exchange.listings()), 60)
        async with opened(handle, handle.access(), tmp_path, clock=ExchangesClock(handle)) as made:
            made.widen_limits()
            yield made


@pytest.mark.parametrize("kind", list(InstrumentKind))
@settings(max_examples=60)
@given(price=st.integers(1, 3_000_000))
def test_case_36_rounding_keeps_its_rule_and_both_tables_agree(kind: InstrumentKind, price: int) -> None:
    value = Decimal(price)
    down, up = round_down_to_tick(value, kind), round_up_to_tick(value, kind)

    assert down <= value <= up
    assert (down == value) == (up == value) == is_on_tick(value, kind)
    if kind in (InstrumentKind.STOCK, InstrumentKind.ETF):
        assert tick_size(value, kind) == exchanges_tick_size(price, kind.value)  # type: ignore[arg-type]
    assert is_on_tick(value * Decimal("1.00"), kind) == is_on_tick(value, kind)
    assert not is_on_tick(value + Decimal("0.1"), kind)


@pytest.mark.parametrize(
    ("symbol", "prices", "wrong"),
    [
        (CELLTRION, ["199900", "200000", "200500"], ["199950", "200100", "200250"]),
        (KODEX_200, ["45430", "45435"], ["45431", "45434", "45432.5"]),
        (INVERSE_2X, ["1287", "1288"], ["1287.5"]),
    ],
)
async def test_case_36_only_prices_on_tick_leave_and_as_they_were_meant(
    case: Case, symbol: str, prices: list[str], wrong: list[str]
) -> None:
    await only_prices_on_tick_leave(case, symbol, prices, wrong)


async def only_prices_on_tick_leave(case: Case, symbol: str, prices: list[str], wrong: list[str]) -> None:
    await case.know(symbol)
    sent = len(case.requests("/order-cash"))

    for text in prices:
        order = await case.desk.orders.submit(case.limit_order(symbol, Decimal(text)))
        assert order.status is not OrderStatus.REJECTED, order.reason
        assert case.ledger("accepted")[-1].price == int(Decimal(text))
    for text in wrong:
        order = await case.desk.orders.submit(case.limit_order(symbol, Decimal(text)))
        assert order.status is OrderStatus.REJECTED
        assert "호가단위" in order.reason

    assert len(case.requests("/order-cash")) == sent + len(prices)
    await case.invariants.hold()


async def test_case_37_prices_off_tick_and_beyond_the_limits_are_taken_and_drawn(case: Case) -> None:
    seen: list[Tick] = []
    case.desk.market_data.ticks.subscribe(seen.extend)
    bars = await case.desk.history.follow(SAMSUNG, Interval.MINUTE_1)
    state = case.desk.market_data.state(SAMSUNG)
    await until(lambda: state.seconds is not None)  # a print has come
    last = state.price
    assert last is not None
    odd = [last + Decimal(50), last * 4, (last / 10).to_integral_value()]  # mid-price, +300 %, -90 %

    for price in odd:
        text = trade_frame(case, price)
        case.exchange.server.venue.faults.add(
            read_rule(
                {"do": "raw", "on": "frame", "tr": "H0STCNT0", "key": SAMSUNG, "times": 1, "text": text}
            )
        )
        await until(lambda wanted=price: any(tick.price == wanted for tick in seen))  # type: ignore[misc]

    column = bars.series.values
    assert float(column.max()) >= float(odd[1])
    assert any(float(odd[2]) == value for value in column.ravel())
    bars.close()
    assert case.desk.market_data.link_state.value == "connected"
    count = len(seen)
    await until(lambda: len(seen) > count and seen[-1].price < odd[1])
    order = await case.desk.orders.submit(case.market_buy(3))
    await until(lambda: case.now(order).status is OrderStatus.FILLED)
    await case.invariants.hold()


async def test_case_36_to_38_on_a_first_day_and_after_a_last_one(first_day: Case) -> None:
    case = first_day
    await only_prices_on_tick_leave(
        case, NEW, ["1999", "2000", "2000.00", "2E+3", "2005"], ["2001", "2004", "1999.5", "2000.000001"]
    )
    state = case.desk.market_data.state(NEW)
    assert state.upper_limit is not None
    assert state.base_price is not None
    assert state.upper_limit > state.base_price * 2

    far = await case.desk.orders.submit(case.limit_order(NEW, 5_000))  # +150 %
    gone = await case.desk.orders.submit(case.limit_order(LEAVING, 10_000))

    assert far.status is not OrderStatus.REJECTED, far.reason
    assert gone.status is OrderStatus.REJECTED
    assert "오늘 종목 목록에 없습니다" in gone.reason or "거래정지" in gone.reason
    for symbol in (NOTE, NEW):
        await trades(case, symbol)
    await case.invariants.hold()


def time_of(seconds: int | None) -> str:
    assert seconds is not None
    return f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"


def trade_frame(case: Case, price: Decimal) -> str:
    """Return one print of 삼성전자 at a price that KIS's own rules would not let pass."""
    state = case.desk.market_data.state(SAMSUNG)
    fields = ["0"] * 47
    fields[0], fields[1], fields[2], fields[3] = SAMSUNG, time_of(state.seconds), f"{price:f}", "2"
    fields[12], fields[13], fields[14], fields[35] = "1", str((state.volume or 0) + 1), "1", "N"
    return "0|H0STCNT0|001|" + "^".join(fields)


@pytest.mark.parametrize("symbol", [WITH_LETTER, "0009K0"])
async def test_case_38_symbols_with_letters_trade(case: Case, symbol: str) -> None:
    await trades(case, symbol)
    await case.invariants.hold()


async def trades(case: Case, symbol: str) -> None:
    watching = case.desk.market_data.watch(symbol, Stream.TICKS)
    await case.know(symbol)
    state = case.desk.market_data.state(symbol)
    assert state.price is not None

    order = await case.desk.orders.submit(case.limit_order(symbol, round_down_to_tick(state.price), 2))

    assert order.status is not OrderStatus.REJECTED, order.reason
    assert case.ledger("accepted")[-1].symbol == symbol
    assert case.desk.instruments.require(symbol).symbol == symbol
    await case.desk.reconciler.list_once()
    assert case.now(order).symbol == symbol
    watching.close()


@pytest.mark.parametrize("symbol", ["5930", "999999", "0126z0", "", "00593O", "<b>"])
async def test_case_38_what_is_not_listed_is_refused_with_its_reason(case: Case, symbol: str) -> None:
    with pytest.raises(UnknownSymbol):
        case.desk.instruments.require(symbol)

    order = await case.desk.orders.submit(case.limit_order(symbol, 10_000))

    assert order.status is OrderStatus.REJECTED
    assert "오늘 종목 목록에 없습니다" in order.reason
    assert case.requests("/order-cash") == []
    await case.invariants.hold()


async def test_case_38_a_halt_and_its_end_are_known_from_the_brokers_latest_word(
    case: Case, expect_log: ExpectLog
) -> None:
    """Cause: only this morning's master was asked, so a halt of the day was not known, nor its end."""
    venue = case.exchange.server.venue
    state = case.desk.market_data.state(SAMSUNG)
    venue.exchange.halt(SAMSUNG, venue.now())
    await case.know(SAMSUNG)
    halted = await case.desk.orders.submit(resting(case))
    venue.exchange.resume(SAMSUNG, venue.now())
    await case.know(SAMSUNG)
    await until(lambda: not state.is_halted)
    master = case.desk.instruments
    master.take([replace(item, is_halted=True) for item in master.find(SAMSUNG)])

    again = await case.desk.orders.submit(resting(case))

    assert halted.status is OrderStatus.REJECTED
    assert "거래정지" in halted.reason
    assert again.status is OrderStatus.ACCEPTED, again.reason
    assert len(case.ledger("accepted")) == 1
    await case.invariants.hold()


async def test_case_38_the_exchange_halts_a_symbol_before_we_hear_of_it(case: Case) -> None:
    order = await case.desk.orders.submit(resting(case))
    venue = case.exchange.server.venue
    venue.exchange.halt(SAMSUNG, venue.now())

    refused = await case.desk.orders.submit(case.limit_order(SAMSUNG, price_of(order)))

    assert refused.status is OrderStatus.REJECTED
    assert refused.reason
    assert await case.desk.orders.cancel(order.key) == ""
    await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
    await case.invariants.hold()


def resting(case: Case) -> OrderRequest:
    return case.resting_buy(3)


def price_of(order: Order) -> Decimal:
    assert order.price is not None
    return move_ticks(order.price, -1)
